"""The organizers' side of broadcasts: whom, how, who agrees, what it costs, what went wrong."""

import csv
import io
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from gateway import clock
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.organizer import Audit, Fact
from gateway.models.outreach import LADDER, Broadcast, Delivery, Spending
from gateway.models.person import Handset
from gateway.outreach import broadcasts, errors, notices, stuck
from gateway.outreach.claiming import month
from gateway.people import consent, residents
from gateway.runtime import Runtime
from tests.admin.panel import Panel, area_id, newest, organizer, rules
from tests.conftest import LI, SUN, settings_for

SMS = "【拟柳村委会】明天停水，早上八点到十二点"


@pytest.fixture
def qian(village: Runtime) -> Panel:
    """钱小满, the village's clerk."""
    return Panel(village, "qianxiaoman")


@pytest.fixture
def officer(village: Runtime) -> Panel:
    """The township's officer, who sees all villages."""
    return Panel(village, "xuquanzhen")


def draft(panel: Panel, code: str = "NL", **more: object) -> str:
    """Write a broadcast; returns the page that follows."""
    panel.get("/admin/broadcasts/new")
    form = {"area": area_id(panel.rt, code), "channel": "auto", "sms": SMS, "ladder": LADDER, **more}
    return panel.send("/admin/broadcasts/new", **form)


def verbs(rt: Runtime) -> list[str]:
    with rt.db.read() as s:
        return list(s.scalars(select(Audit.verb).order_by(Audit.id)))


def counts(rt: Runtime, id: int) -> dict[str, int]:
    with rt.db.read() as s:
        return broadcasts.counts(s, s.get_one(Broadcast, id))


# ---- whom and how ------------------------------------------------------------------------------------


def test_the_audience_and_the_ways_are_kept_in_the_draft_and_shown_again(officer: Panel) -> None:
    rt = officer.rt
    with rt.db.read() as s:
        matter = s.scalars(select(Consultation).where(Consultation.number == 11)).one()
    draft(
        officer, also=[area_id(rt, "FQ")], group="一组", tag="villager_rep", role="delegate", language="zh-CN",
        matter=matter.id, standing="not_yet", fallback="both", ladder="15m, 2h", detect="1",
    )  # fmt: skip
    b = newest(rt)
    assert b.audience == {
        "areas": [area_id(rt, "NL"), area_id(rt, "FQ")], "group": "一组", "tag": "villager_rep", "role": "delegate",
        "language": "zh-CN", "consultation": matter.id, "standing": "not_yet",
    }  # fmt: skip
    assert (b.fallback, b.ladder, b.detect, b.stage) == ("both", "15m, 2h", True, "reminder")
    again = officer.get(f"/admin/broadcasts/new?draft={b.id}")
    assert "<details open>" in again
    for shown in ('value="villager_rep" selected', 'value="delegate" selected', 'value="not_yet" selected',
                  'value="both" selected', 'value="15m, 2h" selected', 'name="detect" value="1" checked',
                  f'name="also" value="{area_id(rt, "FQ")}" checked', 'value="一组"'):  # fmt: skip
        assert shown in again, shown


def test_the_rare_choices_are_folded_until_one_is_made(qian: Panel) -> None:
    page = qian.get("/admin/broadcasts/new")
    assert "<details>" in page and "15分钟、2小时、第二天（常用）" in page


def test_a_group_narrows_what_the_preview_counts(qian: Panel) -> None:
    everybody = draft(qian)
    assert "<dt>居民</dt><dd>11</dd>" in everybody
    assert "<dt>居民</dt><dd>6</dd>" in draft(qian, group="一组")
    assert "<dt>居民</dt><dd>1</dd>" in draft(qian, tag="party_member")


def test_standing_needs_a_matter_and_says_so(qian: Panel) -> None:
    qian.get("/admin/broadcasts/new")
    typed = {"area": area_id(qian.rt, "NL"), "channel": "auto", "sms": SMS, "standing": "not_yet"}
    page = qian.send("/admin/broadcasts/new", 422, **typed)
    assert "请先选是关于哪件事的" in page and SMS in page


def test_only_those_not_told_yet_leaves_out_whom_the_notice_reached(officer: Panel) -> None:
    rt = officer.rt
    with rt.db.write() as s:
        c = s.scalars(select(Consultation).where(Consultation.number == 11)).one()
        told = notices.rehearsal(s, c, "notice", "【拟柳村委会】11号事", "")
        told.state, told.by = "done", "cli"
        s.add(told)
        s.flush()
        sun = residents.handset(s, SUN.phone)
        assert sun
        s.add(Delivery(broadcast_id=told.id, handset_id=sun.id, channel="sms", lane="bulk", state="delivered",
                       due_at=clock.now()))  # fmt: skip
        matter = c.id
    assert "<dt>居民</dt><dd>11</dd>" in draft(officer, matter=matter)
    assert "<dt>居民</dt><dd>10</dd>" in draft(officer, matter=matter, untold="1")


def test_a_call_about_a_matter_says_the_matters_own_words_in_the_preview(qian: Panel) -> None:
    with qian.rt.db.read() as s:
        c = s.scalars(select(Consultation).where(Consultation.number == 11)).one()
    assert c.voice["notice"][:20] in draft(qian, matter=c.id, channel="voice")


# ---- before it goes -----------------------------------------------------------------------------------


def test_the_preview_tells_price_time_and_money_left(qian: Panel) -> None:
    rules(qian.rt, "NL", yuan=20)
    page = draft(qian, channel="sms")
    b = newest(qian.rt)
    with qian.rt.db.read() as s:
        price = broadcasts.estimate(s, qian.rt.settings, b)
    assert price and f"{price / 1000:.2f} 元" in page
    assert "不到1分钟" in page and "20.00 元" in page


def test_the_door_list_has_names_by_group_and_household_and_no_numbers(qian: Panel) -> None:
    page = draft(qian)
    b = newest(qian.rt)
    assert "电话找不到 1 人" in page and "周秀英" not in page
    doors = qian.get(f"/admin/broadcasts/{b.id}/doors")
    assert "拟柳村 二组" in doors and "周秀英" in doors and "H04" in doors and "没有电话" in doors
    assert "1990000" not in doors and "****" not in doors


def test_who_may_not_see_names_gets_no_door_list(officer: Panel) -> None:
    draft(officer)
    b = newest(officer.rt)
    viewer = Panel(officer.rt, "xianminzheng")
    page = viewer.get(f"/admin/broadcasts/{b.id}/preview")
    assert "电话找不到 1 人" in page and "上门名单" not in page and "开始发送" not in page
    viewer.get(f"/admin/broadcasts/{b.id}/doors", 403)


def test_a_consultations_notice_is_previewed_the_same_way(officer: Panel) -> None:
    rules(officer.rt, "NL", approval=True, yuan=20)
    id = _new_consultation(officer)
    page = officer.get(f"/admin/consultations/{id}/preview")
    assert "20.00 元" in page and "两个人点头" in page and "发完要" in page
    assert "周秀英" in officer.get(f"/admin/consultations/{id}/doors")


def _new_consultation(panel: Panel) -> int:
    panel.get("/admin/consultations/new")
    closes = (clock.now() + timedelta(days=5)).date().isoformat()
    panel.send(
        "/admin/consultations/new", area=area_id(panel.rt, "NL"), number=31, title="村口装路灯", unit="person",
        option1="同意", option2="不同意", closes=closes, go="save",
    )  # fmt: skip
    with panel.rt.db.read() as s:
        return s.scalars(select(Consultation.id).where(Consultation.number == 31)).one()


# ---- two people, and money ------------------------------------------------------------------------------


def test_where_two_must_agree_it_waits_for_somebody_else(qian: Panel, officer: Panel) -> None:
    rt = qian.rt
    rules(rt, "NL", approval=True)
    draft(qian)
    b = newest(rt)
    page = qian.send(f"/admin/broadcasts/{b.id}/start")
    assert "还要另一位组织员点头" in page and "点头，开始发送" not in page
    assert sum(counts(rt, b.id).values()) == 0 and "等别人点头" in qian.get("/admin/")
    assert "要另一位组织员点头" in qian.send(f"/admin/broadcasts/{b.id}/approve")
    assert "等您点头" in officer.get("/admin/")
    officer.get(f"/admin/broadcasts/{b.id}")
    assert "开始发送，共" in officer.send(f"/admin/broadcasts/{b.id}/approve")
    assert sum(counts(rt, b.id).values()) > 0
    assert newest(rt).approved_by == organizer(rt, "xuquanzhen").id
    assert {"broadcast_start", "broadcast_approve"} <= set(verbs(rt))


def test_a_refused_approval_is_not_on_record(qian: Panel) -> None:
    rules(qian.rt, "NL", approval=True)
    draft(qian)
    b = newest(qian.rt)
    qian.send(f"/admin/broadcasts/{b.id}/start")
    qian.send(f"/admin/broadcasts/{b.id}/approve")
    assert "broadcast_approve" not in verbs(qian.rt) and newest(qian.rt).state == "waiting"


def test_sent_back_it_is_a_draft_with_the_reason(qian: Panel, officer: Panel) -> None:
    rules(qian.rt, "NL", approval=True)
    draft(qian)
    b = newest(qian.rt)
    qian.send(f"/admin/broadcasts/{b.id}/start")
    officer.get(f"/admin/broadcasts/{b.id}")
    officer.send(f"/admin/broadcasts/{b.id}/return", reason="时间写清楚")
    assert newest(qian.rt).state == "draft"
    assert "时间写清楚" in qian.get(f"/admin/broadcasts/{b.id}/preview")
    assert "时间写清楚" in qian.get(f"/admin/broadcasts/new?draft={b.id}")
    assert "被退回" in qian.get("/admin/broadcasts/")


def test_who_changed_the_words_cannot_approve_them(qian: Panel, officer: Panel) -> None:
    rt = qian.rt
    rules(rt, "NL", approval=True)
    draft(qian)
    b = newest(rt)
    draft(officer, draft=b.id, sms="【拟柳村委会】后天停水")
    assert newest(rt).id == b.id and newest(rt).by == f"organizer:{organizer(rt, 'xuquanzhen').id}"
    officer.send(f"/admin/broadcasts/{b.id}/start")
    assert "要另一位组织员点头" in officer.send(f"/admin/broadcasts/{b.id}/approve")
    qian.get(f"/admin/broadcasts/{b.id}")
    assert "开始发送，共" in qian.send(f"/admin/broadcasts/{b.id}/approve")


def test_those_who_only_look_and_other_villages_approve_nothing(qian: Panel) -> None:
    rules(qian.rt, "NL", approval=True)
    draft(qian)
    b = newest(qian.rt)
    qian.send(f"/admin/broadcasts/{b.id}/start")
    viewer, neighbour = Panel(qian.rt, "xianminzheng"), Panel(qian.rt, "yinwenshu")
    viewer.get("/admin/account")
    assert viewer.post(f"/admin/broadcasts/{b.id}/approve").status_code == 403
    neighbour.get("/admin/broadcasts/new")
    assert neighbour.post(f"/admin/broadcasts/{b.id}/approve").status_code == 404
    assert newest(qian.rt).state == "waiting"


def test_too_dear_is_a_sentence_and_the_draft_stays(qian: Panel) -> None:
    rules(qian.rt, "NL", yuan=0.1)
    draft(qian)
    b = newest(qian.rt)
    page = qian.send(f"/admin/broadcasts/{b.id}/start")
    assert "这个月只剩 0.10 元，没有发" in page and SMS in qian.get(f"/admin/broadcasts/new?draft={b.id}")
    assert newest(qian.rt).state == "draft" and sum(counts(qian.rt, b.id).values()) == 0
    rules(qian.rt, "NL", yuan=100)
    qian.get(f"/admin/broadcasts/{b.id}/preview")
    assert "开始发送，共" in qian.send(f"/admin/broadcasts/{b.id}/start")


def test_what_a_started_broadcast_still_costs_is_not_spent_twice(qian: Panel) -> None:
    draft(qian)
    first = newest(qian.rt)
    with qian.rt.db.read() as s:
        price = broadcasts.estimate(s, qian.rt.settings, first)
    rules(qian.rt, "NL", yuan=price * 1.5 / 1000)
    qian.send(f"/admin/broadcasts/{first.id}/start")
    assert f"{price / 2000:.2f} 元" in draft(qian)
    assert "没有发" in qian.send(f"/admin/broadcasts/{newest(qian.rt).id}/start")
    qian.get(f"/admin/broadcasts/{first.id}")
    qian.send(f"/admin/broadcasts/{first.id}/cancel")
    second = newest(qian.rt)
    qian.get(f"/admin/broadcasts/{second.id}/preview")
    assert "开始发送，共" in qian.send(f"/admin/broadcasts/{second.id}/start")


def test_a_notice_that_a_consultation_starts_waits_or_is_kept_too(qian: Panel, officer: Panel) -> None:
    rt = qian.rt
    rules(rt, "NL", approval=True)
    id = _new_consultation(qian)
    qian.get(f"/admin/consultations/{id}/preview")
    assert "还要另一位组织员点头" in qian.send(f"/admin/consultations/{id}/announce")
    b = newest(rt)
    assert (b.state, b.stage) == ("waiting", "notice") and "等人点头" in qian.get(
        f"/admin/consultations/{id}"
    )
    officer.get(f"/admin/broadcasts/{b.id}")
    assert "开始发送，共" in officer.send(f"/admin/broadcasts/{b.id}/approve")


def test_a_notice_the_month_cannot_pay_is_kept_and_shown_at_home(qian: Panel) -> None:
    rules(qian.rt, "NL", yuan=0.1)
    id = _new_consultation(qian)
    qian.get(f"/admin/consultations/{id}/preview")
    assert "通知存成了草稿" in qian.send(f"/admin/consultations/{id}/announce")
    assert "话费不够，没发" in qian.get("/admin/")
    b = newest(qian.rt)
    rules(qian.rt, "NL", yuan=100)
    qian.get(f"/admin/broadcasts/{b.id}/preview")
    assert "开始发送，共" in qian.send(f"/admin/broadcasts/{b.id}/start")
    assert newest(qian.rt).stage == "notice"


def test_the_clocks_own_notice_waits_for_one_pair_of_eyes(village: Runtime, qian: Panel) -> None:
    rules(village, "NL", approval=True)
    with village.db.write() as s:
        c = s.scalars(select(Consultation).where(Consultation.number == 11)).one()
        from gateway.models.consultation import Notice

        s.add(
            Notice(
                consultation_id=c.id, stage="effective", sms="【拟柳村委会】11号生效", voice="", by="clock"
            )
        )
        c.area_id = area_id(village, "NL")
        s.flush()
        notices.pick_up(s, village.settings)
    b = newest(village)
    assert (b.state, b.by) == ("waiting", "clock")
    qian.get(f"/admin/broadcasts/{b.id}")
    assert "开始发送，共" in qian.send(f"/admin/broadcasts/{b.id}/approve")


def test_the_rules_of_an_area_are_the_officers_and_on_record(qian: Panel, officer: Panel) -> None:
    nl = area_id(qian.rt, "NL")
    qian.get("/admin/areas/", 403)
    qian.get("/admin/broadcasts/new")
    assert qian.post(f"/admin/areas/{nl}", budget="1").status_code == 403
    officer.get(f"/admin/areas/{nl}")
    assert "请写数字" in officer.send(f"/admin/areas/{nl}", 422, budget="很多", approval="1")
    page = officer.send(f"/admin/areas/{nl}", budget="49.5", approval="1")
    assert "上限 49.50 元" in page and "两个人点头" in page
    with qian.rt.db.read() as s:
        kept = s.scalars(select(Audit).where(Audit.verb == "area_rules")).one()
    assert kept.area_id == nl and kept.details == "needs_approval=True monthly_budget=49.5"
    assert 'value="49.50"' in officer.get(f"/admin/areas/{nl}")


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
        s.execute(update(Delivery).where(Delivery.broadcast_id == b.id).values(state="delivered"))
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
