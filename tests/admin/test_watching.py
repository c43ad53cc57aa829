"""A broadcast on its way, as organizers see it: pace, what waits and why, what went wrong, alarms, the table for Excel."""

import csv
import io
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from gateway import clock
from gateway.models.area import Area
from gateway.models.organizer import Audit, Fact
from gateway.models.outreach import Broadcast, Delivery, Spending
from gateway.models.person import Handset
from gateway.outreach import broadcasts, errors, stuck
from gateway.outreach.claiming import month
from gateway.people import consent, residents
from gateway.runtime import Runtime
from tests.admin.panel import Panel, area_id, counts, draft, newest, rules, verbs
from tests.conftest import LI, SUN, settings_for

# ---- watching --------------------------------------------------------------------------------------------


def _running(panel: Panel) -> Broadcast:
    draft(panel)
    b = newest(panel.rt)
    panel.send(f"/admin/broadcasts/{b.id}/start")
    return newest(panel.rt)


def _set(rt: Runtime, id: int, n: int, **values: object) -> None:
    """Give the first ``n`` still planned deliveries these values."""
    with rt.db.write() as s:
        some = select(Delivery.id).where(Delivery.broadcast_id == id, Delivery.state == "planned")
        ids = list(s.scalars(some.order_by(Delivery.id).limit(n)))
        assert len(ids) == n
        s.execute(update(Delivery).where(Delivery.id.in_(ids)).values(**values))


def test_pace_and_time_left_come_from_the_last_minutes(qian: Panel) -> None:
    b = _running(qian)
    now = clock.now()
    with qian.rt.db.write() as s:
        s.execute(
            update(Broadcast).where(Broadcast.id == b.id).values(started_at=now - timedelta(minutes=10))
        )
    _set(qian.rt, b.id, 4, state="delivered", submitted_at=now - timedelta(seconds=30), settled_at=now)
    _set(qian.rt, b.id, 1, state="delivered", submitted_at=now - timedelta(minutes=9), settled_at=now)
    page = qian.get(f"/admin/broadcasts/{b.id}/live")
    assert "每分钟 2 条" in page  # four in two minutes, the old one doesn't count
    assert "还要大约2分钟" in page  # four are left


def test_what_went_wrong_is_said_in_words_with_what_to_do(qian: Panel) -> None:
    b = _running(qian)
    _set(qian.rt, b.id, 2, state="undelivered", error="30003")
    _set(qian.rt, b.id, 1, state="failed", error="21211")
    _set(qian.rt, b.id, 1, state="failed", error="99999")
    page = qian.get(f"/admin/broadcasts/{b.id}")
    assert "手机关机或没信号" in page and "过半天再发一次" in page and "运营商错误 99999" in page
    assert page.index("手机关机或没信号") < page.index("号码不对")
    assert ">没送到 4</a>" in page  # failed and undelivered are one heap to whoever reads
    only = qian.get(f"/admin/broadcasts/{b.id}?state=failed")
    assert only.count("<tr>") == 4


@pytest.mark.parametrize(
    "code", ["20003", "21610", "30005", "30007", "30034", "S1001", "S1005", "busy", "404"]
)
def test_every_code_has_words_and_advice(code: str) -> None:
    found = errors.trouble(code)
    assert "错误" not in found.words and found.advice


def test_waiting_rows_say_what_for(village: Runtime, qian: Panel) -> None:
    b = _running(qian)
    now = clock.now()
    tomorrow = clock.start_of_day(
        now.astimezone(village.settings.zone).date() + timedelta(days=1), village.settings.zone
    )
    tomorrow += timedelta(hours=8)
    _set(village, b.id, 3, due_at=tomorrow, error=None)
    _set(village, b.id, 1, due_at=now + timedelta(minutes=15), error="busy")
    page = qian.get(f"/admin/broadcasts/{b.id}")
    assert "占线，" in page and "一天里已经通知过2次，明天8:00再" in page and "排着队，马上就发" in page
    qian.send(f"/admin/broadcasts/{b.id}/pause")
    assert "暂停了" in qian.page
    with village.db.write() as s:
        s.execute(update(Broadcast).where(Broadcast.id == b.id).values(why="budget"))
    page = qian.get(f"/admin/broadcasts/{b.id}")
    assert "话费上限用完了" in page and "接着发</button>" not in page


def test_outside_hours_the_rows_say_when_they_go(
    tmp_path, new_database, monkeypatch: pytest.MonkeyPatch
) -> None:  # type: ignore[no-untyped-def]
    import time_machine

    st = settings_for(
        tmp_path, new_database("sqlite", "township"), twilio_account_sid="AC1", twilio_auth_token="the secret",
        hotline_number="+8649900000012", twilio_api_url="http://127.0.0.1:1",
    )  # fmt: skip
    rt = Runtime.open(st, migrated=True)
    rt.wake = lambda *lanes: None  # type: ignore[method-assign]
    with time_machine.travel("2026-11-25T22:30:00+08:00", tick=True):
        b = _running(Panel(rt, "qianxiaoman"))
        page = Panel(rt, "qianxiaoman").get(f"/admin/broadcasts/{b.id}")
    assert "夜里不打扰人，明天8:00再发" in page and "现在不是打电话的时间，明天8:30再打" in page
    rt.close()


def test_the_unknown_are_shown_and_asked_about_again(qian: Panel) -> None:
    b = _running(qian)
    later = clock.now() + timedelta(minutes=1)
    _set(qian.rt, b.id, 2, state="unknown", submitted_at=clock.now(), lease_until=later)
    assert "待核实 2 条" in qian.get(f"/admin/broadcasts/{b.id}")
    assert "正在问运营商 2 条" in qian.send(f"/admin/broadcasts/{b.id}/ask")
    with qian.rt.db.read() as s:
        due = s.scalar(
            select(func.count())
            .select_from(Delivery)
            .where(Delivery.state == "unknown", Delivery.lease_until < clock.now())
        )
    assert due == 2 and "broadcast_ask" in verbs(qian.rt)


def test_the_month_is_spent_and_the_page_says_so(qian: Panel) -> None:
    rt = qian.rt
    rules(rt, "NL", yuan=5)
    b = _running(qian)
    with rt.db.write() as s:
        s.add(Spending(area_id=b.area_id, month=month(clock.now(), rt.settings.zone), amount=5000))
        s.flush()
        assert broadcasts.hold_over_budget(s, rt.settings) == [b.id]
    assert "这个月的话费上限用完了，先停着" in qian.get(f"/admin/broadcasts/{b.id}")
    rules(rt, "NL", yuan=50)
    with rt.db.write() as s:
        assert broadcasts.hold_over_budget(s, rt.settings) == [b.id]
    assert newest(rt).state == "running"


def test_afterwards_those_nothing_reached_are_on_the_door_list(qian: Panel) -> None:
    b = _running(qian)
    with qian.rt.db.write() as s:
        sun = residents.handset(s, SUN.phone)
        assert sun
        mine = (Delivery.broadcast_id == b.id) & (Delivery.handset_id == sun.id)
        s.execute(
            update(Delivery).where(Delivery.broadcast_id == b.id).values(state="delivered", heard="to_end")
        )
        s.execute(update(Delivery).where(mine).values(state="undelivered", error="30003"))
        s.execute(update(Broadcast).where(Broadcast.id == b.id).values(state="done"))
    assert "还有 2 人没通知到" in qian.get(f"/admin/broadcasts/{b.id}")
    doors = qian.get(f"/admin/broadcasts/{b.id}/doors")
    assert "孙长河" in doors and "没通知到" in doors and "周秀英" in doors and "李守田" not in doors


# ---- numbers, export, alarms ------------------------------------------------------------------------------


def test_a_bad_number_says_why_and_can_be_good_again(qian: Panel) -> None:
    rt = qian.rt
    with rt.db.write() as s:
        sun = residents.handset(s, SUN.phone)
        assert sun
        sun.bad_reason = errors.words("30005")
        person, phone = residents.people_on(s, sun.id)[0].id, sun.id
    page = qian.get(f"/admin/residents/{person}")
    assert "运营商说这个号码：空号" in page
    page = qian.send(f"/admin/residents/{person}/phones/{phone}/works")
    assert "运营商说" not in page and "phone_works" in verbs(rt)
    with rt.db.read() as s:
        assert s.get_one(Handset, phone).bad_reason is None
    stranger = Panel(rt, "yinwenshu")
    stranger.get("/admin/broadcasts/new")
    assert stranger.post(f"/admin/residents/{person}/phones/{phone}/works").status_code == 404


def test_an_opt_out_learnt_from_the_carrier_is_shown_as_such(qian: Panel) -> None:
    with qian.rt.db.write() as s:
        li = residents.handset(s, LI.phone)
        assert li
        consent.stop(s, li, "sms", "carrier")
        person = residents.people_on(s, li.id)[0].id
    page = qian.get(f"/admin/residents/{person}")
    assert "起不收短信（运营商说机主已退订）" in page


def test_the_export_opens_in_excel_and_runs_nothing(qian: Panel, officer: Panel) -> None:
    rt = qian.rt
    b = _running(qian)
    with rt.db.write() as s:
        sun = residents.handset(s, SUN.phone)
        assert sun
        residents.people_on(s, sun.id)[0].name = "=HYPERLINK(1)"
        mine = (Delivery.broadcast_id == b.id) & (Delivery.handset_id == sun.id)
        s.execute(update(Delivery).where(mine).values(state="undelivered", error="30003", attempts=1))
    answer = qian.http.get(f"/admin/broadcasts/{b.id}/export.csv")
    assert answer.data.startswith(b"\xef\xbb\xbf") and answer.mimetype == "text/csv"
    rows = list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))
    assert len(rows) == sum(counts(rt, b.id).values())
    one = next(r for r in rows if r["状态"] == "没送到")
    assert (
        one["姓名"] == "'=HYPERLINK(1)" and one["电话"] == "199****0104" and one["原因"] == "手机关机或没信号"
    )
    assert SUN.phone not in answer.data.decode() and "broadcast_export" in verbs(rt)
    Panel(rt, "xianminzheng").get(f"/admin/broadcasts/{b.id}/export.csv", status=403)
    evaluator = Panel(rt, "pinggu")
    theirs = evaluator.http.get(f"/admin/broadcasts/{b.id}/export.csv").data.decode("utf-8-sig")
    assert "姓名" not in theirs and "李守田" not in theirs and "199****0104" in theirs


def test_stuck_work_raises_an_alarm_and_a_moving_backlog_does_not(qian: Panel) -> None:
    rt = qian.rt
    b = _running(qian)
    assert "没人发" not in qian.get("/admin/")
    long_ago = clock.now() - timedelta(minutes=4)
    with rt.db.write() as s:
        s.execute(update(Delivery).where(Delivery.broadcast_id == b.id).values(due_at=long_ago))
    assert "等了4分钟没人发" in qian.get("/admin/") and "没人发" in qian.get(f"/admin/broadcasts/{b.id}")
    for lane in ("bulk", "calls"):
        with rt.db.write() as s:
            first = s.scalars(
                select(Delivery).where(Delivery.broadcast_id == b.id, Delivery.lane == lane)
            ).first()
            assert first
            first.state, first.submitted_at = "sent", clock.now()
    assert "没人发" not in qian.get("/admin/")
    qian.get(f"/admin/broadcasts/{b.id}")
    qian.send(f"/admin/broadcasts/{b.id}/pause")
    with rt.db.write() as s:
        s.execute(update(Delivery).where(Delivery.broadcast_id == b.id).values(submitted_at=None))
    assert "没人发" not in qian.get("/admin/")  # paused is no accident


def test_a_lapsed_lease_and_refused_credentials_raise_alarms(qian: Panel) -> None:
    b = _running(qian)
    _set(qian.rt, b.id, 1, state="submitting", lease_until=clock.now() - timedelta(minutes=6))
    with qian.rt.db.read() as s:
        assert ["有1条发出去的没人去核对结果" in one for one in stuck.alarms(s, qian.rt.settings)] == [True]
    with qian.rt.db.write() as s:
        s.add(Fact(name="alarm:carrier", value="运营商不认这个账号"))
    page = qian.get("/admin/")
    assert "运营商不认这个账号" in page and "没人去核对结果" in page


@pytest.mark.parametrize(
    ("typed", "kept"), [("新疆时间", "Asia/Urumqi"), (" Asia/Urumqi ", "Asia/Urumqi"), ("", None)]
)
def test_an_area_may_live_by_another_clock(officer: Panel, typed: str, kept: str | None) -> None:
    nl = area_id(officer.rt, "NL")
    officer.get(f"/admin/areas/{nl}")
    officer.send(f"/admin/areas/{nl}", zone=typed, budget="")
    with officer.rt.db.read() as s:
        assert s.get_one(Area, nl).timezone == kept
        noted = s.scalars(select(Audit.details).where(Audit.verb == "area_rules")).all()
        assert noted == ([f"timezone={kept}"] if kept else [])
    assert f'value="{kept or ""}"' in officer.get(f"/admin/areas/{nl}")


@pytest.mark.parametrize("typed", ["Asia/Nowhere", "Asia", "../etc/passwd", "/etc/passwd", "八点"])
def test_a_clock_nobody_lives_by_is_refused(officer: Panel, typed: str) -> None:
    nl = area_id(officer.rt, "NL")
    officer.get(f"/admin/areas/{nl}")
    page = officer.send(f"/admin/areas/{nl}", 422, zone=typed, budget="300", approval="1")
    assert "没有这个时区" in page and f'value="{typed}"' in page and "checked" in page
    with officer.rt.db.read() as s:
        area = s.get_one(Area, nl)
        assert area.timezone is None and area.monthly_budget is None and not area.needs_approval


def test_no_form_is_taken_without_its_token(qian: Panel) -> None:
    b = _running(qian)
    for path in (f"broadcasts/{b.id}/approve", f"broadcasts/{b.id}/return", f"broadcasts/{b.id}/ask", f"areas/{b.area_id}",
                 "residents/1/phones/1/works", "broadcasts/new"):  # fmt: skip
        assert qian.http.post(f"/admin/{path}", data={}).status_code == 400, path


def test_a_shared_broadcasts_names_stay_with_those_who_may_see_them(officer: Panel, qian: Panel) -> None:
    draft(officer, also=[area_id(officer.rt, "FQ")])
    b = newest(officer.rt)
    officer.send(f"/admin/broadcasts/{b.id}/start")
    page = qian.get(f"/admin/broadcasts/{b.id}")
    assert "孙长河" in page and "金龙浩" not in page
    assert "金龙浩" not in qian.http.get(f"/admin/broadcasts/{b.id}/export.csv").data.decode()
    assert "金龙浩" in officer.get(f"/admin/broadcasts/{b.id}")
