"""Broadcasts: made, started, approved, paused, resumed, cancelled."""

from typing import Any

from sqlalchemy import case, func, literal, select, update
from sqlalchemy.orm import Session

from gateway import clock, phones
from gateway.db import insert_into
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.organizer import Organizer
from gateway.models.outreach import LADDER, NEW_DELIVERY, RANK, Broadcast, Delivery, Spending
from gateway.models.person import Handset
from gateway.outreach import audience, ladder
from gateway.outreach.audience import Audience
from gateway.outreach.claiming import IS_PLANNED, OUTDATED, month, sources
from gateway.people import decided
from gateway.queue import LANES
from gateway.settings import Settings

FALLBACKS = ("", "voice", "sms", "both")
RETURNED = "returned: "  # begins ``Broadcast.why`` of a draft that was sent back, its reason follows


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
    made = Broadcast(by=by)
    _fill(
        s,
        made,
        area=area,
        consultation_id=consultation_id,
        stage=stage,
        channel=channel,
        sms=sms,
        voice=voice,
        to=to or Audience(),
        fallback=fallback,
        retry=retry,
        detect=detect,
    )
    s.add(made)
    s.flush()
    return made


def change(s: Session, b: Broadcast, by: str, **given: Any) -> None:
    """Write a draft anew, with what :func:`create` takes. Whoever did is its maker from now on: the one who
    approves must not have chosen the words. Raises ValueError, and :class:`NotPossible` for one that is no draft."""
    _move(s, b, ("draft",), "draft")
    _fill(s, b, **given)
    b.by = by
    s.flush()


def _fill(
    s: Session,
    b: Broadcast,
    *,
    area: Area,
    sms: str,
    voice: str,
    channel: str,
    consultation_id: int | None,
    stage: str,
    to: Audience,
    fallback: str,
    retry: str,
    detect: bool,
) -> None:
    if channel not in audience.CHANNELS:
        raise ValueError(f"channel must be one of {', '.join(audience.CHANNELS)}")
    if fallback not in FALLBACKS:
        raise ValueError(f"fallback must be one of {', '.join(FALLBACKS)}")
    if not sms.strip() and not voice.strip():
        raise ValueError("a broadcast without words")
    ladder.steps(retry)
    b.area_id, b.consultation_id, b.stage, b.channel = area.id, consultation_id, stage, channel
    b.sms, b.voice = sms.strip() or voice.strip(), voice.strip() or sms.strip()
    b.audience, b.fallback, b.ladder, b.detect = to.to_json(), fallback, retry, detect
    c = s.get(Consultation, consultation_id) if consultation_id else None
    b.call_hours = (c.rules if c else decided.choose(s, area)).call_hours


def start(s: Session, settings: Settings, b: Broadcast) -> int:
    """Let it go, or let it wait for a second organizer where its area wants that; returns how many deliveries.

    Starting twice adds nobody: a delivery is unique by broadcast, handset and channel. Raises
    :class:`NotPossible`, and :class:`OverBudget` when the area's month can't pay for it.
    """
    if b.state != "draft":
        raise NotPossible(b.state)
    area = s.get_one(Area, b.area_id)
    if area.needs_approval or area.monthly_budget is not None:
        b.price = estimate(s, settings, b)
        _afford(s, settings, area, b)
    if area.needs_approval:
        _move(s, b, ("draft",), "waiting")
        return 0
    made = _release(s, b, "draft")
    b.price = b.price or _price(s, settings, b)
    return made


def approve(s: Session, settings: Settings, b: Broadcast, o: Organizer) -> int:
    """The second pair of eyes says yes. Raises :class:`NotPossible`, :class:`OverBudget`, and
    :class:`SamePerson` when it is the first pair."""
    if b.state != "waiting":
        raise NotPossible(b.state)
    if b.by == f"organizer:{o.id}":
        raise SamePerson
    b.price = estimate(s, settings, b)  # the roster may have grown since
    _afford(s, settings, s.get_one(Area, b.area_id), b)
    b.approved_by = o.id
    return _release(s, b, "waiting")


def send_back(s: Session, b: Broadcast, reason: str = "") -> None:
    """The second pair of eyes says no, or the first one thinks again: a draft once more, with the reason.
    Raises :class:`NotPossible`."""
    _move(s, b, ("waiting",), "draft", f"{RETURNED}{reason.strip()[:200]}")


def estimate(s: Session, settings: Settings, b: Broadcast) -> int:
    """What it costs if everybody is reached at the first try, in 厘."""
    reached = audience.handsets(s, b).subquery()
    counted: dict[str, int] = dict(
        s.execute(select(reached.c.channel, func.count()).group_by(reached.c.channel)).all()
    )
    return audience.price_of(settings, b, counted.get("sms", 0), counted.get("voice", 0))


def _price(s: Session, settings: Settings, b: Broadcast) -> int:
    """The same from the deliveries there are, which are quicker to count."""
    rows = (
        select(Delivery.channel, func.count()).where(Delivery.broadcast_id == b.id).group_by(Delivery.channel)
    )
    counted: dict[str, int] = dict(s.execute(rows).all())
    return audience.price_of(settings, b, counted.get("sms", 0), counted.get("voice", 0))


def spent(s: Session, settings: Settings, area: Area) -> int:
    """What the area's broadcasts cost this month so far, in 厘."""
    now = month(clock.now(), settings.zone)
    return s.scalar(select(Spending.amount).where(Spending.area_id == area.id, Spending.month == now)) or 0


def left(s: Session, settings: Settings, area: Area) -> int | None:
    """What is left of the area's month, in 厘; None where it has no budget."""
    if area.monthly_budget is None:
        return None
    return max(0, area.monthly_budget - spent(s, settings, area))


def free(s: Session, settings: Settings, area: Area) -> int | None:
    """What a new broadcast may cost, in 厘: what is left less what started ones have still to send. None where
    there is no budget."""
    rest = left(s, settings, area)
    return None if rest is None else max(0, rest - _promised(s, settings, area))


def _promised(s: Session, settings: Settings, area: Area) -> int:
    to_send: dict[int, dict[str, int]] = {}
    for id, channel, count in s.execute(
        select(Broadcast.id, Delivery.channel, func.count())
        .join(Broadcast, Broadcast.id == Delivery.broadcast_id)
        .where(Broadcast.area_id == area.id, Broadcast.state.in_(("running", "paused")))
        .where(Delivery.state.in_(("planned", "claimed", "submitting")))
        .group_by(Broadcast.id, Delivery.channel)
    ):
        to_send.setdefault(id, {})[channel] = count
    return sum(
        audience.price_of(settings, s.get_one(Broadcast, id), n.get("sms", 0), n.get("voice", 0))
        for id, n in to_send.items()
    )


def _afford(s: Session, settings: Settings, area: Area, b: Broadcast) -> None:
    rest = free(s, settings, area)
    if rest is not None and b.price > rest:
        raise OverBudget(b.price, rest)


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
    # "WHERE true": SQLite can't tell ON CONFLICT from a join's ON without a WHERE before it
    made = (
        insert_into(s, Delivery)
        .from_select(NEW_DELIVERY, rows.where(literal(1) == 1))
        .on_conflict_do_nothing()
    )
    # psycopg's count is forgotten for an INSERT unless it is asked for
    done = s.execute(made.execution_options(preserve_rowcount=True))
    return int(done.rowcount)  # type: ignore[attr-defined]


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


def cancel_outdated(s: Session) -> list[int]:
    """Cancel what is left of broadcasts that say what is not so any more: the notice of a matter that was closed, the
    result of one in force, whatever is about one that was withdrawn; returns their ids."""
    left = s.scalars(
        select(Broadcast).where(Broadcast.state.in_(("draft", "waiting", "running", "paused")), OUTDATED)
    )
    cancelled = []
    for b in left:
        cancel(s, b)
        cancelled.append(b.id)
    return cancelled


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
    # until the carrier says how the call ended, or the sweep has given up asking
    rings = (
        (Delivery.channel == "voice")
        & Delivery.state.in_(("accepted", "sent"))
        & Delivery.lease_until.is_not(None)
    )
    on_its_way = Delivery.state.in_(("planned", "claimed", "submitting", "unknown"))
    unfinished = mine.where(on_its_way | rings).exists()
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
    subject: str | None = None,
) -> Delivery:
    """One message to one handset, on the lane that overtakes broadcasts. A landline, or somebody who prefers
    it, gets a call that speaks ``voice``. ``subject`` names what it answers (``objection:5``): there its state is
    shown."""
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
        subject=subject,
        due_at=clock.now(),
    )
    if handset.number == phones.HIDDEN:  # nobody can be reached there
        delivery.state, delivery.error, delivery.settled_at = "failed", "hidden", clock.now()
    s.add(delivery)
    s.flush()
    return delivery


def lanes_due(s: Session, settings: Settings) -> list[str]:
    """Lanes in which something may leave now: what the sweep wakes, whatever Redis remembers."""
    return [lane for lane in LANES if sources(s, settings, lane)]
