"""Whether the result has arrived: silence means consent only where people were told (domain.md §2, the reach guard)."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import String, and_, cast, func, or_, select
from sqlalchemy.orm import Session

from gateway import clock
from gateway.consultation import matters
from gateway.db import insert_into
from gateway.models.answer import Objection
from gateway.models.area import Area
from gateway.models.consultation import Consultation, ConsultationEvent
from gateway.models.meeting import Visit
from gateway.models.outreach import Broadcast, Delivery
from gateway.models.person import Household, Person, PersonHandset


@dataclass(frozen=True)
class Reach:
    """Households told of the result in this round, of those there are; who is in none counts as one."""

    told: int
    homes: int
    percent: int  # that has to be reached

    @property
    def needed(self) -> int:
        """How many have to be told: the share, rounded up."""
        return -(-self.homes * self.percent // 100)

    @property
    def enough(self) -> bool:
        return self.told >= self.needed

    @property
    def missing(self) -> int:
        return max(0, self.needed - self.told)


@dataclass(frozen=True)
class Door:
    """A household that nobody has told yet."""

    home: str
    code: str
    names: tuple[str, ...]
    group: str
    area: str


_HOME = func.coalesce("h" + cast(Person.household_id, String), "p" + cast(Person.id, String))


def reach(s: Session, c: Consultation) -> Reach:
    """How far the result of this round got."""
    asked = matters.asked(s, c).with_only_columns(_HOME.label("home")).distinct().subquery()
    homes = s.scalar(select(func.count()).select_from(asked)) or 0
    told = s.scalar(select(func.count()).select_from(asked).where(asked.c.home.in_(_told(s, c)))) or 0
    return Reach(told, homes, c.rules.reach_percent)


def doors(s: Session, c: Consultation, within: list[int] | None = None) -> list[Door]:
    """Where somebody has to knock, by area, group and household; only in the areas ``within``, if
    given."""
    asked = matters.asked(s, c)
    if within is not None:
        asked = asked.where(Person.area_id.in_(within))
    rows = s.execute(
        asked.with_only_columns(_HOME.label("home"), Household.code, Person.name, Person.group, Area.name)
        .join(Area, Area.id == Person.area_id)
        .outerjoin(Household, Household.id == Person.household_id)
        .where(_HOME.not_in(_told(s, c)))
        .order_by(Area.path, Person.group, Household.code, Person.id)
    )
    found: dict[str, Door] = {}
    for home, code, name, group, area in rows:
        before = found.get(home)
        found[home] = Door(home, code or "", (*(before.names if before else ()), name), group or "", area)
    return list(found.values())


def visit(s: Session, c: Consultation, home: str, by: str) -> bool:
    """A door was knocked at and the result told there; False when somebody noted that already, or no such home is asked."""
    asked = matters.asked(s, c).with_only_columns(_HOME).where(_HOME.in_([home]))
    if s.scalar(asked.limit(1)) is None:
        return False
    row = {"consultation_id": c.id, "round": c.round, "home": home, "by": by, "created_at": clock.now()}
    done = s.execute(insert_into(s, Visit).values(**row).on_conflict_do_nothing())
    return bool(done.rowcount)  # type: ignore[attr-defined]


def _published(s: Session, c: Consultation) -> datetime | None:
    """When this round's publicity began."""
    events = select(func.max(ConsultationEvent.created_at)).where(
        ConsultationEvent.consultation_id == c.id, ConsultationEvent.event == "publish"
    )
    return s.scalar(events)


def _told(s: Session, c: Consultation) -> Any:
    """The homes where somebody was told: an SMS that arrived, a call that was heard, a visit, or their own objection to
    it. A machine that answered, or a hang-up, told nobody."""
    arrived = or_(
        and_(Delivery.channel == "sms", Delivery.state == "delivered"),
        and_(Delivery.channel == "voice", Delivery.heard.in_(("to_end", "understood"))),
    )
    since = _published(s, c)
    by_phone = (
        select(_HOME)
        .join(PersonHandset, PersonHandset.person_id == Person.id)
        .join(Delivery, Delivery.handset_id == PersonHandset.handset_id)
        .join(Broadcast, Broadcast.id == Delivery.broadcast_id)
        .where(Broadcast.consultation_id == c.id, Broadcast.stage == "result", arrived)
    )
    if since is not None:
        by_phone = by_phone.where(Broadcast.created_at >= since)
    visited = select(Visit.home).where(Visit.consultation_id == c.id, Visit.round == c.round)
    objected = (
        select(_HOME)
        .join(Objection, Objection.person_id == Person.id)
        .where(Objection.consultation_id == c.id, Objection.round == c.round)
    )
    return by_phone.union(visited, objected)
