"""The states of a consultation and what moves it between them (domain.md §2), as one table.

State is a function of the clock and of stored facts: :func:`tick` acts on what is due, in the order it fell
due and with the time it fell due, so that a clock that was away loses nothing.
"""

from datetime import date, datetime, timedelta

from sqlalchemy import func, select, update
from sqlalchemy.orm import Session

from gateway import clock, text
from gateway.consultation import matters
from gateway.consultation.refusal import Refused
from gateway.models.answer import Objection
from gateway.models.area import Area
from gateway.models.consultation import IN_FORCE, Consultation, ConsultationEvent, Notice

# event → (states it may start from, state it leads to)
TABLE: dict[str, tuple[tuple[str, ...], str]] = {
    "announce": (("ACCEPTED",), "NOTICED"),
    "start": (("NOTICED",), "OPEN"),
    "close": (("OPEN",), "DRAFTED"),
    "publish": (("DRAFTED", "REVISED"), "PUBLICITY"),
    "object": (("PUBLICITY", "EXPLAINED"), "OBJECTED"),
    "explain": (("OBJECTED",), "EXPLAINED"),
    "take_effect": (("PUBLICITY", "EXPLAINED"), "EFFECTIVE"),
    "withdraw": (
        ("ACCEPTED", "NOTICED", "OPEN", "DRAFTED", "PUBLICITY", "OBJECTED", "EXPLAINED"),
        "WITHDRAWN",
    ),
}
# people may still be added to those asked; a matter withdrawn before anybody answered has no turnout
BEFORE = ("ACCEPTED", "NOTICED", "OPEN", "WITHDRAWN")
LONGEST_REASON = 60  # characters of why a matter is withdrawn: it goes into an SMS
# publicity is over: an objection now is late
AFTER = IN_FORCE


def allowed(c: Consultation) -> list[str]:
    """The events that could happen to it now."""
    return [event for event, (starts, _) in TABLE.items() if c.state in starts]


def history(s: Session, c: Consultation) -> list[ConsultationEvent]:
    return list(
        s.scalars(
            select(ConsultationEvent)
            .where(ConsultationEvent.consultation_id == c.id)
            .order_by(ConsultationEvent.id)
        )
    )


def _move(
    s: Session, c: Consultation, event: str, actor: str, reason: str = "", at: datetime | None = None
) -> bool:
    """Move and write it down. False when somebody else moved it first: the row is claimed, not looked at."""
    starts, target = TABLE[event]
    before = c.state
    if before not in starts:
        return False
    moved = s.execute(
        update(Consultation)
        .where(Consultation.id == c.id, Consultation.state == before)
        .values(state=target)
        .execution_options(synchronize_session=False)
    )
    s.refresh(c, ["state"])
    if not moved.rowcount:  # type: ignore[attr-defined]
        return False
    if before == "OPEN":
        c.voices = matters.voices(s, c)
    s.add(
        ConsultationEvent(
            consultation_id=c.id,
            event=event,
            from_state=before,
            to_state=target,
            actor=actor,
            reason=reason,
            created_at=at or clock.now(),
        )
    )
    s.flush()
    return True


def _must(s: Session, c: Consultation, event: str, actor: str, reason: str = "") -> None:
    if not _move(s, c, event, actor, reason):
        raise Refused(f"{c.number}号这一步已经过去了，请刷新页面看看", code="moved")


def _notice(s: Session, c: Consultation, stage: str, sms: str, voice: str, by: str) -> None:
    exists = select(Notice.id).where(
        Notice.consultation_id == c.id, Notice.stage == stage, Notice.round == c.round
    )
    if s.scalar(exists) is None:
        s.add(Notice(consultation_id=c.id, stage=stage, round=c.round, sms=sms, voice=voice, by=by))
        s.flush()


def announce(s: Session, c: Consultation, actor: str, at: datetime | None = None) -> None:
    """Tell everybody (policy step 2, 公示活动); it opens by itself when its opening time comes.

    Raises :class:`Refused` when it was announced already or its closing time is past.
    """
    now = at or clock.now()
    if c.closes_at and c.closes_at <= now:
        raise Refused("截止时间已经过去了，请先改截止日期", "closes_at")
    _must(s, c, "announce", actor)
    _notice(s, c, "notice", c.sms.get("notice", ""), c.voice.get("notice", ""), actor)
    if c.opens_at is None or c.opens_at <= now:
        _move(s, c, "start", "clock")


def close_early(s: Session, c: Consultation, actor: str, reason: str) -> None:
    """Stop gathering before the stated time; needs a reason, which is kept."""
    if len(reason.strip()) < 2:
        raise Refused("请写明为什么提前结束", "reason")
    _must(s, c, "close", actor, reason.strip())
    c.closes_at = clock.now()


def publish(
    s: Session, c: Consultation, *, result: str, sms: str, voice: str, until: datetime, actor: str
) -> None:
    """Publish the result and start the publicity period (policy step 4). Raises :class:`Refused`."""
    result = matters.bare_result(result)
    if not result:
        raise Refused("请写上协商结果", "result")
    if until <= clock.now():
        raise Refused("公示的截止时间要在以后", "until")
    if c.state == "OPEN":
        raise Refused("还在征集意见，请先结束征集", code="moved")
    area = s.get_one(Area, c.area_id)
    sms = matters.signed(area, sms) or matters.result_sms(c, area, result, until)
    voice = voice.strip() or matters.result_voice(c, area, result, until)
    matters.fits(sms, "sms")
    matters.fits(voice, "voice")
    _must(s, c, "publish", actor)
    c.result, c.publicity_ends_at, c.publicity_left, c.draft = result, until, None, {}
    c.sms, c.voice = {**c.sms, "result": sms}, {**c.voice, "result": voice}
    _notice(s, c, "result", sms, voice, actor)


def withdraw(s: Session, c: Consultation, actor: str, reason: str) -> None:
    """Take the matter back; needs a reason, which everybody who had been told of it hears. Raises :class:`Refused`."""
    why = matters.sentence(reason)
    if len(why) < 2:
        raise Refused("请写明为什么撤回", "reason")
    if len(why) > LONGEST_REASON:
        raise Refused(f"撤回的原因要告诉大家，最多{LONGEST_REASON}个字", "reason")
    told = c.state != "ACCEPTED"
    _must(s, c, "withdraw", actor, why)
    s.execute(
        update(Objection)
        .where(Objection.consultation_id == c.id, Objection.state.in_(("open", "explained")))
        .values(state="resolved", explanation=f"这件事撤回了：{why}", closed_at=clock.now())
    )
    if told:
        area = s.get_one(Area, c.area_id)
        sms, voice = matters.withdrawn_sms(c, area, why), matters.withdrawn_voice(c, area, why)
        _notice(s, c, "withdrawn", sms, voice, actor)


def why_withdrawn(s: Session, id: int) -> str:
    """The reason that was given for taking a consultation back."""
    events = select(ConsultationEvent.reason).where(ConsultationEvent.consultation_id == id)
    return s.scalar(events.where(ConsultationEvent.event == "withdraw")) or ""


def objected(s: Session, c: Consultation, actor: str) -> None:
    """An objection was opened: the countdown stops with what is left of it."""
    before, now = c.state, clock.now()
    if _move(s, c, "object", actor) and before in ("PUBLICITY", "EXPLAINED") and c.publicity_ends_at:
        c.publicity_left = max(0, int((c.publicity_ends_at - now).total_seconds()))


def explained(s: Session, c: Consultation, actor: str) -> None:
    """No objection is open any more: the countdown goes on with the days that remained. A period to the end of a day
    is longer by every day that began while it stood still, so that it ends with a day again: nobody can read
    “until 03:17” aloud. Another one ends at the minute."""
    if _move(s, c, "explain", actor):
        before, now = c.publicity_ends_at or clock.now(), clock.now()
        left, c.publicity_left = timedelta(seconds=c.publicity_left or 0), None
        zone = clock.village_zone()
        last = before.astimezone(zone).date()
        if before == clock.end_of_day(last, zone):
            still = now.astimezone(zone).date() - (before - left).astimezone(zone).date()
            c.publicity_ends_at = clock.end_of_day(last + still, zone)
        else:
            c.publicity_ends_at = now + left
        _say_instead(c, last, c.publicity_ends_at.astimezone(zone).date())


def _say_instead(c: Consultation, old: date, new: date) -> None:
    """Who asks for the result from now on is told the day it really ends on."""
    c.sms = {
        **c.sms,
        "result": str(c.sms.get("result", "")).replace(text.short_date(old), text.short_date(new)),
    }
    said = str(c.voice.get("result", ""))
    c.voice = {**c.voice, "result": said.replace(text.spoken_date(old), text.spoken_date(new))}


def tick(s: Session, now: datetime | None = None) -> list[int]:
    """Do what is due, oldest first; returns the ids of consultations that moved."""
    now = now or clock.now()
    moved: list[int] = []
    for c in s.scalars(
        select(Consultation)
        .where(Consultation.state == "NOTICED", Consultation.opens_at <= now)
        .order_by(Consultation.opens_at)
    ):
        if _move(s, c, "start", "clock", at=c.opens_at):
            moved.append(c.id)
    for c in s.scalars(
        select(Consultation)
        .where(Consultation.state == "OPEN", Consultation.closes_at < now)
        .order_by(Consultation.closes_at)
    ):
        if _move(s, c, "close", "clock", at=c.closes_at):
            moved.append(c.id)
    for c in s.scalars(
        select(Consultation).where(Consultation.voices.is_(None), Consultation.state.not_in(BEFORE))
    ):
        c.voices = matters.voices(s, c)  # it ended before this was written down
    # nothing open any more, and nobody moved it on: a matter must never wait for ever
    for c in s.scalars(select(Consultation).where(Consultation.state == "OBJECTED")):
        if _open_objections(s, c) == 0:
            explained(s, c, "clock")
            moved.append(c.id)
    for c in s.scalars(
        select(Consultation)
        .where(Consultation.state.in_(("PUBLICITY", "EXPLAINED")), Consultation.publicity_ends_at < now)
        .order_by(Consultation.publicity_ends_at)
    ):
        if _open_objections(s, c) == 0 and _move(s, c, "take_effect", "clock", at=c.publicity_ends_at):
            _tell_effective(s, c)
            moved.append(c.id)
    return moved


def took_effect(s: Session, c: Consultation) -> date | None:
    """From which day its result is in force; None before that, and where nobody wrote it down."""
    known = select(ConsultationEvent.id).where(
        ConsultationEvent.consultation_id == c.id, ConsultationEvent.event == "take_effect"
    )
    return matters.effective_day(c) if s.scalar(known.limit(1)) is not None else None


def _open_objections(s: Session, c: Consultation) -> int:
    open_ones = select(func.count()).select_from(Objection)
    return s.scalar(open_ones.where(Objection.consultation_id == c.id, Objection.state == "open")) or 0


def _tell_effective(s: Session, c: Consultation) -> None:
    area = s.get_one(Area, c.area_id)
    opposed = s.scalar(select(Objection.id).where(Objection.consultation_id == c.id).limit(1)) is not None
    sms = c.sms.get("effective") or matters.effective_sms(c, area, opposed=opposed)
    voice = c.voice.get("effective") or matters.effective_voice(c, area, opposed=opposed)
    c.sms, c.voice = {**c.sms, "effective": sms}, {**c.voice, "effective": voice}
    _notice(s, c, "effective", sms, voice, "clock")
