"""Who has an interest in a matter stays out of deciding it: named, with the reason, on the matter itself (domain.md §5:
应回避人员). What such a person tries all the same is refused by :func:`lifecycle.decides`, and kept."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import clock
from gateway.consultation import guards, lifecycle, matters
from gateway.consultation.refusal import Refused
from gateway.models.consultation import Consultation
from gateway.models.organizer import LEAD, RULE, Organizer
from gateway.models.participation import Recusal
from gateway.models.person import Person
from gateway.people import segments


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


def residents(s: Session, c: Consultation) -> list[tuple[Recusal, Person]]:
    """The residents it concerns, oldest first, ended ones too."""
    found = select(Recusal, Person).join(Person, Person.id == Recusal.person_id)
    return [(r, p) for r, p in s.execute(found.where(Recusal.consultation_id == c.id).order_by(Recusal.id))]


def name_resident(s: Session, c: Consultation, p: Person, reason: str, actor: str) -> Recusal:
    """Write down that this resident does not vote, and why; what they chose before doesn't count. They still hear of the
    matter, and may speak and object. Raises :class:`Refused`: also once the result is out, which the count carries."""
    if len(reason.strip()) < 2:
        raise Refused("请写明跟这件事有什么关系", "reason")
    _count_is_open(c, "name")
    s.execute(select(Consultation.id).where(Consultation.id == c.id).with_for_update())
    if segments.stays_out(s, c.id, p.id):
        raise Refused(f"{p.name}已经回避了", "name")
    if not matters.may_answer(s, c, p, wait=True):  # waits for a vote that is being cast
        raise Refused(f"{p.name}在这件事上本来就不表态，不用回避", "name")
    before = matters.present_voices(s, c)
    made = Recusal(consultation_id=c.id, person_id=p.id, reason=reason.strip()[:200], by=actor)
    s.add(made)
    s.flush()
    _recount(s, c, before)
    # by number, not by name: the history is read by more people than the roster
    lifecycle.record(
        s, c, "recuse", actor, before=c.state, to=c.state, reason=f"一位居民：{made.reason}", evidence=f"person:{p.id}"
    )  # fmt: skip
    return made


def _count_is_open(c: Consultation, field: str) -> None:
    if c.state not in (*lifecycle.BEFORE, "DRAFTED", "REPORTED_TO_GOV", "NO_CONSENSUS"):
        raise Refused("结果已经公布或者上会了，票数不能再动；有问题可以提反对，或者请乡镇责令纠正", field)


def _recount(s: Session, c: Consultation, before: int) -> None:
    """Where the number of voices has been written down, it changes by this one's voice and by nobody else's."""
    if c.voices is not None:
        c.voices = max(0, c.voices + matters.present_voices(s, c) - before)


def end(s: Session, c: Consultation, made: Recusal, reason: str, actor: str) -> None:
    """The interest is gone; nobody ends their own. Raises :class:`Refused`."""
    if actor == f"organizer:{made.organizer_id}":
        raise Refused("自己的回避不能自己取消", "end_reason")
    if len(reason.strip()) < 2:
        raise Refused("请写明为什么不用回避了", "end_reason")
    if made.ended_at is not None:
        raise Refused("已经取消过了", code="moved")
    if made.person_id is not None:
        _count_is_open(c, "end_reason")
    before = matters.present_voices(s, c)
    made.ended_at, made.ended_by, made.end_reason = clock.now(), actor, reason.strip()[:200]
    s.flush()
    if made.person_id is not None:
        _recount(s, c, before)
    lifecycle.record(s, c, "recusal_ended", actor, before=c.state, to=c.state, reason=made.end_reason)
