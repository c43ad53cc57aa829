"""Which sides a matter affects, and whether each of them has somebody who takes part (policy II(2))."""

from collections.abc import Iterable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.consultation import matters
from gateway.consultation.refusal import Refused
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.participation import STANDS_FOR, SUBJECTS, Participant
from gateway.models.person import Person


@dataclass(frozen=True)
class Side:
    """One side: whether it is affected, how many of those asked by telephone belong to it, and how many were asked to
    take part in person."""

    subject: str
    affected: bool
    asked: int
    invited: int
    heads: int  # both together; who is asked and comes as well is one

    @property
    def missing(self) -> bool:
        """An affected side with nobody to speak for it."""
        return self.affected and not (self.asked or self.invited)


def choose(c: Consultation, sides: Iterable[str]) -> None:
    """Say who is affected. Raises :class:`Refused` for a side there isn't."""
    wanted = set(sides)
    if wanted - set(SUBJECTS):
        raise Refused("没有这一方", "sides")
    c.sides = [side for side in SUBJECTS if side in wanted]


def coverage(s: Session, c: Consultation) -> list[Side]:
    """Every side that is affected or has somebody, in the policy's order."""
    asked: dict[str, set[int]] = {}
    people = matters.eligible(s, c).with_only_columns(Person.id, Person.registered, Person.tags)
    for id, registered, tags in s.execute(people):
        stands = {STANDS_FOR[tag] for tag in tags or () if tag in STANDS_FOR}
        stands.add("registered_residents" if registered else "non_registered_reps")
        for subject in stands:
            asked.setdefault(subject, set()).add(id)
    invited: dict[str, list[int | None]] = {}  # a guest is on no roster
    coming = select(Participant.subject, Participant.person_id).where(Participant.consultation_id == c.id)
    for subject, person_id in s.execute(coming):
        invited.setdefault(subject, []).append(person_id)
    return [
        Side(
            subject,
            subject in (c.sides or ()),
            asked=len(known := asked.get(subject, set())),
            invited=len(come := invited.get(subject, [])),
            heads=len(known) + sum(id is None or id not in known for id in come),
        )
        for subject in SUBJECTS
        if subject in (c.sides or ()) or subject in asked or subject in invited
    ]


def voiceless(s: Session, c: Consultation) -> list[tuple[str, str]]:
    """Where groups are counted: those (area, group) with people but nobody to speak for them, so that they have no voice in
    the tally. Once the voices were counted it can't be mended any more, and there are none."""
    if c.unit != "group" or c.voices is not None:
        return []
    places = (Person.area_id, Person.group)
    spoken = {(*row,) for row in s.execute(matters.eligible(s, c).with_only_columns(*places).distinct())}
    everybody = matters.eligible(s, c, unit="person").join(Area, Area.id == Person.area_id)
    found = s.execute(everybody.with_only_columns(*places, Area.name, Area.path).distinct())
    silent = sorted((path, group, name) for id, group, name, path in found if (id, group) not in spoken)
    return [(name, group) for _path, group, name in silent]
