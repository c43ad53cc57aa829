"""How consultation stands in everything below an area, in figures: coverage, stages, overdue, who takes part, cost (policy I(4),
III(1); domain.md §1 rows 25, 30, 33). Statistics only: no name, nothing about fewer than five people, and a number of
statements that doesn't grow with the villages."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import Select, case, func, select, union_all
from sqlalchemy.orm import Session

from gateway import clock
from gateway.consultation import lifecycle, splits
from gateway.figures import UNKNOWN, Period, age_band
from gateway.models.answer import Ballot, Opinion
from gateway.models.area import Area
from gateway.models.consultation import Consultation, ConsultationArea
from gateway.models.outreach import Broadcast, Delivery, Spending
from gateway.models.oversight import Flag, Referral
from gateway.models.person import Person, PersonHandset
from gateway.outreach import audience
from gateway.people.residents import GONE
from gateway.settings import Settings

WHERE_PEOPLE_LIVE = ("village", "community")


@dataclass
class Place:
    """One area right below, with everything in it. Money in 厘."""

    id: int
    name: str
    level: str
    rollout: str
    villages: int = 0
    covered: int = 0  # villages that led, or were asked in, at least one matter of the period
    states: dict[str, int] = field(default_factory=dict)
    overdue: int = 0  # matters whose turn lasts too long, today
    late_flags: int = 0  # the supervision committee's, unanswered past their day
    late_referrals: int = 0
    sms: int = 0  # tries the carrier took
    calls: int = 0
    spent: int = 0

    @property
    def matters(self) -> int:
        return sum(self.states.values())


@dataclass(frozen=True)
class Share:
    """Of so many people on the rosters, so many said something at least once. None: fewer than five, or what fewer than
    five could be worked out from."""

    people: int | None
    said: int | None


@dataclass
class Overview:
    """Everything below one area. ``stages``: villages by how far they are."""

    area: Area
    places: list[Place]
    stages: dict[str, int]
    ages: dict[str, Share]
    sexes: dict[str, Share]
    channels: dict[str, int | None]
    people: Share

    def total(self, what: str) -> int:
        return sum(getattr(place, what) for place in self.places)

    @property
    def states(self) -> dict[str, int]:
        """Matters by state, in the procedure's order."""
        counted = {state: sum(p.states.get(state, 0) for p in self.places) for state in lifecycle.STATES}
        return {state: n for state, n in counted.items() if n}

    @property
    def per_matter(self) -> int | None:
        """What a matter cost on average, in 厘."""
        return self.total("spent") // self.total("matters") if self.total("matters") else None


def look(s: Session, settings: Settings, top: Area, period: Period, zone: ZoneInfo) -> Overview:
    """Count it. Twelve statements, however many areas there are."""
    found = _Tree(s, top)
    since, until = period.moments(zone)
    began = func.coalesce(Consultation.opens_at, Consultation.created_at)
    inside = (began >= since, began < until)
    below = select(Area.id).where(Area.path.startswith(top.path))
    led = Consultation.area_id.in_(below)
    for area_id, state, n in s.execute(
        select(Consultation.area_id, Consultation.state, func.count())
        .where(led, *inside)
        .group_by(Consultation.area_id, Consultation.state)
    ):
        states = found.place(area_id).states
        states[state] = states.get(state, 0) + n
    asked = select(ConsultationArea.area_id).join(
        Consultation, Consultation.id == ConsultationArea.consultation_id
    )
    found.cover(
        s.scalars(asked.where(ConsultationArea.area_id.in_(_with_above(top, below)), *inside).distinct())
    )
    now = clock.now()
    for what, counted in (
        ("overdue", _by_area(lifecycle.which_are_overdue(select(Consultation).where(led), now))),
        ("late_flags", _by_area(_about(Flag, led).where(Flag.state == "open", Flag.due_at < now))),
        ("late_referrals", _by_area(_about(Referral, led).where(Referral.state == "waiting", Referral.due_at < now))),
    ):  # fmt: skip
        found.add(what, s.execute(counted))
    tries = (
        select(Broadcast.area_id, Delivery.channel, func.sum(Delivery.attempts))
        .join(Delivery, Delivery.broadcast_id == Broadcast.id)
        .where(Broadcast.area_id.in_(below), Broadcast.started_at >= since, Broadcast.started_at < until)
        .group_by(Broadcast.area_id, Delivery.channel)
    )
    for area_id, channel, n in s.execute(tries):
        found.add("sms" if channel == "sms" else "calls", [(area_id, n)])
    months = Spending.month.between(f"{period.since:%Y-%m}", f"{period.until:%Y-%m}")
    spent = select(Spending.area_id, func.sum(Spending.amount)).where(Spending.area_id.in_(below), months)
    found.add("spent", s.execute(spent.group_by(Spending.area_id)))
    for what, home, n, price in _singles(s, settings, since, until):
        if home in found.paths:
            found.add(what, [(home, n)])
            found.add("spent", [(home, price)])
    ages, sexes, people = _shares(s, found, below, inside)
    ways = _channels(s, found, below, inside)
    return Overview(top, found.rows, found.stages(), ages, sexes, ways, people)


def _with_above(top: Area, below: Select[int]) -> Select[int]:
    """Everything below, and what lies above: who asks a whole township asks its villages."""
    parts = top.path.strip("/").split("/")
    paths = ["/" + "/".join(parts[: n + 1]) + "/" for n in range(len(parts))]
    return select(Area.id).where(Area.id.in_(below) | Area.path.in_(paths))


def _about(table: Any, led: Any) -> Select[Consultation]:
    return select(Consultation).join(table, table.consultation_id == Consultation.id).where(led)


def _by_area(matters: Select[Consultation]) -> Select[int, int]:
    return (
        matters.with_only_columns(Consultation.area_id, func.count())
        .order_by(None)
        .group_by(Consultation.area_id)
    )


class _Tree:
    """The areas below one, and to which of those right below it each belongs. An area's own matters, which no smaller one
    leads, stand in a row of its own."""

    def __init__(self, s: Session, top: Area) -> None:
        columns = (Area.id, Area.path, Area.name, Area.level, Area.rollout)
        rows = s.execute(select(*columns).where(Area.path.startswith(top.path)).order_by(Area.path)).all()
        self.paths = {row.id: row.path for row in rows}
        self.levels = {row.id: row.level for row in rows}
        self.depth = top.path.count("/")
        self.by_path: dict[str, Place] = {}
        self.own: dict[str, str] = {row.path: row.rollout for row in rows}
        for row in rows:
            if row.path == top.path or row.path.count("/") == self.depth + 1:
                self.by_path[row.path] = Place(row.id, row.name, row.level, row.rollout)
            if row.level in WHERE_PEOPLE_LIVE:
                self.place(row.id).villages += 1
        self.top = top

    @property
    def rows(self) -> list[Place]:
        return list(self.by_path.values())

    def place(self, area_id: int) -> Place:
        parts = self.paths[area_id].strip("/").split("/")
        return self.by_path["/" + "/".join(parts[: self.depth]) + "/"]

    def add(self, what: str, counted: Iterable[Any]) -> None:
        for area_id, n in counted:
            place = self.place(area_id)
            setattr(place, what, getattr(place, what) + n)

    def place_of(self, counted: Iterable[tuple[int, str, int]]) -> splits.Place:
        """What the page of the area at the top may tell of these (area, part, how many), the pages of everything below it
        being open to the same eyes."""
        own: dict[str, dict[str, int]] = {}
        for area_id, key, n in counted:
            mine = own.setdefault(self.paths[area_id], {})
            mine[key] = mine.get(key, 0) + n
        below: dict[str, list[splits.Place]] = {}
        place = splits.nested({}, ())
        for path in sorted(self.paths.values(), key=lambda path: -path.count("/")):  # the smallest first
            place = splits.nested(own.get(path, {}), below.pop(path, ()))
            below.setdefault(path.rstrip("/").rpartition("/")[0] + "/", []).append(place)
        return place

    def villages(self) -> list[int]:
        return [id for id, level in self.levels.items() if level in WHERE_PEOPLE_LIVE]

    def cover(self, asked: Iterable[int]) -> None:
        """Count the villages that were asked themselves, or with everything around them."""
        known = set(asked)
        whole = known - set(self.paths)  # from above: asked with the whole of something
        paths = tuple(self.paths[id] for id in known if id in self.paths)
        for id in self.villages():
            if whole or self.paths[id].startswith(paths):
                self.place(id).covered += 1

    def stages(self) -> dict[str, int]:
        """Villages by stage: their own, or that of the nearest area around them that has one."""
        found: dict[str, int] = {}
        for id in self.villages():
            parts = self.paths[id].strip("/").split("/")
            around = ("/" + "/".join(parts[:n]) + "/" for n in range(len(parts), 0, -1))
            stage = next((self.own[path] for path in around if self.own.get(path)), "")
            found[stage] = found.get(stage, 0) + 1
        return found


def _said(inside: tuple[Any, ...]) -> Any:
    """Whoever answered or said something on a matter of the period, and how, once a time."""
    spoken = Opinion.kind == "opinion"
    both = union_all(
        select(Ballot.person_id, Ballot.channel, Ballot.consultation_id),
        select(Opinion.person_id, Opinion.channel, Opinion.consultation_id).where(
            spoken, Opinion.person_id.is_not(None)
        ),
    ).subquery()
    return select(both.c.person_id, both.c.channel).join(
        Consultation, Consultation.id == both.c.consultation_id
    ).where(*inside)  # fmt: skip


def _singles(
    s: Session, settings: Settings, since: datetime, until: datetime
) -> Iterator[tuple[str, int | None, int, int]]:
    """Messages to one handset (explanations, answers, receipts) that the carrier took: sms or calls, the area they belong
    to (of the matter they are about, else of whoever has the handset), how many tries, and their price. One SMS is read
    after the other, since its length is its price and its words are sealed: 30 µs each."""
    home = (
        select(Person.area_id)
        .join(PersonHandset, PersonHandset.person_id == Person.id)
        .where(PersonHandset.handset_id == Delivery.handset_id, Person.state.not_in(GONE))
        .order_by(Person.id)
        .limit(1)
        .scalar_subquery()
    )
    sent = (
        select(
            func.coalesce(Consultation.area_id, home), Delivery.channel, Delivery.attempts,
            case((Delivery.channel == "sms", Delivery.body)),
        )
        .outerjoin(Consultation, Consultation.id == Delivery.about_id)
        .where(Delivery.broadcast_id.is_(None), Delivery.attempts > 0)
        .where(Delivery.submitted_at >= since, Delivery.submitted_at < until)
    )  # fmt: skip
    for area_id, channel, n, body in s.execute(sent.execution_options(yield_per=1000)):
        if channel == "sms":
            yield "sms", area_id, n, n * audience.sms_price(settings, body or "")
        else:
            yield "calls", area_id, n, n * audience.call_price(settings)


def _shares(
    s: Session, tree: _Tree, below: Select[int], inside: tuple[Any, ...]
) -> tuple[dict[str, Share], dict[str, Share], Share]:
    by = (Person.area_id, age_band(), func.coalesce(func.nullif(Person.sex, ""), UNKNOWN))
    grown = Person.birth_year.is_(None) | (Person.birth_year <= clock.now().year - 18)
    here = (Person.area_id.in_(below), Person.state.not_in(GONE), grown)
    spoke = select(_said(inside).subquery().c.person_id)
    counts = select(*by, func.count()).where(*here).group_by(*by)
    people = [(*row,) for row in s.execute(counts)]
    said = [(*row,) for row in s.execute(counts.where(Person.id.in_(spoke)))]
    splits_ = []
    for part in (1, 2):
        all_, some = (
            tree.place_of((row[0], str(row[part]), row[3]) for row in rows) for rows in (people, said)
        )
        splits_.append(
            (
                {key: Share(all_.told(key), some.told(key)) for key in sorted(all_.sizes)},
                Share(all_.whole, some.whole),
            )
        )
    (ages, whole), (sexes, _same) = splits_
    return ages, sexes, whole


def _channels(s: Session, tree: _Tree, below: Select[int], inside: tuple[Any, ...]) -> dict[str, int | None]:
    said = _said(inside).subquery()
    ways = (
        select(Person.area_id, said.c.channel, func.count())
        .join(said, said.c.person_id == Person.id)
        .where(Person.area_id.in_(below))
        .group_by(Person.area_id, said.c.channel)
    )
    counts = tree.place_of((*row,) for row in s.execute(ways))
    return {channel: counts.told(channel) for channel in sorted(counts.sizes)}
