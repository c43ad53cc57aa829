"""Rosters as villages keep them."""

import csv
import io

import pytest
import xlsxwriter
from sqlalchemy import func, select

from gateway.models.area import Area
from gateway.models.person import Handset, Household, Person, PersonHandset
from gateway.people import residents, roster, rosterfile
from gateway.runtime import Runtime

HEAD = ["姓名", "电话", "村", "户", "出生"]
MESSY = [
    (["赵 玉芬", "199 0000 0103", "拟柳村", "H02", ""], "matched", ""),
    (["孙长河", "+86-199-0000-0104", "拟柳", "H03", ""], "matched", ""),
    (["新来户", "19900000998", "拟柳村", "", ""], "rejected", "缺户号"),
    (["丁永福", "0499-0000301", "虚岭村", "H17", ""], "matched", ""),
    (["周秀英", "无", "拟柳村", "H04", ""], "matched", ""),
    (["陈国富", "1990000010", "拟柳村", "H05", ""], "rejected", "少一位"),
    (["小宝", "19900000997", "仿桥村", "H10", "2014"], "rejected", "未满18岁"),
    (["马建军", "19900000109", "仿桥村", "H99", ""], "rejected", "同名同号已登记在拟柳村"),
    (["钱多多", "１９９０００００９９０ / 0499-0000990", "拟柳村", "H90", "1970"], "new", ""),
    (["钱来来", "199 0000 0990", "拟柳村", "H90", "1975-02"], "new", ""),
]  # fmt: skip


def as_csv(encoding: str = "utf-8") -> bytes:
    out = io.StringIO()
    csv.writer(out).writerows([HEAD, *(row for row, _, _ in MESSY)])
    return out.getvalue().encode(encoding)


def as_xlsx() -> bytes:
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    sheet = book.add_worksheet()
    sheet.write(0, 0, "虚泉镇居民花名册")  # a title above the heading, as villages write it
    for n, row in enumerate([HEAD, *(row for row, _, _ in MESSY)], 2):
        for column, cell in enumerate(row):
            if cell.isdigit() and column == 1:
                sheet.write_number(n, column, int(cell))
            else:
                sheet.write(n, column, cell)
    book.close()
    return out.getvalue()


def township(s) -> Area:  # type: ignore[no-untyped-def]
    return s.scalars(select(Area).where(Area.code == "XQ")).one()


@pytest.mark.parametrize(
    "file",
    [
        ("roster.csv", as_csv()),
        ("roster.csv", as_csv("gb18030")),
        ("roster.csv", "\ufeff".encode() + as_csv()),
        ("花名册.xlsx", as_xlsx()),
    ],
)
def test_every_row_gets_its_own_verdict_in_any_file(village: Runtime, file: tuple[str, bytes]) -> None:
    sheet = rosterfile.read(file[1], file[0])
    with village.db.read() as s:
        plan = roster.preview(s, sheet, township(s))
    for planned, (row, action, why) in zip(plan.rows, MESSY, strict=True):
        assert planned.action == action, (row, planned)
        assert why in planned.why
        assert row[1] not in planned.phone_masked or not row[1]
    assert next(r.row for r in plan.rejected) == int(sheet.rows[2]["_row"])


def counts(s) -> list[int]:  # type: ignore[no-untyped-def]
    return [
        s.scalar(select(func.count()).select_from(t)) for t in (Person, Household, Handset, PersonHandset)
    ]


def test_importing_twice_changes_nothing(each_village: Runtime) -> None:
    sheet = rosterfile.read(as_csv(), "a.csv")
    with each_village.db.write() as s:
        first = roster.apply(s, sheet, township(s), "cli")
        assert (first.new, first.matched, len(first.rejected)) == (2, 4, 4)
        before = counts(s)
    with each_village.db.write() as s:
        again = roster.apply(s, sheet, township(s), "cli")
        assert (again.new, again.matched, len(again.rejected)) == (0, 6, 4)
        assert counts(s) == before
        home = s.scalars(select(Household).where(Household.code == "H90")).one()
        members = list(s.scalars(select(Person).where(Person.household_id == home.id).order_by(Person.id)))
        assert [p.name for p in members] == ["钱多多", "钱来来"] and home.delegate_id == members[0].id
        shared = residents.handset(s, "+8619900000990")
        assert shared and len(residents.people_on(s, shared.id)) == 2


def test_a_roster_without_households_is_taken_as_it_is(empty: Runtime) -> None:
    with empty.db.write() as s:
        s.add(Area(code="A", name="某村", level="village", path="/A/"))
        s.flush()
        area = s.scalars(select(Area)).one()
        plan = roster.apply(
            s, rosterfile.read("姓名,手机号码\n赵一,13800138000\n".encode(), "a.csv"), area, "cli"
        )
        assert (plan.new, plan.rejected) == (1, [])


@pytest.mark.parametrize(
    ("data", "name", "why"),
    [
        (b"", "a.csv", "空的"),
        (b"PK\x03\x04broken", "a.xlsx", "打不开"),
        (b"hello", "a.xlsx", "不是Excel"),
        ("甲,乙\n1,2\n".encode(), "a.csv", "没找到“姓名”"),
        ("姓名,电话\n".encode(), "a.csv", "没有人"),
        (b"\0\1\2", "a.csv", "不是表格"),
    ],
)
def test_a_file_that_is_no_roster_is_refused_in_words(data: bytes, name: str, why: str) -> None:
    with pytest.raises(rosterfile.BadRoster) as bad:
        rosterfile.read(data, name)
    assert why in bad.value.why


def test_headings_as_clerks_type_them_are_understood_and_a_row_of_data_is_no_heading() -> None:
    lines = "登记表\n姓 名*（必填）,联系 电话,行政村,村民小组,备注\n孙长河,19900000104,拟柳村,三组,户主\n"
    sheet = rosterfile.read(lines.encode(), "a.csv")
    assert sheet.rows == [
        {"name": "孙长河", "phone": "19900000104", "area": "拟柳村", "group": "三组", "_row": "3"}
    ]
    with pytest.raises(rosterfile.BadRoster):
        rosterfile.read("张三,19900000104,户主\n".encode(), "b.csv")
