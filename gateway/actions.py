"""The names a script may call. Each is handed the turn and returns an outcome and what was learnt.

An action may write; the words about what it did are the script's.
"""

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import clock, text
from gateway.consultation import ballots, matters, objections, opinions, receipts
from gateway.consultation.refusal import Refused
from gateway.ivr.script import Recording as HeardRecording
from gateway.models.answer import Ballot, Objection, Opinion
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.outreach import Broadcast, Delivery
from gateway.models.person import Handset, Person
from gateway.people import claims, residents
from gateway.settings import Settings

Result = tuple[str, dict[str, str]]


@dataclass
class Turn:
    """What an action may use: the session, who is on the line, and what is known so far (``facts``)."""

    s: Session
    settings: Settings
    handset_id: int
    facts: dict[str, str]
    channel: str = "voice"
    heard: object = None
    delivery: Delivery | None = None
    recording_id: int | None = None
    _people: list[Person] | None = None

    @property
    def handset(self) -> Handset:
        return self.s.get_one(Handset, self.handset_id)

    @property
    def person(self) -> Person | None:
        id = self.facts.get("person_id")
        return self.s.get(Person, int(id)) if id else None

    @property
    def matter(self) -> Consultation | None:
        id = self.facts.get("matter_id")
        return self.s.get(Consultation, int(id)) if id else None

    def people(self) -> list[Person]:
        """Who is reached at this handset; asked for once a turn, since most of a turn's price is queries."""
        if self._people is None:
            self._people = residents.people_on(self.s, self.handset_id)
        return self._people


ACTIONS: dict[str, Callable[[Turn], Result]] = {}


def action(function: Callable[[Turn], Result]) -> Callable[[Turn], Result]:
    """Make a function callable from scripts under its own name."""
    ACTIONS[function.__name__] = function
    return function


# ---- who is speaking ---------------------------------------------------------


def area_of(s: Session, people: list[Person]) -> Area:
    """The village a handset belongs to; for strangers the top area."""
    if people:
        return s.get_one(Area, people[0].area_id)
    top = s.scalar(select(Area).where(Area.parent_id.is_(None)).order_by(Area.id).limit(1))
    return top or Area(code="-", name="村里", path="/", signature="协商热线")


def offer(kind: str, rows: list[tuple[str, str]], more: str) -> dict[str, str]:
    """Facts for a menu of ``(label, id)`` rows under keys 1 to 3. Where there are more, key 3 leads on to the rest:
    three choices are what an elder keeps in mind (domain.md §3)."""
    shown, rest = (rows, []) if len(rows) <= 3 else (rows[:2], rows[2:])
    if rest:
        shown = [*shown, (more, _MORE)]
    facts = {f"{kind}_{n}{end}": "" for n in (1, 2, 3) for end in ("", "_id")}
    for n, (label, id) in enumerate(shown, 1):
        facts[f"{kind}_{n}"], facts[f"{kind}_{n}_id"] = label, id
    return {**facts, f"{kind}_rest": json.dumps(rest, ensure_ascii=False)}


_MORE = "more"
_MORE_NAMES, _MORE_MATTERS = "后面的人", "后面的几件"


def chosen(facts: dict[str, str], kind: str, step: str) -> str:
    """The id behind the key that was pressed at ``step``; “more” when it led on, “” when nothing was offered there."""
    return facts.get(f"{kind}_{facts.get(step, '1')}_id", "")


def _further(facts: dict[str, str], kind: str, more: str) -> Result:
    rows = [(str(label), str(id)) for label, id in json.loads(facts.get(f"{kind}_rest") or "[]")]
    return _MORE, offer(kind, rows, more)


def _names(people: list[Person]) -> dict[str, str]:
    return offer("name", [(p.name, str(p.id)) for p in people], _MORE_NAMES)


def _is(person: Person) -> dict[str, str]:
    return {
        "person": person.name,
        "person_id": str(person.id),
        "hail": f"{person.name}，您好。",
    }


@action
def find_caller(turn: Turn) -> Result:
    people = turn.people()
    if len(people) == 1:
        return "one", _is(people[0])
    return ("several", _names(people)) if people else ("stranger", {})


@action
def pick_person(turn: Turn) -> Result:
    id = chosen(turn.facts, "name", "who")
    if id == _MORE:
        return _further(turn.facts, "name", _MORE_NAMES)
    person = turn.s.get(Person, int(id)) if id else None
    return ("ok", _is(person)) if person else ("ok", {"hail": ""})


@action
def find_names(turn: Turn) -> Result:
    """Roster people this handset could belong to: those already on it."""
    people = turn.people()
    return ("some", _names(people)) if people else ("none", {})


@action
def claim_name(turn: Turn) -> Result:
    id = chosen(turn.facts, "name", "which_name")
    if id == _MORE:
        return _further(turn.facts, "name", _MORE_NAMES)
    person = turn.s.get(Person, int(id)) if id else None
    if person is None:
        return "waiting", {}
    area = turn.s.get_one(Area, person.area_id)
    made = claims.claim(turn.s, turn.handset, person.name, area.name, turn.channel, area=area)
    if made.state == "accepted":
        return "accepted", _is(person)
    return "waiting", {}


@action
def claim_recording(turn: Turn) -> Result:
    claims.claim(turn.s, turn.handset, "", "", turn.channel, recording_id=turn.recording_id)
    return "ok", {}


# ---- matters -------------------------------------------------------------------


def _spoken_notice(c: Consultation) -> str:
    return matters.spoken_words(
        c.voice.get("notice") or f"{text.spoken_ordinal_matter(c.number)}事，{c.title}。"
    )


def _about(c: Consultation, told: str = "notice") -> dict[str, str]:
    facts = {"matter_id": str(c.id), "number": text.spoken_ordinal_matter(c.number), "title": c.title}
    for key in ("1", "2", "3"):
        facts[f"option_{key}"] = str(c.options.get(key, ""))
    facts["notice"] = _spoken_notice(c)
    facts["result"] = _spoken_result(c)
    facts["agree"] = "听明白了，没有意见" if c.in_publicity else "听明白了"
    facts["object"] = "我要反对" if c.in_publicity else ""
    facts["days"] = str(objections.EXPLAIN_DAYS)
    return facts


def _spoken_result(c: Consultation) -> str:
    if c.in_publicity or c.state in ("EFFECTIVE", "IMPLEMENTING", "DISCLOSED", "EVALUATED", "CLOSED"):
        stage = "result" if c.in_publicity else "effective"
        words = c.voice.get(stage)
        if words:
            return matters.spoken_words(words)
        sms = c.sms.get(stage) or c.sms.get("result") or c.result or c.title
        return f"{text.spoken_ordinal_matter(c.number)}事，{c.title}。{text.without_signature(sms)}"
    return f"{text.spoken_ordinal_matter(c.number)}事，{c.title}，还没有结果。"


def _choose(found: list[Consultation]) -> Result:
    if len(found) == 1:
        return "one", _about(found[0])
    rows = [(f"{text.spoken_ordinal_matter(c.number)}，{c.title}", str(c.id)) for c in found]
    return "several", offer("matter", rows, _MORE_MATTERS)


@action
def find_open(turn: Turn) -> Result:
    if turn.person is None and not turn.people():
        return "stranger", {}
    people = [turn.person] if turn.person else turn.people()
    found = [c for c in matters.for_people(turn.s, people, ("OPEN",)) if not _over(c)]
    # an unanswered one first: who rings twice wants the other matter
    mine = turn.person
    if mine:
        found.sort(key=lambda c: (ballots.of(turn.s, c, mine) is not None, c.number))
    return _choose(found) if found else ("none", {})


def _over(c: Consultation) -> bool:
    return bool(c.closes_at and c.closes_at < clock.now())


@action
def find_results(turn: Turn) -> Result:
    people = [turn.person] if turn.person else turn.people()
    in_publicity = matters.for_people(turn.s, people, ("PUBLICITY", "OBJECTED", "EXPLAINED"))
    after = matters.for_people(turn.s, people, ("EFFECTIVE", "IMPLEMENTING", "DISCLOSED", "EVALUATED"))
    found = in_publicity + after[::-1]
    return _choose(found) if found else ("none", {})


@action
def take_matter(turn: Turn) -> Result:
    step = "which_open" if "which_open" in turn.facts else "which_result"
    # the newer of the two choices: somebody may have heard results after open matters
    step = turn.facts.get("last_choice", step)
    id = chosen(turn.facts, "matter", step)
    if id == _MORE:
        return _further(turn.facts, "matter", _MORE_MATTERS)
    c = turn.s.get(Consultation, int(id)) if id else None
    return ("ok", _about(c)) if c else ("ok", {})


@action
def cast_ballot(turn: Turn) -> Result:
    c, person = turn.matter, turn.person
    if c is None or person is None:
        return "stranger", {}
    try:
        ballot = ballots.cast(turn.s, c, person, turn.facts.get("ask", ""), turn.channel)
    except Refused as no:
        return (no.code if no.code in ("closed", "not_yet", "unverified") else "stranger"), {}
    return "ok", _receipt(ballot.receipt)


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

WHAT = {"ballot": "您的表态", "opinion": "您的意见", "objection": "您的反对", "claim": "您的登记"}


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
    replaced = ""
    if found.kind == "ballot" and not turn.s.scalar(select(Ballot.id).where(Ballot.receipt == code)):
        replaced = "后来您又改过，以后来的为准。"
    says = f"回执{' '.join(code)}。{about}{WHAT.get(found.kind, '您的话')}，{day}记下的，还在。{replaced}"
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
    return "ok", {"when": promised(clock.now())}


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


# ---- calls we place ------------------------------------------------------------------------


def _broadcast(turn: Turn) -> Broadcast | None:
    id = turn.delivery.broadcast_id if turn.delivery else None
    return turn.s.get(Broadcast, id) if id else None


def _what_it_is_about(turn: Turn) -> Consultation | None:
    b = _broadcast(turn)
    id = b.consultation_id if b else turn.delivery.about_id if turn.delivery else None
    return turn.s.get(Consultation, id) if id else None


def _who_listens(turn: Turn, c: Consultation) -> Result:
    people = [p for p in turn.people() if matters.concerns(turn.s, c, p)]
    facts = _about(c)
    if len(people) == 1:
        return "one", {**facts, **_is(people[0])}
    if people:
        return "several", {**facts, **_names(people)}
    return "told", {"message": facts["notice" if c.state in ("NOTICED", "OPEN") else "result"]}


@action
def start_notice(turn: Turn) -> Result:
    c = _what_it_is_about(turn)
    if c is None:
        return start_message(turn)
    if c.state == "NOTICED":
        return "told", {"message": _spoken_notice(c)}
    if c.state != "OPEN" or _over(c):
        return "closed", _about(c)
    return _who_listens(turn, c)


@action
def start_result(turn: Turn) -> Result:
    c = _what_it_is_about(turn)
    return _who_listens(turn, c) if c else start_message(turn)


@action
def pick_answerer(turn: Turn) -> Result:
    step = turn.facts.get("last_choice", "who_answers")
    id = chosen(turn.facts, "name", step)
    if id == _MORE:
        return _further(turn.facts, "name", _MORE_NAMES)
    person = turn.s.get(Person, int(id)) if id else None
    return ("ok", _is(person)) if person else ("ok", {})


@action
def start_message(turn: Turn) -> Result:
    b = _broadcast(turn)
    words = (b.voice if b else turn.delivery.body if turn.delivery else "") or ""
    return "told", {"message": matters.spoken_words(text.without_signature(words))}


@action
def start_machine(turn: Turn) -> Result:
    """What an answering machine is told: the matter's name, nothing that is only for one pair of ears."""
    c = _what_it_is_about(turn)
    if c is None:
        return "told", {"short": "村里有事要告诉您。"}
    news = "有事要问您的意见" if c.state in ("NOTICED", "OPEN") else "有结果了"
    return "told", {"short": f"{text.spoken_ordinal_matter(c.number)}事，{c.title}，{news}。"}
