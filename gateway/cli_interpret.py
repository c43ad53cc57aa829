"""`xiangyin interpret`: JSON lines in, JSON lines out (design §5)."""

import json
import sys
from collections.abc import Iterable, Iterator
from typing import Any

import click

# domain.md §3, “Context”, and what the gateway itself tells (gateway/texting/context.py)
_CONTEXT = frozenset(
    [
        "registered",
        "handset_persons",
        "language",
        "pending",
        "open_votes",
        "in_publicity",
        "closed",
        "already_voted",
        "own_objection",
        "options",
        "ended",
        "behind",
    ]
)
_PENDING = frozenset(("kind", "consultation", "question", "options", "labels_ko", "inferred", "meeting"))


@click.command()
def interpret() -> None:
    """Read JSON lines {text, context} and print what each SMS means, one JSON line each; exit 1 if any was none.

    A line that is none gets an answer that says so, and the rest goes on. A context key nobody knows is told on stderr.
    """
    from gateway.ivr.interpret import interpret as meaning

    wrong, told = False, set[str]()
    for number, line in _numbered(sys.stdin.buffer):
        try:
            words, context = _asked(line)
            for key in _unknown(context) - told:
                told.add(key)
                click.echo(f"line {number}: nobody knows the context key {key!r}; it says nothing", err=True)
            said = meaning(words, context)
        except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
            wrong, said = True, {"intent": "clarify", "fields": {"reason": "unsure"}}
            said["error"] = f"line {number}: {_fault(error)}"
        # half a surrogate pair is legal in JSON, and nothing a terminal can print
        click.echo(json.dumps(said, ensure_ascii=False).encode("utf-8", "backslashreplace"))
    if wrong:
        sys.exit(1)


def _numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Every line with its number. An empty one among others is a line, too, so that answers stay beside their lines;
    those at the end are only the end."""
    empty: list[tuple[int, bytes]] = []
    for number, line in enumerate(lines, 1):
        if not line.strip():
            empty.append((number, line))
            continue
        yield from empty
        empty.clear()
        yield number, line


def _asked(line: bytes) -> tuple[str, dict[str, Any]]:
    if not line.strip():
        raise ValueError("not a JSON line: it is empty")
    asked = json.loads(line.decode("utf-8-sig"))
    if not isinstance(asked, dict):
        raise ValueError("not a JSON object with text and context")
    if not isinstance(asked.get("text"), str):
        raise ValueError("text must be there, in quotation marks")
    context = {} if asked.get("context") is None else asked["context"]
    if not isinstance(context, dict):
        raise ValueError("context must be an object")
    if not isinstance(context.get("pending") or {}, dict):
        raise ValueError("context.pending must be an object")
    return asked["text"], context


def _unknown(context: dict[str, Any]) -> set[str]:
    pending = {f"pending.{key}" for key in (context.get("pending") or {}) if key not in _PENDING}
    return {key for key in context if key not in _CONTEXT} | pending


def _fault(error: Exception) -> str:
    if isinstance(error, RecursionError):
        return "not a JSON line: nested too deeply"
    if isinstance(error, json.JSONDecodeError):
        return f"not a JSON line: {error.msg} at character {error.pos + 1}"
    if isinstance(error, UnicodeDecodeError):
        return f"not a JSON line: no UTF-8 at byte {error.start + 1}"
    return str(error)
