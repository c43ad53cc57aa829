"""After the effect: what is to be done by whom, how it was made public, who judged it, and what a government answered."""

from datetime import datetime
from typing import Any

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from gateway.models.base import Base, Row

# where what was carried out is made public (policy II(5): 公开栏, 刊物, 网络平台 等渠道)
CHANNELS = ("board", "paper", "net", "loudspeaker", "sms", "meeting")
# to whom an evaluation is reported (policy II(5)); residents hear it by SMS and telephone
RECIPIENTS = ("party", "committee", "supervision", "residents")


class Task(Row, Base):
    """One thing to be done, by somebody, until a day."""

    __tablename__ = "tasks"

    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations.id"), index=True)
    what: Mapped[str]
    owner: Mapped[str]
    due_at: Mapped[datetime]
    why: Mapped[str] = mapped_column(default="")  # "" planned | rating | evaluation: what asked for it
    proof: Mapped[str] = mapped_column(default="")  # what was done, where its papers lie
    done_at: Mapped[datetime | None]
    done_by: Mapped[str] = mapped_column(default="")


class Evaluation(Row, Base):
    """What an independent evaluator found (policy II(5), 跟踪评估), and when each of the four was told."""

    __tablename__ = "evaluations"

    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations.id"), index=True)
    evaluator: Mapped[str]
    findings: Mapped[str]
    summary: Mapped[str]  # one sentence, as residents hear it
    reported: Mapped[dict[str, Any]] = mapped_column(default=dict)  # {"party": "2026-11-27T…", …}
    by: Mapped[str]


class Commission(Row, Base):
    """A consultation that a government body asked for: when it has to answer what was reported, and what it said."""

    __tablename__ = "commissions"

    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations.id"), unique=True)
    body: Mapped[str]
    due_at: Mapped[datetime]
    answer: Mapped[str] = mapped_column(default="")
    answered_at: Mapped[datetime | None]
    by: Mapped[str] = mapped_column(default="")
