"""Messages that came while nobody was there."""

from datetime import timedelta
from xml.etree import ElementTree

import time_machine
from sqlalchemy import func, select

from gateway import catchup, clock, inbound
from gateway.carriers.base import Ambiguous, Found
from gateway.models.answer import Ballot
from gateway.models.conversation import InboundEvent
from gateway.outreach import outbox
from gateway.runtime import Runtime
from tests.conftest import SUN
from tests.outreach.conftest import FakeCarrier


def missed(carrier: FakeCarrier, rt: Runtime, sid: str, body: str, ago: float = 60) -> None:
    """The carrier took an SMS of 孙长河's some seconds ago, and its webhook found nobody."""
    when = clock.now() - timedelta(seconds=ago)
    carrier.received.append(
        Found(sid, rt.settings.hotline, SUN.phone, body, "received", None, "inbound", when)
    )


def votes(rt: Runtime) -> int:
    with rt.db.read() as s:
        return (
            s.scalar(
                select(func.count()).select_from(Ballot).where(Ballot.channel == "sms", Ballot.receipt != "")
            )
            or 0
        )


def test_a_missed_vote_counts_once_and_is_answered_through_the_outbox(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    catchup.catch_up(each_village)  # the first start: what is older belongs to somebody else
    before = votes(each_village)
    missed(carrier, each_village, "SM-missed", "11 1")
    assert catchup.catch_up(each_village) == 1 and catchup.catch_up(each_village) == 0
    assert votes(each_village) == before + 1
    outbox.drain(each_village, "replies")
    assert len(carrier.sent) == 1 and "回执" in carrier.sent[0].body
    form = {"MessageSid": "SM-missed", "From": SUN.phone, "To": each_village.settings.hotline, "Body": "11 1"}
    late = inbound.sms(each_village, form)
    assert ElementTree.fromstring(late.encode()).tag == "Response" and "<Message" not in late
    assert votes(each_village) == before + 1


def test_the_last_of_two_missed_answers_counts(each_village: Runtime, carrier: FakeCarrier) -> None:
    catchup.catch_up(each_village)
    missed(carrier, each_village, "SM-b", "11 2", ago=50)
    missed(carrier, each_village, "SM-a", "11 1", ago=90)
    assert catchup.catch_up(each_village) == 2
    with each_village.db.read() as s:
        newest = s.scalars(select(Ballot.option).order_by(Ballot.id.desc()).limit(1)).one()
    assert newest == "2"


def test_one_that_just_came_is_left_to_its_own_webhook(each_village: Runtime, carrier: FakeCarrier) -> None:
    catchup.catch_up(each_village)
    missed(carrier, each_village, "SM-new", "11 1", ago=2)
    assert catchup.catch_up(each_village) == 0
    with time_machine.travel(clock.now() + timedelta(seconds=30), tick=True):
        assert catchup.catch_up(each_village) == 1


def test_while_the_carrier_cannot_be_asked_nothing_is_forgotten(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    catchup.catch_up(each_village)
    missed(carrier, each_village, "SM-long-ago", "11 1", ago=3600)
    carrier.received[0] = Found(
        **{**carrier.received[0].__dict__, "created_at": clock.now() + timedelta(hours=1)}
    )

    async def silence(*_: object) -> list[Found]:
        raise Ambiguous("timeout")

    listed, carrier.received_since = carrier.received_since, silence  # type: ignore[method-assign]
    with time_machine.travel(clock.now() + timedelta(hours=2), tick=True):
        assert catchup.catch_up(each_village) == 0
        carrier.received_since = listed  # type: ignore[method-assign]
        assert catchup.catch_up(each_village) == 1
    with each_village.db.read() as s:
        assert s.scalar(
            select(func.count()).select_from(InboundEvent).where(InboundEvent.carrier_id == "SM-long-ago")
        )


def test_one_that_cannot_be_taken_in_does_not_hold_up_the_others(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    catchup.catch_up(each_village)
    missed(carrier, each_village, "SM-odd\0", "11 1\0", ago=90)
    missed(carrier, each_village, "SM-long" + "二" * 3000, "11 1", ago=80)
    missed(carrier, each_village, "SM-plain", "11 2", ago=60)
    before = votes(each_village)
    catchup.catch_up(each_village)
    assert votes(each_village) > before
    with each_village.db.read() as s:
        newest = s.scalars(select(Ballot.option).order_by(Ballot.id.desc()).limit(1)).one()
    assert newest == "2"
