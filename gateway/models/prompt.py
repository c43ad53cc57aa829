"""Recordings by people that are played instead of synthetic speech, and the codes with which one records by telephone."""

from datetime import datetime

from sqlalchemy import ForeignKey, Index, Text
from sqlalchemy.orm import Mapped, mapped_column

from gateway.models.base import Base, Row

PARTS = ("notice", "result", "script")


class Prompt(Row, Base):
    """One version of a recording. It belongs to the very words it says, not to a place: when these are changed, it is
    no longer played. Nothing is deleted: which one a resident heard is evidence (the file's name, a digest of the
    sound, stands in the stored answer of the call)."""

    __tablename__ = "prompts"
    __table_args__ = (
        Index("ix_prompts_state_language_consultation_id", "state", "language", "consultation_id"),
    )

    language: Mapped[str]
    digest: Mapped[str] = mapped_column(index=True)  # of the words, as gateway.ivr.sentences makes it
    words: Mapped[str] = mapped_column(Text)
    part: Mapped[str]  # notice | result of a consultation, or script
    consultation_id: Mapped[int | None] = mapped_column(ForeignKey("consultations.id"), index=True)
    area_id: Mapped[int] = mapped_column(ForeignKey("areas.id"))
    # offered (not confirmed yet) | live | replaced | withdrawn | dropped (recorded again, or no sound)
    state: Mapped[str]
    way: Mapped[str]  # upload | browser | phone
    file: Mapped[str | None] = mapped_column(index=True)  # <digest of the sound>.wav, below “sounds”
    seconds: Mapped[int] = mapped_column(default=0)
    recording_id: Mapped[int | None] = mapped_column(
        ForeignKey("recordings.id")
    )  # by telephone: where it came from
    made_by: Mapped[int] = mapped_column(ForeignKey("organizers.id"))
    live_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[int | None] = mapped_column(ForeignKey("organizers.id"))


class PromptCode(Row, Base):
    """Lets an organizer record one text from any telephone, once. Only the code's keyed digest is kept."""

    __tablename__ = "prompt_codes"

    code_index: Mapped[str] = mapped_column(index=True)
    language: Mapped[str]
    words: Mapped[str] = mapped_column(Text)
    title: Mapped[str]  # what the text is called when the code was entered: “11号事，通知”
    part: Mapped[str]
    consultation_id: Mapped[int | None] = mapped_column(ForeignKey("consultations.id"))
    area_id: Mapped[int] = mapped_column(ForeignKey("areas.id"))
    organizer_id: Mapped[int] = mapped_column(ForeignKey("organizers.id"))
    expires_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class PromptGuess(Row, Base):
    """A wrong code, by the handset it was entered on."""

    __tablename__ = "prompt_guesses"

    handset_id: Mapped[int] = mapped_column(ForeignKey("handsets.id"), index=True)
