"""What the carrier says afterwards, in any order: callbacks, calls rung again, the other channel."""

from datetime import timedelta

import time_machine
from sqlalchemy import select

from gateway import clock
from gateway.models.outreach import Delivery
from gateway.outreach import outbox, reconcile
from gateway.runtime import Runtime
from tests.conftest import SUN, WANG
from tests.outreach.conftest import FakeCarrier
from tests.outreach.lanes import counts, delivery, lapse, report, told

# ---- callbacks -----------------------------------------------------------------------------------


def test_callbacks_in_any_order_any_number_of_times_end_the_same(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    id = told(each_village)
    outbox.drain(each_village, "bulk")
    d = delivery(each_village, id, SUN.phone)
    for status in ("delivered", "sent", "queued", "delivered", "sent"):
        report(each_village, d, status)
    after = delivery(each_village, id, SUN.phone)
    assert (after.state, after.attempts) == ("delivered", 1)


def test_a_callback_before_the_answer_is_not_overwritten(each_village: Runtime, carrier: FakeCarrier) -> None:
    id = told(each_village)

    def deliver_first(to: str) -> None:
        if to == SUN.phone:
            report(
                each_village,
                delivery(each_village, id, SUN.phone),
                "delivered",
                sid=f"SM{len(carrier.sent):032d}",
            )

    carrier.mood = deliver_first
    each_village.settings.send_concurrency = 1
    outbox.drain(each_village, "bulk")
    after = delivery(each_village, id, SUN.phone)
    assert (after.state, after.attempts, after.day_attempts) == ("delivered", 1, 1)
    assert after.carrier_id in {f.carrier_id for f in carrier.sent if f.to == SUN.phone}


def test_a_lost_callback_is_made_up_for_by_asking(each_village: Runtime, carrier: FakeCarrier) -> None:
    id = told(each_village)
    outbox.drain(each_village, "bulk")
    carrier.sent = [
        type(f)(f.carrier_id, f.to, f.sender, f.body, "delivered", None, f.direction, f.created_at)
        for f in carrier.sent
    ]
    lapse(each_village, id)
    reconcile.sweep(each_village)
    assert counts(each_village, id).keys() == {"delivered"}


# ---- calls -----------------------------------------------------------------------------------------


def test_a_busy_line_is_rung_again_up_the_ladder_and_old_news_changes_nothing(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    id = told(each_village, "voice", retry="15m, 2h")
    outbox.drain(each_village, "calls")
    first = delivery(each_village, id, WANG.phone)
    report(each_village, first, "busy")
    waits = delivery(each_village, id, WANG.phone)
    assert waits.state == "planned" and waits.attempts == 1
    assert timedelta(minutes=14) < waits.due_at - clock.now() <= timedelta(minutes=15)
    report(each_village, first, "busy")  # the carrier repeats itself
    assert delivery(each_village, id, WANG.phone).state == "planned"
    with time_machine.travel(clock.now() + timedelta(minutes=16), tick=True):
        outbox.drain(each_village, "calls")
        second = delivery(each_village, id, WANG.phone)
        assert second.attempts == 2 and second.carrier_id != first.carrier_id
        report(each_village, first, "no-answer")
        assert delivery(each_village, id, WANG.phone).state == "accepted"
        report(each_village, second, "no-answer")
    with time_machine.travel(clock.now() + timedelta(hours=3), tick=True):
        outbox.drain(each_village, "calls")
        third = delivery(each_village, id, WANG.phone)
        report(each_village, third, "no-answer")
    assert delivery(each_village, id, WANG.phone).state == "undelivered"
    assert [f.to for f in carrier.sent].count(WANG.phone) == 3


def test_an_sms_that_fails_becomes_a_call_where_the_broadcast_wants_it(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    id = told(each_village, "sms", fallback="voice")
    outbox.drain(each_village, "bulk")
    d = delivery(each_village, id, SUN.phone)
    for _ in range(2):
        report(each_village, d, "undelivered", "30003")
    outbox.drain(each_village, "calls")
    assert [f.to for f in carrier.sent].count(SUN.phone) == 2  # one SMS, one call


def test_no_more_calls_at_once_than_allowed(each_village: Runtime, carrier: FakeCarrier) -> None:
    each_village.settings.calls_at_once = 2
    id = told(each_village, "voice")
    outbox.drain(each_village, "calls")
    assert len(carrier.sent) == 2
    with each_village.db.read() as s:
        live = s.scalars(
            select(Delivery).where(Delivery.broadcast_id == id, Delivery.state == "accepted")
        ).all()
    report(each_village, live[0], "completed")
    outbox.drain(each_village, "calls")
    assert len(carrier.sent) == 3
