"""“I am Wang Deshun from Niliu”: matched with the roster at once, or left for an organizer to decide."""

from sqlalchemy import select, update
from sqlalchemy.orm import Session

from gateway import clock
from gateway.models.area import Area
from gateway.models.organizer import Organizer
from gateway.models.person import Claim, Handset, Household, Person
from gateway.people.places import Places
from gateway.people.residents import GONE, connect, household_code, people_on


def area_named(s: Session, said: str) -> Area | None:
    """The area a resident means: its name with or without 村/社区, with its township before it or a group behind it;
    None when unclear."""
    if not said.strip():
        return None
    tree = list(s.scalars(select(Area)))
    return Places(tree).find(said, [a for a in tree if a.level in ("village", "community")])[0]


def _same_name(s: Session, name: str, area_id: int | None) -> list[Person]:
    found = select(Person).where(Person.name == name, Person.state.not_in(GONE))
    if area_id:
        found = found.where(Person.area_id == area_id)
    return list(s.scalars(found.order_by(Person.id)))


def claim(
    s: Session,
    phone: Handset,
    name: str,
    area_said: str,
    channel: str,
    *,
    area: Area | None = None,
    recording_id: int | None = None,
) -> Claim:
    """Record a claim. ``state`` says what became of it: accepted (rostered under that name on this
    handset) or waiting for an organizer.

    A name alone never takes over somebody's place: a handset the roster doesn't know waits, even
    when exactly one person of that name lives there, because caller and name can both be borrowed.
    Saying it twice gives the same claim.
    """
    name = name.replace(" ", "")
    area = area or area_named(s, area_said)
    here = [p for p in people_on(s, phone.id) if p.name == name and (not area or p.area_id == area.id)]
    person = here[0] if len(here) == 1 else None
    # a claim that is only a recording may be anybody's who shares the handset: each is one of its own
    before = s.scalar(
        select(Claim).where(Claim.handset_id == phone.id, Claim.name == name, Claim.state == "waiting")
    ) if name else None  # fmt: skip
    if before and not person:
        if recording_id:
            before.recording_id = recording_id
        if area:
            before.area_id, before.area_said = area.id, area_said[:40]  # they say more than the first time
        if before.channel == "roster":
            before.channel = channel  # somebody asks now, and gets to know what was decided
        return before
    made = before or Claim(handset_id=phone.id, name=name, channel=channel)
    made.area_said = area_said[:40]
    made.area_id = person.area_id if person else area.id if area else None
    made.recording_id = recording_id
    if person:
        made.person_id, made.state, made.decided_at = person.id, "accepted", clock.now()
        if person.state in ("rostered", "claimed"):
            person.state = "verified"
    else:
        same = _same_name(s, name, made.area_id) if name else []
        if len(same) == 1:
            made.person_id = same[0].id  # a suggestion for the organizer, not a decision
            made.area_id = made.area_id or same[0].area_id
    s.add(made)
    s.flush()
    return made


def on_roster(s: Session, name: str, area_id: int | None, group: str = "") -> list[Person]:
    """Everybody of exactly that name in one village (and group, where one is told)."""
    found = _same_name(s, name.replace(" ", ""), area_id) if name and area_id else []
    return [p for p in found if not group or p.group == group]


def likely(s: Session, made: Claim) -> list[Person]:
    """Roster people an organizer may have in mind: same name first, then the same surname and area."""
    first = _same_name(s, made.name, None) if made.name else []
    if made.area_id and made.name:
        near = s.scalars(
            select(Person)
            .where(Person.area_id == made.area_id, Person.name.startswith(made.name[:1]))
            .where(Person.state.not_in(GONE))
            .order_by(Person.name)
            .limit(20)
        )
        first += [p for p in near if p.id not in {q.id for q in first}]
    return first


def _take(s: Session, made: Claim, o: Organizer, state: str) -> bool:
    """Claim the decision: of two organizers deciding at once, one wins."""
    done = s.execute(
        update(Claim)
        .where(Claim.id == made.id, Claim.state == "waiting")
        .values(state=state, decided_by=o.id, decided_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    s.refresh(made)
    return bool(done.rowcount)  # type: ignore[attr-defined]


class AlreadyDecided(Exception):
    """Somebody else decided this claim first."""


def accept(
    s: Session, made: Claim, o: Organizer, person: Person | None, household: str = "", group: str = ""
) -> Person:
    """Believe the claim: connect the handset with ``person``, or with somebody new on the roster.

    Raises :class:`AlreadyDecided`; ValueError when somebody new has no area.
    """
    if person is None and made.area_id is None:
        raise ValueError("the claim names no area")
    if not _take(s, made, o, "accepted"):
        raise AlreadyDecided
    if person is None:
        assert made.area_id is not None
        home = household_code(s, made.area_id, household) if household else None
        if household and home is None:
            home = Household(area_id=made.area_id, code=household)
            s.add(home)
            s.flush()
        person = Person(
            area_id=made.area_id,
            name=made.name or "（未留名）",
            group=group,
            household_id=home.id if home else None,
            prefers="voice" if made.channel == "voice" else "sms",
        )
        s.add(person)
        s.flush()
        if home and home.delegate_id is None:
            home.delegate_id = person.id
    person.state = "verified"
    made.person_id = person.id
    connect(s, person, s.get_one(Handset, made.handset_id))
    return person


def reject(s: Session, made: Claim, o: Organizer) -> None:
    """Don't believe it; the resident may claim again. Raises :class:`AlreadyDecided`."""
    if not _take(s, made, o, "rejected"):
        raise AlreadyDecided
