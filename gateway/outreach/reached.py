"""How many homes a consultation's notices got through to, counted from the carrier's reports (policy II(2): 公示活动)."""

from typing import NamedTuple

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway.models.consultation import Consultation
from gateway.models.outreach import Broadcast, Delivery
from gateway.models.person import Person, PersonHandset
from gateway.outreach import aftermath, audience, notices

_HOME = func.coalesce(
    Person.household_id, -Person.id
)  # whoever lives alone as far as the roster knows is one


class Reach(NamedTuple):
    """Homes told, of all homes that were to be told."""

    told: int
    homes: int


def homes(s: Session, c: Consultation) -> dict[str, Reach]:
    """By stage of the notices that went out: a text that arrived, or a call that somebody heard."""
    asked = audience.people(s, notices.rehearsal(s, c, "", "", ""))
    found: dict[str, int] = dict(
        s.execute(
            select(Broadcast.stage, func.count(func.distinct(_HOME)))
            .join(Delivery, Delivery.broadcast_id == Broadcast.id)
            .join(PersonHandset, PersonHandset.handset_id == Delivery.handset_id)
            .join(Person, Person.id == PersonHandset.person_id)
            .where(Broadcast.consultation_id == c.id, Broadcast.stage != "", asked)
            .where(Delivery.state == "delivered", ~aftermath.NOT_HEARD)
            .group_by(Broadcast.stage)
        ).all()
    )
    if not found:
        return {}
    everybody = s.scalar(select(func.count(func.distinct(_HOME))).where(asked)) or 0
    return {stage: Reach(told, everybody) for stage, told in found.items()}
