"""Matters handed up and down (policy III(2), 联动机制): a village hands one to the township, the township one to a village, each
with a reason and a day; whoever gets it takes it over or hands it back with theirs."""

from datetime import datetime, timedelta

from sqlalchemy import Select, delete, or_, select, update
from sqlalchemy.orm import Session

from gateway import clock, text
from gateway.consultation import lifecycle, matters, steps, texts
from gateway.consultation.catalogue import lead_of
from gateway.consultation.refusal import Refused
from gateway.models.area import ABOVE_VILLAGES, Area
from gateway.models.consultation import Consultation, ConsultationArea
from gateway.models.oversight import Referral

LONGEST = timedelta(days=90)  # of waiting for whether it is taken
BEFORE_TELLING = ("PROPOSED", "ACCEPTED")


def targets(s: Session, c: Consultation) -> list[Area]:
    """To whom its lead may hand it: the office above, and below the one place it asks, or any while nobody was told. What
    asks several villages stays above them (policy II(2))."""
    if c.state in lifecycle.OVER:
        return []
    led = s.get_one(Area, c.area_id)
    up = s.get(Area, led.parent_id) if led.parent_id else None
    found = [up] if up is not None and up.level in ABOVE_VILLAGES else []
    if led.level not in ABOVE_VILLAGES:
        return found
    below = select(Area).where(Area.path.startswith(led.path), Area.id != led.id).order_by(Area.path)
    asked = _asked(s, c)
    if c.state in BEFORE_TELLING and asked in ([], [led.id]):
        return [*found, *s.scalars(below.where(Area.level != "group"))]
    return [*found, *(a for a in s.scalars(below.where(Area.id.in_(asked))) if len(asked) == 1)]


def _asked(s: Session, c: Consultation) -> list[int]:
    return list(s.scalars(select(ConsultationArea.area_id).where(ConsultationArea.consultation_id == c.id)))


def of(s: Session, c: Consultation) -> list[Referral]:
    """All of one matter, newest first."""
    return list(
        s.scalars(select(Referral).where(Referral.consultation_id == c.id).order_by(Referral.id.desc()))
    )


def waiting(s: Session, c: Consultation) -> Referral | None:
    """The one that waits for an answer."""
    found = select(Referral).where(Referral.consultation_id == c.id, Referral.state == "waiting")
    return s.scalar(found.limit(1))


def between(area_ids: Select[int] | list[int]) -> Select[Referral]:
    """Those that these areas handed on or were handed."""
    return select(Referral).where(or_(Referral.from_id.in_(area_ids), Referral.to_id.in_(area_ids)))


def overdue(area_ids: Select[int] | list[int], now: datetime | None = None) -> Select[Referral]:
    """Those nobody answered by their day, longest first."""
    late = between(area_ids).where(Referral.state == "waiting", Referral.due_at < (now or clock.now()))
    return late.order_by(Referral.due_at, Referral.id)


def refer(s: Session, c: Consultation, actor: str, to_id: int, reason: str, due: datetime | None) -> Referral:
    """Hand it on. Until it is taken over it stays where it is. Raises :class:`Refused` naming the field."""
    to = next((a for a in targets(s, c) if a.id == to_id), None)
    if to is None:
        raise Refused("请选转给哪里", "to")
    if waiting(s, c) is not None:
        raise Refused(f"{c.number}号已经转出去了，等他们答复", code="moved")
    why = steps.sayable(reason, "转过去")
    if due is None or not clock.now() < due <= clock.now() + LONGEST:
        raise Refused(f"请写哪天以前答复，要在今天以后、{LONGEST.days}天以内", "due")
    made = Referral(consultation_id=c.id, from_id=c.area_id, to_id=to.id, reason=why, due_at=due, by=actor)
    s.add(made)
    s.flush()
    lifecycle.record(s, c, "refer", actor, before=c.state, to=c.state, reason=f"{to.name}：{why}")
    return made


def accept(s: Session, c: Consultation, r: Referral, actor: str) -> None:
    """Take it over: from now on this area leads and signs, has the days its state gives, and whoever was told of the matter
    hears so. Raises :class:`Refused`."""
    _fresh(s, c, r, actor)
    _claim(s, r, "accepted", actor)
    to = s.get_one(Area, r.to_id)
    c.area_id = to.id
    asked = _asked(s, c)
    if c.state in BEFORE_TELLING and len(asked) < 2 and to.level not in ABOVE_VILLAGES:
        s.execute(delete(ConsultationArea).where(ConsultationArea.consultation_id == c.id))
        s.add(ConsultationArea(consultation_id=c.id, area_id=to.id))
        s.info.get("area_ids", {}).pop(c.id, None)
        c.scope = "community" if to.level == "community" else "village"
        asked = [to.id]
    c.lead = lead_of(to, "villages" if to.level in ABOVE_VILLAGES else "group" if c.group else c.scope)
    if lifecycle.STATES[c.state].days:
        c.due_at = lifecycle.due(c, c.state, clock.now())
    lifecycle.record(s, c, "refer_accept", actor, before=c.state, to=c.state, reason=to.name)
    if c.state in BEFORE_TELLING:
        _sign(c, s.get_one(Area, r.from_id), to)
    if steps.were_told(s, c):
        sms, voice = texts.referred_sms(c, to), texts.referred_voice(c, to)
        steps.tell_again(s, c, "referred", sms, voice, actor)


def _sign(c: Consultation, before: Area, to: Area) -> None:
    """A notice that nobody has seen yet is signed by whoever sends it; words that somebody wrote stay."""
    assert c.closes_at is not None
    facts = (c.number, c.title, c.options, c.closes_at)
    words = text.without_signature(str(c.sms.get("notice", "")))
    own = c.sms.get("notice") == matters.default_sms(before, *facts)
    c.sms = {**c.sms, "notice": matters.default_sms(to, *facts) if own else matters.signed(to, words)}
    if c.voice.get("notice") == matters.default_voice(before, *facts):
        c.voice = {**c.voice, "notice": matters.default_voice(to, *facts)}


def send_back(s: Session, c: Consultation, r: Referral, actor: str, reason: str) -> None:
    """Not ours: it stays with whoever handed it on, and they read why. Raises :class:`Refused`."""
    why = steps.sayable(reason, "退回去", "answer")
    _fresh(s, c, r, actor)
    _claim(s, r, "returned", actor, why)
    lifecycle.record(s, c, "refer_return", actor, before=c.state, to=c.state, reason=why)


def take_back(s: Session, c: Consultation, r: Referral, actor: str) -> None:
    """Whoever handed it on thinks again, before it is answered."""
    _claim(s, r, "back", actor)
    lifecycle.record(s, c, "refer_back", actor, before=c.state, to=c.state)


def _fresh(s: Session, c: Consultation, r: Referral, actor: str) -> None:
    """Who handed it on can't be who takes it; and what is over is nobody's any more."""
    if r.by == actor and actor != "cli":
        raise Refused("转出去的人不能自己接，要由对方来接")
    if c.state in lifecycle.OVER:
        raise Refused(f"{c.number}号已经办完了", code="moved")


def _claim(s: Session, r: Referral, state: str, actor: str, answer: str = "") -> None:
    """Of two who answer at once, one is told no."""
    moved = s.execute(
        update(Referral)
        .where(Referral.id == r.id, Referral.state == "waiting")
        .values(state=state, answered_by=actor, answered_at=clock.now(), answer=answer)
        .execution_options(synchronize_session=False)
    )
    s.refresh(r)
    if not moved.rowcount:  # type: ignore[attr-defined]
        raise Refused("这次转办已经答复过了，请看看现在的样子", code="moved")
