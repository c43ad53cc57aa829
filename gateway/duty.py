"""The village office's telephone: when somebody sits beside it, and by when whoever missed them is rung."""

from collections.abc import Callable
from datetime import datetime, timedelta

from gateway import clock, text
from gateway.models.area import Area
from gateway.settings import windows
from gateway.turns import Result, Turn, action, area_of

HOURS = "08:00-12:00,13:00-17:00"  # where an area has said nothing else
_TIME_TO_RING = timedelta(hours=2)  # what is left of a day before ringing back is promised for the next


@action
def find_person(turn: Turn) -> Result:
    area = area_of(turn.s, turn.people())
    if area.duty_phone and attended(area, clock.now()):
        return "duty", {"duty_phone": area.duty_phone}
    return "nobody", {}


def attended(area: Area, moment: datetime) -> bool:
    """Whether the office's own hours say that somebody is there: by the clock the place lives by."""
    zone = area.zone
    return _works(area, moment.astimezone(zone)) and clock.within(_hours(area), moment, zone)


def promised(area: Area, phrase: Callable[..., str], language: str) -> str:
    """When somebody will ring: today before the office closes, else the next day it opens. Said as people say it."""
    local = clock.now().astimezone(area.zone)
    opens, closes = min(a for a, _ in _hours(area)), max(b for _, b in _hours(area))
    day = local.replace(hour=0, minute=0, second=0, microsecond=0)
    if _works(area, local) and local + _TIME_TO_RING <= day + timedelta(minutes=closes):
        end = day + timedelta(minutes=min(closes, 24 * 60 - 1))
        return phrase("today", time=text.spoken_clock(end, language))
    later = day + timedelta(days=1)
    while not _works(area, later):
        later += timedelta(days=1)
    half = phrase("before_noon" if opens < 12 * 60 else "after_noon")
    if later - day == timedelta(days=1):
        return phrase("tomorrow", half=half)
    return phrase("another_day", day=text.spoken_day(later.date(), language), half=half)


def _works(area: Area, local: datetime) -> bool:
    return area.office_weekends or local.weekday() < 5


def _hours(area: Area) -> tuple[tuple[int, int], ...]:
    return windows(area.office_hours or HOURS)
