"""Rosters that somebody uploaded and has not confirmed: sealed, and not for long. Once one was taken in, what came of
it lies in its place, so that a second click finds the first one's result."""

import fcntl
import json
import re
import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gateway.db import vault
from gateway.vault import Unreadable

KEPT_SECONDS = 60 * 60
_NAME = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True)
class Upload:
    """A file, whose it is (an organizer's id) and which area's roster it is said to be."""

    by: int
    area_id: int
    filename: str
    data: bytes = b""
    result: dict[str, Any] | None = None  # what came of it, instead of ``data``


def keep(folder: Path, upload: Upload, name: str = "") -> str:
    """Seal an upload into ``folder``; returns the name under which it is found again. With ``name``, in its place."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = name or secrets.token_hex(16)
    label = json.dumps([upload.by, upload.area_id, upload.filename, upload.result]).encode()
    scratch = folder / f".{name}"
    scratch.touch(mode=0o600)
    scratch.write_bytes(vault().seal_bytes(label + b"\n" + upload.data))
    scratch.replace(folder / name)
    return name


def find(folder: Path, name: str, by: int) -> Upload | None:
    """What this organizer uploaded, or None when it is not there any more."""
    if not _NAME.fullmatch(name):
        return None
    try:
        label, _, data = vault().open_bytes((folder / name).read_bytes()).partition(b"\n")
    except (OSError, Unreadable):
        return None
    whose, area_id, filename, result = json.loads(label)
    return Upload(whose, area_id, filename, data, result) if whose == by else None


@contextmanager
def alone(folder: Path, name: str) -> Iterator[None]:
    """Of two that do something with an upload, one waits. A process that dies lets the next one go on."""
    try:
        held = (folder / name).open("rb") if _NAME.fullmatch(name) else None
    except OSError:
        held = None
    if held is None:
        yield
        return
    with held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def forget(folder: Path, name: str) -> None:
    if _NAME.fullmatch(name):
        (folder / name).unlink(missing_ok=True)


def sweep(folder: Path) -> int:
    """Delete what nobody confirmed within an hour, by the files' own time; returns how many there were."""
    old = [path for path in folder.glob("*") if path.stat().st_mtime < time.time() - KEPT_SECONDS]
    old += [path for path in folder.glob(".*") if path.stat().st_mtime < time.time() - KEPT_SECONDS]
    for path in old:
        path.unlink(missing_ok=True)
    return len(old)
