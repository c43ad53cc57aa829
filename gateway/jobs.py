"""The door for RQ and for the clock. Jobs carry ids and have bodies of a line; what is due lives in SQL."""

import asyncio
import os
import signal
import threading
import time
from collections.abc import Callable, Sequence
from datetime import timedelta

import structlog
from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from gateway import catchup, clock, foreseen, inbound
from gateway.carriers.base import Failure
from gateway.consultation import lifecycle
from gateway.logs import quiet_logs
from gateway.models.answer import Recording
from gateway.models.organizer import Heartbeat
from gateway.outreach import aftermath, broadcasts, notices, outbox, reconcile
from gateway.people import alarms, uploads
from gateway.queue import die_with_parent
from gateway.runtime import Runtime
from gateway.spoken import kokoro, mp3

log = structlog.get_logger()
_FETCH_FOR = timedelta(days=7)  # how long the carrier is asked for a recording


def drain(lane: str) -> int:
    """Send what is due in a lane; ends after the batch in hand when told to stop."""
    quiet_logs()
    stop = threading.Event()
    die_with_parent()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    rt = Runtime.open(migrated=True)
    try:
        return outbox.drain(rt, lane, stop.is_set)
    finally:
        rt.close()


def speak() -> int:
    """Render what is wanted until messages wait, or for a few seconds; the clock wakes this again for the rest."""
    quiet_logs()
    stop = threading.Event()
    die_with_parent()
    signal.signal(signal.SIGTERM, lambda *_: stop.set())
    os.nice(10)  # answering the telephone comes first
    rt = Runtime.open(migrated=True)
    try:

        def stopped() -> bool:
            return stop.is_set() or rt.messages_wait()

        return rt.prompts.shelf.render(kokoro.voice, more=mp3.beside, stop=stopped)
    finally:
        rt.close()


def run_clock(rt: Runtime, stop: threading.Event) -> None:
    """Do a round every second until told to stop. A round that fails is tried again; none is needed twice.

    What waits for the carrier runs beside it: a carrier that hangs must not hold up a deadline.
    """
    errands = threading.Thread(target=_run_errands, args=(rt, stop), name="errands", daemon=True)
    errands.start()
    beats = 0
    while not stop.is_set():
        _attempt("round", round_, rt, thorough=beats % 5 == 0)
        beats += 1
        stop.wait(1)
    errands.join(5)


def _run_errands(rt: Runtime, stop: threading.Event) -> None:
    next_look = 0.0
    while not stop.is_set():
        _attempt("sweep", reconcile.sweep, rt)
        _attempt("recordings", fetch_recordings, rt)
        _attempt("uploads", forget_uploads, rt)
        _attempt("voice", foresee, rt)
        if time.monotonic() >= next_look:
            next_look = time.monotonic() + catchup.EVERY.total_seconds()
            _attempt("catch-up", catchup.catch_up, rt)
        stop.wait(5)


def _attempt(name: str, what: Callable[..., object], rt: Runtime, **how: bool) -> None:
    try:
        what(rt, **how)
    except Exception:  # the database may be away, or the disk full: the next round finds it all again
        log.exception("the clock failed", part=name)


def round_(rt: Runtime, *, thorough: bool = True) -> None:
    """Act on what is due: consultations' deadlines, notices to be told, broadcasts that are through."""
    with rt.db.write() as s:
        moved = lifecycle.tick(s)
        started = notices.pick_up(s, rt.settings)
        broadcasts.cancel_outdated(s)
        broadcasts.hold_over_budget(s, rt.settings)
        broadcasts.finish(s)
        if thorough:
            aftermath.unanswered(s)
            aftermath.unheard(s, rt.settings)
            _look_at_scripts(s)
            s.merge(Heartbeat(name=f"clock:{os.getpid()}", at=clock.now()))
    if moved or started:
        log.info("the clock acted", consultations=moved, broadcasts=started)
    with rt.db.read() as s:
        lanes = broadcasts.lanes_due(s, rt.settings)
    rt.wake(*lanes)


def _look_at_scripts(s: Session) -> None:
    """Scripts that were changed and have faults: the ones before stay in use, and the panel says what is wrong."""
    inbound.scripts()
    wrong = inbound.scripts.faults
    if wrong is None:
        alarms.clear(s, "scripts")
        return
    first = f"{wrong.faults[0]}" + (f"（还有{len(wrong.faults) - 1}处）" if len(wrong.faults) > 1 else "")
    alarms.ring(s, "scripts", f"台词文件改得有错，电话里仍用改之前的。{first}")


def forget_uploads(rt: Runtime) -> int:
    """Delete rosters that nobody confirmed within an hour; returns how many."""
    return uploads.sweep(rt.settings.uploads)


def foresee(rt: Runtime) -> int:
    """Note what calls are going to say and no clip says yet, and wake the speaker; returns how much is wanted."""
    if not kokoro.installed():
        return 0
    if rt.settings.plays_recordings:
        with rt.db.read() as s:
            texts = foreseen.texts(s, rt.settings, inbound.scripts()[inbound.HOTLINE])
        rt.prompts.foresee(texts, rt.settings.default_language)
    wanted = len(rt.prompts.shelf.wanted())
    if wanted:
        rt.wake_speaker()
    return wanted


def fetch_recordings(rt: Runtime, limit: int = 20) -> int:
    """Copy new recordings from the carrier into the data folder; returns how many were kept."""
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
    folder = rt.settings.data_dir / "recordings"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    kept = 0
    try:
        for id, url in waiting:
            try:
                data, kind = await carrier.fetch_recording(url or "")
            except Failure as failure:
                _put_off(rt, id, failure)
                continue
            name = f"{id}.{kind}"
            scratch = folder / f".{name}"
            scratch.write_bytes(data)
            scratch.replace(folder / name)
            with rt.db.write() as s:
                row = s.get_one(Recording, id)
                row.file, row.state = name, "kept"
            kept += 1
    finally:
        await carrier.close()
    return kept


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


def day_on(rt: Runtime) -> None:
    """Move the trial village one day on, and act on what fell due (simulator only)."""
    clock.move_trial_clock(timedelta(days=1))
    round_(rt)
