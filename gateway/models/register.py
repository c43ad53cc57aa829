"""Registers: plans, agendas, records and ledgers that an area keeps beside its consultations."""

from datetime import date, datetime
from typing import Any

from sqlalchemy import ForeignKey, Index
from sqlalchemy.orm import Mapped, mapped_column

from gateway.db import SealedJson
from gateway.models.base import Base, Row


class RegisterEntry(Row, Base):
    """One line of a register (consultation/registers.KINDS says which fields each has). Never edited: a correction is
    another row that replaces it, so that what stood there on any day can be told."""

    __tablename__ = "register_entries"
    __table_args__ = (Index("ix_register_entries_area_id_kind_day", "area_id", "kind", "day"),)

    area_id: Mapped[int] = mapped_column(ForeignKey("areas.id"))
    kind: Mapped[str]
    day: Mapped[date]
    title: Mapped[str]
    amount: Mapped[int | None]  # in 厘 (a thousandth of a yuan), where the register counts money
    fields: Mapped[dict[str, Any]] = mapped_column(SealedJson, default=dict)  # a ledger names people
    by: Mapped[str]
    replaces: Mapped[int | None] = mapped_column(ForeignKey("register_entries.id"))
    ended_at: Mapped[datetime | None]  # replaced or struck
    published_at: Mapped[datetime | None]
