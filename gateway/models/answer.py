"""What residents say: ballots, opinions, objections, and the recordings of their own voice."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway.db import Sealed
from gateway.models.base import Base, Row

FOR_WATCHERS = "supervision"  # the kind of words that only the supervision committee hears
# words on a matter, which somebody has to answer (domain.md §1 row 14)
ON_THE_MATTER = ("opinion", "late_objection")
# what is archived with it; messages to the office are not (a proposal that became it is)
ARCHIVED = ("opinion", "proposal", "late_objection")
# what became of them
VERDICTS = ("adopted", "partly", "not")


class Ballot(Row, Base):
    """One person's present choice in one consultation. Changing one's mind changes this row and adds to the log."""

    __tablename__ = "ballots"
    __table_args__ = (UniqueConstraint("consultation_id", "person_id"),)

    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    household_id: Mapped[int | None] = mapped_column(ForeignKey("households.id"))
    option: Mapped[str]  # "" in a secret matter: see SecretChoice
    channel: Mapped[str]  # sms | voice | clerk | proxy
    receipt: Mapped[str]
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("organizers.id"))
    paper: Mapped[str] = mapped_column(default="")  # reference of the paper ballot, and the witness
    proxy_id: Mapped[int | None]  # who pressed it for them, with a mandate (channel proxy)
    changed_at: Mapped[datetime | None]


class SecretChoice(Base):
    """What somebody chose in a secret matter, whose ballots say only that they did. Nothing here leads to a person: no
    key that counts up and no time that could be laid beside a ballot's, a pseudonym that needs the vault's key, and the
    choice sealed, so that neither the order of rows on the disk nor a second dump tells it (domain.md §4)."""

    __tablename__ = "secret_choices"
    __table_args__ = {"sqlite_with_rowid": False}

    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations.id"), primary_key=True)
    voter: Mapped[str] = mapped_column(primary_key=True)  # consultation.ballots.pseudonym
    choice: Mapped[str] = mapped_column(Sealed)


class BallotLog(Row, Base):
    """Append-only: every choice ever made, the replaced ones too; of a secret matter, that one was made."""

    __tablename__ = "ballot_log"

    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations.id"), index=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    option: Mapped[str]
    channel: Mapped[str]
    receipt: Mapped[str]
    entered_by: Mapped[int | None]
    paper: Mapped[str] = mapped_column(default="")
    proxy_id: Mapped[int | None]


class Opinion(Row, Base):
    """Words on an open matter (or on none): written or recorded."""

    __tablename__ = "opinions"

    consultation_id: Mapped[int | None] = mapped_column(ForeignKey("consultations.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    handset_id: Mapped[int | None] = mapped_column(ForeignKey("handsets.id"), index=True)
    kind: Mapped[str] = mapped_column(
        default="opinion"
    )  # opinion | proposal | callback | message | late_objection | emergency | supervision
    words: Mapped[str] = mapped_column(Sealed, default="")
    recording_id: Mapped[int | None] = mapped_column(ForeignKey("recordings.id"))
    channel: Mapped[str]
    receipt: Mapped[str]
    anonymous: Mapped[bool] = mapped_column(default=False)
    done_at: Mapped[datetime | None]
    done_by: Mapped[int | None] = mapped_column(ForeignKey("organizers.id"))
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("organizers.id"))
    paper: Mapped[str] = mapped_column(
        default="", server_default=""
    )  # where a written one lies, and who stood by
    # what it is about, in somebody's judgement (OpinionGroup), and what became of it
    group_id: Mapped[int | None] = mapped_column(index=True)
    verdict: Mapped[str] = mapped_column(default="", server_default="")  # "" = unanswered | one of VERDICTS
    why: Mapped[str] = mapped_column(default="", server_default="")
    answered_at: Mapped[datetime | None]
    answered_by: Mapped[str] = mapped_column(default="", server_default="")  # “organizer:3”


class OpinionGroup(Row, Base):
    """Opinions on one matter that say or ask the same, under a name that whoever sorts them gave."""

    __tablename__ = "opinion_groups"
    __table_args__ = (UniqueConstraint("consultation_id", "name"),)

    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations.id"))
    name: Mapped[str]
    by: Mapped[str] = mapped_column(default="cli")


class Theme(Row, Base):
    """An entry of an area's lexicon: words by which a group is suggested, never chosen."""

    __tablename__ = "themes"
    __table_args__ = (UniqueConstraint("area_id", "name"),)

    area_id: Mapped[int] = mapped_column(ForeignKey("areas.id"))
    name: Mapped[str]  # of the group
    words: Mapped[list[str]] = mapped_column(default=list)
    stance: Mapped[bool] = mapped_column(default=False)  # “不贵” is not about what 贵 is about
    by: Mapped[str] = mapped_column(default="cli")


class Objection(Row, Base):
    """Opposition in the publicity period. While one is open the result can't take effect (domain §2)."""

    __tablename__ = "objections"
    __table_args__ = (Index("ix_objections_consultation_id_state", "consultation_id", "state"),)

    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations.id"))
    round: Mapped[int] = mapped_column(default=1)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"), index=True)
    handset_id: Mapped[int | None] = mapped_column(ForeignKey("handsets.id"), index=True)
    words: Mapped[str] = mapped_column(Sealed, default="")
    recording_id: Mapped[int | None] = mapped_column(ForeignKey("recordings.id"))
    channel: Mapped[str]
    receipt: Mapped[str]
    state: Mapped[str] = mapped_column(default="open")  # open | explained | withdrawn | resolved
    due_at: Mapped[datetime]
    explanation: Mapped[str] = mapped_column(default="")
    explained_at: Mapped[datetime | None]
    explained_by: Mapped[int | None] = mapped_column(ForeignKey("organizers.id"))
    closed_at: Mapped[datetime | None]
    outcome: Mapped[str] = mapped_column(
        default="", server_default=""
    )  # what they say to the explanation: understood | still
    answered_at: Mapped[datetime | None]
    entered_by: Mapped[int | None] = mapped_column(ForeignKey("organizers.id"))


class Rating(Row, Base):
    """How one person finds what was carried out, from 1 (not at all) to 5."""

    __tablename__ = "ratings"
    __table_args__ = (UniqueConstraint("consultation_id", "person_id"),)

    consultation_id: Mapped[int] = mapped_column(ForeignKey("consultations.id"))
    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"))
    score: Mapped[int]
    channel: Mapped[str]


class Receipt(Row, Base):
    """A short code for an answer, which its giver can check later. Codes are unique, so 6 digits last long."""

    __tablename__ = "receipts"

    code: Mapped[str] = mapped_column(unique=True)
    kind: Mapped[str]  # ballot | opinion | objection | claim
    consultation_id: Mapped[int | None] = mapped_column(ForeignKey("consultations.id"))
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))


class Recording(Row, Base):
    """A resident's own voice, fetched from the carrier and kept in the data folder."""

    __tablename__ = "recordings"

    carrier_id: Mapped[str] = mapped_column(unique=True)  # or call + turn where the carrier gives none
    url: Mapped[str | None] = mapped_column(Sealed)  # the carrier's; never shown to a browser
    # pending | kept | lost | refused (the caller pressed * for “no recording”: it is never fetched)
    state: Mapped[str] = mapped_column(default="pending", index=True)
    tries: Mapped[int] = mapped_column(default=0)
    due_at: Mapped[datetime | None]  # when to ask the carrier for it again; empty = now
    file: Mapped[str | None]  # below “recordings” in the store (gateway.store), as the carrier had it
    copy: Mapped[str | None]  # the same for browsers and telephones, where these can't play the original
    seconds: Mapped[int] = mapped_column(default=0)
    handset_id: Mapped[int | None] = mapped_column(ForeignKey("handsets.id"))
    forgotten_at: Mapped[datetime | None]  # when the carrier deleted its own, which it does once ours is safe
    forget_tries: Mapped[int] = mapped_column(default=0, server_default="0")
    forget_due_at: Mapped[datetime | None]
    draft: Mapped[str | None] = mapped_column(Sealed)  # what a machine heard; decides nothing
    draft_state: Mapped[str] = mapped_column(default="", server_default="")  # "" | waiting | made | none
