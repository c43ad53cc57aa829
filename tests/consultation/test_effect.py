"""From the result to its effect: who was told, meetings that decide, corrections, and plans that are changed."""

import json
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

import gateway.sample
from gateway import clock
from gateway.consultation import (
    assemblies,
    clockwork,
    lifecycle,
    objections,
    profiles,
    reach,
    revisions,
    steps,
    texts,
)
from gateway.consultation.assemblies import Count
from gateway.consultation.refusal import Refused
from gateway.models.answer import Objection
from gateway.models.consultation import Consultation, Notice
from gateway.models.meeting import Assembly
from gateway.models.person import Person
from gateway.runtime import Runtime
from gateway.text import segments
from tests.admin.panel import organizer
from tests.consultation.procedure import (
    MIAO,
    OFFICER,
    area,
    by,
    drafted,
    end_of,
    knock,
    new,
    path,
    publish,
    published,
)  # fmt: skip

TOWNSHIP = json.loads((Path(gateway.sample.__file__).parent / "data" / "township.json").read_text("utf-8"))


def told(s: Session, c: Consultation) -> list[str]:
    return list(s.scalars(select(Notice.stage).where(Notice.consultation_id == c.id).order_by(Notice.id)))


def after(c: Consultation) -> datetime:
    """An hour after its publicity ended."""
    assert c.publicity_ends_at
    return c.publicity_ends_at + timedelta(hours=1)


def somebody(s: Session, n: int = 0) -> Person:
    return s.scalars(select(Person).where(Person.area_id == area(s, "YL").id).order_by(Person.id)).all()[n]


def call(s: Session, c: Consultation, *, days: int = 10, actor: str = "cli", **more: Any) -> Assembly:
    facts = {
        "body": "representatives",
        "place": "村部",
        "members": 30,
        "starts_at": end_of(days) - timedelta(hours=10),
    }
    return assemblies.call(s, c, actor, **{**facts, **more})


def sits(s: Session, c: Consultation, meeting: Assembly, present: int, agree: int, **more: Any) -> None:
    """The day comes, people come, and it is counted."""
    with time_machine.travel(meeting.starts_at + timedelta(hours=2), tick=True):
        given = Count(present, agree, present - agree, 0)
        assemblies.count(s, c, meeting, "cli", given, minutes="大家都说了", **more)


# ---- told -------------------------------------------------------------------------------------


def test_nothing_takes_effect_that_too_few_were_told_of(village: Runtime) -> None:
    with village.db.write() as s:
        c = published(s)
        found = reach.reach(s, c)
        assert (found.told, found.percent) == (0, 90)
        assert len(reach.doors(s, c)) == found.homes
        clockwork.tick(s, after(c))
        assert c.state == "PUBLICITY"
        with time_machine.travel(after(c)):
            assert lifecycle.overdue(c) and lifecycle.owner(c) == "lead"
        knock(s, c)
        clockwork.tick(s, after(c))
        assert c.state == "EFFECTIVE"


@pytest.mark.parametrize(("told_homes", "homes", "enough"), [(899, 1000, False), (900, 1000, True), (9, 10, True), (8, 9, False), (0, 0, True)])  # fmt: skip
def test_nine_in_ten_is_nine_in_ten(told_homes: int, homes: int, enough: bool) -> None:
    assert reach.Reach(told_homes, homes, 90).enough == enough


def test_a_door_is_ticked_once_and_only_where_somebody_is_asked(village: Runtime) -> None:
    with village.db.write() as s:
        c = published(s)
        home = reach.doors(s, c)[0].home
        assert reach.visit(s, c, home, "cli")
        assert not reach.visit(s, c, home, "cli")
        assert not reach.visit(s, c, "h999999", "cli")
        assert reach.reach(s, c).told == 1


def test_who_objects_has_heard(village: Runtime) -> None:
    with village.db.write() as s:
        c = published(s)
        objections.open_(s, c, somebody(s), "太亮", "sms")
        assert reach.reach(s, c).told == 1


def test_publicity_may_be_longer(village: Runtime) -> None:
    with village.db.write() as s:
        c = published(s)
        before = c.publicity_ends_at
        revisions.extend(s, c, by(s, MIAO), 3, "还有人没告诉到")
        assert before and c.publicity_ends_at == before + timedelta(days=3)
        with pytest.raises(Refused, match="1到60"):
            revisions.extend(s, c, "cli", 0, "还有人没告诉到")


# ---- objections --------------------------------------------------------------------------------


def test_where_an_area_decided_so_one_objection_does_not_stop_it(village: Runtime) -> None:
    with village.db.write() as s:
        today = clock.now().astimezone(clock.village_zone()).date()
        changes = {"objection_policy": "threshold", "objection_threshold": 2}
        profiles.decide(s, area(s, "YL"), changes, valid_from=today)
        c = published(s)
        objections.open_(s, c, somebody(s, 0), "太亮", "sms")
        assert c.state == "PUBLICITY"
        objections.open_(s, c, somebody(s, 1), "太暗", "sms")
        assert c.state == "OBJECTED"


def test_the_objector_says_whether_the_explanation_will_do(village: Runtime) -> None:
    with village.db.write() as s:
        miao = organizer(village, MIAO)
        c = published(s)
        mine = objections.open_(s, c, somebody(s), "太亮", "sms")
        objections.explain(s, mine, "灯头转向路口", miao)
        objections.understood(s, mine)
        assert (mine.state, mine.outcome) == ("explained", "understood")
        objections.open_(s, c, somebody(s), "还是亮", "sms")
        assert (mine.state, mine.outcome, c.state) == ("open", "still", "OBJECTED")


def test_only_with_the_supervision_committees_word_is_an_objection_overruled(village: Runtime) -> None:
    with village.db.write() as s:
        c = published(s)
        mine = objections.open_(s, c, somebody(s), "太亮", "sms")
        with pytest.raises(Refused, match="监督委员会"):
            call(s, c)
        assemblies.note(s, c, "cli", "反对没有道理，请上会")
        meeting = call(s, c)
        sits(s, c, meeting, 30, 20)
        publish(s, c)
        assert mine.state == "resolved" and c.round == 2 and "会上" in mine.explanation


# ---- changed plans -------------------------------------------------------------------------------


def test_a_changed_plan_is_told_to_all_for_the_full_time_and_answers_the_objectors(village: Runtime) -> None:
    with village.db.write() as s:
        c = published(s)
        mine = objections.open_(s, c, somebody(s), "门洞对着我家", "sms")
        revisions.amend(s, c, by(s, MIAO), "门洞改到东边")
        publish(s, c, result="门洞改到东边", public=7)
        assert (c.state, c.round, told(s, c)) == ("PUBLICITY", 2, ["notice", "result", "result"])
        assert mine.state == "resolved" and "门洞改到东边" in mine.explanation
        assert reach.reach(s, c).told == 0  # nobody has heard of this one


def test_what_a_meeting_decided_goes_back_to_it_when_changed(village: Runtime) -> None:
    with village.db.write() as s:
        c = drafted(s, assembly="representatives")
        sits(s, c, call(s, c), 30, 20)
        publish(s, c)
        objections.open_(s, c, somebody(s), "不服", "sms")
        revisions.amend(s, c, "cli", "按户改成按机器")
        with pytest.raises(Refused, match="代表会议表决"):
            publish(s, c)
        sits(s, c, call(s, c), 20, 19)
        publish(s, c)
        assert path(s, c)[-6:] == ["ASSEMBLY", "PUBLICITY", "OBJECTED", "REVISED", "ASSEMBLY", "PUBLICITY"]


# ---- meetings ------------------------------------------------------------------------------------


def test_a_meeting_is_called_ten_days_ahead_and_told_to_all(village: Runtime) -> None:
    with village.db.write() as s:
        c = drafted(s, assembly="representatives")
        with pytest.raises(Refused, match="提前10天") as no:
            call(s, c, days=9)
        assert no.value.field == "starts_at"
        call(s, c, days=10)
        assert c.state == "ASSEMBLY" and told(s, c)[-1] == "assembly"
        notice = s.scalars(
            select(Notice).where(Notice.consultation_id == c.id, Notice.stage == "assembly")
        ).one()
        assert "村民代表会议" in notice.sms and segments(notice.sms).count == 1
        assert "村部" in notice.voice and "第" in notice.voice


def test_without_a_dispute_nothing_goes_to_a_meeting_that_need_not(village: Runtime) -> None:
    with village.db.write() as s:
        c = drafted(s)
        with pytest.raises(Refused, match="不用上会"):
            call(s, c)
        steps.no_agreement(s, c, by(s, MIAO), "一半对一半")
        call(s, c)
        assert path(s, c)[-2:] == ["NO_CONSENSUS", "ASSEMBLY"]


def test_one_too_few_and_the_meeting_is_called_again(village: Runtime) -> None:
    with village.db.write() as s:
        c = drafted(s, assembly="land_to_outsiders")
        given = next(m for m in TOWNSHIP["consultations"] if m["no"] == 14)["assembly"]
        meeting = call(s, c, body="land_to_outsiders", members=given[0]["members"])
        sits(s, c, meeting, given[0]["present"], 19)
        assert (c.state, meeting.outcome) == ("ASSEMBLY_FAILED_QUORUM", "no_quorum")
        said = s.scalars(
            select(Notice).where(Notice.consultation_id == c.id, Notice.stage == "no_quorum")
        ).one()
        assert "差1人" in said.sms and segments(said.sms).count == 1
        again = call(s, c, body="land_to_outsiders", members=given[1]["members"])
        with pytest.raises(Refused, match="乡镇政府批准"):
            sits(s, c, again, given[1]["present"], given[1]["for"])
        sits(s, c, again, given[1]["present"], given[1]["for"], approved_by="虚政批〔2026〕3号")
        assert again.outcome == "passed"
        publish(s, c)
        assert c.state == "PUBLICITY"


def test_voted_down_is_the_end_and_everybody_hears_so(village: Runtime) -> None:
    with village.db.write() as s:
        c = drafted(s, assembly="representatives")
        sits(s, c, call(s, c), 20, 10)  # exactly half of those present is no majority
        assert (c.state, told(s, c)[-1]) == ("REJECTED", "rejected")
        assert lifecycle.allowed(c) == []


@pytest.mark.parametrize(
    ("given", "why"),
    [
        (Count(31, 20, 5, 5), "还多"), (Count(20, 15, 5, 1), "还多"), (Count(20, -1, 5, 1), "负"),
        (Count(20, 15, 5, 0, 100, 110, 5), "面积"),
    ],
)  # fmt: skip
def test_numbers_that_cannot_be_are_refused(village: Runtime, given: Count, why: str) -> None:
    with village.db.write() as s:
        c = drafted(s, assembly="representatives")
        meeting = call(s, c)
        with pytest.raises(Refused, match="会还没开"):
            assemblies.count(s, c, meeting, "cli", given, minutes="大家都说了")
        with time_machine.travel(meeting.starts_at + timedelta(hours=1)), pytest.raises(Refused, match=why):
            assemblies.count(s, c, meeting, "cli", given, minutes="大家都说了")
        assert meeting.outcome == "" and c.state == "ASSEMBLY"


# ---- the law ---------------------------------------------------------------------------------------


def test_a_correction_is_told_with_its_reason_and_locks_the_matter_until_it_is_mended(
    village: Runtime,
) -> None:
    with village.db.write() as s:
        c = published(s)
        officer = by(s, OFFICER)
        with pytest.raises(Refused, match="哪部法的哪一条"):
            revisions.order_correction(s, c, officer, "", "外嫁女也有份")
        revisions.order_correction(s, c, officer, "妇女权益保障法第55条", "外嫁女也有份")
        assert (c.state, told(s, c)[-1]) == ("CORRECTION_ORDERED", "correction")
        clockwork.tick(s, after(c))
        assert c.state == "CORRECTION_ORDERED"
        with pytest.raises(Refused):
            publish(s, c, actor=by(s, MIAO))
        revisions.revise(s, c, by(s, MIAO), "去掉了那一条")
        publish(s, c)
        assert path(s, c)[-3:] == ["CORRECTION_ORDERED", "REVISED", "PUBLICITY"]


def test_what_cannot_be_made_lawful_is_annulled_by_the_township_alone(village: Runtime) -> None:
    with village.db.write() as s:
        c = published(s)
        mine = objections.open_(s, c, somebody(s), "不合法", "sms")
        revisions.order_correction(s, c, by(s, OFFICER), "土地承包法第52条", "没过三分之二")
        with pytest.raises(Refused, match="只有乡镇"):
            revisions.annul(s, c, by(s, MIAO), "没过三分之二")
        revisions.annul(s, c, by(s, OFFICER), "没过三分之二")
        assert (c.state, told(s, c)[-1], mine.state) == ("ANNULLED", "annulled", "resolved")


@pytest.mark.parametrize("stage", ["assembly", "no_quorum", "rejected", "correction", "annulled", "suspended", "resumed"])  # fmt: skip
def test_what_everybody_hears_fits_one_message_and_is_spoken_without_digits(
    village: Runtime, stage: str
) -> None:
    with village.db.write() as s:
        c = new(s, title="屯中路修水泥路")
        yl = area(s, "YL")
        meeting = Assembly(
            consultation_id=c.id,
            body="representatives",
            starts_at=end_of(12),
            place="社区二楼会议室",
            members=28,
        )
        more: tuple[Any, ...] = {
            "assembly": (meeting,), "no_quorum": (2,), "rejected": (9, 20), "correction": ("外嫁女也有一份，不能少",),
            "annulled": ("没过三分之二",), "suspended": ("要等镇里的图纸",), "resumed": (),
        }[stage]  # fmt: skip
        sms = getattr(texts, f"{stage.replace('correction', 'corrected')}_sms")(c, yl, *more)
        voice = getattr(texts, f"{stage.replace('correction', 'corrected')}_voice")(c, yl, *more)
        assert segments(sms).count == 1, (sms, len(sms))
        assert not any(ch.isdigit() for ch in voice), voice


def test_objections_settled_by_a_new_round_stay_on_record(village: Runtime) -> None:
    with village.db.write() as s:
        c = published(s)
        objections.open_(s, c, somebody(s), "太亮", "sms")
        revisions.amend(s, c, "cli", "少装一盏")
        publish(s, c, result="装两盏")
        kept = s.scalars(select(Objection).where(Objection.consultation_id == c.id)).all()
        assert [(o.round, o.words) for o in kept] == [(1, "太亮")]
