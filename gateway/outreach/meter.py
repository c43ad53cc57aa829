"""How sending goes, in figures: what `/metrics` shows. Counted from the database, so every process agrees."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway import clock
from gateway.models.outreach import DELIVERIES, DeliveryEvent
from gateway.outreach.claiming import IS_PLANNED

_T = DELIVERIES.c
_MINUTE = timedelta(minutes=1)
_SAMPLE = 500  # newest callbacks looked at for their lag


@dataclass(frozen=True)
class Reading:
    """One look. Ages and lags are seconds, rates are deliveries a second over the last minute."""

    by_state: dict[tuple[str, str], int]  # (channel, state)
    queue_age: dict[str, float]  # lane → how long its oldest due delivery waits
    send_rate: dict[str, float]  # lane
    ambiguous: int  # may be at the carrier, lease lapsed: being looked up
    unknown: int
    callback_lag: float  # from handing over to the newest callbacks, median


def read(s: Session) -> Reading:
    """Read all of them, each with one statement."""
    now = clock.now()
    by_state = {
        (channel, state): n
        for channel, state, n in s.execute(
            select(_T.channel, _T.state, func.count()).group_by(_T.channel, _T.state)
        )
    }
    oldest = s.execute(
        select(_T.lane, func.min(_T.due_at)).where(IS_PLANNED, _T.due_at <= now).group_by(_T.lane)
    )
    rates = s.execute(
        select(_T.lane, func.count())
        .where(_T.submitted_at > now - _MINUTE, _T.attempts > 0)
        .group_by(_T.lane)
    )
    lapsed = select(func.count()).where(_T.state == "submitting", _T.lease_until < now)
    return Reading(
        by_state=by_state,
        queue_age={lane: (now - due).total_seconds() for lane, due in oldest},
        send_rate={lane: n / _MINUTE.total_seconds() for lane, n in rates},
        ambiguous=s.scalar(lapsed) or 0,
        unknown=sum(n for (_, state), n in by_state.items() if state == "unknown"),
        callback_lag=_lag(s),
    )


def _lag(s: Session) -> float:
    newest = (
        select(DeliveryEvent.delivery_id, DeliveryEvent.created_at)
        .order_by(DeliveryEvent.id.desc())
        .limit(_SAMPLE)
        .subquery()
    )
    rows: list[tuple[datetime, datetime]] = [
        (heard, sent)
        for heard, sent in s.execute(
            select(newest.c.created_at, _T.submitted_at).join(DELIVERIES, _T.id == newest.c.delivery_id)
        )
        if sent is not None
    ]
    lags = sorted((heard - sent).total_seconds() for heard, sent in rows)
    return lags[len(lags) // 2] if lags else 0.0
