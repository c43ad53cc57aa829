"""What an action of a script is handed, and the facts it fills into sentences and menus."""

import json
from collections.abc import Callable
from dataclasses import dataclass

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import clock, text
from gateway.consultation import matters, objections
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.outreach import Delivery
from gateway.models.person import Handset, Person
from gateway.people import residents
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


# what actions and the first turn fill into sentences: an editor's {braces} are proof-read against these
FACTS = frozenset(
    [
        "village",
        "hail",
        "person",
        "number",
        "title",
        "notice",
        "result",
        "agree",
        "object",
        "days",
        "message",
        "short",
        "weight",
        "explanation",
    ]
    + ["spoken", "spoken_what"]  # recording by telephone
    + ["receipt", "receipt_spoken", "receipt_says", "duty_phone", "when"]
    + [f"{kind}_{n}" for kind in ("name", "matter", "option") for n in (1, 2, 3)]
)


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
        shown = [*shown, (more, MORE)]
    facts = {f"{kind}_{n}{end}": "" for n in (1, 2, 3) for end in ("", "_id")}
    for n, (label, id) in enumerate(shown, 1):
        facts[f"{kind}_{n}"], facts[f"{kind}_{n}_id"] = label, id
    return {**facts, f"{kind}_rest": json.dumps(rest, ensure_ascii=False)}


MORE = "more"
MORE_NAMES, MORE_MATTERS = "后面的人", "后面的几件"


def chosen(facts: dict[str, str], kind: str, step: str) -> str:
    """The id behind the key that was pressed at ``step``; “more” when it led on, “” when nothing was offered there."""
    return facts.get(f"{kind}_{facts.get(step, '1')}_id", "")


def further(facts: dict[str, str], kind: str, more: str) -> Result:
    rows = [(str(label), str(id)) for label, id in json.loads(facts.get(f"{kind}_rest") or "[]")]
    return MORE, offer(kind, rows, more)


def picked(turn: Turn, step: str, then: Callable[[Person | None], Result]) -> Result:
    """What ``then`` says of the person chosen at ``step`` (None: nobody was offered there), or the rest of the names."""
    id = chosen(turn.facts, "name", step)
    if id == MORE:
        return further(turn.facts, "name", MORE_NAMES)
    return then(turn.s.get(Person, int(id)) if id else None)


def names(people: list[Person]) -> dict[str, str]:
    return offer("name", [(p.name, str(p.id)) for p in people], MORE_NAMES)


def known_as(person: Person) -> dict[str, str]:
    return {
        "person": person.name,
        "person_id": str(person.id),
        "hail": f"{person.name}，您好。",
    }


def spoken_notice(c: Consultation) -> str:
    return matters.spoken_words(
        c.voice.get("notice") or f"{text.spoken_ordinal_matter(c.number)}事，{c.title}。"
    )


def about(c: Consultation, told: str = "notice") -> dict[str, str]:
    facts = {"matter_id": str(c.id), "number": text.spoken_ordinal_matter(c.number), "title": c.title}
    for key in ("1", "2", "3"):
        facts[f"option_{key}"] = str(c.options.get(key, ""))
    facts["notice"] = spoken_notice(c)
    facts["result"] = spoken_result(c)
    facts["agree"] = "听明白了，没有意见" if c.in_publicity else "听明白了"
    facts["object"] = "我要反对" if c.in_publicity else ""
    facts["explanation"] = ""
    facts["days"] = str(objections.EXPLAIN_DAYS)
    return facts


def spoken_result(c: Consultation) -> str:
    if c.in_publicity or c.state in ("EFFECTIVE", "IMPLEMENTING", "DISCLOSED", "EVALUATED", "CLOSED"):
        stage = "result" if c.in_publicity else "effective"
        words = c.voice.get(stage)
        if words:
            return matters.spoken_words(words)
        sms = c.sms.get(stage) or c.sms.get("result") or c.result or c.title
        return f"{text.spoken_ordinal_matter(c.number)}事，{c.title}。{text.without_signature(sms)}"
    return f"{text.spoken_ordinal_matter(c.number)}事，{c.title}，还没有结果。"


def spoken_explanation(s: Session, c: Consultation, person: Person) -> str:
    """What was answered to this person's objection, as a call says it; empty where nothing was."""
    mine = next((o for o in objections.unsettled(s, [person.id]) if o.consultation_id == c.id), None)
    if mine is None or mine.state != "explained":
        return ""
    return f"{text.spoken_ordinal_matter(c.number)}事，您反对过，村里给您回话：{matters.stopped(mine.explanation)}"


def choose(found: list[Consultation]) -> Result:
    if len(found) == 1:
        return "one", about(found[0])
    rows = [(f"{text.spoken_ordinal_matter(c.number)}，{c.title}", str(c.id)) for c in found]
    return "several", offer("matter", rows, MORE_MATTERS)


def is_over(c: Consultation) -> bool:
    return bool(c.closes_at and c.closes_at < clock.now())
