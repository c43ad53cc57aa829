"""The names a script may call. Each is handed the turn and returns an outcome and what was learnt.

An action may write; the words about what it did are the script's.
"""

from datetime import datetime, timedelta

from sqlalchemy.orm import Session

from gateway import callouts, clock, recorder, text
from gateway.consultation import ballots, matters, objections, opinions, receipts
from gateway.consultation.refusal import Refused
from gateway.ivr.script import Recording as HeardRecording
from gateway.models.answer import Objection, Opinion
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.person import Handset, Person
from gateway.people import claims, residents
from gateway.phones import HIDDEN
from gateway.turns import (
    ACTIONS,
    MORE,
    MORE_MATTERS,
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
    spoken_explanation,
)

__all__ = [
    "ACTIONS",
    "Turn",
    "area_of",
    "callouts",
    "recorder",
]  # importing the calls we place, and recording by telephone, is what registers their actions

# ---- who is speaking ---------------------------------------------------------


@action
def find_caller(turn: Turn) -> Result:
    people = turn.people()
    if len(people) == 1:
        return "one", known_as(people[0])
    return ("several", names(people)) if people else ("stranger", {})


@action
def pick_person(turn: Turn) -> Result:
    return picked(turn, "who", lambda person: ("ok", known_as(person) if person else {"hail": ""}))


@action
def find_names(turn: Turn) -> Result:
    """Roster people this handset could belong to: those already on it, unless “somebody else” was said to them."""
    people = turn.people() if turn.facts.get("who") != "0" else []
    return ("some", names(people)) if people else ("none", {})


@action
def claim_name(turn: Turn) -> Result:
    return picked(turn, "which_name", lambda person: _claimed(turn, person))


def _claimed(turn: Turn, person: Person | None) -> Result:
    if person is None:
        return "waiting", {}
    area = turn.s.get_one(Area, person.area_id)
    made = claims.claim(turn.s, turn.handset, person.name, area.name, turn.channel, area=area)
    if made.state == "accepted":
        return "accepted", known_as(person)
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
    found = [c for c in matters.for_people(turn.s, people, ("OPEN",)) if not is_over(c)]
    # an unanswered one first: who rings twice wants the other matter
    mine = turn.person
    if mine:
        found.sort(key=lambda c: (ballots.of(turn.s, c, mine) is not None, c.number))
    return choose(found) if found else ("none", {})


@action
def find_results(turn: Turn) -> Result:
    people = [turn.person] if turn.person else turn.people()
    in_publicity = matters.for_people(turn.s, people, ("PUBLICITY", "OBJECTED", "EXPLAINED"))
    after = matters.for_people(turn.s, people, ("EFFECTIVE", "IMPLEMENTING", "DISCLOSED", "EVALUATED"))
    found = in_publicity + after[::-1]
    if len(found) == 1:
        return "one", {**about(found[0]), **_answered(turn, found[0])}
    return choose(found) if found else ("none", {})


def _answered(turn: Turn, c: Consultation) -> dict[str, str]:
    """What was answered to the caller's own objection: who missed our call hears it with the result."""
    return {"explanation": spoken_explanation(turn.s, c, turn.person) if turn.person else ""}


@action
def take_matter(turn: Turn) -> Result:
    step = "which_open" if "which_open" in turn.facts else "which_result"
    # the newer of the two choices: somebody may have heard results after open matters
    step = turn.facts.get("last_choice", step)
    id = chosen(turn.facts, "matter", step)
    if id == MORE:
        return further(turn.facts, "matter", MORE_MATTERS)
    c = turn.s.get(Consultation, int(id)) if id else None
    return ("ok", {**about(c), **_answered(turn, c)}) if c else ("ok", {})


@action
def cast_ballot(turn: Turn) -> Result:
    c, person = turn.matter, turn.person
    if c is None or person is None:
        return "stranger", {}
    try:
        ballot = ballots.cast(turn.s, c, person, turn.facts.get("ask", ""), turn.channel)
    except Refused as no:
        return (no.code if no.code in ("closed", "not_yet", "unverified") else "stranger"), {}
    weight = f"您家以{ballot.delegate}的为准，没回才算您的。" if ballot.delegate else ""
    return "ok", {**_receipt(ballot.receipt), "weight": weight}


def _receipt(code: str) -> dict[str, str]:
    # “回执4 0 2 7 8”: a speech engine reads spaced digits one by one
    return {"receipt": code, "receipt_spoken": " ".join(code)}


@action
def keep_opinion(turn: Turn) -> Result:
    words, recording_id = _words(turn)
    kept = opinions.add(
        turn.s,
        consultation=turn.matter,
        person=turn.person,
        handset_id=turn.handset_id,
        words=words,
        channel=turn.channel,
        recording_id=recording_id,
    )
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
    return "ok", {}


@action
def open_objection(turn: Turn) -> Result:
    c = turn.matter
    if c is None:
        return "stranger", {}
    person = turn.person
    if person is None and len(turn.people()) == 1:
        person = turn.people()[0]
    try:
        made = objections.open_(turn.s, c, person, "", turn.channel, handset_id=turn.handset_id)
    except Refused as no:
        return ("late" if no.code in ("late", "not_public") else "stranger"), {}
    return "ok", {
        **_receipt(made.receipt),
        "objection_id": str(made.id),
        "days": str(objections.EXPLAIN_DAYS),
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
    words, recording_id = _words(turn)
    kept = opinions.add(
        turn.s,
        consultation=turn.matter,
        person=turn.person,
        handset_id=turn.handset_id,
        words=words,
        channel=turn.channel,
        recording_id=recording_id,
        kind="late_objection",
    )
    return "ok", _receipt(kept.receipt)


# ---- receipts and people ---------------------------------------------------------------

# nobody's “your”: the receipt may be checked from anybody's telephone
WHAT = {"ballot": "有一份表态", "opinion": "有一份意见", "objection": "有一份反对", "claim": "有一份登记"}


@action
def check_receipt(turn: Turn) -> Result:
    """Says that it is kept and since when; never the choice, which others in the room could hear."""
    code = turn.facts.get("receipt", "")
    found = receipts.look_up(turn.s, code)
    if found is None:
        return "unknown", {}
    c = turn.s.get(Consultation, found.consultation_id) if found.consultation_id else None
    about = f"{text.spoken_ordinal_matter(c.number)}事，{c.title}，" if c else ""
    day = text.spoken_date(found.created_at.astimezone(clock.village_zone()).date())
    what, standing = WHAT.get(found.kind, "有一份话"), receipts.standing(turn.s, found)
    says = f"回执{' '.join(code)}。{about}{what}，{day}记下的，{standing}。"
    return "found", {"receipt_says": says}


@action
def find_person(turn: Turn) -> Result:
    area = area_of(turn.s, turn.people())
    local = clock.now().astimezone(turn.settings.zone)
    in_hours = local.weekday() < 5 and (8 <= local.hour < 12 or 13 <= local.hour < 17)
    if area.duty_phone and in_hours:
        return "duty", {"duty_phone": area.duty_phone}
    return "nobody", {}


def promised(now: datetime) -> str:
    """When somebody will ring: today until the afternoon, else the next working day. Said as people say it."""
    local = now.astimezone(clock.village_zone())
    if local.weekday() < 5 and local.hour < 15:
        return "今天下午五点前"
    day = local + timedelta(days=1)
    while day.weekday() >= 5:
        day += timedelta(days=1)
    if (day.date() - local.date()).days == 1:
        return "明天上午"
    return f"{text.spoken_date(day.date())}上午"


@action
def want_callback(turn: Turn) -> Result:
    words, recording_id = _words(turn)
    call_back(turn.s, turn.handset, turn.person, words, turn.channel, recording_id, turn.matter)
    return ("hidden" if turn.handset.number == HIDDEN else "ok"), {"when": promised(clock.now())}


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
