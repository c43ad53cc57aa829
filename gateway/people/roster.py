"""Takes a roster in: says what would happen to every row, and does exactly that. Twice changes nothing."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

from sqlalchemy import select
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from gateway import phones
from gateway.db import Database
from gateway.models.area import Area
from gateway.models.organizer import Audit
from gateway.people import rosterstore
from gateway.people.rosterfile import Sheet
from gateway.people.rosterrows import No, Reader, Row
from gateway.people.rosterstore import Known, Newcomer, News

CHUNK = 2000  # rows a transaction: for that long residents' messages wait, not for the whole file
_SHOWN = 200  # rows kept for a preview
_TRIES = 5  # when somebody else adds one of the same households or numbers at the same moment


@dataclass(frozen=True)
class Rejected:
    """A row that is not taken in, by the spreadsheet's own number, and why."""

    row: int
    why: str


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
    rejected: list[Rejected] = field(default_factory=list)
    rows: list[PlannedRow] = field(default_factory=list)


def preview(s: Session, sheet: Sheet, area: Area) -> Plan:
    """What :func:`apply` would do. Writes nothing."""
    run = _Run(s, sheet, area)
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
    for rows in run.chunks():
        run.done(_take_in(db, run, rows))
    plan = run.plan
    with db.write() as s:
        details = f"new {plan.new}, matched {plan.matched}, rejected {len(plan.rejected)}"
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
    news: News = field(default_factory=News)
    coming: dict[_Person, Newcomer] = field(default_factory=dict)


class _Run:
    """One file on its way in."""

    def __init__(self, s: Session, sheet: Sheet, area: Area) -> None:
        self.sheet = sheet
        self.names = {id: name for id, name in s.execute(select(Area.id, Area.name))}
        below = select(Area).where(Area.path.startswith(area.path))
        self.reader = Reader(area, list(s.scalars(below)))
        self.by_household = "household" in sheet.columns  # whether this file says who lives with whom
        self.came: dict[_Person, int] = {}  # ids; 0 in a preview, which adds nobody
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
                    action = self._row(known, decided, row)
                except No as no:
                    why = str(no)
            decided.verdicts.append((row, action, why))
        return decided

    def _row(self, known: Known, decided: _Decided, row: Row) -> str:
        """Decide one row; returns ``new`` or ``matched``, raises :class:`No`."""
        person = known.same(row)
        if person is not None:
            self._also_at(known, decided, row, person)
            return "matched"
        elsewhere = known.elsewhere(row)
        if elsewhere is not None:
            raise No(f"同名同号已登记在{self.names.get(elsewhere, '别处')}，请人工核对")
        if not row.household and self.by_household:
            raise No("缺户号，请人工核对")
        if not row.numbers and known.alike(row) > 1:
            raise No("同名的不止一位，请写上户号或电话")
        told = (row.area_id, row.name, row.household)
        before = decided.coming.get(told)
        if before is not None:  # twice among these rows
            before.numbers |= row.numbers
            return "matched"
        if told in self.came:  # twice in the same file
            self._also_at(known, decided, row, self.came[told])
            return "matched"
        decided.coming[told] = newcomer = Newcomer(row, dict(row.numbers))
        decided.news.newcomers.append(newcomer)
        return "new"

    def _also_at(self, known: Known, decided: _Decided, row: Row, person: int) -> None:
        for key, phone in row.numbers.items():
            if (person, key) not in known.answering:
                decided.news.numbers.append((person, key, phone))

    def done(self, decided: _Decided) -> None:
        """These rows are behind us: count them, and remember who came."""
        plan = self.plan
        for row, action, why in decided.verdicts:
            if action == "rejected":
                plan.rejected.append(Rejected(row.number, why))
            plan.new += action == "new"
            plan.matched += action == "matched"
            if len(plan.rows) < _SHOWN:
                masked = "、".join(phones.mask(n.e164) for n in row.numbers.values())
                plan.rows.append(PlannedRow(row.number, row.name, masked, row.household, action, why))
        self.came |= {told: newcomer.id for told, newcomer in decided.coming.items()}
        self.added |= {n.id for n in decided.news.newcomers}
