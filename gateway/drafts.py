"""What a machine heard in residents' recordings: drafts for whoever listens, written one after the other."""

from collections.abc import Callable
from typing import Any

import structlog
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from gateway import asr
from gateway.models.answer import Recording
from gateway.models.prompt import Prompt
from gateway.runtime import Runtime

log = structlog.get_logger()
# waiting → again → none: claimed before it is read, so that a sound on which the machine dies is tried twice at most
_NEXT = {"waiting": "again", "again": "none"}
Hear = Callable[[bytes], str]


def due(s: Session) -> int | None:
    """The next recording that waits for its draft. What an organizer recorded for residents to hear gets none."""
    ours = select(Prompt.id).where(Prompt.recording_id == Recording.id).exists()
    wanted = select(Recording.id).where(Recording.state == "kept", Recording.draft_state.in_(_NEXT), ~ours)
    return s.scalar(wanted.order_by(Recording.draft_state.desc(), Recording.id).limit(1))


def write_all(rt: Runtime, hear: Hear | None = None) -> int:
    """Write the drafts of all that wait; returns how many. ``hear`` makes words of a sound (default: the extra's
    model, in memory only as long as there is something to do)."""
    written = 0
    while True:
        with rt.db.read() as s:
            id = due(s)
        if id is None:
            return written
        if hear is None:
            try:
                hear = _machine(rt)
            except asr.NoModel as error:  # somebody changed the package: better no draft than another's
                log.error("no drafts", why=str(error))
                _give_up(rt)
                return written
        written += _write(rt, id, hear)


def _machine(rt: Runtime) -> Hear:
    model: Any = asr.model(rt.settings.data_dir / "models")
    return lambda data: asr.draft(model, data)


def _write(rt: Runtime, id: int, hear: Hear) -> bool:
    with rt.db.write() as s:
        row = s.get_one(Recording, id)
        name, row.draft_state = row.copy or row.file, _NEXT.get(row.draft_state, "none")
    try:
        words = hear(rt.store.get(f"recordings/{name}"))
    except Exception as error:  # the library's own kinds: a draft is worth no alarm
        log.warning("no draft of a recording", recording=id, why=type(error).__name__)
        return False
    with rt.db.write() as s:
        state = "made" if words else "none"
        s.execute(update(Recording).where(Recording.id == id).values(draft=words or None, draft_state=state))
    return bool(words)


def _give_up(rt: Runtime) -> None:
    with rt.db.write() as s:
        s.execute(update(Recording).where(Recording.draft_state.in_(_NEXT)).values(draft_state=""))
