"""Broadcasts and deliveries. A delivery is one handset and one channel; its state follows design §4.2."""

from datetime import datetime
from typing import Any, cast

from sqlalchemy import BigInteger, ForeignKey, Index, Table, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.db import Sealed
from gateway.models.base import Base, Id, Row

# Rank decides: a callback may only move a delivery forward, whatever order it arrives in.
RANK = {
    "planned": 0,
    "claimed": 1,
    "submitting": 2,
    "unknown": 3,
    "accepted": 4,
    "sent": 5,
    "undelivered": 6,
    "failed": 6,
    "delivered": 7,
}
FINAL = ("delivered", "undelivered", "failed")
LADDER = "15m, 2h, next day"  # when to ring again after busy or no answer (as Verboice's users write it)


PLANNED, LEASED, SINGLE = "state = 'planned'", "lease_until IS NOT NULL", "subject IS NOT NULL"


def _only(rows: str) -> dict[str, Any]:
    return {"sqlite_where": text(rows), "postgresql_where": text(rows)}


class Broadcast(Row, Base):
    """One notice sent to one audience."""

    __tablename__ = "broadcasts"

    area_id: Mapped[int] = mapped_column(ForeignKey("areas.id"), index=True)
    consultation_id: Mapped[int | None] = mapped_column(ForeignKey("consultations.id"), index=True)
    stage: Mapped[str] = mapped_column(default="")  # of the notice; empty for a free text
    channel: Mapped[str] = mapped_column(default="auto")  # sms | voice | auto
    sms: Mapped[str] = mapped_column(default="")
    voice: Mapped[str] = mapped_column(default="")
    # draft | waiting (for approval) | running | paused | done | cancelled
    state: Mapped[str] = mapped_column(default="draft", index=True)
    # why it stands still: "budget", "returned: …" for a draft sent back, or empty when somebody paused it
    why: Mapped[str] = mapped_column(default="")
    audience: Mapped[dict[str, Any]] = mapped_column(default=dict)  # gateway.outreach.audience.Audience
    ladder: Mapped[str] = mapped_column(default=LADDER)
    fallback: Mapped[str] = mapped_column(default="")  # "" | voice | sms | both: to which channel
    # when calls of it may ring, as in CALL_HOURS; empty = the installation's
    call_hours: Mapped[str] = mapped_column(default="", server_default="")
    detect: Mapped[bool] = mapped_column(default=False)  # ask the carrier whether a machine answered
    price: Mapped[int] = mapped_column(default=0)  # estimate at the start, in 厘 (a thousandth of a yuan)
    approved_by: Mapped[int | None] = mapped_column(ForeignKey("organizers.id"))
    by: Mapped[str] = mapped_column(default="clock")
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class Spending(Base):
    """What an area's broadcasts cost in a month so far, in 厘, as the carrier accepted them."""

    __tablename__ = "spending"

    area_id: Mapped[int] = mapped_column(ForeignKey("areas.id"), primary_key=True)
    month: Mapped[str] = mapped_column(primary_key=True)  # "2026-11"
    amount: Mapped[int] = mapped_column(BigInteger, default=0)


class Delivery(Base):
    """One handset × one channel of a broadcast, or one single message (``broadcast_id`` empty)."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("broadcast_id", "handset_id", "channel"),
        # the worker's question "what is due in my lane" and the sweep's "whose lease has lapsed": only the
        # rows they can be about, so that a settled delivery costs them nothing
        Index("ix_deliveries_planned", "broadcast_id", "lane", "due_at", **_only(PLANNED)),
        Index("ix_deliveries_leased", "lease_until", **_only(LEASED)),
        Index("ix_deliveries_carrier_id", "carrier_id", **_only("carrier_id IS NOT NULL")),
        Index("ix_deliveries_handset_id_day", "handset_id", "day", **_only("day IS NOT NULL")),
        Index("ix_deliveries_subject", "subject", **_only(SINGLE)),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    broadcast_id: Mapped[int | None] = mapped_column(ForeignKey("broadcasts.id"))
    handset_id: Mapped[int] = mapped_column(ForeignKey("handsets.id"))
    channel: Mapped[str]  # sms | voice
    lane: Mapped[str]  # replies | bulk | calls
    body: Mapped[str | None] = mapped_column(Sealed)  # a single message's own text
    script: Mapped[str | None]  # a single call's script, and where it starts
    about_id: Mapped[int | None]  # consultation a single call is about
    subject: Mapped[str | None]  # what a single message answers: "objection:5", "claim:3"
    state: Mapped[str] = mapped_column(default="planned")
    attempts: Mapped[int] = mapped_column(default=0)  # counted when the carrier accepts
    day: Mapped[str | None]  # the village's day of the newest of them, and how many it had that day:
    day_attempts: Mapped[int] = mapped_column(default=0)  # what ATTEMPTS_PER_DAY counts
    tries: Mapped[int] = mapped_column(
        default=0
    )  # counted when we ask; callbacks name the try they are about
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]  # when to look after it: a worker may be dead, a callback lost
    leased_by: Mapped[str | None]
    submitted_at: Mapped[datetime | None]
    carrier_id: Mapped[str | None]
    sender: Mapped[str | None]  # the number of ours it was sent from
    error: Mapped[str | None]  # the carrier's code
    settled_at: Mapped[datetime | None]
    heard: Mapped[str | None]  # voice: asked (who is it?) | answered | machine | to_end | understood


class DeliveryEvent(Row, Base):
    """Append-only: everything the carrier ever said about a delivery."""

    __tablename__ = "delivery_events"

    delivery_id: Mapped[int] = mapped_column(Id, index=True)
    attempt: Mapped[int] = mapped_column(default=0)  # the try it was about, counted as in ``tries``
    status: Mapped[str]
    error: Mapped[str | None]
    carrier_id: Mapped[str | None] = mapped_column(index=True)


# what a planned delivery is made of, in this order, when one statement makes many
NEW_DELIVERY = (
    "broadcast_id", "handset_id", "channel", "lane", "state", "attempts", "day_attempts", "tries", "due_at",
)  # fmt: skip
# the plain table: the outbox writes thousands of rows a second and needs no objects for them
DELIVERIES = cast(Table, Delivery.__table__)
