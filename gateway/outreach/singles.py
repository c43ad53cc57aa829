"""Single messages (an explanation, a decision about a claim, a late answer): what became of each, and another try."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, select, update
from sqlalchemy.orm import Session

from gateway import clock, phones
from gateway.models.outreach import Delivery
from gateway.models.person import Handset, Person
from gateway.outreach import errors, hours
from gateway.outreach.watching import moment_in_words
from gateway.people import residents
from gateway.settings import Settings

FAILED = ("failed", "undelivered")
# the resident's own wish, nobody to reach, or words that can't be carried: no second try changes that
_FINAL = ("stopped", "replaced", "OptedOut", "21610", "hidden", "21605", "21617", "30019", "30044")


@dataclass(frozen=True)
class Single:
    """One message to one handset; the number is masked. ``why`` says what a waiting one waits for, ``advice`` what can
    be done about a failed one, ``again`` whether another try makes sense."""

    id: int
    masked: str
    channel: str
    state: str
    at: datetime
    heard: str | None
    why: str = ""
    advice: str = ""
    again: bool = False


def about(s: Session, settings: Settings, subjects: Collection[str]) -> dict[str, list[Single]]:
    """The messages that belong to each of these (``objection:5``, ``claim:3``), oldest first."""
    found: dict[str, list[Single]] = {}
    for subject, single in _list(s, settings, Delivery.subject.in_(subjects)):
        found.setdefault(subject or "", []).append(single)
    return found


def to(s: Session, settings: Settings, handset_ids: Collection[int], most: int = 10) -> list[Single]:
    """The newest single messages to these handsets, newest first."""
    wanted = Delivery.broadcast_id.is_(None) & Delivery.handset_id.in_(handset_ids)
    return [single for _subject, single in reversed(_list(s, settings, wanted, most))]


def _list(
    s: Session, settings: Settings, wanted: ColumnElement[bool], most: int = 500
) -> list[tuple[str | None, Single]]:
    rows = s.execute(
        select(Delivery, Handset)
        .join(Handset, Handset.id == Delivery.handset_id)
        .where(wanted)
        .order_by(Delivery.id.desc())
        .limit(most)
    ).all()
    calls = {d.handset_id for d, _phone in rows if d.state == "planned" and d.lane == hours.CALLS}
    closed = hours.closed_to_calls(s, settings, calls) if calls else {}
    return [(d.subject, _single(settings, d, phone, closed)) for d, phone in reversed(rows)]


def _single(settings: Settings, d: Delivery, phone: Handset, closed: Mapping[int, int]) -> Single:
    masked = phone.masked if phone.number != phones.HIDDEN else "没显示号码"
    at = d.settled_at or d.submitted_at or d.due_at
    if d.state in FAILED:
        trouble = errors.trouble(d.error)
        again = d.error not in _FINAL
        return Single(
            d.id,
            masked,
            d.channel,
            d.state,
            at,
            d.heard,
            trouble.words,
            "" if again else trouble.advice,
            again,
        )
    return Single(d.id, masked, d.channel, d.state, at, d.heard, _waits(settings, d, closed))


def _waits(settings: Settings, d: Delivery, closed: Mapping[int, int]) -> str:
    if d.state != "planned":
        return ""
    calls = d.lane == hours.CALLS
    minutes = closed.get(d.handset_id, 0) if calls else hours.minutes_until_allowed(settings, d.lane)
    if not minutes:
        return ""
    now = clock.now()
    return (
        f"现在不是打电话的时间，{moment_in_words(now + timedelta(minutes=minutes), now, settings.zone)}再打"
    )


def way_to(s: Session, person: Person | None, handset_id: int | None = None) -> tuple[Handset, str] | None:
    """The handset and channel by which one person (or a guest's handset) is told something nobody waits for, as far as
    they and their handsets consent; None = somebody has to knock at the door."""
    found = (
        residents.handsets_of(s, person.id)
        if person
        else [s.get_one(Handset, handset_id)]
        if handset_id
        else []
    )
    sms = [h for h in found if h.kind != "landline" and not h.sms_stopped_at and not h.bad_reason]
    calls = [h for h in found if not h.voice_stopped_at and not h.bad_reason]
    if person is not None:
        sms, calls = sms if person.sms_consent else [], calls if person.voice_consent else []
    ways = [(h, "sms") for h in sms[:1]] + [(h, "voice") for h in calls[:1]]
    by_voice = person is not None and person.prefers == "voice"
    return next(iter(reversed(ways) if by_voice else ways), None)


def again(s: Session, d: Delivery) -> bool:
    """Send it once more after it failed; by telephone when the carrier has taught us that the number is a landline.
    False when it didn't fail, or somebody was first, or no second try makes sense."""
    phone = s.get_one(Handset, d.handset_id)
    by_voice = d.channel == "voice" or phone.kind == "landline"
    planned = s.execute(
        update(Delivery)
        .where(Delivery.id == d.id, Delivery.broadcast_id.is_(None), Delivery.state.in_(FAILED))
        .where(Delivery.error.is_(None) | Delivery.error.not_in(_FINAL))
        .values(
            state="planned",
            channel="voice" if by_voice else "sms",
            lane="calls" if by_voice else "replies",
            script=d.script or ("message" if by_voice else None),
            due_at=clock.now(),
            tries=Delivery.tries
            + 1,  # what the carrier may still say about the old try is not about the next
            carrier_id=None,
            settled_at=None,
            lease_until=None,
            error=None,
            heard=None,
        )
        .execution_options(synchronize_session=False)
    )
    s.refresh(d)
    return bool(planned.rowcount)  # type: ignore[attr-defined]


def drop(s: Session, subjects: Collection[str]) -> int:
    """Messages about these that nobody has taken yet are not sent: another takes their place. How many there were."""
    waiting = update(Delivery).where(Delivery.subject.in_(subjects), Delivery.state == "planned")
    dropped = waiting.where(Delivery.broadcast_id.is_(None)).values(
        state="failed", error="replaced", settled_at=clock.now()
    )
    return s.execute(dropped.execution_options(synchronize_session=False)).rowcount  # type: ignore[attr-defined]
