"""Takes a roster in: says what would happen to every row, and does exactly that. Twice changes nothing."""

import re
import unicodedata
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import bindparam, func, insert, select, update
from sqlalchemy.orm import Session

from gateway import clock, phones
from gateway.db import vault
from gateway.models.area import Area
from gateway.models.organizer import Audit
from gateway.models.person import Handset, Household, Person, PersonHandset
from gateway.people.residents import GONE
from gateway.people.rosterfile import Sheet

_NONE = {"无", "没有", "无电话", "-", "—", "/", "0", "none", "暂无"}
_LANGUAGES = {"朝": "ko", "韩": "ko", "蒙": "mn"}
_SHOWN = 200  # rows kept for a preview
_ADULT = 18


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


class _No(Exception):
    """This row can't be taken in."""


@dataclass
class _Newcomer:
    """Somebody to be added, with the numbers they are reached at."""

    fields: dict[str, Any]
    household: tuple[int, str] | None
    numbers: list[phones.Phone]


class _Roster:
    """What is known of the areas, read once: a query a row would take hours for a county."""

    def __init__(self, s: Session, area: Area) -> None:
        self.s, self.area = s, area
        self.areas = {a.id: a for a in s.scalars(select(Area).where(Area.path.startswith(area.path)))}
        self.households: dict[tuple[int, str], int] = {
            (a, code): id
            for id, a, code in s.execute(select(Household.id, Household.area_id, Household.code))
        }
        self.codes = {id: code for (_, code), id in self.households.items()}
        rows = s.execute(
            select(Person.id, Person.area_id, Person.name, Person.household_id).where(
                Person.state.not_in(GONE)
            )
        )
        self.by_name: dict[str, list[tuple[int, int, int | None]]] = {}
        for id, area_id, name, household_id in rows:
            self.by_name.setdefault(name, []).append((id, area_id, household_id))
        self.handsets: dict[str, int] = {
            i: id for id, i in s.execute(select(Handset.id, Handset.number_index))
        }
        self.on: dict[int, set[int]] = {}
        for person_id, handset_id in s.execute(select(PersonHandset.person_id, PersonHandset.handset_id)):
            self.on.setdefault(person_id, set()).add(handset_id)
        self.names = {id: name for id, name in s.execute(select(Area.id, Area.name))}
        self.by_household = False  # whether this file says who lives with whom
        self.newcomers: list[_Newcomer] = []
        self.coming: dict[tuple[int, str, str], _Newcomer] = {}  # area, name, household
        self.connections: list[tuple[int, phones.Phone]] = []

    def area_of(self, said: str) -> Area:
        if not said:
            if self.area.level in ("village", "community") or len(self.areas) == 1:
                return self.area
            raise _No("没写是哪个村")
        plain = _place(said)
        found = [a for a in self.areas.values() if plain in (_place(a.name), a.code.lower())]
        if len(found) != 1:
            raise _No(f"“{said}”不在{self.area.name}里")
        return found[0]


def _place(name: str) -> str:
    return re.sub(r"(?:村委会|居委会|村民委员会|社区|村|屯)$", "", name.strip()).lower()


def preview(s: Session, sheet: Sheet, area: Area) -> Plan:
    """What :func:`apply` would do. Writes nothing."""
    return _decide(_Roster(s, area), sheet)


def apply(s: Session, sheet: Sheet, area: Area, by: str) -> Plan:
    """Take the roster in, in one transaction. ``by`` is who did it, for the record."""
    roster = _Roster(s, area)
    plan = _decide(roster, sheet)
    _write(s, roster)
    s.add(
        Audit(
            actor=by,
            area_id=area.id,
            verb="roster.import",
            details=f"new {plan.new}, matched {plan.matched}, rejected {len(plan.rejected)}",
        )
    )
    s.flush()
    return plan


# ---- deciding ------------------------------------------------------------------------------------


def _decide(roster: _Roster, sheet: Sheet) -> Plan:
    plan = Plan()
    roster.by_household = "household" in sheet.columns
    for fields in sheet.rows:
        number = int(fields["_row"])
        name = _name(fields.get("name", ""))
        masked, code = "", fields.get("household", "")
        try:
            numbers = _numbers(fields.get("phone", ""))
            masked = "、".join(phones.mask(n.e164) for n in numbers)
            action = _row(roster, fields, name, numbers)
        except _No as no:
            plan.rejected.append(Rejected(number, str(no)))
            action, why = "rejected", str(no)
        else:
            why = ""
            plan.new += action == "new"
            plan.matched += action == "matched"
        if len(plan.rows) < _SHOWN:
            plan.rows.append(PlannedRow(number, name, masked, code, action, why))
    return plan


def _name(raw: str) -> str:
    return re.sub(r"\s+", "", unicodedata.normalize("NFKC", raw)).strip()


def _numbers(raw: str) -> list[phones.Phone]:
    found: list[phones.Phone] = []
    for part in re.split(r"[/、;；,，]|\s+(?=(?:\+|0\d{2,3}-|1\d{10}))", raw):
        part = part.strip()
        if not part or part.lower() in _NONE:
            continue
        try:
            phone = phones.normalize(part)
        except phones.BadPhone as bad:
            raise _No(f"电话{bad.why}") from None
        if phone not in found:
            found.append(phone)
    return found


def _birth_year(fields: dict[str, str]) -> int | None:
    id_number = re.sub(r"\s", "", fields.get("id_number", ""))
    if re.fullmatch(r"\d{17}[\dXx]", id_number):
        return int(id_number[6:10])  # only the year is taken from it, the number is not kept
    found = re.search(r"(19|20)\d{2}", fields.get("birth", ""))
    if found:
        return int(found[0])
    age = re.fullmatch(r"(\d{1,3})岁?", fields.get("birth", ""))
    return clock.now().year - int(age[1]) if age else None


def _sex(fields: dict[str, str]) -> str | None:
    said = fields.get("sex", "")
    if said[:1] in ("男", "女"):
        return said[:1]
    id_number = re.sub(r"\s", "", fields.get("id_number", ""))
    if re.fullmatch(r"\d{17}[\dXx]", id_number):
        return "男" if int(id_number[16]) % 2 else "女"
    return None


def _row(roster: _Roster, fields: dict[str, str], name: str, numbers: list[phones.Phone]) -> str:
    """Decide one row; returns ``new`` or ``matched``, raises :class:`_No`."""
    if not name:
        raise _No("没写姓名")
    if len(name) > 30:
        raise _No("姓名太长，像是填错了列")
    year = _birth_year(fields)
    if year and clock.now().year - year < _ADULT:
        raise _No("未满18岁，不入表决名册")
    area = roster.area_of(fields.get("area", ""))
    code = unicodedata.normalize("NFKC", fields.get("household", "")).strip()
    known = {roster.handsets.get(vault().index(n.e164)) for n in numbers} - {None}
    person = _same(roster, area, name, code, known)
    if person is not None:
        for phone in numbers:
            if roster.handsets.get(vault().index(phone.e164)) not in roster.on.get(person, set()):
                roster.connections.append((person, phone))
        return "matched"
    for other, other_area, _ in roster.by_name.get(name, []):
        if known & roster.on.get(other, set()):
            raise _No(f"同名同号已登记在{roster.names.get(other_area, '别处')}，请人工核对")
    if not code and roster.by_household:
        raise _No("缺户号，请人工核对")
    coming = roster.coming.get((area.id, name, code))
    if coming is not None:  # twice in the same file
        coming.numbers += [n for n in numbers if n not in coming.numbers]
        return "matched"
    newcomer = _Newcomer(
        _fields(fields, name, area, year, numbers), (area.id, code) if code else None, list(numbers)
    )
    roster.newcomers.append(newcomer)
    roster.coming[(area.id, name, code)] = newcomer
    return "new"


def _same(roster: _Roster, area: Area, name: str, code: str, known: set[int | None]) -> int | None:
    """The person on the roster this row is about: same name here, and same household or number if either is told."""
    here = [(id, home) for id, a, home in roster.by_name.get(name, []) if a == area.id]
    if code:
        same_home = [id for id, home in here if home is not None and roster.codes.get(home) == code]
        if len(same_home) == 1:
            return same_home[0]
    same_number = [id for id, _ in here if known & roster.on.get(id, set())]
    if len(same_number) == 1:
        return same_number[0]
    if len(here) == 1 and not code:
        return here[0][0]
    return None


def _fields(
    fields: dict[str, str], name: str, area: Area, year: int | None, numbers: list[phones.Phone]
) -> dict[str, Any]:
    reads = any(n.kind != phones.LANDLINE for n in numbers)
    wants_voice = "电话" in fields.get("prefers", "") or "语音" in fields.get("prefers", "")
    tongue = next((code for sign, code in _LANGUAGES.items() if sign in fields.get("language", "")), "zh-CN")
    return {
        "area_id": area.id,
        "name": name,
        "sex": _sex(fields),
        "birth_year": year,
        "group_name": fields.get("group", "")[:40],
        "language": tongue,
        "registered": not re.search(r"非|外|否", fields.get("registered", "")),
        "lives": "local",
        "state": "rostered",
        "prefers": "voice" if wants_voice or (numbers and not reads) else "sms",
        "needs": [],
        "tags": [],
        "owner": False,
        "floor_area": None,
        "sms_consent": reads or not numbers,
        "voice_consent": True,
        "created_at": clock.now(),
    }


# ---- writing -------------------------------------------------------------------------------------


def _write(s: Session, roster: _Roster) -> None:
    """A few statements for the whole file."""
    now = clock.now()
    wanted = {n.household for n in roster.newcomers if n.household} - roster.households.keys()
    new_homes = sorted(wanted)
    if new_homes:
        rows = [{"area_id": a, "code": code, "created_at": now} for a, code in new_homes]
        made = s.execute(insert(Household).returning(Household.id, Household.area_id, Household.code), rows)
        for id, area_id, code in made:
            roster.households[(area_id, code)] = id
    delegates: dict[int, int] = {}
    if roster.newcomers:
        first = (s.scalar(select(func.max(Person.id))) or 0) + 1
        if s.get_bind().dialect.name == "postgresql":
            ids = list(
                s.scalars(
                    select(func.nextval("people_id_seq")).select_from(
                        func.generate_series(1, len(roster.newcomers)).alias()
                    )
                )
            )
        else:
            ids = list(range(first, first + len(roster.newcomers)))
        people = []
        for id, newcomer in zip(ids, roster.newcomers, strict=True):
            home = roster.households[newcomer.household] if newcomer.household else None
            people.append({**newcomer.fields, "id": id, "household_id": home})
            if home and newcomer.household in wanted:
                delegates.setdefault(home, id)  # the first of a new household speaks for it
            roster.connections += [(id, phone) for phone in newcomer.numbers]
        s.execute(insert(Person.__table__), people)  # type: ignore[arg-type]
    if delegates:
        homes: Any = Household.__table__
        change = update(homes).where(homes.c.id == bindparam("h")).values(delegate_id=bindparam("p"))
        s.connection().execute(change, [{"h": home, "p": person} for home, person in delegates.items()])
    _connect(s, roster, now)


def _connect(s: Session, roster: _Roster, now: Any) -> None:
    new: dict[str, phones.Phone] = {}
    for _, phone in roster.connections:
        index = vault().index(phone.e164)
        if index not in roster.handsets:
            new[index] = phone
    if new:
        rows = [
            {"number": p.e164, "number_index": index, "tail": p.e164[-4:], "kind": p.kind, "created_at": now}
            for index, p in new.items()
        ]
        s.execute(insert(Handset), rows)
        found = s.execute(select(Handset.number_index, Handset.id)).all()
        roster.handsets.update(dict(found))
    pairs = {(person, roster.handsets[vault().index(phone.e164)]) for person, phone in roster.connections}
    pairs -= {(person, h) for person, hs in roster.on.items() for h in hs}
    if pairs:
        s.execute(insert(PersonHandset), [{"person_id": p, "handset_id": h} for p, h in sorted(pairs)])
