"""Opposition in the publicity period. While one is open, the result can't take effect (domain §2)."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from gateway import clock
from gateway.consultation import lifecycle, matters, receipts, steps
from gateway.consultation.refusal import Refused
from gateway.models.answer import Objection
from gateway.models.consultation import Consultation
from gateway.models.conversation import Conversation, Question
from gateway.models.organizer import Organizer
from gateway.models.person import Person
from gateway.people.residents import Resident


def open_(
    s: Session,
    c: Consultation,
    person: Person | Resident | None,
    words: str,
    channel: str,
    *,
    handset_id: int | None = None,
    recording_id: int | None = None,
    by: int | None = None,
) -> Objection:
    """Open an objection and stop the countdown. Said again while still open, it is the same one with more words.

    Raises :class:`Refused` with code ``late`` (after the deadline), ``not_public`` or ``stranger``.
    """
    now = clock.now()
    _hold(s, c)
    if not c.in_publicity:
        raise Refused(
            f"{c.number}号现在不在公示期", code="late" if c.state in lifecycle.AFTER else "not_public"
        )
    if c.state in ("PUBLICITY", "EXPLAINED") and c.publicity_ends_at and now > c.publicity_ends_at:
        raise Refused(f"{c.number}号公示期已过", code="late")
    if person is None or not matters.concerns(s, c, person):
        raise Refused("这件事没有涉及您登记的村组", code="stranger")
    s.execute(select(Person.id).where(Person.id == person.id).with_for_update())  # see ballots.cast
    same = s.scalar(
        select(Objection).where(
            Objection.consultation_id == c.id,
            Objection.person_id == person.id,
            Objection.state.in_(("open", "explained")),
        )
    )
    if same:
        if words and words not in same.words:
            same.words = f"{same.words}\n{words}".strip()
        same.recording_id = recording_id or same.recording_id
        if same.state == "explained":  # said again after the explanation
            same.state, same.outcome, same.answered_at = "open", "still", now
            same.due_at = _due(c, now)
        steps.objected(s, c, actor=f"resident:{person.id}")
        return same
    objection = Objection(
        consultation_id=c.id,
        round=c.round,
        person_id=person.id,
        handset_id=handset_id,
        words=words.strip(),
        recording_id=recording_id,
        channel=channel,
        receipt=receipts.mint(s, "objection", c.id, person.id),
        due_at=_due(c, now),
        entered_by=by,
    )
    s.add(objection)
    s.flush()
    steps.objected(s, c, actor=f"resident:{person.id}")
    return objection


def _due(c: Consultation, now: datetime) -> datetime:
    zone = c.zone
    return clock.end_of_day((now.astimezone(zone) + timedelta(days=c.rules.explain_days)).date(), zone)


def still_open(s: Session, c: Consultation) -> int:
    """How many objections keep the result from taking effect."""
    return (
        s.scalar(
            select(func.count())
            .select_from(Objection)
            .where(Objection.consultation_id == c.id, Objection.state == "open")
        )
        or 0
    )


def unsettled(s: Session, people: Iterable[int]) -> list[Objection]:
    """What these people (ids) object to and have neither withdrawn nor seen resolved, oldest first."""
    found = select(Objection).where(Objection.person_id.in_(list(people)))
    return list(s.scalars(found.where(Objection.state.in_(("open", "explained"))).order_by(Objection.id)))


def reason_may_come(s: Session, objection: Objection) -> bool:
    """Whether the objector, who has not said why, was asked and may still answer: by SMS, or in a call that goes on."""
    if objection.words or objection.recording_id or objection.handset_id is None:
        return False
    now, handset = clock.now(), objection.handset_id
    asked = select(Question.data).where(
        Question.handset_id == handset, Question.kind == "reason", Question.expires_at > now
    )
    if any(data.get("objection") == objection.id for data in s.scalars(asked)):
        return True
    talking = select(Conversation.id).where(
        Conversation.handset_id == handset,
        Conversation.channel == "voice",
        Conversation.over.is_(False),
        Conversation.expires_at > now,
    )
    return s.scalar(talking.limit(1)) is not None


def _hold(s: Session, c: Consultation) -> None:
    """One at a time for each matter: of two who settle its last objections, or object while the last is settled, one
    must see what the other did."""
    s.execute(select(Consultation.id).where(Consultation.id == c.id).with_for_update())
    s.refresh(c, ["state", "publicity_ends_at", "publicity_left"])


def _settle(s: Session, objection: Objection, states: tuple[str, ...], actor: str, **values: object) -> None:
    """Move it on if it is still in one of ``states``; of two people doing so at once, one is told no."""
    c = s.get_one(Consultation, objection.consultation_id)
    lifecycle.decides(s, c, actor)
    _hold(s, c)
    changed = s.execute(
        update(Objection)
        .where(Objection.id == objection.id, Objection.state.in_(states))
        .values(**values)
        .execution_options(synchronize_session=False)
    )
    s.refresh(objection)
    if not changed.rowcount:  # type: ignore[attr-defined]
        raise Refused("这条反对已经处理过了", code="moved")
    if still_open(s, c) == 0:
        steps.explained(s, c, actor)


def explain(s: Session, objection: Objection, words: str, o: Organizer) -> None:
    """Answer an objector (policy row 22). The caller sends the words by the resident's own channel.

    The countdown goes on once every objection is answered; the objector may still object again.
    """
    if len(words.strip()) < 2:
        raise Refused("请写下给居民的解释", "explanation")
    _settle(
        s,
        objection,
        ("open",),
        f"organizer:{o.id}",
        state="explained",
        explanation=words.strip(),
        explained_at=clock.now(),
        explained_by=o.id,
    )


def understood(s: Session, objection: Objection) -> None:
    """The objector says that the explanation will do (policy II(5): 解释说明). It stays what it was, an objection that
    was answered; only :func:`withdraw` takes it back."""
    if objection.state == "explained":
        objection.outcome, objection.answered_at = "understood", clock.now()


def withdraw(s: Session, objection: Objection, actor: str) -> None:
    """Only the objector withdraws (domain §2)."""
    _settle(s, objection, ("open", "explained"), actor, state="withdrawn", closed_at=clock.now())


def resolve(s: Session, objection: Objection, o: Organizer, reason: str) -> None:
    """The cause is gone, and the resident said so in person; the reason is kept."""
    if len(reason.strip()) < 2:
        raise Refused("请写明怎样解决的", "explanation")
    _settle(
        s,
        objection,
        ("open", "explained"),
        f"organizer:{o.id}",
        state="resolved",
        explanation=reason.strip(),
        explained_by=o.id,
        closed_at=clock.now(),
    )
