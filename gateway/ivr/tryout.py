"""Plays a script in the terminal: what an editor tries before residents hear it."""

from collections.abc import Callable, Iterator, Mapping

from gateway.ivr import render
from gateway.ivr.engine import advance, begin
from gateway.ivr.script import Call, Hangup, Heard, Key, Line, Outcome, Recording, Script, Silence, Text

RunAction = Callable[[Call, Mapping[str, str]], tuple[str, dict[str, str]]]
SILENCE, HANGUP = "...", "/"


def heard(said: str, channel: str, wants: str | None) -> Heard:
    """What a typed line stands for: ``...`` is silence, ``/`` hangs up, words at a tone are a recording."""
    said = said.strip()
    if said == SILENCE:
        return Silence()
    if said == HANGUP:
        return Hangup()
    if channel == "sms":
        return Text(said)
    if wants == "record" and not (len(said) == 1 and said in "0123456789*#"):
        return Recording(said, max(1, len(said) // 4))
    return Key(said)


class _Known(dict[str, str]):
    """What is known; a label nobody filled is its own placeholder, so that every key can be tried."""

    def get(self, key: str, default: object = None) -> str:
        return str(super().get(key, "{" + key + "}"))

    def __or__(self, other: Mapping[str, str]) -> "_Known":  # type: ignore[override]
        return _Known({**self, **other})


def play(
    script: Script,
    answers: Iterator[str],
    run_action: RunAction,
    *,
    step: str | None = None,
    channel: str = "voice",
    language: str = "zh-CN",
    facts: Mapping[str, str] | None = None,
    most: int = 200,
) -> Iterator[str]:
    """Yield the lines of the dialogue: ``<`` is what we say, ``>`` what was answered.

    A fact nobody knows is shown as ``{name}``. Ends with the dialogue, the answers, or ``most`` turns.
    """
    known = _Known(facts or {})
    turn = begin(script, step, known)
    for _ in range(most):
        known |= turn.learned
        for line in turn.lines:
            yield from _show(script, language, line, known, channel)
        if turn.action:
            outcome, learned = run_action(turn.action, known)
            known |= learned
            yield f"  [{turn.action.name} → {outcome}]"
            turn = advance(script, turn.place, Outcome(outcome), known, language)
            continue
        if turn.over:
            yield "  [end]"
            return
        if turn.wants == "key":
            menu = render.menu_of(script, language, turn.place.step, known, channel)
            if menu:
                yield "< " + ("，" if channel == "sms" else "").join(menu)
        said = next(answers, None)
        if said is None:
            return
        yield f"> {said}"
        turn = advance(script, turn.place, heard(said, channel, turn.wants), known, language)


def _show(script: Script, language: str, line: Line, facts: Mapping[str, str], channel: str) -> Iterator[str]:
    said = render.words_of(script, language, line, facts, channel)
    if said.strip():
        yield f"< {said.strip()}"
