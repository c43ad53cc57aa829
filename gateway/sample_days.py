"""The sample's texts as they read when their days are moved, so that the township stands somewhere on any day."""

import re
from datetime import date, datetime, timedelta
from itertools import pairwise
from typing import Any

from gateway import text
from gateway.models.consultation import Consultation

_PUBLIC_DAYS = re.compile(r"(\d{1,2})月(\d{1,2})日至(?:(\d{1,2})月)?(\d{1,2})日")
_SPOKEN_DAY = re.compile(r"([一二三四五六七八九十]+)月([一二三四五六七八九十]+)号")


def on(iso: str) -> date:
    """“2026-06-20”."""
    return date.fromisoformat(iso)


def public_days(c: dict[str, Any]) -> tuple[date, date] | None:
    """The first and the last day of its publicity, as its own notice says them."""
    found = _PUBLIC_DAYS.search(c["sms"]["result_notice"])
    if not found:
        return None
    first = date(2026, int(found[1]), int(found[2]))
    return first, date(2026, int(found[3] or found[1]), int(found[4]))


def moved(words: str, by: timedelta) -> str:
    """The text with every day and month in it moved: “6月20日”, “7月1日至7日”, “六月十二号”, “8月开工”."""

    def period(m: re.Match[str]) -> str:
        first = date(2026, int(m[1]), int(m[2])) + by
        last = date(2026, int(m[3] or m[1]), int(m[4])) + by
        month = "" if first.month == last.month else f"{last.month}月"
        return f"{first.month}月\0{first.day}日至{month}\0{last.day}日"

    def day(m: re.Match[str]) -> str:
        to = date(2026, int(m[1]), int(m[2])) + by
        return f"{to.month}月\0{to.day}{m[3]}"

    def spoken(m: re.Match[str]) -> str:
        return text.spoken_date(date(2026, _count(m[1]), _count(m[2])) + by)

    words = _PUBLIC_DAYS.sub(period, words)
    words = re.sub(r"(\d{1,2})月(\d{1,2})([日号])", day, words)
    words = _SPOKEN_DAY.sub(spoken, words)
    words = re.sub(r"(\d{1,2})月(?![\d\0])", lambda m: f"{(date(2026, int(m[1]), 15) + by).month}月", words)
    return words.replace("\0", "")


def of_states(states: list[str], c: Consultation, now: datetime) -> list[datetime]:
    """When it came into each of these, in their order: its answers were open and its publicity ended when it says so
    itself, and what lies between these moments is spread evenly."""
    assert c.opens_at and c.closes_at
    last = max(min(now, c.closes_at + timedelta(days=30)), c.publicity_ends_at or c.closes_at)
    fixed = {
        0: c.opens_at - timedelta(days=20),
        states.index("OPEN"): c.opens_at,
        len(states): min(now, last),
    }
    if "EFFECTIVE" in states and c.publicity_ends_at:
        fixed[states.index("EFFECTIVE")] = c.publicity_ends_at
    made = []
    for start, stop in pairwise(sorted(fixed)):
        made += [
            fixed[start] + (fixed[stop] - fixed[start]) * n / (stop - start) for n in range(stop - start)
        ]
    return made


def _count(words: str) -> int:
    tens, _, ones = words.rpartition("十")
    digits = {d: n for n, d in enumerate("零一二三四五六七八九")}
    if "十" not in words:
        return digits[words]
    return (digits[tens] if tens else 1) * 10 + (digits[ones] if ones else 0)


def result(words: str) -> str:
    """What was decided, from the notice that published it."""
    return re.sub(r"^【[^】]*】\d+号公示：|[。，]?\d+月\d+日至.*$|[。，]?名单在公开栏.*$", "", words)
