"""A consultation: one matter, with the short number people say and press."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import ForeignKey, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column, object_session

from gateway import clock
from gateway.models.area import Area
from gateway.models.base import Base, Row
from gateway.models.rules import Rules

# States as domain.md §2 names them; consultation/lifecycle.py has them all with what moves a matter between them.
IN_FORCE = ("EFFECTIVE", "IMPLEMENTING", "DISCLOSED", "EVALUATED", "CLOSED")
GATHERING = ("OPEN", "HEARING", "SMALL_GROUP_TALK")  # answers count until closes_at, whatever sits meanwhile
# neither asked nor answered just now, but people were told of it and may want to know how it stands
ON_THE_WAY = (
    "DRAFTED", "REPORTED_TO_GOV", "NO_CONSENSUS", "ASSEMBLY", "ASSEMBLY_FAILED_QUORUM", "REVISED", "CORRECTION_ORDERED",
    "SUSPENDED", "REJECTED", "ANNULLED",
)  # fmt: skip
# five kinds of content, policy II(1)
KINDS = (
    "policy_implementation",
    "legally_required",
    "public_affairs",
    "subject_requested",
    "urgent_difficulty",
)
# 三重一大, policy II(1): decisions, projects, activities, large funds
THREE_IMPORTANT = ("decision", "project", "activity", "large_funds")
SCOPES = ("village", "community", "villages", "group", "part")
ASKS = ("notice", "reminder")  # stages whose calls ask the matter's own question
ANSWERS = (
    "result",
    "effective",
    "progress",
    "implementation",
    "evaluation",
)  # and those whose calls say what came out
UNITS = ("person", "household", "owner", "group")


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
    # and of these only who carries this tag, or only the ConsultationPersons (policy II(3): 小范围)
    tag: Mapped[str] = mapped_column(default="", server_default="")
    named: Mapped[bool] = mapped_column(default=False, server_default=false())
    sides: Mapped[list[str]] = mapped_column(
        default=list, server_default="[]"
    )  # of SUBJECTS: who is affected
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
    sensitive: Mapped[bool] = mapped_column(
        default=False
    )  # a secret matter: who chose what is kept apart from who chose
    # the share by which ballots decide, of consultation/quorum; empty = they advise whoever decides
    decision: Mapped[str] = mapped_column(default="", server_default="")
    # what the topic asks of the procedure (policy II(1), II(2), II(4), II(5))
    scope: Mapped[str] = mapped_column(default="village", server_default="village")  # one of SCOPES
    three_important: Mapped[list[str]] = mapped_column(default=list, server_default="[]")
    wide_impact: Mapped[bool] = mapped_column(default=False, server_default=false())  # a hearing is required
    technical: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )  # an expert's assessment is
    # which meeting has to decide, by its quorum profile (consultation/quorum); empty = none has to
    assembly: Mapped[str] = mapped_column(default="", server_default="")
    commissioned_by: Mapped[str] = mapped_column(default="", server_default="")  # the body that asked for it
    topic_id: Mapped[int] = mapped_column(
        default=0, server_default="0"
    )  # its entry of the catalogue; 0 = none
    count_by: Mapped[str] = mapped_column(default="", server_default="")  # "area": tallies per village, too
    # the numbers it began with (models/rules), whatever its area decides later
    profile: Mapped[dict[str, Any]] = mapped_column(default=dict, server_default="{}")
    due_at: Mapped[
        datetime | None
    ]  # when whoever's turn it is must have acted; states of the clock have their own
    resumes: Mapped[str] = mapped_column(default="", server_default="")  # the state it was suspended in
    created_by: Mapped[int | None] = mapped_column(ForeignKey("organizers.id"))

    @property
    def open_for_answers(self) -> bool:
        """Whether people may answer now: gathering goes on through hearings and talks, until it closes."""
        return self.state in GATHERING and (self.closes_at is None or clock.now() <= self.closes_at)

    @property
    def zone(self) -> ZoneInfo:
        """Where whoever leads it is: its days begin and end there."""
        s = object_session(self)
        area = s.get(Area, self.area_id) if s is not None else None
        return area.zone if area is not None else clock.village_zone()

    @property
    def rules(self) -> Rules:
        """The rules it started with."""
        return Rules.of(self.profile)

    @property
    def for_some(self) -> bool:
        """Whether it asks only some of those who live there, and is nobody else's business."""
        return bool(self.group or self.tag or self.named)

    @property
    def falls_due(self) -> datetime | None:
        """When the clock ends its present state; None where people end it."""
        if self.state == "NOTICED":
            return self.opens_at
        if self.state in GATHERING:
            return self.closes_at
        return self.publicity_ends_at if self.state in ("PUBLICITY", "EXPLAINED") else None

    @property
    def counted_in(self) -> str:
        """The measure word of its voices: people, groups, or households (owners are one a home, too)."""
        return {"person": "人", "group": "组"}.get(self.unit, "户")

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
    evidence: Mapped[str] = mapped_column(default="", server_default="")  # where its proof lies: "meeting:4"


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
