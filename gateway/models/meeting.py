"""Meetings that decide, and visits to those whom no telephone reached."""

from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.models.base import Base, Row


class Assembly(Row, Base):
    """One sitting of an assembly that decides a consultation (policy II(4); Organic Law art. 21-26, 28)."""

    __tablename__ = "assemblies"

    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations.id"), index=True)
    body: Mapped[str]  # its quorum profile, gateway.consultation.quorum
    starts_at: Mapped[datetime]
    place: Mapped[str]
    called_by: Mapped[str] = mapped_column(
        default=""
    )  # who asked for it: the committee, a tenth of the villagers …
    members: Mapped[int] = mapped_column(
        default=0
    )  # who could come: people, or households, as the body counts
    present: Mapped[int | None]
    agree: Mapped[int | None]
    against: Mapped[int | None]
    abstain: Mapped[int | None]
    # owners are counted by floor area, too (Civil Code art. 278), in square metres
    members_area: Mapped[float | None]
    present_area: Mapped[float | None]
    agree_area: Mapped[float | None]
    outcome: Mapped[str] = mapped_column(
        default=""
    )  # "" = still to come | passed | rejected | no_quorum | cancelled
    minutes: Mapped[str] = mapped_column(default="")
    approved_by: Mapped[str] = mapped_column(default="")  # where the township has to agree as well
    counted_by: Mapped[str] = mapped_column(default="")


class Visit(Row, Base):
    """Somebody knocked at a door and told the result of a round there."""

    __tablename__ = "visits"
    __table_args__ = (UniqueConstraint("consultation_id", "round", "home"),)

    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations.id"))
    round: Mapped[int]
    home: Mapped[str]  # "h12" a household's id, "p7" of somebody who is in none
    by: Mapped[str]
