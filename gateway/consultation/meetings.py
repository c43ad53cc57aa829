"""Meetings of a consultation: planned, told, answered, held; who is invited, who comes, who speaks, who may listen.

Meetings are one of the forms of policy II(3); a hearing or a special council (II(4)) moves the matter through the
lifecycle when it begins and when its minutes are kept.
"""

import secrets
from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session, object_session

from gateway import clock, text
from gateway.consultation import lifecycle, matters, steps, texts
from gateway.consultation.refusal import Refused
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.meeting import Assembly
from gateway.models.participation import FORMS, RESPECTED, SUBJECTS, Invitation, Meeting, Participant
from gateway.models.person import Person
from gateway.people.residents import Resident

LONGEST_PLACE = 20  # characters: it goes into one SMS with everything else
_OVER_AFTER = timedelta(hours=12)  # a meeting nobody closed is no longer offered to callers
STAGE = "meeting:"  # begins the stage of a notice, and the subject of a single message, that invites to one


def plan(
    s: Session, c: Consultation, *, form: str, starts_at: datetime, place: str, listen: bool = False,
    everybody: bool = False, by: str = "cli",
) -> Meeting:  # fmt: skip
    """A meeting to come. Raises :class:`Refused` naming the field that won't do."""
    made = Meeting(consultation_id=c.id, room=secrets.token_hex(8), by=by)
    _fill(made, form, starts_at, place, listen, everybody)
    s.add(made)
    s.flush()
    return made


def _fill(m: Meeting, form: str, starts_at: datetime, place: str, listen: bool, everybody: bool) -> None:
    if form not in FORMS:
        raise Refused("请选哪一种会", "form")
    if starts_at <= clock.now():
        raise Refused("时间要在以后", "starts_at")
    place = place.strip()
    if not place or len(place) > LONGEST_PLACE:
        raise Refused(f"请写在哪儿，不超过{LONGEST_PLACE}个字", "place")
    m.form, m.starts_at, m.place, m.listen, m.everybody = form, starts_at, place, listen, everybody


def of(s: Session, c: Consultation) -> list[Meeting]:
    """The meetings of a consultation, soonest first."""
    found = select(Meeting).where(Meeting.consultation_id == c.id)
    return list(s.scalars(found.order_by(Meeting.starts_at, Meeting.id)))


# ---- who takes part ------------------------------------------------------------------------------


def participant(
    s: Session, c: Consultation, person: Person | Resident, subject: str = "", tags: Iterable[str] = ()
) -> Participant:
    """This resident as somebody who takes part; made when they aren't yet."""
    found = s.scalar(
        select(Participant).where(Participant.consultation_id == c.id, Participant.person_id == person.id)
    )
    if found is None:
        known = s.get_one(Person, person.id)
        own = "registered_residents" if known.registered else "non_registered_reps"
        found = Participant(consultation_id=c.id, person_id=person.id, subject=subject or own)
        s.add(found)
    found.subject = subject or found.subject
    found.tags = sorted({*(found.tags or ()), *tags})
    _check(found)
    s.flush()
    return found


def guest(
    s: Session, c: Consultation, name: str, subject: str, handset_id: int | None = None, tags: Iterable[str] = ()
) -> Participant:  # fmt: skip
    """Somebody from outside the roster: an office, a firm, an expert. Raises :class:`Refused`."""
    if len(name.strip()) < 2 or len(name) > 40:
        raise Refused("请写上是谁，不超过四十个字", "name")
    made = Participant(
        consultation_id=c.id,
        name=name.strip(),
        subject=subject,
        handset_id=handset_id,
        tags=sorted(set(tags)),
    )
    _check(made)
    s.add(made)
    s.flush()
    return made


def _check(p: Participant) -> None:
    if p.subject not in SUBJECTS:
        raise Refused("请选他代表哪一方", "subject")
    if set(p.tags) - set(RESPECTED):
        raise Refused("没有这一种身份", "tags")


def invite(s: Session, m: Meeting, p: Participant) -> Invitation:
    """Ask a participant to come; again is fine."""
    return _invitation(s, m, p, asked=True)


def _invitation(s: Session, m: Meeting, p: Participant, *, asked: bool = False) -> Invitation:
    found = s.scalar(
        select(Invitation).where(Invitation.meeting_id == m.id, Invitation.participant_id == p.id)
    )
    if found is None:
        found = Invitation(meeting_id=m.id, participant_id=p.id, answer="", how="", speaks=False)
        s.add(found)
    found.asked = bool(found.asked or asked)
    s.flush()
    return found


def invited(s: Session, m: Meeting) -> list[tuple[Invitation, Participant]]:
    """Who was asked or came forward, in that order."""
    found = select(Invitation, Participant).join(Participant, Participant.id == Invitation.participant_id)
    return [(i, p) for i, p in s.execute(found.where(Invitation.meeting_id == m.id).order_by(Invitation.id))]


def may_come(s: Session, m: Meeting, c: Consultation, person: Person | Resident) -> bool:
    """Whether somebody may come, speak and listen: those a matter concerns, and those who were invited."""
    if matters.concerns(s, c, person):
        return True
    return _mine(s, m, [person.id]) is not None


def _mine(s: Session, m: Meeting, people: list[int], handset_id: int | None = None) -> Invitation | None:
    """The invitation of one of these people, or of the guest with this handset."""
    whose: Any = Participant.person_id.in_(people)
    if handset_id is not None:
        whose = or_(whose, Participant.handset_id == handset_id)
    found = select(Invitation).join(Participant, Participant.id == Invitation.participant_id)
    return s.scalar(found.where(Invitation.meeting_id == m.id, whose).order_by(Invitation.id).limit(1))


def own(s: Session, m: Meeting, person: Person | Resident | None, handset_id: int) -> Invitation | None:
    """The invitation of whoever speaks: this person, or a guest known by the handset."""
    return _mine(s, m, [person.id] if person else [], None if person else handset_id)


def answer(
    s: Session, m: Meeting, c: Consultation, person: Person | Resident | None, handset_id: int, *, comes: bool,
    speaks: bool = False, how: str,
) -> Invitation:  # fmt: skip
    """Keep whether somebody comes, and whether they will speak; the newest answer counts.

    Raises :class:`Refused` with code ``over`` (held, cancelled) or ``stranger``.
    """
    if not m.coming:
        raise Refused("这个会已经开过了，或者不开了", code="over")
    if person is not None:
        if not may_come(s, m, c, person):
            raise Refused("这件事没有涉及您登记的村组", code="stranger")
        found = _invitation(s, m, participant(s, c, person))
    else:
        mine = _mine(s, m, [], handset_id)
        if mine is None:
            raise Refused("请先登记", code="stranger")
        found = mine
    found.answer, found.how, found.answered_at = ("yes" if comes else "no"), how, clock.now()
    found.speaks = comes and m.kind.hearing and (speaks or found.speaks)
    s.flush()
    return found


def coming_for(s: Session, people: list[Person] | list[Resident], handset_id: int) -> list[tuple[Meeting, Consultation]]:  # fmt: skip
    """The meetings that these people (or the guest with this handset) may come to, soonest first."""
    since = clock.now() - _OVER_AFTER
    rows = s.execute(
        select(Meeting, Consultation)
        .join(Consultation, Consultation.id == Meeting.consultation_id)
        .where(Meeting.state.in_(("planned", "running")), Meeting.starts_at > since)
        .where(Consultation.state.not_in(lifecycle.OVER))
        .order_by(Meeting.starts_at, Meeting.id)
    ).all()
    found = []
    for m, c in rows:
        if any(_is_for(s, m, c, p) for p in people) or _mine(s, m, [], handset_id) is not None:
            found.append((m, c))
    return found


def _is_for(s: Session, m: Meeting, c: Consultation, person: Person | Resident) -> bool:
    """A hearing is open to whoever it concerns; to a talk or a visit come those who were asked."""
    if m.everybody or m.kind.hearing:
        return may_come(s, m, c, person)
    return _mine(s, m, [person.id]) is not None


# ---- holding it --------------------------------------------------------------------------------


def begin(s: Session, m: Meeting, c: Consultation, actor: str) -> None:
    """It begins. A hearing or a small talk is a step of the matter's own (policy II(4), II(3)). Raises :class:`Refused`."""
    if m.state != "planned":
        raise Refused("这个会已经开了，或者不开了", code="moved")
    m.state, m.began_at = "running", clock.now()
    kind = m.kind
    event = "hear" if kind.hearing else "talk" if kind.small else ""
    if event and event in lifecycle.allowed(c):
        steps.hear(s, c, actor, small=kind.small, evidence=f"meeting:{m.id}")
    s.flush()


def keep_minutes(
    s: Session, m: Meeting, c: Consultation, actor: str, minutes: str, attendance: int | None
) -> None:
    """It is over: what was said, and how many were there. Raises :class:`Refused`."""
    if m.state not in ("planned", "running", "held"):
        raise Refused("这个会没有开", code="moved")
    if m.state == "planned" and m.starts_at > clock.now():
        raise Refused("还没到开会的时间", "minutes")
    if len(minutes.strip()) < 2:
        raise Refused("请写上会上谁说了什么，怎么定的", "minutes")
    if m.state == "planned":
        begin(s, m, c, actor)
    m.minutes, m.attendance, m.state, m.ended_at = (
        minutes.strip(),
        attendance,
        "held",
        m.ended_at or clock.now(),
    )
    if (m.kind.hearing or m.kind.small) and "minutes" in lifecycle.allowed(c):
        steps.keep_minutes(s, c, actor, f"{m.kind.name}：{minutes.strip()}", f"meeting:{m.id}")
    s.flush()


def cancel(s: Session, m: Meeting) -> list[tuple[Invitation, Participant]]:
    """It will not be held; returns who said that they come, or hadn't answered: they must be told. Raises :class:`Refused`."""
    if m.state != "planned":
        raise Refused("这个会已经开了，或者不开了", code="moved")
    m.state = "cancelled"
    return [(i, p) for i, p in invited(s, m) if i.answer != "no"]


# ---- words ---------------------------------------------------------------------------------------


def _local(m: Meeting | Assembly) -> datetime:
    s = object_session(m)
    c = s.get(Consultation, m.consultation_id) if s is not None else None
    return m.starts_at.astimezone(c.zone if c is not None else clock.village_zone())


def when(m: Meeting | Assembly, language: str = "zh-CN") -> str:
    """“12月3日上午9点” as an SMS has it."""
    local = _local(m)
    between = "" if language.startswith("zh") else " "
    return f"{text.written_day(local.date(), language)}{between}{text.time_of_day(local, language)}"


def spoken_when(m: Meeting, language: str = "zh-CN") -> str:
    """The same as a call says it."""
    local = _local(m)
    between = "" if language.startswith("zh") else " "
    time = text.spoken_time(local) if language.startswith("zh") else text.time_of_day(local, language)
    return f"{text.spoken_day(local.date(), language)}{between}{time}"


def invitation_sms(m: Meeting, c: Consultation, area: Area) -> str:
    """The invitation, in one SMS where title and place allow it."""
    speak = "，想发言回“听证”" if m.kind.hearing else ""
    return f"{area.signed}请您参加{c.number}号{m.kind.name}：{when(m)}，{m.place}。回1参加，回2不参加{speak}"


def invitation_voice(m: Meeting, c: Consultation, area: Area) -> str:
    """The words of a call that can't ask (the script speaks the question itself)."""
    return (
        f"{texts.greeting(area)}{text.spoken_ordinal_matter(c.number)}事，{c.title}，请您参加{m.kind.name}。"
        f"（停一秒）{spoken_when(m)}，在{m.place}。"
    )


def cancelled_sms(m: Meeting, c: Consultation, area: Area) -> str:
    return f"{area.signed}{c.number}号{m.kind.name}（{when(m)}）不开了，您不用来。改期再告诉您"


def cancelled_voice(m: Meeting, c: Consultation, area: Area) -> str:
    return f"{texts.greeting(area)}{text.spoken_ordinal_matter(c.number)}事的{m.kind.name}，原定{spoken_when(m)}，不开了，您不用来。改期再告诉您。"
