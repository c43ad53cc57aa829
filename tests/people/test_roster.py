"""Rosters as villages keep them."""

import csv
import io
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
import xlsxwriter
from sqlalchemy import func, select

from gateway.models.area import Area
from gateway.models.organizer import Organizer
from gateway.models.person import Claim, Handset, Household, Person, PersonHandset
from gateway.people import claims, residents, roster, rosterfile
from gateway.people.rosterrows import FACTS, Reader
from gateway.runtime import Runtime
from tests.conftest import SUN, Resident
from tests.resident import text

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
    with each_village.db.read() as s:
        area = township(s)
    first = roster.apply(each_village.db, sheet, area, "cli")
    assert (first.new, first.matched, len(first.rejected)) == (2, 4, 4)
    with each_village.db.read() as s:
        before = counts(s)
    again = roster.apply(each_village.db, sheet, area, "cli")
    assert (again.new, again.matched, len(again.rejected)) == (0, 6, 4)
    with each_village.db.read() as s:
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
    sheet = rosterfile.read("姓名,手机号码\n赵一,13800138000\n".encode(), "a.csv")
    plan = roster.apply(empty.db, sheet, area, "cli")
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


class Lines(list):  # type: ignore[type-arg]
    """A long file's rows; something happens before one of them is read."""

    def __init__(self, n: int, at: int = -1, happens: Callable[[], object] = lambda: None) -> None:
        rows = (
            {"_row": str(i + 2), "name": NAMES[i % 7], "household": f"H{i}", "phone": number(i)}
            for i in range(n)
        )
        super().__init__(rows)
        self.at, self.happens = at, happens

    def __iter__(self) -> Iterator[dict[str, str]]:
        for i, row in enumerate(super().__iter__()):
            if i == self.at:
                self.happens()
            yield row


NAMES = ("王伟", "李娜", "张敏", "刘洋", "陈静", "杨帆", "赵磊")
COLUMNS = {"name": "姓名", "household": "户号", "phone": "电话"}


def number(i: int) -> str:
    return f"139{i:08d}"


@pytest.fixture
def area(each_village: Runtime) -> Area:
    with each_village.db.read() as s:
        return s.scalars(select(Area).where(Area.code == "NL")).one()


def test_a_resident_is_answered_in_the_middle_of_a_long_import(each_village: Runtime, area: Area) -> None:
    answers: list[str] = []
    long = Lines(5000, 4500, lambda: answers.append(text(each_village, SUN, "1")))
    plan = roster.apply(each_village.db, rosterfile.Sheet(long, COLUMNS), area, "cli")
    assert plan.new == 5000 and "回执" in answers[0]


def test_an_import_that_broke_off_is_finished_by_importing_again(each_village: Runtime, area: Area) -> None:
    def power_cut() -> None:
        raise KeyboardInterrupt

    with each_village.db.read() as s:
        before = counts(s)
    with pytest.raises(KeyboardInterrupt):
        roster.apply(each_village.db, rosterfile.Sheet(Lines(5000, 4500, power_cut), COLUMNS), area, "cli")
    sheet = rosterfile.Sheet(Lines(5000), COLUMNS)
    plan = roster.apply(each_village.db, sheet, area, "cli")
    assert (plan.new, plan.matched, plan.rejected) == (1000, 4000, [])
    assert roster.apply(each_village.db, sheet, area, "cli").new == 0
    with each_village.db.read() as s:
        assert counts(s) == [n + 5000 for n in before]
        silent = select(func.count()).where(Household.code.startswith("H"), Household.delegate_id.is_(None))
        assert s.scalar(silent) == 0


def test_two_imports_of_one_file_at_once_and_calls_from_its_numbers_add_everybody_once(
    each_village: Runtime, area: Area
) -> None:
    with each_village.db.read() as s:
        before = counts(s)

    def ring(i: int) -> None:
        with each_village.db.write() as s:
            residents.handset_for(s, residents.Phone(f"+86{number(i)}", "mobile"))

    def take_in(_: int) -> roster.Plan:
        return roster.apply(each_village.db, rosterfile.Sheet(Lines(3000), COLUMNS), area, "cli")

    with ThreadPoolExecutor(4) as pool:
        imports, calls = pool.map(take_in, range(2)), pool.map(ring, range(2999, 0, -60))
        assert sum(plan.new for plan in imports) == 3000
        list(calls)
    with each_village.db.read() as s:
        assert counts(s) == [n + 3000 for n in before]


def test_a_name_twice_in_a_file_is_one_person_with_both_numbers_however_far_apart(
    each_village: Runtime, area: Area
) -> None:
    lines = Lines(4000)
    lines.append({**lines[0], "_row": "4002", "phone": "13700000001"})
    lines.append({**lines[0], "_row": "4003"})
    sheet = rosterfile.Sheet(lines, COLUMNS)
    with each_village.db.read() as s:
        said = roster.preview(s, sheet, area)
    done = roster.apply(each_village.db, sheet, area, "cli")
    assert (done.new, done.matched) == (said.new, said.matched) == (4000, 2)
    with each_village.db.read() as s:
        wei = s.scalars(
            select(Person).join(Household, Household.id == Person.household_id).where(Household.code == "H0")
        )
        assert {h.tail for h in residents.handsets_of(s, wei.one().id)} == {"0000", "0001"}


def test_a_name_that_several_have_adds_nobody_without_a_household_or_a_number(
    each_village: Runtime, area: Area
) -> None:
    roster.apply(each_village.db, rosterfile.Sheet(Lines(14), COLUMNS), area, "cli")
    bare = rosterfile.Sheet([{"_row": "2", "name": "王伟"}], {"name": "姓名"})
    for _ in range(2):
        plan = roster.apply(each_village.db, bare, area, "cli")
        assert plan.new == 0 and "同名" in plan.rejected[0].why


def one(heads: str, *rows: str) -> rosterfile.Sheet:
    return rosterfile.read("\n".join([heads, *rows]).encode(), "a.csv")


def test_a_new_number_of_a_verified_resident_waits_for_an_organizer_and_votes_for_nobody_meanwhile(
    each_village: Runtime, area: Area
) -> None:
    sheet = one("姓名,电话,户号", f"{SUN.name},19900000881,H03")
    with each_village.db.read() as s:
        planned = roster.preview(s, sheet, area)
    why = "给已核实的孙长河增加一个电话199****0881，需要村干部确认"
    assert planned.rows[0].why == planned.waiting[0].why == why
    for _ in range(2):  # importing again asks nothing twice
        plan = roster.apply(each_village.db, sheet, area, "cli")
        assert (plan.new, plan.matched, [w.row for w in plan.waiting]) == (0, 1, [2])
    new = Resident(SUN.name, "+8619900000881")
    assert "回执" not in text(each_village, new, "11 1")
    with each_village.db.write() as s:
        claim = s.scalars(select(Claim)).one()
        phone = s.get_one(Handset, claim.handset_id)
        assert (claim.state, claim.channel, phone.tail) == ("waiting", "roster", "0881")
        assert residents.people_on(s, phone.id) == []
        claims.accept(s, claim, s.scalars(select(Organizer)).first(), s.get(Person, claim.person_id))
    assert "回执" in text(each_village, new, "11 1")
    assert roster.apply(each_village.db, sheet, area, "cli").waiting == []


def test_a_number_an_organizer_refused_is_not_asked_about_again(village: Runtime) -> None:
    sheet = one("姓名,电话,户号", f"{SUN.name},19900000881,H03")
    with village.db.read() as s:
        area = s.scalars(select(Area).where(Area.code == "NL")).one()
    roster.apply(village.db, sheet, area, "cli")
    with village.db.write() as s:
        claims.reject(s, s.scalars(select(Claim)).one(), s.scalars(select(Organizer)).first())
    plan = roster.apply(village.db, sheet, area, "cli")
    assert plan.waiting == [] and "不是本人的，没有加" in plan.rows[0].why
    with village.db.read() as s:
        assert [c.state for c in s.scalars(select(Claim))] == ["rejected"]


def test_a_new_number_of_somebody_only_on_the_roster_is_theirs_and_the_preview_says_so(
    village: Runtime,
) -> None:
    with village.db.read() as s:
        area = s.scalars(select(Area).where(Area.code == "NL")).one()
    roster.apply(village.db, one("姓名,户号", "钱多多,H90"), area, "cli")
    plan = roster.apply(village.db, one("姓名,电话,户号", "钱多多,19900000882,H90"), area, "cli")
    assert (plan.rows[0].why, plan.waiting) == ("增加电话199****0882", [])


@pytest.mark.parametrize(
    ("heads", "row", "why"),
    [
        ("姓名,电话", "钱多多,110", "“110”是公共号码"),
        ("姓名,电话", "钱多多,12345", "公共号码"),
        ("姓名,电话", "钱多多,10086", "公共号码"),
        ("姓名,电话", "钱多多,95588", "公共号码"),
        ("姓名,电话", "钱多多,400-810-0000", "公共号码"),
        ("姓名,电话", "钱多多,86123456", "要带区号"),
        ("姓名,电话", "钱\0多多,19900000990", "姓名里有乱码"),
        ("姓名,户号", "钱多多,H\x019", "户号里有乱码"),
        ("姓名,户号", f"钱多多,{'H' * 400}", "户号太长"),
        ("姓名,电话", f"{'钱' * 300},19900000990", "姓名太长"),
        ("姓名,组", f"钱多多,{'二' * 50}", "组名太长"),
        ("姓名,年龄", "钱多多,200", "年龄“200”不对"),
        ("姓名,年龄", "钱多多,七十", "年龄“七十”不对"),
        ("姓名,出生日期", "钱多多,2099-01-01", "不对"),
        ("姓名,出生日期", "钱多多,32000", "不对"),
        ("姓名,身份证号", "钱多多,230100999901010011", "身份证号里的出生年份不对"),
        ("姓名,建筑面积", "钱多多,一大间", "面积“一大间”不对"),
        ("姓名,建筑面积", "钱多多,-89", "面积“-89”不对"),
        ("姓名,建筑面积", "钱多多,8950000", "面积“8950000”不对"),
        ("姓名,电话", "以上名单，经会议核对,19900000990", "不像姓名"),
        ("姓名,电话", "钱多多（已故）,19900000990", "已故"),
        ("姓名,村", "钱多多,别镇拟柳村", "不在"),
    ],
)
def test_a_row_that_makes_no_sense_is_refused_by_itself_and_says_what_is_wrong(
    each_village: Runtime, area: Area, heads: str, row: str, why: str
) -> None:
    sheet = one(f"{heads},户", f"{row},H90", *["钱来来,,H90"] * ("户号" not in heads))
    plan = roster.apply(each_village.db, sheet, area, "cli")
    (bad,) = plan.rejected
    assert why in bad.why and bad.row == 2 and bad.name.isprintable()


@pytest.mark.parametrize(
    ("heads", "row", "expected"),
    [
        ("姓名,村", "孙长河,虚泉镇拟柳村", ("孙长河", "", set())),
        ("姓名,村", "孙长河,拟柳村一组", ("孙长河", "一组", set())),
        ("姓名,村", "孙长河,虚泉镇拟柳村委会", ("孙长河", "", set())),
        ("姓名,村", "孙长河,拟柳二组", ("孙长河", "二组", set())),
        ("姓名,电话", "孙长河（户主）,19900000881", ("孙长河", "", {"0881"})),
        ("姓名,电话", "孙长河(儿子),19900000881（儿子）", ("孙长河", "", {"0881"})),
        ("姓名,电话", "孙长河,19900000881|19900000882", ("孙长河", "", {"0881", "0882"})),
        ("姓名,电话", "孙长河,19900000881或19900000882", ("孙长河", "", {"0881", "0882"})),
        ("姓名,电话", "孙长河,19900000881 / 19900000882", ("孙长河", "", {"0881", "0882"})),
        ("姓名,电话", "孙长河,19900000881、19900000882", ("孙长河", "", {"0881", "0882"})),
        ("姓名,电话", "\ufeff孙\u200b长河,１９９\u200b００００\u200b０８８１", ("孙长河", "", {"0881"})),
    ],
)
def test_sensible_ways_of_writing_a_village_a_name_or_two_numbers_are_read(
    village: Runtime, heads: str, row: str, expected: tuple[str, str, set[str]]
) -> None:
    with village.db.read() as s:
        tree = list(s.scalars(select(Area)))
    reader = Reader(next(a for a in tree if a.code == "NL"), tree, tree)
    (fields,) = one(heads, row).rows
    said = reader.read(fields)
    assert said.why == ""
    group, numbers = said.facts[FACTS.index("group_name")], {n.e164[-4:] for n in said.numbers.values()}
    assert (said.name, group, numbers) == expected


def test_namesakes_without_a_household_are_told_what_to_add_and_nobody_gets_the_others_number(
    each_village: Runtime, area: Area
) -> None:
    sheet = one("姓名,电话", "钱多多,19900000881", "钱多多,19900000882", "钱多多,19900000881")
    plan = roster.apply(each_village.db, sheet, area, "cli")
    assert (plan.new, plan.matched) == (1, 1)
    assert "和第2行同村同名" in plan.rejected[0].why and "请加一列户号" in plan.rejected[0].why
    assert plan.rows[2].why == "和第2行是同一个人"


def test_owners_and_their_floor_area_come_with_the_roster(each_village: Runtime, area: Area) -> None:
    sheet = one("姓名,户号,是否业主,建筑面积", "钱多多,H90,是,89.5㎡", "钱来来,H90,否,/", "钱小小,H91,,")
    assert roster.apply(each_village.db, sheet, area, "cli").rejected == []
    with each_village.db.read() as s:
        came = select(Person.name, Person.owner, Person.floor_area).where(Person.name.startswith("钱"))
        told = {name: (owner, size) for name, owner, size in s.execute(came)}
    assert told["钱多多"] == (True, 89.5) and told["钱来来"] == told["钱小小"] == (False, None)
