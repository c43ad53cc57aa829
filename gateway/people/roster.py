"""Takes a roster in: says what would happen to every row, and does exactly that. Twice changes nothing."""

from collections.abc import Collection, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway import phones
from gateway.bulk import uncollected
from gateway.db import Database
from gateway.models.area import Area
from gateway.models.organizer import Audit
from gateway.people import rosterstore
from gateway.people.rosterfile import Sheet
from gateway.people.rosterrows import No, Reader, Row
from gateway.people.rosterstore import Doubt, Known, Newcomer, News

CHUNK = 2000  # rows a transaction: for that long residents' messages wait, not for the whole file
_SHOWN = 200  # rows kept for a preview
_TRIES = 5  # when somebody else adds one of the same households or numbers at the same moment


class Remark(NamedTuple):
    """A row that needs a word, by the spreadsheet's own number."""

    row: int
    why: str
    name: str = ""


@dataclass(frozen=True)
class PlannedRow:
    """What becomes of one row; the number is masked."""

    row: int
    name: str
    phone_masked: str
    household: str
    action: str  # new | matched | rejected
    why: str = ""


@dataclass
class Plan:
    """What an import does."""

    new: int = 0
    matched: int = 0
    rejected: list[Remark] = field(default_factory=list)
    waiting: list[Remark] = field(
        default_factory=list
    )  # new numbers of verified residents: claims to be decided
    rows: list[PlannedRow] = field(default_factory=list)


def preview(s: Session, sheet: Sheet, area: Area) -> Plan:
    """What :func:`apply` would do. Writes nothing."""
    run = _Run(s, sheet, area)
    with uncollected():
        for rows in run.chunks():
            run.done(run.decide(Known(s, rows, run.added), rows))
    return run.plan


def apply(db: Database, sheet: Sheet, area: Area, by: str) -> Plan:
    """Take the roster in, some thousand rows a transaction. ``by`` is who did it, for the record.

    Nobody waits for the reading, only for the chunk that is being written. What was taken in before an import broke
    off stays, and importing again goes on from there.
    """
    with db.read() as s:
        run = _Run(s, sheet, area)
    with uncollected():
        for rows in run.chunks():
            run.done(_take_in(db, run, rows))
    plan = run.plan
    with db.write() as s:
        details = f"new {plan.new}, matched {plan.matched}, rejected {len(plan.rejected)}, to confirm {len(plan.waiting)}"
        s.add(Audit(actor=by, area_id=area.id, verb="roster.import", details=details))
    return plan


def _take_in(db: Database, run: "_Run", rows: list[Row]) -> "_Decided":
    for attempt in range(_TRIES):
        try:
            with db.write() as s:
                rosterstore.one_at_a_time(s)
                known = Known(s, rows, run.added)
                decided = run.decide(known, rows)
                rosterstore.write(s, known, decided.news)
            return decided
        except IntegrityError:
            if attempt == _TRIES - 1:
                raise
    raise AssertionError("unreachable")


# ---- deciding ------------------------------------------------------------------------------------

_Person = tuple[int, str, str]  # area, name and household, as a file tells people apart


@dataclass
class _Decided:
    """What becomes of some rows: the row, “new” or “matched” or the reason against it; and what is to be written."""

    verdicts: list[tuple[Row, str, str]] = field(default_factory=list)
    waiting: list[Remark] = field(default_factory=list)
    news: News = field(default_factory=News)
    coming: dict[_Person, Newcomer] = field(default_factory=dict)


class _Run:
    """One file on its way in."""

    def __init__(self, s: Session, sheet: Sheet, area: Area) -> None:
        self.sheet = sheet
        tree = list(s.scalars(select(Area)))
        self.names = {a.id: a.name for a in tree}
        self.reader = Reader(area, [a for a in tree if a.path.startswith(area.path)], tree)
        self.by_household = "household" in sheet.columns  # whether this file says who lives with whom
        self.came: dict[_Person, tuple[int, int, tuple[str, ...]]] = {}  # id (0 in a preview), row, numbers
        self.added: set[int] = set()
        self.plan = Plan()

    def chunks(self) -> Iterator[list[Row]]:
        """The file's rows, read; some thousand at a time."""
        lines = iter(self.sheet.rows)
        while given := list(islice(lines, CHUNK)):
            yield [self.reader.read(fields) for fields in given]

    def decide(self, known: Known, rows: list[Row]) -> _Decided:
        decided = _Decided()
        for row in rows:
            action, why = "rejected", row.why
            if not why:
                try:
                    action, why = self._row(known, decided, row)
                except No as no:
                    why = str(no)
            decided.verdicts.append((row, action, why))
        return decided

    def _row(self, known: Known, decided: _Decided, row: Row) -> tuple[str, str]:
        """Decide one row; returns ``new`` or ``matched`` and what is to be said of it, raises :class:`No`."""
        person = known.same(row)
        if person is not None:
            return "matched", self._also_at(known, decided, row, person)
        elsewhere = known.elsewhere(row)
        if elsewhere is not None:
            raise No(f"同名同号已登记在{self.names.get(elsewhere, '别处')}，请人工核对")
        if not row.household and self.by_household:
            raise No("缺户号，请写上；同一户的每一行都要写")
        if not row.numbers and known.alike(row) > 1:
            raise No("同村同名的不止一位，请写上户号或电话")
        told = (row.area_id, row.name, row.household)
        before = decided.coming.get(told)
        if before is not None:  # twice among these rows
            said = _again(row, before.row.number, before.numbers.keys())
            before.numbers |= row.numbers
            return "matched", said
        if told in self.came:  # twice in the same file
            id, number, keys = self.came[told]
            said = _again(row, number, keys)
            decided.news.numbers += [
                (id, key, phone) for key, phone in row.numbers.items() if (id, key) not in known.answering
            ]
            return "matched", said
        decided.coming[told] = newcomer = Newcomer(row, dict(row.numbers))
        decided.news.newcomers.append(newcomer)
        return "new", ""

    def _also_at(self, known: Known, decided: _Decided, row: Row, person: int) -> str:
        """Numbers we didn't know somebody by. Whoever is verified may vote from all of theirs: there a person decides
        whether a new one is theirs, the list alone doesn't."""
        said = []
        for key, phone in row.numbers.items():
            if (person, key) in known.answering:
                continue
            masked = phones.mask(phone.e164)
            if person not in known.verified:
                decided.news.numbers.append((person, key, phone))
                said.append(f"增加电话{masked}")
            elif (person, key) in known.refused:
                said.append(f"电话{masked}核对过，不是本人的，没有加")
            else:
                if (person, key) not in known.asked:
                    known.asked.add((person, key))
                    decided.news.claims.append(Doubt(person, row, key, phone))
                why = f"给已核实的{row.name}增加一个电话{masked}，需要村干部确认"
                said.append(why)
                decided.waiting.append(Remark(row.number, why, row.name))
        return "；".join(said)

    def done(self, decided: _Decided) -> None:
        """These rows are behind us: count them, and remember who came."""
        plan = self.plan
        plan.waiting += decided.waiting
        for row, action, why in decided.verdicts:
            if action == "rejected":
                plan.rejected.append(Remark(row.number, why, row.name))
            plan.new += action == "new"
            plan.matched += action == "matched"
            if len(plan.rows) < _SHOWN:
                masked = "、".join(phones.mask(n.e164) for n in row.numbers.values())
                plan.rows.append(PlannedRow(row.number, row.name, masked, row.household, action, why))
        for told, newcomer in decided.coming.items():
            # numbers tell namesakes apart only where no household does
            keys = () if told[2] else tuple(newcomer.numbers)
            self.came[told] = (newcomer.id, newcomer.row.number, keys)
        self.added |= {n.id for n in decided.news.newcomers}


def _again(row: Row, number: int, keys: Collection[str]) -> str:
    """What is said of a row that names somebody whom row ``number`` named before; raises No for a likely namesake."""
    if not row.household and keys and row.numbers and row.numbers.keys().isdisjoint(keys):
        raise No(
            f"和第{number}行同村同名、电话不同：若是两个人，请加一列户号；若是一个人，请把电话写在同一格里"
        )
    return f"和第{number}行是同一个人"
