"""What time it is. Everything that has a deadline asks here, so that a trial village can be moved through its days."""

import os
from collections.abc import Sequence
from datetime import UTC, date, datetime, time, timedelta
from pathlib import Path
from time import time_ns
from zoneinfo import ZoneInfo

# A trial clock: the simulator's "one day on" button writes how far ahead of real time the village is.
# Only a process whose carrier is the simulator looks at the file (see ``use_trial_clock``).
_trial_file: Path | None = None
_seen: tuple[int, timedelta] = (0, timedelta())


def use_trial_clock(folder: Path | None) -> None:
    """Let ``folder/trial-clock`` move this process's time; None goes back to real time."""
    global _trial_file, _seen
    _trial_file = folder / "trial-clock" if folder else None
    _seen = (0, timedelta())


def move_trial_clock(by: timedelta) -> datetime:
    """Move every process of the trial village ``by`` (never back); returns the new time.

    Raises RuntimeError when the carrier is real.
    """
    if _trial_file is None:
        raise RuntimeError("the clock can be moved only while the simulator is the carrier")
    ahead = _ahead() + max(by, timedelta())
    scratch = _trial_file.with_suffix(f".{os.getpid()}")
    scratch.write_text(str(int(ahead.total_seconds())))
    scratch.replace(_trial_file)
    return now()


def _ahead() -> timedelta:
    global _seen
    if _trial_file is None:
        return timedelta()
    try:
        changed = _trial_file.stat().st_mtime_ns
    except OSError:
        return timedelta()
    if changed != _seen[0]:
        try:
            _seen = (changed, timedelta(seconds=int(_trial_file.read_text() or 0)))
        except (OSError, ValueError):
            return timedelta()
    return _seen[1]


def just_moved() -> bool:
    """Whether the trial village was moved on in the last two minutes: then much fell due at once."""
    _ahead()
    return _seen[0] > 0 and time_ns() - _seen[0] < 120 * 10**9


def now() -> datetime:
    """The current moment, in UTC, with a zone."""
    return datetime.now(UTC) + _ahead()


def end_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The last second of ``day`` where the village is, in UTC: a stated day counts to its end."""
    return datetime.combine(day, time(23, 59, 59), zone).astimezone(UTC)


def start_of_day(day: date, zone: ZoneInfo) -> datetime:
    """The first second of ``day`` in ``zone``, in UTC."""
    return datetime.combine(day, time(), zone).astimezone(UTC)


def within(windows: Sequence[tuple[int, int]], moment: datetime, zone: ZoneInfo) -> bool:
    """Whether ``moment`` lies in one of ``windows`` (minutes since midnight; one may cross midnight)."""
    local = moment.astimezone(zone)
    minute = local.hour * 60 + local.minute
    return any(a <= minute < b if a <= b else minute >= a or minute < b for a, b in windows)


def minutes_until_open(windows: Sequence[tuple[int, int]], moment: datetime, zone: ZoneInfo) -> int:
    """Whole minutes until ``moment`` is inside one of ``windows``; 0 when it is, or when there is none."""
    if not windows or within(windows, moment, zone):
        return 0
    local = moment.astimezone(zone)
    minute = local.hour * 60 + local.minute
    return min((start - minute) % 1440 for start, _ in windows)


_zone = ZoneInfo("Asia/Shanghai")


def use_zone(zone: ZoneInfo) -> None:
    """Set the time zone in which this process's villages live (``TIMEZONE``)."""
    global _zone
    _zone = zone


def village_zone() -> ZoneInfo:
    """Where the villages are: a stated day begins and ends there."""
    return _zone
