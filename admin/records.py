"""What a consultation leaves for the village's archive (村务档案; Organic Law of Villagers' Committees art. 34), file by
file. People stand in it as codes; who they are is in the part that is sealed."""

import re
from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import Any

from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session

from admin import sittings, words
from admin.tables import table
from gateway import disclosed
from gateway.bundle import File
from gateway.consultation import assemblies, ballots, followup, lifecycle, papers, quorum, splits, verdicts
from gateway.models.answer import ARCHIVED, Objection, Opinion
from gateway.models.consultation import Consultation, ConsultationEvent, Notice
from gateway.models.conversation import Conversation
from gateway.models.followup import Evaluation
from gateway.models.meeting import Visit
from gateway.models.organizer import Organizer
from gateway.models.outreach import Broadcast, Delivery
from gateway.models.paper import Printing
from gateway.models.participation import Participant
from gateway.models.person import Person
from gateway.people.discreet import Discreet

CHUNK = 500


def discreet(s: Session, c: Consultation, area_ids: list[int]) -> Discreet:
    """Knows the names of everybody whom the matter asks, and of the guests at its meetings."""
    names = set(s.scalars(select(Person.name).where(Person.area_id.in_(area_ids)).distinct()))
    return Discreet(
        names | set(s.scalars(select(Participant.name).where(Participant.consultation_id == c.id)))
    )


_ANSWERS = {"understood": "明白了", "still": "还是反对"}


def _plain(stage: str) -> str:
    """A stage as a part of a file's name: “meeting:5” is none on Windows."""
    return re.sub(r"[^a-z0-9-]+", "-", stage)


class Records:
    """The open part: what may leave the office. ``hush`` takes names and numbers out of what people said."""

    def __init__(self, s: Session, c: Consultation, zone: Any, hush: Discreet) -> None:
        self.s, self.c, self.zone, self.hush = s, c, zone, hush
        self.roles = dict(s.execute(select(Organizer.id, Organizer.role)).all())

    def files(self, sheets: Iterable[tuple[str, str, str]]) -> Iterator[File]:
        """All files in a fixed order; ``sheets`` are the papers as (name, title, HTML)."""
        d = disclosed.of(self.s, self.c)
        yield File("matter.csv", "这件事：题目、范围、日期、结果", table(["项目", "内容"], self._matter(d)))
        yield from self._notices()
        yield File(
            "tallies/total.csv", "票数", table(["选项", f"票数（{self.c.counted_in}）"], self._total(d))
        )
        areas, groups = splits.by_place(self.s, self.c)
        labels = [str(label) for label in self.c.options.values()]
        split = ["村、社区", *labels]
        yield File("tallies/by-area.csv", "分村票数（不到五户的不分）", table(split, self._split(areas)))
        yield File(
            "tallies/by-group.csv",
            "分组票数（不到五户的不分）",
            table(["村、社区", "组", *labels], self._split(groups)),
        )
        heading = ["编号", "日期", "方式", "种类", "说了什么", "办了没有", "归到哪组", "采纳没有", "为什么"]
        yield File("opinions.csv", "大家的意见（用编号，不具名）", table(heading, self._opinions()))
        heading = [
            "编号",
            "轮次",
            "日期",
            "方式",
            "说了什么",
            "怎样了",
            "答复",
            "答复日期",
            "听了怎么说",
            "了结日期",
        ]
        yield File("objections.csv", "反对和答复（用编号，不具名）", table(heading, self._objections()))
        yield from sittings.files(self)
        yield from self._assemblies()
        yield from self._followed_up(d)
        heading = ["序号", "时间", "事项", "原来", "后来", "谁办的", "原因", "凭据"]
        yield File("events.csv", "经过，只添不改", table(heading, self._events()))
        heading = ["日期", "纸", "票号起", "票号止", "谁印的"]
        yield File("printings.csv", "印过的纸和纸票号", table(heading, self._printings()))
        heading = ["脚本", "语言", "文字的摘要（SHA-256 开头）", "几通电话、短信"]
        yield File("scripts.csv", "电话里说的是哪一版话", table(heading, self._scripts()))
        for name, title, html in sheets:
            yield File(f"papers/{name}.html", title, [html])

    def time(self, moment: datetime | None) -> str:
        return f"{moment.astimezone(self.zone):%Y-%m-%d %H:%M}" if moment else ""

    def day(self, moment: datetime | None) -> str:
        return self.time(moment)[:10]

    def who(self, actor: str) -> str:
        """By office, not by name: who held it then is in the sealed part."""
        kind, _colon, id = actor.partition(":")
        if kind == "organizer" and id.isdigit():
            return str(words.ROLES.get(self.roles.get(int(id), ""), "组织员"))
        return {"resident": "居民", "clock": "到时间自动", "sample": "样例"}.get(kind, "后台")

    def _matter(self, d: disclosed.Disclosed) -> Iterator[tuple[str, object]]:
        c = self.c
        yield from (
            ("编号", c.number), ("题目", c.title), ("牵头", c.lead), ("由谁发", d.area.name), ("问哪里", "、".join(d.asked)),
            ("哪一组", c.group), ("怎么计票", words.UNITS.get(c.unit, c.unit)), ("现在", words.STATES.get(c.state, c.state)),
            ("开始", self.time(c.opens_at)), ("截止", self.time(c.closes_at)), ("公示到", self.time(c.publicity_ends_at)),
            ("公示第几轮", c.round), ("结果", c.result), ("哪天起生效", d.effective), ("撤回的原因", self.hush(d.withdrawn)),
            ("该问", d.tally.eligible), ("答了", d.tally.units), ("意见几条", d.opinions), ("反对几人", d.objected),
        )  # fmt: skip
        for stage, reach in d.told.items():
            yield f"{words.STAGES.get(stage, stage)}送到几户", f"{reach.told}/{reach.homes}"
        for name, value in sorted(c.profile.items()):
            yield f"规则 {name}", "、".join(value) if isinstance(value, list) else value

    # ---- what was sent

    def _notices(self) -> Iterator[File]:
        sent = select(Broadcast).where(Broadcast.consultation_id == self.c.id).order_by(Broadcast.id)
        rows: list[list[object]] = []
        for n, b in enumerate(self.s.scalars(sent).all(), 1):
            title = str(words.STAGES.get(b.stage, b.stage))
            yield File(
                f"notices/{n:02d}-{_plain(b.stage) or 'own'}.txt", f"发出的通知：{title}", self._letter(b)
            )
            rows += [[n, title, *row] for row in self._fate(b)]
        heading = ["序号", "通知", "方式", "状态", "几部电话"]
        yield File("notices/counts.csv", "每次通知发了多少、送到多少", table(heading, rows))
        waiting = select(Notice).where(Notice.consultation_id == self.c.id, Notice.broadcast_id.is_(None))
        for notice in self.s.scalars(waiting.order_by(Notice.id)):
            said = [f"短信：{notice.sms}\r\n", f"电话：{notice.voice}\r\n"]
            yield File(f"notices/unsent-{_plain(notice.stage)}-{notice.round}.txt", "还没有发出的通知", said)

    def _letter(self, b: Broadcast) -> Iterator[str]:
        yield f"{words.STAGES.get(b.stage, b.stage)}（{words.HOW.get(b.channel, b.channel)}）\r\n"
        yield f"状态：{words.BROADCASTS.get(b.state, b.state)}　开始：{self.time(b.started_at)}　发完：{self.time(b.finished_at)}\r\n"
        yield f"谁发的：{self.who(b.by)}\r\n"
        if b.approved_by:
            yield f"谁点头：{self.who(f'organizer:{b.approved_by}')}\r\n"
        yield f"\r\n短信：{b.sms}\r\n\r\n电话：{b.voice}\r\n"

    def _fate(self, b: Broadcast) -> Iterator[list[object]]:
        heard = func.coalesce(Delivery.heard, "")
        counted = (
            select(Delivery.channel, Delivery.state, heard, func.count())
            .where(Delivery.broadcast_id == b.id)
            .group_by(Delivery.channel, Delivery.state, heard)
            .order_by(Delivery.channel, Delivery.state, heard)
        )
        for channel, state, how, n in self.s.execute(counted):
            more = f"，{words.HEARD[how]}" if how in words.HEARD else ""
            yield [words.CHANNELS.get(channel, channel), f"{words.DELIVERIES.get(state, state)}{more}", n]

    # ---- the tally

    def _total(self, d: disclosed.Disclosed) -> Iterator[tuple[object, object]]:
        running = d.c.state not in disclosed.COUNTED and d.c.open_for_answers
        hidden = d.tally.hidden or d.tally.units < ballots.FEW
        for key, label in self.c.options.items():
            yield label, "不公开" if hidden or running else d.tally.counts.get(key, 0)
        yield "答了", d.tally.units
        yield "该问", d.tally.eligible
        if not hidden:
            for channel, n in sorted(d.tally.by_channel.items()):
                yield f"其中{words.CHANNELS.get(channel, channel)}", n if n >= ballots.FEW else "不到五个"
        for key, size in sorted(d.tally.area_agreed.items()):
            if not hidden and not running:
                yield f"按面积：{self.c.options.get(key, key)}", f"{size:.1f} 平方米"

    def _split(self, parts: dict[Any, splits.Counts | None]) -> Iterator[list[object]]:
        if self.c.open_for_answers:
            return  # a running count would sway those who have still to answer
        for place, counts in parts.items():
            named = list(place) if isinstance(place, tuple) else [place]
            yield named + (
                ["不公开"] * len(self.c.options)
                if counts is None
                else [counts.get(key, 0) for key in self.c.options]
            )

    # ---- what was said and done

    def each(self, wanted: Select[Any], column: Any) -> Iterator[Any]:
        """Rows of a table in the order of their ids, some at a time: memory stays flat."""
        last = 0
        while rows := self.s.scalars(wanted.where(column > last).order_by(column).limit(CHUNK)).all():
            yield from rows
            last = rows[-1].id
            for row in rows:
                self.s.expunge(row)

    def opinions(self) -> Iterator[tuple[str, Opinion]]:
        """Words on the matter, with their codes."""
        said = select(Opinion).where(Opinion.consultation_id == self.c.id, Opinion.kind.in_(ARCHIVED))
        return ((f"意见{n:03d}", o) for n, o in enumerate(self.each(said, Opinion.id), 1))

    def objections(self) -> Iterator[tuple[str, Objection]]:
        """Objections, with their codes."""
        opposed = select(Objection).where(Objection.consultation_id == self.c.id)
        return ((f"反对{n:03d}", x) for n, x in enumerate(self.each(opposed, Objection.id), 1))

    def _words(self, said: Opinion | Objection) -> str:
        return self.hush(said.words) if said.words else "（录音）" if said.recording_id else ""

    def _opinions(self) -> Iterator[tuple[object, ...]]:
        groups = {p.group.id: p.group.name for p in verdicts.piles(self.s, self.c)}
        for code, o in self.opinions():
            yield (
                code, self.day(o.created_at), words.CHANNELS.get(o.channel, o.channel), words.KINDS.get(o.kind, o.kind),
                self._words(o), "办了" if o.done_at else "", groups.get(o.group_id or 0, ""),
                words.VERDICTS.get(o.verdict, ""), self.hush(o.why),
            )  # fmt: skip

    def _objections(self) -> Iterator[tuple[object, ...]]:
        for code, x in self.objections():
            yield (
                code, x.round, self.day(x.created_at), words.CHANNELS.get(x.channel, x.channel), self._words(x),
                words.OBJECTIONS.get(x.state, x.state), self.hush(x.explanation), self.day(x.explained_at),
                _ANSWERS.get(x.outcome, ""), self.day(x.closed_at),
            )  # fmt: skip

    def _assemblies(self) -> Iterator[File]:
        held = assemblies.of(self.s, self.c)
        heading = [
            "序号",
            "时间",
            "地点",
            "什么会",
            "谁提的",
            "应到",
            "到会",
            "同意",
            "不同意",
            "弃权",
            "结果",
            "上级批准",
            "谁计的票",
        ]
        rows = [
            [
                n, self.time(m.starts_at), m.place, quorum.PROFILES[m.body].name, self.hush(m.called_by), m.members, m.present,
                m.agree, m.against, m.abstain, m.outcome, m.approved_by, self.who(m.counted_by) if m.counted_by else "",
            ]
            for n, m in enumerate(held, 1)
        ]  # fmt: skip
        yield File("meetings/assemblies.csv", "村民会议、代表会议的表决", table(heading, rows))
        for n, m in enumerate(held, 1):
            if m.minutes:
                yield File(f"meetings/assembly-{n:02d}.txt", "会议记录", [self.hush(m.minutes) + "\n"])
        visited = (
            select(Visit.round, func.count()).where(Visit.consultation_id == self.c.id).group_by(Visit.round)
        )
        rows = [list(row) for row in self.s.execute(visited.order_by(Visit.round))]
        yield File("notices/visits.csv", "上门告诉了几户", table(["公示第几轮", "几户"], rows))

    def _followed_up(self, d: disclosed.Disclosed) -> Iterator[File]:
        tasks = sorted(followup.tasks(self.s, self.c), key=lambda t: t.id)
        rows: list[list[object]] = [
            [
                n,
                t.what,
                self.hush(t.owner),
                self.day(t.due_at),
                self.day(t.done_at),
                self.hush(t.proof),
                t.why,
            ]
            for n, t in enumerate(tasks, 1)
        ]
        heading = ["序号", "办什么", "谁负责", "哪天办完", "办完的日子", "凭据", "因为什么"]
        yield File("follow-up/tasks.csv", "落实：谁办、哪天办完", table(heading, rows))
        judged = select(Evaluation).where(Evaluation.consultation_id == self.c.id).order_by(Evaluation.id)
        rows = [
            [
                self.day(e.created_at),
                e.evaluator,
                e.summary,
                self.hush(e.findings),
                "、".join(sorted(e.reported)),
            ]
            for e in self.s.scalars(judged)
        ]
        heading = ["日期", "谁评的", "一句话", "发现", "报给了谁"]
        yield File("follow-up/evaluations.csv", "第三方评估", table(heading, rows))
        asked = followup.commission(self.s, self.c)
        rows = (
            [[asked.body, self.day(asked.due_at), asked.answer, self.day(asked.answered_at)]] if asked else []
        )
        yield File(
            "follow-up/commission.csv",
            "政府委托和答复",
            table(["谁委托", "哪天前答复", "答复", "答复日期"], rows),
        )
        mean = [[f"{d.rating[0]:.2f}", d.rating[1]]] if d.rating else []
        yield File("follow-up/ratings.csv", "大家打的分（不到五人的不写）", table(["平均分", "几人"], mean))

    def _events(self) -> Iterator[tuple[object, ...]]:
        for n, e in enumerate(lifecycle.history(self.s, self.c), 1):
            yield (
                n, self.time(e.created_at), words.EVENTS.get(e.event, e.event), words.STATES.get(e.from_state, e.from_state),
                words.STATES.get(e.to_state, e.to_state), self.who(e.actor), self._why(e), e.evidence,
            )  # fmt: skip

    def _why(self, e: ConsultationEvent) -> str:
        # minutes are a file of their own, and those of a talk with a few are sealed
        return e.reason.partition("：")[0] if e.event == "minutes" else self.hush(e.reason)

    def _printings(self) -> Iterator[tuple[object, ...]]:
        for p in self.s.scalars(
            select(Printing).where(Printing.consultation_id == self.c.id).order_by(Printing.id)
        ):
            ends = [papers.serial(self.c, n) if n else "" for n in (p.first, p.last)]
            yield self.day(p.created_at), p.kind, *ends, self.who(f"organizer:{p.by}")

    def _scripts(self) -> Iterator[tuple[object, ...]]:
        """Of the calls and messages that this matter's notices began; a caller's own go through the same scripts."""
        told = (
            select(Conversation.script, Conversation.language, Conversation.digest, func.count())
            .join(Delivery, Delivery.id == Conversation.delivery_id)
            .outerjoin(Broadcast, Broadcast.id == Delivery.broadcast_id)
            .where((Broadcast.consultation_id == self.c.id) | (Delivery.about_id == self.c.id))
            .group_by(Conversation.script, Conversation.language, Conversation.digest)
            .order_by(Conversation.script, Conversation.language, Conversation.digest)
        )
        yield from self.s.execute(told)
