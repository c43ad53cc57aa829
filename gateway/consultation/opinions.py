"""Words on a matter, proposals, and wishes to be called back: everything a resident says that isn't a choice."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import clock
from gateway.consultation import proposals, receipts
from gateway.consultation.glance import Matter
from gateway.consultation.refusal import Refused
from gateway.models.answer import FOR_WATCHERS, Opinion
from gateway.models.consultation import Consultation
from gateway.models.organizer import Organizer
from gateway.models.person import Person
from gateway.people import alarms
from gateway.people.residents import Resident

KINDS = ("opinion", "proposal", "callback", "emergency", "message", "late_objection", FOR_WATCHERS)


def add(
    s: Session,
    *,
    consultation: Consultation | Matter | None,
    person: Person | Resident | None,
    handset_id: int | None,
    words: str,
    channel: str,
    recording_id: int | None = None,
    by: int | None = None,
    anonymous: bool = False,
    kind: str = "opinion",
) -> Opinion:
    """Keep somebody's words, verbatim. Unverified people may say what they think, too (domain §4)."""
    if kind not in KINDS:
        raise ValueError(kind)
    receipt = receipts.mint(
        s, "opinion", consultation.id if consultation else None, person.id if person else None
    )
    opinion = Opinion(
        consultation_id=consultation.id if consultation else None,
        person_id=person.id if person else None,
        handset_id=handset_id,
        kind=kind,
        words=words.strip(),
        channel=channel,
        recording_id=recording_id,
        receipt=receipt,
        anonymous=anonymous,
        entered_by=by,
    )
    s.add(opinion)
    s.flush()
    if kind == "proposal":
        proposals.raised(s, opinion)
    return opinion


def written(
    s: Session, c: Consultation, person: Person, words: str, *, paper: str, witness: str, by: int
) -> tuple[Opinion, bool]:
    """Enter what somebody handed in on paper; the same sheet entered twice is one opinion, and False says so.
    Raises :class:`Refused` naming the field."""
    for field, given, why in (
        ("words", words, "请照纸上写的录"), ("paper", paper, "请写原件的编号或存放处"), ("witness", witness, "请写见证人"),
    ):  # fmt: skip
        if not given.strip():
            raise Refused(why, field)
    sheet = f"{paper.strip()[:60]}，见证人{witness.strip()[:30]}"
    s.execute(select(Person.id).where(Person.id == person.id).with_for_update())  # pressed twice at once
    same = select(Opinion).where(Opinion.consultation_id == c.id, Opinion.person_id == person.id)
    known = s.scalar(
        same.where(Opinion.paper.startswith(f"{paper.strip()[:60]}，见证人", autoescape=True)).limit(1)
    )
    if known is not None:
        return known, False
    made = add(s, consultation=c, person=person, handset_id=None, words=words, channel="clerk", by=by)
    made.paper = sheet
    s.flush()
    return made, True


def open_callback(s: Session, handset_id: int) -> Opinion | None:
    """The call-back this handset already waits for: there is never more than one open."""
    return s.scalar(
        select(Opinion)
        .where(Opinion.handset_id == handset_id, Opinion.kind == "callback", Opinion.done_at.is_(None))
        .order_by(Opinion.id)
        .limit(1)
    )


def done(s: Session, opinion: Opinion, o: Organizer) -> None:
    """Mark as dealt with; alarms that pointed to it end."""
    opinion.done_at, opinion.done_by = clock.now(), o.id
    alarms.rung_back(s, opinion)
