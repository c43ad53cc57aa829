"""When residents may be disturbed. Replies to their own messages and calls are never held."""

from gateway import clock
from gateway.settings import Settings, windows

CALLS = "calls"


def minutes_until_allowed(settings: Settings, lane: str) -> int:
    """0 when the lane may send now, else whole minutes until it may (checked at dispatch, in village time).

    The simulator's sample township sends at any hour: nobody is woken by it.
    """
    if settings.simulated or lane == "replies":
        return 0
    now, zone = clock.now(), settings.zone
    if lane == CALLS:
        return clock.minutes_until_open(windows(settings.call_hours), now, zone)
    quiet = windows(settings.quiet_hours)
    loud = tuple((end, start) for start, end in quiet)
    return clock.minutes_until_open(loud, now, zone)


def seconds_until_quiet(settings: Settings) -> int:
    """How long a message handed over now may still be delivered (36000 where there are no quiet hours)."""
    quiet = windows(settings.quiet_hours)
    if settings.simulated or not quiet:
        return 36000
    local = clock.now().astimezone(settings.zone)
    minute = local.hour * 60 + local.minute
    return max(60, min((start - minute) % 1440 for start, _ in quiet) * 60)
