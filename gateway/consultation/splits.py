"""A tally split by area and group, with nothing from which a single person's choice could be told (domain.md §4:
no breakdown under five persons)."""

from collections.abc import Hashable, Iterable
from dataclasses import dataclass
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


@dataclass(frozen=True)
class Place:
    """How many people of one area fall into each part (an age band, a way of answering), and which of these numbers, or
    their whole, its page must not tell."""

    sizes: Counts
    hidden: frozenset[str]
    whole_hidden: bool

    @property
    def whole(self) -> int | None:
        return None if self.whole_hidden else sum(self.sizes.values())

    def told(self, key: str) -> int | None:
        return None if self.whole_hidden or key in self.hidden else self.sizes.get(key, 0)


def nested(own: Counts, below: Iterable[Place]) -> Place:
    """What an area's page may tell beside the pages of the areas right below it: not what is under five, nor what leaves
    under five, or a single hidden number, once everything told below is subtracted. ``own``: its people who live in none
    of these. A number is hidden above rather than a second one below, so that no page depends on its neighbours'."""
    inside = [place for place in below if any(place.sizes.values())]
    alone = frozenset(key for key, n in own.items() if n < FEW)
    parts = [*inside, Place(own, alone, sum(own.values()) < FEW)] if inside and any(own.values()) else inside
    sizes = dict(own)
    for place in inside:
        for key, n in place.sizes.items():
            sizes[key] = sizes.get(key, 0) + n
    whole = sum(sizes.values())
    kept_back = [sum(p.sizes.values()) for p in parts if p.whole_hidden]
    if 0 < whole < FEW or _findable(kept_back):
        return Place(sizes, frozenset(key for key, n in sizes.items() if n), True)
    unclear = {key: [p.sizes.get(key, 0) for p in parts if key in p.hidden] for key in sizes}
    hidden = [key for key, n in sizes.items() if 0 < n < FEW or _findable(unclear[key])]
    # a part that the pages below tell wholly could be added up there: it hides nothing here
    rest = sorted(
        (key for key, n in sizes.items() if n and key not in hidden),
        key=lambda key: (not unclear[key], sizes[key]),
    )
    while hidden and rest and (len(hidden) < 2 or sum(sizes[key] for key in hidden) < FEW):
        hidden.append(rest.pop(0))
    return Place(sizes, frozenset(hidden), False)


def _findable(kept_back: list[int]) -> bool:
    """Whether what is left of a told whole says too much of the parts that were kept back."""
    some = [n for n in kept_back if n]
    return len(some) == 1 or 0 < sum(some) < FEW
