"""Broadcasts: made, started, paused, resumed, cancelled, watched."""

from dataclasses import dataclass

from sqlalchemy import case, func, literal, null, select, update
from sqlalchemy.orm import Session

from gateway import clock, phones
from gateway.db import insert_into
from gateway.models.area import Area
from gateway.models.outreach import RANK, Broadcast, Delivery
from gateway.models.person import Handset, Person, PersonHandset
from gateway.outreach import audience, errors
from gateway.people.residents import Page


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
) -> Broadcast:
    """A draft. Raises ValueError for an unknown channel or when there is nothing to say."""
    if channel not in audience.CHANNELS:
        raise ValueError(f"channel must be one of {', '.join(audience.CHANNELS)}")
    if not sms.strip() and not voice.strip():
        raise ValueError("a broadcast without words")
    made = Broadcast(
        area_id=area.id,
        consultation_id=consultation_id,
        stage=stage,
        channel=channel,
        sms=sms.strip() or voice.strip(),
        voice=voice.strip() or sms.strip(),
        by=by,
    )
    s.add(made)
    s.flush()
    return made


def start(s: Session, b: Broadcast, area_ids: list[int] | None = None, group: str = "") -> int:
    """Write the deliveries, in one statement, and let the workers have them; returns how many there are.

    Starting twice adds nobody: a delivery is unique by broadcast, handset and channel.
    """
    _move(s, b, ("draft",), "running")
    b.started_at = now = clock.now()
    reached = audience.handsets(audience.subtree(s, area_ids or [b.area_id]), group, b.channel).subquery()
    rows = select(
        literal(b.id),
        reached.c.handset_id,
        reached.c.channel,
        case((reached.c.channel == "voice", literal("calls")), else_=literal("bulk")),
        literal("planned"),
        literal(0),
        literal(0),
        literal(now, Delivery.due_at.type),
        null(),
    )
    columns = [
        "broadcast_id", "handset_id", "channel", "lane", "state", "attempts", "tries", "due_at", "lease_until",
    ]  # fmt: skip
    # "WHERE true": SQLite can't tell ON CONFLICT from a join's ON without a WHERE before it
    made = insert_into(s, Delivery).from_select(columns, rows.where(literal(1) == 1)).on_conflict_do_nothing()
    s.execute(made)
    return s.scalar(select(func.count()).select_from(Delivery).where(Delivery.broadcast_id == b.id)) or 0


def _move(s: Session, b: Broadcast, before: tuple[str, ...], after: str) -> None:
    done = s.execute(
        update(Broadcast)
        .where(Broadcast.id == b.id, Broadcast.state.in_(before))
        .values(state=after)
        .execution_options(synchronize_session=False)
    )
    s.refresh(b, ["state"])
    if not done.rowcount:  # type: ignore[attr-defined]
        raise NotPossible(b.state)


class NotPossible(Exception):
    """The broadcast is in a state in which that can't be done; the message is that state."""


def pause(s: Session, b: Broadcast) -> None:
    """Workers take no more of it; what was handed to the carrier goes on. Raises :class:`NotPossible`."""
    _move(s, b, ("running",), "paused")


def resume(s: Session, b: Broadcast) -> None:
    """Go on where it was. Raises :class:`NotPossible`."""
    _move(s, b, ("paused",), "running")


def cancel(s: Session, b: Broadcast) -> None:
    """Stop for good; what is still planned is never sent. Raises :class:`NotPossible`."""
    _move(s, b, ("draft", "running", "paused"), "cancelled")
    b.finished_at = clock.now()


def finish(s: Session) -> list[int]:
    """Mark running broadcasts as done whose deliveries are all with the carrier; returns their ids."""
    unfinished = (
        select(Delivery.id)
        .where(Delivery.broadcast_id == Broadcast.id)
        .where(Delivery.state.in_(("planned", "claimed", "submitting")))
        .exists()
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


def unfinished_lanes(s: Session) -> list[str]:
    """Lanes in which something is due now: what the sweep wakes, whatever Redis remembers."""
    rows = s.scalars(
        select(Delivery.lane)
        .outerjoin(Broadcast, Broadcast.id == Delivery.broadcast_id)
        .where(Delivery.state == "planned", Delivery.due_at <= clock.now())
        .where((Delivery.broadcast_id.is_(None)) | (Broadcast.state == "running"))
        .distinct()
    )
    return list(rows)
