"""Telling a resident what an organizer decided, by the channel the resident uses."""

from collections.abc import Iterable
from datetime import timedelta

from sqlalchemy.orm import Session

from gateway import clock, text
from gateway.consultation import matters, proposals, verdicts
from gateway.db import insert_into
from gateway.models.answer import Objection, Opinion
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.conversation import Question
from gateway.models.person import Claim, Handset, Person
from gateway.models.topic import Proposal
from gateway.outreach import broadcasts, singles
from gateway.people.residents import handsets_of, people_on, spoken_on
from gateway.replies import reply_phrase, reply_text

ANSWERED_WITHIN = timedelta(days=5)


def _tell(s: Session, handset: Handset, words: str, prefers: str, subject: str) -> None:
    voice = text.without_signature(words)
    broadcasts.say(s, handset, sms=words, voice=voice, prefers=prefers, subject=subject)


def room(s: Session, objection: Objection) -> int:
    """How many characters an explanation may have, with what is said around it."""
    c = s.get_one(Consultation, objection.consultation_id)
    sig = s.get_one(Area, c.area_id).signed
    way = _way(s, objection)
    tongue = spoken_on(s, way[0]) if way else ""
    around = reply_text("explanation", language=tongue, sig=sig, number=c.number, whose="某某某", words="")
    return matters.LONGEST - len(around)


def _way(s: Session, said: Objection | Opinion) -> tuple[Handset, str] | None:
    """The handset of whoever said it and the channel to answer on; None when nobody can be told by telephone."""
    person = s.get(Person, said.person_id) if said.person_id else None
    handset = s.get(Handset, said.handset_id) if said.handset_id else None
    if handset is None and person is not None:
        handset = next(iter(handsets_of(s, person.id)), None)
    if handset is None:
        return None
    # what was spoken is answered by speaking, what was written in writing; what came on paper as they prefer
    prefers = person.prefers if person else "sms"
    prefers = said.channel if said.channel in ("voice", "sms") else prefers
    reads = handset.kind != "landline" and not handset.sms_stopped_at
    hears = not handset.voice_stopped_at
    if not reads and not hears:
        return None  # wants nothing from us: somebody has to go there
    return handset, prefers if reads and hears else "sms" if reads else "voice"


def by_text(s: Session, objection: Objection) -> bool:
    """Whether an explanation would leave as an SMS, whose length has a price."""
    way = _way(s, objection)
    return way is not None and way[1] == "sms"


def explained(s: Session, objection: Objection, words: str) -> bool:
    """Send an objector the explanation; False when no telephone of theirs can be told."""
    way = _way(s, objection)
    if way is None:
        return False
    handset, prefers = way
    c = s.get_one(Consultation, objection.consultation_id)
    sig = s.get_one(Area, c.area_id).signed
    person = s.get(Person, objection.person_id) if objection.person_id else None
    tongue = spoken_on(s, handset)
    whose = person.name if person and len(people_on(s, handset.id)) > 1 else reply_phrase("you", tongue)
    said = matters.stopped(words)
    sms = reply_text("explanation", language=tongue, sig=sig, number=c.number, whose=whose, words=said)
    broadcasts.say(
        s, handset, sms=sms, voice=words, prefers=prefers, about_id=c.id, script="explanation",
        subject=f"objection:{objection.id}",
    )  # fmt: skip
    if prefers == "sms":
        _wait_for_answer(s, handset, objection)
    return True


def closed(s: Session, objection: Objection, verb: str) -> bool:
    """Tell an objector that theirs was noted as taken back (``withdraw``) or settled (``resolve``) in person: only they
    may take it back (domain.md §2), so they hear of it. False when no telephone of theirs can be told."""
    way = _way(s, objection)
    if way is None:
        return False
    handset, prefers = way
    c = s.get_one(Consultation, objection.consultation_id)
    tongue, sig = spoken_on(s, handset), s.get_one(Area, c.area_id).signed
    person = s.get(Person, objection.person_id) if objection.person_id else None
    whose = person.name if person and len(people_on(s, handset.id)) > 1 else reply_phrase("you", tongue)
    said = reply_text(f"objection_{verb}_noted", language=tongue, sig=sig, number=c.number, whose=whose)
    _tell(s, handset, said, prefers, f"objection:{objection.id}")
    return True


def _wait_for_answer(s: Session, handset: Handset, objection: Objection) -> None:
    """“明白了回1，还反对回2”: what a bare digit means for the next days, unless something else is asked meanwhile."""
    asked = {
        "kind": "explained",
        "consultation_id": objection.consultation_id,
        "data": {"objection": objection.id},
    }
    asked |= {"created_at": clock.now(), "expires_at": clock.now() + ANSWERED_WITHIN}
    put = insert_into(s, Question).values(handset_id=handset.id, **asked)
    s.execute(put.on_conflict_do_update(index_elements=["handset_id"], set_=asked))


def opinions_answered(
    s: Session, c: Consultation, answered: Iterable[Opinion], *, corrected: bool = False
) -> tuple[int, int]:
    """Tell the authors of opinions that were answered just now, each once; how many are being told, and how many have no
    telephone, so that somebody has to tell them. ``corrected``: they may have heard another answer before."""
    if corrected:
        answered = list(answered)
        singles.drop(s, [f"opinion:{o.id}" for o in answered])
    sig, told, untold = s.get_one(Area, c.area_id).signed, 0, 0
    for o in verdicts.once_each(answered):
        way = _way(s, o)
        if way is None:
            untold += 1
            continue
        handset, prefers = way
        tongue = spoken_on(s, handset)
        person = s.get(Person, o.person_id) if o.person_id else None
        # who asked not to be named is not named on a telephone that others read
        named = person and not o.anonymous and len(people_on(s, handset.id)) > 1
        whose = person.name if person and named else reply_phrase("you", tongue)
        verdict = reply_phrase(f"verdict_{o.verdict}", tongue)
        sms = reply_text(
            "opinion_corrected" if corrected else "opinion_answered", language=tongue, sig=sig, number=c.number, whose=whose, verdict=verdict, words=matters.stopped(o.why)
        )  # fmt: skip
        _tell(s, handset, sms, prefers, f"opinion:{o.id}")
        told += 1
    return told, untold


def proposal_decided(s: Session, p: Proposal) -> bool:
    """Tell whoever proposed something what becomes of it; False when no telephone is known, or nothing is decided."""
    opinion = s.get_one(Opinion, p.opinion_id)
    person = s.get(Person, opinion.person_id) if opinion.person_id else None
    handset = s.get(Handset, opinion.handset_id) if opinion.handset_id else None
    if handset is None and person is not None:
        handset = next(iter(handsets_of(s, person.id)), None)
    if handset is None or p.state not in ("accepted", "merged", "declined"):
        return False
    c = s.get(Consultation, p.consultation_id) if p.consultation_id else None
    home = c.area_id if c else person.area_id if person else None
    area = s.get(Area, home) if home else None
    what = proposals.quoted(opinion.words) or (
        c.title if c else reply_phrase("your_idea", spoken_on(s, handset))
    )
    facts = {"what": what} | (
        {"why": p.reason} if p.state == "declined" else {"number": c.number if c else ""}
    )
    said = reply_text(
        f"proposal_{p.state}", language=spoken_on(s, handset), sig=area.signed if area else "", **facts
    )
    _tell(s, handset, said, "voice" if opinion.channel == "voice" else "sms", f"proposal:{p.id}")
    return True


def proposal_referred(s: Session, p: Proposal, c: Consultation) -> bool:
    """Tell whoever proposed a matter, of which nobody else has been told yet, who looks after it now; False when no
    telephone is known."""
    opinion = s.get_one(Opinion, p.opinion_id)
    way = _way(s, opinion)
    if way is None or p.state not in ("taken_up", "accepted"):
        return False
    handset, prefers = way
    tongue, area = spoken_on(s, handset), s.get_one(Area, c.area_id)
    what = proposals.quoted(opinion.words) or reply_phrase("your_idea", tongue)
    sms = reply_text("proposal_referred", language=tongue, sig=area.signed, what=what, where=area.name)
    _tell(s, handset, sms, prefers, f"proposal:{p.id}")
    return True


def claim_decided(s: Session, claim: Claim, person: Person | None) -> None:
    """Tell the caller that they are on the roster now (``person``), or that we couldn't find them (None). Where only
    a roster gave somebody this number, whoever answers it asked nothing, and hears nothing of a refusal."""
    if claim.channel == "roster" and person is None:
        return
    area = s.get(Area, person.area_id if person else claim.area_id) if person or claim.area_id else None
    sig = area.signed if area else ""
    handset = s.get_one(Handset, claim.handset_id)
    tongue = spoken_on(s, handset)
    words = (
        reply_text("register_accepted", language=tongue, sig=sig, name=person.name)
        if person
        else reply_text("register_rejected", language=tongue, sig=sig)
    )
    prefers = "voice" if claim.channel == "voice" else "sms"
    _tell(s, handset, words, prefers, f"claim:{claim.id}")


def recusal(s: Session, c: Consultation, person: Person, *, over: bool = False) -> bool:
    """Tell a resident that they stay out of deciding a matter, or no longer do; False where no telephone of theirs may."""
    way = singles.way_to(s, person)
    if way is None:
        return False
    handset, prefers = way
    tongue, sig = spoken_on(s, handset), s.get_one(Area, c.area_id).signed
    key = "recusal_ended" if over else "recused"
    sms = reply_text(key, language=tongue, sig=sig, number=c.number, who=person.name)
    _tell(s, handset, sms, prefers, f"recusal:{c.id}")
    return True
