"""A broadcast on its way: each handset once, whatever the carrier does."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from gateway import clock
from gateway.carriers.base import Ambiguous, BadCredentials, BadNumber, NotNow, OptedOut
from gateway.models.outreach import Broadcast, Delivery
from gateway.models.person import Handset
from gateway.outreach import broadcasts, outbox, reconcile
from gateway.people import consent, residents
from gateway.runtime import Runtime
from tests.conftest import LI, SUN, WANG
from tests.outreach.conftest import FakeCarrier
from tests.outreach.lanes import counts, delivery, lapse, report, told


def test_each_handset_gets_one_message_and_keeps_the_carriers_id(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    id = told(each_village)
    n = outbox.drain(each_village, "bulk")
    assert n == len(carrier.sent) == len({f.to for f in carrier.sent}) > 3
    assert counts(each_village, id) == {"accepted": n}
    assert delivery(each_village, id, LI.phone).carrier_id in {f.carrier_id for f in carrier.sent}
    assert outbox.drain(each_village, "bulk") == 0


def test_starting_twice_adds_nobody(each_village: Runtime, carrier: FakeCarrier) -> None:
    id = told(each_village)
    with each_village.db.write() as s, pytest.raises(broadcasts.NotPossible):
        broadcasts.start(s, each_village.settings, s.get_one(Broadcast, id))


def test_who_opts_out_after_planning_gets_nothing(each_village: Runtime, carrier: FakeCarrier) -> None:
    id = told(each_village)
    with each_village.db.write() as s:
        handset = residents.handset(s, SUN.phone)
        assert handset is not None
        consent.stop(s, handset, "sms", "sms")
    outbox.drain(each_village, "bulk")
    assert SUN.phone not in {f.to for f in carrier.sent}
    assert delivery(each_village, id, SUN.phone).error == "stopped"


def test_a_paused_broadcast_stops_and_goes_on_where_it_was(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    id = told(each_village)

    def pause_after_the_first(to: str) -> None:
        if len(carrier.sent) == 1:
            with each_village.db.write() as s:
                b = s.get_one(Broadcast, id)
                if b.state == "running":
                    broadcasts.pause(s, b)

    carrier.mood = pause_after_the_first
    each_village.settings.send_concurrency = 1
    outbox.drain(each_village, "bulk")
    first = len(carrier.sent)
    assert (
        1 <= first <= 6
        and counts(each_village, id)["planned"] > 0
        and counts(each_village, id)["claimed"] == 0
    )
    carrier.mood = lambda to: None
    with each_village.db.write() as s:
        broadcasts.resume(s, s.get_one(Broadcast, id))
    outbox.drain(each_village, "bulk")
    assert len({f.to for f in carrier.sent}) == len(carrier.sent) == sum(counts(each_village, id).values())


def test_a_refusal_that_is_safe_is_tried_again_later(each_village: Runtime, carrier: FakeCarrier) -> None:
    id = told(each_village)
    carrier.mood = lambda to: NotNow("20429", after=30.0) if to == SUN.phone else None
    outbox.drain(each_village, "bulk")
    d = delivery(each_village, id, SUN.phone)
    assert d.state == "planned" and d.due_at > clock.now() + timedelta(seconds=25) and d.attempts == 0
    carrier.mood = lambda to: None
    with time_machine.travel(clock.now() + timedelta(minutes=1), tick=True):
        outbox.drain(each_village, "bulk")
    assert [f.to for f in carrier.sent].count(SUN.phone) == 1


def test_an_ambiguous_answer_is_found_on_the_list_and_not_sent_again(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    id = told(each_village)
    carrier.mood = lambda to: ("lost", Ambiguous("500"))
    outbox.drain(each_village, "bulk")
    assert counts(each_village, id).keys() == {"submitting"}
    lapse(each_village, id)
    reconcile.sweep(each_village)
    outbox.drain(each_village, "bulk")
    assert counts(each_village, id).keys() == {"accepted"}
    assert len(carrier.sent) == len({f.to for f in carrier.sent})
    assert delivery(each_village, id, SUN.phone).attempts == 1


def test_what_never_arrived_is_sent_again_only_after_the_list_had_time(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    id = told(each_village)
    carrier.mood = lambda to: Ambiguous("reset")
    outbox.drain(each_village, "bulk")
    with each_village.db.write() as s:
        for d in s.scalars(select(Delivery).where(Delivery.broadcast_id == id)):
            d.lease_until = clock.now() - timedelta(seconds=1)
    reconcile.sweep(each_village)
    assert counts(each_village, id).keys() == {"submitting"}  # too early to tell
    lapse(each_village, id)
    reconcile.sweep(each_village)
    assert counts(each_village, id).keys() == {"planned"}
    carrier.mood = lambda to: None
    outbox.drain(each_village, "bulk")
    assert len({f.to for f in carrier.sent}) == len(carrier.sent) == sum(counts(each_village, id).values())


def test_a_carrier_that_cannot_be_asked_leaves_them_unknown(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    id = told(each_village)
    carrier.mood = lambda to: Ambiguous("reset")
    outbox.drain(each_village, "bulk")
    lapse(each_village, id)

    async def silence(*_: object) -> list[object]:
        raise Ambiguous("timeout")

    asked, carrier.find_messages = carrier.find_messages, silence  # type: ignore[assignment, method-assign]
    reconcile.sweep(each_village)
    assert counts(each_village, id).keys() == {"unknown"}
    carrier.mood = lambda to: None
    outbox.drain(each_village, "bulk")
    assert carrier.sent == []
    carrier.find_messages = asked  # type: ignore[method-assign]
    with each_village.db.write() as s:
        assert reconcile.ask_now(s, s.get_one(Broadcast, id)) > 0
    reconcile.sweep(each_village)
    assert counts(each_village, id).keys() == {"planned"}


def test_a_message_of_another_delivery_is_not_taken_for_the_lost_one(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    first = told(each_village)
    outbox.drain(each_village, "bulk")
    second = told(each_village)  # the same words to the same people
    carrier.mood = lambda to: Ambiguous("reset")
    outbox.drain(each_village, "bulk")
    lapse(each_village, second)
    reconcile.sweep(each_village)
    assert counts(each_village, second).keys() == {"planned"}
    assert counts(each_village, first).keys() == {"accepted"}


def test_a_claim_whose_worker_died_goes_back_at_once(each_village: Runtime, carrier: FakeCarrier) -> None:
    from gateway.outreach import claiming

    id = told(each_village)
    with each_village.db.read() as s:
        source = claiming.sources(s, each_village.settings, "bulk")[0]
    claiming.claim(each_village, source, 100)
    lapse(each_village, id)
    assert reconcile.sweep(each_village) > 0
    outbox.drain(each_village, "bulk")
    assert counts(each_village, id).keys() == {"accepted"}


def test_wrong_credentials_stop_everything_and_lose_nothing(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    id = told(each_village)
    each_village.settings.send_concurrency = 1
    carrier.mood = lambda to: BadCredentials("20003")
    outbox.drain(each_village, "bulk")
    asked = len(carrier.asked)
    assert asked <= 6 and carrier.sent == []
    assert outbox.drain(each_village, "bulk") == 0  # held for a minute
    with each_village.db.read() as s:
        assert any("密码" in words for words in each_village.alarms(s))
    carrier.mood = lambda to: None
    with time_machine.travel(clock.now() + timedelta(minutes=2), tick=True):
        outbox.drain(each_village, "bulk")
    assert counts(each_village, id).keys() == {"accepted"}
    with each_village.db.read() as s:
        assert not each_village.alarms(s)


def test_the_carrier_teaches_us_about_numbers(each_village: Runtime, carrier: FakeCarrier) -> None:
    id = told(each_village)
    errors = {SUN.phone: OptedOut("21610"), LI.phone: BadNumber("21614")}
    carrier.mood = lambda to: errors.get(to)
    outbox.drain(each_village, "bulk")
    with each_village.db.read() as s:
        sun, li = (residents.handset(s, who.phone) for who in (SUN, LI))
        assert sun and sun.sms_stopped_at is not None
        assert li and li.kind == "landline" and li.bad_reason is None
    assert delivery(each_village, id, SUN.phone).state == "failed"
    d = next(f for f in carrier.sent)
    with each_village.db.read() as s:
        lost = s.scalars(select(Delivery).where(Delivery.carrier_id == d.carrier_id)).one()
    report(each_village, lost, "undelivered", "30005")
    with each_village.db.read() as s:
        assert s.get_one(Handset, lost.handset_id).bad_reason == "空号"


def test_two_lost_calls_to_one_handset_are_not_taken_for_each_other(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    first, second = told(each_village, "voice"), told(each_village, "voice")
    never = {"first": True}

    def only_the_second_arrives(to: str) -> object:
        if to != WANG.phone:
            return None
        if never.pop("first", False):
            return Ambiguous("reset")
        return ("lost", Ambiguous("500"))

    carrier.mood = only_the_second_arrives
    outbox.drain(each_village, "calls")
    for id in (first, second):
        lapse(each_village, id)
    reconcile.sweep(each_village)
    assert {delivery(each_village, id, WANG.phone).state for id in (first, second)} == {"unknown"}
    assert [f.to for f in carrier.sent].count(WANG.phone) == 1
    sid = next(f.carrier_id for f in carrier.sent if f.to == WANG.phone)
    url = [a for a in carrier.asked if a["to"] == WANG.phone][1]["callback"]
    arrived = int(str(url).split("d=")[1].split("&")[0])
    with each_village.db.read() as s:
        d = s.get_one(Delivery, arrived)
    report(each_village, d, "completed", sid=sid)
    for id in (first, second):
        lapse(each_village, id)
    reconcile.sweep(each_village)
    states = {delivery(each_village, id, WANG.phone).state for id in (first, second)}
    assert states == {"delivered", "planned"}


def test_a_clock_that_is_fast_does_not_send_twice(each_village: Runtime, carrier: FakeCarrier) -> None:
    id = told(each_village)
    carrier.mood = lambda to: ("lost", Ambiguous("500"))
    outbox.drain(each_village, "bulk")
    carrier.sent = [
        type(f)(
            f.carrier_id, f.to, f.sender, f.body, f.status, None, f.direction, clock.now() - timedelta(minutes=13)
        )
        for f in carrier.sent
    ]  # fmt: skip
    lapse(each_village, id)  # submitted ten minutes ago by our clock, thirteen by the carrier's
    reconcile.sweep(each_village)
    assert counts(each_village, id).keys() == {"accepted"}


def test_a_broadcast_is_not_done_while_something_is_unknown(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    id = told(each_village)
    outbox.drain(each_village, "bulk")
    with each_village.db.write() as s:
        s.scalars(select(Delivery).where(Delivery.channel == "sms").limit(1)).one().state = "unknown"
        assert broadcasts.finish(s) == []
        s.scalars(select(Delivery).where(Delivery.state == "unknown")).one().state = "accepted"
        for d in s.scalars(select(Delivery).where(Delivery.state == "planned")):
            d.state = "failed"
        assert broadcasts.finish(s) == [id]
