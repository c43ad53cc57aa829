"""Words rendered at run time: names, titles, a clerk's notice. Files below the data folder, so that a webhook only has
to look whether one is there; who misses one leaves a note, and a job renders what is noted (gateway/jobs.py).

Files are named by an HMAC of their words: they are fetched by a carrier that carries no password, and nobody may find out
by guessing who lives in a village. Web, workers and clock must see the same folder, as for recordings.
"""

import hashlib
import hmac
import os
import re
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path

from gateway.spoken.kokoro import NAME, Voice

TELEPHONE, LOUDSPEAKER = "t", "l"
_A_NAME = re.compile(r"[tl][0-9a-f]{32}")
_MOST_NOTES = 2000
_MOST_BYTES = 300_000_000
_LONGEST = 2000  # characters of one text
# what was used this lately stays: a carrier may be about to fetch it
_IN_USE = 3600
_FORGOTTEN = 90 * 86400  # seconds after which nobody's name lies around any more
_TOUCHED = 86400


class Shelf:
    """The rendered files of one installation. ``key`` is its secret."""

    def __init__(self, folder: Path, key: bytes) -> None:
        self.folder, self.notes = folder, folder / "wanted"
        self._key = hmac.new(key, b"xiangyin/voice", hashlib.sha256).digest()

    def name(self, words: str, kind: str = TELEPHONE) -> str:
        """What the file that says ``words`` is called, without its ending; another voice is another name."""
        said = f"{NAME}\0{kind}\0{words}".encode()
        return kind + hmac.new(self._key, said, hashlib.sha256).hexdigest()[:32]

    def find(self, words: str, kind: str = TELEPHONE) -> str | None:
        """The name of the file that says ``words``, if it is there."""
        name = self.name(words, kind)
        return name if self.path(name) else None

    def path(self, name: str, ending: str = "wav") -> Path | None:
        """The file of a name; None for one that isn't there, or is no name of ours."""
        if not _A_NAME.fullmatch(name):
            return None
        path = self.folder / f"{name}.{ending}"
        try:
            used = path.stat().st_mtime
        except OSError:
            return None
        if time.time() - used > _TOUCHED:
            with suppress(OSError):
                os.utime(path)
        return path

    def want(self, words: str, kind: str = TELEPHONE) -> bool:
        """Leave a note that ``words`` should be rendered; False where the file is there, or too much is wanted."""
        words = words.strip()[:_LONGEST]
        if not words or self.find(words, kind):
            return False
        note = self.notes / f"{self.name(words, kind)}.txt"
        if note.exists():
            return True
        self.notes.mkdir(parents=True, exist_ok=True, mode=0o700)
        if sum(1 for _ in self.notes.iterdir()) >= _MOST_NOTES:
            return False
        _put(note, words.encode())
        return True

    def waits(self, words: str, kind: str = TELEPHONE) -> bool:
        """Whether it is noted and not rendered yet."""
        return (self.notes / f"{self.name(words.strip()[:_LONGEST], kind)}.txt").exists()

    def wanted(self) -> list[Path]:
        """The notes, the oldest first; what somebody waits for at a page before what may be said some day."""
        try:
            notes = [p for p in self.notes.iterdir() if p.suffix == ".txt"]
            return sorted(notes, key=lambda p: (p.name[0] != LOUDSPEAKER, p.stat().st_mtime_ns))
        except OSError:
            return []  # nothing was ever wanted, or another worker was quicker

    def render(
        self,
        voice: Callable[[], Voice],
        *,
        seconds: float = 20,
        more: Callable[[Path], None] | None = None,
        stop: Callable[[], bool] = lambda: False,
    ) -> int:
        """Render what is wanted, for about so many seconds; returns how many files were made. ``more`` is handed each
        loudspeaker file. Two at once do some of it twice, and harm nothing."""
        made, until = 0, time.monotonic() + seconds
        for note in self.wanted():
            if stop() or time.monotonic() > until:
                break
            try:
                words = note.read_text(encoding="utf-8")
            except FileNotFoundError:
                continue
            loud = note.name[0] == LOUDSPEAKER
            with suppress(ValueError):  # nothing in it that can be said: the carrier's voice may try
                sound = voice().loudspeaker(words) if loud else voice().telephone(words)
                path = self.folder / f"{note.stem}.wav"
                _put(path, sound)
                if loud and more:
                    more(path)
                made += 1
            note.unlink(missing_ok=True)
        self.sweep()
        return made

    def sweep(self, most: int = _MOST_BYTES) -> int:
        """Delete what nobody used for long, and of the rest the longest unused until it fits; returns how many."""
        files, gone, now = [], 0, time.time()
        for path in self.folder.glob("[tl]*.*"):
            with suppress(OSError):
                about = path.stat()
                files.append((about.st_mtime, about.st_size, path))
        size = sum(f[1] for f in files)
        for used, bytes_, path in sorted(files):
            if now - used > _FORGOTTEN or (size > most and now - used > _IN_USE):
                path.unlink(missing_ok=True)
                size, gone = size - bytes_, gone + 1
        return gone


def _put(path: Path, content: bytes) -> None:
    """Whole or not at all, and for its owner only."""
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    scratch = path.with_name(f".{path.name}.{os.getpid()}")
    with os.fdopen(os.open(scratch, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "wb") as file:
        file.write(content)
    scratch.replace(path)
