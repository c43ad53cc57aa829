"""Everything below an area in figures, and what anybody may fetch of it."""

import csv
import io
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import openpyxl
import pytest
from sqlalchemy import event, select

from gateway import clock, overview
from gateway.consultation import ballots, matters, oversight, splits
from gateway.figures import Period
from gateway.models.answer import Ballot, Opinion
from gateway.models.area import Area
from gateway.models.outreach import Spending
from gateway.models.person import Handset, Person
from gateway.outreach import audience, broadcasts
from gateway.people import organizers, residents
from gateway.people.decided import today
from gateway.runtime import Runtime
from gateway.web import opendata
from tests.admin.panel import Panel, area
from tests.conftest import SUN
from tests.consultation.procedure import OFFICER, QIAN, new

COUNTY = "xianminzheng"


def whole() -> Period:
    """A period that holds all of the sample's matters, whatever today is."""
    return Period(today() - timedelta(days=700), today() + timedelta(days=30))


def query(**more: Any) -> str:
    p = whole()
    return "&".join(f"{k}={v}" for k, v in {"since": p.since, "until": p.until, **more}.items())


def look(rt: Runtime, code: str = "XQ", period: Period | None = None) -> overview.Overview:
    with rt.db.read() as s:
        return overview.look(s, rt.settings, area(s, code), period or whole(), rt.settings.zone)


@contextmanager
def statements(rt: Runtime) -> Iterator[list[str]]:
    said: list[str] = []

    def hear(_c: Any, _cursor: Any, sql: str, *_rest: Any) -> None:
        said.append(sql)

    event.listen(rt.db.engine, "before_cursor_execute", hear)
    try:
        yield said
    finally:
        event.remove(rt.db.engine, "before_cursor_execute", hear)


def test_coverage_states_and_what_is_overdue_by_place(each_village: Runtime) -> None:
    with each_village.db.write() as s:
        c = matters.find(s, 11)
        assert c
        flag = oversight.ask(s, c, "cli", c.area_id, "账呢", clock.now() + timedelta(days=1))
        flag.due_at = clock.now() - timedelta(days=1)
        late = matters.find(s, 14)
        assert late and late.state == "IMPLEMENTING"
        late.due_at = clock.now() - timedelta(days=1)
        s.add(Spending(area_id=c.area_id, month=f"{today():%Y-%m}", amount=60000))
        led = s.get_one(Area, late.area_id).name
    o = look(each_village)
    by_name = {p.name: p for p in o.places}
    assert set(by_name) == {"虚泉镇", "拟柳村", "仿桥村", "虚岭村", "样例里社区"}
    assert o.total("villages") == 4 and o.total("covered") == 4 and o.total("matters") == 6
    assert o.states == {"OPEN": 2, "PUBLICITY": 1, "IMPLEMENTING": 2, "CLOSED": 1}
    assert by_name["虚泉镇"].matters == 1 and by_name["虚泉镇"].villages == 0
    assert by_name["拟柳村"].late_flags == 1 and o.total("late_flags") == 1
    assert by_name[led].overdue == 1 == o.total("overdue")
    assert by_name["拟柳村"].spent == 60000 and o.per_matter == 10000
    empty = look(each_village, "XQ", Period(today() - timedelta(days=9000), today() - timedelta(days=8000)))
    assert (empty.total("covered"), empty.states, empty.people.said) == (0, {}, 0)


def test_a_village_is_covered_by_a_matter_of_the_whole_township(village: Runtime) -> None:
    tomorrow = Period(today() + timedelta(days=1), today() + timedelta(days=2))
    assert look(village, "XQ", tomorrow).total("covered") == 0
    with village.db.write() as s:
        c = new(s, "XQ")
        c.opens_at = clock.now() + timedelta(days=1)
    assert look(village, "XQ", tomorrow).total("covered") == 4
    assert (
        look(village, "NL", tomorrow).total("covered") == 1
        and look(village, "NL", tomorrow).total("matters") == 0
    )


def test_who_takes_part_is_counted_once_a_person_and_small_parts_are_hidden(each_village: Runtime) -> None:
    o = look(each_village)
    with each_village.db.read() as s:
        voters = len(set(s.scalars(select(Ballot.person_id))))
    assert o.people.people == 40 and o.people.said and voters <= o.people.said <= 40
    for parts in (o.ages, o.sexes):
        told = [x for x in parts.values() if x.said is not None]
        assert all(x.said == 0 or x.said >= 5 for x in told)
        hidden = [x for x in parts.values() if x.said is None]
        assert len(hidden) != 1  # or it could be worked out from the whole
    assert sum(x.people or 0 for x in o.sexes.values()) <= 40
    assert all(n is None or n >= 5 for n in o.channels.values())


def test_four_people_of_a_village_are_told_as_fewer_than_five(village: Runtime) -> None:
    with village.db.write() as s:
        kept = list(s.scalars(select(Ballot.person_id).distinct().limit(4)))
        for row in s.scalars(select(Ballot).where(Ballot.person_id.not_in(kept))):
            s.delete(row)
        for said in s.scalars(select(Opinion)):
            said.person_id = kept[0]
    o = look(village)
    assert o.people.said is None and all(x.said is None for x in (*o.ages.values(), *o.sexes.values()))


def _told(o: overview.Overview) -> dict[str, int | None]:
    """Every number of people on one page."""
    found: dict[str, int | None] = {"people": o.people.people, "said": o.people.said, **o.channels}
    for name, share in (*o.ages.items(), *o.sexes.items()):
        found |= {f"{name}, all": share.people, f"{name}, said": share.said}
    return found


def test_what_one_village_keeps_back_can_not_be_worked_out_from_the_township(village: Runtime) -> None:
    pages = [_told(look(village, code)) for code in ("NL", "FQ", "XL", "YL")]
    above = _told(look(village))
    hidden = {key for page in pages for key, n in page.items() if n is None}
    assert hidden and any(n is not None for n in above.values())
    for key, n in above.items():
        kept_back = [page for page in pages if key in page and page[key] is None]
        if n is not None and kept_back:
            left = n - sum(page.get(key) or 0 for page in pages)
            assert len(kept_back) > 1 and left >= 5, (key, left)


def test_a_number_only_one_village_keeps_back_is_kept_back_above_it_and_further_up() -> None:
    big, small = {"sms": 20, "voice": 30, "clerk": 12}, {"sms": 20, "voice": 30, "clerk": 2}
    quiet = splits.nested(small, ())
    assert quiet.told("clerk") is None and quiet.told("sms") is None and quiet.told("voice") == 30
    town = splits.nested({}, [splits.nested(big, ()), quiet])
    assert (town.told("clerk"), town.told("sms"), town.told("voice"), town.whole) == (None, None, 60, 114)
    county = splits.nested({}, [town, splits.nested({}, [splits.nested(big, ())])])
    assert (county.told("clerk"), county.told("voice")) == (None, 90)
    two = splits.nested({}, [quiet, quiet, quiet])  # three who keep back two each leave six, and nobody's own
    assert two.told("clerk") == 6 and two.told("sms") == 60
    few = splits.nested({}, [splits.nested(big, ()), splits.nested({"sms": 4}, ())])
    assert few.whole is None and few.told("voice") is None  # else the four were what is left of it
    living_there = splits.nested({"sms": 3}, [splits.nested(big, ())])
    assert living_there.whole is None  # people of the township itself, whom no page below has


def test_what_single_messages_cost_is_in_the_cost(village: Runtime) -> None:
    before = {p.name: p for p in look(village).places}["拟柳村"]
    with village.db.write() as s:
        sun, c = residents.handset(s, SUN.phone), matters.find(s, 12)
        assert sun and c
        elsewhere = s.get_one(Area, c.area_id).name
        for words, channel, about, tries in (
            ("记下了" * 30, "sms", None, 1),
            ("", "voice", None, 2),
            ("好", "sms", c.id, 1),
        ):
            d = broadcasts.say(s, sun, sms=words, voice=words, channel=channel, about_id=about)
            d.attempts, d.submitted_at = tries, clock.now()
        broadcasts.say(s, sun, sms="还没走")
        sms, call = audience.sms_price(village.settings, "好"), audience.call_price(village.settings)
    places = {p.name: p for p in look(village).places}
    after = places["拟柳村"]
    assert elsewhere != "拟柳村"
    assert (after.sms - before.sms, after.calls - before.calls) == (1, 2)
    assert after.spent - before.spent == 2 * sms + 2 * call > 0  # ninety characters are two segments
    assert places[elsewhere].spent >= sms


@pytest.mark.parametrize("villages", [0, 60])
def test_the_number_of_statements_does_not_grow_with_the_villages(village: Runtime, villages: int) -> None:
    with village.db.write() as s:
        top = area(s, "XQ")
        for n in range(villages):
            s.add(Area(code=f"V{n}", name=f"第{n}村", level="village", path=f"/XQ/V{n}/", parent_id=top.id))
        s.flush()
        for n in range(villages // 10):
            new(s, f"V{n}")
    with statements(village) as said, village.db.read() as s:
        o = overview.look(s, village.settings, area(s, "XQ"), whole(), village.settings.zone)
    assert o.total("villages") == 4 + villages and len([x for x in said if x.startswith("SELECT")]) <= 13


def test_stages_are_inherited_and_set_where_the_rules_are(officer: Panel) -> None:
    path = f"/admin/areas/{area_of(officer.rt, 'XQ')}"
    officer.get(path)
    officer.send(path, budget="", zone="", rollout="rolled_out")
    path = f"/admin/areas/{area_of(officer.rt, 'FQ')}"
    officer.get(path)
    officer.send(path, budget="", zone="", rollout="pilot")
    assert look(officer.rt).stages == {"rolled_out": 3, "pilot": 1}
    page = officer.get(f"/admin/overview?{query()}")
    assert "试点" in page and "全面开展" in page


def area_of(rt: Runtime, code: str) -> int:
    with rt.db.read() as s:
        return area(s, code).id


def test_the_county_sees_figures_walks_down_and_finds_no_name(village: Runtime) -> None:
    county = Panel(village, COUNTY)
    page = county.get(f"/admin/overview?{query()}")
    assert "各地" in page and "拟柳村" in page and "谁在参与" in page
    down = county.get(f"/admin/overview?{query(area=area_of(village, 'NL'))}")
    answer = county.http.get(f"/admin/overview.xlsx?{query()}")
    read = openpyxl.load_workbook(io.BytesIO(answer.get_data()))
    assert [sheet.title for sheet in read] == ["总览", "各地", "试点和阶段", "事项到哪一步", "参与"]
    book = str([[*sheet.iter_rows(values_only=True)] for sheet in read])
    assert "('拟柳村', '还没开始', 1, 1, 1, " in book
    with village.db.read() as s:
        names = {n for n in s.scalars(select(Person.name)) if len(n) > 1}
        numbers = {h.number[-8:] for h in s.scalars(select(Handset))}
    for words in (page, down, book):
        assert not [x for x in names | numbers if x in words]


def test_a_village_sees_its_own_and_no_others(village: Runtime) -> None:
    qian = Panel(village, QIAN)
    assert "拟柳村" in qian.get(f"/admin/overview?{query()}") and "仿桥村" not in qian.page
    assert "请选择村或社区" in qian.get(f"/admin/overview?{query(area=area_of(village, 'FQ'))}", 422)
    assert "这个日期看不懂" in qian.get("/admin/overview?since=昨天", 422) and "昨天" in qian.page


def test_the_townships_first_page_leads_there(village: Runtime) -> None:
    assert "/admin/overview" in Panel(village, OFFICER).get("/admin/")


# ---- for the county's site ---------------------------------------------------------------------


def test_anybody_may_fetch_what_is_on_the_board_and_nothing_else(each_village: Runtime) -> None:
    with each_village.db.write() as s:
        organizers.add(
            s,
            name="看客",
            area=area(s, "XQ"),
            role="county_viewer",
            login="kanke",
            password="long enough, too",
        )
        new(s)  # nobody was told of it yet
    http = Panel(each_village, "kanke", "long enough, too").http
    http.delete_cookie("xy_session")
    answer = http.get("/board/export.json")
    assert answer.headers["Access-Control-Allow-Origin"] == "*" and answer.json["next"] is None
    rows = {row["number"]: row for row in answer.json["matters"]}
    assert set(rows) == {11, 12, 13, 14, 15, 16}
    noise = rows[16]
    assert (noise["state"], noise["voices"], noise["answered"], noise["area"]) == (
        "PUBLICITY",
        10,
        10,
        "样例里社区",
    )
    assert noise["result"] and noise["publicity_until"] and noise["url"].endswith("/board/16")
    assert rows[11]["result"] == "" and rows[11]["closes"]
    with each_village.db.read() as s:
        for number in (12, 14, 16):  # a home is one voice
            c = matters.find(s, number)
            assert c
            assert rows[number]["answered"] == ballots.tally(s, c).units
        names = {n for n in s.scalars(select(Person.name)) if len(n) > 1}
    assert not [n for n in names if n in answer.get_data(as_text=True)]
    assert [r["number"] for r in http.get("/board/export.json?area=NL").json["matters"]] == [11]
    assert http.get("/board/export.json?area=nowhere&page=x").json["matters"] == []


def test_the_same_as_a_table_that_runs_nothing(village: Runtime) -> None:
    with village.db.write() as s:
        c = matters.find(s, 16)
        assert c
        c.result = "=HYPERLINK(1)"
    answer = Panel(village, COUNTY).http.get("/board/export.csv")
    rows = list(csv.DictReader(io.StringIO(answer.get_data().decode("utf-8-sig"))))
    assert [row["number"] for row in rows] == ["16", "15", "14", "13", "12", "11"]
    assert rows[0]["result"] == "'=HYPERLINK(1)"


def test_pages_follow_one_another(village: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(opendata, "PAGE", 4)
    http = Panel(village, COUNTY).http
    with statements(village) as said:
        first = http.get("/board/export.json").json
    assert len([x for x in said if x.startswith("SELECT")]) == 2
    assert [r["number"] for r in first["matters"]] == [16, 15, 14, 13]
    following = first["next"].partition("/board/")[2]
    last = http.get(f"/board/{following}").json
    assert [r["number"] for r in last["matters"]] == [12, 11] and last["next"] is None
