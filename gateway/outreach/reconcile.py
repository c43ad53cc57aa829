"""What became of deliveries we lost sight of: status callbacks, lapsed leases, the carrier's own list."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from gateway import clock
from gateway.carriers.base import Carrier, Failure, Found
from gateway.models.outreach import RANK, Broadcast, Delivery, DeliveryEvent
from gateway.models.person import Handset
from gateway.runtime import Runtime

log = structlog.get_logger()

_MESSAGE = {
    "accepted": "accepted",
    "scheduled": "accepted",
    "queued": "accepted",
    "sending": "accepted",
    "sent": "sent",
    "delivered": "delivered",
    "read": "delivered",
    "undelivered": "undelivered",
    "failed": "failed",
    "canceled": "failed",
}
_CALL = {
    "queued": "accepted",
    "initiated": "accepted",
    "ringing": "sent",
    "in-progress": "sent",
    "answered": "sent",
    "completed": "delivered",
    "busy": "undelivered",
    "no-answer": "undelivered",
    "failed": "failed",
    "canceled": "failed",
}
# may still be missing from the carrier's list although it was accepted: lists lag behind (twilio.md §2)
_LIST_LAG = timedelta(seconds=45)


def reported(
    s: Session, delivery_id: int | None, carrier_id: str, status: str, error: str | None, channel: str
) -> bool:
    """Take in one status callback; False when it is about nothing of ours.

    Only ever moves a delivery forward by rank, so repeats and wrong order do no harm; every one is kept.
    """
    wanted = Delivery.id == delivery_id if delivery_id else Delivery.carrier_id == carrier_id
    delivery = s.scalar(select(Delivery).where(wanted))
    if delivery is None or (delivery.carrier_id and carrier_id and delivery.carrier_id != carrier_id):
        return False
    s.add(DeliveryEvent(delivery_id=delivery.id, status=status, error=error, carrier_id=carrier_id))
    to = (_MESSAGE if channel == "sms" else _CALL).get(status)
    if to is None:
        return True
    if to == "undelivered" and channel == "voice":
        error = error or status
    now = clock.now()
    lower = [state for state, rank in RANK.items() if rank < RANK[to]]
    values: dict[str, object] = {"state": to, "lease_until": None, "error": error or None}
    if RANK[to] >= RANK["undelivered"]:
        values["settled_at"] = now
    s.execute(
        update(Delivery)
        .where(Delivery.id == delivery.id, Delivery.state.in_(lower))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    s.execute(
        update(Delivery)
        .where(Delivery.id == delivery.id, Delivery.carrier_id.is_(None))
        # the create call never told us that it was accepted: this callback does
        .values(carrier_id=carrier_id, attempts=Delivery.attempts + 1)
        .execution_options(synchronize_session=False)
    )
    return True


def sweep(rt: Runtime) -> int:
    """Settle deliveries whose lease lapsed while they were being submitted; returns how many.

    Each is looked up in the carrier's list before anything else. Found: it is that one. Absent after the
    list had time to catch up: it was never accepted and may be sent again. Can't be asked: ``unknown``.
    """
    now = clock.now()
    with rt.db.read() as s:
        lost = list(
            s.execute(
                select(
                    Delivery.id,
                    Delivery.channel,
                    Delivery.submitted_at,
                    Handset.number,
                    Delivery.body,
                    Broadcast.sms,
                )
                .join(Handset, Handset.id == Delivery.handset_id)
                .outerjoin(Broadcast, Broadcast.id == Delivery.broadcast_id)
                .where(Delivery.state.in_(("submitting", "unknown")), Delivery.lease_until < now)
                .order_by(Delivery.lease_until)
                .limit(200)
            )
        )
    if not lost:
        return 0
    return asyncio.run(_look_up(rt, lost))


async def _look_up(rt: Runtime, lost: Sequence[Any]) -> int:
    carrier = rt.make_carrier()
    room = asyncio.Semaphore(10)

    async def one(row: Any) -> bool:
        async with room:
            return await _settle_one(rt, carrier, *row)

    try:
        return sum(await asyncio.gather(*(one(row) for row in lost)))
    finally:
        await carrier.close()


async def _settle_one(
    rt: Runtime,
    carrier: Carrier,
    id: int,
    channel: str,
    submitted_at: Any,
    number: str,
    body: str | None,
    sms: str | None,
) -> bool:
    words = body or sms or ""
    try:
        if channel == "sms":
            found = [f for f in await carrier.find_messages(number, submitted_at) if f.body == words]
        else:
            found = await carrier.find_calls(number, submitted_at)
    except Failure as failure:
        log.warning("carrier can't be asked about a delivery", delivery=id, failure=failure.code)
        await asyncio.to_thread(_park, rt, id)
        return False
    return await asyncio.to_thread(_conclude, rt, id, channel, found)


def _park(rt: Runtime, id: int) -> None:
    """Nobody knows: shown as unknown, asked again in a minute, never sent again blindly."""
    with rt.db.write() as s:
        s.execute(
            update(Delivery)
            .where(Delivery.id == id, Delivery.state.in_(("submitting", "unknown")))
            .values(state="unknown", lease_until=clock.now() + timedelta(seconds=60))
            .execution_options(synchronize_session=False)
        )


def _conclude(rt: Runtime, id: int, channel: str, found: list[Found]) -> bool:
    now = clock.now()
    with rt.db.write() as s:
        # a list entry that another delivery already is can't be this one, too
        taken = set(
            s.scalars(
                select(Delivery.carrier_id).where(Delivery.carrier_id.in_([f.carrier_id for f in found]))
            )
        )
        free = [f for f in found if f.carrier_id not in taken]
        if free:
            f = free[0]
            return reported(s, id, f.carrier_id, f.status, f.error, channel)
        delivery = s.get_one(Delivery, id)
        if delivery.state not in ("submitting", "unknown"):
            return False
        if delivery.submitted_at and now - delivery.submitted_at < _LIST_LAG:
            delivery.lease_until = delivery.submitted_at + _LIST_LAG
            return False
        delivery.state, delivery.lease_until, delivery.due_at = "planned", None, now
        return True
