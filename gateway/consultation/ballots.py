"""Choices on an open matter: one voice per person, household, owner or group; the last before closing counts."""

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from sqlalchemy import and_, func, select
from sqlalchemy.orm import Session, aliased

from gateway import clock
from gateway.consultation import matters, quorum, receipts
from gateway.consultation.glance import Matter
from gateway.consultation.refusal import Refused
from gateway.db import insert_into, vault
from gateway.models.answer import Ballot, BallotLog, SecretChoice
from gateway.models.consultation import GATHERING, Consultation
from gateway.models.person import Household, Person
from gateway.people import segments
from gateway.people.residents import Resident
from gateway.prepared import Prepared, Sql, given

RECUSED = "他跟这件事有利害关系，已经记了回避，这件事上不表态（有话可以说）"
# a ballot that was there before its voter was found to have an interest stays, and doesn't count
COUNTS = Ballot.person_id.not_in(segments.recused(Ballot.consultation_id))
FEW = 5  # no breakdown under five persons (domain.md §4)


@dataclass
class Tally:
    """What a consultation's answers add up to, one voice a unit. Of a secret matter there is nothing here by which a
    choice could be told: no counts while people still answer, nor where an option has fewer than five voices."""

    counts: dict[str, int]
    units: int  # voices counted
    eligible: int  # voices there could be
    by_channel: dict[str, int] = field(default_factory=dict)
    conflicts: list[str] = field(default_factory=list)  # households whose members chose differently
    area_agreed: dict[str, float] = field(default_factory=dict)  # owners: square metres by option
    area_units: float = 0.0  # square metres of the owners who answered
    area_eligible: float = 0.0  # and of all
    hidden: bool = False  # the counts are kept back
    majority: str | None = None  # the option of more than half the voices, once gathering is over
    verdict: quorum.Verdict | None = None  # where ballots decide by a share (Consultation.decision)


class Voice(NamedTuple):
    """A ballot that counts."""

    person_id: int
    household_id: int | None
    option: str
    channel: str
    at: datetime
    id: int


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
    represented = and_(
        Household.id == Person.household_id, Household.delegate_id != Person.id,
        Household.delegate_id.not_in(segments.recused(given("consultation_id"))),
    )  # fmt: skip
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


def pseudonym(consultation_id: int, person_id: int) -> str:
    """Under what name a person's choice in a secret matter is kept: the same each time, another in every matter, and
    nobody's without the vault's key."""
    return vault().index(f"ballot {consultation_id} {person_id}")


def _secret(s: Session, consultation_id: int, person_id: int) -> str | None:
    kept = select(SecretChoice.choice).where(SecretChoice.consultation_id == consultation_id)
    return s.scalar(kept.where(SecretChoice.voter == pseudonym(consultation_id, person_id)))


def may_be_broken_down(c: Consultation, tally: Tally) -> bool:
    """Whether everybody may see how many chose what: not of so few that whoever knows the others could tell how each of
    them chose, and of a secret matter only what :class:`Tally` has left (domain.md §4)."""
    return not tally.hidden and tally.units >= FEW


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

    Raises :class:`Refused` with code ``closed``, ``not_yet``, ``option``, ``recused``, ``stranger`` or ``unverified``.
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
        if segments.stays_out(s, c.id, person.id):
            raise Refused(RECUSED, code="recused")
        raise Refused("这件事不在您这边表决", code="stranger")
    if person.state not in ("verified", "rostered"):
        raise Refused("您的登记还没核对好", code="unverified")
    present = _PRESENT.all(s, consultation_id=c.id, person_id=person.id)[0]
    if c.unit in ("person", "group"):
        present = present._replace(delegate=None)
    if c.sensitive and present.channel is not None:
        present = present._replace(option=_secret(s, c.id, person.id))
    if (present.option, present.channel, present.paper) == (option, channel, paper):
        return present  # said twice: same receipt, nothing new happened
    receipt = receipts.mint(s, "ballot", c.id, person.id)
    row = {
        "consultation_id": c.id,
        "person_id": person.id,
        "option": "" if c.sensitive else option,
        "channel": channel,
        "receipt": receipt,
        "entered_by": by,
        "paper": paper,
        "proxy_id": proxy,
        "created_at": now,
    }
    _PUT.all(s, **row, household_id=person.household_id, changed_at=None)
    _LOG.all(s, **row)
    if c.sensitive:
        kept = {"consultation_id": c.id, "voter": pseudonym(c.id, person.id), "choice": option}
        put = insert_into(s, SecretChoice).values(**kept)
        fresh = {"choice": put.excluded.choice}
        s.execute(put.on_conflict_do_update(index_elements=["consultation_id", "voter"], set_=fresh))
    return present._replace(option=option, channel=channel, receipt=receipt, paper=paper)


def of(s: Session, c: Consultation, person: Person | Resident) -> Ballot | None:
    """This person's present ballot, if any; of a secret matter without the choice."""
    found = select(Ballot).where(Ballot.consultation_id == c.id, Ballot.person_id == person.id)
    return s.scalar(found.execution_options(populate_existing=True))  # cast() writes past loaded objects


def tally(s: Session, c: Consultation) -> Tally:
    """Count the voices.

    Household: the delegate's answer is the household's, whoever else answered and when (domain §4: unit decides
    duplicates, delegate designated); without one, the member who answered last speaks for it. Group: its leader's,
    without one the representative's who answered last. A difference inside a unit is listed, never settled silently.
    """
    found, over = _counted(s, c)
    if c.sensitive:
        _hush(found, over)
    return found


def verdict(s: Session, c: Consultation) -> quorum.Verdict | None:
    """What the ballots come to where they decide by a share and nobody may answer any more: also of a secret matter, whose
    :class:`Tally` may not tell."""
    return _counted(s, c)[0].verdict if c.decision else None


def _counted(s: Session, c: Consultation) -> tuple[Tally, bool]:
    over = c.state not in (*GATHERING, "NOTICED", "ACCEPTED", "PROPOSED", "SUSPENDED")
    # opening what is sealed costs 30 µs a voice, and a running tally is asked for every three seconds
    voices, conflicts = said(s, c, choices=over or not c.sensitive)
    counts = dict.fromkeys(c.options, 0)
    channels: dict[str, int] = {}
    for voice in voices:
        counts[voice.option] = counts.get(voice.option, 0) + 1
        channels[voice.channel] = channels.get(voice.channel, 0) + 1
    found = Tally(counts, len(voices), matters.voices(s, c), channels, conflicts)
    if c.unit == "owner":
        _measure(s, c, found, voices)
    if over and c.decision:
        found.verdict = quorum.judge(
            c.decision, members=found.eligible, present=found.units, agree=counts.get("1", 0),
            members_area=found.area_eligible, present_area=found.area_units, agree_area=found.area_agreed.get("1", 0.0),
        )  # fmt: skip
    if over and len(voices) >= FEW:
        found.majority = quorum.majority(counts, len(voices))
    return found, over


def _measure(s: Session, c: Consultation, found: Tally, voices: list[Voice]) -> None:
    """Square metres: a home's are counted once, whichever of its owners answered (Civil Code art. 278)."""
    people = matters.eligible(s, c).with_only_columns(Person.id, Person.household_id, Person.floor_area)
    sizes: dict[tuple[str, int], float] = {}
    for id, home, size in s.execute(people):
        key = ("h", home) if home else ("p", id)
        sizes[key] = max(sizes.get(key, 0.0), size or 0.0)
    found.area_eligible = sum(sizes.values())
    for voice in voices:
        size = sizes.get(("h", voice.household_id) if voice.household_id else ("p", voice.person_id), 0.0)
        found.area_units += size
        found.area_agreed[voice.option] = found.area_agreed.get(voice.option, 0.0) + size


def _hush(found: Tally, over: bool) -> None:
    """Keep back what tells a choice: a running count beside the list of who answered, an option of fewer than five, the
    floor areas of which it is made, and that people of one home differ."""
    found.hidden = not over or any(n < FEW for n in found.counts.values())
    found.conflicts, found.area_agreed = [], {}
    found.by_channel = {way: n for way, n in found.by_channel.items() if n >= FEW}
    if found.hidden:
        found.counts = {}
    if found.units < FEW:
        found.verdict = None


def said(s: Session, c: Consultation, *, choices: bool = True) -> tuple[list[Voice], list[str]]:
    """The ballots that count, one a voice, and the codes of units whose people differ; see :func:`tally`. Without
    ``choices`` those of a secret matter stay sealed."""
    columns = (Ballot.person_id, Ballot.household_id, Ballot.option, Ballot.channel)
    when = func.coalesce(Ballot.changed_at, Ballot.created_at)
    rows = [
        Voice(*row)
        for row in s.execute(
            select(*columns, when, Ballot.id)
            .where(Ballot.consultation_id == c.id, COUNTS)
            .order_by(Ballot.id)
        )
    ]
    if c.sensitive and choices:
        kept = select(SecretChoice.voter, SecretChoice.choice).where(SecretChoice.consultation_id == c.id)
        chosen = dict(s.execute(kept).all())
        rows = [v._replace(option=chosen.get(pseudonym(c.id, v.person_id), v.option)) for v in rows]
    if c.unit == "person":
        return rows, []
    return _group_voices(s, rows) if c.unit == "group" else _household_voices(s, rows)


def _household_voices(s: Session, rows: list[Voice]) -> tuple[list[Voice], list[str]]:
    homes = {
        h.id: h
        for h in s.scalars(
            select(Household).where(Household.id.in_({b.household_id for b in rows if b.household_id}))
        )
    }
    voices: list[Voice] = []
    by_home: dict[int, list[Voice]] = {}
    for voice in rows:
        if voice.household_id is None:
            voices.append(voice)  # lives alone as far as the roster knows
        else:
            by_home.setdefault(voice.household_id, []).append(voice)
    conflicts = []
    for home_id, mine in by_home.items():
        voices.append(_speaks(mine, {homes[home_id].delegate_id}))
        if len({v.option for v in mine}) > 1:
            conflicts.append(homes[home_id].code)
    return voices, conflicts


def _group_voices(s: Session, rows: list[Voice]) -> tuple[list[Voice], list[str]]:
    found = select(Person.id, Person.area_id, Person.group, Person.tags)
    people = {p.id: p for p in s.execute(found.where(Person.id.in_([v.person_id for v in rows])))}
    leaders = {id for id, p in people.items() if "group_leader" in p.tags}
    by_group: dict[tuple[int, str], list[Voice]] = {}
    for voice in rows:
        p = people[voice.person_id]
        by_group.setdefault((p.area_id, p.group), []).append(voice)
    differ = [group for (_area, group), mine in by_group.items() if len({v.option for v in mine}) > 1]
    return [_speaks(mine, leaders) for mine in by_group.values()], differ


def _speaks(mine: list[Voice], delegates: Collection[int | None]) -> Voice:
    """Whose answer is the unit's: the delegate's, else the last."""
    spoken = next((v for v in mine if v.person_id in delegates), None)
    return spoken or max(mine, key=lambda v: (v.at, v.id))
