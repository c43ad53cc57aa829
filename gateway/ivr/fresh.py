"""Files that editors change while we run: the newest that were without fault."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import Generic, TypeVar

from gateway.ivr.faults import ScriptFaults

T = TypeVar("T")
_LOOK = 1.0  # seconds between two looks at the files


class Fresh(Generic[T]):
    """Call it for what ``load`` made of a folder. Changed files are read again within a second; when they have faults,
    what was good before stays in use and ``faults`` says what is wrong. The first time faults are raised."""

    def __init__(self, folder: Path, load: Callable[[], T]) -> None:
        self._folder, self._load = folder, load
        self._value: T | None = None
        self._stamp: tuple[tuple[str, int, int], ...] = ()
        self._look_at = 0.0
        self.faults: ScriptFaults | None = None

    def __call__(self) -> T:
        if self._value is None or time.monotonic() >= self._look_at:
            self._look()
        assert self._value is not None
        return self._value

    def _look(self) -> None:
        self._look_at = time.monotonic() + _LOOK
        stamp = self._stamped()
        if self._value is not None and stamp == self._stamp:
            return
        try:
            self._value, self.faults = self._load(), None
        except ScriptFaults as wrong:
            if self._value is None:
                raise
            self.faults = wrong
        self._stamp = stamp

    def _stamped(self) -> tuple[tuple[str, int, int], ...]:
        found = []
        for path in sorted(self._folder.rglob("*")):
            try:
                at = path.stat()
            except FileNotFoundError:  # an editor's scratch file
                continue
            found.append((str(path), at.st_mtime_ns, at.st_size))
        return tuple(found)
