"""The names a script may call. Each is handed the turn and returns an outcome and what was learnt.

An action may write; the words about what it did are the script's.
"""

from sqlalchemy.orm import Session

from gateway import callouts, clock, codes, duty, invitations, personal, recorder, standing_in
from gateway.consultation import ballots, followup, matters, objections, opinions, proxies, ratings, receipts
from gateway.consultation.refusal import Refused
from gateway.ivr.script import Recording as HeardRecording
from gateway.models.answer import Objection, Opinion
from gateway.models.area import Area
from gateway.models.consultation import GATHERING, IN_FORCE, ON_THE_WAY, Consultation
from gateway.models.person import Handset, Person
from gateway.people import claims, residents
from gateway.phones import HIDDEN
from gateway.turns import (
    ACTIONS,
    MORE,
    Result,
    Turn,
    about,
    action,
    area_of,
    choose,
    chosen,
    further,
    is_over,
    known_as,
    names,
    picked,
    told_back,
)

__all__ = [
    "ACTIONS",
    "Turn",
    "area_of",
    "callouts",
    "duty",
    "invitations",
    "personal",
    "recorder",
    "standing_in",
]  # importing the calls we place, and recording by telephone, is what registers their actions

# ---- who is speaking ---------------------------------------------------------


@action
def find_caller(turn: Turn) -> Result:
    people = turn.people()
    if len(people) == 1:
        return "one", known_as(turn, people[0])
    return ("several", names(turn, people)) if people else ("stranger", {})


@action
def pick_person(turn: Turn) -> Result:
    return picked(turn, "who", lambda person: ("ok", known_as(turn, person) if person else {"hail": ""}))


@action
def find_names(turn: Turn) -> Result:
    """Roster people this handset could belong to: those already on it, unless “somebody else” was said to them."""
    people = turn.people() if turn.facts.get("who") != "0" else []
    return ("some", names(turn, people)) if people else ("none", {})


@action
def claim_name(turn: Turn) -> Result:
    return picked(turn, "which_name", lambda person: _claimed(turn, person))


def _claimed(turn: Turn, person: Person | None) -> Result:
    if person is None:
        return "waiting", {}
    area = turn.s.get_one(Area, person.area_id)
    made = claims.claim(turn.s, turn.handset, person.name, area.name, turn.channel, area=area)
    if made.state == "accepted":
        return "accepted", known_as(turn, person)
    return "waiting", {}


@action
def claim_recording(turn: Turn) -> Result:
    claims.claim(turn.s, turn.handset, "", "", turn.channel, recording_id=turn.recording_id)
    return "ok", {}


# ---- matters -------------------------------------------------------------------


@action
def find_open(turn: Turn) -> Result:
    if turn.person is None and not turn.people():
        return "stranger", {}
    people = [turn.person] if turn.person else turn.people()
    found = [c for c in matters.for_people(turn.s, people, GATHERING) if not is_over(c)]
    # an unanswered one first: who rings twice wants the other matter
    mine = turn.person
    if mine:
        found.sort(key=lambda c: (ballots.of(turn.s, c, mine) is not None, c.number))
    return choose(turn, found) if found else ("none", {})


@action
def find_results(turn: Turn) -> Result:
    people = [turn.person] if turn.person else turn.people()
    in_publicity = matters.for_people(turn.s, people, ("PUBLICITY", "OBJECTED", "EXPLAINED"))
    after = matters.for_people(turn.s, people, (*ON_THE_WAY, *IN_FORCE))
    found = in_publicity + after[::-1]
    if len(found) == 1:
        return "one", {**about(turn, found[0]), **_own(turn, found[0])}
    return choose(turn, found) if found else ("none", {})


def _own(turn: Turn, c: Consultation) -> dict[str, str]:
    """What is between this caller and a result: an objection that may be taken back, and what was answered to it
    (who missed our call hears it with the result)."""
    person = turn.person
    if person is None:
        return {"explanation": "", "withdraw": "", "rate": ""}
    mine = [o for o in objections.unsettled(turn.s, [person.id]) if o.consultation_id == c.id]
    return {
        "explanation": told_back(turn, c, person),
        "withdraw": turn.phrase("withdraw") if mine else "",
        "rate": turn.phrase("rate") if ratings.may(turn.s, c, person) else "",
    }


@action
def after_result(turn: Turn) -> Result:
    """What may be said to a result: objected to while it is public, rated once it was carried out."""
    c = turn.matter
    if c is not None and (c.in_publicity or turn.facts.get("withdraw")):
        return "public", {}
    return ("rate", {}) if turn.facts.get("rate") else ("over", {})


@action
def take_up(turn: Turn) -> Result:
    """Where a call that broke off goes on, as the matter stands by now: at its question, or with the matter from the
    beginning. What was pressed and not confirmed is asked again."""
    c, step, anew = turn.matter, turn.facts.get("broke_off", ""), turn.facts.get("again") == "2"
    if c is None or step not in ("ask", "result"):
        return step, {}
    facts = {**about(turn, c), **_own(turn, c)}
    if step == "ask" and not c.open_for_answers:
        return "closed", facts
    return (f"{step}_anew" if anew else step), facts


@action
def take_matter(turn: Turn) -> Result:
    step = "which_open" if "which_open" in turn.facts else "which_result"
    # the newer of the two choices: somebody may have heard results after open matters
    step = turn.facts.get("last_choice", step)
    id = chosen(turn.facts, "matter", step)
    if id == MORE:
        return further(turn, "matter")
    c = turn.s.get(Consultation, int(id)) if id else None
    return ("ok", {**about(turn, c), **_own(turn, c)}) if c else ("ok", {})


_SAID = ("closed", "not_yet", "recused", "unverified")  # why it was not counted, which the script says


@action
def cast_ballot(turn: Turn) -> Result:
    c, person = turn.matter, turn.person
    if c is None or person is None:
        return "stranger", {}
    if code := codes.wanted(turn, person, "cast"):
        return code
    try:
        ballot = ballots.cast(turn.s, c, person, turn.facts.get("ask", ""), turn.channel)
    except Refused as no:
        if no.code == "stranger" and proxies.principals(turn.s, c, person):
            return "others", {}  # they own nothing there themselves, and answer for whoever does
        return (no.code if no.code in _SAID else "stranger"), {}
    weight = turn.phrase("weight", delegate=ballot.delegate) if ballot.delegate else ""
    return "ok", {**_receipt(ballot.receipt), "weight": weight}


def _receipt(code: str) -> dict[str, str]:
    # “回执4 0 2 7 8”: a speech engine reads spaced digits one by one
    return {"receipt": code, "receipt_spoken": " ".join(code)}


def _kept(turn: Turn, kind: str) -> tuple[Opinion, str]:
    """What was recorded or typed, kept as that kind, and its words."""
    words, recording_id = _words(turn)
    kept = opinions.add(
        turn.s,
        consultation=turn.matter,
        person=turn.person,
        handset_id=turn.handset_id,
        words=words,
        channel=turn.channel,
        recording_id=recording_id,
        kind=kind,
    )
    return kept, words


@action
def keep_opinion(turn: Turn) -> Result:
    kept, words = _kept(turn, "opinion")
    if turn.matter is not None and turn.facts.get("score") == "1":
        followup.bad_mark(turn.s, turn.matter, words, recorded=kept.recording_id is not None)
    return "ok", _receipt(kept.receipt)


@action
def keep_proposal(turn: Turn) -> Result:
    words, recording_id = _words(turn)
    kept = opinions.add(
        turn.s,
        consultation=None,
        person=turn.person,
        handset_id=turn.handset_id,
        words=words,
        channel=turn.channel,
        recording_id=recording_id,
        kind="proposal",
    )
    return "ok", _receipt(kept.receipt)


def _words(turn: Turn) -> tuple[str, int | None]:
    if isinstance(turn.heard, HeardRecording):
        return "", turn.recording_id
    return str(getattr(turn.heard, "words", "")), None


# ---- publicity ---------------------------------------------------------------------


@action
def note_understood(turn: Turn) -> Result:
    if turn.delivery is not None:
        turn.delivery.heard = "understood"
    c, person = turn.matter, turn.person
    if c is not None and person is not None and turn.facts.get("explanation"):
        for mine in objections.unsettled(turn.s, [person.id]):
            if mine.consultation_id == c.id:
                objections.understood(turn.s, mine)
    return "ok", {}


@action
def open_objection(turn: Turn) -> Result:
    c = turn.matter
    if c is None:
        return "stranger", {}
    person = turn.person
    if person is None and len(turn.people()) == 1:
        person = turn.people()[0]
    if person is not None and (code := codes.wanted(turn, person, "object")):
        return code
    try:
        made = objections.open_(turn.s, c, person, "", turn.channel, handset_id=turn.handset_id)
    except Refused as no:
        return ("late" if no.code in ("late", "not_public") else "stranger"), {}
    return "ok", {
        **_receipt(made.receipt),
        "objection_id": str(made.id),
        "days": str(c.rules.explain_days),
    }


@action
def add_reason(turn: Turn) -> Result:
    made = turn.s.get(Objection, int(turn.facts.get("objection_id", "0") or 0))
    if made:
        words, recording_id = _words(turn)
        if (
            recording_id and made.recording_id
        ):  # a second recording stands beside the first, never in its place
            return keep_opinion(turn)
        made.words = f"{made.words}\n{words}".strip()
        made.recording_id = recording_id or made.recording_id
    return "ok", {}


@action
def keep_late_objection(turn: Turn) -> Result:
    return "ok", _receipt(_kept(turn, "late_objection")[0].receipt)


@action
def withdraw_objection(turn: Turn) -> Result:
    """Only the objector takes it back (domain.md §2)."""
    c, person = turn.matter, turn.person
    mine = objections.unsettled(turn.s, [person.id]) if person else []
    own = next((o for o in mine if c is not None and o.consultation_id == c.id), None)
    if own is None or person is None:
        return "none", {}
    if code := codes.wanted(turn, person, "withdraw"):
        return code
    objections.withdraw(turn.s, own, f"resident:{person.id}")
    return "ok", {"withdraw": ""}


@action
def keep_score(turn: Turn) -> Result:
    c, person = turn.matter, turn.person
    if c is None or person is None:
        return "stranger", {}
    try:
        ratings.rate(turn.s, c, person, turn.facts.get("score", ""), turn.channel)
    except Refused as no:
        return ("wrong" if no.code == "score" else "stranger"), {}
    followup.bad_mark(turn.s, c)
    return "ok", {}


# ---- receipts and people ---------------------------------------------------------------


@action
def check_receipt(turn: Turn) -> Result:
    """Says that it is kept and since when; never the choice, which others in the room could hear."""
    code = turn.facts.get("receipt", "")
    found = receipts.look_up(turn.s, code)
    if found is None:
        return "unknown", {}
    c = turn.s.get(Consultation, found.consultation_id) if found.consultation_id else None
    facts = {
        "code": " ".join(code),
        "about": turn.phrase("receipt_about", matter=turn.matter_called(c), title=c.title) if c else "",
        # nobody's “your”: the receipt may be checked from anybody's telephone
        "what": turn.phrase(f"receipt_{found.kind if found.kind in _KINDS else 'other'}"),
        "day": turn.day(found.created_at.astimezone(clock.village_zone()).date()),
        "standing": turn.phrase(f"standing_{receipts.standing(turn.s, found)}"),
    }
    return "found", {"receipt_says": turn.phrase("receipt_says", **facts)}


_KINDS = ("ballot", "opinion", "objection", "claim")


@action
def want_callback(turn: Turn) -> Result:
    words, recording_id = _words(turn)
    call_back(turn.s, turn.handset, turn.person, words, turn.channel, recording_id, turn.matter)
    return ("hidden" if turn.handset.number == HIDDEN else "ok"), {
        "when": duty.promised(area_of(turn.s, turn.people()), turn.phrase, turn.language)
    }


def call_back(
    s: Session,
    handset: Handset,
    person: Person | residents.Resident | None,
    words: str,
    channel: str,
    recording_id: int | None = None,
    matter: Consultation | None = None,
) -> Opinion:
    """Note a wish to be rung; a handset that already waits keeps its one entry, with the newer words added."""
    waiting = opinions.open_callback(s, handset.id)
    if waiting and not (recording_id and waiting.recording_id):
        waiting.words = f"{waiting.words}\n{words}".strip()
        waiting.recording_id = recording_id or waiting.recording_id
        return waiting
    return opinions.add(
        s,
        consultation=matter,
        person=person,
        handset_id=handset.id,
        words=words,
        channel=channel,
        recording_id=recording_id,
        kind="callback",
    )
