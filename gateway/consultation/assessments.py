"""Experts' and third parties' assessments of technical matters (论证评估, policy II(2))."""

from collections.abc import Sequence

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.consultation import matters
from gateway.consultation.refusal import Refused
from gateway.models.consultation import Consultation
from gateway.models.participation import Assessment
from gateway.models.person import Person
from gateway.people.residents import Resident

LONGEST = 45  # characters of the one sentence: with author and signature it is one SMS


def add(
    s: Session, c: Consultation, author: str, summary: str, *, file_name: str = "", by: str = "cli"
) -> Assessment:
    """Register one; its file is put into the store by whoever has it. Raises :class:`Refused`."""
    author, summary = author.strip(), matters.sentence(summary)
    if not 2 <= len(author) <= 20:
        raise Refused("请写上是谁论证的，不超过二十个字", "author")
    if not 4 <= len(summary) <= LONGEST:
        raise Refused(f"请用一句话写上结论，不超过{LONGEST}个字：要念给乡亲听", "summary")
    made = Assessment(consultation_id=c.id, author=author, summary=summary, file_name=file_name[:120], by=by)
    s.add(made)
    s.flush()
    return made


def of(s: Session, c: Consultation) -> list[Assessment]:
    """Newest first: what was found last is told."""
    found = select(Assessment).where(Assessment.consultation_id == c.id)
    return list(s.scalars(found.order_by(Assessment.id.desc())))


def concerning(
    s: Session, people: Sequence[Person | Resident], states: tuple[str, ...]
) -> list[Consultation]:
    """The matters of these people that were assessed, newest first."""
    assessed = set(s.scalars(select(Assessment.consultation_id)))
    if not assessed:
        return []
    return [c for c in reversed(matters.for_people(s, people, states)) if c.id in assessed]
