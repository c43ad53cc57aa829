"""People, households and handsets. A person may have several handsets, a handset several people."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, UniqueConstraint
from sqlalchemy.orm import Mapped, mapped_column

from gateway import phones
from gateway.db import Sealed, vault
from gateway.models.base import Base, Row

STATES = ("rostered", "claimed", "verified", "rejected", "left")


class Household(Row, Base):
    """One 户, with the one member who speaks for it where a matter counts households."""

    __tablename__ = "households"
    __table_args__ = (UniqueConstraint("area_id", "code"),)

    area_id: Mapped[int] = mapped_column(ForeignKey("areas.id"))
    code: Mapped[str]
    delegate_id: Mapped[int | None] = mapped_column(ForeignKey("people.id", use_alter=True))


class Person(Row, Base):
    """Somebody on an area's roster, or somebody who claims to be."""

    __tablename__ = "people"
    __table_args__ = (Index("ix_people_area_id_name", "area_id", "name"),)

    area_id: Mapped[int] = mapped_column(ForeignKey("areas.id"))
    household_id: Mapped[int | None] = mapped_column(ForeignKey("households.id"), index=True)
    name: Mapped[str]
    sex: Mapped[str | None]
    birth_year: Mapped[int | None]
    group: Mapped[str] = mapped_column("group_name", default="")
    language: Mapped[str] = mapped_column(default="zh-CN")
    registered: Mapped[bool] = mapped_column(default=True)  # 户籍
    lives: Mapped[str] = mapped_column(default="local")  # local | away | abroad
    state: Mapped[str] = mapped_column(default="rostered", index=True)
    prefers: Mapped[str] = mapped_column(default="sms")  # sms | voice
    needs: Mapped[list[str]] = mapped_column(default=list)
    tags: Mapped[list[str]] = mapped_column(default=list)
    owner: Mapped[bool] = mapped_column(default=False)
    floor_area: Mapped[float | None]  # square metres, for counting owners by area
    sms_consent: Mapped[bool] = mapped_column(default=True)
    voice_consent: Mapped[bool] = mapped_column(default=True)
    speech: Mapped[str] = mapped_column(default="")  # how calls speak to them: slow, loud, both, or as usual
    code: Mapped[str | None]  # their own four digits, keyed and hashed; see gateway.codes
    code_misses: Mapped[int] = mapped_column(default=0)


class Handset(Row, Base):
    """A telephone number. The number is sealed; ``number_index`` finds it, ``tail`` lets people recognise it."""

    __tablename__ = "handsets"

    number: Mapped[str] = mapped_column(Sealed)  # E.164
    number_index: Mapped[str] = mapped_column(unique=True)
    tail: Mapped[str] = mapped_column(index=True)  # last four digits
    kind: Mapped[str]  # mobile | landline | unknown
    sms_stopped_at: Mapped[datetime | None]
    voice_stopped_at: Mapped[datetime | None]
    bad_reason: Mapped[str | None]  # why the carrier says it can't be reached
    language: Mapped[str | None]
    sender: Mapped[str | None]  # the number of ours this handset last wrote to: answers come from there

    @classmethod
    def make(cls, e164: str, kind: str) -> "Handset":
        """A new handset for a normalized number."""
        return cls(number=e164, number_index=vault().index(e164), tail=e164[-4:], kind=kind)

    @property
    def masked(self) -> str:
        """``199****0103``: the only form that panels and logs may show."""
        return phones.mask(self.number)


class PersonHandset(Base):
    """Who can be reached at which handset."""

    __tablename__ = "person_handsets"

    person_id: Mapped[int] = mapped_column(ForeignKey("people.id"), primary_key=True)
    handset_id: Mapped[int] = mapped_column(ForeignKey("handsets.id"), primary_key=True, index=True)


class Claim(Row, Base):
    """Somebody says who they are, by phone. Matched with the roster at once, or decided by an organizer."""

    __tablename__ = "claims"

    handset_id: Mapped[int] = mapped_column(ForeignKey("handsets.id"), index=True)
    name: Mapped[str] = mapped_column(default="")
    area_said: Mapped[str] = mapped_column(default="")
    area_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    recording_id: Mapped[int | None] = mapped_column(ForeignKey("recordings.id"))
    channel: Mapped[str]
    state: Mapped[str] = mapped_column(default="waiting", index=True)  # waiting | accepted | rejected
    decided_by: Mapped[int | None] = mapped_column(ForeignKey("organizers.id"))
    decided_at: Mapped[datetime | None]


class Consent(Row, Base):
    """Append-only: who agreed to or refused which channel, how and when (PIPL art. 14-16)."""

    __tablename__ = "consents"

    handset_id: Mapped[int] = mapped_column(ForeignKey("handsets.id"), index=True)
    person_id: Mapped[int | None] = mapped_column(ForeignKey("people.id"))
    scope: Mapped[str]  # sms | voice | all
    given: Mapped[bool]
    how: Mapped[str]  # sms | keypad | panel | roster | carrier
