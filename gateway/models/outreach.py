"""Broadcasts and deliveries. A delivery is one handset and one channel; its state follows design §4.2."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
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


class Broadcast(Row, Base):
    """One notice sent to one audience."""

    __tablename__ = "broadcasts"

    area_id: Mapped[int] = mapped_column(ForeignKey("areas.id"), index=True)
    consultation_id: Mapped[int | None] = mapped_column(ForeignKey("consultations.id"), index=True)
    stage: Mapped[str] = mapped_column(default="")  # of the notice; empty for a free text
    channel: Mapped[str] = mapped_column(default="auto")  # sms | voice | auto
    sms: Mapped[str] = mapped_column(default="")
    voice: Mapped[str] = mapped_column(default="")
    state: Mapped[str] = mapped_column(
        default="draft", index=True
    )  # draft | running | paused | done | cancelled
    by: Mapped[str] = mapped_column(default="clock")
    started_at: Mapped[datetime | None]
    finished_at: Mapped[datetime | None]


class Delivery(Base):
    """One handset × one channel of a broadcast, or one single message (``broadcast_id`` empty)."""

    __tablename__ = "deliveries"
    __table_args__ = (
        UniqueConstraint("broadcast_id", "handset_id", "channel"),
        # the worker's question "what is due in my lane" and the sweep's "whose lease has lapsed"
        Index("ix_deliveries_lane_state_due_at", "lane", "state", "due_at"),
        Index("ix_deliveries_state_lease_until", "state", "lease_until"),
    )

    id: Mapped[int] = mapped_column(Id, primary_key=True)
    broadcast_id: Mapped[int | None] = mapped_column(ForeignKey("broadcasts.id"))
    handset_id: Mapped[int] = mapped_column(ForeignKey("handsets.id"), index=True)
    channel: Mapped[str]  # sms | voice
    lane: Mapped[str]  # replies | bulk | calls
    body: Mapped[str | None] = mapped_column(Sealed)  # a single message's own text
    script: Mapped[str | None]  # a single call's script, and where it starts
    about_id: Mapped[int | None]  # consultation a single call is about
    state: Mapped[str] = mapped_column(default="planned")
    attempts: Mapped[int] = mapped_column(default=0)  # counted when the carrier accepts
    tries: Mapped[int] = mapped_column(default=0)  # counted when we ask
    due_at: Mapped[datetime]
    lease_until: Mapped[datetime | None]
    leased_by: Mapped[str | None]
    submitted_at: Mapped[datetime | None]
    carrier_id: Mapped[str | None] = mapped_column(index=True)
    error: Mapped[str | None]  # the carrier's code
    settled_at: Mapped[datetime | None]
    heard: Mapped[str | None]  # voice: answered | to_end | understood


class DeliveryEvent(Row, Base):
    """Append-only: everything the carrier ever said about a delivery."""

    __tablename__ = "delivery_events"

    delivery_id: Mapped[int] = mapped_column(Id, index=True)
    status: Mapped[str]
    error: Mapped[str | None]
    carrier_id: Mapped[str | None]
