"""Reads scripts from their folders, and tells an editor everything that is wrong with them at once."""

import hashlib
import re
import tomllib
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.ivr.script import PLACEHOLDER, SPELT, Script, Step, Words

_SPAN = re.compile(r"(\d+)([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_STEP_FIELDS = {"does", "then", "keys", "wait", "tries", "silent", "lost", "length", "seconds"}
_KEYS = {*"0123456789", *SPELT.values()}
_SOUNDS = (".wav", ".mp3")
_MOST_CHOICES = 3  # besides 9 (repeat) and 0 (a person): domain.md §3.2
DEFAULT_LANGUAGE = "zh-CN"


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing an editor has to mend. ``line`` is 1-based where it is known."""

    file: str
    line: int | None
    why: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.why}" if self.line else f"{self.file}: {self.why}"


class ScriptFaults(Exception):
    """A script that can't be used, with every fault found in it."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(map(str, faults)))
        self.faults = faults


class _Faults(list[Fault]):
    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def add(self, file: str, why: str, heading: str = "") -> None:
        """Note a fault, at the line of ``[heading]`` if the file has it."""
        line = None
        if heading:
            wanted = {f"[{heading}]", heading}
            text = (self.folder / file).read_text(encoding="utf-8") if (self.folder / file).exists() else ""
            for number, found in enumerate(text.splitlines(), 1):
                if found.split("#")[0].strip() in wanted:
                    line = number
                    break
        self.append(Fault(f"{self.folder.name}/{file}", line, why))


def load_all(root: Path, actions: Collection[str]) -> dict[str, Script]:
    """Every folder of ``root`` that has a ``script.toml``, by name. Raises :class:`ScriptFaults` with all faults."""
    found: dict[str, Script] = {}
    faults: list[Fault] = []
    for path in sorted(root.glob("*/script.toml")):
        try:
            found[path.parent.name] = load_folder(path.parent, actions)
        except ScriptFaults as wrong:
            faults += wrong.faults
    if faults:
        raise ScriptFaults(faults)
    return found


def load_folder(folder: Path, actions: Collection[str]) -> Script:
    """One script with its words and recordings. Raises :class:`ScriptFaults`."""
    faults = _Faults(folder)
    data = _toml(folder / "script.toml", faults)
    words = {}
    for path in sorted(folder.glob("*.toml")):
        if path.name != "script.toml":
            words[path.stem] = _words(path, faults)
    if faults:
        raise ScriptFaults(list(faults))
    if not words:
        faults.add("script.toml", "there is no file of words beside it, such as zh-CN.toml")
        raise ScriptFaults(list(faults))
    everywhere = {str(k): str(v) for k, v in dict(data.pop("everywhere", {})).items()}
    start = str(data.pop("start", ""))
    entries = tuple(map(str, data.pop("entries", [])))
    expires = _expires(data.pop("expires", {}), faults)
    steps = {name: _step(name, fields, faults) for name, fields in data.items() if isinstance(fields, dict)}
    for name in data.keys() - steps.keys():
        faults.add(
            "script.toml", f"“{name}” at the top is not known; only start, entries and expires belong there"
        )
    default = DEFAULT_LANGUAGE if DEFAULT_LANGUAGE in words else sorted(words)[0]
    script = Script(
        name=folder.name,
        start=start,
        expires=expires,
        steps=steps,
        words=words,
        audio=_audio(folder),
        digest=_digest(folder),
        default_language=default,
        everywhere=everywhere,
        entries=entries,
    )
    _check_targets(script, actions, faults)
    _check_words(script, faults)
    _check_reach(script, faults)
    if faults:
        raise ScriptFaults(list(faults))
    return script


def load_words(path: Path) -> Words:
    """A file that holds only words, such as the replies to SMS. Raises :class:`ScriptFaults`."""
    faults = _Faults(path.parent)
    words = _words(path, faults)
    if faults:
        raise ScriptFaults(list(faults))
    return words


def _toml(path: Path, faults: _Faults) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        faults.add(path.name, "the file is missing")
    except UnicodeDecodeError:
        faults.add(path.name, "the file is not saved as UTF-8")
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line (\d+)", str(error))
        why = f"can't be read: {error}"
        faults.append(Fault(f"{path.parent.name}/{path.name}", int(place[1]) if place else None, why))
    return {}


def _words(path: Path, faults: _Faults) -> Words:
    data = _toml(path, faults)
    called, menus = str(data.pop("called", "")), dict(data.pop("menus", {}))
    steps = {}
    for name, fields in data.items():
        if isinstance(fields, dict):
            steps[name] = fields
        else:
            faults.add(path.name, f"“{name}” stands outside any [step]")
    return Words(path.stem, called, menus, steps)


def _expires(given: Any, faults: _Faults) -> dict[str, int]:
    found = {}
    for channel, span in dict(given).items():
        match = _SPAN.fullmatch(str(span))
        if match:
            found[channel] = int(match[1]) * _UNITS[match[2]]
        else:
            faults.add("script.toml", f"expires: “{span}” is not a time such as 10m, 2h or 3d")
    return {"voice": 1800, "sms": 3 * 86400} | found


def _step(name: str, fields: dict[str, Any], faults: _Faults) -> Step:
    for field in fields.keys() - _STEP_FIELDS:
        faults.add("script.toml", f"[{name}] has “{field}”, which means nothing", name)
    if "does" not in fields:
        faults.add("script.toml", f"[{name}] doesn't say what it does", name)
    for field in ("wait", "tries", "length", "seconds"):
        if field in fields and not (isinstance(fields[field], int) and fields[field] > 0):
            faults.add("script.toml", f"[{name}] {field} must be a number above 0", name)
            fields = {k: v for k, v in fields.items() if k != field}
    keys = {str(key): str(target) for key, target in dict(fields.get("keys", {})).items()}
    for key in keys.keys() - _KEYS:
        faults.add(
            "script.toml", f"[{name}] “{key}” is not a key of a telephone (star and hash are spelt out)", name
        )
    return Step(name=name, **{**fields, "does": str(fields.get("does", "end")), "keys": keys})


def _targets(step: Step) -> list[str]:
    then = step.then.values() if isinstance(step.then, dict) else [step.then]
    return [t for t in (*then, *step.keys.values(), step.silent, step.lost) if t]


def _check_targets(script: Script, actions: Collection[str], faults: _Faults) -> None:
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
        own = [k for k, t in step.keys.items() if k not in ("9", "0") and t != step.name]
        if step.does == "choose" and len(own) > _MOST_CHOICES:
            faults.add(
                "script.toml",
                f"[{step.name}] has {len(own)} choices; more than {_MOST_CHOICES} can't be kept in mind on the phone",
                step.name,
            )


def _check_words(script: Script, faults: _Faults) -> None:
    speaking = {s.name: s for s in script.steps.values() if not s.is_action}
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
            for key in own.keys() & _KEYS:
                if key not in step.keys and key not in script.everywhere:
                    faults.add(
                        file, f"[{name}] has words for key {key}, which script.toml doesn't have there", name
                    )
    _compare(script, faults)


def _compare(script: Script, faults: _Faults) -> None:
    """A placeholder that one language uses and the default doesn't is a slip of the pen."""
    base = script.words[script.default_language]
    for language, words in script.words.items():
        if language == script.default_language:
            continue
        for name, own in words.steps.items():
            here, there = _placeholders(own), _placeholders(base.steps.get(name, {}))
            for strange in sorted(here - there):
                faults.add(
                    f"{language}.toml",
                    f"[{name}] uses {{{strange}}}, which {script.default_language}.toml doesn't",
                    name,
                )


def _placeholders(own: Mapping[str, Any]) -> set[str]:
    return {p for value in own.values() if isinstance(value, str) for p in PLACEHOLDER.findall(value)}


def _check_reach(script: Script, faults: _Faults) -> None:
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


def _audio(folder: Path) -> dict[tuple[str, str], Path]:
    return {
        (path.parent.name, path.stem): path
        for path in sorted(folder.glob("audio/*/*"))
        if path.suffix.lower() in _SOUNDS
    }


def _digest(folder: Path) -> str:
    digest = hashlib.sha256()
    for path in sorted(p for p in folder.rglob("*") if p.is_file()):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(folder).as_posix()}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()
