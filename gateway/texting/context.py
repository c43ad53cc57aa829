"""What an SMS may be about: who holds the handset, what they were asked last, what is open to them."""

from typing import Any

from sqlalchemy import func, or_, select
from sqlalchemy.orm import Session

from gateway import actions, clock
from gateway.consultation import lifecycle, matters
from gateway.models.answer import Ballot, Objection
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.conversation import Question
from gateway.models.outreach import Broadcast, Delivery
from gateway.models.person import Handset, Person

PUBLIC = ("PUBLICITY", "OBJECTED", "EXPLAINED")
_KNOWN = ("OPEN", "NOTICED", "DRAFTED", *PUBLIC, *lifecycle.AFTER)


def area_of(s: Session, found: list[Person]) -> Area:
    """The village that answers; for strangers the top area."""
    return actions.area_of(s, found)


def question(s: Session, handset: Handset) -> Question | None:
    """What this handset was asked by SMS and has not answered yet."""
    return s.scalar(
        select(Question).where(Question.handset_id == handset.id, Question.expires_at > clock.now())
    )


def of(s: Session, handset: Handset, found: list[Person], asked: Question | None) -> dict[str, Any]:
    """The interpreter's context (domain.md §3, “Context”), from what is stored."""
    concerned = matters.for_people(s, found, _KNOWN)
    now = clock.now()
    over = [c for c in concerned if c.state == "OPEN" and c.closes_at and c.closes_at < now]
    # NOTICED ones answer “not started yet”; counted as open, so that the number is recognised
    open_now = [c for c in concerned if c.state in ("OPEN", "NOTICED") and c not in over]
    public = [c for c in concerned if c.state in PUBLIC]
    ids = [p.id for p in found]
    mine = dict(
        s.execute(
            select(Consultation.number, func.max(Ballot.option))
            .join(Ballot, Ballot.consultation_id == Consultation.id)
            .where(Ballot.person_id.in_(ids))
            .group_by(Consultation.number)
        )
        .all()
    ) if ids else {}  # fmt: skip
    own = list(
        s.scalars(
            select(Consultation.number)
            .join(Objection, Objection.consultation_id == Consultation.id)
            .where(Objection.person_id.in_(ids), Objection.state.in_(("open", "explained")))
        )
    ) if ids else []  # fmt: skip
    context: dict[str, Any] = {
        "registered": bool(found),
        "handset_persons": [p.name for p in found],
        "language": (found[0].language if found else "zh-CN").split("-")[0],
        "open_votes": [c.number for c in open_now],
        "in_publicity": [c.number for c in public],
        "closed": [c.number for c in concerned if c not in open_now and c not in public],
        "already_voted": {str(n): o for n, o in mine.items()},
        "own_objection": own,
        "options": {str(c.number): dict(c.options) for c in open_now},
    }
    pending = _pending(s, handset, open_now, public, asked)
    if pending:
        context["pending"] = pending
    return context


def _pending(
    s: Session,
    handset: Handset,
    open_now: list[Consultation],
    public: list[Consultation],
    asked: Question | None,
) -> dict[str, Any] | None:
    if asked is not None and asked.kind in ("reason", "words"):
        c = s.get(Consultation, asked.consultation_id) if asked.consultation_id else None
        return {"kind": "words", "consultation": c.number if c else None}
    about = _last_told(s, handset)
    inferred = about is None or all(c.id != about for c in (*open_now, *public))
    if inferred and len(open_now) == 1:
        about = open_now[0].id
    for c in open_now:
        if c.id == about and c.state == "OPEN":
            asked_now = {
                "kind": "vote",
                "consultation": c.number,
                "question": c.title,
                "options": dict(c.options),
            }
            return {**asked_now, "inferred": True} if inferred else asked_now
    for c in public:
        if c.id == about:
            return {"kind": "publicity", "consultation": c.number, "question": c.title}
    return None


def _last_told(s: Session, handset: Handset) -> int | None:
    """The consultation this handset's newest SMS was about: a bare “1” answers the last question."""
    return s.scalar(
        select(func.coalesce(Broadcast.consultation_id, Delivery.about_id))
        .select_from(Delivery)
        .outerjoin(Broadcast, Broadcast.id == Delivery.broadcast_id)
        .where(Delivery.handset_id == handset.id, Delivery.channel == "sms")
        .where(or_(Broadcast.consultation_id.is_not(None), Delivery.about_id.is_not(None)))
        .where(Delivery.state.not_in(("planned", "claimed", "failed")))
        .order_by(Delivery.id.desc())
        .limit(1)
    )
