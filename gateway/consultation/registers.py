"""Registers an area keeps beside its consultations: yearly plan, agenda of the periodic review, activities, training, subsidies,
contracts, funding (policy III(1)–(4); domain.md §1 rows 26, 27, 33–36). One table and one page for all: a register is a row
of :data:`KINDS`."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from sqlalchemy import Select, extract, func, select, update
from sqlalchemy.orm import Session

from gateway import clock, text
from gateway.consultation import guards, matters
from gateway.consultation.refusal import Refused
from gateway.models.area import Area
from gateway.models.register import RegisterEntry
from gateway.people import areas
from gateway.people.decided import above, today

_LONGEST = {"line": 80, "text": 1000, "name": 20, "number": 6, "date": 10}


@dataclass(frozen=True)
class Field:
    """One thing an entry says beside its day and title. ``form``: line | text | number | date | name (of a person)."""

    key: str
    name: str
    form: str = "line"
    need: bool = False
    hint: str = ""


@dataclass(frozen=True)
class Kind:
    """One register: what it and its entries are called, and what each of them says."""

    name: str
    title: str
    fields: tuple[Field, ...]
    money: bool = False
    source: str = ""


KINDS: dict[str, Kind] = {
    "plan": Kind(
        "年度协商计划", "打算协商什么",
        (Field("lead", "谁牵头", need=True), Field("when", "打算什么时候"), Field("trouble", "有什么困难", "text"),
         Field("advice", "给镇里的建议", "text")),
        source="实施意见三（一）",
    ),
    "review": Kind(
        "定期研究", "研究什么",
        (Field("who", "谁参加", need=True), Field("decided", "研究定了什么", "text", True), Field("next", "下一步谁去办")),
        source="实施意见三（二）",
    ),
    "activity": Kind(
        "活动、报到", "什么活动",
        (Field("who", "谁来的（党代表、人大代表、政协委员……）", need=True), Field("done", "做了什么", "text")),
        source="实施意见三（一）",
    ),
    "training": Kind(
        "培训、宣传", "讲什么",
        (Field("who", "讲给谁", need=True, hint="干部、社区工作者、村民……"), Field("people", "多少人", "number"),
         Field("teacher", "谁讲的"), Field("form", "怎么讲的", hint="培训班、普法、示范点、练习电话、大喇叭……")),
        source="实施意见三（四）",
    ),
    "subsidy": Kind(
        "误工补贴", "干了什么",
        (Field("person", "补给谁", "name", True, "名字只有村里看得到，公示栏上不写"), Field("days", "误工几天", "number", True),
         Field("basis", "按哪次会定的办法", need=True, hint="会上定过的事写它的编号，比如 14；别的会写文号，比如 村代会〔2026〕3号")),
        money=True, source="实施意见三（三），村民委员会组织法第24条",
    ),
    "contract": Kind(
        "购买服务", "买什么服务",
        (Field("provider", "谁来做", need=True), Field("scope", "做什么、不做什么", "text", True, "只能帮着办，不能替村里定"),
         Field("until", "到哪天", "date")),
        money=True, source="实施意见三（三）",
    ),
    "funding": Kind(
        "协商经费", "用在哪儿",
        (Field("source", "哪一笔钱", need=True, hint="村级组织运转经费、社区工作经费……"), Field("note", "说明", "text")),
        money=True, source="实施意见三（三）",
    ),
}  # fmt: skip


# ---- looking ----------------------------------------------------------------------------------


def entries(area_ids: Iterable[int], kind: str, year: int = 0, title: str = "") -> Select[RegisterEntry]:
    """What stands in one register of these areas, newest first."""
    found = select(RegisterEntry).where(
        RegisterEntry.area_id.in_(list(area_ids)),
        RegisterEntry.kind == kind,
        RegisterEntry.ended_at.is_(None),
    )
    if year:
        found = found.where(RegisterEntry.day.between(date(year, 1, 1), date(year, 12, 31)))
    if title:
        found = found.where(RegisterEntry.title.contains(title, autoescape=True))
    return found.order_by(RegisterEntry.day.desc(), RegisterEntry.id.desc())


def before(s: Session, entry: RegisterEntry) -> list[RegisterEntry]:
    """What it replaces, newest first."""
    found: list[RegisterEntry] = []
    while entry.replaces is not None and len(found) < 50:
        entry = s.get_one(RegisterEntry, entry.replaces)
        found.append(entry)
    return found


# ---- writing ----------------------------------------------------------------------------------


def write(
    s: Session,
    area: Area,
    kind: str,
    typed: Mapping[str, str],
    by: str,
    replaces: RegisterEntry | None = None,
) -> RegisterEntry:
    """A new entry, or a corrected one in the place of another. ``typed``: day, title, amount (yuan) and the kind's fields
    as a form gives them. Raises :class:`Refused` naming the field."""
    if kind not in KINDS:
        raise Refused("没有这本台账", "kind")
    k = KINDS[kind]
    title = typed.get("title", "").strip()
    if not 2 <= len(title) <= 60:
        raise Refused(f"请写{k.title}，两个字到六十个字", "title")
    said = {field.key: value for field in k.fields if (value := _value(field, typed))}
    if kind == "subsidy":
        _decided(s, area, said["basis"])
    made = RegisterEntry(
        area_id=area.id, kind=kind, day=_day(typed.get("day", ""), "day"), title=title, fields=said, by=by,
        amount=_amount(typed.get("amount", "")) if k.money else None, replaces=replaces.id if replaces else None,
    )  # fmt: skip
    if replaces is not None:
        strike(s, replaces)
    s.add(made)
    s.flush()
    return made


def strike(s: Session, entry: RegisterEntry) -> None:
    """Take it out. It stays behind what was there on earlier days."""
    ended = s.execute(
        update(RegisterEntry)
        .where(RegisterEntry.id == entry.id, RegisterEntry.ended_at.is_(None))
        .values(ended_at=clock.now())
        .execution_options(synchronize_session=False)
    )
    s.refresh(entry)
    if not ended.rowcount:  # type: ignore[attr-defined]
        raise Refused("这一条已经改过或去掉了", code="moved")


def _value(field: Field, typed: Mapping[str, str]) -> str:
    value = typed.get(field.key, "").strip()
    if not value:
        if field.need:
            raise Refused(f"请写{field.name.partition('（')[0]}", field.key)
        return ""
    if len(value) > _LONGEST[field.form]:
        raise Refused(f"最多{_LONGEST[field.form]}个字", field.key)
    if field.form == "number" and text.whole(value) is None:
        raise Refused("请写数字", field.key)
    return f"{_day(value, field.key)}" if field.form == "date" else value


def _day(typed: str, field: str) -> date:
    try:
        day = date.fromisoformat(typed.strip())
    except ValueError:
        raise Refused("请写日期，比如 2026-03-15", field) from None
    if not date(2000, 1, 1) <= day <= today() + timedelta(days=3660):
        raise Refused("请看看年份对不对", field)
    return day


def _amount(typed: str) -> int:
    try:
        amount = areas.thousandths(typed)
    except ValueError:
        amount = None
    if not amount:
        raise Refused("请写多少钱，比如 300 或 49.50", "amount")
    return amount


def _decided(s: Session, area: Area, basis: str) -> None:
    """A subsidy needs rules that an assembly decided on (policy III(3); Organic Law art. 24): the number of a matter that
    one passed here or above, or that decision's own reference."""
    number = text.whole(basis.removesuffix("号"))
    if number is None:
        if len(basis) < 4:
            raise Refused("请写几号事，或者会议决定的文号", "basis")
        return
    c = matters.find(s, number)
    led = s.get(Area, c.area_id) if c else None
    if c is None or led is None or led.path not in above([area.path]):
        raise Refused(f"这里没有{number}号事", "basis")
    if guards.happened(s, c, "pass") is None:
        raise Refused(
            f"{number}号没有经村民会议或代表会议通过，不能按它发补贴（依据：{KINDS['subsidy'].source}）",
            "basis",
        )


# ---- subsidies in public ----------------------------------------------------------------------


def unpublished(s: Session, area: Area, year: int) -> int:
    """How many of a year's subsidies people have not been shown."""
    rows = entries([area.id], "subsidy", year).where(RegisterEntry.published_at.is_(None)).order_by(None)
    return s.scalar(select(func.count()).select_from(rows.subquery())) or 0


def late(s: Session, area: Area) -> int:
    """The newest year that is over and whose subsidies people have not all been shown; 0 where there is none."""
    over = entries([area.id], "subsidy").where(
        RegisterEntry.published_at.is_(None), RegisterEntry.day < date(today().year, 1, 1)
    )
    newest = s.scalar(over.with_only_columns(func.max(RegisterEntry.day)).order_by(None))
    return newest.year if newest else 0


def publish(s: Session, area: Area, year: int) -> tuple[int, int]:
    """Show a year's subsidies on the public board (policy III(3): 按照村务公开的要求予以公示); returns how many stand there
    and what they come to, in 厘. Raises :class:`Refused` where there is nothing new."""
    rows = list(s.scalars(entries([area.id], "subsidy", year)))
    fresh = [row for row in rows if row.published_at is None]
    if not fresh:
        raise Refused(f"{year}年没有要公示的补贴")
    for row in fresh:
        row.published_at = clock.now()
    s.flush()
    return len(rows), sum(row.amount or 0 for row in rows)


def published(s: Session, area: Area, year: int) -> list[RegisterEntry]:
    """What the board shows of a year, oldest first."""
    shown = entries([area.id], "subsidy", year).where(RegisterEntry.published_at.is_not(None)).order_by(None)
    return list(s.scalars(shown.order_by(RegisterEntry.day, RegisterEntry.id)))


def published_years(s: Session) -> list[tuple[Area, int]]:
    """Where and for which years the board shows subsidies, newest first."""
    year = extract("year", RegisterEntry.day)
    shown = (
        RegisterEntry.kind == "subsidy",
        RegisterEntry.published_at.is_not(None),
        RegisterEntry.ended_at.is_(None),
    )
    found = select(RegisterEntry.area_id, year).where(*shown).distinct().subquery()
    rows = s.execute(select(Area, found.c[1]).join(found, found.c[0] == Area.id))
    return sorted(((area, int(n)) for area, n in rows), key=lambda row: (-row[1], row[0].path))


def said(kind: str, row: RegisterEntry) -> list[tuple[Field, Any]]:
    """An entry's fields in their order, those that say something."""
    return [(field, row.fields[field.key]) for field in KINDS[kind].fields if row.fields.get(field.key)]
