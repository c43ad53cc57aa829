"""The verbs of the procedure: what an organizer, a resident or the clock does to a consultation, one function an event.

Each goes through :func:`lifecycle.move`; what people must be told of it is written as a notice in the same transaction.
"""

from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway import clock, text
from gateway.consultation import guards, matters, texts
from gateway.consultation.lifecycle import move, must
from gateway.consultation.refusal import Refused
from gateway.models.answer import Objection
from gateway.models.area import Area
from gateway.models.consultation import GATHERING, Consultation, ConsultationEvent, Notice

LONGEST_REASON = 60  # characters of why a matter is withdrawn: it goes into an SMS


def tell(s: Session, c: Consultation, stage: str, sms: str, voice: str, by: str) -> None:
    """What people are to hear at this stage: outreach picks it up, once a stage and round."""
    exists = select(Notice.id).where(
        Notice.consultation_id == c.id, Notice.stage == stage, Notice.round == c.round
    )
    if s.scalar(exists) is None:
        s.add(Notice(consultation_id=c.id, stage=stage, round=c.round, sms=sms, voice=voice, by=by))
        s.flush()


def tell_again(s: Session, c: Consultation, stage: str, sms: str, voice: str, by: str) -> None:
    """:func:`tell` for what may happen more than once in a round: each time is a stage of its own."""
    told = select(func.count()).where(Notice.consultation_id == c.id, Notice.stage.startswith(stage))
    n = s.scalar(told) or 0
    tell(s, c, f"{stage}{n + 1}" if n else stage, sms, voice, by)


def announce(s: Session, c: Consultation, actor: str, at: datetime | None = None) -> None:
    """Tell everybody (policy step 2, 公示活动); it opens by itself when its opening time comes.

    Raises :class:`Refused` when it was announced already or its closing time is past.
    """
    now = at or clock.now()
    if c.closes_at and c.closes_at <= now:
        raise Refused("截止时间已经过去了，请先改截止日期", "closes_at")
    must(s, c, "announce", actor)
    tell(s, c, "notice", c.sms.get("notice", ""), c.voice.get("notice", ""), actor)
    if c.opens_at is None or c.opens_at <= now:
        move(s, c, "start", "clock")


def close_early(s: Session, c: Consultation, actor: str, reason: str) -> None:
    """Stop gathering before the stated time; needs a reason, which is kept."""
    over = c.closes_at is not None and c.closes_at < clock.now()
    if len(reason.strip()) < 2 and not over:
        raise Refused("请写明为什么提前结束", "reason")
    must(s, c, "close", actor, reason.strip())
    if not over:
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
    if c.state in GATHERING:
        raise Refused("还在征集意见，请先结束征集", code="moved")
    if until < clock.now() + timedelta(days=c.rules.least_publicity_days - 1):
        raise Refused(f"本地办法规定至少公示{c.rules.least_publicity_days}天", "until")
    area = s.get_one(Area, c.area_id)
    sms = matters.signed(area, sms) or texts.result_sms(c, area, result, until)
    voice = voice.strip() or texts.result_voice(c, area, result, until)
    matters.fits(sms, "sms")
    matters.fits(voice, "voice")
    if (rule := guards.owners_agreed(s, c, result)) is not None:
        raise Refused(rule.said, "result", rule.code)
    again = guards.happened(s, c, "publish") is not None
    settled = _why_again(s, c)
    must(s, c, "publish", actor)
    if again:  # a changed result is published anew, for the full time (domain.md §2)
        c.round += 1
        settle_all(s, c, settled)
    c.result, c.publicity_ends_at, c.publicity_left, c.draft = result, until, None, {}
    c.sms, c.voice = {**c.sms, "result": sms}, {**c.voice, "result": voice}
    tell(s, c, "result", sms, voice, actor)


def settle_all(s: Session, c: Consultation, words: str) -> list[Objection]:
    """End every objection of earlier rounds with a sentence; returns them, so that the door can tell their people."""
    found = s.scalars(
        select(Objection).where(Objection.consultation_id == c.id, Objection.state.in_(("open", "explained")))
    ).all()
    for objection in found:
        objection.state, objection.closed_at = "resolved", clock.now()
        objection.explanation = objection.explanation or matters.stopped(words)
    return list(found)


def _why_again(s: Session, c: Consultation) -> str:
    """What became of the objections to the result before, in a sentence for their people."""
    changed = [e for e in (guards.happened(s, c, name) for name in ("amend", "revise")) if e is not None]
    agreed = guards.happened(s, c, "pass")
    if changed and (agreed is None or changed[-1].id > agreed.id):
        return f"方案改了：{max(changed, key=lambda e: e.id).reason}"
    return "开会表决过了，按会上定的办"


def withdraw(s: Session, c: Consultation, actor: str, reason: str) -> None:
    """Take the matter back; needs a reason, which everybody who had been told of it hears. Raises :class:`Refused`."""
    why = sayable(reason, "撤回")
    told = were_told(s, c)
    must(s, c, "withdraw", actor, why)
    settle_all(s, c, f"这件事撤回了：{why}")
    if told:
        area = s.get_one(Area, c.area_id)
        sms, voice = texts.withdrawn_sms(c, area, why), texts.withdrawn_voice(c, area, why)
        tell(s, c, "withdrawn", sms, voice, actor)


def sayable(reason: str, what: str, field: str = "reason") -> str:
    """A reason as it goes into an SMS to everybody. Raises :class:`Refused`."""
    why = matters.sentence(reason)
    if len(why) < 2:
        raise Refused(f"请写明为什么{what}", field)
    if len(why) > LONGEST_REASON:
        raise Refused(f"{what}的原因要告诉大家，最多{LONGEST_REASON}个字", field)
    return why


def why_withdrawn(s: Session, id: int) -> str:
    """The reason that was given for taking a consultation back."""
    events = select(ConsultationEvent.reason).where(ConsultationEvent.consultation_id == id)
    return s.scalar(events.where(ConsultationEvent.event == "withdraw")) or ""


def were_told(s: Session, c: Consultation) -> bool:
    """Whether people have heard of it: only then have they to hear that it stops."""
    return c.state not in ("PROPOSED", "ACCEPTED") and guards.happened(s, c, "announce") is not None


# ---- talking ------------------------------------------------------------------------------------


def hear(s: Session, c: Consultation, actor: str, *, small: bool = False, evidence: str = "") -> None:
    """Go into a hearing or special council (policy II(4)), or with ``small`` into a talk with those it is about
    (policy II(3)). Answers go on being counted until the stated close."""
    must(s, c, "talk" if small else "hear", actor, evidence=evidence)


def keep_minutes(s: Session, c: Consultation, actor: str, minutes: str, evidence: str = "") -> None:
    """What was said there; without it nobody gets on. Once gathering is over that also closes it."""
    must(s, c, "minutes", actor, minutes.strip(), evidence)
    if not c.open_for_answers:
        move(s, c, "close", actor)


def report(s: Session, c: Consultation, actor: str, words: str = "", evidence: str = "") -> None:
    """Hand the outcome to the government body that asked for it (policy II(5))."""
    must(s, c, "report", actor, words.strip(), evidence)


def no_agreement(s: Session, c: Consultation, actor: str, reason: str) -> None:
    """Say that it could not be agreed on: an assembly decides (policy II(4))."""
    must(s, c, "no_agreement", actor, reason.strip())


# ---- stopping and going on ----------------------------------------------------------------------


def suspend(s: Session, c: Consultation, actor: str, reason: str) -> None:
    """Stop for a while; every countdown stands still, and whoever was told hears why."""
    why = sayable(reason, "暂停")
    before, now = c.state, clock.now()
    if before in ("PUBLICITY", "EXPLAINED") and c.publicity_ends_at:
        c.publicity_left = max(0, int((c.publicity_ends_at - now).total_seconds()))
    must(s, c, "suspend", actor, why)
    c.resumes = before
    if were_told(s, c):
        area = s.get_one(Area, c.area_id)
        tell_again(s, c, "suspended", texts.suspended_sms(c, area, why), texts.suspended_voice(c, area, why), actor)  # fmt: skip


def resume(s: Session, c: Consultation, actor: str) -> None:
    """Go on where it stopped; every moment that was still to come is later by the time it stood still."""
    stopped = guards.happened(s, c, "suspend")
    since = stopped.created_at if stopped else clock.now()
    must(s, c, "resume", actor)
    c.resumes = ""
    for name in ("opens_at", "closes_at", "publicity_ends_at"):
        moment = getattr(c, name)
        if moment is not None and moment > since:
            setattr(c, name, later(moment, since, clock.now(), c.zone))
    if c.state != "OBJECTED":
        c.publicity_left = None
    if were_told(s, c):
        area = s.get_one(Area, c.area_id)
        tell_again(s, c, "resumed", texts.resumed_sms(c, area), texts.resumed_voice(c, area), actor)


def later(moment: datetime, since: datetime, now: datetime, zone: ZoneInfo) -> datetime:
    """A moment put off by the time that stood still from ``since`` to ``now``. One at the end of a day is put off by
    every day that began meanwhile, so that it ends with a day again: nobody can read “until 03:17” aloud."""
    last = moment.astimezone(zone).date()
    if moment == clock.end_of_day(last, zone):
        return clock.end_of_day(last + (now.astimezone(zone).date() - since.astimezone(zone).date()), zone)
    return moment + (now - since)


# ---- objections and effect ----------------------------------------------------------------------


def objected(s: Session, c: Consultation, actor: str) -> None:
    """An objection was opened: the countdown stops with what is left of it."""
    before, now = c.state, clock.now()
    open_ones = select(func.count()).where(Objection.consultation_id == c.id, Objection.state == "open")
    if (s.scalar(open_ones) or 0) < guards.objections_that_stop(c):
        return
    if move(s, c, "object", actor) and before in ("PUBLICITY", "EXPLAINED") and c.publicity_ends_at:
        c.publicity_left = max(0, int((c.publicity_ends_at - now).total_seconds()))


def explained(s: Session, c: Consultation, actor: str) -> None:
    """No objection is open any more: the countdown goes on with the days that remained. A period to the end of a day
    ends with a day again, another one at the minute (:func:`later`)."""
    if move(s, c, "explain", actor):
        before, now = c.publicity_ends_at or clock.now(), clock.now()
        since, c.publicity_left = before - timedelta(seconds=c.publicity_left or 0), None
        c.publicity_ends_at = later(before, since, now, c.zone)
        zone = c.zone
        say_instead(c, before.astimezone(zone).date(), c.publicity_ends_at.astimezone(zone).date())


def say_instead(c: Consultation, old: date, new: date) -> None:
    """Who asks for the result from now on is told the day it really ends on."""
    c.sms = {
        **c.sms,
        "result": str(c.sms.get("result", "")).replace(text.short_date(old), text.short_date(new)),
    }
    said = str(c.voice.get("result", ""))
    c.voice = {**c.voice, "result": said.replace(text.spoken_date(old), text.spoken_date(new))}


def took_effect(s: Session, c: Consultation) -> date | None:
    """From which day its result is in force; None before that, and where nobody wrote it down."""
    happened = guards.happened(s, c, "take_effect")
    return matters.effective_day(c) if happened is not None else None


def tell_effective(s: Session, c: Consultation) -> None:
    area = s.get_one(Area, c.area_id)
    opposed = s.scalar(select(Objection.id).where(Objection.consultation_id == c.id).limit(1)) is not None
    sms = c.sms.get("effective") or texts.effective_sms(c, area, opposed=opposed)
    voice = c.voice.get("effective") or texts.effective_voice(c, area, opposed=opposed)
    c.sms, c.voice = {**c.sms, "effective": sms}, {**c.voice, "effective": voice}
    tell(s, c, "effective", sms, voice, "clock")
