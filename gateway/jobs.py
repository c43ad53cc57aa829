"""The door for RQ and for the clock. Jobs carry ids and have bodies of a line; what is due lives in SQL."""

import os
import signal
import threading
import time
from collections.abc import Callable
from datetime import timedelta

import structlog
from sqlalchemy.orm import Session

from gateway import catchup, clock, drafts, foreseen, inbound, prompts
from gateway.consultation import clockwork
from gateway.keeping import fetch_recordings, find_owners, forget_recordings
from gateway.logs import quiet_logs
from gateway.models.organizer import Heartbeat
from gateway.outreach import aftermath, broadcasts, notices, outbox, reconcile
from gateway.people import alarms, uploads
from gateway.queue import DRAFTS, die_with_parent
from gateway.runtime import Runtime
from gateway.spoken import kokoro, mp3

__all__ = ["fetch_recordings", "forget_recordings"]
log = structlog.get_logger()


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


def write_drafts(_lane: str) -> int:
    """Write down what a machine hears in the recordings that wait for it."""
    quiet_logs()
    die_with_parent()
    rt = Runtime.open(migrated=True)
    try:
        return drafts.write_all(rt)
    finally:
        rt.close()


def wake_drafts(rt: Runtime) -> None:
    """Tell the worker of drafts that something waits; nothing does where the extra isn't installed."""
    with rt.db.read() as s:
        waits = drafts.due(s)
    if waits:
        rt.wake(DRAFTS)


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
        _attempt("prompts", take_in_prompts, rt)
        _attempt("recordings' owners", find_owners, rt)
        _attempt("drafts", wake_drafts, rt)
        _attempt("carrier's recordings", forget_recordings, rt)
        _attempt("uploads", forget_uploads, rt)
        _attempt("voice", foresee, rt)
        if time.monotonic() >= next_look:
            next_look = time.monotonic() + catchup.EVERY.total_seconds()
            _attempt("catch-up", catchup.catch_up, rt)
        stop.wait(1 if _somebody_waits(rt) else 5)


def _somebody_waits(rt: Runtime) -> bool:
    """Whether an organizer is on the line who recorded something and waits to hear it."""
    try:
        with rt.db.read() as s:
            return prompts.hurried(s)
    except Exception:  # the database is away
        return False


def take_in_prompts(rt: Runtime) -> int:
    """Make what organizers recorded by telephone fit to be played; returns how many."""
    return prompts.take_in(rt.db, rt.store)


def _attempt(name: str, what: Callable[..., object], rt: Runtime, **how: bool) -> None:
    try:
        what(rt, **how)
    except Exception:  # the database may be away, or the disk full: the next round finds it all again
        log.exception("the clock failed", part=name)


def round_(rt: Runtime, *, thorough: bool = True) -> None:
    """Act on what is due: consultations' deadlines, notices to be told, broadcasts that are through."""
    with rt.db.write() as s:
        moved = clockwork.tick(s)
        started = notices.pick_up(s, rt.settings)
        broadcasts.cancel_outdated(s)
        broadcasts.hold_over_budget(s, rt.settings)
        broadcasts.finish(s)
        if thorough:
            aftermath.unanswered(s)
            aftermath.unheard(s, rt.settings)
            aftermath.half_heard(s)
            _look_at_scripts(s)
            s.merge(Heartbeat(name=f"clock:{os.getpid()}", at=clock.now()))
    if moved or started:
        log.info("the clock acted", consultations=moved, broadcasts=started)
    with rt.db.read() as s:
        lanes = broadcasts.lanes_due(s, rt.settings)
    rt.wake(*lanes)


_FAULTS_SHOWN = 3


def _look_at_scripts(s: Session) -> None:
    """Scripts that were changed and have faults: the ones before stay in use, and the panel says what is wrong."""
    inbound.scripts()
    wrong = inbound.scripts.faults
    if wrong is None:
        alarms.clear(s, "scripts")
        return
    shown = "；".join(one.said for one in wrong.faults[:_FAULTS_SHOWN])
    more = len(wrong.faults) - _FAULTS_SHOWN
    rest = f"；还有{more}处" if more > 0 else ""
    alarms.ring(s, "scripts", f"台词文件改得有错，电话里仍用改之前的。{shown}{rest}")


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


def day_on(rt: Runtime) -> None:
    """Move the trial village one day on, and act on what fell due (simulator only)."""
    clock.move_trial_clock(timedelta(days=1))
    round_(rt)
