"""What consultations may be about, and what people want them to be about."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from gateway.models.base import Base, Row


class TopicType(Row, Base):
    """An entry of an area's catalogue (policy II(1), 事项目录). A change is a new row that replaces the old one, so that
    what was in the catalogue when a matter began can be told."""

    __tablename__ = "topic_types"

    area_id: Mapped[int] = mapped_column(ForeignKey("areas.id"), index=True)
    name: Mapped[str]
    kind: Mapped[str]  # one of consultation.KINDS
    three_important: Mapped[list[str]] = mapped_column(default=list)
    wide_impact: Mapped[bool] = mapped_column(default=False)
    technical: Mapped[bool] = mapped_column(default=False)
    assembly: Mapped[str] = mapped_column(default="")
    unit: Mapped[str] = mapped_column(default="person")
    errand: Mapped[bool] = mapped_column(
        default=False
    )  # an office's own errand: villages don't take it (III(3))
    version: Mapped[int] = mapped_column(default=1)
    replaces: Mapped[int | None] = mapped_column(ForeignKey("topic_types.id"))
    ended_at: Mapped[datetime | None]
    by: Mapped[str] = mapped_column(default="cli")


class Proposal(Row, Base):
    """What somebody wants to be consulted on, and what became of it. The words are those of its opinion."""

    __tablename__ = "proposals"

    opinion_id: Mapped[int] = mapped_column(ForeignKey("opinions.id"), unique=True)
    state: Mapped[str] = mapped_column(
        default="raised", index=True
    )  # raised | taken_up | accepted | merged | declined
    due_at: Mapped[datetime]
    consultation_id: Mapped[int | None] = mapped_column(ForeignKey("consultations.id"), index=True)
    reason: Mapped[str] = mapped_column(default="")
    decided_by: Mapped[str] = mapped_column(default="")
    decided_at: Mapped[datetime | None]
