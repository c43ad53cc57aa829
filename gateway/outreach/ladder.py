"""When to try again: retry ladders as people write them, “15m, 2h, next day”."""

import re
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

_STEP = re.compile(r"(\d{1,4})\s*(m|min|h|hours?|d|days?)|next\s+day")
_UNIT = {"m": 60, "h": 3600, "d": 86400}


def steps(ladder: str) -> list[str]:
    """The rungs of a ladder, one for each further try; an empty text has none.

    Raises ValueError naming the rung that can't be read.
    """
    found = [" ".join(part.split()).lower() for part in ladder.split(",") if part.strip()]
    for step in found:
        if not _STEP.fullmatch(step):
            raise ValueError(f"{step!r} is not a wait like 15m, 2h or next day")
    return found


def after(ladder: str, attempts: int, now: datetime, zone: ZoneInfo) -> datetime | None:
    """When to try once more after ``attempts`` tries, or None at the end of the ladder.

    ``next day`` is the same hour tomorrow; the hours in which calls are allowed are asked at dispatch.
    """
    rungs = steps(ladder)
    if not 1 <= attempts <= len(rungs):
        return None
    rung = rungs[attempts - 1]
    if rung == "next day":
        return (now.astimezone(zone) + timedelta(days=1)).astimezone(now.tzinfo)
    found = _STEP.fullmatch(rung)
    assert found is not None
    return now + timedelta(seconds=int(found[1]) * _UNIT[found[2][0]])


def spoken(ladder: str) -> str:
    """The ladder as a person says it: “15分钟、2小时、第二天”; empty for none. Raises ValueError."""
    said = []
    for step in steps(ladder):
        found = _STEP.fullmatch(step)
        assert found is not None
        unit = {"m": "分钟", "h": "小时", "d": "天"}[found[2][0]] if found[2] else ""
        said.append(f"{int(found[1])}{unit}" if unit else "第二天")
    return "、".join(said)
