"""Writing down what the carrier did: answers to our requests, and its status callbacks.

Both only move a delivery forward by rank, whatever comes first and however often; what is about an older
attempt is kept as an event and changes nothing.
"""

import json
import re
import threading
import time
from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache
from typing import Any

import structlog
from sqlalchemy import BigInteger, String, TextClause, bindparam, func, select, text, update
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from gateway import clock
from gateway.carriers.base import Accepted, Failure, NotNow
from gateway.db import Moment
from gateway.models.outreach import DELIVERIES, RANK, Delivery, Spending
from gateway.outreach import aftermath
from gateway.outreach.claiming import Item, month
from gateway.prepared import Prepared, Sql, given
from gateway.runtime import Runtime

log = structlog.get_logger()
MAX_TRIES = 12  # refusals known not to have been accepted; the last one is final
_BREATH = 1.0  # seconds until callbacks are written down after all
LOOK_AGAIN = timedelta(minutes=10)  # a delivery without its last word is asked about after so long
_T = DELIVERIES.c

# The carrier's words for our states; "sent" may be the last ever heard (twilio.md §2)
STATES: dict[str, dict[str, str]] = {
    "sms": {
        "accepted": "accepted", "scheduled": "accepted", "queued": "accepted", "sending": "accepted",
        "sent": "sent", "delivered": "delivered", "read": "delivered",
        "undelivered": "undelivered", "failed": "failed", "canceled": "failed",
    },
    "voice": {
        "queued": "accepted", "initiated": "accepted", "ringing": "sent", "in-progress": "sent",
        "answered": "sent", "completed": "delivered",
        "busy": "undelivered", "no-answer": "undelivered", "failed": "failed", "canceled": "failed",
    },
}  # fmt: skip


@dataclass(slots=True)
class Outcome:
    """What the carrier did with an item: accepted, or how it failed."""

    item: Item
    accepted: Accepted | None = None
    failure: Failure | None = None


# One statement a flush. A callback may have come before the answer: it has set carrier_id and counted the
# attempt, and its state is further on. An answer so late that we took the delivery for lost and planned it again
# is believed: it did arrive.
_ACCEPTED = """
UPDATE deliveries SET
  attempts = attempts + CASE WHEN carrier_id IS NULL THEN 1 ELSE 0 END,
  day_attempts = CASE WHEN carrier_id IS NOT NULL THEN day_attempts WHEN day = :today THEN day_attempts + 1 ELSE 1 END,
  day = :today,
  carrier_id = COALESCE(carrier_id, r.sid),
  error = CASE WHEN state IN {open} THEN NULL ELSE error END,
  lease_until = CASE WHEN state IN {open} THEN :again ELSE lease_until END,
  state = CASE WHEN state IN {open} THEN 'accepted' ELSE state END
FROM ({rows}) AS r
WHERE deliveries.id = r.id AND deliveries.tries = r.n
"""
# “planned” too: one that the sweep gave up while its answer was on the way must not be sent again
_OPEN = "('submitting', 'unknown', 'planned')"
ROWS = {
    "sqlite": "SELECT json_extract(value, '$[0]') AS id, json_extract(value, '$[1]') AS n,"
    " json_extract(value, '$[2]') AS sid FROM json_each(:rows)",
    "postgresql": "SELECT (v->>0)::bigint AS id, (v->>1)::int AS n, v->>2 AS sid"
    " FROM json_array_elements(CAST(:rows AS json)) AS v",
}


# PostgreSQL: rows are locked in the order they are given in, which a hash join would not keep; and a crash of the server
# may cost the newest answers, since what is then still “submitting” is looked up at the carrier anyway
_IN_ORDER = select(
    *(
        func.set_config(name, "off", True)
        for name in ("enable_hashjoin", "enable_mergejoin", "enable_seqscan", "synchronous_commit")
    )
)


def settle(rt: Runtime, outcomes: Sequence[Outcome]) -> None:
    """Write down what became of requests, in one transaction."""
    now = clock.now()
    accepted = [o for o in outcomes if o.accepted is not None]
    with rt.db.write() as s:
        if accepted:
            dialect = s.get_bind().dialect.name
            if dialect != "sqlite":
                s.execute(_IN_ORDER)
            statement = _typed(_ACCEPTED.format(rows=ROWS[dialect], open=_OPEN))
            # by id, as callbacks are: on PostgreSQL two who take rows in different orders wait for each other
            rows = sorted((o.item.id, o.item.attempt, o.accepted.carrier_id) for o in accepted if o.accepted)
            today = str(now.astimezone(rt.settings.zone).date())
            s.execute(statement, {"rows": json.dumps(rows), "today": today, "again": now + LOOK_AGAIN})
            _spend(s, rt, accepted, now)
        for o in outcomes:
            if o.failure is not None and not o.failure.ambiguous:
                _refused(s, rt, o.item, o.failure, now)
        # an ambiguous one stays "submitting": its lease runs out, and reconcile asks the carrier


def _spend(s: Session, rt: Runtime, accepted: Sequence[Outcome], now: datetime) -> None:
    spent: dict[int, int] = {}
    for o in accepted:
        if o.item.area_id is not None and o.item.price:
            spent[o.item.area_id] = spent.get(o.item.area_id, 0) + o.item.price
    for area_id, amount in sorted(spent.items()):
        _SPEND.all(s, area_id=area_id, month=month(now, rt.settings.zone), amount=amount)


@Prepared
def _SPEND(sql: Sql) -> Any:
    add = sql.insert(Spending).values({name: given(name) for name in ("area_id", "month", "amount")})
    more = Spending.amount + add.excluded.amount
    return add.on_conflict_do_update(index_elements=["area_id", "month"], set_={"amount": more})


def _refused(s: Session, rt: Runtime, item: Item, failure: Failure, now: datetime) -> None:
    """The carrier did not take it: try later where that can help, else it is over."""
    mine = (_T.id == item.id) & (_T.state == "submitting") & (_T.tries == item.attempt)
    error = failure.code or type(failure).__name__
    if failure.stop or (failure.retry and item.attempt < MAX_TRIES):
        # wrong credentials are nobody's fault here: the delivery waits until they are mended
        after = failure.after if isinstance(failure, NotNow) and failure.after else 0
        wait = 60 if failure.stop else max(after, min(2**item.attempt, 300))
        values = {
            "state": "planned",
            "error": error,
            "due_at": now + timedelta(seconds=wait),
            "lease_until": None,
        }
        if failure.stop:
            values["tries"] = item.attempt - 1
        s.execute(update(DELIVERIES).where(mine).values(**values))
        return
    done = s.execute(
        update(DELIVERIES)
        .where(mine)
        .values(state="failed", error=error, settled_at=now, lease_until=None)
        .returning(_T.id)
    )
    for id in done.scalars().all():
        aftermath.failed(s, rt.settings, s.get_one(Delivery, id), error)


# ---- callbacks -----------------------------------------------------------------------------


@dataclass(slots=True)
class Report:
    """One status callback: about a delivery of ours (its URL names id and attempt), or about a carrier's id."""

    channel: str
    carrier_id: str
    status: str
    error: str | None = None
    delivery_id: int | None = None
    attempt: int | None = None


_RANKS = "CASE state " + " ".join(f"WHEN '{state}' THEN {rank}" for state, rank in RANK.items()) + " END"
# A report names its attempt (a delivery that is rung again gets a new number), so an old attempt's report can't
# move the new one. One about a delivery that we took for lost and planned again is believed: it did arrive.
_OURS = "(carrier_id = :sid OR carrier_id IS NULL)"
_NOTED = """
INSERT INTO delivery_events (delivery_id, attempt, status, error, carrier_id, created_at)
SELECT id, COALESCE(:n, tries), :status, :error, :sid, :now FROM deliveries WHERE {which}
"""
_MOVED = f"""
UPDATE deliveries SET state = :to, error = :error,
  attempts = attempts + CASE WHEN carrier_id IS NULL THEN 1 ELSE 0 END,
  day_attempts = CASE WHEN carrier_id IS NOT NULL THEN day_attempts WHEN day = :today THEN day_attempts + 1 ELSE 1 END,
  day = CASE WHEN carrier_id IS NULL THEN :today ELSE day END,
  carrier_id = :sid, settled_at = :settled, lease_until = :again
WHERE {{which}} AND {_OURS} AND (:n IS NULL OR tries = :n) AND {_RANKS} < :rank
"""
_BY_ID, _BY_SID = "id = :d", "carrier_id = :sid"


def reported(s: Session, zone: Any, reports: Sequence[Report]) -> list[int]:
    """Take in status callbacks: every one is kept, each moves its delivery forward by rank or not at all.

    Returns the ids of deliveries that failed by it. One transaction's work; see :class:`Callbacks`.
    """
    now = clock.now()
    today = str(now.astimezone(zone).date())
    failed: list[int] = []
    for which, mine in (
        (_BY_ID, [r for r in reports if r.delivery_id is not None]),
        (_BY_SID, [r for r in reports if r.delivery_id is None]),
    ):
        if not mine:
            continue
        rows = [_row(r, now, today) for r in sorted(mine, key=lambda r: r.delivery_id or 0)]
        s.execute(_typed(_NOTED.format(which=which)), rows)
        moving = [row for row in rows if row["to"] is not None]
        if moving:
            s.execute(_typed(_MOVED.format(which=which)), moving)
        failed += _failures(s, mine)
    return failed


def _row(r: Report, now: datetime, today: str) -> dict[str, Any]:
    to = STATES[r.channel].get(r.status)
    final = to is not None and RANK[to] >= RANK["undelivered"]
    return {
        "d": r.delivery_id, "n": r.attempt, "sid": r.carrier_id, "status": r.status, "to": to,
        "error": r.error or (r.status if to == "undelivered" and r.channel == "voice" else None),
        "rank": RANK[to] if to else 0, "now": now, "today": today,
        "settled": now if final else None, "again": None if final else now + LOOK_AGAIN,
    }  # fmt: skip


_TYPES: dict[str, Any] = {
    **dict.fromkeys(("sid", "status", "error", "to", "today", "rows"), String()),
    **dict.fromkeys(("d", "n", "rank"), BigInteger()),
    **dict.fromkeys(("now", "settled", "again"), Moment()),
}


@cache
def _typed(statement: str) -> TextClause:
    """A statement whose parameters have types: PostgreSQL can't tell an empty one's by itself."""
    names = set(re.findall(r"(?<!:):([a-z]+)\b", statement))
    return text(statement).bindparams(*(bindparam(name, type_=_TYPES[name]) for name in names))


def _failures(s: Session, reports: Sequence[Report]) -> list[int]:
    """Deliveries that these reports say were not delivered, and that stand so now."""
    bad = [r for r in reports if STATES[r.channel].get(r.status) in ("undelivered", "failed")]
    if not bad:
        return []
    sids = {r.carrier_id for r in bad}
    rows = s.scalars(select(_T.id).where(_T.carrier_id.in_(sids), _T.state.in_(("undelivered", "failed"))))
    return list(rows)


class Callbacks:
    """Takes in callbacks of many threads with one commit for those that wait together.

    Each thread leaves its report and waits; whoever gets the pen writes down all that are there. So a storm
    of callbacks costs one transaction a handful, and still none is acknowledged before it is committed.
    """

    def __init__(self, rt: Runtime) -> None:
        self._rt, self._pen = rt, threading.Lock()
        self._waiting: deque[tuple[Report, _Done]] = deque()

    def take(self, report: Report) -> None:
        """Returns once the report is committed. Raises what the database raised."""
        done = _Done()
        self._waiting.append((report, done))
        with self._pen:
            if not done.is_set():
                self._write_down()
        if done.error:
            raise done.error

    def _write_down(self) -> None:
        batch = [self._waiting.popleft() for _ in range(len(self._waiting))]
        try:
            try:
                self._commit([report for report, _ in batch])
            except OperationalError as error:
                # carriers tell each thing once: a deadlock, or a database that restarts, must not lose it
                log.warning("callbacks could not be written down", error=type(error.orig).__name__)
                time.sleep(_BREATH)
                self._commit([report for report, _ in batch])
        except Exception as error:
            for _, done in batch:
                done.error = error
        for _, done in batch:
            done.set()

    def _commit(self, reports: Sequence[Report]) -> None:
        with self._rt.db.write() as s:
            for id in reported(s, self._rt.settings.zone, reports):
                aftermath.failed(s, self._rt.settings, s.get_one(Delivery, id))


class _Done(threading.Event):
    error: Exception | None = None
