"""What the database knows of some lines of a roster, and writing what is new among them: a few statements each,
however many lines there are."""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from sqlalchemy import func, select, text
from sqlalchemy.orm import Session

from gateway import clock, phones
from gateway.bulk import bulk_insert, bulk_set, fresh_ids
from gateway.db import vault
from gateway.lists import among
from gateway.models.person import Claim, Handset, Household, Person, PersonHandset
from gateway.people.residents import GONE
from gateway.people.rosterrows import FACTS, Row

_IMPORTS = 770_079  # one PostgreSQL advisory lock for importing, any constant
_SAME = {
    "lives": "local",
    "state": "rostered",
    "needs": [],
    "tags": [],
    "voice_consent": True,
}

_DOUBTED = {
    "area_said": "",
    "recording_id": None,
    "channel": "roster",
    "state": "waiting",
    "decided_by": None,
    "decided_at": None,
}


@dataclass(slots=True)
class Newcomer:
    """Somebody to be added. ``id`` is theirs once they are."""

    row: Row
    numbers: dict[str, phones.Phone]
    id: int = 0


class Doubt(NamedTuple):
    """A number that a roster gives a verified resident and nobody has confirmed."""

    person: int
    row: Row
    key: str
    phone: phones.Phone


@dataclass
class News:
    """What is to be written: people to add, and numbers of people who are there (person's id, key, number), at once
    or when an organizer has confirmed them."""

    newcomers: list[Newcomer] = field(default_factory=list)
    numbers: list[tuple[int, str, phones.Phone]] = field(default_factory=list)
    claims: list[Doubt] = field(default_factory=list)


class Known:
    """Who and what these lines may be about. ``added`` are the people this very import added: a line that names
    them again is a repetition in the file, not a match with the roster."""

    def __init__(self, s: Session, rows: Sequence[Row], added: set[int]) -> None:
        self.households: dict[tuple[int, str], int] = {}
        self.at_home: dict[tuple[int, str, int | None], list[int]] = defaultdict(list)
        self.named: dict[tuple[int, str], list[int]] = defaultdict(list)
        self.on: dict[str, list[tuple[int, int, str]]] = defaultdict(list)  # number → (id, area, name)
        self.answering: set[tuple[int, str]] = set()  # (id, number)
        self.asked: set[tuple[int, str]] = (
            set()
        )  # the same, where an organizer is to say whether it is theirs
        self.refused: set[tuple[int, str]] = set()  # and where one said no to a roster
        self.verified: set[int] = set()
        rows = [row for row in rows if not row.why]
        names, codes = defaultdict(set), defaultdict(set)
        for row in rows:
            names[row.area_id].add(row.name)
            codes[row.area_id].add(row.household)
        for area_id, wanted in codes.items():
            homes = select(Household.code, Household.id).where(Household.area_id == area_id)
            for code, id in s.execute(homes.where(among(s, Household.code, wanted - {""}))):
                self.households[(area_id, code)] = id
        for area_id, wanted in names.items():
            people = select(Person.id, Person.name, Person.household_id, Person.state).where(
                Person.area_id == area_id
            )
            here = people.where(among(s, Person.name, wanted), Person.state.not_in(GONE))
            for id, name, home, state in s.execute(here):
                if state == "verified":
                    self.verified.add(id)
                if id not in added:
                    self.at_home[(area_id, name, home)].append(id)
                    self.named[(area_id, name)].append(id)
        self._look_numbers_up(s, {key for row in rows for key in row.numbers}, added)

    def _look_numbers_up(self, s: Session, keys: Iterable[str], added: set[int]) -> None:
        index = Handset.number_index
        self.handsets: dict[str, int] = dict(
            s.execute(select(index, Handset.id).where(among(s, index, keys))).all()
        )
        if not self.handsets:
            return
        key_of = {id: key for key, id in self.handsets.items()}
        answering = (
            select(PersonHandset.handset_id, Person.id, Person.area_id, Person.name)
            .join(Person, Person.id == PersonHandset.person_id)
            .where(among(s, PersonHandset.handset_id, key_of), Person.state.not_in(GONE))
        )
        for handset_id, id, area_id, name in s.execute(answering):
            self.answering.add((id, key_of[handset_id]))
            if id not in added:
                self.on[key_of[handset_id]].append((id, area_id, name))

        doubts = select(Claim.handset_id, Claim.person_id, Claim.state, Claim.channel)
        doubts = doubts.where(among(s, Claim.handset_id, key_of), Claim.person_id.is_not(None))
        for handset_id, whom, state, channel in s.execute(doubts):
            if whom and state == "waiting":
                self.asked.add((whom, key_of[handset_id]))
            elif whom and state == "rejected" and channel == "roster":
                self.refused.add((whom, key_of[handset_id]))

    def same(self, row: Row) -> int | None:
        """The person this row is about: same name here, and same household or number if either is told."""
        at_home: list[int] = []
        if row.household and (home := self.households.get((row.area_id, row.household))):
            at_home = self.at_home.get((row.area_id, row.name, home), [])
            if len(at_home) == 1:
                return at_home[0]
        wanted = (row.area_id, row.name)
        by_number = {
            id for key in row.numbers if key in self.on for id, *who in self.on[key] if tuple(who) == wanted
        }
        if len(by_number) == 1:
            return by_number.pop()
        here = self.named.get(wanted, [])
        return here[0] if len(here) == 1 and not row.household else None

    def alike(self, row: Row) -> int:
        """How many people here a row can mean that tells neither household nor number any better."""
        home = self.households.get((row.area_id, row.household)) if row.household else None
        if home:
            return len(self.at_home.get((row.area_id, row.name, home), []))
        return 0 if row.household else len(self.named.get((row.area_id, row.name), []))

    def elsewhere(self, row: Row) -> int | None:
        """The area in which somebody of that name answers one of these numbers, if it is another one."""
        for key in row.numbers:
            for _, area_id, name in self.on.get(key, ()):
                if name == row.name:
                    return area_id
        return None


def one_at_a_time(s: Session) -> None:
    """Two imports at once would both find somebody missing; SQLite's write lock sees to that by itself."""
    if s.get_bind().dialect.name == "postgresql":
        s.execute(select(func.pg_advisory_xact_lock(_IMPORTS)))
        # tables that were empty a moment ago are still planned as such: reading them whole for every few thousand
        # rows made an import of 100,000 seven times as long, now and then
        s.execute(text("SET LOCAL enable_seqscan = off"))


def write(s: Session, known: Known, news: News) -> None:
    """Add the newcomers with their households and numbers. Raises IntegrityError when somebody else has just added
    one of these (PostgreSQL): look again."""
    wanted = {(n.row.area_id, n.row.household) for n in news.newcomers if n.row.household}
    new_homes = sorted(wanted - known.households.keys())
    now: dict[str, Any] = {"created_at": clock.now()}
    home_ids = fresh_ids(s, Household, len(new_homes))
    made = set(home_ids)
    known.households.update(zip(new_homes, home_ids, strict=True))
    bulk_insert(
        s, Household, ("id", "area_id", "code"),
        [(id, *home) for id, home in zip(home_ids, new_homes, strict=True)], now,
    )  # fmt: skip
    people = []
    delegates: dict[int, int] = {}
    for id, newcomer in zip(fresh_ids(s, Person, len(news.newcomers)), news.newcomers, strict=True):
        newcomer.id, row = id, newcomer.row
        home = known.households[(row.area_id, row.household)] if row.household else None
        if home in made:
            delegates.setdefault(home, id)  # the first of a new household speaks for it
        people.append((id, row.area_id, home, row.name, *row.facts))
        news.numbers += [(id, key, phone) for key, phone in newcomer.numbers.items()]
    bulk_insert(s, Person, ("id", "area_id", "household_id", "name", *FACTS), people, _SAME | now)
    if delegates:
        bulk_set(s, Household.delegate_id, delegates)
    _connect(s, known, news, now)


def _connect(s: Session, known: Known, news: News, now: dict[str, Any]) -> None:
    seal = vault().seal
    told = [(key, phone) for _, key, phone in news.numbers] + [(d.key, d.phone) for d in news.claims]
    new = {key: phone for key, phone in told if key not in known.handsets}
    ids = fresh_ids(s, Handset, len(new))
    handsets = [
        (id, seal(phone.e164), key, phone.e164[-4:], phone.kind)
        for id, (key, phone) in zip(ids, new.items(), strict=True)
    ]
    bulk_insert(s, Handset, ("id", "number", "number_index", "tail", "kind"), handsets, now)
    known.handsets.update(zip(new, ids, strict=True))
    pairs = {(person, known.handsets[key]) for person, key, _ in news.numbers}
    bulk_insert(s, PersonHandset, ("person_id", "handset_id"), sorted(pairs), {})
    claims = [(known.handsets[d.key], d.row.name, d.row.area_id, d.person) for d in news.claims]
    bulk_insert(s, Claim, ("handset_id", "name", "area_id", "person_id"), claims, _DOUBTED | now)
