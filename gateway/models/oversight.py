"""Eyes on the procedure: what the supervision committee wants answered, and matters handed up and down."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from gateway.models.base import Base, Row


class Flag(Row, Base):
    """Something about a matter, or one step of it, that its organizers have to answer by a day (policy III(2))."""

    __tablename__ = "flags"

    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations.id"), index=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("areas.id"))  # whose committee asks
    event_id: Mapped[int | None] = mapped_column(
        ForeignKey("consultation_events.id")
    )  # none = the matter as a whole
    words: Mapped[str]
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="open", index=True)  # open | answered | accepted | again
    by: Mapped[str]
    answer: Mapped[str] = mapped_column(default="")
    answered_by: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[datetime | None]
    settled_at: Mapped[datetime | None]
    follows: Mapped[int | None] = mapped_column(ForeignKey("flags.id"))  # the one whose answer wouldn't do


class Referral(Row, Base):
    """A matter that one area hands to another, up or down (policy III(2), 联动机制)."""

    __tablename__ = "referrals"

    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations.id"), index=True)
    from_id: Mapped[int] = mapped_column(ForeignKey("areas.id"), index=True)
    to_id: Mapped[int] = mapped_column(ForeignKey("areas.id"), index=True)
    reason: Mapped[str]
    due_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="waiting", index=True)  # waiting | accepted | returned | back
    by: Mapped[str]
    answer: Mapped[str] = mapped_column(default="")
    answered_by: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[datetime | None]
