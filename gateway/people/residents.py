"""Finding residents and the handsets they answer."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from sqlalchemy import Select, func, or_, select
from sqlalchemy.orm import Session

from gateway import clock
from gateway.db import insert_into, vault
from gateway.models.area import Area
from gateway.models.person import Handset, Household, Person, PersonHandset
from gateway.phones import HIDDEN, Phone

GONE = ("rejected", "left")
T = TypeVar("T")


class Resident(NamedTuple):
    """A person on a handset as a message from it needs to know them; names as in :class:`Person`."""

    id: int
    area_id: int
    household_id: int | None
    name: str
    group: str
    language: str
    state: str
    path: str  # of the area, and how it signs an SMS
    signed: str


@dataclass
class Page(Generic[T]):
    """One page of a list and how many there are in all."""

    items: list[T]
    total: int
    page: int = 1
    size: int = 50

    @property
    def pages(self) -> int:
        return max(1, -(-self.total // self.size))


@dataclass
class ResidentRow:
    """A line of the residents' list; handsets are (id, masked number, kind, stopped)."""

    person: Person
    household_code: str
    handsets: list[tuple[int, str, str, bool]]
    area_name: str
    shared: bool = False


def handset(s: Session, e164: str) -> Handset | None:
    """The handset with that number, if we know it."""
    return s.scalar(select(Handset).where(Handset.number_index == vault().index(e164)))


def handset_for(s: Session, phone: Phone) -> Handset:
    """The handset with that number, made if it is new."""
    known = handset(s, phone.e164)
    if known is None:
        # two messages from one new number may arrive at once: whoever is second finds the first one's row
        row = {
            "number": phone.e164,
            "number_index": vault().index(phone.e164),
            "tail": phone.e164[-4:],
            "kind": phone.kind,
        }
        s.execute(insert_into(s, Handset).values(**row, created_at=clock.now()).on_conflict_do_nothing())
        known = handset(s, phone.e164)
        assert known is not None
    return known


def people_on(s: Session, handset_id: int) -> list[Person]:
    """Everybody reached at this handset, in the order they were registered."""
    return list(
        s.scalars(
            select(Person)
            .join(PersonHandset, PersonHandset.person_id == Person.id)
            .where(PersonHandset.handset_id == handset_id, Person.state.not_in(GONE))
            .order_by(Person.id)
        )
    )


def spoken(chosen: str | None, languages: Iterable[str]) -> str:
    """The language of a handset: the one chosen on it, else the one all its people speak; “” where they differ."""
    all_of_them = {chosen} if chosen else set(languages)
    return all_of_them.pop() if len(all_of_them) == 1 else ""


def spoken_on(s: Session, phone: Handset) -> str:
    """The same, looked up."""
    return spoken(phone.language, (person.language for person in people_on(s, phone.id)))


def handsets_of(s: Session, person_id: int) -> list[Handset]:
    return list(
        s.scalars(
            select(Handset)
            .join(PersonHandset, PersonHandset.handset_id == Handset.id)
            .where(PersonHandset.person_id == person_id)
            .order_by(Handset.id)
        )
    )


def connect(s: Session, person: Person, phone: Handset) -> None:
    """Say that this person answers this handset (again is fine). Not with a hidden number: whoever hides theirs next
    would be taken for this person."""
    if phone.number == HIDDEN:
        return
    if s.get(PersonHandset, (person.id, phone.id)) is None:
        s.add(PersonHandset(person_id=person.id, handset_id=phone.id))
        s.flush()


def works_again(s: Session, phone: Handset) -> bool:
    """Somebody made sure that a number the carrier called bad is in use; False if it was not called bad."""
    if phone.bad_reason is None:
        return False
    phone.bad_reason = None
    s.flush()
    return True


def household_code(s: Session, area_id: int, code: str) -> Household | None:
    return s.scalar(select(Household).where(Household.area_id == area_id, Household.code == code))


def search(
    s: Session, area_ids: list[int], text: str = "", page: int = 1, size: int = 50
) -> Page[ResidentRow]:
    """Residents of these areas by name, household number, group or the last four digits of a phone."""
    visible: Select[Person] = select(Person).where(Person.area_id.in_(area_ids), Person.state.not_in(GONE))
    text = text.strip()
    if text:
        like = f"%{text}%"
        of_household = select(Household.id).where(Household.code.ilike(like))
        of_tail = (
            select(PersonHandset.person_id)
            .join(Handset, Handset.id == PersonHandset.handset_id)
            .where(Handset.tail == text[-4:])
        )
        matches = [Person.name.like(like), Person.group.like(like), Person.household_id.in_(of_household)]
        if text.isdigit() and len(text) >= 4:
            matches.append(Person.id.in_(of_tail))
        visible = visible.where(or_(*matches))
    total = s.scalar(select(func.count()).select_from(visible.subquery())) or 0
    found = list(
        s.scalars(
            visible.order_by(Person.area_id, Person.household_id, Person.id)
            .limit(size)
            .offset((page - 1) * size)
        )
    )
    return Page(_with_handsets(s, found), total, page, size)


def _with_handsets(s: Session, found: list[Person]) -> list[ResidentRow]:
    ids = [p.id for p in found]
    phones: dict[int, list[Handset]] = {}
    for person_id, phone in s.execute(
        select(PersonHandset.person_id, Handset)
        .join(Handset, Handset.id == PersonHandset.handset_id)
        .where(PersonHandset.person_id.in_(ids))
    ):
        phones.setdefault(person_id, []).append(phone)
    handset_ids = {h.id for hs in phones.values() for h in hs}
    sharers = {
        handset_id: n
        for handset_id, n in s.execute(
            select(PersonHandset.handset_id, func.count())
            .where(PersonHandset.handset_id.in_(handset_ids))
            .group_by(PersonHandset.handset_id)
        )
    }
    codes = {
        id: code
        for id, code in s.execute(
            select(Household.id, Household.code).where(
                Household.id.in_({p.household_id for p in found if p.household_id})
            )
        )
    }
    names = {
        id: name
        for id, name in s.execute(select(Area.id, Area.name).where(Area.id.in_({p.area_id for p in found})))
    }
    return [
        ResidentRow(
            person=p,
            household_code=codes.get(p.household_id or 0, ""),
            handsets=[
                (h.id, h.masked, h.kind, bool(h.sms_stopped_at or h.voice_stopped_at))
                for h in phones.get(p.id, [])
            ],
            area_name=names.get(p.area_id, ""),
            shared=any(sharers.get(h.id, 0) > 1 for h in phones.get(p.id, [])),
        )
        for p in found
    ]
