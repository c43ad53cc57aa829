"""An objector is answered: on the telephone of the one who objected, for those ears only, and may go on objecting.

方淑琴 and 沈国栋 share a handset; 郭亮 has one of his own. All three belong to matter 16, which is in publicity.
"""

from datetime import date, datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from admin import answers
from gateway import clock
from gateway.consultation import matters, objections
from gateway.models.answer import Objection
from gateway.models.area import Area
from gateway.models.organizer import Organizer
from gateway.models.outreach import Delivery
from gateway.models.person import Person
from gateway.models.rules import RuleProfile
from gateway.outreach import aftermath, hours, outbox, singles
from gateway.people import consent, residents
from gateway.runtime import Runtime
from tests.calls import Call
from tests.conftest import OWNER, SUN, Resident
from tests.outreach.conftest import FakeCarrier

FANG = Resident("方淑琴", "+8619900000401")
WORDS = "夜里十点以后不跳了，音箱也关小"


def answered(rt: Runtime, who: Resident, *, spoken: bool = True) -> int:
    """Somebody objected to matter 16 and an organizer answers; returns the objection."""
    with rt.db.write() as s:
        c = matters.find(s, 16)
        person = s.scalars(select(Person).where(Person.name == who.name)).one()
        handset = residents.handset(s, who.phone)
        assert c is not None and handset is not None
        for old in s.scalars(select(Objection)):
            old.state = "resolved"
        channel = "voice" if spoken else "sms"
        made = objections.open_(s, c, person, "太吵", channel, handset_id=handset.id)
        objections.explain(
            s, made, WORDS, s.scalars(select(Organizer).where(Organizer.login == "miaozhuren")).one()
        )
        assert answers.explained(s, made, WORDS)
        return made.id


def called(rt: Runtime, carrier: FakeCarrier, who: Resident) -> Call:
    outbox.drain(rt, "calls")
    url = next(str(a["url"]) for a in carrier.asked if a["to"] == who.phone)
    return Call(rt, who.phone, "CA-explained", url)


def state(rt: Runtime, objection: int) -> str:
    with rt.db.read() as s:
        return s.get_one(Objection, objection).state


def test_who_objected_hears_the_answer_and_may_still_object(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    made = answered(each_village, OWNER)
    call = called(each_village, carrier, OWNER)
    assert WORDS in call.said and "第十六号事，您反对过" in call.said
    assert "听明白了，请按1" in call.said and "还是反对，请按2" in call.said
    assert "回“" not in call.said and "【" not in call.said  # nothing that only a text can say
    assert "您的反对记下了" in call.press("2")
    assert state(each_village, made) == "open"


def test_on_a_shared_telephone_only_the_objector_hears_it(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    made = answered(each_village, FANG)
    call = called(each_village, carrier, FANG)
    assert "请问您是哪一位" in call.said and "反对" not in call.said and WORDS not in call.said
    key = {name: str(n) for n, name in enumerate(("方淑琴", "沈国栋"), 1)}
    assert f"方淑琴，请按{key['方淑琴']}" in call.said
    assert WORDS not in call.press(key["沈国栋"]) and "让本人有空打这个电话" in call.said
    # 方淑琴 rings back later: the answer stands behind the result
    later = Call(each_village, FANG.phone, "CA-later")
    later.press(key["方淑琴"], "3")
    said = later.said if WORDS in later.said else later.press("1")
    assert WORDS in said
    assert state(each_village, made) == "explained"


@pytest.mark.parametrize(("again", "planned"), [(True, True), (False, False)])
def test_who_did_not_hear_the_answer_is_rung_again(
    each_village: Runtime, carrier: FakeCarrier, again: bool, planned: bool
) -> None:
    made = answered(each_village, FANG)
    call = called(each_village, carrier, FANG)
    fang = "1" if "方淑琴，请按1" in call.said else "2"
    call.press({"1": "2", "2": "1"}[fang] if again else fang)  # the neighbour, or she herself
    with each_village.db.write() as s:
        d = s.scalars(select(Delivery).where(Delivery.subject == f"objection:{made}")).one()
        d.state = "delivered"
        assert aftermath.unheard(s, each_village.settings) == planned
        assert d.state == ("planned" if planned else "delivered")
        if planned:
            assert d.due_at > clock.now() + timedelta(minutes=10)
            assert aftermath.unheard(s, each_village.settings) == 0


def test_a_text_to_a_shared_handset_names_who_is_meant(each_village: Runtime, carrier: FakeCarrier) -> None:
    answered(each_village, FANG, spoken=False)
    outbox.drain(each_village, "replies")
    body = next(str(a["body"]) for a in carrier.asked if a["to"] == FANG.phone)
    assert "方淑琴的反对" in body and WORDS in body


def test_an_explanation_that_nobody_picks_up_is_rung_again(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    answered(each_village, OWNER)
    called(each_village, carrier, OWNER)
    with each_village.db.write() as s:
        d = s.scalars(select(Delivery).where(Delivery.script == "explanation")).one()
        d.state, d.error = "undelivered", "no-answer"
        s.flush()
        aftermath.failed(s, each_village.settings, d)
        assert d.state == "planned" and d.due_at and d.due_at > clock.now() + timedelta(minutes=14)
    carrier.asked.clear()
    with time_machine.travel(clock.now() + timedelta(minutes=16), tick=True):
        outbox.drain(each_village, "calls")
        assert [a["to"] for a in carrier.asked] == [OWNER.phone]


@pytest.mark.parametrize(
    ("stopped", "lane"), [("sms", "calls"), ("voice", "replies"), ("all", None)], ids=lambda v: str(v)
)
def test_who_stopped_one_way_is_answered_the_other(village: Runtime, stopped: str, lane: str | None) -> None:
    with village.db.write() as s:
        handset = residents.handset(s, OWNER.phone)
        c = matters.find(s, 16)
        assert handset is not None and c is not None
        consent.stop(s, handset, stopped, "sms")
        person = s.scalars(select(Person).where(Person.name == OWNER.name)).one()
        made = objections.open_(s, c, person, "太吵", "sms", handset_id=handset.id)
        assert answers.explained(s, made, WORDS) == (lane is not None)
        assert (
            s.scalar(select(Delivery.lane).where(Delivery.about_id == c.id).order_by(Delivery.id.desc()))
            == lane
        )


def test_an_answering_machine_learns_nothing_of_an_objection(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    answered(each_village, OWNER)
    outbox.drain(each_village, "calls")
    url = next(str(a["url"]) for a in carrier.asked if a["to"] == OWNER.phone)
    call = Call(each_village, OWNER.phone, "CA-machine", url, AnsweredBy="machine_end_beep")
    assert "村里有话要告诉您" in call.said and "十六" not in call.said


def test_a_single_call_keeps_the_hours_of_the_area_it_rings(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    rt = each_village
    rt.settings = rt.settings.model_copy(update={"call_hours": "08:30-11:30,14:00-19:30"})
    with time_machine.travel(datetime.fromisoformat("2026-11-28 10:00+08:00"), tick=False):
        with rt.db.write() as s:
            home = s.scalars(select(Area).where(Area.code == "YL")).one()
            own = {"call_hours": "11:30-13:30"}
            s.add(RuleProfile(area_id=home.id, valid_from=date(2026, 1, 1), changes=own, by="cli"))
            elsewhere = residents.handset(s, SUN.phone)
            assert elsewhere is not None and hours.closed_to_calls(s, rt.settings, [elsewhere.id]) == {}
        subject = f"objection:{answered(rt, FANG)}"
        outbox.drain(rt, "calls")  # the installation would call now
        with rt.db.read() as s:
            d = s.scalars(select(Delivery).where(Delivery.subject == subject)).one()
            noon = datetime.fromisoformat("2026-11-28 11:30+08:00")
            assert (d.state, d.due_at, d.tries, carrier.asked) == ("planned", noon, 0, [])
            assert "今天11:30再打" in singles.about(s, rt.settings, [subject])[subject][0].why
    with time_machine.travel(noon + timedelta(minutes=30), tick=False):  # and would not, now
        outbox.drain(rt, "calls")
        assert [a["to"] for a in carrier.asked] == [FANG.phone]
        with rt.db.read() as s:
            assert hours.closed_to_calls(s, rt.settings, [elsewhere.id]) == {elsewhere.id: 120}
