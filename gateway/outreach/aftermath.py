"""What follows when somebody was not reached: ring again, take the other channel, or remember that it can't work."""

from datetime import datetime, timedelta

from sqlalchemy import String, and_, cast, exists, literal, select, update
from sqlalchemy.orm import Session, aliased

from gateway import clock
from gateway.db import insert_into
from gateway.models.answer import Ballot, Objection
from gateway.models.area import Area
from gateway.models.consultation import GATHERING, Consultation
from gateway.models.outreach import LADDER, NEW_DELIVERY, Broadcast, Delivery
from gateway.models.person import Handset, Person, PersonHandset
from gateway.outreach import errors, hours, ladder
from gateway.people import consent
from gateway.settings import Settings

_AGAIN = ("busy", "no-answer")  # worth another ring
_PATIENCE = timedelta(hours=24)  # for an answer to an SMS, before the telephone rings
# a call that ended, and nobody heard it through: a machine, or whoever hung up at once
NOT_HEARD = and_(
    Delivery.channel == "voice",
    Delivery.state == "delivered",
    Delivery.heard.in_(("machine", "answered", "asked")),
)
_STOPPED = ("21610",)
_LANDLINE = ("21614", "21635", "30006")
_NOBODY = ("21211", "21214", "21217", "30005", "13223", "13224")


def failed(s: Session, settings: Settings, d: Delivery, error: str | None = None) -> None:
    """A delivery ended as undelivered or failed. Safe to call again: nothing happens twice."""
    error = error or d.error
    if d.state not in ("undelivered", "failed"):
        return
    _remember(s, s.get_one(Handset, d.handset_id), error)
    if d.broadcast_id is None:
        _ring_again(s, settings, None, d, error)
        return
    b = s.get_one(Broadcast, d.broadcast_id)
    if b.state == "cancelled":
        return
    if not _ring_again(s, settings, b, d, error):
        other_way(s, b, d)


def _ring_again(s: Session, settings: Settings, b: Broadcast | None, d: Delivery, error: str | None) -> bool:
    """Plan the next ring on the broadcast's ladder; a single call, such as an explanation, has the usual one."""
    if d.channel != "voice" or error not in _AGAIN or d.script == "ring_back":  # those ring again themselves
        return False
    zone = hours.zone_of(settings, s.get_one(Area, b.area_id).timezone) if b else settings.zone
    due = ladder.after(b.ladder if b else LADDER, d.attempts, clock.now(), zone)
    if due is None:
        return False
    _plan_ring(d, due)
    s.flush()
    if b:
        _reopen(s, b)
    return True


def _plan_ring(d: Delivery, due: datetime) -> None:
    d.state, d.due_at, d.carrier_id, d.settled_at, d.lease_until = "planned", due, None, None, None
    d.tries += 1  # what the carrier may still say about the old ring is not about the next one


def other_way(s: Session, b: Broadcast, d: Delivery) -> bool:
    """Plan the other channel where the broadcast wants that and the handset can take it; once."""
    channel = {"sms": "voice", "voice": "sms"}[d.channel]
    if b.fallback not in (channel, "both"):
        return False
    stopped = Handset.voice_stopped_at if channel == "voice" else Handset.sms_stopped_at
    agreed = Person.voice_consent if channel == "voice" else Person.sms_consent
    who = (
        select(PersonHandset.handset_id)
        .join(Person, Person.id == PersonHandset.person_id)
        .where(PersonHandset.handset_id == d.handset_id, agreed)
    )
    can = select(
        literal(b.id), Handset.id, literal(channel), literal("calls" if channel == "voice" else "bulk"),
        literal("planned"), literal(0), literal(0), literal(0), literal(clock.now(), Delivery.due_at.type),
    ).where(Handset.id == d.handset_id, stopped.is_(None), Handset.bad_reason.is_(None), Handset.id.in_(who))  # fmt: skip
    if channel == "sms":
        can = can.where(Handset.kind != "landline")
    made = (
        insert_into(s, Delivery)
        .from_select(NEW_DELIVERY, can)
        .on_conflict_do_nothing()
        .returning(Delivery.id)
    )
    if s.scalar(made) is None:
        return False
    _reopen(s, b)
    return True


def unanswered(s: Session) -> int:
    """Ring those who got a question by SMS and said nothing for a day, where the broadcast wants that; returns how
    many calls were planned. Source: design §3, “SMS that … gets no answer may fall back to voice”."""
    now = clock.now()
    answered = (
        select(PersonHandset.handset_id)
        .join(Ballot, Ballot.person_id == PersonHandset.person_id)
        .where(
            Ballot.consultation_id == Broadcast.consultation_id,
            PersonHandset.handset_id == Delivery.handset_id,
        )
    )
    called = aliased(Delivery)
    silent = (
        select(Delivery, Broadcast)
        .join(Broadcast, Broadcast.id == Delivery.broadcast_id)
        .join(Consultation, Consultation.id == Broadcast.consultation_id)
        .where(Broadcast.fallback.in_(("voice", "both")), Broadcast.state.in_(("running", "done")))
        .where(Broadcast.stage.in_(("notice", "reminder")), Consultation.state.in_(GATHERING))
        .where(Delivery.channel == "sms", Delivery.state.in_(("accepted", "sent", "delivered")))
        .where(Delivery.submitted_at < now - _PATIENCE, ~answered.correlate(Broadcast, Delivery).exists())
        .where(
            ~exists().where(
                called.broadcast_id == Broadcast.id, called.handset_id == Delivery.handset_id,
                called.channel == "voice",
            )
        )
        .limit(1000)
    )  # fmt: skip
    return sum(other_way(s, b, d) for d, b in s.execute(silent).all())


def half_heard(s: Session) -> int:
    """Send the text, where the broadcast wants that, to those whose call reached a machine or was hung up at once;
    returns how many. A call is “delivered” only once it is over."""
    twin = aliased(Delivery)
    missed = (
        select(Delivery, Broadcast)
        .join(Broadcast, Broadcast.id == Delivery.broadcast_id)
        .where(Broadcast.fallback.in_(("sms", "both")), Broadcast.state.in_(("running", "done")), NOT_HEARD)
        .where(
            ~exists().where(
                twin.broadcast_id == Broadcast.id,
                twin.handset_id == Delivery.handset_id,
                twin.channel == "sms",
            )
        )
        .limit(1000)
    )
    return sum(other_way(s, b, d) for d, b in s.execute(missed).all())


def unheard(s: Session, settings: Settings) -> int:
    """Ring again, up the usual ladder, where the objector did not hear the answer: somebody else of a shared handset
    picked up, or nobody said who it was; returns how many calls were planned."""
    waiting = (
        select(Delivery)
        .join(Objection, literal("objection:").concat(cast(Objection.id, String)) == Delivery.subject)
        .where(Delivery.subject.is_not(None), Delivery.script == "explanation", Delivery.channel == "voice")
        .where(Delivery.state == "delivered", Delivery.heard == "asked", Objection.state == "explained")
        .limit(1000)
    )
    planned = 0
    for d in s.scalars(waiting):
        due = ladder.after(LADDER, d.attempts, clock.now(), settings.zone)
        if due is not None:
            _plan_ring(d, due)
            d.heard = None
            planned += 1
    return planned


def _reopen(s: Session, b: Broadcast) -> None:
    s.execute(
        update(Broadcast)
        .where(Broadcast.id == b.id, Broadcast.state == "done")
        .values(state="running", finished_at=None)
    )


def _remember(s: Session, phone: Handset, error: str | None) -> None:
    """What the carrier taught us about a number, with words an organizer can act on."""
    if error in _STOPPED:
        consent.stop(s, phone, "sms", "carrier")
    elif error in _LANDLINE:
        phone.kind = "landline"  # calls still reach it
    elif error in _NOBODY:
        phone.bad_reason = errors.words(error)
