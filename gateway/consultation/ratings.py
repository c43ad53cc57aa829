"""How residents find what was carried out: one to five, once a person, until it is closed (policy row 20)."""

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway import clock
from gateway.consultation import matters
from gateway.consultation.refusal import Refused
from gateway.db import insert_into
from gateway.models.answer import Rating
from gateway.models.consultation import Consultation
from gateway.models.person import Person
from gateway.people.residents import Resident

RATED = ("DISCLOSED", "EVALUATED")  # domain.md §2: one question after DISCLOSED


def may(s: Session, c: Consultation, person: Person | Resident) -> bool:
    """Whether this person is asked how they find it now."""
    return c.state in RATED and matters.concerns(s, c, person)


def rate(s: Session, c: Consultation, person: Person | Resident, score: str | int, channel: str) -> int:
    """Keep somebody's score; a later one replaces it. Returns it.

    Raises :class:`Refused` with code ``score`` (not one to five), ``not_rated`` (not carried out yet) or ``stranger``.
    """
    if str(score) not in ("1", "2", "3", "4", "5"):
        raise Refused("分数是1到5", code="score")
    if c.state not in RATED:
        raise Refused(f"{c.number}号现在不评分", code="not_rated")
    if not matters.concerns(s, c, person):
        raise Refused("这件事没有涉及您登记的村组", code="stranger")
    row = {"score": int(score), "channel": channel, "created_at": clock.now()}
    put = insert_into(s, Rating).values(consultation_id=c.id, person_id=person.id, **row)
    s.execute(put.on_conflict_do_update(index_elements=["consultation_id", "person_id"], set_=row))
    return int(score)


def mean(s: Session, c: Consultation) -> tuple[float | None, int]:
    """The mean score and how many gave one."""
    found = select(func.avg(Rating.score), func.count()).where(Rating.consultation_id == c.id)
    average, n = s.execute(found).one()
    return (float(average) if average is not None else None), n
