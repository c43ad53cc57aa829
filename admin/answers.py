"""Telling a resident what an organizer decided, by the channel the resident uses."""

from sqlalchemy.orm import Session

from gateway import text
from gateway.models.answer import Objection
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.person import Claim, Handset, Person
from gateway.outreach import broadcasts
from gateway.people.residents import handsets_of
from gateway.replies import reply_text


def _tell(s: Session, handset: Handset, words: str, prefers: str, about_id: int | None = None) -> None:
    broadcasts.say(
        s, handset, sms=words, voice=text.without_signature(words), prefers=prefers, about_id=about_id
    )


def explained(s: Session, objection: Objection, words: str) -> bool:
    """Send an objector the explanation; False when we know no telephone of theirs."""
    c = s.get_one(Consultation, objection.consultation_id)
    person = s.get(Person, objection.person_id) if objection.person_id else None
    handset = s.get(Handset, objection.handset_id) if objection.handset_id else None
    if handset is None and person is not None:
        handset = next(iter(handsets_of(s, person.id)), None)
    if handset is None:
        return False
    sig = s.get_one(Area, c.area_id).signed
    # an objection that was spoken is answered by speaking
    prefers = "voice" if objection.channel == "voice" else person.prefers if person else "sms"
    _tell(s, handset, reply_text("explanation", sig=sig, number=c.number, words=words), prefers, c.id)
    return True


def claim_decided(s: Session, claim: Claim, person: Person | None) -> None:
    """Tell the caller that they are on the roster now (``person``), or that we couldn't find them (None). Where only
    a roster gave somebody this number, whoever answers it asked nothing, and hears nothing of a refusal."""
    if claim.channel == "roster" and person is None:
        return
    area = s.get(Area, person.area_id if person else claim.area_id) if person or claim.area_id else None
    sig = area.signed if area else ""
    words = (
        reply_text("register_accepted", sig=sig, name=person.name)
        if person
        else reply_text("register_rejected", sig=sig)
    )
    _tell(s, s.get_one(Handset, claim.handset_id), words, "voice" if claim.channel == "voice" else "sms")
