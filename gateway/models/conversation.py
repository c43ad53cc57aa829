"""What came in, word for word, and where each handset stands in a script."""

from datetime import datetime
from typing import Any

from sqlalchemy import JSON, ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.db import SealedJson, SealedText
from gateway.models.base import Base, Row


class InboundEvent(Row, Base):
    """One webhook. (``carrier_id``, ``step``) is unique: a repeat finds the answer already given."""

    __tablename__ = "inbound_events"
    __table_args__ = (UniqueConstraint("carrier_id", "step"),)

    carrier_id: Mapped[str]  # MessageSid or CallSid
    step: Mapped[str]  # "sms", or the turn of a call
    handset_id: Mapped[int | None] = mapped_column(ForeignKey("handsets.id"), index=True)
    payload: Mapped[Any] = mapped_column(SealedJson)  # holds the caller's number
    answer: Mapped[str] = mapped_column(
        SealedText, default=""
    )  # the TwiML that was given: a call reads every choice back
    intent: Mapped[str | None]
    error: Mapped[str | None]  # why it could not be processed; the event itself is kept


class Conversation(Row, Base):
    """One handset's place in a script. The digest says which words it was told."""

    __tablename__ = "conversations"
    __table_args__ = (Index("ix_conversations_handset_id_over", "handset_id", "over"),)

    handset_id: Mapped[int] = mapped_column(ForeignKey("handsets.id"))
    channel: Mapped[str]
    carrier_id: Mapped[str | None] = mapped_column(unique=True)  # the call; none for SMS
    script: Mapped[str]
    digest: Mapped[str]
    language: Mapped[str] = mapped_column(default="zh-CN")
    place: Mapped[Any] = mapped_column(JSON)
    facts: Mapped[Any] = mapped_column(SealedJson)  # names, numbers, answers so far
    turn: Mapped[int] = mapped_column(default=0)
    delivery_id: Mapped[int | None]
    over: Mapped[bool] = mapped_column(default=False)
    expires_at: Mapped[datetime]


class Question(Row, Base):
    """What a handset was last asked by SMS, so that a bare “1” finds its matter."""

    __tablename__ = "questions"

    handset_id: Mapped[int] = mapped_column(ForeignKey("handsets.id"), unique=True)
    kind: Mapped[str]  # vote | publicity | confirm | rating | rsvp | words
    consultation_id: Mapped[int | None] = mapped_column(ForeignKey("consultations.id"))
    data: Mapped[Any] = mapped_column(SealedJson, default=dict)
    expires_at: Mapped[datetime]
