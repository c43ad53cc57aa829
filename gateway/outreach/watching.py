"""Watching a broadcast: how far and how fast it is, why rows wait, what went wrong, whose door to knock at."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from gateway import clock, phones
from gateway.models.area import Area
from gateway.models.outreach import RANK, Broadcast, Delivery
from gateway.models.person import Handset, Household, Person, PersonHandset
from gateway.outreach import aftermath, audience, broadcasts, claiming, errors, hours
from gateway.outreach.errors import Trouble
from gateway.people.residents import Page
from gateway.settings import Settings

WINDOW = timedelta(minutes=2)  # the pace is that of the last minutes, not of the whole broadcast
_FAILED = ("failed", "undelivered")
ELSEWHERE = "外村一人"  # whoever shares a handset with one of ours


@dataclass(frozen=True)
class Progress:
    """Deliveries by state, requests a minute lately, and how many seconds the due ones still take (None when
    nothing moves)."""

    counts: dict[str, int]
    per_minute: float = 0.0
    seconds_left: float | None = None


@dataclass(frozen=True)
class Waiting:
    """So many deliveries wait for the same reason."""

    words: str
    count: int


@dataclass
class DeliveryRow:
    """A line of the delivery table; the number is masked. ``why`` says what a waiting one waits for."""

    id: int
    masked: str
    channel: str
    state: str
    error_words: str
    names: list[str]
    heard: str | None
    why: str = ""


@dataclass(frozen=True)
class Door:
    """Somebody to tell in person."""

    area: str
    group: str
    household: str
    name: str
    why: str


def progress(s: Session, b: Broadcast) -> Progress:
    """One look at all deliveries of a broadcast."""
    now = clock.now()
    lately = case((Delivery.submitted_at > now - WINDOW, 1), else_=0)
    due = case((Delivery.due_at <= now, 1), else_=0)
    counts = dict.fromkeys(RANK, 0)
    asked = to_go = 0
    for state, count, recent, ready in s.execute(
        select(Delivery.state, func.count(), func.sum(lately), func.sum(due))
        .where(Delivery.broadcast_id == b.id)
        .group_by(Delivery.state)
    ):
        counts[state] = count
        asked += recent
        to_go += ready if state == "planned" else count if state == "claimed" else 0
    if b.state != "running" or b.started_at is None or not asked:
        return Progress(counts)
    span = max(1.0, min(WINDOW, now - b.started_at).total_seconds())
    return Progress(counts, asked / span * 60, to_go / asked * span)


def troubles(s: Session, b: Broadcast) -> list[tuple[Trouble, int]]:
    """What went wrong, in words and with what to do, most frequent first."""
    found: dict[Trouble, int] = {}
    for code, count in s.execute(
        select(Delivery.error, func.count())
        .where(Delivery.broadcast_id == b.id, Delivery.state.in_(_FAILED))
        .group_by(Delivery.error)
    ):
        trouble = errors.trouble(code)
        found[trouble] = found.get(trouble, 0) + count
    return sorted(found.items(), key=lambda one: (-one[1], one[0].words))


class Reasons:
    """Why planned deliveries of one broadcast don't leave yet; looked up once, asked for every row."""

    def __init__(self, s: Session, settings: Settings, b: Broadcast) -> None:
        area = s.get_one(Area, b.area_id)
        self.b, self.settings = b, settings
        self.now, self.zone = clock.now(), hours.zone_of(settings, area.timezone)
        self.held = claiming.held_until(s)
        self.spent = broadcasts.left(s, settings, area) == 0
        self.closed = {
            lane: hours.minutes_until_allowed(settings, lane, self.zone, b.call_hours)
            for lane in ("bulk", "calls")
        }

    def of(self, lane: str, due_at: datetime, error: str | None) -> str:
        """In words for an organizer."""
        if self.b.state == "cancelled":
            return "不发了"
        if self.b.state == "paused":
            return "这个月的话费上限用完了" if self.b.why == "budget" else "暂停了"
        again = "再打" if lane == "calls" else "再发"
        if due_at > self.now:
            at = f"{moment_in_words(due_at, self.now, self.zone)}{again}"
            if error:
                return f"{errors.words(error)}，{at}"
            if lane == "calls" and due_at <= self.now + timedelta(seconds=self.settings.minimum_gap):
                return f"刚给这部电话打过，{at}"
            return f"一天里已经通知过{self.settings.attempts_per_day}次，{at}"
        if self.spent:
            return "这个月的话费上限用完了"
        if self.held is not None and self.held > self.now:
            return "运营商不认我们的账号，改好以后自动接着发"
        if self.closed.get(lane):
            opens = self.now + timedelta(minutes=self.closed[lane])
            night = "现在不是打电话的时间" if lane == "calls" else "夜里不打扰人"
            return f"{night}，{moment_in_words(opens, self.now, self.zone)}{again}"
        return "排着队，马上就发"


def waiting(s: Session, settings: Settings, b: Broadcast) -> list[Waiting]:
    """What the planned deliveries wait for, with counts, most frequent first."""
    reasons = Reasons(s, settings, b)
    gap = reasons.now + timedelta(seconds=settings.minimum_gap)
    when = case((Delivery.due_at <= reasons.now, 0), (Delivery.due_at <= gap, 1), else_=2)
    found: dict[str, int] = {}
    for lane, error, first, count in s.execute(
        select(Delivery.lane, Delivery.error, func.min(Delivery.due_at), func.count())
        .where(Delivery.broadcast_id == b.id, Delivery.state == "planned")
        .group_by(Delivery.lane, Delivery.error, when)
    ):
        words = reasons.of(lane, first, error)
        found[words] = found.get(words, 0) + count
    return [Waiting(*one) for one in sorted(found.items(), key=lambda one: -one[1])]


def moment_in_words(moment: datetime, now: datetime, zone: ZoneInfo) -> str:
    """“今天15:30”, “明天8:30”, “11月27日8:30”, by the village's calendar."""
    there, here = moment.astimezone(zone), now.astimezone(zone)
    days = (there.date() - here.date()).days
    day = {0: "今天", 1: "明天"}.get(days, f"{there.month}月{there.day}日")
    return f"{day}{there.hour}:{there:%M}"


def deliveries(
    s: Session,
    settings: Settings,
    b: Broadcast,
    states: tuple[str, ...] = (),
    page: int = 1,
    size: int = 50,
    within: list[int] | None = None,
) -> Page[DeliveryRow]:
    """One page of a broadcast's deliveries (in ``states``, if given), with the people of the areas ``within``
    behind each handset."""
    wanted = select(Delivery).where(Delivery.broadcast_id == b.id)
    if states:
        wanted = wanted.where(Delivery.state.in_(states))
    total = s.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    rows = list(s.scalars(wanted.order_by(Delivery.id).limit(size).offset((page - 1) * size)))
    ids = {d.handset_id for d in rows}
    numbers = {
        i: phones.mask(n) for i, n in s.execute(select(Handset.id, Handset.number).where(Handset.id.in_(ids)))
    }
    names = names_on(s, ids, within)
    reasons = Reasons(s, settings, b)
    items = [
        DeliveryRow(
            d.id,
            numbers[d.handset_id],
            d.channel,
            d.state,
            errors.words(d.error) if d.state in _FAILED else "",
            names.get(d.handset_id, []),
            d.heard,
            reasons.of(d.lane, d.due_at, d.error) if d.state == "planned" else "",
        )
        for d in rows
    ]
    return Page(items, total, page, size)


def names_on(s: Session, handset_ids: Any, within: list[int] | None = None) -> dict[int, list[str]]:
    """Who is reached at each of these handsets; people from outside the areas ``within``, if given, without a name."""
    wanted = (
        select(PersonHandset.handset_id, Person.name, Person.area_id)
        .join(Person, Person.id == PersonHandset.person_id)
        .where(PersonHandset.handset_id.in_(handset_ids))
        .order_by(Person.id)
    )
    found: dict[int, list[str]] = {}
    for handset_id, name, area_id in s.execute(wanted):
        known = within is None or area_id in within
        found.setdefault(handset_id, []).append(name if known else ELSEWHERE)
    return found


def doors(s: Session, b: Broadcast, within: list[int] | None = None) -> list[Door]:
    """Whom to tell in person, by area, group and household: before it starts those no telephone reaches, then
    also those to whom nothing got through. Only people of the areas ``within``, if given."""
    told: Any
    before = b.state in (None, "draft", "waiting")  # None: a rehearsal, which is not kept
    if before:
        reached = audience.handsets(s, b).subquery()
        told = select(reached.c.handset_id)
    else:
        # a machine, or somebody who hung up at once, has not heard it; what was cancelled never left
        gone = (*_FAILED, "planned") if b.state == "cancelled" else _FAILED
        told = select(Delivery.handset_id).where(
            Delivery.broadcast_id == b.id, Delivery.state.not_in(gone), ~aftermath.NOT_HEARD
        )
    answers = select(PersonHandset.person_id).where(PersonHandset.handset_id.in_(told))
    phone = select(PersonHandset.person_id).where(PersonHandset.person_id == Person.id).exists()
    wanted = (
        select(Area.name, Person.group, func.coalesce(Household.code, ""), Person.name, phone)
        .join(Area, Area.id == Person.area_id)
        .outerjoin(Household, Household.id == Person.household_id)
        .where(audience.people(s, b), Person.id.not_in(answers))
        .order_by(Area.path, Person.group, Household.code, Person.id)
    )
    if within is not None:
        wanted = wanted.where(Person.area_id.in_(within))
    missed = "电话不能通知" if before else "没通知到"
    return [
        Door(area, group, code, name, missed if has else "没有电话")
        for area, group, code, name, has in s.execute(wanted)
    ]
