"""A consultation: one matter, with the short number people say and press."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.models.base import Base, Row

# States as domain.md §2 names them; the ones a first consultation passes through are used today.
IN_FORCE = ("EFFECTIVE", "IMPLEMENTING", "DISCLOSED", "EVALUATED", "CLOSED")
UNITS = ("person", "household", "owner")


class Consultation(Row, Base):
    """One matter. Its ``number`` is unique for everybody who shares the hotline."""

    __tablename__ = "consultations"

    number: Mapped[int] = mapped_column(unique=True)
    title: Mapped[str]
    area_id: Mapped[int] = mapped_column(ForeignKey("areas.id"), index=True)  # who leads and signs
    lead: Mapped[str] = mapped_column(default="")
    kind: Mapped[str] = mapped_column(default="public_affairs")
    unit: Mapped[str] = mapped_column(default="person")
    group: Mapped[str] = mapped_column("group_name", default="")  # only this group is asked, if given
    state: Mapped[str] = mapped_column(default="ACCEPTED", index=True)
    voices: Mapped[int | None]  # how many there could be (people or households) when gathering ended
    options: Mapped[dict[str, Any]] = mapped_column(default=dict)  # {"1": "同意", …}
    opens_at: Mapped[datetime | None]
    closes_at: Mapped[datetime | None]
    publicity_ends_at: Mapped[datetime | None]
    publicity_left: Mapped[int | None]  # seconds that were left when an objection stopped the countdown
    round: Mapped[int] = mapped_column(default=1)  # of publicity
    result: Mapped[str] = mapped_column(default="")
    draft: Mapped[dict[str, Any]] = mapped_column(
        default=dict, server_default="{}"
    )  # a result not yet published
    sms: Mapped[dict[str, Any]] = mapped_column(default=dict)  # {"notice": "【…】…", "result": …}
    voice: Mapped[dict[str, Any]] = mapped_column(default=dict)
    sensitive: Mapped[bool] = mapped_column(default=False)
    created_by: Mapped[int | None] = mapped_column(ForeignKey("organizers.id"))

    @property
    def open_for_answers(self) -> bool:
        return self.state == "OPEN"

    @property
    def counted_in(self) -> str:
        """The measure word of its voices: people, or households (owners are one a home, too)."""
        return "人" if self.unit == "person" else "户"

    @property
    def in_publicity(self) -> bool:
        return self.state in ("PUBLICITY", "OBJECTED", "EXPLAINED")


class ConsultationArea(Base):
    """The areas whose residents a consultation asks."""

    __tablename__ = "consultation_areas"

    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations.id"), primary_key=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("areas.id"), primary_key=True, index=True)


class ConsultationEvent(Row, Base):
    """Append-only: what happened to a consultation, by whom and why."""

    __tablename__ = "consultation_events"

    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations.id"), index=True)
    event: Mapped[str]
    from_state: Mapped[str] = mapped_column(default="")
    to_state: Mapped[str] = mapped_column(default="")
    actor: Mapped[str]  # "organizer:3", "resident:40", "clock"
    reason: Mapped[str] = mapped_column(default="")


class Notice(Row, Base):
    """What people are to be told about a consultation at one stage. Outreach picks it up from here."""

    __tablename__ = "notices"
    __table_args__ = (UniqueConstraint("consultation_id", "stage", "round"),)

    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations.id"))
    stage: Mapped[str]  # notice | reminder | result | effective | implementation | evaluation
    round: Mapped[int] = mapped_column(default=1)
    sms: Mapped[str]
    voice: Mapped[str]
    by: Mapped[str] = mapped_column(default="clock")
    broadcast_id: Mapped[int | None]
