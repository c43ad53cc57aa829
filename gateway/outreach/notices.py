"""Picks up what consultations want people to be told, and makes broadcasts of it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.models.area import Area
from gateway.models.consultation import GATHERING, Consultation, ConsultationArea, Notice
from gateway.models.outreach import Broadcast
from gateway.outreach import broadcasts
from gateway.outreach.audience import Audience
from gateway.settings import Settings


def pick_up(s: Session, settings: Settings) -> list[int]:
    """Start a broadcast for every notice that has none yet; returns the broadcasts' ids.

    Runs inside a write transaction; a notice gets exactly one broadcast because it is marked in the same one.
    """
    started = []
    waiting = select(Notice).where(Notice.broadcast_id.is_(None)).order_by(Notice.id)
    for notice in s.scalars(waiting.with_for_update(skip_locked=True)):
        c = s.get_one(Consultation, notice.consultation_id)
        b = broadcasts.create(
            s,
            area=s.get_one(Area, c.area_id),
            sms=notice.sms,
            voice=notice.voice,
            consultation_id=c.id,
            stage=notice.stage,
            by=notice.by,
            to=whom(s, c),
            fallback=c.rules.fallback,
        )
        notice.broadcast_id = b.id
        try:
            broadcasts.start(s, settings, b)
        except broadcasts.OverBudget:
            b.why = "budget"  # stays a draft, which the panel shows; somebody raises the budget and starts it
            continue
        started.append(b.id)
    return started


def rehearsal(s: Session, c: Consultation, stage: str, sms: str, voice: str) -> Broadcast:
    """The broadcast a notice would become, for a preview; it is not kept."""
    return Broadcast(
        area_id=c.area_id, consultation_id=c.id, stage=stage, channel="auto", sms=sms, voice=voice,
        audience=whom(s, c).to_json(), fallback=c.rules.fallback, call_hours=c.rules.call_hours,
    )  # fmt: skip


def stage_of(c: Consultation, standing: str = "") -> str:
    """Which stage a message about a consultation belongs to at its present state; one to those who have not
    answered yet is a reminder."""
    if c.state in ("ACCEPTED", "NOTICED", *GATHERING):
        return "reminder" if standing == "not_yet" else "notice"
    if c.state == "WITHDRAWN":
        return "withdrawn"
    return (
        "result" if c.state in ("DRAFTED", "REVISED", "PUBLICITY", "OBJECTED", "EXPLAINED") else "effective"
    )


def spoken(c: Consultation, stage: str) -> str:
    """What a call about a consultation says: the matter's own words, since it is answered by keys."""
    if stage in ("notice", "reminder"):
        return c.voice.get("notice") or c.title
    return c.voice.get(stage) or c.sms.get(stage) or c.sms.get("result") or c.title


def whom(s: Session, c: Consultation) -> Audience:
    """Everybody a consultation asks, and nobody else."""
    return Audience(areas=tuple(asked(s, c)), group=c.group, tag=c.tag, named=c.id if c.named else 0)


def asked(s: Session, c: Consultation) -> list[int]:
    """The areas a consultation asks."""
    return list(s.scalars(select(ConsultationArea.area_id).where(ConsultationArea.consultation_id == c.id)))


def of(s: Session, c: Consultation) -> list[Broadcast]:
    """What was sent about a consultation, oldest first."""
    return list(s.scalars(select(Broadcast).where(Broadcast.consultation_id == c.id).order_by(Broadcast.id)))
