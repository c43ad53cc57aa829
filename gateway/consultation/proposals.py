"""Proposals by anyone (policy II(4) step 1): raised by SMS, keypad, recording or on paper; taken up as a numbered matter,
merged into one, or declined; and the proposer hears which, and why."""

import re
from datetime import datetime, timedelta

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from gateway import clock, text
from gateway.consultation import lifecycle, matters, profiles
from gateway.consultation.refusal import Refused
from gateway.models.answer import Opinion
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.person import Person
from gateway.models.rules import Rules
from gateway.models.topic import Proposal

OPTIONS = {"1": "同意", "2": "不同意", "3": "没想好"}
WAITING = ("raised", "taken_up")


def raised(s: Session, opinion: Opinion) -> Proposal:
    """Something was proposed: it has to be decided within the days of the proposer's area."""
    person = s.get(Person, opinion.person_id) if opinion.person_id else None
    area = s.get(Area, person.area_id) if person else None
    rules = profiles.choose(s, area, "subject_requested") if area else Rules()
    made = Proposal(
        opinion_id=opinion.id, due_at=_due(opinion.created_at or clock.now(), rules.decide_days, area)
    )
    s.add(made)
    s.flush()
    return made


def _due(at: datetime, days: int, area: Area | None) -> datetime:
    zone = area.zone if area else clock.village_zone()
    return clock.end_of_day((at.astimezone(zone) + timedelta(days=days)).date(), zone)


def of(s: Session, c: Consultation) -> list[Proposal]:
    """What a matter came from."""
    found = select(Proposal).where(Proposal.consultation_id == c.id)
    return list(s.scalars(found.order_by(Proposal.id)))


def _claim(s: Session, p: Proposal, state: str, actor: str, **values: object) -> None:
    """Of two who decide at once, one is told no."""
    changed = s.execute(
        update(Proposal)
        .where(Proposal.id == p.id, Proposal.state.in_(WAITING), Proposal.state != state)
        .values(state=state, decided_by=actor, decided_at=clock.now(), **values)
        .execution_options(synchronize_session=False)
    )
    s.refresh(p)
    if not changed.rowcount:  # type: ignore[attr-defined]
        raise Refused("这条建议已经有人处理了", code="moved")
    if state != "taken_up":
        _done(s, p, actor)


def _done(s: Session, p: Proposal, actor: str) -> None:
    opinion = s.get_one(Opinion, p.opinion_id)
    opinion.done_at = clock.now()
    opinion.done_by = int(actor.split(":")[1]) if actor.startswith("organizer:") else None


def take_up(s: Session, p: Proposal, area: Area, title: str, actor: str) -> Consultation:
    """Make it a numbered matter in state PROPOSED, which the lead then accepts or declines. Raises :class:`Refused`."""
    opinion = s.get_one(Opinion, p.opinion_id)
    zone, now = area.zone, clock.now()
    days = profiles.choose(s, area, "subject_requested").open_days
    closes = clock.end_of_day((now.astimezone(zone) + timedelta(days=days)).date(), zone)
    who = f"resident:{opinion.person_id}" if opinion.person_id else "resident"
    c = matters.create(
        s, title=title, area=area, options=OPTIONS, opens_at=now, closes_at=closes, kind="subject_requested", by=actor,
        raised_by=who, raised_at=opinion.created_at,
    )  # fmt: skip
    _claim(s, p, "taken_up", actor, consultation_id=c.id)
    return c


def merge(s: Session, p: Proposal, c: Consultation, actor: str) -> None:
    """It is what another matter is about already."""
    if c.state in lifecycle.OVER:
        raise Refused(f"{c.number}号已经办完了，不能并过去", "number")
    _claim(s, p, "merged", actor, consultation_id=c.id)


def decline(s: Session, p: Proposal, reason: str, actor: str) -> None:
    """Not taken up; the proposer hears why (policy I(3): no 议而不决)."""
    why = matters.sentence(reason)
    if not 2 <= len(why) <= 60:
        raise Refused("请写明为什么不受理，六十个字以内，要告诉提的人", "reason")
    _claim(s, p, "declined", actor, reason=why)


def decide(s: Session, c: Consultation, actor: str, *, accept: bool, reason: str = "") -> list[Proposal]:
    """The lead accepts or declines a matter in PROPOSED; returns the proposals whose people are to be told."""
    lifecycle.must(s, c, "accept" if accept else "decline", actor, matters.sentence(reason))
    found = of(s, c)
    for p in found:
        if p.state == "taken_up":
            _claim(s, p, "accepted" if accept else "declined", actor, reason=matters.sentence(reason))
    return found


# what somebody writes to say that it is a proposal, in the languages that are read: no part of what they propose
_COMMAND = re.compile(
    r"^(?:[我俺咱]们?)?(?:想|要)?(?:提议(?:一?[下个件])?|(?:提案|倡议|建议|反映|提|propos(?:e|al)|제안)(?:一?[下个件])?新?"
    r"(?:事儿?|问题|情况|想法|建议|议题)?(?=[\s:：,，、.。]))[\s:：,，、.。\-—]*",
    re.IGNORECASE,
)
_MARKS = " \t\n“”\"'‘’《》「」:：,，、!！~～…"
_MOST_QUOTED = 20  # characters: it goes into an SMS


def quoted(words: str) -> str:
    """What somebody proposed as an answer to them quotes it: without the command it came with, and without marks at its
    ends that would stand beside ours; “” where nothing is left."""
    bare = _COMMAND.sub("", words.strip(_MARKS)).strip(_MARKS)
    return text.clip(matters.sentence(bare), _MOST_QUOTED)
