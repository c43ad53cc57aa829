"""The organizers' side of broadcasts: whom, how, who agrees, what it costs."""

from datetime import timedelta

from sqlalchemy import select

from gateway import clock
from gateway.models.consultation import Consultation
from gateway.models.organizer import Audit
from gateway.models.outreach import Delivery
from gateway.outreach import broadcasts, notices
from gateway.people import residents
from gateway.runtime import Runtime
from tests.admin.panel import SMS, Panel, area_id, counts, draft, newest, organizer, rules, verbs
from tests.conftest import SUN

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
