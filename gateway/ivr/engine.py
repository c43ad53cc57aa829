"""One step forward in a script. Pure: it is handed everything, and says what to do next.

The driver's order is advance → merge ``learned`` into the facts → run ``action`` and advance again with its
Outcome, collecting lines → render.
"""

import re
import unicodedata
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from gateway.ivr.script import (
    SPELT,
    Call,
    Hangup,
    Heard,
    Key,
    Line,
    Outcome,
    Place,
    Recording,
    Script,
    Silence,
    Step,
    Text,
    Turn,
)

NOTHING: Mapping[str, Any] = MappingProxyType({})
PERSON = "person"
TALKED = frozenset({"answered", "completed", "talked"})
"""Outcomes of a dialled call after which somebody has been spoken to."""

_WAITS = {"choose": "key", "digits": "digits", "record": "record", "connect": "connect", "join": "join"}
_DIALS = {"connect": "duty_phone", "join": "room"}  # and the fact without which there is nothing to dial
_EDGES = " \t\r\n.,!?;:。，！？；：、~～…“”\"'‘’()（）【】[]<>《》"
_NUMERALS = dict(zip("零一二三四五六七八九", "0123456789", strict=True))


def begin(script: Script, step: str | None = None, facts: Mapping[str, Any] = NOTHING) -> Turn:
    """The first turn, from ``step`` or the script's start.

    ``facts`` matter only where a ``connect`` or ``join`` step comes first. Raises KeyError for an unknown step.
    """
    return _walk(script, script.steps[step or script.start].name, facts, (), {})


def advance(
    script: Script, place: Place, heard: Heard, facts: Mapping[str, Any] = NOTHING, language: str = "zh-CN"
) -> Turn:
    """What follows when ``heard`` is heard at ``place``. Never raises for anything a resident can do.

    A place the script no longer has starts the script again: an answer must not be counted for a question
    that was never asked.
    """
    step = script.steps.get(place.step)
    if step is None:
        return begin(script, None, facts)
    if step.does == "end":
        return Turn(place, over=True)
    if isinstance(heard, Hangup):
        made = str(facts.get(step.name) or "")
        if step.does == "record" and made:
            return _go(script, step, facts, {step.name: made})
        return Turn(place, over=True)
    if step.is_action:
        return _after_action(script, step, place, heard, facts)
    if step.does in _DIALS:
        talked = isinstance(heard, Outcome) and heard.name in TALKED
        return _walk(script, step.then if talked else step.lost, facts, (), {}, place)
    if isinstance(heard, Outcome) or step.does == "say":
        return _walk(script, step.name, facts, (), {}, place)
    if isinstance(heard, Silence):
        return _miss(script, step, place, facts, "silent")
    if step.does == "choose":
        return _choose(script, step, place, heard, facts, language)
    if step.does == "digits":
        return _digits(script, step, place, heard, facts, language)
    return _record(script, step, place, heard, facts, language)


def spoken_key(digits: str) -> str:
    """``*`` → ``star``, ``#`` → ``hash``, full-width digits → plain ones; anything else as it is."""
    plain = unicodedata.normalize("NFKC", digits).strip()
    return SPELT.get(plain, plain)


# -- the kinds of step -----------------------------------------------------------------------------------


def _choose(
    script: Script, step: Step, place: Place, heard: Heard, facts: Mapping[str, Any], language: str
) -> Turn:
    if isinstance(heard, Key | Text) and not _said(heard):
        return _miss(script, step, place, facts, "silent")
    return _by_key(script, step, place, heard, facts, language) or _miss(script, step, place, facts, "wrong")


def _digits(
    script: Script, step: Step, place: Place, heard: Heard, facts: Mapping[str, Any], language: str
) -> Turn:
    if isinstance(heard, Key | Text) and not _said(heard):
        return _miss(script, step, place, facts, "silent")
    pressed = _by_key(script, step, place, heard, facts, language)
    if pressed:
        return pressed
    number = ""
    if isinstance(heard, Key):
        number = unicodedata.normalize("NFKC", heard.digits).strip().rstrip("#")
        if not number:  # only the end key
            return _miss(script, step, place, facts, "silent")
    elif isinstance(heard, Text):
        runs = re.findall(r"[0-9]+", unicodedata.normalize("NFKC", heard.words))
        number = runs[0] if len(runs) == 1 else ""
    if not re.fullmatch(r"[0-9]+", number) or (step.length is not None and len(number) > step.length):
        return _miss(script, step, place, facts, "wrong")
    return _go(script, step, facts, {step.name: number})


def _record(
    script: Script, step: Step, place: Place, heard: Heard, facts: Mapping[str, Any], language: str
) -> Turn:
    if isinstance(heard, Recording):
        if not heard.id:
            return _miss(script, step, place, facts, "silent")
        return _go(script, step, facts, {step.name: heard.id})
    pressed = _by_key(script, step, place, heard, facts, language)
    if pressed:
        return pressed
    if isinstance(heard, Text):
        words = heard.words.strip()
        if not words:
            return _miss(script, step, place, facts, "silent")
        return _go(script, step, facts, {step.name: words, f"{step.name}_text": words})
    return _miss(script, step, place, facts, "silent" if not _said(heard) else "wrong")


def _by_key(
    script: Script, step: Step, place: Place, heard: Heard, facts: Mapping[str, Any], language: str
) -> Turn | None:
    key = None
    if isinstance(heard, Key):
        key = spoken_key(heard.digits)
    elif isinstance(heard, Text):
        key = _meant(script, step, heard.words, facts, language)
    choice = next((c for c in script.choices(step.name, facts, language) if c.key == key), None)
    if choice is None:
        return None
    if choice.target == step.name:  # hear it again: as often as wanted, and no failure
        return _walk(script, step.name, facts, (), {}, place)
    learned = {}
    if not choice.everywhere:
        # last_choice lets one action serve several menus
        learned = {step.name: choice.key, f"{step.name}_said": choice.label, "last_choice": step.name}
    return _walk(script, choice.target, {**facts, **learned}, (), learned, place)


def _after_action(script: Script, step: Step, place: Place, heard: Heard, facts: Mapping[str, Any]) -> Turn:
    if not isinstance(heard, Outcome):
        # The action was asked for and never reported back: ask again, it is the action that is idempotent.
        return Turn(place, action=Call(step.does, step.name))
    if isinstance(step.then, dict):
        target = step.then.get(heard.name) or step.then.get("else") or step.lost or _person(script, step)
    else:
        target = step.then
    return _walk(script, target, facts, (), {}, place)


# -- moving ----------------------------------------------------------------------------------------------


def _go(script: Script, step: Step, facts: Mapping[str, Any], learned: dict[str, str]) -> Turn:
    target = step.then if isinstance(step.then, str) else None
    return _walk(script, target, {**facts, **learned}, (), learned, Place(step.name))


def _miss(script: Script, step: Step, place: Place, facts: Mapping[str, Any], part: str) -> Turn:
    misses = place.misses + 1
    sorry = Line(step.name, part)
    if misses < step.tries:
        return Turn(
            Place(step.name, misses),
            (sorry, Line(step.name)),
            wants=_WAITS[step.does],
            learned={},
            over=False,
        )
    target = (step.silent if part == "silent" else step.lost) or _person(script, step)
    if target is None:
        return Turn(Place(step.name, misses), (sorry,), over=True)
    if target == step.name:
        return Turn(Place(step.name, misses), (sorry, Line(step.name)), wants=_WAITS[step.does])
    return _walk(script, target, facts, (), {}, place)


def _person(script: Script, step: Step) -> str | None:
    return PERSON if PERSON in script.steps and step.name != PERSON else None


def _walk(
    script: Script,
    target: str | dict[str, str] | None,
    facts: Mapping[str, Any],
    lines: tuple[Line, ...],
    learned: dict[str, str],
    here: Place | None = None,
) -> Turn:
    """From ``target`` through everything that only speaks, to where something is waited for."""
    at = here or Place(script.start)
    seen: set[str] = set()
    while isinstance(target, str) and target in script.steps and target not in seen:
        seen.add(target)
        step = script.steps[target]
        # Coming back to the same question by its own key keeps its misses; any other way in starts afresh.
        at = here if here and here.step == target and not learned else Place(target)
        if step.is_action:
            return Turn(at, lines, action=Call(step.does, step.name), learned=learned)
        if step.does in _DIALS and not str(facts.get(_DIALS[step.does]) or ""):
            target = step.lost  # nobody to dial: no promise, no dead line
            continue
        lines = (*lines, Line(step.name))
        if step.does == "end":
            return Turn(at, lines, learned=learned, over=True)
        if step.does in _WAITS:
            return Turn(at, lines, learned=learned, wants=_WAITS[step.does])
        target = step.then
    return Turn(at, lines, learned=learned, over=True)


# -- reading ---------------------------------------------------------------------------------------------


def _said(heard: Heard) -> str:
    raw = heard.digits if isinstance(heard, Key) else heard.words if isinstance(heard, Text) else ""
    return raw.strip()


def _plain(words: str) -> str:
    folded = unicodedata.normalize("NFKC", words).replace("\ufe0f", "").replace("\u20e3", "")
    folded = folded.casefold().strip()
    return folded if folded in SPELT else "".join(folded.strip(_EDGES).split())


def _meant(script: Script, step: Step, words: str, facts: Mapping[str, Any], language: str) -> str | None:
    """The one key ``words`` can stand for: its digit, its label, or a word listed under ``also``."""
    said = _plain(words)
    if not said:
        return None
    digit = SPELT.get(said) or _NUMERALS.get(said, said)
    for tongue in (language, *(other for other in script.words if other != language)):
        offered = script.choices(step.name, facts, tongue)
        if any(choice.key == digit for choice in offered):
            return digit
        also = script.words_in(tongue).steps.get(step.name, {}).get("also", {})
        meant = {
            choice.key
            for choice in offered
            if said == _plain(choice.label) or any(said == _plain(word) for word in also.get(choice.key, ()))
        }
        if meant:
            return meant.pop() if len(meant) == 1 else None
    return None
