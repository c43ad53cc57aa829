"""Picks up what consultations want people to be told, and makes broadcasts of it."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.models.area import Area
from gateway.models.consultation import Consultation, ConsultationArea, Notice
from gateway.models.outreach import Broadcast
from gateway.outreach import broadcasts


def pick_up(s: Session) -> list[int]:
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
        )
        broadcasts.start(s, b, asked(s, c), c.group)
        notice.broadcast_id = b.id
        started.append(b.id)
    return started


def asked(s: Session, c: Consultation) -> list[int]:
    """The areas a consultation asks."""
    return list(s.scalars(select(ConsultationArea.area_id).where(ConsultationArea.consultation_id == c.id)))


def of(s: Session, c: Consultation) -> list[Broadcast]:
    """What was sent about a consultation, oldest first."""
    return list(s.scalars(select(Broadcast).where(Broadcast.consultation_id == c.id).order_by(Broadcast.id)))
