"""What an action of a script is handed, and the facts it fills into sentences and menus."""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import clock, text
from gateway.consultation import matters, objections, verdicts
from gateway.ivr.script import Script
from gateway.models.answer import Opinion
from gateway.models.area import Area
from gateway.models.consultation import ON_THE_WAY, Consultation
from gateway.models.outreach import Delivery
from gateway.models.person import Handset, Person
from gateway.people import residents
from gateway.replies import reply_phrase
from gateway.settings import Settings

Result = tuple[str, dict[str, str]]


@dataclass
class Turn:
    """What an action may use: the session, who is on the line, and what is known so far (``facts``)."""

    s: Session
    settings: Settings
    script: Script
    handset_id: int
    facts: dict[str, str]
    channel: str = "voice"
    heard: object = None
    delivery: Delivery | None = None
    recording_id: int | None = None
    goto: tuple[str, str | None] | None = (
        None  # an action leads on into another script, at a step or its start
    )
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

    @property
    def language(self) -> str:
        """What is spoken in this call."""
        return self.facts.get("language") or self.settings.default_language

    def people(self) -> list[Person]:
        """Who is reached at this handset; asked for once a turn, since most of a turn's price is queries."""
        if self._people is None:
            self._people = residents.people_on(self.s, self.handset_id)
        return self._people

    def phrase(self, name: str, /, **facts: Any) -> str:
        """Words of ours in the language of the call; the sentences are the editors'."""
        return self.script.phrase(self.language, name, **facts)

    def day(self, day: date) -> str:
        """A date as it is said in the language of the call."""
        return text.spoken_day(day, self.language)

    def matter_called(self, c: Consultation) -> str:
        """“第十二号”."""
        return self.phrase("matter", nth=text.spoken_ordinal_matter(c.number), number=c.number)


ACTIONS: dict[str, Callable[[Turn], Result]] = {}


def action(function: Callable[[Turn], Result]) -> Callable[[Turn], Result]:
    """Make a function callable from scripts under its own name."""
    ACTIONS[function.__name__] = function
    return function


# what actions and the first turn fill into sentences: an editor's {braces} are proof-read against these
FACTS = frozenset(
    [
        *("village", "hail", "person", "number", "title", "notice", "result", "agree", "object", "withdraw"),
        *("days", "message", "short", "weight", "explanation", "receipt", "receipt_spoken", "receipt_says"),
        *("duty_phone", "when", "sms_switch", "voice_switch", "all_switch", "switched", "rate"),
        *(f"{kind}_{n}" for kind in ("name", "matter", "option", "language") for n in (1, 2, 3)),
        *("spoken", "spoken_what"),  # recording by telephone
        *("meeting", "speak", "meetings", "assessed", "mandate", "principal", "kept_for", "answers"),
        *("left", "not_counted", "anew"),  # of a call that broke off
    ]
)

# the same for [phrases]: the names by which actions fill them
FILLED = frozenset(
    [
        "about",
        "author",
        "code",
        "day",
        "delegate",
        "form",
        "half",
        "key",
        "matter",
        "nth",
        "number",
        "person",
        "place",
        "principal",
        "proxy",
        "receipt",
        "standing",
        "state",
        "time",
        "title",
        "verdict",
        "village",
        "what",
        "when",
        "who",
        "words",
    ]
)


def area_of(s: Session, people: Sequence[Person | residents.Resident]) -> Area:
    """The village a handset belongs to; for strangers the top area."""
    if people:
        return s.get_one(Area, people[0].area_id)
    top = s.scalar(select(Area).where(Area.parent_id.is_(None)).order_by(Area.id).limit(1))
    return top or Area(
        code="-", name="村里", path="/", signature="协商热线", office_hours="", office_weekends=False
    )


def offer(kind: str, rows: list[tuple[str, str]], more: str) -> dict[str, str]:
    """Facts for a menu of ``(label, id)`` rows under keys 1 to 3. Where there are more, key 3 leads on to the rest:
    three choices are what an elder keeps in mind (domain.md §3)."""
    shown, rest = (rows, []) if len(rows) <= 3 else (rows[:2], rows[2:])
    if rest:
        shown = [*shown, (more, MORE)]
    facts = {f"{kind}_{n}{end}": "" for n in (1, 2, 3) for end in ("", "_id")}
    for n, (label, id) in enumerate(shown, 1):
        facts[f"{kind}_{n}"], facts[f"{kind}_{n}_id"] = label, id
    return {**facts, f"{kind}_rest": json.dumps(rest, ensure_ascii=False)}


MORE = "more"


def chosen(facts: dict[str, str], kind: str, step: str) -> str:
    """The id behind the key that was pressed at ``step``; “more” when it led on, “” when nothing was offered there."""
    return facts.get(f"{kind}_{facts.get(step, '1')}_id", "")


def further(turn: Turn, kind: str) -> Result:
    rows = [(str(label), str(id)) for label, id in json.loads(turn.facts.get(f"{kind}_rest") or "[]")]
    return MORE, offer(kind, rows, turn.phrase(f"more_{kind}s"))


def picked(turn: Turn, step: str, then: Callable[[Person | None], Result]) -> Result:
    """What ``then`` says of the person chosen at ``step`` (None: nobody was offered there), or the rest of the names."""
    id = chosen(turn.facts, "name", step)
    if id == MORE:
        return further(turn, "name")
    return then(turn.s.get(Person, int(id)) if id else None)


def names(turn: Turn, people: list[Person]) -> dict[str, str]:
    return offer("name", [(p.name, str(p.id)) for p in people], turn.phrase("more_names"))


def known_as(turn: Turn, person: Person) -> dict[str, str]:
    return {
        "person": person.name,
        "person_id": str(person.id),
        "hail": turn.phrase("hail", person=person.name),
        "speech": person.speech,
    }


def _in(turn: Turn, words: dict[str, Any], stage: str) -> str:
    """What a clerk wrote for this stage: in the language of the call where there is such a text."""
    return str(words.get(f"{stage}@{turn.language}") or words.get(stage) or "")


def nobodys(s: Session, settings: Settings, script: Script, language: str) -> Turn:
    """A turn of no call, to see what would be said in one."""
    return Turn(s=s, settings=settings, script=script, handset_id=0, facts={"language": language})


def spoken_notice(turn: Turn, c: Consultation) -> str:
    own = _in(turn, c.voice, "notice")
    return matters.spoken_words(own or turn.phrase("notice", matter=turn.matter_called(c), title=c.title))


def about(turn: Turn, c: Consultation) -> dict[str, str]:
    public = c.in_publicity
    facts = {"matter_id": str(c.id), "number": turn.matter_called(c), "title": c.title}
    for key in ("1", "2", "3"):
        facts[f"option_{key}"] = str(c.options.get(key, ""))
    facts["notice"] = spoken_notice(turn, c)
    facts["result"] = spoken_result(turn, c)
    facts["agree"] = turn.phrase("agree" if public else "understood")
    facts["object"] = turn.phrase("object") if public else ""
    facts["explanation"] = facts["withdraw"] = facts["rate"] = ""
    facts["days"] = str(c.rules.explain_days)
    return facts


def spoken_result(turn: Turn, c: Consultation) -> str:
    stages = ("result",) if c.in_publicity else matters.STAGES.get(c.state, ())
    for stage in stages:
        if words := _in(turn, c.voice, stage):
            return matters.spoken_words(words)
    facts = {"matter": turn.matter_called(c), "title": c.title}
    if c.state in ON_THE_WAY:
        return turn.phrase("stands", **facts, state=reply_phrase(f"state_{c.state}", turn.language))
    if not stages:
        return turn.phrase("no_result", **facts)
    written = next(filter(None, (_in(turn, c.sms, stage) for stage in (*stages, "result"))), "")
    return turn.phrase("result", **facts, words=text.for_ears(written or c.result or c.title))


def spoken_explanation(turn: Turn, c: Consultation, person: Person) -> str:
    """What was answered to this person's objection, as a call says it; empty where nothing was."""
    mine = next((o for o in objections.unsettled(turn.s, [person.id]) if o.consultation_id == c.id), None)
    if mine is None or mine.state != "explained":
        return ""
    return turn.phrase("explained", matter=turn.matter_called(c), words=matters.stopped(mine.explanation))


def spoken_answers(turn: Turn, found: list[tuple[Consultation, Opinion]], here: bool = False) -> str:
    """What was answered to somebody's own opinions, as a call says it; ``here``: the matter was just named."""
    said = [
        turn.phrase(
            "answer_here" if here else "answer_opinion", matter=turn.matter_called(c), verdict=turn.phrase(f"verdict_{o.verdict}"),
            words=matters.stopped(o.why),
        )
        for c, o in found
    ]  # fmt: skip
    return "（停一秒）".join(said)


def told_back(turn: Turn, c: Consultation, person: Person) -> str:
    """What was answered to this person alone on a matter: to an objection, and to what they said."""
    mine = verdicts.heard_of(turn.s, [person.id], about=c)
    return spoken_explanation(turn, c, person) + spoken_answers(turn, mine, here=True)


def choose(turn: Turn, found: list[Consultation]) -> Result:
    if len(found) == 1:
        return "one", about(turn, found[0])
    rows = [(turn.phrase("listed", matter=turn.matter_called(c), title=c.title), str(c.id)) for c in found]
    return "several", offer("matter", rows, turn.phrase("more_matters"))


def is_over(c: Consultation) -> bool:
    return bool(c.closes_at and c.closes_at < clock.now())
