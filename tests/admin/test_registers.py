"""Plans, agendas, records and ledgers: one page for all of them."""

import html
import io
import re
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select

from gateway.consultation import matters, registers
from gateway.consultation.refusal import Refused
from gateway.consultation.registers import KINDS
from gateway.models.consultation import ConsultationEvent
from gateway.models.organizer import Audit
from gateway.models.register import RegisterEntry
from gateway.people.decided import today
from gateway.runtime import Runtime
from tests.admin.panel import Panel, area, area_id
from tests.consultation.procedure import OFFICER, QIAN

LINES = {
    "name": "孙长河",
    "number": "2",
    "date": "2026-12-31",
    "text": "说了三条，都记下了",
    "line": "村党组织",
}
NOTE = "村代会〔2026〕3号"


def filled(kind: str, **more: Any) -> dict[str, Any]:
    """The form of an entry, as a clerk fills it in."""
    said = {field.key: NOTE if field.key == "basis" else LINES[field.form] for field in KINDS[kind].fields}
    return {"kind": kind, "day": f"{today()}", "title": "修村口的路", "amount": "150.50", **said, **more}


def write(rt: Runtime, kind: str = "subsidy", code: str = "NL", **more: Any) -> int:
    with rt.db.write() as s:
        return registers.write(s, area(s, code), kind, filled(kind, **more), "cli").id


@pytest.mark.parametrize("kind", KINDS)
def test_every_register_keeps_what_was_written(village: Runtime, kind: str) -> None:
    qian = Panel(village, QIAN)
    qian.get(f"/admin/registers/?kind={kind}")
    form = filled(kind, entry_area=area_id(village, "NL"))
    assert "记下了" in qian.send("/admin/registers/", **form)
    assert "修村口的路" in qian.page and KINDS[kind].name in qian.page
    assert all(form[field.key] in qian.page for field in KINDS[kind].fields)
    assert ("150.50 元" in qian.page) == KINDS[kind].money
    answer = qian.http.get(f"/admin/registers.xlsx?kind={kind}")
    rows = list(openpyxl.load_workbook(io.BytesIO(answer.get_data())).active.iter_rows(values_only=True))
    assert (
        rows[1][:3] == ("修村口的路", "拟柳村", f"{today()}") and (rows[1][-1] == 150.5) == KINDS[kind].money
    )


def test_a_correction_keeps_what_stood_there_and_of_two_one_is_told(village: Runtime) -> None:
    id = write(village, "funding")
    qian = Panel(village, QIAN)
    qian.get(f"/admin/registers/{id}")
    assert 'value="150.50"' in qian.page
    qian.send(f"/admin/registers/{id}", **filled("funding", title="印通知", amount="80"))
    assert "印通知" in qian.page and "修村口的路" not in qian.page and "合计 80.00 元" in qian.page
    qian.get(f"/admin/registers/{id}", 404)  # the old one can't be changed any more
    with village.db.read() as s:
        new = s.scalars(select(RegisterEntry).where(RegisterEntry.replaces == id)).one()
    assert "修村口的路" in qian.get(f"/admin/registers/{new.id}") and "以前写的" in qian.page
    assert "去掉了" in qian.send(f"/admin/registers/{new.id}/strike") and "印通知" not in qian.page
    with village.db.write() as s, pytest.raises(Refused):
        registers.strike(s, s.get_one(RegisterEntry, id))


def test_registers_are_found_by_year_place_and_title(officer: Panel) -> None:
    rt = officer.rt
    write(rt, "training", day="2024-05-01", title="普法课")
    write(rt, "training", "FQ", title="怎么听热线")
    page = officer.get("/admin/registers/?kind=training")
    assert "怎么听热线" in page and "普法课" not in page
    assert "普法课" in officer.get("/admin/registers/?kind=training&year=2024")
    page = officer.get(f"/admin/registers/?kind=training&year=0&area={area_id(rt, 'NL')}")
    assert "普法课" in page and "怎么听热线" not in page
    page = officer.get("/admin/registers/?kind=training&year=0&q=热线")
    assert "怎么听热线" in page and "普法课" not in page
    assert "怎么听热线" not in Panel(rt, QIAN).get(
        "/admin/registers/?kind=training&year=0"
    )  # another village's
    assert officer.get("/admin/registers/?kind=nonsense&year=x&area=y")
    with rt.db.read() as s:
        assert "register_file" not in list(s.scalars(select(Audit.verb)))


@pytest.mark.parametrize(
    ("kind", "more", "field", "said"),
    [
        ("plan", {"title": ""}, "title", "请写打算协商什么"),
        ("plan", {"day": "昨天"}, "day", "请写日期"),
        ("plan", {"day": "1926-01-01"}, "day", "年份"),
        ("plan", {"lead": ""}, "lead", "请写谁牵头"),
        ("training", {"people": "很多"}, "people", "请写数字"),
        ("contract", {"until": "明年"}, "until", "请写日期"),
        ("contract", {"amount": ""}, "amount", "请写多少钱"),
        ("funding", {"amount": "三百"}, "amount", "请写多少钱"),
        ("subsidy", {"basis": "会"}, "basis", "会议决定的文号"),
        ("subsidy", {"basis": "99"}, "basis", "这里没有99号事"),
        ("subsidy", {"basis": "11号"}, "basis", "没有经村民会议或代表会议通过"),
    ],
)
def test_what_will_not_do_is_said_at_its_field_and_nothing_typed_is_lost(
    village: Runtime, kind: str, more: dict[str, str], field: str, said: str
) -> None:
    with village.db.write() as s, pytest.raises(Refused) as refused:
        registers.write(s, area(s, "NL"), kind, filled(kind, **more), "cli")
    assert refused.value.field == field and said in refused.value.why
    if kind != "subsidy":
        return
    qian = Panel(village, QIAN)
    qian.get("/admin/registers/?kind=subsidy")
    page = qian.send("/admin/registers/", 422, **filled(kind, entry_area=area_id(village, "NL"), **more))
    assert f'id="e-{field}"' in page and said in page and 'value="孙长河"' in page


def test_a_subsidy_follows_a_matter_that_an_assembly_passed(village: Runtime) -> None:
    with village.db.write() as s:
        c = matters.find(s, 11)
        assert c
        s.add(ConsultationEvent(consultation_id=c.id, event="pass", actor="cli", to_state=c.state))
    assert write(village, basis="11号")


def test_a_years_subsidies_go_to_the_board_without_names(village: Runtime) -> None:
    write(village, title="替孙长河家量地")
    write(village, day=f"{today().year - 1}-03-01", title="去年的事")
    http = Panel(village, "xianminzheng").http
    board = f"/board/subsidies/NL/{today().year}"
    assert http.get(board).status_code == 404 and "误工补贴" not in http.get("/board/").get_data(as_text=True)
    qian = Panel(village, QIAN)
    assert f"{today().year - 1}年的误工补贴还没公示" in qian.get("/admin/")  # a year that is over
    assert "还没公示" in qian.get("/admin/registers/?kind=subsidy")
    qian.send("/admin/registers/publish", area=area_id(village, "NL"), year=today().year - 1)
    assert "还没公示" not in qian.get("/admin/")
    qian.get("/admin/registers/?kind=subsidy")
    qian.send("/admin/registers/publish", area=area_id(village, "NL"), year=today().year)
    assert "公示了" in qian.page and "还没公示" not in qian.page
    ready = re.search(r'href="(/admin/broadcasts/new[^"]+)"', qian.page)
    assert ready and "误工补贴公示：1笔，共150.50元" in qian.get(
        html.unescape(ready[1])
    )  # words for everybody
    qian.get("/admin/registers/?kind=subsidy")
    page = http.get(board).get_data(as_text=True)
    assert "量地" in page and "150.50元" in page and "去年的事" not in page and "孙长河" not in page
    assert f"拟柳村 {today().year}年" in http.get("/board/").get_data(as_text=True)
    again = qian.send("/admin/registers/publish", area=area_id(village, "NL"), year=today().year)
    assert "没有要公示的补贴" in again
    # corrected after it was shown: the new one has to be shown, too
    with village.db.write() as s:
        shown = registers.published(s, area(s, "NL"), today().year)[0]
        registers.write(s, area(s, "NL"), "subsidy", filled("subsidy", amount="99"), "cli", shown)
    assert "还没公示" in qian.get("/admin/registers/?kind=subsidy") and http.get(board).status_code == 404


def test_whoever_only_judges_sees_no_name_and_nobody_keeps_anothers(village: Runtime) -> None:
    id = write(village)
    evaluator = Panel(village, "pinggu")
    assert "孙某" in evaluator.get("/admin/registers/?kind=subsidy") and "孙长河" not in evaluator.page
    book = evaluator.http.get("/admin/registers.xlsx?kind=subsidy").get_data()
    assert "孙长河" not in str([*openpyxl.load_workbook(io.BytesIO(book)).active.iter_rows(values_only=True)])
    yin = Panel(village, "yinwenshu")
    yin.get(f"/admin/registers/{id}", 404)
    yin.get("/admin/registers/")
    assert (
        yin.post("/admin/registers/", **filled("plan", entry_area=area_id(village, "NL"))).status_code == 404
    )
    assert Panel(village, OFFICER).get(f"/admin/registers/{id}")


def test_the_board_reads_years_on_both_databases(each_village: Runtime) -> None:
    write(each_village)
    with each_village.db.write() as s:
        assert registers.publish(s, area(s, "NL"), today().year) == (1, 150500)
        assert [(a.code, year) for a, year in registers.published_years(s)] == [("NL", today().year)]
