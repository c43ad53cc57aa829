"""Messages that residents sent while nobody was there to take them: fetched from the carrier's list, once each.

Twilio does not send a webhook again (twilio.md §1), so whatever came while the service was down is only there.
"""

import asyncio
from datetime import datetime, timedelta

import structlog
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway import clock, inbound
from gateway.carriers.base import Failure, Found
from gateway.models.conversation import InboundEvent
from gateway.models.organizer import Fact
from gateway.runtime import Runtime

log = structlog.get_logger()
EVERY = timedelta(seconds=20)
_REACHED = "caught-up-to"
_OVERLAP = timedelta(minutes=10)  # lists lag behind, and clocks differ
_FRESH = timedelta(seconds=15)  # its own webhook may still be under way


def begin(s: Session) -> None:
    """Remember the first start: messages from before it belong to whoever had the number then."""
    if s.get(Fact, _REACHED) is None:
        last = s.scalar(select(func.max(InboundEvent.created_at)).where(InboundEvent.step == "sms"))
        Fact.put(s, _REACHED, (last or clock.now()).isoformat())


def catch_up(rt: Runtime) -> int:
    """Take in what is on the carrier's list and not in our store; returns how many messages that were."""
    now = clock.now()
    with rt.db.write() as s:
        begin(s)
        reached = datetime.fromisoformat(s.get_one(Fact, _REACHED).value)
    try:
        listed = asyncio.run(_listed(rt, reached - _OVERLAP))
    except Failure as failure:
        log.warning("the carrier's list of received messages can't be read", failure=str(failure))
        return 0
    ready = [f for f in listed if f.created_at is None or f.created_at <= now - _FRESH]
    missed = _unknown(rt, ready)
    failed = 0
    for found in sorted(
        missed, key=lambda f: f.created_at or now
    ):  # the last answer counts: keep their order
        try:
            inbound.sms(rt, _form(found), late=True)
        except Exception:  # one that can't be stored must not hold up the others; it is tried again
            failed += 1
            log.exception("a message on the carrier's list can't be taken in", message=found.carrier_id[:40])
    if failed:
        return len(missed) - failed
    with rt.db.write() as s:
        s.get_one(Fact, _REACHED).value = (now - _FRESH).isoformat()
    if missed:
        log.info("took in messages that came while nobody was there", count=len(missed))
    return len(missed)


async def _listed(rt: Runtime, since: datetime) -> list[Found]:
    carrier = rt.make_carrier()
    try:
        return [f for number in rt.settings.pool for f in await carrier.received_since(number, since)]
    finally:
        await carrier.close()


def _unknown(rt: Runtime, listed: list[Found]) -> list[Found]:
    ids = [_plain(f.carrier_id) for f in listed]
    known: set[str] = set()
    with rt.db.read() as s:
        for n in range(0, len(ids), 500):
            part = select(InboundEvent.carrier_id).where(InboundEvent.carrier_id.in_(ids[n : n + 500]))
            known |= set(s.scalars(part))
    return [f for f in listed if _plain(f.carrier_id) not in known]


def _form(found: Found) -> dict[str, str]:
    """The webhook's form, as far as it is used."""
    return {
        "MessageSid": _plain(found.carrier_id),
        "From": _plain(found.sender),
        "To": found.to,
        "Body": _plain(found.body),
        "NumMedia": "0",
    }


def _plain(text: str) -> str:
    return text.replace("\0", "")  # PostgreSQL takes no NUL
