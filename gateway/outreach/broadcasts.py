"""Broadcasts: made, started, paused, resumed, cancelled, watched."""

from dataclasses import dataclass

from sqlalchemy import case, func, literal, select, update
from sqlalchemy.orm import Session

from gateway import clock, phones
from gateway.db import insert_into
from gateway.models.area import Area
from gateway.models.organizer import Organizer
from gateway.models.outreach import LADDER, RANK, Broadcast, Delivery, Spending
from gateway.models.person import Handset, Person, PersonHandset
from gateway.outreach import audience, errors, ladder
from gateway.outreach.audience import Audience
from gateway.outreach.claiming import IS_PLANNED, month, sources
from gateway.people.residents import Page
from gateway.queue import LANES
from gateway.settings import Settings

FALLBACKS = ("", "voice", "sms", "both")


@dataclass
class DeliveryRow:
    """A line of the delivery table; the number is masked."""

    id: int
    masked: str
    channel: str
    state: str
    error_words: str
    names: list[str]
    heard: str | None


def create(
    s: Session,
    *,
    area: Area,
    sms: str,
    voice: str = "",
    channel: str = "auto",
    consultation_id: int | None = None,
    stage: str = "",
    by: str = "cli",
    to: Audience | None = None,
    fallback: str = "",
    retry: str = LADDER,
    detect: bool = False,
) -> Broadcast:
    """A draft. Raises ValueError for an unknown channel or fall-back, an unreadable ladder, or nothing to say."""
    if channel not in audience.CHANNELS:
        raise ValueError(f"channel must be one of {', '.join(audience.CHANNELS)}")
    if fallback not in FALLBACKS:
        raise ValueError(f"fallback must be one of {', '.join(FALLBACKS)}")
    if not sms.strip() and not voice.strip():
        raise ValueError("a broadcast without words")
    ladder.steps(retry)
    made = Broadcast(
        area_id=area.id,
        consultation_id=consultation_id,
        stage=stage,
        channel=channel,
        sms=sms.strip() or voice.strip(),
        voice=voice.strip() or sms.strip(),
        by=by,
        audience=(to or Audience()).to_json(),
        fallback=fallback,
        ladder=retry,
        detect=detect,
    )
    s.add(made)
    s.flush()
    return made


def start(s: Session, settings: Settings, b: Broadcast) -> int:
    """Let it go, or let it wait for a second organizer where its area wants that; returns how many deliveries.

    Starting twice adds nobody: a delivery is unique by broadcast, handset and channel. Raises
    :class:`NotPossible`, and :class:`OverBudget` when the area's month can't pay for it.
    """
    if b.state != "draft":
        raise NotPossible(b.state)
    area = s.get_one(Area, b.area_id)
    b.price = estimate(s, settings, b)
    _afford(s, settings, area, b)
    if area.needs_approval:
        _move(s, b, ("draft",), "waiting")
        return 0
    return _release(s, b, "draft")


def approve(s: Session, settings: Settings, b: Broadcast, o: Organizer) -> int:
    """The second pair of eyes says yes. Raises :class:`NotPossible`, :class:`OverBudget`, and
    :class:`SamePerson` when it is the first pair."""
    if b.by == f"organizer:{o.id}":
        raise SamePerson
    _afford(s, settings, s.get_one(Area, b.area_id), b)
    b.approved_by = o.id
    return _release(s, b, "waiting")


def estimate(s: Session, settings: Settings, b: Broadcast) -> int:
    """What it costs if everybody is reached at the first try, in 厘."""
    reached = audience.handsets(s, b).subquery()
    counted: dict[str, int] = dict(
        s.execute(select(reached.c.channel, func.count()).group_by(reached.c.channel)).all()
    )
    return audience.price_of(settings, b, counted.get("sms", 0), counted.get("voice", 0))


def spent(s: Session, settings: Settings, area: Area) -> int:
    """What the area's broadcasts cost this month so far, in 厘."""
    now = month(clock.now(), settings.zone)
    return s.scalar(select(Spending.amount).where(Spending.area_id == area.id, Spending.month == now)) or 0


def _afford(s: Session, settings: Settings, area: Area, b: Broadcast) -> None:
    if area.monthly_budget is None:
        return
    left = area.monthly_budget - spent(s, settings, area)
    if b.price > left:
        raise OverBudget(b.price, max(0, left))


def _release(s: Session, b: Broadcast, before: str) -> int:
    """Write the deliveries, in one statement, and let the workers have them."""
    _move(s, b, (before,), "running")
    b.started_at = now = clock.now()
    reached = audience.handsets(s, b).subquery()
    rows = select(
        literal(b.id),
        reached.c.handset_id,
        reached.c.channel,
        case((reached.c.channel == "voice", literal("calls")), else_=literal("bulk")),
        literal("planned"),
        literal(0),
        literal(0),
        literal(0),
        literal(now, Delivery.due_at.type),
    )
    columns = [
        "broadcast_id",
        "handset_id",
        "channel",
        "lane",
        "state",
        "attempts",
        "day_attempts",
        "tries",
        "due_at",
    ]
    # "WHERE true": SQLite can't tell ON CONFLICT from a join's ON without a WHERE before it
    made = insert_into(s, Delivery).from_select(columns, rows.where(literal(1) == 1)).on_conflict_do_nothing()
    return int(s.execute(made).rowcount)  # type: ignore[attr-defined]


def _move(s: Session, b: Broadcast, before: tuple[str, ...], after: str, why: str = "") -> None:
    done = s.execute(
        update(Broadcast)
        .where(Broadcast.id == b.id, Broadcast.state.in_(before))
        .values(state=after, why=why)
        .execution_options(synchronize_session=False)
    )
    s.refresh(b, ["state", "why"])
    if not done.rowcount:  # type: ignore[attr-defined]
        raise NotPossible(b.state)


class NotPossible(Exception):
    """The broadcast is in a state in which that can't be done; the message is that state."""


class SamePerson(Exception):
    """Whoever made a broadcast can't be the one who approves it."""


class OverBudget(Exception):
    """The area's month can't pay for it: ``price`` and what is ``left``, in 厘."""

    def __init__(self, price: int, left: int) -> None:
        super().__init__(f"{price / 1000:.2f} yuan needed, {left / 1000:.2f} left this month")
        self.price, self.left = price, left


def pause(s: Session, b: Broadcast) -> None:
    """Workers take no more of it; what was handed to the carrier goes on. Raises :class:`NotPossible`."""
    _move(s, b, ("running",), "paused")


def resume(s: Session, b: Broadcast) -> None:
    """Go on where it was. Raises :class:`NotPossible`."""
    _move(s, b, ("paused",), "running")


def cancel(s: Session, b: Broadcast) -> None:
    """Stop for good; what is still planned is never sent. Raises :class:`NotPossible`."""
    _move(s, b, ("draft", "waiting", "running", "paused"), "cancelled")
    b.finished_at = clock.now()


def hold_over_budget(s: Session, settings: Settings) -> list[int]:
    """Pause running broadcasts whose area has spent its month, and let them go on in the next one."""
    now = month(clock.now(), settings.zone)
    moved = []
    for b, area, amount in s.execute(
        select(Broadcast, Area, Spending.amount)
        .join(Area, Area.id == Broadcast.area_id)
        .outerjoin(Spending, (Spending.area_id == Area.id) & (Spending.month == now))
        .where(
            (Broadcast.state == "running") & Area.monthly_budget.is_not(None) | (Broadcast.why == "budget")
        )
    ):
        over = area.monthly_budget is not None and (amount or 0) >= area.monthly_budget
        before, after, why = ("running", "paused", "budget") if over else ("paused", "running", "")
        if b.state == before and (over or b.why == "budget"):
            _move(s, b, (before,), after, why)
            moved.append(b.id)
    return moved


def finish(s: Session) -> list[int]:
    """Mark running broadcasts as done whose deliveries are all with the carrier; returns their ids. One that has
    something planned after all (an unknown delivery proven absent, another ring) runs again."""
    mine = select(Delivery.id).where(Delivery.broadcast_id == Broadcast.id)
    unfinished = mine.where(Delivery.state.in_(("planned", "claimed", "submitting"))).exists()
    s.execute(
        update(Broadcast)
        .where(Broadcast.state == "done", mine.where(IS_PLANNED).exists())
        .values(state="running", finished_at=None)
        .execution_options(synchronize_session=False)
    )
    done = s.execute(
        update(Broadcast)
        .where(Broadcast.state == "running", ~unfinished)
        .values(state="done", finished_at=clock.now())
        .returning(Broadcast.id)
        .execution_options(synchronize_session=False)
    )
    return list(done.scalars())


def counts(s: Session, b: Broadcast) -> dict[str, int]:
    """How many deliveries are in each state; every state is named, also with 0."""
    found = dict.fromkeys(RANK, 0)
    rows = s.execute(
        select(Delivery.state, func.count()).where(Delivery.broadcast_id == b.id).group_by(Delivery.state)
    )
    found.update(dict(rows.all()))
    return found


def deliveries(
    s: Session, b: Broadcast, state: str | None = None, page: int = 1, size: int = 50
) -> Page[DeliveryRow]:
    """One page of a broadcast's deliveries, with the people behind each handset."""
    wanted = select(Delivery).where(Delivery.broadcast_id == b.id)
    if state:
        wanted = wanted.where(Delivery.state == state)
    total = s.scalar(select(func.count()).select_from(wanted.subquery())) or 0
    rows = list(s.scalars(wanted.order_by(Delivery.id).limit(size).offset((page - 1) * size)))
    ids = [d.handset_id for d in rows]
    numbers = {
        i: phones.mask(n) for i, n in s.execute(select(Handset.id, Handset.number).where(Handset.id.in_(ids)))
    }
    names: dict[int, list[str]] = {}
    for handset_id, name in s.execute(
        select(PersonHandset.handset_id, Person.name)
        .join(Person, Person.id == PersonHandset.person_id)
        .where(PersonHandset.handset_id.in_(ids))
        .order_by(Person.id)
    ):
        names.setdefault(handset_id, []).append(name)
    items = [
        DeliveryRow(
            d.id,
            numbers[d.handset_id],
            d.channel,
            d.state,
            errors.words(d.error),
            names.get(d.handset_id, []),
            d.heard,
        )
        for d in rows
    ]
    return Page(items, total, page, size)


def say(
    s: Session,
    handset: Handset,
    *,
    sms: str,
    voice: str = "",
    channel: str = "auto",
    script: str = "message",
    about_id: int | None = None,
    prefers: str = "sms",
) -> Delivery:
    """One message to one handset, on the lane that overtakes broadcasts. A landline, or somebody who prefers
    it, gets a call that speaks ``voice``."""
    by_voice = channel == "voice" or (
        channel == "auto" and (handset.kind == "landline" or prefers == "voice")
    )
    delivery = Delivery(
        handset_id=handset.id,
        channel="voice" if by_voice else "sms",
        lane="calls" if by_voice else "replies",
        body=(voice or sms) if by_voice else sms,
        script=script if by_voice else None,
        about_id=about_id,
        due_at=clock.now(),
    )
    s.add(delivery)
    s.flush()
    return delivery


def lanes_due(s: Session, settings: Settings) -> list[str]:
    """Lanes in which something may leave now: what the sweep wakes, whatever Redis remembers."""
    return [lane for lane in LANES if sources(s, settings, lane)]
