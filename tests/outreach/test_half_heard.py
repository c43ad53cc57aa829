"""Notices of our own that a machine took or that were hung up on: not told, and heard by whoever rings back."""

from datetime import timedelta

import pytest
from sqlalchemy import func, select

from gateway import clock
from gateway.consultation import matters
from gateway.models.answer import Ballot
from gateway.models.outreach import Broadcast, Delivery
from gateway.models.person import Person
from gateway.outreach import aftermath, audience, broadcasts, hours, outbox, stuck, watching
from gateway.outreach.audience import Audience
from gateway.runtime import Runtime
from tests.calls import Call
from tests.conftest import SUN
from tests.outreach.conftest import FakeCarrier
from tests.outreach.lanes import counts, delivery, report, village_of


def water_off(rt: Runtime, carrier: FakeCarrier, **more: object) -> tuple[int, str]:
    """Ring 拟柳村 about the water; returns the broadcast and the address at which Sun's call begins."""
    with rt.db.write() as s:
        b = broadcasts.create(s, area=village_of(s), sms="明天停水", channel="voice", detect=True, **more)  # type: ignore[arg-type]
        broadcasts.start(s, rt.settings, b)
        id = b.id
    outbox.drain(rt, "calls")
    return id, next(str(a["url"]) for a in carrier.asked if a["to"] == SUN.phone)


def on_the_door_list(rt: Runtime, id: int) -> bool:
    with rt.db.read() as s:
        return SUN.name in {door.name for door in watching.doors(s, s.get_one(Broadcast, id))}


@pytest.mark.parametrize("who", ["machine_end_beep", "human"])
def test_a_notice_nobody_heard_is_texted_listed_and_told_to_who_rings_back(
    each_village: Runtime, carrier: FakeCarrier, who: str
) -> None:
    id, url = water_off(each_village, carrier, fallback="sms")
    d = delivery(each_village, id, SUN.phone)
    first = Call(each_village, SUN.phone, str(d.carrier_id), url, AnsweredBy=who)
    assert ("请按" in first.said) == (who == "human")
    report(each_village, d, "completed")
    assert on_the_door_list(each_village, id)
    with each_village.db.write() as s:
        assert aftermath.half_heard(s) >= 1
        assert aftermath.half_heard(s) == 0  # once
    outbox.drain(each_village, "bulk")
    assert [m.body for m in carrier.sent if m.to == SUN.phone and m.body] == ["明天停水"]
    back = Call(each_village, SUN.phone, "CA-back")
    assert "明天停水" in back.said and "办别的事，请按2" in back.said
    assert "听正在商量的事" in back.press("2")
    assert not on_the_door_list(each_village, id)
    assert "明天停水" not in Call(each_village, SUN.phone, "CA-again").said


def test_a_notice_of_last_week_is_no_news(each_village: Runtime, carrier: FakeCarrier) -> None:
    id, url = water_off(each_village, carrier)
    d = delivery(each_village, id, SUN.phone)
    Call(each_village, SUN.phone, str(d.carrier_id), url, AnsweredBy="machine_end_beep")
    report(each_village, d, "completed")
    assert on_the_door_list(each_village, id)
    with each_village.db.write() as s:
        s.get_one(Delivery, d.id).settled_at = clock.now() - timedelta(days=4)
    assert "明天停水" not in Call(each_village, SUN.phone, "CA-back").said


def test_a_broadcast_isnt_done_while_a_telephone_rings(each_village: Runtime, carrier: FakeCarrier) -> None:
    id, _ = water_off(each_village, carrier)
    with each_village.db.write() as s:
        assert id not in broadcasts.finish(s)
        ringing = list(
            s.scalars(select(Delivery).where(Delivery.broadcast_id == id, Delivery.state != "failed"))
        )
        assert ringing
    for d in ringing:
        report(each_village, d, "completed", sid=d.carrier_id)
    with each_village.db.write() as s:
        assert id in broadcasts.finish(s)


def test_what_was_cancelled_has_told_nobody(each_village: Runtime, carrier: FakeCarrier) -> None:
    with each_village.db.write() as s:
        b = broadcasts.create(s, area=village_of(s), sms="明天停水", channel="sms")
        broadcasts.start(s, each_village.settings, b)
        broadcasts.cancel(s, b)
        id = b.id
    assert counts(each_village, id)["planned"] and on_the_door_list(each_village, id)


def test_only_whom_a_matter_asks_has_not_answered_it_yet(each_village: Runtime) -> None:
    with each_village.db.read() as s:
        c = matters.find(s, 14)
        assert c is not None
        b = Broadcast(
            area_id=village_of(s, "XQ").id, channel="auto", sms="x", voice="x",
            audience=Audience(areas=(village_of(s, "XQ").id,), consultation=c.id, standing="not_yet").to_json(),
        )  # fmt: skip
        found = set(s.scalars(select(Person.id).where(audience.people(s, b))))
        asked = {p.id for p in s.scalars(matters.eligible(s, c))}
        answered = s.scalar(select(func.count()).select_from(Ballot).where(Ballot.consultation_id == c.id))
        assert found < asked and answered and len(found) <= len(asked) - 1


def test_the_trial_village_keeps_hours_once_it_is_given_some(village: Runtime) -> None:
    assert hours.minutes_until_allowed(village.settings, "bulk") == 0
    st = village.settings.model_copy()
    night = clock.now().astimezone(st.zone)
    st.quiet_hours = f"{night:%H:00}-{night + timedelta(hours=1):%H:00}"
    assert st.model_fields_set & {"quiet_hours"} and hours.minutes_until_allowed(st, "bulk") > 0
    assert hours.minutes_until_allowed(st, "calls") == 0


def test_moving_the_trial_clock_rings_no_alarm_at_once(
    each_village: Runtime, carrier: FakeCarrier, tmp_path
) -> None:  # type: ignore[no-untyped-def]
    with each_village.db.write() as s:
        broadcasts.start(s, each_village.settings, broadcasts.create(s, area=village_of(s), sms="停水"))
    clock.use_trial_clock(tmp_path)
    with each_village.db.read() as s:
        assert not stuck.alarms(s, each_village.settings)
        clock.move_trial_clock(timedelta(days=1))
        assert not stuck.alarms(s, each_village.settings)
    clock.use_trial_clock(None)
