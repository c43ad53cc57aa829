"""A person's own four digits: whoever set some is asked for them before anything that counts is done by phone.

Caller ID can be forged, and a handset is picked up by whoever is nearest (domain.md §4).
"""

import re

from gateway.db import vault
from gateway.models.person import Person
from gateway.turns import Result, Turn, action

LENGTH = 4
_MOST_A_CALL, _MOST = 3, 10  # wrong ones; after the second number only an organizer opens it again


def keep(person: Person, digits: str) -> None:
    """Set somebody's code. Raises ValueError for anything but four digits."""
    if not re.fullmatch(rf"\d{{{LENGTH}}}", digits, re.ASCII):
        raise ValueError("four digits")
    person.code, person.code_misses = _sealed(person, digits), 0


def forget(person: Person) -> None:
    """The person, or an organizer they went to, wants none."""
    person.code, person.code_misses = None, 0


def _sealed(person: Person, digits: str) -> str:
    # keyed: ten thousand guesses at a stolen database open nothing
    return vault().index(f"code:{person.id}:{digits}")


def wanted(turn: Turn, person: Person, then: str) -> Result | None:
    """The outcome that asks for the code before ``then`` is done; None when it may be done at once."""
    if person.code is None or turn.facts.get("code_ok") == str(person.id):
        return None
    return "code", {"after_code": then, "person_id": str(person.id)}


@action
def check_code(turn: Turn) -> Result:
    """Right: on to what the code was asked for. Wrong three times in a call, or ten in all: no more."""
    person = turn.person
    if person is None or person.code is None or person.code_misses >= _MOST:
        return "locked", {}
    if _sealed(person, turn.facts.get(turn.facts.get("asked_at", "ask_code"), "")) == person.code:
        person.code_misses = 0
        return turn.facts.get("after_code", "locked"), {"code_ok": str(person.id)}
    person.code_misses += 1
    tries = int(turn.facts.get("code_tries") or 0) + 1
    return ("locked" if tries >= _MOST_A_CALL else "wrong"), {
        "code_tries": str(tries),
        "asked_at": "wrong_code",
    }


@action
def may_set_code(turn: Turn) -> Result:
    """By phone only on a handset of one's own: on a shared one somebody else could lock the owner out."""
    person = turn.person
    if person is None or len(turn.people()) != 1:
        return "visit", {}
    return wanted(turn, person, "set") or ("ok", {})


@action
def set_code(turn: Turn) -> Result:
    """Said twice, so that nobody is locked out by a slip of the finger."""
    person, digits = turn.person, turn.facts.get("new_code", "")
    if person is None or digits != turn.facts.get("same_code") or len(digits) != LENGTH:
        return "differ", {}
    keep(person, digits)
    return "ok", {"code_ok": str(person.id)}
