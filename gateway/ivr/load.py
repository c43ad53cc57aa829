"""Reads scripts from their folders, and tells an editor everything that is wrong with them at once."""

import hashlib
import re
import tomllib
from collections.abc import Collection
from pathlib import Path
from typing import Any

from gateway.ivr.faults import Fault, Faults, ScriptFaults, unreadable
from gateway.ivr.proof import KEYS, check, check_phrases, check_replies
from gateway.ivr.script import Script, Step, Words

_SPAN = re.compile(r"(\d+)([smhd])")
_UNITS = {"s": 1, "m": 60, "h": 3600, "d": 86400}
_STEP_FIELDS = {"does", "then", "keys", "wait", "tries", "silent", "lost", "length", "seconds"}
_SOUNDS = (".wav", ".mp3")
DEFAULT_LANGUAGE = "zh-CN"
FIRST = "hotline"  # the folder of the script with which every call begins
REPLIES = "replies"  # the folder of the answers to SMS
FACTS_OF_REPLIES = "facts.toml"  # beside the replies: which there are, and what is filled into each


def load_all(
    root: Path,
    actions: Collection[str],
    facts: Collection[str] | None = None,
    filled: Collection[str] | None = None,
) -> dict[str, Script]:
    """Every script below ``root``, by its folder's name; the replies are proof-read with them.

    ``facts`` are the placeholders that actions fill into sentences, ``filled`` those of phrases. Raises :class:`ScriptFaults` with all faults.
    """
    found: dict[str, Script] = {}
    faults: list[Fault] = []
    for folder in sorted(path for path in root.glob("[!._]*") if path.is_dir()):
        try:
            if folder.name == REPLIES:
                load_replies(folder)
            else:
                found[folder.name] = load_folder(folder, actions, facts, filled)
        except ScriptFaults as wrong:
            faults += wrong.faults
    if FIRST not in found and not faults:
        faults.append(Fault(root.name, None, f"里面没有“{FIRST}”这套台词，电话一来没话可说"))
    if faults:
        raise ScriptFaults(faults)
    return found


def load_replies(folder: Path) -> dict[str, Words]:
    """The answers to SMS, by language. Raises :class:`ScriptFaults`."""
    faults = Faults(folder)
    heard = {}
    for name, known in _toml(folder / FACTS_OF_REPLIES, faults).items():
        heard[name] = known if _all_words(known) else []
        if not _all_words(known):
            faults.add(FACTS_OF_REPLIES, f'“{name}”要写成 ["名字", "名字"] 这样')
    found = {}
    for path in sorted(folder.glob("*.toml")):
        if path.name != FACTS_OF_REPLIES:
            words = found[path.stem] = _words(path, faults)
            check_replies(words.steps, path.stem, heard, faults)
    if DEFAULT_LANGUAGE in found:
        check_phrases(found, DEFAULT_LANGUAGE, faults)
    else:
        faults.add(f"{DEFAULT_LANGUAGE}.toml", "缺这个文件：普通话的词少不了")
    if faults:
        raise ScriptFaults(list(faults))
    return found


def load_folder(
    folder: Path,
    actions: Collection[str],
    facts: Collection[str] | None = None,
    filled: Collection[str] | None = None,
) -> Script:
    """One script with its words and recordings. Raises :class:`ScriptFaults`."""
    faults = Faults(folder)
    data = _toml(folder / "script.toml", faults)
    words = {}
    for path in sorted(folder.glob("*.toml")):
        if path.name != "script.toml":
            before = len(faults)
            found = _words(path, faults)
            if found.steps or len(faults) == before:  # of one that can't be read nothing else is missed
                words[path.stem] = found
    if not data and faults:  # without its steps nothing can be held against the words
        raise ScriptFaults(list(faults))
    if not words:
        faults.add("script.toml", "旁边没有写词的文件，比如 zh-CN.toml")
        raise ScriptFaults(list(faults))
    everywhere = _targets_by_key(data.pop("everywhere", {}), "everywhere", faults)
    start, entries = data.pop("start", ""), data.pop("entries", [])
    if not isinstance(start, str) or not _all_words(entries):
        faults.add("script.toml", 'start 要写一步的名字，entries 要写成 ["名字", "名字"] 这样', "start")
        start, entries = "", []
    expires = _expires(data.pop("expires", {}), faults)
    steps = {name: _step(name, fields, faults) for name, fields in data.items() if isinstance(fields, dict)}
    for name in data.keys() - steps.keys():
        faults.add("script.toml", f"最上面不认识“{name}”，那里只写 start、entries、expires", name)
    default = DEFAULT_LANGUAGE if DEFAULT_LANGUAGE in words else sorted(words)[0]
    if not (folder / f"{DEFAULT_LANGUAGE}.toml").exists():
        faults.add(f"{DEFAULT_LANGUAGE}.toml", "缺这个文件：普通话的词少不了")
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
        entries=tuple(entries),
    )
    check(script, actions, facts, faults, filled)
    if faults:
        raise ScriptFaults(list(faults))
    return script


def _toml(path: Path, faults: Faults) -> dict[str, Any]:
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except FileNotFoundError:
        faults.add(path.name, "缺这个文件")
    except UnicodeDecodeError:
        faults.add(path.name, "这个文件没有存成UTF-8，请用记事本另存为UTF-8")
    except tomllib.TOMLDecodeError as error:
        place = re.search(r"line (\d+)", str(error))
        line = int(place[1]) if place else None
        faults.append(Fault(f"{path.parent.name}/{path.name}", line, unreadable(str(error))))
    return {}


def _words(path: Path, faults: Faults) -> Words:
    data = _toml(path, faults)
    called, draft = str(data.pop("called", "")), data.pop("draft", False) is True
    steps: dict[str, dict[str, str]] = {}
    for name, fields in data.items():
        if not isinstance(fields, dict):
            faults.add(path.name, f"“{name}”没写在哪一步下面，上面要先有 [步名]", name)
            continue
        for key, said in fields.items():
            if not isinstance(said, str):
                faults.add(path.name, f"[{name}] 的 {key}：话要写在引号里", name, key)
        steps[name] = {key: said for key, said in fields.items() if isinstance(said, str)}
    return Words(path.stem, called, steps.pop("menus", {}), steps, steps.pop("phrases", {}), draft)


def _expires(given: Any, faults: Faults) -> dict[str, int]:
    found = {}
    if not isinstance(given, dict):
        faults.add("script.toml", 'expires 要写成 { voice = "30m", sms = "3d" } 这样', "expires")
        given = {}
    for channel, span in given.items():
        match = _SPAN.fullmatch(str(span))
        if match:
            found[channel] = int(match[1]) * _UNITS[match[2]]
        else:
            faults.add(
                "script.toml",
                f"expires 里的“{span}”不是时间，要写成 10m（分）、2h（小时）、3d（天）",
                "expires",
            )
    return {"voice": 1800, "sms": 3 * 86400} | found


def _step(name: str, fields: dict[str, Any], faults: Faults) -> Step:
    for field in fields.keys() - _STEP_FIELDS:
        faults.add("script.toml", f"[{name}] 里写了“{field}”，没有这一项", name, field)
    if "does" not in fields:
        faults.add("script.toml", f"[{name}] 没写 does：这一步干什么", name)
    for field in ("wait", "tries", "length", "seconds"):
        if field in fields and not (type(fields[field]) is int and fields[field] > 0):
            faults.add("script.toml", f"[{name}] 的 {field} 要写大于0的整数，不加引号", name, field)
            fields = {k: v for k, v in fields.items() if k != field}
    for field in ("does", "then", "silent", "lost"):
        leads = fields.get(field, "")
        branches = field == "then" and isinstance(leads, dict) and _all_words(list(leads.values()))
        if not isinstance(leads, str) and not branches:
            faults.add("script.toml", f"[{name}] 的 {field} 要写一个名字，加引号", name, field)
            fields = {k: v for k, v in fields.items() if k != field}
    keys = _targets_by_key(fields.get("keys", {}), name, faults)
    known = {k: v for k, v in fields.items() if k in _STEP_FIELDS}
    return Step(name=name, **{**known, "does": fields.get("does", "end"), "keys": keys})


def _targets_by_key(given: Any, name: str, faults: Faults) -> dict[str, str]:
    if not isinstance(given, dict) or not _all_words(list(given.values())):
        faults.add("script.toml", f'[{name}] 的按键要一行一个，写成 1 = "步名" 这样', name)
        return {}
    for key in given.keys() - KEYS:
        faults.add("script.toml", f"[{name}] “{key}”不是电话上的键（星号写 star，井号写 hash）", name, key)
    return given


def _all_words(given: Any) -> bool:
    return isinstance(given, list) and all(isinstance(one, str) for one in given)


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
