"""Matters handed up and down, as organizers do it and residents hear it."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from gateway import clock
from gateway.consultation import lifecycle, matters, proposals, referrals, steps
from gateway.consultation.refusal import Refused
from gateway.models.answer import Opinion
from gateway.models.consultation import Consultation, ConsultationArea, Notice
from gateway.models.outreach import Delivery
from gateway.models.oversight import Referral
from gateway.models.topic import Proposal
from gateway.runtime import Runtime
from gateway.text import segments
from tests.admin.panel import Panel, area, area_id
from tests.conftest import SUN
from tests.consultation.procedure import OFFICER, QIAN, by, end_of, new, published
from tests.resident import text

YIN = "yinwenshu"
WHY = "要动县道的路基，村里动不了"


def form(rt: Runtime, code: str, **more: object) -> dict[str, object]:
    return {"to": area_id(rt, code), "reason": WHY, "due": f"{end_of(5):%Y-%m-%d}", **more}


def handed_up(rt: Runtime) -> tuple[str, int]:
    """A matter of 拟柳村 that people know of, handed to the township; its page, and the referral."""
    with rt.db.write() as s:
        c = new(s, "NL")
        steps.announce(s, c, "cli")
        id = c.id
    qian, here = Panel(rt, QIAN), f"/admin/consultations/{id}"
    qian.get(f"{here}/referral")
    assert "等他们答复" in qian.send(f"{here}/referral", **form(rt, "XQ"))
    with rt.db.read() as s:
        return here, s.scalars(select(Referral)).one().id


def test_a_village_hands_a_matter_up_and_the_township_takes_it_over(village: Runtime) -> None:
    here, referral = handed_up(village)
    officer = Panel(village, OFFICER)
    assert "转来的事等答复" in officer.get("/admin/") and WHY in officer.get("/admin/referrals/")
    officer.get(f"{here}/referral")
    assert "接过来了" in officer.send(f"{here}/referral/accept", referral=referral)
    with village.db.read() as s:
        c = s.get_one(Consultation, int(here.split("/")[-1]))
        assert c.area_id == area(s, "XQ").id and c.lead == "虚泉镇党委"
        asked = s.scalars(select(ConsultationArea.area_id)).all()
        assert area(s, "NL").id in asked  # the same people are asked
        told = s.scalars(
            select(Notice).where(Notice.consultation_id == c.id, Notice.stage == "referred")
        ).one()
        assert told.sms.startswith("【虚泉镇政府】") and "往后虚泉镇党委牵头办" in told.sms
        assert segments(told.sms).count == 1
        assert [e.event for e in lifecycle.history(s, c)][-2:] == ["refer", "refer_accept"]
        assert lifecycle.forbidden(s, c, "announce") is None
    page = Panel(village, QIAN).get(here)  # the village still sees it, and may not act
    assert "这件事由虚泉镇来办" in page and "接了" in page


def test_the_township_hands_a_matter_down_and_the_village_returns_it(village: Runtime) -> None:
    with village.db.write() as s:
        c = new(s, "XQ")
        id, words = c.id, "【虚泉镇政府】31号：修桥。同意回1，不同意回2"
        c.sms = {**c.sms, "notice": words}
    officer, here = Panel(village, OFFICER), f"/admin/consultations/{id}"
    Panel(village, YIN).get(here, 404)  # none of theirs until it is handed to them
    officer.get(f"{here}/referral")
    officer.send(f"{here}/referral", **form(village, "FQ", reason="就这一座桥，村里商量就行"))
    with village.db.read() as s:
        referral = s.scalars(select(Referral)).one().id
    assert "不能自己接" in officer.send(f"{here}/referral/accept", 422, referral=referral)
    yin = Panel(village, YIN)
    yin.get(f"{here}/referral")
    assert "请写明为什么退回去" in yin.send(f"{here}/referral/return_", 422, referral=referral, answer="")
    yin.send(f"{here}/referral/return_", referral=referral, answer="桥在两个村中间")
    assert "桥在两个村中间" in officer.get(here) and "退回了" in officer.page
    officer.get(f"{here}/referral")
    officer.send(f"{here}/referral", **form(village, "FQ", reason="问过了，是一个村的"))
    with village.db.read() as s:
        second = s.scalars(select(Referral).where(Referral.state == "waiting")).one().id
    yin.get(f"{here}/referral")
    yin.send(f"{here}/referral/accept", referral=second)
    with village.db.read() as s:
        c = s.get_one(Consultation, id)
        mine = area(s, "FQ").id
        assert c.area_id == mine and c.lead == "村党组织、村委会" and c.scope == "village"
        asked = select(ConsultationArea.area_id).where(ConsultationArea.consultation_id == id)
        assert s.scalars(asked).all() == [mine] and matters.area_ids(s, c) == [mine]
        # somebody's own words stay, signed by who sends them
        assert c.sms["notice"] == "【仿桥村委会】31号：修桥。同意回1，不同意回2"
        assert c.voice["notice"] == matters.default_voice(
            area(s, "FQ"), c.number, c.title, c.options, c.closes_at
        )
        assert not s.scalars(select(Notice).where(Notice.stage == "referred")).all()  # nobody had heard of it
    assert "已经答复过了" in yin.send(f"{here}/referral/accept", referral=second)


def test_what_nobody_answers_is_overdue_on_both_sides_and_can_be_taken_back(village: Runtime) -> None:
    here, referral = handed_up(village)
    with time_machine.travel(end_of(6), tick=True):
        for login in (QIAN, OFFICER):
            who = Panel(village, login)
            assert "转办没答复" in who.get("/admin/") and "过期没答复" in who.get("/admin/referrals/")
        assert "转办没答复" not in Panel(village, YIN).get("/admin/")
        county = Panel(village, "xianminzheng")
        assert WHY not in county.get("/admin/") and WHY not in county.get(here)
        county.get("/admin/referrals/", 403)
        qian = Panel(village, QIAN)
        qian.get(f"{here}/referral")
        assert "收回来了" in qian.send(f"{here}/referral/back", referral=referral)
        assert "转办没答复" not in qian.get("/admin/")


def test_what_will_not_do_is_said_at_its_field_and_nothing_typed_is_lost(village: Runtime) -> None:
    with village.db.write() as s:
        id = new(s, "NL").id
    qian, here = Panel(village, QIAN), f"/admin/consultations/{id}/referral"
    qian.get(here)
    for more, said in (
        ({"to": area_id(village, "FQ")}, "请选转给哪里"),
        ({"reason": ""}, "请写明为什么转过去"),
        ({"reason": "字" * 61}, "最多60个字"),
        ({"due": "2020-01-01"}, "要在今天以后"),
        ({"due": "下周"}, "这个日期看不懂"),
    ):
        page = qian.send(here, 422, **form(village, "XQ", **more))
        assert said in page and (f'value="{WHY}"' in page or "reason" in more)
    yin = Panel(village, YIN)
    yin.get(here, 404)


def test_only_who_it_was_handed_to_answers(village: Runtime) -> None:
    here, referral = handed_up(village)
    qian = Panel(village, QIAN)
    qian.get(f"{here}/referral")
    qian.send(f"{here}/referral/accept", 403, referral=referral)
    yin = Panel(village, YIN)
    yin.get("/admin/account")
    assert yin.post(f"{here}/referral/accept", referral=referral).status_code == 404


def test_a_matter_of_several_villages_stays_above_them_and_one_that_is_over_stays(village: Runtime) -> None:
    with village.db.write() as s:
        both = matters.find(s, 15)
        over = matters.find(s, 12)
        assert both and over
        assert referrals.targets(s, both) == [] and referrals.targets(s, over) == []
        c = published(s, "NL")
        assert [a.code for a in referrals.targets(s, c)] == ["XQ"]
        r = referrals.refer(s, c, "cli", area(s, "XQ").id, WHY, end_of(3))
        steps.withdraw(s, c, by(s, QIAN), "不办了")
        with pytest.raises(Refused, match="已经办完了"):
            referrals.accept(s, c, r, by(s, OFFICER))


def test_taking_over_gives_the_days_anew(village: Runtime) -> None:
    with village.db.write() as s:
        c = new(s, "NL")
        first = c.due_at
        r = referrals.refer(s, c, by(s, QIAN), area(s, "XQ").id, WHY, end_of(3))
        with time_machine.travel(clock.now() + timedelta(days=2), tick=True):
            referrals.accept(s, c, r, by(s, OFFICER))
        assert c.due_at and first and c.due_at == first + timedelta(days=2)


def test_whoever_proposed_it_hears_where_it_went(village: Runtime) -> None:
    text(village, SUN, "提议：村头修个桥")
    with village.db.write() as s:
        p = s.scalars(select(Proposal).order_by(Proposal.id.desc()).limit(1)).one()
        assert s.get_one(Opinion, p.opinion_id).words
        c = proposals.take_up(s, p, area(s, "NL"), "村头修桥", "cli")
        r = referrals.refer(s, c, by(s, QIAN), area(s, "XQ").id, WHY, end_of(3))
        id, referral = c.id, r.id
    officer = Panel(village, OFFICER)
    officer.get(f"/admin/consultations/{id}/referral")
    officer.send(f"/admin/consultations/{id}/referral/accept", referral=referral)
    with village.db.read() as s:
        said = s.scalars(select(Delivery.body).where(Delivery.subject == f"proposal:{p.id}")).all()
        assert len(said) == 1 and "转给虚泉镇办了" in str(said[0])
