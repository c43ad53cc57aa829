"""What should have left long ago, or been settled long ago: something behind the panel is not running."""

from datetime import timedelta
from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from gateway import clock
from gateway.models.outreach import DELIVERIES
from gateway.outreach.claiming import IS_PLANNED, sources
from gateway.queue import LANES
from gateway.settings import Settings

NOT_TAKEN = timedelta(minutes=2)
NOT_SETTLED = timedelta(minutes=5)
_T = DELIVERIES.c
_NAMES = {"replies": "回复", "bulk": "短信", "calls": "电话"}


def alarms(s: Session, settings: Settings) -> list[str]:
    """In words for an organizer; empty when all is well.

    Due, allowed, and not one of its lane asked of the carrier for two minutes: no worker. A lease that lapsed
    five minutes ago: no clock, since the sweep would have seen it.
    """
    if clock.just_moved():
        return []
    found = [words for lane in LANES if (words := _not_taken(s, settings, lane))]
    lapsed = s.scalar(
        select(func.count()).select_from(DELIVERIES).where(_T.lease_until < clock.now() - NOT_SETTLED)
    )
    if lapsed:
        found.append(f"有{lapsed}条发出去的没人去核对结果，请管技术的人看看定时程序是不是停了")
    return found


def _not_taken(s: Session, settings: Settings, lane: str) -> str:
    open_ones = sources(s, settings, lane)
    if not open_ones:
        return ""
    ids = [one.broadcast_id for one in open_ones if one.broadcast_id is not None]
    mine: Any = _T.broadcast_id.in_(ids)
    if len(ids) < len(open_ones):
        mine = or_(mine, _T.broadcast_id.is_(None))
    late = clock.now() - NOT_TAKEN
    count, oldest = s.execute(
        select(func.count(), func.min(_T.due_at)).where(IS_PLANNED, mine, _T.lane == lane, _T.due_at < late)
    ).one()
    # a long backlog waits for its pace, not for a worker: then something of this lane has just left
    if not count or s.scalar(select(_T.id).where(mine, _T.lane == lane, _T.submitted_at > late).limit(1)):
        return ""
    minutes = int((clock.now() - oldest).total_seconds() // 60)
    return f"有{count}条该发的{_NAMES[lane]}等了{minutes}分钟没人发，请管技术的人看看发送程序是不是停了"
