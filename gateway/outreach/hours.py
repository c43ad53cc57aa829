"""When residents may be disturbed. Replies to their own messages and calls are never held."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from gateway import clock
from gateway.settings import Settings, windows

CALLS = "calls"


def zone_of(settings: Settings, area_zone: str | None) -> ZoneInfo:
    """Where an area's people live; most areas say nothing and live in ``TIMEZONE``."""
    return ZoneInfo(area_zone) if area_zone else settings.zone


def minutes_until_allowed(
    settings: Settings, lane: str, zone: ZoneInfo | None = None, call_hours: str = ""
) -> int:
    """0 when the lane may send now, else whole minutes until it may (checked at dispatch, in village time).

    ``call_hours``: those its area has decided on, empty where it hasn't. The simulator's sample township sends at any
    hour, since nobody is woken by it, unless it was given hours.
    """
    if lane == CALLS and call_hours:
        return clock.minutes_until_open(windows(call_hours), clock.now(), zone or settings.zone)
    if lane == "replies" or settings.any_hour("call_hours" if lane == CALLS else "quiet_hours"):
        return 0
    now, zone = clock.now(), zone or settings.zone
    if lane == CALLS:
        return clock.minutes_until_open(windows(settings.call_hours), now, zone)
    quiet = windows(settings.quiet_hours)
    loud = tuple((end, start) for start, end in quiet)
    return clock.minutes_until_open(loud, now, zone)


def tomorrow(settings: Settings, lane: str, zone: ZoneInfo, call_hours: str = "") -> datetime:
    """The first moment of the village's next day at which the lane may send."""
    midnight = clock.start_of_day(clock.now().astimezone(zone).date() + timedelta(days=1), zone)
    if lane == CALLS:
        opens = [start for start, _ in windows(call_hours or settings.call_hours)]
    else:
        opens = [end for start, end in windows(settings.quiet_hours) if end < start]
    return midnight + timedelta(minutes=min(opens, default=8 * 60))


def seconds_until_quiet(settings: Settings, zone: ZoneInfo | None = None) -> int:
    """How long a message handed over now may still be delivered (36000 where there are no quiet hours)."""
    quiet = windows(settings.quiet_hours)
    if settings.any_hour("quiet_hours") or not quiet:
        return 36000
    local = clock.now().astimezone(zone or settings.zone)
    seconds = local.hour * 3600 + local.minute * 60 + local.second
    return min(36000, max(60, min((start * 60 - seconds) % 86400 for start, _ in quiet)))
