"""The workbook of figures, as Excel reads it."""

import io
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from sqlalchemy import select

from gateway import clock
from gateway.consultation import matters, objections
from gateway.models.area import Area
from gateway.models.organizer import Audit
from gateway.models.outreach import Delivery, Spending
from gateway.models.person import Handset, Person, PersonHandset
from gateway.outreach import broadcasts
from gateway.runtime import Runtime
from tests.admin.panel import Panel, area, area_id

YEAR = "since=2026-01-01&until=2026-12-31"


def book(who: Panel, query: str = "") -> dict[str, list[tuple[Any, ...]]]:
    """Sheet → rows."""
    answer = who.http.get(f"/admin/statistics.xlsx?{query}")
    assert answer.status_code == 200, answer.get_data(as_text=True)
    read = openpyxl.load_workbook(io.BytesIO(answer.get_data()))
    assert not [
        x for sheet in read for row in sheet.iter_rows() for x in row if x.data_type == "f" or x.hyperlink
    ]
    return {sheet.title: list(sheet.iter_rows(values_only=True)) for sheet in read}


def begin(rt: Runtime) -> str:
    """A period that holds all of the sample's matters, whatever today is."""
    today = clock.now().date()
    return f"since={today - timedelta(days=700)}&until={today + timedelta(days=30)}"


def test_every_matter_has_its_line_and_its_area_its_states(officer: Panel) -> None:
    found = book(officer, begin(officer.rt))
    assert list(found) == ["说明", "各村事项", "一事一行", "参与", "通知", "反对", "话费", "每月话费"]
    heading, *lines = found["一事一行"]
    by_number = {line[1]: dict(zip(heading, line, strict=True)) for line in lines}
    assert set(by_number) == {11, 12, 13, 14, 15, 16}
    noise = by_number[16]
    assert (noise["该问"], noise["答了"], noise["参与率"], noise["单位"]) == (10, 10, 1, "人")
    heading, *lines = found["各村事项"]
    states = {line[0]: dict(zip(heading, line, strict=True)) for line in lines}
    assert states["拟柳村"]["征集中"] == 1 and states["样例里社区"]["公示中"] == 1
    assert sum(row["合计"] for row in states.values()) == 6
    # who took it is on record
    with officer.rt.db.read() as s:
        assert s.scalars(select(Audit.verb).where(Audit.verb == "statistics")).all() == ["statistics"]


def test_a_village_gets_its_own_figures_only(qian: Panel) -> None:
    found = book(qian, begin(qian.rt))
    assert {line[1] for line in found["一事一行"][1:]} == {11}
    other = area_id(qian.rt, "FQ")
    answer = qian.http.get(f"/admin/statistics.xlsx?area={other}")
    assert answer.status_code == 422 and "请选择村或社区" in answer.get_data(as_text=True)


def test_the_period_is_when_gathering_began(officer: Panel) -> None:
    with officer.rt.db.write() as s:
        c = matters.find(s, 16)
        assert c and c.opens_at
        c.opens_at = c.opens_at.replace(year=2020, month=2, day=1)
    assert {line[1] for line in book(officer, "since=2020-02-01&until=2020-02-02")["一事一行"][1:]} == {16}
    assert book(officer, "since=2020-02-03&until=2020-02-05")["一事一行"][1:] == []


def test_turnout_is_told_by_way_age_and_group_but_not_of_a_few(officer: Panel) -> None:
    heading, *lines = book(officer, begin(officer.rt))["参与"]
    assert heading[:3] == ("村、社区", "按什么分", "哪些人")
    kinds = {line[1] for line in lines}
    assert kinds == {"方式", "年龄", "组", "性别"}
    told = [line for line in lines if isinstance(line[3], int)]
    assert told and all(line[3] >= 5 and line[5] == pytest.approx(line[4] / line[3]) for line in told)
    assert all(line[4] is None for line in lines if line[3] == "不到五个")
    assert all(not isinstance(line[4], int) or line[4] >= 5 for line in lines if line[1] == "方式")


def test_reach_and_cost_follow_what_the_carrier_took(officer: Panel) -> None:
    with officer.rt.db.write() as s:
        c = matters.find(s, 11)
        assert c
        b = broadcasts.create(
            s, area=area(s, "NL"), sms="【拟柳村委会】" + "字" * 80, voice="修路", consultation_id=c.id, stage="notice"
        )  # fmt: skip
        broadcasts.start(s, officer.rt.settings, b)
        rows = list(s.scalars(select(Delivery).where(Delivery.broadcast_id == b.id).order_by(Delivery.id)))
        texts_, calls = ([d for d in rows if d.channel == way] for way in ("sms", "voice"))
        for d in texts_:
            d.state, d.attempts = "delivered", 1
        for d in calls:  # machines took them: paid for, and nobody told
            d.state, d.attempts, d.heard = "delivered", 2, "machine"
        homes = s.scalars(
            select(Person.household_id).where(Person.id.in_(_on(s, [d.handset_id for d in texts_])))
        ).all()
        s.add(Spending(area_id=c.area_id, month=f"{clock.now():%Y-%m}", amount=12340))
        n_texts, n_calls, n_homes = len(texts_), len(calls), len(set(homes))
    assert n_texts and n_calls
    found = book(officer, begin(officer.rt))
    notice = next(line for line in found["通知"][1:] if line[1] == 11)
    assert notice[3] == "协商通知" and notice[5] == n_homes < notice[4]
    cost = next(line for line in found["话费"][1:] if line[1] == 11)
    assert cost[3:] == pytest.approx((n_texts * 2 * 0.05, n_calls * 2 * 0.15, n_texts * 0.1 + n_calls * 0.3))
    assert found["每月话费"][1] == ("拟柳村", f"{clock.now():%Y-%m}", 12.34)


def _on(s: Any, handsets: list[int]) -> list[int]:
    return list(s.scalars(select(PersonHandset.person_id).where(PersonHandset.handset_id.in_(handsets))))


def test_objections_show_how_long_an_answer_took_and_who_is_late(officer: Panel) -> None:
    with officer.rt.db.write() as s:
        c = matters.find(s, 16)
        assert c
        people = s.scalars(matters.eligible(s, c).order_by(Person.id)).all()
        first = objections.open_(s, c, people[0], "太吵", "sms")
        second = objections.open_(s, c, people[1], "不公平", "voice")
        first.created_at, first.explained_at, first.state = (
            clock.now() - timedelta(days=3),
            clock.now(),
            "explained",
        )
        second.due_at = clock.now() - timedelta(days=1)
    line = next(x for x in book(officer, begin(officer.rt))["反对"][1:] if x[0] == "样例里社区")
    assert line[1:] == (2, 1, 1, 1, 3.0)


def test_a_title_that_looks_like_a_formula_is_words_in_excel(qian: Panel) -> None:
    with qian.rt.db.write() as s:
        c = matters.find(s, 11)
        assert c
        c.title = '=HYPERLINK("http://x","领钱")'
    titles = [line[0] for line in book(qian, begin(qian.rt))["一事一行"][1:]]
    assert titles == ['\'=HYPERLINK("http://x","领钱")']


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("since=昨天", "这个日期看不懂"),
        ("since=2026-05-01&until=2026-04-01", "结束要在开始以后"),
        ("since=2001-01-01&until=2026-04-01", "最多三年"),
        ("since=0001-01-01&until=0001-02-01", "请看看年份对不对"),
        ("area=nonsense", "请选择村或社区"),
    ],
)
def test_what_cannot_be_counted_is_said_and_nothing_typed_is_lost(qian: Panel, query: str, said: str) -> None:
    answer = qian.http.get(f"/admin/statistics.xlsx?{query}")
    page = answer.get_data(as_text=True)
    assert answer.status_code == 422 and said in page
    assert query.split("&")[0].split("=")[1] in page or "area" in query


def test_the_county_may_have_it_and_finds_no_name_in_it(village: Runtime) -> None:
    county = Panel(village, "xianminzheng")
    assert "下载统计表" in county.get("/admin/statistics")
    words = str(book(county, begin(village)))
    with village.db.read() as s:
        names, numbers = (
            set(s.scalars(select(Person.name))),
            {h.number[-8:] for h in s.scalars(select(Handset))},
        )
    assert not [x for x in names | numbers if x in words]


def test_an_area_without_matters_gives_a_workbook_too(village: Runtime) -> None:
    with village.db.write() as s:
        empty = Area(code="KONG", name="空村", level="village", path="/XQ/KONG/", parent_id=area(s, "XQ").id)
        s.add(empty)
        s.flush()
        id = empty.id
    found = book(Panel(village, "xuquanzhen"), f"area={id}&{YEAR}")
    assert found["各村事项"][1] == ("空村", 0) and found["一事一行"][1:] == []
