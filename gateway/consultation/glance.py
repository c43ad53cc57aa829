"""Consultations at a glance: light rows for answering a message, where loading whole ones is most of the price."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.models.area import Area
from gateway.models.consultation import Consultation, ConsultationArea
from gateway.people import segments
from gateway.people.decided import above
from gateway.people.residents import Resident
from gateway.prepared import Prepared, Sql, given


class Matter(NamedTuple):
    """A consultation as a message about it needs to know it; names as in :class:`Consultation`."""

    id: int
    number: int
    title: str
    unit: str
    group: str
    state: str
    options: dict[str, str]
    opens_at: datetime | None
    closes_at: datetime | None
    sensitive: bool
    tag: str = ""
    named: bool = False


_COLUMNS = (
    *(Consultation.id, Consultation.number, Consultation.title, Consultation.unit),
    *(Consultation.group.label("group"), Consultation.state, Consultation.options),
    *(Consultation.opens_at, Consultation.closes_at, Consultation.sensitive),
    *(Consultation.tag, Consultation.named),
)
_NUMBERED = Prepared(lambda sql: select(*_COLUMNS).where(Consultation.number == given("number")), Matter)


def _concerning(sql: Sql) -> object:
    asked = (
        select(ConsultationArea.consultation_id)
        .join(Area, Area.id == ConsultationArea.area_id)
        .where(sql.among(Area.path, "paths"))
    )
    in_state = sql.among(Consultation.state, "states")
    return select(*_COLUMNS).where(in_state, Consultation.id.in_(asked)).order_by(Consultation.number)


_CONCERNING = Prepared(_concerning, Matter)


def concerning(s: Session, people: Sequence[Resident], states: Collection[str]) -> list[Matter]:
    """What :func:`matters.for_people` finds."""
    if not people:
        return []
    paths = sorted(above(p.path for p in people))
    found = _CONCERNING.all(s, states=list(states), paths=paths)
    return [c for c in found if is_for(s, c, people)]


def is_for(s: Session, c: Any, people: Sequence[Any]) -> bool:
    """Whether a matter of their area asks one of these people, as far as its segment goes."""
    mine = [p.id for p in people if not c.group or p.group == c.group]
    return bool(mine) and segments.inside(s, c, mine)


def numbered(s: Session, number: int) -> Matter | None:
    """What :func:`matters.find` finds."""
    return _NUMBERED.first(s, number=number)
