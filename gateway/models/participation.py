"""Who takes part in a consultation and how: participants, meetings and invitations, proxies, experts' assessments."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ForeignKey, UniqueConstraint, false
from sqlalchemy.orm import Mapped, mapped_column

from gateway.db import Sealed
from gateway.models.base import Base, Row

# 协商主体, policy II(2): what somebody takes part as
SUBJECTS = (
    "government", "party_organization", "committee", "supervision_committee", "group", "delegate", "stationed_unit",
    "social_organization", "village_work_team", "owners_committee", "collective_organization", "cooperative",
    "property_firm", "registered_residents", "non_registered_reps", "other_stakeholders",
)  # fmt: skip
# 有威望的人, policy II(2): who should be asked to come along
RESPECTED = (
    "old_party_member", "old_cadre", "masses_rep", "party_delegate", "congress_delegate", "cppcc_member",
    "mass_organization_head", "social_worker",
)  # fmt: skip
# tags of the roster by which somebody stands for a subject, too
STANDS_FOR = {
    "party_member": "party_organization", "village_committee": "committee", "supervision_member": "supervision_committee",
    "group_leader": "group", "villager_rep": "registered_residents", "party_delegate": "delegate", "cooperative": "cooperative",
    "congress_delegate": "delegate", "cppcc_member": "delegate", "social_org_head": "social_organization",
    "women_federation": "social_organization", "owners_committee_head": "owners_committee", "coop_head": "cooperative",
    "non_registered_rep": "non_registered_reps",
}  # fmt: skip


@dataclass(frozen=True)
class Form:
    """One 协商形式. ``hearing``: people sign up to speak there, and may listen by telephone; ``small``: a talk with a few."""

    name: str
    hearing: bool = False
    small: bool = False


# policy II(3), in its order
FORMS: dict[str, Form] = {
    "assembly": Form("村（居）民会议"),
    "representatives": Form("村（居）民代表会议"),
    "council": Form("议事会", hearing=True),
    "board": Form("理事会"),
    "compound": Form("小区协商"),
    "owners": Form("业主协商"),
    "hearing": Form("听证会", hearing=True),
    "appraisal": Form("民主评议"),
    "open_talk": Form("民情恳谈日", small=True),
    "police_day": Form("警务室开放日"),
    "forum": Form("论坛"),
    "women": Form("妇女之家"),
    "home_visit": Form("上门走访", small=True),
    "appointment": Form("个别约谈", small=True),
    "written": Form("书面征求意见", small=True),
    "online": Form("网上协商"),
}
MEETING_STATES = ("planned", "running", "held", "cancelled")


class ConsultationPerson(Base):
    """Somebody whom a matter asks by name: beside them it asks nobody (``Consultation.named``)."""

    __tablename__ = "consultation_people"

    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations.id"), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)


class Participant(Row, Base):
    """Somebody who takes part in a consultation as something: a resident, or a guest with a name of their own."""

    __tablename__ = "participants"
    __table_args__ = (UniqueConstraint("consultation_id", "person_id"),)

    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    name: Mapped[str] = mapped_column(Sealed, default="")  # of a guest: who they are, and from which body
    handset_id: Mapped[int | None] = mapped_column(ForeignKey("handsets.id"))  # of a guest
    subject: Mapped[str]  # one of SUBJECTS
    tags: Mapped[list[str]] = mapped_column(default=list)  # of RESPECTED


class Meeting(Row, Base):
    """One 协商 face to face, on paper or on the net; home visits and private talks are meetings, too."""

    __tablename__ = "meetings"

    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations.id"), index=True)
    form: Mapped[str]  # of FORMS
    starts_at: Mapped[datetime]
    place: Mapped[str] = mapped_column(default="")
    everybody: Mapped[bool] = mapped_column(default=False)  # all whom the matter asks are invited
    listen: Mapped[bool] = mapped_column(default=False)  # by telephone, while it runs
    state: Mapped[str] = mapped_column(default="planned", index=True)  # of MEETING_STATES
    room: Mapped[str] = mapped_column(default="")  # of the telephone conference, as nobody can guess it
    hall_id: Mapped[int | None] = mapped_column(
        ForeignKey("handsets.id")
    )  # the telephone that stands in the room
    minutes: Mapped[str] = mapped_column(Sealed, default="")
    attendance: Mapped[int | None]  # how many were there
    began_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    by: Mapped[str] = mapped_column(default="cli")

    @property
    def kind(self) -> Form:
        return FORMS[self.form]

    @property
    def coming(self) -> bool:
        """Whether it is still to be held, or being held."""
        return self.state in ("planned", "running")

    @property
    def audible(self) -> bool:
        """Whether it can be listened to now."""
        return self.state == "running" and self.listen


class Invitation(Row, Base):
    """One participant and one meeting: asked or come by themselves, what they answered, whether they will speak."""

    __tablename__ = "invitations"
    __table_args__ = (UniqueConstraint("meeting_id", "participant_id"),)

    meeting_id: Mapped[int] = mapped_column(ForeignKey("meetings.id"))
    participant_id: Mapped[int] = mapped_column(ForeignKey("participants.id"), index=True)
    asked: Mapped[bool] = mapped_column(
        default=False, server_default=false()
    )  # by us; else they came forward
    answer: Mapped[str] = mapped_column(default="")  # yes | no | ""
    speaks: Mapped[bool] = mapped_column(default=False, server_default=false())
    how: Mapped[str] = mapped_column(default="")  # sms | voice | clerk
    answered_at: Mapped[datetime | None]


class Proxy(Row, Base):
    """Somebody answers one consultation for somebody of the same household, in writing (domain.md §4)."""

    __tablename__ = "proxies"

    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations.id"), index=True)
    principal_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    proxy_id: Mapped[int] = mapped_column(ForeignKey("people.id"), index=True)
    paper: Mapped[str]  # where the written mandate lies
    expires_at: Mapped[datetime]
    state: Mapped[str] = mapped_column(default="waiting")  # waiting | verified | refused | revoked
    how: Mapped[str] = mapped_column(default="")  # it was verified or ended: call | clerk
    witness: Mapped[str] = mapped_column(Sealed, default="")  # of the clerk's own verification
    settled_at: Mapped[datetime | None]
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("organizers.id"))


class Assessment(Row, Base):
    """What an expert or third party says of a technical matter (论证评估, policy II(2)): one sentence for everybody, the
    rest in a file."""

    __tablename__ = "assessments"

    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations.id"), index=True)
    author: Mapped[str]
    summary: Mapped[str]
    file: Mapped[str | None]  # below “assessments” in the store (gateway.store)
    file_name: Mapped[str] = mapped_column(default="")  # as it was called where it came from
    by: Mapped[str] = mapped_column(default="cli")


class Recusal(Row, Base):
    """An organizer who has an interest in a matter and takes no deciding step in it, or a resident who has one and does not
    vote in it. Never deleted: where the interest is gone, the township ends it, with its own reason."""

    __tablename__ = "recusals"

    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations.id"), index=True)
    organizer_id: Mapped[int | None] = mapped_column(ForeignKey("organizers.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    reason: Mapped[str]
    by: Mapped[str]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(default="")
    end_reason: Mapped[str] = mapped_column(default="")
