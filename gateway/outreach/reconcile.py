"""What became of deliveries we lost sight of: lapsed leases, lost callbacks, answers that never came.

Nothing is sent again before the carrier was asked: its own list says whether a request arrived (design §4.2).
"""

import asyncio
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

import structlog
from sqlalchemy import case, select, update
from sqlalchemy.orm import Session

from gateway import clock
from gateway.carriers.base import Carrier, Failure, Found, NotReached
from gateway.lists import once
from gateway.models.outreach import DELIVERIES, Broadcast, Delivery, DeliveryEvent
from gateway.models.person import Handset
from gateway.outreach import aftermath, settling
from gateway.outreach.settling import Report
from gateway.runtime import Runtime

log = structlog.get_logger()

_ASK_AGAIN = timedelta(seconds=60)
# between the carrier's clock and ours; entries known to be others are left out anyway
_SKEW = timedelta(minutes=5)
_AT_ONCE = 10
_MOST = 200  # looked up at a time
_PATIENCE = 20.0  # seconds of looking up before the clock has other things to do
_IN_TIME = timedelta(seconds=90)  # nobody looks at "submitting" for longer than that: then it is "unknown"
_GIVE_UP = timedelta(hours=12)  # no last word by then: “sent” may be all that a carrier ever says


@dataclass(frozen=True)
class Lost:
    """A delivery whose time to be heard of has passed."""

    id: int
    attempt: int
    state: str
    channel: str
    number: str
    words: str
    submitted_at: datetime
    carrier_id: str | None


def sweep(rt: Runtime) -> int:
    """Settle what nobody answers for; returns how many deliveries moved.

    A lapsed claim goes back: it never left. A submitted one is looked up at the carrier: found, it is that
    one; absent after the list had time to catch up, it was never accepted and may be sent again; can't be
    asked, it is ``unknown``, and so it is when there are too many to ask about all in time. One without its last
    word is asked about by its id.
    """
    begun = time.monotonic()
    moved = _lapse(rt)
    while lost := _lost(rt):
        moved += asyncio.run(_look_up(rt, lost))
        if len(lost) < _MOST or time.monotonic() > begun + _PATIENCE:
            break
    return moved


def _lapse(rt: Runtime) -> int:
    now = clock.now()
    lapsed = select(DELIVERIES.c.id).where(DELIVERIES.c.lease_until < now)
    patience = max(_IN_TIME, timedelta(seconds=rt.settings.lease_seconds))
    late_ones = lapsed.where(DELIVERIES.c.state == "submitting", DELIVERIES.c.submitted_at < now - patience)
    with rt.db.write() as s:
        back = s.execute(
            update(DELIVERIES)
            .where(_free(s, lapsed.where(DELIVERIES.c.state == "claimed")))
            .values(state="planned", lease_until=None, tries=DELIVERIES.c.tries - 1)
        )
        late = s.execute(update(DELIVERIES).where(_free(s, late_ones)).values(state="unknown"))
        return int(back.rowcount) + int(late.rowcount)  # type: ignore[attr-defined]


def _free(s: Session, rows: Any) -> Any:
    """Those of these rows that nobody is writing to: what is just being settled is heard of, and waiting for it while
    holding others is how two of us would wait for each other (PostgreSQL; SQLite has one writer)."""
    locked = rows.order_by(DELIVERIES.c.id).with_for_update(skip_locked=True)
    return once(s.get_bind().dialect.name, DELIVERIES.c.id, locked)


def _lost(rt: Runtime) -> list[Lost]:
    now = clock.now()
    with rt.db.read() as s:
        rows = s.execute(
            select(
                Delivery.id, Delivery.tries, Delivery.state, Delivery.channel, Handset.number, Delivery.body,
                Broadcast.sms, Delivery.submitted_at, Delivery.carrier_id,
            )
            .join(Handset, Handset.id == Delivery.handset_id)
            .outerjoin(Broadcast, Broadcast.id == Delivery.broadcast_id)
            .where(Delivery.lease_until < now)
            .where(Delivery.state.in_(("submitting", "unknown", "accepted", "sent")))
            .order_by(Delivery.lease_until)
            .limit(_MOST)
        ).all()  # fmt: skip
    return [
        Lost(i, n, st, ch, num, body or sms or "", at or now, sid)
        for i, n, st, ch, num, body, sms, at, sid in rows
    ]


async def _look_up(rt: Runtime, lost: Sequence[Lost]) -> int:
    carrier = rt.make_carrier()
    room = asyncio.Semaphore(_AT_ONCE)
    unheard = 0  # questions in a row that nobody answered

    async def one(row: Lost) -> bool:
        nonlocal unheard
        async with room:
            try:
                if unheard >= _AT_ONCE:  # don't wait for a time-out each
                    raise NotReached(detail="the carrier answers nothing at the moment")
                if row.carrier_id:
                    found = await carrier.look_up(row.carrier_id, row.channel)
                    unheard = 0
                    return await asyncio.to_thread(_hear, rt, row, found)
                asked_at, listed = clock.now(), await _list(carrier, row)
                unheard = 0
                return await asyncio.to_thread(_conclude, rt, row, listed, asked_at)
            except Failure as failure:
                unheard += 1
                log.warning(
                    "the carrier can't be asked about a delivery", delivery=row.id, failure=failure.code
                )
                await asyncio.to_thread(_park, rt, row)
                return False

    try:
        return sum(await asyncio.gather(*(one(row) for row in lost)))
    finally:
        await carrier.close()


async def _list(carrier: Carrier, row: Lost) -> list[Found]:
    since = row.submitted_at - _SKEW
    if row.channel == "sms":
        # a carrier may put words of its own before ours (Twilio's trial accounts do)
        return [f for f in await carrier.find_messages(row.number, since) if row.words in f.body]
    return [f for f in await carrier.find_calls(row.number, since) if f.direction != "inbound"]


def _hear(rt: Runtime, row: Lost, found: Found | None) -> bool:
    """An accepted delivery's last word, asked for because no callback brought it."""
    now = clock.now()
    with rt.db.write() as s:
        if found is not None:
            # no attempt number: it is the one that carries this id
            _take(s, rt, Report(row.channel, found.carrier_id, found.status, found.error))
        # asked less and less often, then no more
        age = now - row.submitted_at
        again = now + max(settling.LOOK_AGAIN, age) if age < _GIVE_UP else None
        after = s.execute(
            update(DELIVERIES)
            .where(DELIVERIES.c.id == row.id, DELIVERIES.c.state.in_(("accepted", "sent")))
            .where(DELIVERIES.c.carrier_id == row.carrier_id)
            .values(lease_until=again)
        )
        return not after.rowcount  # type: ignore[attr-defined]


def _take(s: Session, rt: Runtime, report: Report) -> None:
    for id in settling.reported(s, rt.settings.zone, [report]):
        aftermath.failed(s, rt.settings, s.get_one(Delivery, id))


def _park(rt: Runtime, row: Lost) -> None:
    """Nobody knows: one that may not have arrived is shown as unknown; asked again in a minute, never sent again
    blindly."""
    states = ("accepted", "sent") if row.carrier_id else ("submitting", "unknown")
    values = {} if row.carrier_id else {"state": "unknown"}
    with rt.db.write() as s:
        _postpone(s, row, clock.now() + _ASK_AGAIN, states, **values)


def _postpone(
    s: Session, row: Lost, until: datetime, states: Sequence[str] = ("submitting", "unknown"), **values: Any
) -> None:
    s.execute(
        update(DELIVERIES)
        .where(DELIVERIES.c.id == row.id, DELIVERIES.c.tries == row.attempt)
        .where(DELIVERIES.c.state.in_(states))
        .values(lease_until=until, **values)
    )


def _conclude(rt: Runtime, row: Lost, found: list[Found], asked_at: datetime) -> bool:
    now = clock.now()
    with rt.db.write() as s:
        d = s.get_one(Delivery, row.id)
        # one look-up at a time for a handset: two lost calls must not both take the same entry
        s.execute(select(Handset.id).where(Handset.id == d.handset_id).with_for_update())
        s.refresh(d)
        if d.state not in ("submitting", "unknown") or d.tries != row.attempt or d.carrier_id:
            return False  # a callback, or the worker's own answer, was quicker
        sids = [f.carrier_id for f in found]
        # an entry that is another delivery already, or another attempt, can't be this one, too
        taken = set(s.scalars(select(Delivery.carrier_id).where(Delivery.carrier_id.in_(sids))))
        taken |= set(
            s.scalars(
                select(DeliveryEvent.carrier_id)
                .where(DeliveryEvent.carrier_id.in_(sids))
                .where((DeliveryEvent.delivery_id != d.id) | (DeliveryEvent.attempt != d.tries))
            )
        )
        free = [f for f in found if f.carrier_id not in taken]
        if free and len(free) <= _rivals(s, d, row.words):
            # each of several lost ones could be it: only a callback, which names its delivery, can tell
            _postpone(s, row, now + _ASK_AGAIN, state="unknown")
            return False
        if free:
            f = min(free, key=lambda f: f.created_at or now)
            _take(s, rt, Report(row.channel, f.carrier_id, f.status, f.error, d.id, d.tries))
            return True
        # the request left at the latest when half the lease was over; then the list may have lagged
        # (twilio.md §2), so that only one asked for after both proves something
        proven = row.submitted_at + timedelta(seconds=rt.settings.lease_seconds / 2 + rt.settings.list_lag)
        if asked_at < proven:
            _postpone(s, row, proven)
            return False
        d.state, d.lease_until, d.due_at, d.error = "planned", None, now, None
        return True


def _rivals(s: Session, d: Delivery, words: str) -> int:
    """How many other deliveries to the same handset, with the same words, are also without the carrier's id."""
    said = case((Delivery.body.is_(None), Broadcast.sms), else_="")
    others = s.execute(
        select(Delivery.body, said)
        .outerjoin(Broadcast, Broadcast.id == Delivery.broadcast_id)
        .where(Delivery.handset_id == d.handset_id, Delivery.id != d.id, Delivery.channel == d.channel)
        .where(Delivery.state.in_(("submitting", "unknown")), Delivery.carrier_id.is_(None))
        # one submitted long before can't be on the list from then on
        .where(Delivery.submitted_at > (d.submitted_at or clock.now()) - 2 * _SKEW)
    )
    return sum(d.channel == "voice" or (body or sms) == words for body, sms in others)


def ask_now(s: Session, b: Broadcast) -> int:
    """Have the sweep ask the carrier about everything unknown in a broadcast at its next round; returns how many."""
    done = s.execute(
        update(DELIVERIES)
        .where(DELIVERIES.c.broadcast_id == b.id, DELIVERIES.c.state == "unknown")
        .values(lease_until=clock.now() - timedelta(seconds=1))
    )
    return int(done.rowcount)  # type: ignore[attr-defined]
