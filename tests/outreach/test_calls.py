"""Calls we place: what proves that a notice was heard, answering machines, and calls that broke off."""

from datetime import timedelta

import time_machine
from sqlalchemy import select

from gateway import clock
from gateway.consultation import matters
from gateway.models.outreach import Broadcast, Delivery
from gateway.outreach import broadcasts, outbox
from gateway.people import residents
from gateway.runtime import Runtime
from tests.calls import Call
from tests.conftest import SUN, WANG
from tests.outreach.conftest import FakeCarrier


def notice(rt: Runtime, carrier: FakeCarrier, phone: str, number: int) -> tuple[int, str]:
    """Ring everybody about a matter; returns the delivery to that phone and the address its call begins at."""
    with rt.db.write() as s:
        c = matters.find(s, number)
        assert c is not None
        from gateway.models.area import Area

        b = broadcasts.create(
            s, area=s.get_one(Area, c.area_id), sms="有事", channel="voice", consultation_id=c.id, stage="notice", detect=True,
        )  # fmt: skip
        broadcasts.start(s, rt.settings, b)
        handset = residents.handset(s, phone)
        assert handset is not None
        d = s.scalars(
            select(Delivery).where(Delivery.broadcast_id == b.id, Delivery.handset_id == handset.id)
        ).one()
        id = d.id
    outbox.drain(rt, "calls")
    url = next(str(a["url"]) for a in carrier.asked if a["to"] == phone)
    return id, url


def heard(rt: Runtime, id: int) -> str | None:
    with rt.db.read() as s:
        return s.get_one(Delivery, id).heard


def test_choosing_a_name_is_no_proof_and_the_question_is(each_village: Runtime, carrier: FakeCarrier) -> None:
    id, url = notice(each_village, carrier, WANG.phone, 11)
    call = Call(each_village, WANG.phone, "CA-1", url)
    assert "王德顺，请按1" in call.said and heard(each_village, id) == "answered"
    call.press("1")
    assert heard(each_village, id) == "answered"
    call.press("1")
    assert heard(each_village, id) == "to_end"


def test_an_answering_machine_gets_one_sentence(each_village: Runtime, carrier: FakeCarrier) -> None:
    id, url = notice(each_village, carrier, SUN.phone, 11)
    assert all(asked["detect"] for asked in carrier.asked if "url" in asked)
    call = Call(each_village, SUN.phone, "CA-2", url, AnsweredBy="machine_end_beep")
    assert "第十一号事" in call.said and "请按" not in call.said and call.url == ""
    assert heard(each_village, id) == "machine"


def test_a_call_that_broke_off_is_taken_up_when_the_resident_rings_back(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    id, url = notice(each_village, carrier, SUN.phone, 11)
    call = Call(each_village, SUN.phone, "CA-3", url)
    assert "第十一号事" in call.said
    call.hang_up()
    with time_machine.travel(clock.now() + timedelta(hours=5), tick=True):
        back = Call(each_village, SUN.phone, "CA-4")
        assert "接着说，请按1" in back.said and "第十一号事" in back.said
        assert heard(each_village, id) == "answered" and "同意，请按1" in back.press("1")
        assert "您选的是" in back.press("1")
        assert "回执" in back.press("1")
    with each_village.db.read() as s:
        b = s.get_one(Broadcast, s.get_one(Delivery, id).broadcast_id or 0)
        assert b.stage == "notice"
    back.hang_up()
    assert "接着说" not in Call(each_village, SUN.phone, "CA-5").said


def test_on_a_shared_handset_nobody_goes_on_in_anothers_place(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    _, url = notice(each_village, carrier, WANG.phone, 11)
    call = Call(each_village, WANG.phone, "CA-6", url)
    call.press("1")
    call.hang_up()
    assert "王德顺，请按1" in Call(each_village, WANG.phone, "CA-7").said
