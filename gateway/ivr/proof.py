"""Proof-reading: what a script says against what it can do."""

from collections.abc import Collection, Mapping
from typing import Any

from gateway.ivr.faults import Faults
from gateway.ivr.script import PLACEHOLDER, SPELT, Script, Step, Words

KEYS = {*"0123456789", *SPELT.values()}
_MOST_CHOICES = 3  # besides 9 (repeat) and 0 (a person): domain.md §3.2


def check(script: Script, actions: Collection[str], facts: Collection[str] | None, faults: Faults) -> None:
    """Note everything wrong with a script whose files could be read. ``facts`` None: any placeholder will do."""
    _check_targets(script, actions, faults)
    _check_words(script, faults)
    _check_facts(script, facts, faults)
    check_phrases(script.words, script.default_language, faults)
    _check_reach(script, faults)


def check_replies(
    said: Mapping[str, Any], language: str, heard: Mapping[str, Collection[str]], faults: Faults
) -> None:
    """The same for one language of the replies: ``heard`` names every reply and what is filled into it."""
    file = f"{language}.toml"
    for name in heard.keys() - said.keys():
        faults.add(file, f"[{name}] is missing")
    for name, own in said.items():
        if name not in heard:
            faults.add(file, f"[{name}] is not a reply that is ever sent", name)
            continue
        if not own.get("text"):
            faults.add(file, f"[{name}] has no text", name)
        for strange in sorted(placeholders(own) - set(heard[name]) - {"sig"}):
            faults.add(file, f"[{name}] uses {{{strange}}}, which nothing fills in", name)


def check_phrases(words: Mapping[str, Words], base: str, faults: Faults) -> None:
    """Every language has the phrases of the first one, and no others."""
    for language, own in words.items():
        file = f"{language}.toml"
        for name in words[base].phrases.keys() - own.phrases.keys():
            faults.add(file, f"[phrases] {name} is missing", "phrases")
        for name in own.phrases.keys() - words[base].phrases.keys():
            faults.add(file, f"[phrases] {name} is not in {base}.toml", "phrases")


def _targets(step: Step) -> list[str]:
    then = step.then.values() if isinstance(step.then, dict) else [step.then]
    return [t for t in (*then, *step.keys.values(), step.silent, step.lost) if t]


def _check_targets(script: Script, actions: Collection[str], faults: Faults) -> None:
    for name in (script.start, *script.entries):
        if name not in script.steps:
            faults.add("script.toml", f"it starts at “{name}”, and there is no such step")
    for key, target in script.everywhere.items():
        if target not in script.steps:
            faults.add(
                "script.toml",
                f"[everywhere] key {key} leads to “{target}”, and there is no such step",
                "everywhere",
            )
    for step in script.steps.values():
        for target in sorted({t for t in _targets(step) if t not in script.steps}):
            faults.add(
                "script.toml", f"[{step.name}] leads to “{target}”, and there is no such step", step.name
            )
        if step.is_action and step.does not in actions:
            faults.add(
                "script.toml",
                f"[{step.name}] does “{step.does}”, which is neither a kind of step nor an action",
                step.name,
            )
        if step.does in ("say", "digits", "record") or step.is_action:
            if not step.then:
                faults.add("script.toml", f"[{step.name}] doesn't say what comes then", step.name)
        if isinstance(step.then, dict) and not step.is_action:
            faults.add(
                "script.toml",
                f"[{step.name}] has a table of outcomes, but only actions have outcomes",
                step.name,
            )
        if step.does == "choose" and not step.keys:
            faults.add("script.toml", f"[{step.name}] lets people choose, but has no keys", step.name)
        # star and hash are no choice anybody is told of in a menu
        own = [k for k, t in step.keys.items() if k not in ("9", "0", "star", "hash") and t != step.name]
        if step.does == "choose" and len(own) > _MOST_CHOICES:
            faults.add(
                "script.toml",
                f"[{step.name}] has {len(own)} choices; more than {_MOST_CHOICES} can't be kept in mind on the phone",
                step.name,
            )


def _check_words(script: Script, faults: Faults) -> None:
    speaking = {s.name: s for s in script.steps.values() if not s.is_action}
    base = script.words[script.default_language]
    for language, words in script.words.items():
        file = f"{language}.toml"
        if "voice" not in words.menus or "sms" not in words.menus:
            faults.add(file, "[menus] needs the words “voice” and “sms”", "menus")
        for name, template in words.menus.items():
            strange = set(PLACEHOLDER.findall(str(template))) - {"choice", "key"}
            for placeholder in sorted(strange):
                faults.add(
                    file,
                    f"[menus] {name}: {{{placeholder}}} is not known; only {{choice}} and {{key}} are",
                    "menus",
                )
        for name in sorted(base.menus.keys() - words.menus.keys() - {"voice", "sms"}):
            faults.add(file, f"[menus] {name} is missing: it would be said in {base.language}", "menus")
        for name in words.steps.keys() - script.steps.keys() - {"everywhere"}:
            faults.add(file, f"[{name}] is not a step of script.toml", name)
        for name, step in speaking.items():
            own = words.steps.get(name)
            if own is None:
                faults.add(file, f"[{name}] is missing", "")
                continue
            if not any(part in own for part in ("text", "voice", "sms")):
                faults.add(file, f"[{name}] has no text", name)
            if step.does == "choose":
                for key in step.keys:
                    if key not in own and key not in words.steps.get("everywhere", {}):
                        faults.add(file, f"[{name}] has no words for key {key}", name)
            for key in own.keys() & KEYS:
                if key not in step.keys and key not in script.everywhere:
                    faults.add(
                        file, f"[{name}] has words for key {key}, which script.toml doesn't have there", name
                    )


def _check_facts(script: Script, facts: Collection[str] | None, faults: Faults) -> None:
    """A placeholder that nothing fills in breaks off the call at that sentence; one that only a second language uses
    is a slip of the pen."""
    learnt = {f"{step}{what}" for step in script.steps for what in ("", "_said", "_text")}
    base = script.words[script.default_language]
    for language, words in script.words.items():
        for name, own in words.steps.items():
            first = placeholders(base.steps.get(name, {}))
            for used in sorted(placeholders(own)):
                if facts is not None and used not in facts and used not in learnt:
                    why = "which nothing fills in"
                elif used not in first:
                    why = f"which {script.default_language}.toml doesn't"
                else:
                    continue
                faults.add(f"{language}.toml", f"[{name}] uses {{{used}}}, {why}", name)


def placeholders(own: Mapping[str, Any]) -> set[str]:
    """What the words under one heading want filled in."""
    said = (value for part, value in own.items() if isinstance(value, str) and part != "menu")
    return {p for value in said for p in PLACEHOLDER.findall(value)}


def _check_reach(script: Script, faults: Faults) -> None:
    seen: set[str] = set()
    waiting = [script.start, *script.entries]
    while waiting:
        name = waiting.pop()
        step = script.steps.get(name)
        if step is None or name in seen:
            continue
        seen.add(name)
        waiting += _targets(step)
        if step.does in ("choose", "record"):
            waiting += script.everywhere.values()
        if not step.is_action and step.does not in ("say", "end"):
            waiting.append("person")  # where three failures lead when nothing else is said
    for name in script.steps.keys() - seen:
        faults.add("script.toml", f"[{name}] can't be reached from anywhere", name)
    for name in script.steps:
        path, at = [name], script.steps[name]
        while at.does == "say" and isinstance(at.then, str) and at.then in script.steps:
            if at.then in path:
                loop = " → ".join([*path[path.index(at.then) :], at.then])
                if path.index(at.then) == 0:
                    faults.add("script.toml", f"{loop} goes round without ever waiting for anybody", name)
                break
            path.append(at.then)
            at = script.steps[at.then]
