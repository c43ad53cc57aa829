"""Claim, send, settle: how a planned delivery reaches the carrier, once.

Twilio's create calls have no idempotency key (twilio.md §2), so ``submitting`` is committed before the
request leaves. After that only a callback, or the carrier's own list, says what became of it.
"""

import asyncio
import os
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

import structlog
from sqlalchemy import bindparam, select, update
from sqlalchemy.orm import Session

from gateway import clock
from gateway.carriers.base import Accepted, BadNumber, Carrier, Failure, NotNow, OptedOut
from gateway.models.outreach import Broadcast, Delivery
from gateway.models.person import Handset
from gateway.outreach import hours
from gateway.outreach.pacing import Pace
from gateway.runtime import Runtime

log = structlog.get_logger()
MAX_TRIES = 8  # refusals known not to have been accepted; the last one is final
_ME = f"{socket.gethostname()}:{os.getpid()}"


@dataclass(frozen=True)
class Item:
    """One delivery on its way out."""

    id: int
    tries: int
    to: str
    channel: str
    body: str


@dataclass
class Outcome:
    """What the carrier did with an item: accepted, or how it failed."""

    item: Item
    accepted: Accepted | None = None
    failure: Failure | None = None


def drain(rt: Runtime, lane: str, stopping: Callable[[], bool] = lambda: False) -> int:
    """Send everything that is due in this lane; returns how many requests were made.

    ``stopping`` is asked between batches. Many workers may drain one lane: rows are claimed, never looked at and then taken.
    """
    if hours.minutes_until_allowed(rt.settings, lane) > 0:
        return 0
    with asyncio.Runner(loop_factory=_fast_loop()) as runner:
        return runner.run(_drain(rt, lane, stopping))


def _fast_loop() -> Any:
    with suppress(ImportError):
        import uvloop

        return uvloop.new_event_loop
    return None


async def _drain(rt: Runtime, lane: str, stopping: Callable[[], bool]) -> int:
    settings = rt.settings
    carrier = rt.make_carrier()
    rate = settings.calls_per_second if lane == "calls" else settings.messages_per_second
    pace = Pace(rate)
    sent = 0
    try:
        # replies leave one at a time as they come, bulk in batches that keep every connection busy
        size = settings.send_concurrency * (1 if rate else 2)
        while not stopping() and hours.minutes_until_allowed(settings, lane) == 0:
            batch = await asyncio.to_thread(claim, rt, lane, min(size, int(rate * 10) or size))
            if not batch:
                break
            outcomes = await _send_all(rt, carrier, pace, batch)
            sent += len(outcomes)
            await asyncio.to_thread(settle, rt, outcomes)
            stop = next((o.failure for o in outcomes if o.failure and o.failure.stop), None)
            if stop:
                log.error("carrier refuses our credentials, sending stopped", code=stop.code)
                await asyncio.to_thread(rt.raise_alarm, "carrier", stop.words)
                break
    finally:
        await carrier.close()
    return sent


def claim(rt: Runtime, lane: str, size: int) -> list[Item]:
    """Take up to ``size`` due deliveries, check consent once more, and commit them as ``submitting``."""
    now = clock.now()
    lease = now + timedelta(seconds=rt.settings.lease_seconds)
    with rt.db.write() as s:
        due = (
            select(Delivery.id)
            .outerjoin(Broadcast, Broadcast.id == Delivery.broadcast_id)
            .where(Delivery.lane == lane, Delivery.state == "planned", Delivery.due_at <= now)
            # a paused or cancelled broadcast stops within one batch
            .where((Delivery.broadcast_id.is_(None)) | (Broadcast.state == "running"))
            .order_by(Delivery.due_at, Delivery.id)
            .limit(size)
        )
        if not rt.db.sqlite:
            due = due.with_for_update(skip_locked=True, of=Delivery)
        taken = s.execute(
            update(Delivery)
            .where(Delivery.id.in_(due))
            .values(
                state="submitting",
                lease_until=lease,
                leased_by=_ME,
                submitted_at=now,
                tries=Delivery.tries + 1,
            )
            .returning(Delivery.id)
            .execution_options(synchronize_session=False)
        )
        ids = list(taken.scalars())
        if not ids:
            return []
        rows = s.execute(
            select(Delivery, Handset, Broadcast.sms)
            .join(Handset, Handset.id == Delivery.handset_id)
            .outerjoin(Broadcast, Broadcast.id == Delivery.broadcast_id)
            .where(Delivery.id.in_(ids))
            .order_by(Delivery.id)
        ).all()
        return _still_wanted(s, rows)


def _still_wanted(s: Session, rows: Sequence[Any]) -> list[Item]:
    """Drop those who opted out since planning; a reply to their own message still goes."""
    items = []
    for delivery, handset, sms in rows:
        if delivery.broadcast_id is not None:
            stopped = handset.voice_stopped_at if delivery.channel == "voice" else handset.sms_stopped_at
            why = "stopped" if stopped else "bad" if handset.bad_reason else None
            if why:
                delivery.state, delivery.error = "failed", why
                delivery.settled_at, delivery.lease_until = clock.now(), None
                continue
        items.append(
            Item(delivery.id, delivery.tries, handset.number, delivery.channel, delivery.body or sms or "")
        )
    return items


async def _send_all(rt: Runtime, carrier: Carrier, pace: Pace, batch: list[Item]) -> list[Outcome]:
    room = asyncio.Semaphore(rt.settings.send_concurrency)
    valid = hours.seconds_until_quiet(rt.settings)

    async def one(item: Item) -> Outcome:
        async with room:
            await pace.wait(item.body if item.channel == "sms" else "")
            return await _ask(rt, carrier, item, valid)

    return list(await asyncio.gather(*(one(item) for item in batch)))


async def _ask(rt: Runtime, carrier: Carrier, item: Item, valid: int) -> Outcome:
    base, mark = rt.settings.base_url, f"d={item.id}&n={item.tries}"
    try:
        if item.channel == "sms":
            accepted = await carrier.send_sms(
                item.to, item.body, callback=f"{base}/twilio/status/message?{mark}", valid_seconds=valid
            )
        else:
            accepted = await carrier.place_call(
                item.to, url=f"{base}/twilio/voice?{mark}", callback=f"{base}/twilio/status/call?{mark}"
            )
    except Failure as failure:
        return Outcome(item, failure=failure)
    return Outcome(item, accepted=accepted)


def settle(rt: Runtime, outcomes: list[Outcome]) -> None:
    """Write down what the carrier did, in one transaction. A callback that came first is not overwritten."""
    now = clock.now()
    accepted = [
        {"b_id": o.item.id, "b_sid": o.accepted.carrier_id} for o in outcomes if o.accepted is not None
    ]
    with rt.db.write() as s:
        connection = s.connection()
        if accepted:
            # two steps: the id is always kept, the state only moves forward
            connection.execute(
                update(Delivery.__table__)  # type: ignore[arg-type]
                .where(Delivery.__table__.c.id == bindparam("b_id"))
                .values(carrier_id=bindparam("b_sid"), attempts=Delivery.__table__.c.attempts + 1),
                accepted,
            )
            connection.execute(
                update(Delivery.__table__)  # type: ignore[arg-type]
                .where(Delivery.__table__.c.id.in_([o["b_id"] for o in accepted]))
                .where(Delivery.__table__.c.state.in_(("submitting", "unknown")))
                .values(state="accepted", lease_until=None, error=None)
            )
        for o in outcomes:
            if o.failure is not None:
                _settle_failure(s, o, now)


def _settle_failure(s: Session, o: Outcome, now: Any) -> None:
    failure = o.failure
    assert failure is not None
    if failure.ambiguous:
        return  # stays "submitting"; the lease runs out and gateway.outreach.reconcile asks the carrier
    delivery = s.get_one(Delivery, o.item.id)
    if delivery.state != "submitting":
        return  # a callback knew better
    delivery.lease_until, delivery.error = None, failure.code or type(failure).__name__
    if (failure.retry and delivery.tries < MAX_TRIES) or failure.stop:
        after = failure.after if isinstance(failure, NotNow) and failure.after else 0
        wait = max(after, min(2**delivery.tries, 300)) if not failure.stop else 300
        delivery.state, delivery.due_at = "planned", now + timedelta(seconds=wait)
        return
    delivery.state, delivery.settled_at = "failed", now

    handset = s.get_one(Handset, delivery.handset_id)
    if isinstance(failure, OptedOut) and handset.sms_stopped_at is None:
        handset.sms_stopped_at = now
    elif isinstance(failure, BadNumber) and delivery.channel == "sms":
        # a landline after all: calls still reach it
        handset.kind = "landline" if failure.code in ("21614", "21635") else handset.kind
        handset.bad_reason = None if handset.kind == "landline" else failure.words
