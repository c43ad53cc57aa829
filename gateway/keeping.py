"""What residents said on the telephone: copied from the carrier into our store, and then deleted there."""

import asyncio
from collections.abc import Sequence
from datetime import timedelta

import structlog
from sqlalchemy import Select, not_, or_, select
from sqlalchemy.orm import Session

from gateway import asr, clock, playable, sound
from gateway.carriers.base import Carrier, Failure, NotNow
from gateway.consultation import opinions
from gateway.models.answer import Objection, Opinion, Recording
from gateway.models.person import Claim
from gateway.models.prompt import Prompt
from gateway.people import residents
from gateway.runtime import Runtime

log = structlog.get_logger()
_FETCH_FOR = timedelta(days=7)  # how long the carrier is asked for a recording
_FORGET_TRIES = 12  # with the waits between them about two days; then somebody has to look at the account
_OWNER_MAY_COME = timedelta(
    minutes=15
)  # after it was made: a call lasts, and a failed request is tried again
_A_SID = "RE"  # what we were given no id for has none to be deleted by


def fetch_recordings(rt: Runtime, limit: int = 20) -> int:
    """Copy new recordings from the carrier into the store; returns how many were kept."""
    with rt.db.read() as s:
        waiting = list(
            s.execute(
                select(Recording.id, Recording.url)
                .where(Recording.state == "pending", Recording.url.is_not(None))
                .where(or_(Recording.due_at.is_(None), Recording.due_at <= clock.now()))
                .order_by(Recording.tries, Recording.id)
                .limit(limit)
            )
        )
    return asyncio.run(_fetch_all(rt, waiting)) if waiting else 0


async def _fetch_all(rt: Runtime, waiting: Sequence[tuple[int, str | None]]) -> int:
    carrier = rt.make_carrier()
    kept = 0
    try:
        for id, url in waiting:
            try:
                data, kind = await carrier.fetch_recording(url or "")
                name, copy = f"{id}.{kind}", _keep(rt, id, kind, data)
            except Failure as failure:
                _put_off(rt, id, failure)
                continue
            except OSError as error:  # a full disk, or S3 away: the carrier still has it
                log.error("a recording could not be kept", recording=id, error=str(error))
                _put_off(rt, id, NotNow(detail=type(error).__name__))
                continue
            with rt.db.write() as s:
                row = s.get_one(Recording, id)
                row.file, row.copy, row.state = name, copy, "kept"
                row.draft_state = "waiting" if asr.available() else ""
            kept += 1
    finally:
        await carrier.close()
    return kept


def _keep(rt: Runtime, id: int, kind: str, data: bytes) -> str | None:
    """The original as it came, and beside it a copy where browsers and telephones can't play that; the copy's name.
    Raises OSError."""
    rt.store.put(f"recordings/{id}.{kind}", data)
    try:
        made = playable.copy(data)
    except (
        playable.NoSound
    ):  # nothing we can read, but a sound all the same: whoever listens may have a program
        return None
    if made is None:
        return None
    rt.store.put(f"recordings/{id}.play.wav", made)
    return f"{id}.play.wav"


def _put_off(rt: Runtime, id: int, failure: Failure) -> None:
    """Ask for it again later and later, for as long as a carrier may be away or its storage lag; what it says is gone
    after a day is lost."""
    now = clock.now()
    with rt.db.write() as s:
        row = s.get_one(Recording, id)
        row.tries += 1
        row.due_at = now + min(timedelta(seconds=5 * 2 ** min(row.tries, 20)), timedelta(hours=6))
        gone = failure.code in ("404", "410") and now - row.created_at > timedelta(days=1)
        if gone or now - row.created_at > _FETCH_FOR:
            row.state = "lost"
            log.error("a recording was lost", recording=id, failure=failure.code)


# -- deleting at the carrier --------------------------------------------------------------------------------------


def forget_recordings(rt: Runtime, limit: int = 20) -> int:
    """Have the carrier delete what we hold safely, and what residents didn't want recorded; returns how many it did.

    Nothing of ours depends on it: a carrier that refuses is asked again, ever later, and then left alone.
    """
    if not rt.settings.delete_at_carrier:
        return 0
    with rt.db.read() as s:
        due = list(s.scalars(_to_forget(limit)))
    return asyncio.run(_forget_all(rt, due)) if due else 0


def _to_forget(limit: int) -> Select[Recording]:
    now = clock.now()
    return (
        select(Recording)
        .where(Recording.state.in_(("kept", "refused")), Recording.forgotten_at.is_(None))
        .where(Recording.carrier_id.startswith(_A_SID), Recording.forget_tries < _FORGET_TRIES)
        .where(or_(Recording.forget_due_at.is_(None), Recording.forget_due_at <= now))
        .order_by(Recording.forget_tries, Recording.id)
        .limit(limit)
    )


async def _forget_all(rt: Runtime, due: Sequence[Recording]) -> int:
    carrier = rt.make_carrier()
    done = 0
    try:
        for row in due:
            done += await _forget(rt, carrier, row)
    finally:
        await carrier.close()
    return done


async def _forget(rt: Runtime, carrier: Carrier, row: Recording) -> bool:
    try:
        # ours is read once more: what is deleted there can't be had again
        if row.state == "kept" and not sound.ending(rt.store.get(f"recordings/{row.file}")):
            raise NotNow(detail="our own copy is no sound")
        await carrier.forget_recording(row.carrier_id)
    except (Failure, OSError) as failure:
        with rt.db.write() as s:
            _later(s, row.id)
        log.warning("a recording stays at the carrier", recording=row.id, why=str(failure)[:100])
        return False
    with rt.db.write() as s:
        s.get_one(Recording, row.id).forgotten_at = clock.now()
    return True


def _later(s: Session, id: int) -> None:
    row = s.get_one(Recording, id)
    row.forget_tries += 1
    row.forget_due_at = clock.now() + min(
        timedelta(minutes=2 ** min(row.forget_tries, 20)), timedelta(hours=12)
    )


# -- what belongs to nobody ---------------------------------------------------------------------------------------


def find_owners(rt: Runtime, limit: int = 20) -> int:
    """Put recordings into the inbox that no turn of a call took in: the caller hung up and only the carrier's report
    came through, or we were down just then. Returns how many."""
    since = clock.now() - _OWNER_MAY_COME
    with rt.db.write() as s:
        taken = [
            select(table.id).where(table.recording_id == Recording.id).exists()
            for table in (Opinion, Objection, Claim, Prompt)
        ]
        found = list(
            s.scalars(
                select(Recording)
                .where(Recording.state == "kept", Recording.handset_id.is_not(None))
                .where(Recording.created_at < since, *(not_(one) for one in taken))
                .order_by(Recording.id)
                .limit(limit)
            )
        )
        for row in found:
            people = residents.people_on(s, row.handset_id or 0)
            opinions.add(
                s, consultation=None, person=people[0] if len(people) == 1 else None, handset_id=row.handset_id,
                words="", channel="voice", recording_id=row.id, kind="message",
            )  # fmt: skip
    return len(found)
