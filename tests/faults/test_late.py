"""A request or an answer that comes after its time: nothing leaves late, and what did leave is believed."""

import asyncio
import time
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from gateway import clock
from gateway.carriers.base import Accepted, Failure
from gateway.carriers.twilio import TwilioCarrier
from gateway.models.area import Area
from gateway.models.outreach import Broadcast, Delivery
from gateway.outreach import broadcasts, claiming, settling
from gateway.outreach.settling import Outcome
from gateway.runtime import Runtime
from tests.conftest import SUN
from tests.servers import HOTLINE, SID, TOKEN, Carrier


@pytest.fixture
def carrier() -> Iterator[Carrier]:
    found = Carrier()
    yield found
    found.stop()


async def _send(carrier: Carrier, words: str, before: float) -> Accepted:
    ours = TwilioCarrier(SID, TOKEN, HOTLINE, base_url=carrier.url)
    try:
        return await ours.send_sms(SUN.phone, words, callback="", valid_seconds=600, before=before)
    finally:
        await ours.close()


def test_a_request_whose_time_is_over_never_reaches_the_carrier(carrier: Carrier) -> None:
    with pytest.raises(Failure) as failure:
        asyncio.run(_send(carrier, "too late", time.monotonic() - 1))
    assert failure.value.ambiguous
    asyncio.run(_send(carrier, "in time", time.monotonic() + 10))
    assert [body for _, body, *_ in carrier.taken("")] == ["in time"]


def _one_submitted(rt: Runtime) -> tuple[Broadcast, claiming.Item]:
    with rt.db.write() as s:
        area = s.scalars(select(Area).where(Area.code == "NL")).one()
        b = broadcasts.create(s, area=area, sms="明天停水", channel="sms")
        broadcasts.start(s, rt.settings, b)
    with rt.db.read() as s:
        source = claiming.sources(s, rt.settings, "bulk")[0]
    item = claiming.submit(rt, claiming.claim(rt, source, 1))[0]
    return b, item


def test_a_late_answer_about_a_delivery_planned_again_is_believed(each_village: Runtime) -> None:
    rt = each_village
    _, item = _one_submitted(rt)
    with rt.db.write() as s:  # as the sweep does with what it found absent
        d = s.get_one(Delivery, item.id)
        d.state, d.lease_until, d.due_at = "planned", None, clock.now()
    settling.settle(rt, [Outcome(item, accepted=Accepted("SM1", "queued"))])
    with rt.db.read() as s:
        d = s.get_one(Delivery, item.id)
        assert (d.state, d.carrier_id, d.attempts) == ("accepted", "SM1", 1)


def test_a_broadcast_is_finished_when_nothing_is_unknown_and_goes_on_when_something_is_planned_again(
    each_village: Runtime,
) -> None:
    rt = each_village
    b, item = _one_submitted(rt)
    with rt.db.write() as s:
        for d in s.scalars(select(Delivery).where(Delivery.broadcast_id == b.id)):
            d.state = "unknown" if d.id == item.id else "accepted"
    with rt.db.write() as s:
        assert broadcasts.finish(s) == []
        s.get_one(Delivery, item.id).state = "accepted"
        s.flush()
        assert broadcasts.finish(s) == [b.id]
        s.get_one(Delivery, item.id).state = "planned"
    with rt.db.write() as s:
        broadcasts.finish(s)
        assert s.get_one(Broadcast, b.id).state == "running"
        assert [source.broadcast_id for source in claiming.sources(s, rt.settings, "bulk")] == [b.id]
