"""Rosters that somebody uploaded and has not confirmed: sealed, and not for long."""

import re
import secrets
import time
from pathlib import Path

from gateway.db import vault
from gateway.vault import Unreadable

KEPT_SECONDS = 60 * 60
_NAME = re.compile(r"[0-9a-f]{32}")


def keep(folder: Path, data: bytes) -> str:
    """Seal an upload into ``folder``; returns the name under which it is found again."""
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    name = secrets.token_hex(16)
    scratch = folder / f".{name}"
    scratch.touch(mode=0o600)
    scratch.write_bytes(vault().seal_bytes(data))
    scratch.replace(folder / name)
    return name


def find(folder: Path, name: str) -> bytes | None:
    """What was uploaded, or None when it is not there any more."""
    if not _NAME.fullmatch(name):
        return None
    try:
        return vault().open_bytes((folder / name).read_bytes())
    except (OSError, Unreadable):
        return None


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
