"""Figures of the procedure by area and period: turnout, reach, objections, cost (policy III(4), domain.md §1 rows 25, 33).
Statistics only: no name, and nothing about fewer than five people."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import Case, case, func, literal, select
from sqlalchemy.orm import Session

from gateway import clock, disclosed
from gateway.consultation import ballots, matters
from gateway.models.answer import Ballot, Objection, Opinion
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.outreach import Broadcast, Delivery, Spending
from gateway.models.person import Person
from gateway.outreach import audience, reached
from gateway.settings import Settings

FEW = ballots.FEW
_BANDS = ((80, "80岁以上"), (65, "65到79岁"), (50, "50到64岁"), (35, "35到49岁"), (0, "18到34岁"))
UNKNOWN = "不详"


@dataclass(frozen=True)
class Period:
    """Whole days, both included; a matter belongs to the one in which it began to gather answers."""

    since: date
    until: date

    def moments(self, zone: ZoneInfo) -> tuple[datetime, datetime]:
        return clock.start_of_day(self.since, zone), clock.start_of_day(self.until + timedelta(days=1), zone)


@dataclass
class Matter:
    """One consultation in figures. Money in 厘 (a thousandth of a yuan)."""

    c: Consultation
    area: str
    tally: ballots.Tally
    opinions: int
    objections: dict[str, int]
    told: dict[str, reached.Reach]
    sms_cost: int
    call_cost: int

    @property
    def objected(self) -> int:
        return sum(self.objections.values())


@dataclass
class Turnout:
    """Of the people asked (each matter asks anew), how many answered."""

    asked: int = 0
    answered: int = 0

    @property
    def told(self) -> bool:
        """Whether it may be told: not of so few that they are known."""
        return self.asked >= FEW


@dataclass
class Parts:
    """Turnout of one area, by the way of answering and by who was asked."""

    channels: dict[str, int] = field(default_factory=dict)
    ages: dict[str, Turnout] = field(default_factory=dict)
    groups: dict[str, Turnout] = field(default_factory=dict)
    sexes: dict[str, Turnout] = field(default_factory=dict)


def within(s: Session, area_ids: list[int], period: Period, zone: ZoneInfo) -> Iterator[Consultation]:
    """The matters these areas lead that began in the period, by number."""
    since, until = period.moments(zone)
    began = func.coalesce(Consultation.opens_at, Consultation.created_at)
    found = select(Consultation).where(Consultation.area_id.in_(area_ids), began >= since, began < until)
    yield from s.scalars(found.order_by(Consultation.number)).all()


def matter(s: Session, settings: Settings, c: Consultation) -> Matter:
    """One matter's figures."""
    said = select(func.count()).where(Opinion.consultation_id == c.id, Opinion.kind == "opinion")
    opposed = (
        select(Objection.state, func.count())
        .where(Objection.consultation_id == c.id)
        .group_by(Objection.state)
    )
    sms, calls = _cost(s, settings, c)
    return Matter(
        c, s.get_one(Area, c.area_id).name, ballots.tally(s, c), s.scalar(said) or 0,
        dict(s.execute(opposed).all()), disclosed.told(s, c), sms, calls,
    )  # fmt: skip


def _cost(s: Session, settings: Settings, c: Consultation) -> tuple[int, int]:
    """What the carrier took for this matter's notices and calls, at the configured prices."""
    tries = (
        select(Broadcast.sms, Delivery.channel, func.sum(Delivery.attempts))
        .join(Delivery, Delivery.broadcast_id == Broadcast.id)
        .where(Broadcast.consultation_id == c.id)
        .group_by(Broadcast.id, Broadcast.sms, Delivery.channel)
    )
    sms = calls = 0
    for words, channel, n in s.execute(tries):
        if channel == "sms":
            sms += n * audience.sms_price(settings, words)
        else:
            calls += n * audience.call_price(settings)
    alone = select(func.sum(Delivery.attempts)).where(
        Delivery.about_id == c.id, Delivery.broadcast_id.is_(None), Delivery.channel == "voice"
    )
    return sms, calls + (s.scalar(alone) or 0) * audience.call_price(settings)


def age_band() -> Case[str]:
    """A person's age band, as a column."""
    age = clock.now().year - Person.birth_year
    return case(
        (Person.birth_year.is_(None), literal(UNKNOWN)),
        *((age >= least, literal(name)) for least, name in _BANDS),
        else_=literal(UNKNOWN),
    )


def parts(s: Session, matters_: list[Consultation]) -> dict[str, Parts]:
    """Turnout by the area people live in. Counted in people, also where a matter counts households."""
    found: dict[str, Parts] = {}
    asked: dict[tuple[object, ...], list[tuple[str, str, str, str, int]]] = {}
    who = (Area.name, Person.group, func.coalesce(Person.sex, ""), age_band())
    for c in matters_:
        key = (tuple(matters.area_ids(s, c)), c.group, c.unit if c.unit in ("owner", "group") else "")
        if key not in asked:  # a village's matters mostly ask the same people: counted once
            people = matters.eligible(s, c).with_only_columns(*who, func.count())
            counted = people.join(Area, Area.id == Person.area_id).group_by(*who)
            asked[key] = [(*row,) for row in s.execute(counted)]
        for row in asked[key]:
            _add(found, row, "asked")
        answered = (
            select(*who, Ballot.channel, func.count())
            .select_from(Ballot)
            .join(Person, Person.id == Ballot.person_id)
            .join(Area, Area.id == Person.area_id)
            .where(Ballot.consultation_id == c.id, ballots.COUNTS)
            .group_by(*who, Ballot.channel)
        )
        for area, group, sex, band, channel, n in s.execute(answered):
            _add(found, (area, group, sex, band, n), "answered")
            ways = found[area].channels
            ways[channel] = ways.get(channel, 0) + n
    return found


def _add(found: dict[str, Parts], row: tuple[str, str, str, str, int], what: str) -> None:
    area, group, sex, band, n = row
    mine = found.setdefault(area, Parts())
    for heap, name in ((mine.ages, band), (mine.groups, group or UNKNOWN), (mine.sexes, sex or UNKNOWN)):
        turnout = heap.setdefault(name, Turnout())
        setattr(turnout, what, getattr(turnout, what) + n)


@dataclass(frozen=True)
class Handled:
    """An area's objections: how many, how many still wait, how many too long, and the days an explanation took."""

    area: str
    objections: int
    open: int
    late: int
    explained: int
    days: float | None


def objections(s: Session, ids: list[int]) -> list[Handled]:
    """How objections to these matters were dealt with, by the area that leads."""
    now, rows = clock.now(), []
    wanted = (
        select(Area.name, Objection.state, Objection.created_at, Objection.explained_at, Objection.due_at)
        .join(Consultation, Consultation.id == Objection.consultation_id)
        .join(Area, Area.id == Consultation.area_id)
        .where(Consultation.id.in_(ids))
        .order_by(Area.path, Objection.id)
    )
    by_area: dict[str, list[tuple[str, datetime, datetime | None, datetime]]] = {}
    for area, state, began, done, due in s.execute(wanted):
        by_area.setdefault(area, []).append((state, began, done, due))
    for area, said in by_area.items():
        took = [(done - began).total_seconds() / 86400 for _state, began, done, _due in said if done]
        late = sum((done or now) > due for state, _began, done, due in said if done or state == "open")
        mean = sum(took) / len(took) if took else None
        waiting = sum(state == "open" for state, *_rest in said)
        rows.append(Handled(area, len(said), waiting, late, len(took), mean))
    return rows


def spending(s: Session, area_ids: list[int], period: Period) -> list[tuple[str, str, int]]:
    """What each area's broadcasts cost by month, in 厘: the carrier's count, whatever they were about."""
    months = Spending.month.between(f"{period.since:%Y-%m}", f"{period.until:%Y-%m}")
    found = (
        select(Area.name, Spending.month, Spending.amount)
        .join(Area, Area.id == Spending.area_id)
        .where(Area.id.in_(area_ids), months)
        .order_by(Area.path, Spending.month)
    )
    return [(area, month, amount) for area, month, amount in s.execute(found)]
