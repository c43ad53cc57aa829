"""A tally split by area and group, with nothing from which a single person's choice could be told (domain.md §4:
no breakdown under five persons)."""

from collections.abc import Hashable
from typing import TypeVar

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.consultation import ballots
from gateway.consultation.ballots import FEW
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.person import Person

Counts = dict[str, int]
K = TypeVar("K", bound=Hashable)


def by_place(
    s: Session, c: Consultation
) -> tuple[dict[str, Counts | None], dict[tuple[str, str], Counts | None]]:
    """Counts by option of each area, and of each (area, group); None where they must not be told. A secret matter
    is not split at all."""
    if c.sensitive:
        return {}, {}
    places: dict[int, tuple[str, str]] = {
        id: (area, group)
        for id, area, group in s.execute(
            select(Person.id, Area.name, Person.group)
            .join(Area, Area.id == Person.area_id)
            .join(ballots.Ballot, ballots.Ballot.person_id == Person.id)
            .where(ballots.Ballot.consultation_id == c.id)
            .order_by(Area.path, Person.group, Person.id)
        )
    }
    groups: dict[tuple[str, str], Counts] = {place: {} for place in dict.fromkeys(places.values())}
    for voice in ballots.said(s, c)[0]:
        counts = groups[places[voice.person_id]]
        counts[voice.option] = counts.get(voice.option, 0) + 1
    areas: dict[str, Counts] = {}
    for (area, _group), counts in groups.items():
        whole = areas.setdefault(area, {})
        for option, n in counts.items():
            whole[option] = whole.get(option, 0) + n
    told_areas = bearable(areas)
    told_groups: dict[tuple[str, str], Counts | None] = {}
    for area, whole_told in told_areas.items():
        mine = {place: counts for place, counts in groups.items() if place[0] == area}
        told_groups |= bearable(mine) if whole_told is not None else dict.fromkeys(mine)
    return told_areas, told_groups


def bearable(parts: dict[K, Counts]) -> dict[K, Counts | None]:
    """The parts of a whole that is known. Those under five voices are left out, and as many more, smallest first, as it
    takes that what is left of the whole is neither a single part nor under five."""
    sizes = {key: sum(counts.values()) for key, counts in parts.items()}
    hidden = [key for key in parts if 0 < sizes[key] < FEW]
    rest = sorted((key for key in parts if sizes[key] >= FEW), key=lambda key: sizes[key])
    while hidden and rest and (len(hidden) < 2 or sum(sizes[key] for key in hidden) < FEW):
        hidden.append(rest.pop(0))
    return {key: None if key in hidden else counts for key, counts in parts.items()}
