"""Taking planned deliveries: which may go now, whose they are, and giving back what was not sent.

``planned → claimed`` is a lease: nothing left the house, so a lapsed one simply goes back. Only
``claimed → submitting``, committed just before the request, makes a delivery one that may be at the carrier.
"""

import os
import socket
import time
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Integer, String, func, literal_column, null, or_, select, true, update
from sqlalchemy.orm import Session

from gateway import clock
from gateway.db import Moment
from gateway.lists import among
from gateway.models.area import Area
from gateway.models.consultation import GATHERING, IN_FORCE, Consultation
from gateway.models.organizer import Fact
from gateway.models.outreach import DELIVERIES, Broadcast, Spending
from gateway.models.person import Handset
from gateway.outreach import audience, hours
from gateway.people import alarms
from gateway.prepared import Prepared, Sql, given
from gateway.runtime import Runtime
from gateway.settings import Settings

_HOST = socket.gethostname()
_HOLD = "hold:carrier"
# written out, not bound: only so do both databases see that the small index of planned rows will do
_T = DELIVERIES.c
_PHONES: Prepared[Any] = Prepared(
    lambda sql: select(
        Handset.id, Handset.number, Handset.sms_stopped_at.is_not(None), Handset.voice_stopped_at.is_not(None),
        Handset.bad_reason, Handset.sender,
    ).where(sql.among(Handset.id, "ids"))
)  # fmt: skip
IS_PLANNED = _T.state == literal_column("'planned'")


@dataclass(slots=True)
class Item:
    """One delivery on its way out. ``until`` is the reading of ``time.monotonic`` after which it must not be
    sent any more: by then the sweep may have looked it up and given it to somebody else."""

    id: int
    attempt: int
    to: str
    channel: str
    body: str
    sender: str
    valid: int  # seconds in which it may still arrive
    until: float
    detect: bool = False
    broadcast_id: int | None = None
    area_id: int | None = None
    price: int = 0  # 厘


@dataclass(frozen=True)
class Source:
    """Something whose deliveries may leave now: a running broadcast, or (``broadcast_id`` None) single messages."""

    broadcast_id: int | None
    lane: str
    zone: ZoneInfo
    sms: str = ""
    detect: bool = False
    area_id: int | None = None
    call_hours: str = ""  # its area's own


def me() -> str:
    """Who holds a lease; asked late, since a worker's child must not answer for its parent."""
    return f"{_HOST}:{os.getpid()}"


def month(moment: datetime, zone: ZoneInfo) -> str:
    """The month a cost belongs to, by the village's calendar."""
    return f"{moment.astimezone(zone):%Y-%m}"


def held_until(s: Session) -> datetime | None:
    """Until when nobody sends because the carrier refused our credentials; may be past."""
    held = s.get(Fact, _HOLD)
    return datetime.fromisoformat(held.value) if held is not None else None


def sources(s: Session, settings: Settings, lane: str) -> list[Source]:
    """What has something due in this lane and may send it now: running, inside its area's hours and budget."""
    now = clock.now()
    found: list[Source] = []
    held = held_until(s)
    if held is not None and held > now:
        return found
    due = select(_T.id).where(IS_PLANNED, _T.lane == lane, _T.due_at <= now)
    # each single call keeps the hours of whoever it rings, which are asked once it is taken
    may = lane == hours.CALLS or hours.minutes_until_allowed(settings, lane) == 0
    if may and s.scalar(due.where(_T.broadcast_id.is_(None)).limit(1)):
        found.append(Source(None, lane, settings.zone))
    spent = select(Spending.amount).where(
        Spending.area_id == Area.id, Spending.month == month(now, settings.zone)
    )
    running = (
        select(Broadcast.id, Broadcast.sms, Broadcast.detect, Broadcast.call_hours, Area.id, Area.timezone)
        .join(Area, Area.id == Broadcast.area_id)
        .where(Broadcast.state == "running", _WANTED, due.where(_T.broadcast_id == Broadcast.id).exists())
        .where(
            or_(
                Area.monthly_budget.is_(None), func.coalesce(spent.scalar_subquery(), 0) < Area.monthly_budget
            )
        )
        .order_by(Broadcast.id)
    )
    for id, sms, detect, own, area_id, area_zone in s.execute(running):
        zone = hours.zone_of(settings, area_zone)
        if hours.minutes_until_allowed(settings, lane, zone, own) == 0:
            found.append(Source(id, lane, zone, sms, detect, area_id, own))
    return found


def claim(rt: Runtime, source: Source, size: int, *, straight: bool = False) -> list[Item] | None:
    """Take up to ``size`` due deliveries of one source, leaving out those who must not be disturbed now; None when
    there was nothing to take (somebody else took it, or every line is busy).

    ``straight``: they leave at once, so they are ``submitting`` when this is committed, and :func:`submit` is not
    asked; one statement and one commit less for each, a third of what the database does for a message. Not for
    calls, whose gap is counted from the moment an earlier try was submitted.
    """
    with rt.db.write() as s:
        if straight and not _still_running(s, source.broadcast_id):
            return None
        # read before the commit, however long that takes, see submit
        now, until = clock.now(), time.monotonic() + rt.settings.lease_seconds / 2
        statement = _TAKE if source.broadcast_id is not None else _TAKE_SINGLE
        pool = rt.settings.pool
        taken = statement.all(
            s, broadcast=source.broadcast_id, lane=source.lane, due=now, me=me(),
            size=_room(s, rt.settings, source.lane, size),
            to="submitting" if straight else "claimed", submitted=now if straight else None,
            number=pool[0] if straight else None,
            lease=now + timedelta(seconds=rt.settings.lease_seconds),
        )  # fmt: skip
        if not taken:
            return None
        items = _still_wanted(s, rt.settings, source, taken, until)
        if straight and len(pool) > 1:
            for number, ids in _by_sender(items).items():
                s.execute(update(DELIVERIES).where(among(s, _T.id, ids)).values(sender=number))
        return items


def _take(sql: Sql, single: bool) -> Any:
    due = (
        select(_T.id)
        .where(IS_PLANNED, _T.lane == given("lane"), _T.due_at <= given("due"))
        .where(_T.broadcast_id.is_(None) if single else _T.broadcast_id == given("broadcast"))
        .order_by(_T.due_at)
        .limit(given("size", Integer))
        .with_for_update(skip_locked=True)  # SQLite has one writer, and no such words
    )
    return (
        update(DELIVERIES)
        .where(sql.once(_T.id, due))
        .values(
            state=given("to"), lease_until=given("lease"), leased_by=given("me"), tries=_T.tries + 1,
            submitted_at=func.coalesce(given("submitted", Moment), _T.submitted_at),
            sender=func.coalesce(given("number", String), _T.sender),
        )
        # a broadcast's deliveries have no words of their own, and unsealing nothing costs as well
        .returning(_T.id, _T.tries, _T.handset_id, _T.channel, _T.body if single else null())
    )  # fmt: skip


_TAKE: Prepared[Any] = Prepared(lambda sql: _take(sql, single=False))
_TAKE_SINGLE: Prepared[Any] = Prepared(lambda sql: _take(sql, single=True))


def _room(s: Session, settings: Settings, lane: str, size: int) -> int:
    """Calls under way are counted in the database, so that a worker that died never keeps a line for itself."""
    if lane != "calls" or not settings.calls_at_once:
        return size
    if s.get_bind().dialect.name != "sqlite":
        # two workers must not both count before either has claimed
        s.execute(select(func.pg_advisory_xact_lock(770_078)))
    live = s.scalar(
        select(func.count())
        .select_from(DELIVERIES)
        .where(_T.lease_until.is_not(None), _T.lane == "calls")
        .where(_T.state.in_(("claimed", "submitting", "unknown", "accepted", "sent")))
    )
    return max(0, min(size, settings.calls_at_once - (live or 0)))


def _still_wanted(
    s: Session, settings: Settings, source: Source, taken: Sequence[Any], until: float
) -> list[Item]:
    """Consent and the day's cap are asked again here, at dispatch; a reply to their own message always goes."""
    ids = {row[2] for row in taken}
    phones = {row[0]: row for row in _PHONES.all(s, ids=list(ids))}
    asked = source.broadcast_id is not None
    later = _disturbed(s, settings, source, ids) if asked else _closed(s, settings, source, ids)
    items: list[Item] = []
    stopped: list[int] = []
    bad: list[int] = []
    put_off: dict[datetime, list[int]] = {}
    valid = hours.seconds_until_quiet(settings, source.zone)
    price = 0
    if asked:
        by_call = source.lane == "calls"
        price = audience.call_price(settings) if by_call else audience.sms_price(settings, source.sms)
    for id, tries, handset_id, channel, body in taken:
        _, number, no_sms, no_calls, bad_reason, last_sender = phones[handset_id]
        if asked and (no_calls if channel == "voice" else no_sms):
            stopped.append(id)
        elif asked and bad_reason:
            bad.append(id)
        elif handset_id in later:
            put_off.setdefault(later[handset_id], []).append(id)
        else:
            sender = _sender(settings.pool, handset_id, last_sender)
            items.append(
                Item(
                    id, tries, number, channel, body or source.sms, sender, valid, until, source.detect,
                    source.broadcast_id, source.area_id, price,
                )
            )  # fmt: skip
    for error, rows in (("stopped", stopped), ("bad", bad)):
        if rows:
            _put(s, rows, state="failed", error=error, settled_at=clock.now(), lease_until=None)
    for moment, rows in put_off.items():
        # a call's gap is counted from its earlier try; anything else was never submitted
        again: dict[str, Any] = {} if source.lane == "calls" else {"submitted_at": None}
        _put(s, rows, state="planned", due_at=moment, lease_until=None, tries=_T.tries - 1, **again)
    return items


def _closed(s: Session, settings: Settings, source: Source, ids: set[int]) -> dict[int, datetime]:
    """When single calls to these handsets may be placed, as far as it is not now."""
    if source.lane != hours.CALLS:
        return {}
    now, closed = clock.now(), hours.closed_to_calls(s, settings, ids)
    return {id: now + timedelta(minutes=minutes) for id, minutes in closed.items()}


def _sender(pool: tuple[str, ...], handset_id: int, last: str | None) -> str:
    """A handset always hears from the same number: the one it wrote to, else one its own id chooses (the
    highest of a hash each, so that a number more or less moves only its share)."""
    if last in pool:
        return str(last)
    if len(pool) == 1:
        return pool[0]
    return max(pool, key=lambda number: zlib.crc32(f"{number}/{handset_id}".encode()))


def _disturbed(s: Session, settings: Settings, source: Source, ids: set[int]) -> dict[int, datetime]:
    """Handsets that a broadcast must leave alone for now, and until when: ``ATTEMPTS_PER_DAY`` and
    ``MINIMUM_GAP``. Attempts count when the carrier accepts them."""
    gap = settings.minimum_gap if source.lane == "calls" else 0
    if settings.unhurried or not (settings.attempts_per_day or gap):
        return {}
    now = clock.now()
    today = str(now.astimezone(source.zone).date())
    last, so_far = func.max(_T.submitted_at), func.sum(_T.day_attempts)
    rows = s.connection().execute(
        select(_T.handset_id, so_far, last)
        .where(among(s, _T.handset_id, ids), _T.day == today, _T.broadcast_id.is_not(None))
        .group_by(_T.handset_id)
        .having(
            or_(
                so_far >= settings.attempts_per_day if settings.attempts_per_day else ~true(),
                last > now - timedelta(seconds=gap) if gap else ~true(),
            )
        )
    )
    tomorrow = hours.tomorrow(settings, source.lane, source.zone, source.call_hours)
    return {
        handset_id: tomorrow
        if settings.attempts_per_day and count >= settings.attempts_per_day
        else newest + timedelta(seconds=gap)
        for handset_id, count, newest in rows
    }


def _put(s: Session, ids: list[int], **values: Any) -> None:
    s.execute(
        update(DELIVERIES)
        .where(_T.id.in_(ids), _T.state.in_(("claimed", "submitting")), _T.leased_by == me())
        .values(**values)
    )


# nobody is asked, or told, what is not so any more, whether or not somebody thought of the broadcast
OUTDATED = (
    select(Consultation.id)
    .where(Consultation.id == Broadcast.consultation_id)
    .where(
        or_(
            Broadcast.stage.in_(("notice", "reminder"))
            & Consultation.state.not_in(("ACCEPTED", "NOTICED", *GATHERING)),
            (Broadcast.stage == "result") & Consultation.state.in_(IN_FORCE),
            (Broadcast.stage != "withdrawn") & (Consultation.state == "WITHDRAWN"),
        )
    )
    .exists()
)
_WANTED = Broadcast.consultation_id.is_(None) | ~OUTDATED
_RUNNING: Prepared[Any] = Prepared(
    lambda sql: select(Broadcast.id).where(Broadcast.state == "running", Broadcast.id == given("b"), _WANTED)
)


def _still_running(s: Session, broadcast_id: int | None) -> bool:
    return broadcast_id is None or _RUNNING.first(s, b=broadcast_id) is not None


def _by_sender(items: list[Item]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for item in items:
        found.setdefault(item.sender, []).append(item.id)
    return found


_SUBMIT: Prepared[Any] = Prepared(
    lambda sql: (
        update(DELIVERIES)
        .where(sql.among(_T.id, "ids"), _T.state == "claimed", _T.leased_by == given("me"))
        .values(
            state="submitting",
            submitted_at=given("now"),
            sender=given("number"),
            lease_until=given("lease"),
        )
        .returning(_T.id)
    )
)


def submit(rt: Runtime, items: list[Item]) -> list[Item]:
    """Commit that these are about to be sent; returns those that still may be: ours, and of a broadcast that
    nobody paused or cancelled meanwhile."""
    with rt.db.write() as s:
        if not _still_running(s, items[0].broadcast_id):  # a chunk is one source's
            return []  # the feeder gives them back
        # read before the commit, however long that takes: half the lease to leave the house; the other half, and
        # the lag of the carrier's list, are for seeing that it never did
        now, until = clock.now(), time.monotonic() + rt.settings.lease_seconds / 2
        gone: set[int] = set()
        lease = now + timedelta(seconds=rt.settings.lease_seconds)
        for number, ids in _by_sender(items).items():
            done = _SUBMIT.all(s, ids=ids, me=me(), now=now, number=number, lease=lease)
            gone.update(row[0] for row in done)
    kept = [item for item in items if item.id in gone]
    for item in kept:
        item.until = until
    return kept


def hold(rt: Runtime, words: str) -> None:
    """The carrier doesn't know us: nobody sends for a minute, and the panel says why."""
    with rt.db.write() as s:
        Fact.put(s, _HOLD, (clock.now() + timedelta(seconds=60)).isoformat())
        alarms.ring(s, "carrier", words)


def give_back(rt: Runtime, items: list[Item]) -> None:
    """These were not sent after all: somebody else may take them, at once."""
    if items:
        with rt.db.write() as s:
            _put(s, [i.id for i in items], state="planned", lease_until=None, tries=_T.tries - 1)
