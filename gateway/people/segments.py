"""Matters that ask only some of those who live there: a tag, or named people (policy II(3): 涉及部分群众, 小范围协商).

The group is a question of the matter itself and asked with everything else; these two are rare, and cost a statement of
their own only where they are used.
"""

import json
from collections.abc import Iterable
from typing import Any, Protocol

from sqlalchemy import ColumnElement, String, cast, delete, or_, select
from sqlalchemy.orm import Session

from gateway.models.consultation import Consultation
from gateway.models.participation import ConsultationPerson, Recusal
from gateway.models.person import Person


class Segmented(Protocol):
    """What a matter says of those it asks."""

    @property
    def id(self) -> int: ...
    @property
    def tag(self) -> str: ...
    @property
    def named(self) -> bool: ...


def rules(c: Segmented) -> list[ColumnElement[bool]]:
    """What a person must be, beside living in the areas and the group asked."""
    found: list[ColumnElement[bool]] = []
    if c.tag:
        found.append(tagged(c.tag))
    if c.named:
        found.append(Person.id.in_(names(c.id)))
    return found


def tagged(tag: str) -> ColumnElement[bool]:
    """Tags are a JSON list, kept as text by both databases: look for the word as it is written there."""
    return cast(Person.tags, String).contains(json.dumps(tag), autoescape=True)


def represents_group() -> ColumnElement[bool]:
    """Who speaks for a 小组 where groups are counted: its leader, or one sent to represent it."""
    return or_(tagged("group_leader"), tagged("villager_rep"))


def recused(consultation_id: Any) -> Any:
    """The ids of residents who have an interest in a matter and stay out of deciding it; they hear of it and may speak
    like everybody it asks. Asked for with the matter's id, or with a column that has it."""
    return select(Recusal.person_id).where(
        Recusal.consultation_id == consultation_id, Recusal.person_id.is_not(None), Recusal.ended_at.is_(None)
    )


def stays_out(s: Session, consultation_id: int, person_id: int) -> bool:
    """Whether this person (id) is one of the :func:`recused`."""
    return s.scalar(recused(consultation_id).where(Recusal.person_id == person_id).limit(1)) is not None


def names(consultation_id: int) -> Any:
    """The ids of those a matter asks by name."""
    return select(ConsultationPerson.person_id).where(ConsultationPerson.consultation_id == consultation_id)


def inside(s: Session, c: Segmented, people: Iterable[int]) -> bool:
    """Whether the matter asks one of these people (ids), as far as tag and names go."""
    if not (c.tag or c.named):
        return True
    return s.scalar(select(Person.id).where(Person.id.in_(list(people)), *rules(c)).limit(1)) is not None


def choose(
    s: Session, c: Consultation, *, group: str = "", tag: str = "", people: Iterable[int] = ()
) -> None:
    """Say whom the matter asks: everybody of its areas where all is empty."""
    wanted = sorted(set(people))
    s.execute(delete(ConsultationPerson).where(ConsultationPerson.consultation_id == c.id))
    s.add_all(ConsultationPerson(consultation_id=c.id, person_id=id) for id in wanted)
    c.group, c.tag, c.named = group.strip(), tag.strip(), bool(wanted)
    s.flush()
