"""When residents may be disturbed. Replies to their own messages and calls are never held."""

from collections.abc import Collection
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import clock
from gateway.lists import among
from gateway.models.area import Area
from gateway.models.person import Person, PersonHandset
from gateway.people import decided
from gateway.people.residents import GONE
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


def closed_to_calls(s: Session, settings: Settings, handset_ids: Collection[int]) -> dict[int, int]:
    """The handsets that a single call must leave alone now, and for how many minutes: by the hours of the area their people
    live in (of the first of them, where they live in several), as a broadcast keeps them."""
    homes: dict[int, int] = {}
    found = (
        select(PersonHandset.handset_id, Person.area_id)
        .join(Person, Person.id == PersonHandset.person_id)
        .where(among(s, PersonHandset.handset_id, set(handset_ids)), Person.state.not_in(GONE))
        .order_by(Person.id)
    )
    for handset_id, area_id in s.execute(found):
        homes.setdefault(handset_id, area_id)
    waits: dict[int | None, int] = {None: minutes_until_allowed(settings, CALLS)}
    for area in s.scalars(select(Area).where(Area.id.in_(set(homes.values())))):
        own = decided.choose(s, area).call_hours
        waits[area.id] = minutes_until_allowed(settings, CALLS, zone_of(settings, area.timezone), own)
    closed = {id: waits[homes.get(id)] for id in handset_ids}
    return {id: minutes for id, minutes in closed.items() if minutes}
