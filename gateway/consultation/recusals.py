"""Who has an interest in a matter stays out of deciding it: named, with the reason, on the matter itself (domain.md §5:
应回避人员). What such a person tries all the same is refused by :func:`lifecycle.decides`, and kept."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import clock
from gateway.consultation import guards, lifecycle
from gateway.consultation.refusal import Refused
from gateway.models.consultation import Consultation
from gateway.models.organizer import LEAD, RULE, Organizer
from gateway.models.participation import Recusal


def of(s: Session, c: Consultation) -> list[tuple[Recusal, Organizer]]:
    """Whom it concerns, oldest first, ended ones too."""
    found = select(Recusal, Organizer).join(Organizer, Organizer.id == Recusal.organizer_id)
    return [(r, o) for r, o in s.execute(found.where(Recusal.consultation_id == c.id).order_by(Recusal.id))]


def name(s: Session, c: Consultation, o: Organizer, reason: str, actor: str) -> Recusal:
    """Write down that this organizer stays out, and why. Raises :class:`Refused`."""
    if len(reason.strip()) < 2:
        raise Refused("请写明跟这件事有什么关系", "reason")
    if not o.may(LEAD, RULE):
        raise Refused("这个人在这件事上不作决定，不用回避", "organizer")
    s.execute(select(Consultation.id).where(Consultation.id == c.id).with_for_update())
    if guards.recused(s, c.id, o.id):
        raise Refused(f"{o.name}已经回避了", "organizer")
    made = Recusal(consultation_id=c.id, organizer_id=o.id, reason=reason.strip()[:200], by=actor)
    s.add(made)
    s.flush()
    lifecycle.record(
        s, c, "recuse", actor, before=c.state, to=c.state, reason=f"{o.name}：{made.reason}", evidence=f"organizer:{o.id}"
    )  # fmt: skip
    return made


def end(s: Session, c: Consultation, made: Recusal, reason: str, actor: str) -> None:
    """The interest is gone; nobody ends their own. Raises :class:`Refused`."""
    if actor == f"organizer:{made.organizer_id}":
        raise Refused("自己的回避不能自己取消", "end_reason")
    if len(reason.strip()) < 2:
        raise Refused("请写明为什么不用回避了", "end_reason")
    if made.ended_at is not None:
        raise Refused("已经取消过了", code="moved")
    made.ended_at, made.ended_by, made.end_reason = clock.now(), actor, reason.strip()[:200]
    lifecycle.record(s, c, "recusal_ended", actor, before=c.state, to=c.state, reason=made.end_reason)
