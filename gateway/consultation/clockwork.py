"""What the clock does to consultations: state is a function of the clock and of stored facts, so a tick acts on what is
due, in the order it fell due and with the time it fell due, and a clock that was away loses nothing."""

import heapq
from datetime import datetime

from sqlalchemy import Select, and_, or_, select
from sqlalchemy.orm import Session

from gateway import clock
from gateway.consultation import lifecycle, matters, objections, steps
from gateway.consultation.refusal import Refused
from gateway.models.consultation import GATHERING, Consultation

_EVENT = {"NOTICED": "start", "PUBLICITY": "take_effect", "EXPLAINED": "take_effect"} | dict.fromkeys(
    GATHERING, "close"
)


def tick(s: Session, now: datetime | None = None) -> list[int]:
    """Do what is due, oldest first; returns the ids of consultations that moved."""
    now = now or clock.now()
    moved = _nobody_objects_any_more(s)
    due = [(_at(c), c.id, c) for c in s.scalars(_due(now))]
    heapq.heapify(due)
    while due:
        at, id, c = heapq.heappop(due)
        if _act(s, c, at):
            moved.append(id)
            if c.state in _EVENT and c.falls_due and c.falls_due < now:
                heapq.heappush(due, (_at(c), id, c))
    late = select(Consultation).where(
        Consultation.voices.is_(None), Consultation.state.not_in(lifecycle.BEFORE)
    )
    for c in s.scalars(late):
        c.voices = matters.voices(s, c)  # it ended before this was written down
    return moved


def _at(c: Consultation) -> datetime:
    assert c.falls_due is not None
    return c.falls_due


def _due(now: datetime) -> Select[Consultation]:
    state = Consultation.state
    return select(Consultation).where(
        or_(
            and_(state == "NOTICED", Consultation.opens_at <= now),
            and_(state.in_(GATHERING), Consultation.closes_at < now),
            and_(state.in_(("PUBLICITY", "EXPLAINED")), Consultation.publicity_ends_at < now),
        )
    )


def _act(s: Session, c: Consultation, at: datetime) -> bool:
    """One event of the clock. What a rule forbids waits, and stands on the list of what is overdue."""
    event = _EVENT[c.state]
    try:
        if not lifecycle.move(s, c, event, "clock", at=at):
            return False
    except Refused:
        return False
    if event == "take_effect":
        steps.tell_effective(s, c)
    return True


def _nobody_objects_any_more(s: Session) -> list[int]:
    """Nothing open any more, and nobody moved it on: a matter must never wait for ever."""
    moved = []
    for c in s.scalars(select(Consultation).where(Consultation.state == "OBJECTED")):
        if objections.still_open(s, c) == 0:
            steps.explained(s, c, "clock")
            moved.append(c.id)
    return moved
