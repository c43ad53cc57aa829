"""What a script is made of, what can be heard, and what a turn says. Only data; nothing here does anything."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

KINDS = ("say", "choose", "digits", "record", "connect", "join", "end")
"""What a step can do by itself. Any other word in ``does`` is an action."""

SPELT = {"*": "star", "#": "hash"}
"""A bare ``#`` is a comment in TOML, so the two are spelt out there."""

PLACEHOLDER = re.compile(r"\{([A-Za-z_][A-Za-z0-9_]*)\}")


class MissingFact(KeyError):
    """A sentence needs a fact nobody gave."""

    def __init__(self, fact: str, template: str) -> None:
        super().__init__(fact)
        self.fact, self.template = fact, template

    def __str__(self) -> str:
        return f"no fact {{{self.fact}}} for “{self.template}”"


# -- heard -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Key:
    """Keys pressed: ``2``, ``*``, ``star``, or all digits of a number."""

    digits: str


@dataclass(frozen=True, slots=True)
class Text:
    """Words that came as SMS."""

    words: str


@dataclass(frozen=True, slots=True)
class Recording:
    """Something said and recorded: the carrier's or our id, and its length in seconds."""

    id: str
    seconds: int = 0


@dataclass(frozen=True, slots=True)
class Silence:
    """The wait ran out."""


@dataclass(frozen=True, slots=True)
class Hangup:
    """The other side is gone."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """How an action ended; at a ``connect`` or ``join`` step the carrier's word for the dialled call."""

    name: str


Heard = Key | Text | Recording | Silence | Hangup | Outcome


# -- a turn ----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Place:
    """Where a conversation stands, and how often it was not understood there."""

    step: str
    misses: int = 0

    def to_json(self) -> dict[str, Any]:
        """As kept in the conversation's row."""
        return {"step": self.step, "misses": self.misses}

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Place":
        """The other way; a row without misses is a first try."""
        return cls(str(data["step"]), int(data.get("misses", 0)))


@dataclass(frozen=True, slots=True)
class Line:
    """Something to say: the ``text``, ``wrong`` or ``silent`` words of a step."""

    step: str
    part: str = "text"


@dataclass(frozen=True, slots=True)
class Call:
    """An action to run, and the step that asks for it."""

    name: str
    step: str


@dataclass(frozen=True, slots=True)
class Turn:
    """The result of one step forward.

    ``wants`` is ``key``, ``digits``, ``record``, ``connect``, ``join``, or None when an action is pending or all is over.
    ``learned`` is to be merged into the facts before anything is run or rendered.
    """

    place: Place
    lines: tuple[Line, ...] = ()
    action: Call | None = None
    learned: dict[str, str] = field(default_factory=dict)
    wants: str | None = None
    over: bool = False


# -- a script --------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Step:
    """One heading of ``script.toml``. ``wait`` and ``seconds`` are seconds, ``length`` is in digits."""

    name: str
    does: str
    then: str | dict[str, str] | None = None
    keys: dict[str, str] = field(default_factory=dict)
    wait: int = 10  # old hands are slow; the carrier's own 5 s is too short (domain.md §3.4)
    tries: int = 3
    silent: str | None = None
    lost: str | None = None
    length: int | None = None
    seconds: int = 120

    @property
    def is_action(self) -> bool:
        """True if the driver has to run something here."""
        return self.does not in KINDS


@dataclass(frozen=True, slots=True)
class Words:
    """All words of one language, by step."""

    language: str
    called: str = ""
    menus: dict[str, str] = field(default_factory=dict)
    steps: dict[str, dict[str, Any]] = field(default_factory=dict)
    phrases: dict[str, str] = field(default_factory=dict)  # what actions put together and fill into sentences
    draft: bool = False  # nobody who speaks it has read it yet: never offered


@dataclass(frozen=True, slots=True)
class Choice:
    """A key that works now; an empty label means it works without being announced."""

    key: str
    label: str
    target: str
    everywhere: bool = False


@dataclass(frozen=True, slots=True)
class Script:
    """A loaded folder. ``digest`` covers every file of it: what a resident was told is evidence."""

    name: str
    start: str
    expires: dict[str, int]
    steps: dict[str, Step]
    words: dict[str, Words]
    audio: dict[tuple[str, str], Path]
    digest: str
    default_language: str
    everywhere: dict[str, str] = field(default_factory=dict)
    entries: tuple[str, ...] = ()

    def words_in(self, language: str) -> Words:
        """The words of a language, or those of the default language."""
        return self.words.get(language) or self.words[self.default_language]

    @property
    def offered(self) -> tuple[str, ...]:
        """The languages residents may choose, the default first."""
        read = sorted(tongue for tongue, words in self.words.items() if not words.draft)
        return tuple(sorted(read, key=lambda tongue: tongue != self.default_language))

    def phrase(self, language: str, name: str, /, **facts: Any) -> str:
        """A phrase of an action in that language. Raises KeyError for one there isn't, MissingFact."""
        return fill(self.words_in(language).phrases[name], facts)

    def choices(self, step: str, facts: Mapping[str, Any], language: str) -> list[Choice]:
        """The keys that work at ``step`` now, in the order of script.toml.

        A label whose placeholders are all empty is not offered and its key does not work: this is how one
        script serves two or three options, or the names on a shared handset.
        """
        here, words = self.steps[step], self.words_in(language)
        own = words.steps.get(step, {})
        common = words.steps.get("everywhere", {})
        found = []
        for key, target in here.keys.items():
            template = own.get(key, common.get(key, "") if key in self.everywhere else "")
            if not _is_void(template, facts):
                found.append(Choice(key, fill(template, facts, lenient=True), target))
        if here.does in ("choose", "record"):
            for key, target in self.everywhere.items():
                template = own.get(key, common.get(key, ""))
                if key not in here.keys and target != step and not _is_void(template, facts):
                    found.append(Choice(key, fill(template, facts, lenient=True), target, everywhere=True))
        return found


def fill(template: str, facts: Mapping[str, Any], lenient: bool = False) -> str:
    """``template`` with every ``{placeholder}`` replaced; what is put in is never looked into again.

    Raises MissingFact (a KeyError) for a fact that is absent or None; ``lenient`` leaves it empty instead.
    """

    def put(match: re.Match[str]) -> str:
        value = facts.get(match[1])
        if value is None and not lenient:
            raise MissingFact(match[1], template)
        return "" if value is None else str(value)

    return PLACEHOLDER.sub(put, template)


def _is_void(template: str, facts: Mapping[str, Any]) -> bool:
    names = PLACEHOLDER.findall(template)
    return bool(names) and not any(str(facts.get(name) or "").strip() for name in names)
