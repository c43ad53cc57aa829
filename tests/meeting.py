"""A hearing on the village's road (11号), for tests of who comes, who speaks and who listens."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import clock, invitations
from gateway.consultation import matters, meetings
from gateway.models.consultation import Consultation
from gateway.models.outreach import Delivery
from gateway.models.participation import Invitation, Meeting, Participant
from gateway.models.person import Person
from gateway.runtime import Runtime
from tests.calls import Call
from tests.conftest import Resident


def matter(s: Session, number: int = 11) -> Consultation:
    found = matters.find(s, number)
    assert found
    return found


def person(s: Session, who: Resident | str) -> Person:
    name = who if isinstance(who, str) else who.name
    return s.scalars(select(Person).where(Person.name == name)).one()


def in_days(days: int, hour: int = 9) -> datetime:
    """Nine o'clock in the village, so many days from now."""
    day = clock.now().astimezone(clock.village_zone()) + timedelta(days=days)
    return day.replace(hour=hour, minute=0, second=0, microsecond=0)


def hearing(rt: Runtime, *whom: Resident, number: int = 11, **more: Any) -> int:
    """Plan one and invite these; returns its id. What invites them is sent as the outbox would have."""
    with rt.db.write() as s:
        c = matter(s, number)
        facts: dict[str, Any] = {
            "form": "hearing",
            "starts_at": in_days(3),
            "place": "村部会议室",
            "listen": True,
        }
        m = meetings.plan(s, c, **{**facts, **more})
        asked = [
            (meetings.invite(s, m, p), p) for p in (meetings.participant(s, c, person(s, w)) for w in whom)
        ]
        invitations.send(s, m, c, asked)
        made = m.id
    sent(rt)
    return made


def sent(rt: Runtime) -> list[Delivery]:
    """What waited to leave has left; returns it."""
    with rt.db.write() as s:
        found = list(s.scalars(select(Delivery).where(Delivery.state == "planned").order_by(Delivery.id)))
        for d in found:
            d.state, d.carrier_id, d.attempts = "delivered", f"X{d.id}", 1
        return found


def rung(rt: Runtime, d: Delivery, phone: str, sid: str) -> Call:
    """Pick up a call of ours."""
    return Call(rt, phone, sid, f"http://x/twilio/voice?d={d.id}&n=1")


def answer_of(rt: Runtime, who: Resident) -> tuple[str, bool, str]:
    """What is kept of somebody: answer, speaks, how."""
    with rt.db.read() as s:
        found = s.scalars(
            select(Invitation)
            .join(Participant, Participant.id == Invitation.participant_id)
            .where(Participant.person_id == person(s, who).id)
        ).first()
        return (found.answer, found.speaks, found.how) if found else ("", False, "")


def run(rt: Runtime, id: int, state: str = "running") -> Meeting:
    with rt.db.write() as s:
        m = s.get_one(Meeting, id)
        m.state = state
        return m
