"""Choices on an open matter: one voice per person, household or owner; the last before closing counts."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import and_, select
from sqlalchemy.orm import Session, aliased

from gateway import clock
from gateway.consultation import matters, receipts
from gateway.consultation.glance import Matter
from gateway.consultation.refusal import Refused
from gateway.models.answer import Ballot, BallotLog
from gateway.models.consultation import GATHERING, Consultation
from gateway.models.person import Household, Person
from gateway.people.residents import Resident
from gateway.prepared import Prepared, Sql, given

FEW = 5  # no breakdown under five persons (domain.md §4)


@dataclass
class Tally:
    """What a consultation's answers add up to, one voice a unit."""

    counts: dict[str, int]
    units: int  # voices counted
    eligible: int  # voices there could be
    by_channel: dict[str, int] = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)  # households whose members chose differently
    area_agreed: dict[str, float] = field(default_factory=dict)  # owners: square metres by option


class Choice(NamedTuple):
    """A person's present choice, as far as an answer needs it. ``delegate``: the name of whoever's answer counts for
    the household instead (see :func:`tally`); None where each person counts, or this one is the delegate."""

    option: str | None
    channel: str | None
    receipt: str
    paper: str | None
    delegate: str | None = None


def _present(sql: Sql) -> Any:
    other = aliased(Person)
    represented = and_(Household.id == Person.household_id, Household.delegate_id != Person.id)
    mine = and_(Ballot.person_id == Person.id, Ballot.consultation_id == given("consultation_id"))
    return (
        select(Ballot.option, Ballot.channel, Ballot.receipt, Ballot.paper, other.name.label("delegate"))
        .select_from(Person)
        .outerjoin(Ballot, mine)
        .outerjoin(Household, represented)
        .outerjoin(other, other.id == Household.delegate_id)
        .where(Person.id == given("person_id"))
    )


_PRESENT = Prepared(_present, Choice)
_LOG: Prepared[Any] = Prepared(lambda sql: sql.insert(BallotLog))


@Prepared
def _PUT(sql: Sql) -> Any:
    put = sql.insert(Ballot)
    fresh = ("household_id", "option", "channel", "receipt", "entered_by", "paper", "proxy_id")
    changed = {name: put.excluded[name] for name in fresh} | {"changed_at": put.excluded.created_at}
    return put.on_conflict_do_update(index_elements=["consultation_id", "person_id"], set_=changed)


def may_be_broken_down(c: Consultation, tally: Tally) -> bool:
    """Whether everybody may see how many chose what: not of a secret matter, and not of so few that whoever knows the
    others could tell how each of them chose (domain.md §4)."""
    return not c.sensitive and tally.units >= FEW


def cast(
    s: Session,
    c: Consultation | Matter,
    person: Person | Resident,
    option: str,
    channel: str,
    *,
    by: int | None = None,
    paper: str = "",
    proxy: int | None = None,
) -> Choice:
    """Record or replace a person's choice; the ballot carries a fresh receipt when the choice is new. ``proxy``: who
    answers for them (see :mod:`gateway.consultation.proxies`, which knows whether they may).

    Raises :class:`Refused` with code ``closed``, ``not_yet``, ``option``, ``stranger`` or ``unverified``.
    """
    now = clock.now()
    # state is a function of the clock: a late tick must not let a late answer in
    if c.state in GATHERING and c.closes_at and now > c.closes_at:
        raise Refused(f"{c.number}号已经截止了", code="closed")
    if c.state in ("ACCEPTED", "NOTICED") and not (
        c.state == "NOTICED" and c.opens_at and c.opens_at <= now and (not c.closes_at or now <= c.closes_at)
    ):
        raise Refused(f"{c.number}号还没开始征集", code="not_yet")
    if c.state not in (*GATHERING, "NOTICED"):
        raise Refused(f"{c.number}号已经截止了", code="closed")
    if option not in c.options:
        raise Refused(f"{c.number}号没有“{option}”这个选项", "option", code="option")
    # an SMS and a call from one person may come at once: the second waits for the first
    if not matters.may_answer(s, c, person, wait=True):
        raise Refused("这件事不在您这边表决", code="stranger")
    if person.state not in ("verified", "rostered"):
        raise Refused("您的登记还没核对好", code="unverified")
    present = _PRESENT.all(s, consultation_id=c.id, person_id=person.id)[0]
    if c.unit == "person":
        present = present._replace(delegate=None)
    if (present.option, present.channel, present.paper) == (option, channel, paper):
        return present  # said twice: same receipt, nothing new happened
    receipt = receipts.mint(s, "ballot", c.id, person.id)
    row = {
        "consultation_id": c.id,
        "person_id": person.id,
        "option": option,
        "channel": channel,
        "receipt": receipt,
        "entered_by": by,
        "paper": paper,
        "proxy_id": proxy,
        "created_at": now,
    }
    _PUT.all(s, **row, household_id=person.household_id, changed_at=None)
    _LOG.all(s, **row)
    return present._replace(option=option, channel=channel, receipt=receipt, paper=paper)


def of(s: Session, c: Consultation, person: Person | Resident) -> Ballot | None:
    """This person's present choice, if any."""
    found = select(Ballot).where(Ballot.consultation_id == c.id, Ballot.person_id == person.id)
    return s.scalar(found.execution_options(populate_existing=True))  # cast() writes past loaded objects


def tally(s: Session, c: Consultation) -> Tally:
    """Count the voices.

    Household: the delegate's answer is the household's, whoever else answered and when (domain §4: unit
    decides duplicates, delegate designated); without one, the member who answered last speaks for it.
    A difference inside a household is listed, never settled silently.
    """
    voices, conflicts = said(s, c)
    counts = dict.fromkeys(c.options, 0)
    channels: dict[str, int] = {}
    for ballot in voices:
        counts[ballot.option] = counts.get(ballot.option, 0) + 1
        channels[ballot.channel] = channels.get(ballot.channel, 0) + 1
    found = Tally(counts, len(voices), matters.voices(s, c), channels, conflicts)
    if c.unit == "owner":
        sizes = dict(
            s.execute(
                select(Person.id, Person.floor_area).where(Person.id.in_([b.person_id for b in voices]))
            ).all()
        )
        for ballot in voices:
            size = sizes.get(ballot.person_id) or 0.0
            found.area_agreed[ballot.option] = found.area_agreed.get(ballot.option, 0.0) + size
    return found


def said(s: Session, c: Consultation) -> tuple[list[Ballot], list[str]]:
    """The ballots that count, one a voice, and the codes of households whose members differ; see :func:`tally`."""
    cast_ = select(Ballot).where(Ballot.consultation_id == c.id).order_by(Ballot.id)
    rows = list(
        s.scalars(cast_.execution_options(populate_existing=True))
    )  # cast() writes past loaded objects
    return (rows, []) if c.unit == "person" else _household_voices(s, rows)


def _household_voices(s: Session, rows: list[Ballot]) -> tuple[list[Ballot], list[str]]:
    homes = {
        h.id: h
        for h in s.scalars(
            select(Household).where(Household.id.in_({b.household_id for b in rows if b.household_id}))
        )
    }
    voices: list[Ballot] = []
    by_home: dict[int, list[Ballot]] = {}
    for ballot in rows:
        if ballot.household_id is None:
            voices.append(ballot)  # lives alone as far as the roster knows
        else:
            by_home.setdefault(ballot.household_id, []).append(ballot)
    conflicts = []
    for home_id, said in by_home.items():
        delegate = homes[home_id].delegate_id
        spoken = next((b for b in said if b.person_id == delegate), None)
        voices.append(spoken or max(said, key=lambda b: (b.changed_at or b.created_at, b.id)))
        if len({b.option for b in said}) > 1:
            conflicts.append(homes[home_id].code)
    return voices, conflicts
