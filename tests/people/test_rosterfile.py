"""Roster files as clerks keep them: whose name and number a column holds, merged cells, several worksheets, totals."""

import io
from collections.abc import Callable
from typing import Any

import pytest
import xlsxwriter

from gateway.people import rosterfile


def lines(text: str) -> list[dict[str, str]]:
    return rosterfile.read(text.encode(), "名册.csv").rows


def workbook(**sheets: Callable[[Any], None]) -> bytes:
    """An .xlsx with these worksheets, each filled in by its function."""
    out = io.BytesIO()
    book = xlsxwriter.Workbook(out)
    for name, fill in sheets.items():
        fill(book.add_worksheet(name))
    book.close()
    return out.getvalue()


def test_the_land_somebody_works_is_not_the_size_of_their_home() -> None:
    assert lines("姓名,耕地面积,户号\n孙长河,12亩,H03\n")[0].keys() == {"name", "household", "_row"}


def test_a_household_is_not_swallowed_by_its_heads_name_before_the_persons_own() -> None:
    found = lines("户主姓名,姓名,户号,户口性质\n王德顺,王德顺,H01,农业\n王德顺,刘桂兰,H01,非农业\n")
    assert [(row["name"], row["household"], row.get("registered")) for row in found] == [
        ("王德顺", "H01", None),
        ("刘桂兰", "H01", None),
    ]
    assert lines("户主姓名,户主电话\n王德顺,19900000101\n")[0]["name"] == "王德顺"


@pytest.mark.parametrize(
    "headings",
    ["紧急联系人电话,户主电话,联系电话", "联系电话,户主电话,联系人电话", "家属手机,联系人电话,本人电话"],
)
def test_a_number_of_somebody_elses_is_never_taken_for_the_persons_own(headings: str) -> None:
    own = next(i for i, word in enumerate(headings.split(",")) if word in ("联系电话", "本人电话"))
    cells = ["19900000001", "19900000002", "19900000003"]
    (row,) = lines(f"姓名,{headings}\n孙长河,{','.join(cells)}\n")
    assert row["phone"] == cells[own]


def test_several_columns_of_the_persons_own_numbers_are_all_taken_and_what_was_not_read_is_said() -> None:
    sheet = rosterfile.read(
        "姓名,手机,固定电话,户主电话,备注\n孙长河,19900000104,0499-0000104,1,".encode(), "a.csv"
    )
    assert sheet.rows[0]["phone"] == "19900000104 / 0499-0000104"
    assert sheet.columns["phone"] == "手机、固定电话" and sheet.unread == ["户主电话", "备注"]


def test_totals_remarks_titles_of_parts_and_repeated_headings_are_nobody() -> None:
    sheet = rosterfile.read(
        "序号,姓名,户号\n1,王德顺,H01\n小计,1人,\n,二组,\n序号,姓名,户号\n2,孙长河,H03\n,合 计,2\n"
        "备注：经村民小组会议核对,,\n填表人：周会计,,\n".encode(),
        "a.csv",
    )
    assert [row["name"] for row in sheet.rows] == ["王德顺", "孙长河"]
    assert sheet.no_people == [3, 4, 5, 7]


def test_a_household_number_merged_over_its_members_holds_for_all_of_them_and_no_further() -> None:
    def households(sheet: Any) -> None:
        sheet.merge_range(0, 0, 0, 2, "拟柳村花名册")
        sheet.write_row(2, 0, ["户号", "姓名", "电话"])
        sheet.merge_range(3, 0, 4, 0, "H01")
        for n, name in enumerate(["王德顺", "刘桂兰", "孙长河"], 3):
            sheet.write(n, 1, name)

    sheet = rosterfile.read(workbook(名册=households), "名册.xlsx")
    assert [(r["name"], r.get("household")) for r in sheet.rows] == [
        ("王德顺", "H01"),
        ("刘桂兰", "H01"),
        ("孙长河", None),
    ]
    assert "household" not in lines("户号,姓名\nH01,王德顺\n,刘桂兰\n")[1]  # a CSV can't tell


def test_of_several_worksheets_the_one_read_and_those_not_read_are_named_and_one_can_be_chosen() -> None:
    def of(name: str) -> Callable[[Any], None]:
        def fill(sheet: Any) -> None:
            sheet.write_row(0, 0, ["姓名", "户号"])
            sheet.write_row(1, 0, [name, "H01"])

        return fill

    def hidden(sheet: Any) -> None:
        of("旧人")(sheet)
        sheet.hide()

    def notes(sheet: Any) -> None:
        sheet.write(0, 0, "填表说明")
        sheet.activate()

    data = workbook(旧名册=hidden, 说明=notes, 一组=of("王德顺"), 二组=of("孙长河"))
    sheet = rosterfile.read(data, "名册.xlsx")
    assert (sheet.name, sheet.rows[0]["name"]) == ("一组", "王德顺")
    assert sheet.others == ["说明", "二组", "旧名册"]
    assert rosterfile.read(data, "名册.xlsx", "二组").rows[0]["name"] == "孙长河"
    with pytest.raises(rosterfile.BadRoster) as bad:
        rosterfile.read(data, "名册.xlsx", "三组")
    assert "没有“三组”" in bad.value.why and "二组" in bad.value.why
