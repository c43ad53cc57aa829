"""What everybody may know about a matter: the public board, the papers and the archive tell the same (policy II(4),
III(3): 公示, 社会监督). No name, no number, nobody's choice."""

from dataclasses import dataclass
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway import clock, text
from gateway.consultation import (
    assemblies,
    assessments,
    ballots,
    followup,
    matters,
    meetings,
    quorum,
    reach,
    steps,
    verdicts,
)
from gateway.models.answer import Objection, Opinion, Rating
from gateway.models.area import Area
from gateway.models.consultation import IN_FORCE, Consultation
from gateway.models.meeting import Assembly
from gateway.models.participation import Meeting
from gateway.outreach import notices, reached

COUNTED = ("PUBLICITY", "OBJECTED", "EXPLAINED", *IN_FORCE)
# texts that belong to a stage are public from the state on that sends them
_SENT_FROM = {
    "effective": IN_FORCE,
    "progress": IN_FORCE[1:],
    "implementation": IN_FORCE[1:],
    "evaluation": IN_FORCE[3:],
}
WAYS = {"person": "每人一票", "household": "每户一票", "owner": "每户业主一票", "group": "每组一票"}
OBJECTIONS = {"open": "正在解释", "explained": "已经解释", "withdrawn": "自己收回", "resolved": "已经解决"}
VERDICTS = {"adopted": "采纳了", "partly": "采纳了一部分", "not": "没采纳"}
_STAGES = {"effective": "生效", "progress": "进度", "implementation": "落实", "evaluation": "评估"}


@dataclass(frozen=True)
class Disclosed:
    """One matter as the public may know it."""

    c: Consultation
    area: Area
    asked: tuple[str, ...]  # names of the areas asked
    notice: str
    tally: ballots.Tally
    counted: bool  # gathering is over and a result is public
    shown: bool  # whether the counts by option may be shown, too
    why_hidden: str
    opinions: int
    answers: tuple[tuple[str, str, str], ...]  # (group, verdict, why): what became of what people said
    objections: dict[str, int]  # state → how many, of the round that is public
    effective: str  # “7月8日”, or empty
    withdrawn: str  # why, or empty
    told: dict[str, reached.Reach]  # stage → homes told; of the result in this round, visits and all
    meetings: tuple[
        str, ...
    ]  # hearings, talks and assemblies that were held or are called, and what experts said; a sentence each
    stages: tuple[tuple[str, str], ...]  # what was told later: (名称, words)
    tasks: tuple[tuple[str, str, bool], ...]  # what is to be done, until which day, and whether it is
    rating: tuple[float, int] | None  # mean and how many, from five on

    @property
    def objected(self) -> int:
        return sum(self.objections.values())

    @property
    def open_objections(self) -> int:
        return self.objections.get("open", 0)

    def left(self, now: datetime | None = None) -> int | None:
        """Whole days until publicity ends; None while nothing is counted down."""
        c = self.c
        if not c.in_publicity or c.publicity_ends_at is None or c.state == "OBJECTED":
            return None
        return max(0, (c.publicity_ends_at - (now or clock.now())).days)


def of(s: Session, c: Consultation) -> Disclosed:
    """Look a matter up as the public may know it."""
    tally, effective = ballots.tally(s, c), steps.took_effect(s, c)
    # while people still answer, only how many did: a running count would sway them
    counted = c.state in COUNTED
    shown = counted and ballots.may_be_broken_down(c, tally)
    hidden = "这件事不公开分项票数。" if c.sensitive else "表态的不到五个，不公开分项票数。"
    return Disclosed(
        c=c,
        area=s.get_one(Area, c.area_id),
        asked=tuple(s.scalars(select(Area.name).where(Area.id.in_(notices.asked(s, c))).order_by(Area.path))),
        notice=text.without_signature(str(c.sms.get("notice", ""))),
        tally=tally,
        counted=counted,
        shown=shown,
        why_hidden=hidden if counted and not shown else "",
        opinions=s.scalar(
            select(func.count()).where(Opinion.consultation_id == c.id, Opinion.kind == "opinion")
        )
        or 0,
        answers=_answers(s, c),
        objections=dict(
            s.execute(
                select(Objection.state, func.count())
                .where(Objection.consultation_id == c.id)
                .group_by(Objection.state)
            ).all()
        ),
        effective=text.short_date(effective) if effective else "",
        withdrawn=steps.why_withdrawn(s, c.id) if c.state == "WITHDRAWN" else "",
        told=told(s, c),
        meetings=(
            *(f"{a.author}论证：{a.summary}。" for a in reversed(assessments.of(s, c))),
            *(_sat(m, c.zone) for m in meetings.of(s, c) if m.state == "held" and not m.kind.small),
            *(_sentence(m, c.zone) for m in assemblies.of(s, c) if m.outcome),
            *(_called(m) for m in assemblies.of(s, c) if not m.outcome),
        ),
        stages=tuple(
            (name, text.without_signature(str(c.sms[stage])))
            for stage, name in _STAGES.items()
            if c.sms.get(stage) and c.state in _SENT_FROM[stage]
        ),
        # what a bad mark asked somebody to look after is between them
        tasks=tuple(
            (t.what, _day(t.due_at, c.zone), bool(t.done_at))
            for t in followup.tasks(s, c)
            if t.why != "rating"
        ),
        rating=_rating(s, c),
    )


def _answers(s: Session, c: Consultation) -> tuple[tuple[str, str, str], ...]:
    """What was answered to groups of opinions; how many said it is nobody's business (domain.md §4), and of a secret
    matter even the words tell who."""
    if c.sensitive:
        return ()
    return tuple(
        (pile.group.name, VERDICTS[verdict], matters.sentence(why))
        for pile in verdicts.piles(s, c)
        for verdict, why in pile.answers
    )


def told(s: Session, c: Consultation) -> dict[str, reached.Reach]:
    """Homes told by stage; of the result, those that count for its effect."""
    found = {stage: homes for stage, homes in reached.homes(s, c).items() if stage != "result"}
    if c.state in COUNTED:
        round_ = reach.reach(s, c)  # what decides whether it takes effect is what people are shown
        if round_.told:
            found["result"] = reached.Reach(round_.told, round_.homes)
    return found


_OUTCOMES = {"passed": "通过", "rejected": "没通过", "no_quorum": "人数不够，没有表决"}


def _day(moment: datetime, zone: ZoneInfo) -> str:
    return text.short_date(moment.astimezone(zone).date())


def _sat(m: Meeting, zone: ZoneInfo) -> str:
    there = f"，到场{m.attendance}人" if m.attendance else ""
    return f"{_day(m.starts_at, zone)}开了{m.kind.name}{there}。"


def _called(m: Assembly) -> str:
    body = quorum.PROFILES[m.body].name.partition("（")[0]
    return f"{meetings.when(m)}在{m.place}开{body}表决。"


def _sentence(m: Assembly, zone: ZoneInfo) -> str:
    body = quorum.PROFILES[m.body]
    said = f"{_day(m.starts_at, zone)}{body.name.partition('（')[0]}，应到{m.members}{body.unit}，到会{m.present or 0}{body.unit}"
    if m.outcome != "no_quorum":
        said += f"，同意{m.agree or 0}，不同意{m.against or 0}，弃权{m.abstain or 0}"
    return f"{said}：{_OUTCOMES.get(m.outcome, m.outcome)}。"


def _rating(s: Session, c: Consultation) -> tuple[float, int] | None:
    mean, count = s.execute(
        select(func.avg(Rating.score), func.count()).where(Rating.consultation_id == c.id)
    ).one()
    return (float(mean), count) if count >= ballots.FEW else None
