"""Receipt codes: short enough to be said over the phone."""

import secrets
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import clock
from gateway.models.answer import Ballot, Objection, Opinion, Receipt
from gateway.models.consultation import Consultation
from gateway.models.topic import Proposal
from gateway.prepared import Prepared

# whoever inserts a code first has it: nobody looks before
_KEEP: Prepared[Any] = Prepared(
    lambda sql: sql.insert(Receipt).on_conflict_do_nothing(index_elements=["code"]).returning(Receipt.code)
)


def mint(s: Session, kind: str, consultation_id: int | None, person_id: int | None) -> str:
    """A new code of five digits (six once five get crowded); never starts with 0, which means “a person”."""
    for attempt in range(40):
        digits = 5 if attempt < 20 else 6
        code = str(secrets.randbelow(9 * 10 ** (digits - 1)) + 10 ** (digits - 1))
        row = {"kind": kind, "consultation_id": consultation_id, "person_id": person_id}
        if _KEEP.first(s, code=code, **row, created_at=clock.now()):
            return code
    raise RuntimeError("no free receipt code in forty tries")


def look_up(s: Session, code: str) -> Receipt | None:
    """The receipt with that code, if there is one."""
    return s.scalar(select(Receipt).where(Receipt.code == code))


_OBJECTION = ("open", "explained", "withdrawn", "resolved")


def standing(s: Session, found: Receipt) -> str:
    """What has become of what the receipt was given for: ``kept``, ``replaced``, ``taken_back`` (the whole matter was),
    an objection's state, or what was answered to an opinion. Never the choice, which others could hear. The words are the editors'."""
    c = s.get(Consultation, found.consultation_id) if found.consultation_id else None
    if c is not None and c.state == "WITHDRAWN":
        return "taken_back"
    if found.kind == "objection":
        mine = select(Objection.state).where(Objection.person_id == found.person_id)
        state = s.scalar(mine.where(Objection.receipt == found.code))
        return state if state in _OBJECTION else "kept"
    if found.kind == "opinion":
        proposed = select(Proposal.state).join(Opinion, Opinion.id == Proposal.opinion_id)
        if (state := s.scalar(proposed.where(Opinion.receipt == found.code))) is not None:
            return f"proposal_{'raised' if state == 'taken_up' else state}"
        verdict = s.scalar(select(Opinion.verdict).where(Opinion.receipt == found.code))
        return verdict or "kept"
    if found.kind == "ballot":
        present = select(Ballot.receipt).where(
            Ballot.consultation_id == found.consultation_id, Ballot.person_id == found.person_id
        )
        if s.scalar(present) != found.code:
            return "replaced"
    return "kept"
