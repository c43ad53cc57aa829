"""A broadcast on its way: each handset once, whatever the carrier does, and nobody who doesn't want it."""

from collections import Counter
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from gateway import clock
from gateway.carriers.base import Ambiguous, BadCredentials, BadNumber, NotNow, OptedOut
from gateway.models.area import Area
from gateway.models.outreach import Broadcast, Delivery, Spending
from gateway.models.person import Handset
from gateway.outreach import broadcasts, outbox, reconcile, settling
from gateway.outreach.audience import Audience
from gateway.outreach.settling import Report
from gateway.people import consent, residents
from gateway.runtime import Runtime
from tests.conftest import LI, SUN, WANG
from tests.outreach.conftest import FakeCarrier


def village_of(s, code: str = "NL") -> Area:  # type: ignore[no-untyped-def]
    found = s.scalar(select(Area).where(Area.code == code))
    assert found is not None
    return found


def told(rt: Runtime, channel: str = "sms", **how: object) -> int:
    """Start a broadcast to 拟柳村; returns its id."""
    with rt.db.write() as s:
        b = broadcasts.create(s, area=village_of(s), sms="【拟柳村委会】明天停水", channel=channel, **how)  # type: ignore[arg-type]
        broadcasts.start(s, rt.settings, b)
        return b.id


def counts(rt: Runtime, id: int) -> Counter[str]:
    with rt.db.read() as s:
        return Counter({k: v for k, v in broadcasts.counts(s, s.get_one(Broadcast, id)).items() if v})


def delivery(rt: Runtime, id: int, phone: str) -> Delivery:
    with rt.db.read() as s:
        handset = residents.handset(s, phone)
        assert handset is not None
        found = s.scalars(
            select(Delivery).where(Delivery.broadcast_id == id, Delivery.handset_id == handset.id)
        ).all()
        assert len(found) == 1
        return found[0]


def report(rt: Runtime, d: Delivery, status: str, error: str | None = None, sid: str | None = None) -> None:
    """A status callback, as the web process takes it in."""
    callbacks = settling.Callbacks(rt)
    callbacks.take(Report(d.channel, sid or d.carrier_id or "", status, error, d.id, d.tries))


def lapse(rt: Runtime, id: int) -> None:
    """Every lease of a broadcast ran out long ago."""
    long_ago = clock.now() - timedelta(minutes=10)
    with rt.db.write() as s:
        for d in s.scalars(select(Delivery).where(Delivery.broadcast_id == id)):
            if d.lease_until:
                d.lease_until = long_ago
            if d.submitted_at:
                d.submitted_at = long_ago


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


# ---- caps, hours, money ------------------------------------------------------------------------------


def test_a_third_broadcast_in_a_day_waits_for_tomorrow(each_village: Runtime, carrier: FakeCarrier) -> None:
    object.__setattr__(each_village.settings, "__pydantic_fields_set__", {"attempts_per_day"})
    noon = clock.now().replace(hour=4, minute=0)  # 12:00 in the village
    with time_machine.travel(noon, tick=True):
        for _ in range(2):
            told(each_village)
            outbox.drain(each_village, "bulk")
        sent = len(carrier.sent)
        third = told(each_village)
        outbox.drain(each_village, "bulk")
        assert len(carrier.sent) == sent
        d = delivery(each_village, third, SUN.phone)
        assert d.state == "planned" and d.due_at.astimezone(clock.village_zone()).hour == 8
    with time_machine.travel(noon + timedelta(days=1), tick=True):
        outbox.drain(each_village, "bulk")
        assert counts(each_village, third).keys() == {"accepted"}


def test_an_area_elsewhere_is_asleep_while_the_village_is_awake(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    each_village.settings.twilio_account_sid = "ACreal"  # hours hold with a real carrier
    each_village.settings.twilio_auth_token = "x"
    with each_village.db.write() as s:
        village_of(s).timezone = "America/New_York"
    id = told(each_village)
    with time_machine.travel(clock.now().replace(hour=4, minute=0), tick=True):  # noon in China, 23:00 there
        assert outbox.drain(each_village, "bulk") == 0
    with time_machine.travel(clock.now().replace(hour=18, minute=0) + timedelta(days=1), tick=True):
        outbox.drain(each_village, "bulk")
    assert counts(each_village, id).keys() == {"accepted"}
    assert all(0 < int(str(a["valid"])) <= 8 * 3600 for a in carrier.asked)


def test_a_budget_stops_a_broadcast_before_it_starts_and_while_it_runs(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    with each_village.db.write() as s:
        village_of(s).monthly_budget = 10
    with pytest.raises(broadcasts.OverBudget) as no:
        told(each_village)
    assert no.value.left == 10 and no.value.price > 10
    with each_village.db.write() as s:
        village_of(s).monthly_budget = 1_000_000
    id = told(each_village)
    with each_village.db.write() as s:
        village_of(s).monthly_budget = 0
        assert broadcasts.hold_over_budget(s, each_village.settings) == [id]
    assert outbox.drain(each_village, "bulk") == 0
    with each_village.db.write() as s:
        village_of(s).monthly_budget = 1_000_000
        broadcasts.hold_over_budget(s, each_village.settings)
    outbox.drain(each_village, "bulk")
    assert counts(each_village, id).keys() == {"accepted"}
    with each_village.db.read() as s:
        spent = s.scalars(select(Spending.amount)).one()
        assert spent == 50 * len(carrier.sent)  # 0.05 yuan a segment


def test_a_handset_always_hears_from_the_same_number(each_village: Runtime, carrier: FakeCarrier) -> None:
    each_village.settings.senders = "+8649900000013,+8649900000014"
    for _ in range(2):
        told(each_village)
        outbox.drain(each_village, "bulk")
    by_handset: dict[str, set[str]] = {}
    for f in carrier.sent:
        by_handset.setdefault(f.to, set()).add(f.sender)
    assert all(len(senders) == 1 for senders in by_handset.values())
    assert len({next(iter(senders)) for senders in by_handset.values()}) > 1


def test_a_second_organizer_has_to_agree_where_the_area_wants_that(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    from gateway.models.organizer import Organizer

    with each_village.db.write() as s:
        area = village_of(s)
        area.needs_approval = True
        first, second = list(s.scalars(select(Organizer).order_by(Organizer.id).limit(2)))
        b = broadcasts.create(s, area=area, sms="【拟柳村委会】明天停水", by=f"organizer:{first.id}")
        assert broadcasts.start(s, each_village.settings, b) == 0 and b.state == "waiting"
        with pytest.raises(broadcasts.SamePerson):
            broadcasts.approve(s, each_village.settings, b, first)
    assert outbox.drain(each_village, "bulk") == 0
    with each_village.db.write() as s:
        broadcasts.approve(s, each_village.settings, s.get_one(Broadcast, b.id), second)
    assert outbox.drain(each_village, "bulk") > 0


# ---- audience ------------------------------------------------------------------------------------------


def reached(rt: Runtime, **to: object) -> set[str]:
    from gateway.outreach import audience

    with rt.db.read() as s:
        b = Broadcast(
            area_id=village_of(s).id, channel="auto", sms="x", voice="x", audience=Audience(**to).to_json()
        )  # type: ignore[arg-type]
        ids = [row.handset_id for row in s.execute(audience.handsets(s, b))]
        return set(s.scalars(select(Handset.number).where(Handset.id.in_(ids))))


def test_an_audience_can_be_narrowed_by_tag_role_language_and_standing(each_village: Runtime) -> None:
    from gateway.consultation import ballots, matters
    from gateway.models.person import Person

    everybody = reached(each_village)
    assert {SUN.phone, LI.phone, WANG.phone} <= everybody
    with each_village.db.write() as s:
        sun = s.scalars(select(Person).where(Person.name == SUN.name)).one()
        sun.tags = [*sun.tags, "老党员"]
        sun.language = "ko"
        matter = matters.find(s, 11)
        assert matter is not None
        ballots.cast(s, matter, sun, "1", "sms")
        area_id, matter_id = sun.area_id, matter.id
    here = (area_id,)
    assert reached(each_village, areas=here, tag="老党员") == {SUN.phone}
    assert reached(each_village, areas=here, language="ko") == {SUN.phone}
    household = reached(each_village, areas=here, consultation=matter_id, standing="answered")
    assert SUN.phone in household and len(household) == 2  # 11 counts households: his wife's phone, too
    left = reached(each_village, areas=here, consultation=matter_id, standing="not_yet")
    assert SUN.phone not in left and WANG.phone in left
    assert reached(each_village, areas=here, role="delegate") < everybody


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
