"""What tests of the outbox have in common: starting a broadcast, looking at it, reporting, letting time pass."""

from collections import Counter
from datetime import timedelta

from sqlalchemy import select

from gateway import clock
from gateway.models.area import Area
from gateway.models.outreach import Broadcast, Delivery
from gateway.outreach import broadcasts, settling
from gateway.outreach.settling import Report
from gateway.people import residents
from gateway.runtime import Runtime


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
