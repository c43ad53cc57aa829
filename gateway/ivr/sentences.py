"""Which words a recording can stand for, and how a sentence is put together from recordings and speech. Pure.

A recording belongs to words. A sentence is looked up as a whole first (with the village's name in it, say), then piece
by piece: what stands between its placeholders, and what is filled into them; digits one by one.
"""

import hashlib
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from gateway.ivr.script import PLACEHOLDER, Script, fill

PAUSE = re.compile(r"（停(?:一秒)?）")
_EDGES = " 　，。！？；：、,.!?;:"
_DIGITS = re.compile(r"[0-9](?: ?[0-9])*")
GENERIC = {"silent": "没听到您按键。", "unsaid": "没听到您说话。", "wrong": "没有这个选择。"}
KEYS = {"star": "星号", "hash": "井号"}
PRESS = "{called}，请按{key}"
Find = Callable[[str], str | None]  # words → the address of a recording of them


@dataclass(frozen=True, slots=True)
class Played:
    """A recording in a sentence, by its address."""

    url: str


def bare(words: str) -> str:
    """Words as they are compared: without pauses, doubled spaces and the stops around them."""
    return " ".join(PAUSE.sub(" ", words).split()).strip(_EDGES)


def digest(words: str) -> str:
    """The same 32 hex digits for the same words."""
    return hashlib.sha256(bare(words).encode()).hexdigest()[:32]


def put_together(template: str, facts: Mapping[str, Any], find: Find | None) -> list[str | Played]:
    """A sentence as stretches to be spoken and recordings to be played, in order.

    Raises MissingFact.
    """
    whole = fill(template, facts)
    if find is None or not bare(whole):
        return [whole]
    if url := find(whole):
        return [Played(url)]
    parts: list[str | Played] = []
    said = ""
    for words in _pieces(template, facts):
        found = _found(words, find) if bare(words) else None
        if found is None:
            said += words
            continue
        if bare(said):
            parts.append(said)
        parts, said = [*parts, *found], ""
    if bare(said) or not parts:
        parts.append(said)
    return parts


def _found(words: str, find: Find) -> list[Played] | None:
    if url := find(words):
        return [Played(url)]
    if _DIGITS.fullmatch(words.strip()):
        urls = [find(digit) for digit in words if digit.isdigit()]
        if all(urls):
            return [Played(url) for url in urls if url]
    return None


def _pieces(template: str, facts: Mapping[str, Any]) -> Iterator[str]:
    for index, piece in enumerate(PLACEHOLDER.split(template)):
        if index % 2:
            yield str(facts[piece])
        elif piece:
            yield piece


# -- what there is to be recorded ------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Sentence:
    """Words a script says in one language, at the first step that says them. ``whole``: one with a fact filled in,
    nice to have where its pieces would do."""

    step: str
    words: str
    whole: bool = False

    @property
    def digest(self) -> str:
        return digest(self.words)


def sentences(
    script: Script, language: str, villages: tuple[str, ...] = (), called: str = ""
) -> list[Sentence]:
    """All that has to be recorded before a script needs no synthetic speech in a language, but for what is filled in
    (titles, names); each once. A language without a file of words is recorded from the default language's.

    For sentences with nothing but the ``villages``' names to fill in, these are offered, too. ``called``: the name
    under which a language without words is offered in the menu of languages; whoever speaks it should know it there.
    """
    found: dict[str, Sentence] = {}

    def note(step: str, template: str) -> None:
        names = set(PLACEHOLDER.findall(template))
        if names == {"village"}:
            for village in villages:
                one = Sentence(step, bare(fill(template, {"village": village})), whole=True)
                found.setdefault(one.digest, one)
        for piece in PLACEHOLDER.split(template)[::2]:
            if bare(piece):
                found.setdefault(digest(piece), Sentence(step, bare(piece)))

    for label in labels(called):
        note("which_language", label)
    words = script.words_in(language)
    for step in script.steps.values():
        if step.is_action:
            continue
        own = words.steps.get(step.name, {})
        note(step.name, str(own.get("voice", own.get("text", ""))))
        for part in ("silent", "wrong"):
            note(step.name, str(own.get(part, "")))
        if step.does in ("choose", "record"):
            said = {**words.steps.get("everywhere", {}), **own}
            for key in {**step.keys, **script.everywhere}:
                note(step.name, str(said.get(key, "")))
            note(step.name, str(own.get("menu", "")))
    for (
        phrase
    ) in words.phrases.values():  # those that are filled in as they are; others are put together of names
        if not PLACEHOLDER.search(phrase):
            note("phrases", phrase)
    note("menus", words.menus.get("voice", ""))
    for part, usual in GENERIC.items():
        note("menus", words.menus.get(part, usual))
    for key in "0123456789":
        note("menus", key)
    return list(found.values())


def labels(called: str) -> list[str]:
    """What the menu of languages says of a language without words, by the keys it may have."""
    return [PRESS.format(called=called, key=key) for key in (2, 3)] if called else []
