"""The door for RQ and for the clock. Jobs carry ids and have bodies of a line; what is due lives in SQL."""

import asyncio
import os
import signal
import threading
from collections.abc import Sequence
from datetime import timedelta

import structlog
from sqlalchemy import select

from gateway import catchup, clock
from gateway.carriers.base import Failure
from gateway.consultation import lifecycle
from gateway.models.answer import Recording
from gateway.models.organizer import Heartbeat
from gateway.outreach import aftermath, broadcasts, notices, outbox, reconcile
from gateway.queue import die_with_parent
from gateway.runtime import Runtime

log = structlog.get_logger()
_FETCH_TRIES = 20


def drain(lane: str) -> int:
    """Send what is due in a lane; ends after the batch in hand when told to stop."""
    stop = threading.Event()
    die_with_parent()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    rt = Runtime.open(migrated=True)
    try:
        return outbox.drain(rt, lane, stop.is_set)
    finally:
        rt.close()


def run_clock(rt: Runtime, stop: threading.Event) -> None:
    """Do a round every second until told to stop. A round that fails is tried again; none is needed twice."""
    beats = 0
    while not stop.is_set():
        try:
            round_(rt, thorough=beats % 5 == 0)
            if beats % int(catchup.EVERY.total_seconds()) == 0:
                catchup.catch_up(rt)
        except Exception:
            log.exception("the clock's round failed")
        beats += 1
        stop.wait(1)


def round_(rt: Runtime, *, thorough: bool = True) -> None:
    """Act on what is due: consultations' deadlines, notices to be told, deliveries out of sight, recordings."""
    with rt.db.write() as s:
        moved = lifecycle.tick(s)
        started = notices.pick_up(s, rt.settings)
        broadcasts.hold_over_budget(s, rt.settings)
        broadcasts.finish(s)
        if thorough:
            aftermath.unanswered(s)
            s.merge(Heartbeat(name=f"clock:{os.getpid()}", at=clock.now()))
    if moved or started:
        log.info("the clock acted", consultations=moved, broadcasts=started)
    if thorough:
        reconcile.sweep(rt)
        fetch_recordings(rt)
    with rt.db.read() as s:
        lanes = broadcasts.lanes_due(s, rt.settings)
    rt.wake(*lanes)


def fetch_recordings(rt: Runtime, limit: int = 20) -> int:
    """Copy new recordings from the carrier into the data folder; returns how many were kept."""
    with rt.db.read() as s:
        waiting = list(
            s.execute(
                select(Recording.id, Recording.url)
                .where(Recording.state == "pending", Recording.url.is_not(None))
                .order_by(Recording.tries, Recording.id)
                .limit(limit)
            )
        )
    return asyncio.run(_fetch_all(rt, waiting)) if waiting else 0


async def _fetch_all(rt: Runtime, waiting: Sequence[tuple[int, str | None]]) -> int:
    carrier = rt.make_carrier()
    folder = rt.settings.data_dir / "recordings"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = 0
    try:
        for id, url in waiting:
            try:
                data, kind = await carrier.fetch_recording(url or "")
            except Failure as failure:
                _note(rt, id, None, not failure.retry and not failure.ambiguous)
                continue
            name = f"{id}.{'mp3' if 'mpeg' in kind else 'wav'}"
            scratch = folder / f".{name}"
            scratch.write_bytes(data)
            scratch.replace(folder / name)
            _note(rt, id, name, False)
            kept += 1
    finally:
        await carrier.close()
    return kept


def _note(rt: Runtime, id: int, file: str | None, lost: bool) -> None:
    with rt.db.write() as s:
        row = s.get_one(Recording, id)
        row.tries += 1
        if file:
            row.file, row.state = file, "kept"
        elif lost or row.tries >= _FETCH_TRIES:
            row.state = "lost"


def day_on(rt: Runtime) -> None:
    """Move the trial village one day on, and act on what fell due (simulator only)."""
    clock.move_trial_clock(timedelta(days=1))
    round_(rt)
