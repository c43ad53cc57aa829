"""Who may see and do what. Permission is the query: every list an organizer gets starts here."""

from datetime import timedelta
from typing import Any, TypeVar

from sqlalchemy import Select, or_, select
from sqlalchemy.orm import Session

from gateway import clock
from gateway.models.answer import FOR_WATCHERS, Objection, Opinion, Recording
from gateway.models.area import Area
from gateway.models.base import Base
from gateway.models.consultation import Consultation, ConsultationArea, ConsultationEvent
from gateway.models.organizer import RULE, Audit, Organizer
from gateway.models.outreach import Broadcast
from gateway.models.oversight import Referral
from gateway.models.person import Claim, Handset, Household, Person, PersonHandset

T = TypeVar("T", bound=Base)
INSPECT = "inspect"  # the event by which the supervision committee opens a matter
INSPECTION = timedelta(hours=12)  # how long a reason given holds: a working day


class NotVisible(Exception):
    """There is no such row for this organizer; whether it exists elsewhere is not said."""


class NotAllowed(Exception):
    """This role may look, not act."""


def areas(s: Session, o: Organizer) -> list[Area]:
    """The organizer's own area and everything below it, top first."""
    own = s.get_one(Area, o.area_id)
    return list(s.scalars(select(Area).where(Area.path.startswith(own.path)).order_by(Area.path)))


def area_ids(s: Session, o: Organizer) -> list[int]:
    return [a.id for a in areas(s, o)]


def _below(o: Organizer) -> Select[int]:
    """Sub-query of the organizer's area ids, so that a visible row is one statement."""
    own = select(Area.path).where(Area.id == o.area_id).scalar_subquery()
    return select(Area.id).where(Area.path.startswith(own))


def consultations(s: Session, o: Organizer) -> Select[Consultation]:
    """Led by, or asking people in, the organizer's areas; or handed to them: also what they
    handed back, with their answer."""
    asked = select(ConsultationArea.consultation_id).where(ConsultationArea.area_id.in_(_below(o)))
    handed = select(Referral.consultation_id).where(
        Referral.state.in_(("waiting", "returned")), Referral.to_id.in_(_below(o))
    )
    return select(Consultation).where(
        or_(Consultation.area_id.in_(_below(o)), Consultation.id.in_(asked), Consultation.id.in_(handed))
    )


def visible_areas(o: Organizer) -> Select[Area]:
    """The same as a query, to get one of them by its id."""
    return select(Area).where(Area.id.in_(_below(o)))


def people(s: Session, o: Organizer) -> Select[Person]:
    return select(Person).where(Person.area_id.in_(_below(o)))


def households(s: Session, o: Organizer) -> Select[Household]:
    return select(Household).where(Household.area_id.in_(_below(o)))


def claims(s: Session, o: Organizer) -> Select[Claim]:
    """Claims to live in the organizer's areas; those that name no known area go to whoever is at the top."""
    top = select(Area.id).where(Area.id == o.area_id, Area.parent_id.is_(None)).exists()
    return select(Claim).where(or_(Claim.area_id.in_(_below(o)), Claim.area_id.is_(None) & top))


def broadcasts(s: Session, o: Organizer) -> Select[Broadcast]:
    return select(Broadcast).where(Broadcast.area_id.in_(_below(o)))


def _handsets(o: Organizer) -> Select[int]:
    return (
        select(PersonHandset.handset_id)
        .join(Person, Person.id == PersonHandset.person_id)
        .where(Person.area_id.in_(_below(o)))
    )


def _said(o: Organizer, table: Any, s: Session) -> Any:
    """Words about a matter that the organizer's areas lead, or from a person or handset of theirs: who is merely asked
    in another's matter hears their own people only (domain §4, no retaliation)."""
    seen = select(Consultation.id).where(Consultation.area_id.in_(_below(o)))
    mine = select(Person.id).where(Person.area_id.in_(_below(o)))
    # on a handset shared with another village it matters who spoke; where nobody knows, whoever may ring back does
    unknown = table.person_id.is_(None) & table.handset_id.in_(_handsets(o))
    return or_(table.consultation_id.in_(seen), table.person_id.in_(mine), unknown)


def opinions(s: Session, o: Organizer) -> Select[Opinion]:
    """Opinions, proposals and call-back wishes; a stranger's words about no matter go to the top area."""
    top = select(Area.id).where(Area.id == o.area_id, Area.parent_id.is_(None)).exists()
    nobody = Opinion.consultation_id.is_(None) & Opinion.person_id.is_(None) & top
    staff = select(Organizer.id).where(Organizer.area_id.in_(_below(o)))
    at_the_office = Opinion.person_id.is_(None) & Opinion.handset_id.is_(None) & Opinion.entered_by.in_(staff)
    found = select(Opinion).where(or_(_said(o, Opinion, s), nobody, at_the_office))
    # what is meant for the supervision committee is heard by nobody whom it may be about
    if o.role != "supervision_member":
        return found.where(Opinion.kind != FOR_WATCHERS)
    return found.where(or_(Opinion.kind == FOR_WATCHERS, Opinion.consultation_id.in_(inspected(o))))


def objections(s: Session, o: Organizer) -> Select[Objection]:
    found = select(Objection).where(_said(o, Objection, s))
    return (
        found.where(Objection.consultation_id.in_(inspected(o))) if o.role == "supervision_member" else found
    )


def inspected(o: Organizer) -> Select[int]:
    """The matters that a member of the supervision committee has lately opened, giving a reason (policy III(2);
    domain.md §1 row 28): everything in these, and nothing single people said in others."""
    return select(ConsultationEvent.consultation_id).where(
        ConsultationEvent.event == INSPECT,
        ConsultationEvent.actor == f"organizer:{o.id}",
        ConsultationEvent.created_at > clock.now() - INSPECTION,
    )


def may_open(s: Session, o: Organizer, c: Consultation) -> bool:
    """Whether a visible matter may be opened now; the supervision committee gives its reason first."""
    if o.role != "supervision_member":
        return True
    return s.scalar(inspected(o).where(ConsultationEvent.consultation_id == c.id).limit(1)) is not None


def recordings(s: Session, o: Organizer) -> Select[Recording]:
    """Recordings that belong to something the organizer can see."""
    of_opinion = opinions(s, o).with_only_columns(Opinion.recording_id)
    of_objection = objections(s, o).with_only_columns(Objection.recording_id)
    of_claim = claims(s, o).with_only_columns(Claim.recording_id)
    return select(Recording).where(
        or_(Recording.id.in_(of_opinion), Recording.id.in_(of_objection), Recording.id.in_(of_claim))
    )


def handsets(s: Session, o: Organizer) -> Select[Handset]:
    return select(Handset).where(Handset.id.in_(_handsets(o)))


def get(s: Session, visible: Select[T], model: type[T], id: int) -> T:
    """The row with that id among the visible ones; raises :class:`NotVisible`."""
    row: T | None = s.scalar(visible.where(model.id == id))  # type: ignore[attr-defined, arg-type]
    if row is None:
        raise NotVisible
    return row


def act(
    s: Session, o: Organizer, verb: str, subject: str = "", area_id: int | None = None, details: str = ""
) -> None:
    """Record what an organizer does; raises :class:`NotAllowed` for roles that only look. No personal data."""
    if not o.acts:
        raise NotAllowed
    note(s, f"organizer:{o.id}", verb, subject, area_id or o.area_id, details)


def manage(s: Session, o: Organizer, verb: str, area: Area, details: str = "") -> None:
    """Record a change of an area's rules; raises :class:`NotAllowed` for all but officers and administrators."""
    if not o.may(RULE):
        raise NotAllowed
    note(s, f"organizer:{o.id}", verb, f"area:{area.id}", area.id, details)


def note(
    s: Session, actor: str, verb: str, subject: str = "", area_id: int | None = None, details: str = ""
) -> None:
    """Add to the record without asking for a role: what was looked at, or done on the command line."""
    s.add(Audit(actor=actor, area_id=area_id, verb=verb, subject=subject, details=details))
