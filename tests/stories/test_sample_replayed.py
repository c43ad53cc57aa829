"""The sample township's six matters from somebody's proposal to the closed file, as their fixtures tell them: every step by a
form of the panel or by the clock, every answer by SMS, by key or on paper, and the counts come out as they were counted."""

import json
import re
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import select

from gateway.consultation import ratings
from gateway.models.answer import Objection, Opinion
from gateway.models.consultation import Consultation
from gateway.runtime import Runtime
from gateway.sample_days import on, result
from tests.stories.here import SAMPLE, Here, Matter

TOWNSHIP = json.loads(SAMPLE.read_text("utf-8"))
PEOPLE = {r["id"]: r for r in TOWNSHIP["residents"]}
SHARED = {r["phone"] for r in PEOPLE.values() if sum(r["phone"] == q["phone"] for q in PEOPLE.values()) > 1}
LEADS = {"NL": "qianxiaoman", "FQ": "yinwenshu", "XL": "huwenshu", "YL": "miaozhuren"}
OFFICER, JUDGE = "xuquanzhen", "pinggu"
BODIES = {11: "representatives", 14: "land_to_outsiders"}


class Replay:
    """One matter of the fixtures, step by step along its path."""

    def __init__(self, here: Here, given: dict[str, Any]) -> None:
        self.here, self.given, self.path = here, given, given["path"]
        self.areas: list[str] = given["area"]
        self.lead = OFFICER if len(self.areas) > 1 else LEADS[self.areas[0]]
        self.matter = self._proposed()
        self.no = self.matter.number
        self.meetings = iter(given.get("assembly", []))
        self.round = 0

    def does(self, step: str, login: str = "", **form: Any) -> str:
        return self.matter.does(login or self.lead, step, **form)

    def says(self, who: str, words: str) -> str:
        """An SMS from one of the residents; on a shared handset with the name before it."""
        r = PEOPLE[who]
        return self.here.phone(r["name"]).text((r["name"] if r["phone"] in SHARED else "") + words)

    # ---- from an idea to an announced matter --------------------------------------------------------

    def _proposed(self) -> Matter:
        """Somebody texts what should be talked over, and whoever leads takes it up."""
        here, panel = self.here, self.here.panel(self.lead)
        proposer = next(
            r for r in PEOPLE.values() if r["area"] == self.areas[0] and r["preferred_channel"] == "sms"
        )
        assert "回执" in here.phone(proposer["name"]).text(f"提议：{self.given['title']}")
        found = re.search(r"/admin/proposals/(\d+)/take_up", panel.get("/admin/proposals/"))
        assert found
        panel.send(f"/admin/proposals/{found[1]}/take_up", title=self.given["title"])
        here.carry()
        assert "编为11号" in here.phone(proposer["name"]).got("受理了")
        return here.matter(11)

    def announced(self) -> None:
        given = self.given
        days = (on(given["closes"]) - on(given["opens"])).days
        flags = {name: "on" for name in ("wide_impact", "technical") if given.get(name)}
        places = [self.here.area(code) for code in self.areas]
        self.does(
            "edit", go="keep", title=given["title"], area=self.here.area("XQ") if len(places) > 1 else places[0],
            also=places if len(places) > 1 else [], unit=given["vote_unit"], group=given.get("affected_only", ""), kind=given["kind"],
            three=given.get("three_important", []), assembly=BODIES.get(given["no"], ""), lead=given["lead"],
            commissioned_by=given.get("commissioned_by", ""), opens=f"{self.here.day(1)}T00:00", closes=self.here.day(1 + days),
            sms="", voice="", **flags, **{f"option{key}": label for key, label in given["options"].items()},
        )  # fmt: skip
        assert "通知开始发了" in self.does("announce")

    def opened(self) -> None:
        """The day comes; everybody says what they said, and answers as they answered."""
        self.here.days()
        said = {o["resident"]: o for o in self.given["opinions"]}
        for vote in self.given["votes"]:
            r = PEOPLE[vote["resident"]]
            if vote["channel"] == "voice":
                also = said.get(r["id"], {}).get("channel") == "voice"
                self.here.phone(r["name"]).votes(
                    r["name"], self.no, self.given["title"], vote["option"], speaks=also
                )
            elif vote["channel"] == "sms":
                assert re.search(r"\d{4,6}", self.says(r["id"], f"{self.no}号{vote['option']}")), r["name"]
            else:
                form = {
                    "person": self.here.person(r["name"]),
                    "option": vote["option"],
                    "paper": "票1",
                    "witness": "村文书",
                }
                assert "的纸票记下了" in self.does("paper", **form)
        for o in said.values():
            if o["channel"] == "sms":
                who = PEOPLE.get(o["resident"], {"name": ""})["name"]
                phone = self.here.phone(who) if who else self.here.stranger()
                assert re.search(r"\d{4,6}", phone.text(f"意见{self.no}号{o['text']}")) or not who
            elif o["channel"] == "clerk":
                form = {
                    "person": self.here.person(PEOPLE[o["resident"]]["name"]),
                    "words": o["text"],
                    "paper": "意见1",
                    "witness": "村文书",
                }
                assert "书面意见记下了" in self.does("written", **form)

    def heard(self) -> None:
        self.does("step/hear")
        self.does("step/minutes", reason="到会的人都说了话，记录在村部")

    def talked(self) -> None:
        self.does("step/talk")
        self.does("step/minutes", reason="分开谈了两次，记录在居委会")

    def gathered(self) -> None:
        """The last day ends, and what was counted is what the fixtures say."""
        ends, tally = self.matter.now.closes_at, self.given["tally"]
        assert ends
        self.here.until(ends)
        found = self.matter.tally
        assert found.counts == {key: tally[key] for key in self.given["options"]}
        assert found.units == tally["units"]
        if "area_agree" in tally:
            assert found.area_agreed["1"] == tally["area_agree"]
        if "by_area" in tally:
            names = {a["id"]: a["name"] for a in TOWNSHIP["areas"]}
            assert self.matter.split() == {names[code]: counts for code, counts in tally["by_area"].items()}
        assert self.matter.answers_everybody(self.lead, "写进方案里了") >= len(self.given["opinions"]) - 2
        texted = next(o for o in self.given["opinions"] if o["channel"] == "sms" and o["resident"])
        assert "写进方案里了" in self.here.phone(PEOPLE[texted["resident"]]["name"]).got("11号", "采纳了")

    # ---- to a result that stands ----------------------------------------------------------------------

    def reported(self) -> None:
        self.does("step/report", reason="纸送到镇民政办")
        assert "答复记下了" in self.does("answer", answer="同意评议意见")

    def called(self) -> None:
        form = {
            "body": BODIES[self.given["no"]],
            "place": "村部",
            "called_by": "村委会",
            "starts_at": f"{self.here.day(11)}T09:00",
        }
        self.next = next(self.meetings)
        assert "会定下了" in self.does("assembly", members=self.next["members"], **form)

    def _sat(self) -> str:
        m = self.next
        agree = m.get("for", m["present"])
        count = {
            "present": m["present"],
            "agree": agree,
            "against": m.get("against", 0),
            "abstain": m.get("abstain", 0),
        }
        return self.matter.sits(self.lead, **count, approved_by="虚政批〔2026〕3号")

    def too_few(self) -> None:
        assert "人数不够" in self._sat()

    def published(self) -> None:
        if self.matter.state == "ASSEMBLY":
            assert "会上通过了" in self._sat()
        if self.given.get("technical"):
            self.does("assessments", author="排水工程师（示例）", summary="东线省钱，要绕开老井")
        self.matter.answers(self.lead)
        self.here.days()
        assert "结果公布了" in self.matter.publishes(self.lead, result(self.given["sms"]["result_notice"]))
        self.round += 1
        self.here.days()

    def objected(self) -> None:
        """Who objected in this round does so, by SMS or by key."""
        for o in self.given["objections"]:
            name = PEOPLE[o["resident"]]["name"]
            if o["channel"] == "sms":
                assert re.search(r"\d{4,6}", self.says(o["resident"], f"反对{self.no}号，{o['text']}"))
                continue
            phone = self.here.phone(name)
            phone.dial()
            if f"{name}，请按" in phone.said:
                phone.choose(name)
            phone.choose("听结果", "我要反对")
            phone.speak()
            phone.hang_up()
        assert len(self.objections()) == len(self.given["objections"])

    def objections(self) -> list[Objection]:
        with self.here.rt.db.read() as s:
            mine = select(Objection).where(
                Objection.consultation_id == self.matter.id, Objection.round == self.round
            )
            return list(s.scalars(mine))

    def explained(self) -> None:
        panel = self.here.panel(self.lead)
        for o in self.objections():
            panel.get(f"/admin/objections/{o.id}")
            panel.send(f"/admin/objections/{o.id}/explain", explanation="上门说过了，收入是这么算的")
        self.here.carry()

    def amended(self) -> None:
        if self.matter.state == "CORRECTION_ORDERED":
            self.does("step/revise", reason="外嫁女一样分")
        else:
            self.does("step/amend", reason="按大家说的改了方案")

    def corrected(self) -> None:
        said = self.does(
            "correction", OFFICER, basis="妇女权益保障法第55条", explanation="外嫁女也有份，一样分"
        )
        assert "已责令改正" in said

    def took_effect(self) -> None:
        self.matter.knocks(self.lead)
        ends = self.matter.now.publicity_ends_at
        assert ends
        self.here.until(ends)
        for o in self.given["objections"]:
            if o["status"] == "late_recorded_as_opinion":
                assert "公示期已过" in self.says(o["resident"], f"反对{self.no}号，{o['text']}")

    # ---- to the closed file -----------------------------------------------------------------------------

    def carried_out(self) -> None:
        self.here.days()
        work = self.given["implementation"]
        self.does("tasks", what=self.given["title"], owner=work["owner"], due=self.here.day(30))
        self.here.days(20)
        self.does("progress", progress=work["notes"].split("；")[0])

    def disclosed(self) -> None:
        work = self.given["implementation"]
        found = re.search(r'name="task" value="(\d+)"', self.matter.seen_by(self.lead))
        if found:
            self.does("tasks/done", task=found[1], proof=work["notes"])
        self.here.days()
        assert "公开了" in self.does("disclose", words=work["notes"][:50], channels=["board", "sms"])

    def evaluated(self) -> None:
        """Residents give the marks they gave; somebody from outside says what he found."""
        judged = self.given["evaluation"]
        marks = [mark for mark, n in judged["phone_scores"].items() for _ in range(n)]
        able = [
            r for r in PEOPLE.values() if r["area"] in self.areas and r["phone"] and r["phone"] not in SHARED
        ]
        for r, mark in zip(able, marks, strict=False):  # the fixtures say how many gave which, not who
            phone = self.here.phone(r["name"])
            if r["phone"].startswith("+861"):
                phone.text(f"{self.no}号{mark}分")
            else:
                phone.dial()
                phone.choose("听结果")
                if "听结果，请按" in phone.said:  # or what an expert said
                    phone.choose("听结果")
                phone.choose("满意不满意")
                phone.press(mark)
                phone.hang_up()
        with self.here.rt.db.read() as s:
            mean, n = ratings.mean(s, s.get_one(Consultation, self.matter.id))
        assert n == len(marks) and mean == pytest.approx(sum(map(int, marks)) / n)
        form = {
            "evaluator": "评估员（示例）",
            "findings": judged["finding"],
            "summary": judged["finding"][:40],
        }
        assert "正在告诉居民" in self.does("evaluate", JUDGE, **form)

    def filed(self) -> None:
        self.matter.answers_everybody(
            self.lead, "知道了，记下了"
        )  # what was said since, a late objection, too
        for whom in ("party", "committee", "supervision"):
            self.does("evaluation/reported", whom=whom)
        self.matter.answers(self.lead)
        assert "办结归档了" in self.does("file"), self.matter.refusals()


def step(before: str, after: str) -> Callable[[Replay], None]:
    """What people do that leads from one state to the next."""
    return {
        "NOTICED": Replay.announced, "OPEN": Replay.opened, "HEARING": Replay.heard, "SMALL_GROUP_TALK": Replay.talked,
        "DRAFTED": Replay.gathered, "REPORTED_TO_GOV": Replay.reported, "ASSEMBLY": Replay.called,
        "NO_CONSENSUS": lambda r: r.does("step/no_agreement", reason="谈不到一块") and None, "ASSEMBLY_FAILED_QUORUM": Replay.too_few,
        "PUBLICITY": Replay.published, "OBJECTED": Replay.objected, "EXPLAINED": Replay.explained, "REVISED": Replay.amended,
        "CORRECTION_ORDERED": Replay.corrected, "EFFECTIVE": Replay.took_effect, "IMPLEMENTING": Replay.carried_out,
        "DISCLOSED": Replay.disclosed, "EVALUATED": Replay.evaluated, "CLOSED": Replay.filed,
    }[after]  # fmt: skip


@pytest.mark.parametrize("given", TOWNSHIP["consultations"], ids=lambda given: str(given["no"]))
def test_the_samples_matters_run_from_a_proposal_to_the_closed_file(
    village: Runtime, tmp_path: Path, given: dict[str, Any]
) -> None:
    replay = Replay(Here(village, tmp_path), given)
    assert replay.matter.path() == given["path"][:2]
    for before, after in pairwise(given["path"][1:]):
        step(before, after)(replay)
        assert replay.matter.state == after, (before, after, replay.matter.refusals())
    assert replay.matter.path() == given["path"]
    assert not replay.matter.refusals()
    with village.db.read() as s:
        said = s.scalars(select(Opinion).where(Opinion.consultation_id == replay.matter.id)).all()
    late = [o for o in said if o.kind == "late_objection"]
    assert len(late) == sum(o["status"].startswith("late") for o in given["objections"])
    sms = [b for p in replay.here.phones for b in p.inbox]
    for words in ("11号公示", "起生效", "办好了", "评估了"):
        assert any(words in b for b in sms), words
