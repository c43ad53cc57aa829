"""Who takes part, as organizers enter and see it: sides, segments, meetings, mandates, papers, assessments (policy rows 5-10, 16)."""

import io
import re
from datetime import datetime

import pytest
from sqlalchemy import func, select

from gateway import clock
from gateway.consultation import matters, opinions, proxies, subjects
from gateway.models.answer import Opinion
from gateway.models.consultation import Consultation
from gateway.models.organizer import Organizer
from gateway.models.outreach import Broadcast, Delivery
from gateway.models.participation import FORMS, SUBJECTS, Assessment, Invitation, Meeting, Participant, Proxy
from gateway.models.person import Person
from gateway.people import organizers
from gateway.runtime import Runtime
from tests.admin.panel import Panel, area
from tests.conftest import SUN, Resident
from tests.consultation.procedure import QIAN, answer_all, new
from tests.meeting import in_days, matter, person, rung, sent
from tests.resident import tally
from tests.resident import text as send

ROAD = 1  # 11号, 拟柳村's
MA = Resident("马建军", "+8619900000109")
FATHER = Resident("马占奎", "+8619900000110")


def id_of(rt: Runtime, name: str) -> int:
    with rt.db.read() as s:
        return person(s, name).id


def only(rt: Runtime, model: type) -> int:
    with rt.db.read() as s:
        return s.scalars(select(model.id)).one()  # type: ignore[attr-defined]


def planned(qian: Panel, *names: str, **more: str) -> int:
    """A hearing with these on its list; returns its id."""
    qian.get(f"/admin/consultations/{ROAD}/meetings/new")
    at = f"{in_days(3):%Y-%m-%dT%H:%M}"
    qian.send(f"/admin/consultations/{ROAD}/meetings/new",
              **{"form": "hearing", "starts_at": at, "place": "村部会议室", "listen": "1", **more})  # fmt: skip
    id = only(qian.rt, Meeting)
    for name in names:
        qian.send(f"/admin/meetings/{id}/list", person=id_of(qian.rt, name))
    return id


# ---- sides ------------------------------------------------------------------------------------------


def test_an_affected_side_with_nobody_is_warned_of_until_somebody_is_there(qian: Panel) -> None:
    page = qian.get(f"/admin/consultations/{ROAD}/people")
    assert all(f'value="{subject}"' in page for subject in SUBJECTS) and len(SUBJECTS) == 16
    qian.send(f"/admin/consultations/{ROAD}/sides", side=["property_firm", "registered_residents"])
    warning = "涉及到物业服务企业，可是一个人也没有"
    assert warning in qian.get(f"/admin/consultations/{ROAD}")
    assert "涉及到当地户籍居民" not in qian.page  # they are asked by telephone
    qian.get(f"/admin/consultations/{ROAD}/people")
    qian.send(f"/admin/consultations/{ROAD}/participants", name="兴旺物业刘经理", phone="19900000778",
              subject="property_firm", tag="masses_rep")  # fmt: skip
    assert "兴旺物业刘经理" in qian.page and "群众代表" in qian.page
    assert warning not in qian.get(f"/admin/consultations/{ROAD}")


def test_what_cannot_be_is_said_beside_the_form(qian: Panel) -> None:
    qian.get(f"/admin/consultations/{ROAD}/people")
    page = qian.send(
        f"/admin/consultations/{ROAD}/participants", 422, name="兴旺物业", phone="12", subject="property_firm"
    )
    assert "这个电话号码看不懂" in page and 'value="兴旺物业"' in page
    assert "请选他代表哪一方" in qian.send(
        f"/admin/consultations/{ROAD}/participants", 422, name="某人", subject="x"
    )


def test_tags_of_the_roster_stand_for_a_side(village: Runtime) -> None:
    with village.db.read() as s:
        sides = {side.subject: side for side in subjects.coverage(s, matter(s))}
    assert sides["group"].asked == 1  # 李守田 leads the group
    assert sides["party_organization"].asked == 1 and "property_firm" not in sides


def test_only_some_are_asked_before_anybody_was_told(qian: Panel) -> None:
    with qian.rt.db.write() as s:
        id = new(s, "NL").id
    page = qian.get(f"/admin/consultations/{id}/people")
    assert "只问一部分人" in page
    page = qian.send(f"/admin/consultations/{id}/segment", 422, names="孙长河\n王二麻子")
    assert "名册里对不上：王二麻子" in page and "孙长河\n王二麻子" in page
    assert "只问 2 人" in qian.send(f"/admin/consultations/{id}/segment", names="孙长河、陈国富")
    assert "小范围" in qian.get(f"/admin/consultations/{id}")
    preview = qian.get(f"/admin/consultations/{id}/preview")
    assert re.search(r"<dt>居民</dt><dd>2</dd>", preview)
    qian.get(f"/admin/consultations/{ROAD}/people")
    assert "不能再改问谁" in qian.send(f"/admin/consultations/{ROAD}/segment", 422, group="一组")


# ---- meetings ----------------------------------------------------------------------------------------


def test_a_hearing_from_the_plan_to_the_minutes(qian: Panel) -> None:
    id = planned(qian, "孙长河", "王德顺", "周秀英")
    assert "请您参加11号听证会" in qian.get(f"/admin/meetings/{id}") and "没回</dt><dd>3" in qian.page
    assert sent(qian.rt) == []  # nobody is told before it is said so
    page = qian.send(f"/admin/meetings/{id}/invite")
    assert "这几位电话找不到，要上门请：周秀英" in page
    told = sent(qian.rt)
    assert sorted(d.channel for d in told) == ["sms", "voice"]
    assert "名单上的人都请过了" in qian.send(f"/admin/meetings/{id}/invite") or sent(qian.rt) == []
    send(qian.rt, SUN, "听证")
    rung(qian.rt, next(d for d in told if d.channel == "voice"), "+8649900000101", "CA-panel").press("2")
    page = qian.get(f"/admin/meetings/{id}")
    assert "来</dt><dd>1" in page and "不来</dt><dd>1" in page and "要发言</dt><dd>1" in page
    with qian.rt.db.read() as s:
        row = s.scalars(
            select(Invitation.id)
            .join(Participant, Participant.id == Invitation.participant_id)
            .where(Participant.person_id == person(s, "周秀英").id)
        ).one()
    assert "代录" in qian.send(f"/admin/meetings/{id}/answers/{row}", answer="yes")
    assert "来 2 · 不来 1 · 没回 0" in qian.get(f"/admin/consultations/{ROAD}")
    assert "还没到开会的时间" in qian.send(
        f"/admin/meetings/{id}/minutes", 422, minutes="王德顺说了话", attendance="9"
    )
    qian.send(f"/admin/meetings/{id}/begin")
    assert "打会场的电话" in qian.page and "听证会" in qian.get(f"/admin/consultations/{ROAD}")
    qian.get(f"/admin/meetings/{id}")
    assert "正在打会场的电话" in qian.send(f"/admin/meetings/{id}/room", phone="19900000779")
    assert "请写上会上谁说了什么" in qian.send(
        f"/admin/meetings/{id}/minutes", 422, minutes="", attendance="23"
    )
    page = qian.send(f"/admin/meetings/{id}/minutes", minutes="王德顺说困难户要免", attendance="23")
    assert "开过了" in page and "到会</dt><dd>23" in page
    assert "到会 23 人" in qian.get(f"/admin/consultations/{ROAD}")
    assert "听证会：王德顺说困难户要免" in qian.page  # the matter's own history has it


def test_everybody_whom_a_matter_asks_is_invited_by_a_broadcast_and_told_when_it_is_off(qian: Panel) -> None:
    id = planned(qian, form="representatives", everybody="1")
    qian.send(f"/admin/meetings/{id}/invite")
    with qian.rt.db.read() as s:
        b = s.scalars(select(Broadcast).where(Broadcast.stage == f"meeting:{id}")).one()
        asked = s.scalar(select(func.count()).select_from(Delivery).where(Delivery.broadcast_id == b.id))
        assert asked and asked > 5 and "请您参加11号村（居）民代表会议" in b.sms
    with qian.rt.db.write() as s:
        for d in s.scalars(select(Delivery)):
            d.state = "delivered"
    assert "记下您来" in send(qian.rt, SUN, "1")
    assert "开会的邀请" in qian.get(f"/admin/consultations/{ROAD}")
    qian.get(f"/admin/meetings/{id}")
    qian.send(f"/admin/meetings/{id}/cancel")
    with qian.rt.db.read() as s:
        off = s.scalars(select(Broadcast).where(Broadcast.stage == f"meeting-off:{id}")).one()
        assert "不开了" in off.sms and len(off.sms) <= 70
    assert "会不开了的通知" in qian.get(f"/admin/consultations/{ROAD}")


def test_a_home_visit_is_a_meeting_too_and_the_calendar_has_them_all(qian: Panel) -> None:
    id = planned(qian, "王德顺", form="home_visit", place="王德顺家")
    page = qian.get("/admin/meetings/")
    assert "上门走访" in page and "王德顺家" in page and f"/admin/meetings/{id}" in page
    form = qian.get(f"/admin/consultations/{ROAD}/meetings/new")
    assert all(kind.name in form for kind in FORMS.values()) and len(FORMS) == 16
    page = qian.send(
        f"/admin/consultations/{ROAD}/meetings/new", 422, form="forum", starts_at="2020-01-01T09:00", place=""
    )
    assert "时间要在以后" in page


def test_another_village_sees_and_steers_nothing_of_it(qian: Panel) -> None:
    id = planned(qian, "孙长河")
    hu = Panel(qian.rt, "huwenshu")
    hu.get(f"/admin/meetings/{id}", 404)
    assert "村部会议室" not in hu.get("/admin/meetings/")
    hu.get("/admin/account")
    assert hu.post(f"/admin/meetings/{id}/begin").status_code == 404


@pytest.mark.parametrize("login", ["xianminzheng", "pinggu"])
def test_who_judges_how_it_went_sees_no_names(qian: Panel, login: str) -> None:
    id = planned(qian, "孙长河")
    qian.get(f"/admin/consultations/{ROAD}/people")
    qian.send(f"/admin/consultations/{ROAD}/participants", name="兴旺物业刘经理", subject="property_firm")
    who = Panel(qian.rt, login)
    for path in (
        f"/admin/meetings/{id}",
        f"/admin/consultations/{ROAD}/people",
        f"/admin/consultations/{ROAD}/proxies",
    ):
        page = who.get(path)
        assert "孙长河" not in page and "刘经理" not in page


# ---- mandates -----------------------------------------------------------------------------------------


def test_a_mandate_is_entered_the_principal_is_rung_and_it_is_listed(qian: Panel) -> None:
    path = f"/admin/consultations/{ROAD}/proxies"
    ma = id_of(qian.rt, "马建军")
    assert "马建军" in qian.get(f"{path}?q=马建军")
    page = qian.get(f"{path}?principal={ma}")
    assert "马占奎" in page and "孙长河" not in page  # only the same home is offered
    assert "请选受托的人" in qian.send(path, 422, principal=ma, paper="委托1号")
    page = qian.send(path, principal=ma, proxy=id_of(qian.rt, "马占奎"), paper="委托1号")
    assert "正在打电话问委托人" in page and "等核对" in page and "委托1号" in page
    (ring,) = sent(qian.rt)
    rung(qian.rt, ring, MA.phone, "CA-mandate").press("1")
    assert "电话核对" in qian.get(path) and "算数" in qian.page
    send(qian.rt, FATHER, "替马建军2")
    assert "已替他表态" in qian.get(path)
    page = qian.get(f"/admin/consultations/{ROAD}")
    assert "委托表态 1 份" in page and "受托 1" in page  # the mix of ways
    qian.get(path)
    assert "取消了" in qian.send(f"/admin/proxies/{only(qian.rt, Proxy)}/revoke")
    assert "没算成：替" in send(qian.rt, FATHER, "替马建军1")


def test_a_clerk_vouches_with_a_witness_and_a_helper_does_not(qian: Panel) -> None:
    with qian.rt.db.write() as s:
        made = proxies.give(s, matter(s), person(s, "赵玉芬"), person(s, "李守田"), paper="委托2号")
        organizers.add(
            s,
            name="小周",
            area=area(s, "NL"),
            role="social_worker",
            login="xiaozhou",
            password="long enough, too",
        )
    helper = Panel(qian.rt, "xiaozhou", "long enough, too")
    assert "当面核对过了" not in helper.get(f"/admin/consultations/{ROAD}/proxies")
    assert helper.post(f"/admin/proxies/{made.id}/verify", witness="钱小满").status_code == 403
    page = qian.get(f"/admin/consultations/{ROAD}/proxies")
    assert "再打电话问" not in page  # they share one telephone
    assert "请写见证人" in qian.send(f"/admin/proxies/{made.id}/verify", witness=" ")
    assert "委托算数了" in qian.send(f"/admin/proxies/{made.id}/verify", witness="钱小满")
    assert "见证人 钱小满" in qian.page


# ---- papers ---------------------------------------------------------------------------------------------


def test_a_written_opinion_is_entered_once_with_witness_and_its_writer_hears_of_it(qian: Panel) -> None:
    path, sun = f"/admin/consultations/{ROAD}/written", id_of(qian.rt, "孙长河")
    assert "孙长河" in qian.get(f"{path}?q=孙长河")
    page = qian.send(path, 422, person=sun, words="排水沟要深", paper="", witness="钱小满")
    assert "请写原件的编号" in page and "排水沟要深" in page  # nothing typed is lost
    form = {"person": sun, "words": "排水沟要深一点", "paper": "意见箱7号", "witness": "钱小满"}
    page = qian.send(path, **form)
    assert re.search(r"孙长河的书面意见记下了，回执 \d+", page) and "意见箱7号，见证人钱小满" in page
    (receipt,) = sent(qian.rt)
    assert "村里代录了，回执" in (receipt.body or "") and "不是您写的，请回0" in (receipt.body or "")
    assert "这一份录过了" in qian.send(path, **form) and sent(qian.rt) == []
    with qian.rt.db.read() as s:
        own = select(func.count()).select_from(Opinion).where(Opinion.paper != "")
        assert s.scalar(own) == 1
    assert "意见来路" in qian.get(f"/admin/consultations/{ROAD}") and "代录" in qian.page


def test_a_paper_ballot_is_one_voice_with_the_telephone_and_its_owner_hears_of_it(qian: Panel) -> None:
    send(qian.rt, SUN, "1")
    path, sun = f"/admin/consultations/{ROAD}/paper", id_of(qian.rt, "孙长河")
    assert "已经选过“同意”（短信）" in qian.get(f"{path}?person={sun}")
    form = {"person": sun, "option": "2", "paper": "票12", "witness": "钱小满"}
    qian.send(path, **form)
    assert tally(qian.rt, 11) == {"1": 0, "2": 1, "3": 0}
    (receipt,) = sent(qian.rt)
    assert (
        "纸票，村里代录了" in (receipt.body or "")
        and len(receipt.body or "") <= 70
        and "不同意" not in (receipt.body or "")
    )
    qian.send(path, **form)  # pressed twice
    assert sent(qian.rt) == [] and tally(qian.rt, 11)["2"] == 1
    no_phone = id_of(qian.rt, "周秀英")
    page = qian.send(path, person=no_phone, option="1", paper="票13", witness="钱小满")
    assert "请把回执当面给他" in page


def test_the_same_sheet_entered_by_two_at_once_is_one_opinion(village: Runtime) -> None:
    with village.db.write() as s:
        c, sun, clerk = matter(s), person(s, SUN), s.scalars(select(Organizer.id)).first()
        assert clerk
        first, fresh = opinions.written(s, c, sun, "沟要深", paper="7号", witness="钱小满", by=clerk)
        again, twice = opinions.written(s, c, sun, "沟要深", paper="7号", witness="李守田", by=clerk)
        other, third = opinions.written(s, c, sun, "灯也要", paper="7", witness="钱小满", by=clerk)
        assert (fresh, twice, third) == (True, False, True) and first.id == again.id != other.id


# ---- experts --------------------------------------------------------------------------------------------


def test_an_assessment_is_registered_with_its_file_and_a_technical_matter_waits_for_one(qian: Panel) -> None:
    path, hu = f"/admin/consultations/{ROAD}/assessments", Panel(qian.rt, "huwenshu")
    with qian.rt.db.write() as s:
        c = matter(s)
        c.technical, c.state, c.wide_impact, c.assembly = True, "DRAFTED", False, ""
        answer_all(s, c)
    assert "要先有论证" in qian.get(path)
    qian.get(f"/admin/consultations/{ROAD}/publish")
    ends = f"{in_days(8):%Y-%m-%d}"
    refused = qian.send(
        f"/admin/consultations/{ROAD}/publish", 422, result="修路", until=ends, go="send", sms="", voice=""
    )
    assert "要先请专家或第三方论证" in refused
    qian.get(path)
    assert "请用一句话写上结论" in qian.send(path, 422, author="县交通局", summary="好")
    bad = (io.BytesIO(b"MZ"), "report.exe")
    assert "这种文件收不了" in qian.send(path, 422, author="县交通局", summary="路基厚度够", file=bad)
    report = (io.BytesIO(b"%PDF-1.4 report"), "论证.pdf")
    page = qian.send(path, author="县交通局", summary="路基厚度够，排水沟要加深", file=report)
    assert "登记好了" in page and "论证.pdf" in page
    id = only(qian.rt, Assessment)
    answer = qian.http.get(f"/admin/assessments/{id}/file")
    assert answer.data == b"%PDF-1.4 report" and answer.headers["Content-Disposition"].startswith(
        "attachment"
    )
    assert hu.http.get(f"/admin/assessments/{id}/file").status_code == 404
    assert "县交通局：路基厚度够" in qian.get(f"/admin/consultations/{ROAD}")
    qian.get(f"/admin/consultations/{ROAD}/publish")
    qian.send(f"/admin/consultations/{ROAD}/publish", result="修路", until=ends, go="send", sms="", voice="")
    with qian.rt.db.read() as s:
        found = matters.find(s, 11)
        assert found and found.state == "PUBLICITY"


def test_dates_on_the_pages_are_the_villages(qian: Panel) -> None:
    """A meeting at nine is shown at nine, wherever the server stands."""
    id = planned(qian, "孙长河")
    with qian.rt.db.read() as s:
        at: datetime = s.get_one(Meeting, id).starts_at
    assert at.astimezone(clock.village_zone()).hour == 9 and "09:00" in qian.get(f"/admin/meetings/{id}")


def test_a_group_without_anybody_to_speak_for_it_is_named_until_somebody_does(village: Runtime) -> None:
    with village.db.write() as s:
        c = new(s, "NL", unit="group")
        sun = person(s, SUN)
        for p in s.scalars(select(Person).where(Person.area_id == sun.area_id, Person.group == sun.group)):
            p.tags = [tag for tag in p.tags or () if tag not in ("group_leader", "villager_rep")]
        s.flush()
        assert (voiceless := subjects.voiceless(s, c)) and ("拟柳村", sun.group) in voiceless
        here, group, voices = f"/admin/consultations/{c.id}", sun.group, matters.voices(s, c)
        assert (
            subjects.voiceless(s, matter(s)) == []
        )  # where households or people are counted nobody is left out
        id, them, number = sun.id, f"/admin/residents/{sun.id}", c.id
    panel = Panel(village, QIAN)
    for page in (here, f"{here}/preview"):
        assert f"拟柳村 {group}</a>" in panel.get(page) and "还没人代表" in panel.page, page
    assert "孙长河" in panel.get(f"/admin/residents/?q={group}")
    panel.get(them)
    assert "小组长" in panel.send(f"{them}/tags", tag=["group_leader", "old_cadre"])
    assert f"拟柳村 {group}</a>" not in panel.get(here)
    with village.db.write() as s:
        assert matters.voices(s, s.get_one(Consultation, number)) == voices + 1
        assert matters.may_answer(s, s.get_one(Consultation, number), s.get_one(Person, id))
    panel.get(them)
    panel.send(f"{them}/tags")
    assert f"拟柳村 {group}</a>" in panel.get(here)
