"""Explanations and decisions sent to one person: the panel says what became of each, and tries again."""

import pytest
from sqlalchemy import select

from gateway.consultation import matters, objections
from gateway.models.answer import Objection
from gateway.models.outreach import Delivery
from gateway.models.person import Person
from gateway.outreach import outbox, settling
from gateway.outreach.settling import Report
from gateway.people import claims, residents
from gateway.runtime import Runtime
from tests.admin.panel import Panel
from tests.conftest import OWNER, STRANGER
from tests.outreach.conftest import FakeCarrier, carrier  # noqa: F401


def report(rt: Runtime, d: Delivery, status: str, error: str | None = None) -> None:
    """A status callback, as the web process takes it in."""
    settling.Callbacks(rt).take(Report(d.channel, d.carrier_id or "", status, error, d.id, d.tries))


def single(rt: Runtime, subject: str) -> Delivery:
    with rt.db.read() as s:
        return s.scalars(select(Delivery).where(Delivery.subject == subject)).one()


@pytest.fixture
def miao(each_village: Runtime, carrier: FakeCarrier) -> Panel:  # noqa: F811
    """苗主任, who has just explained 16号 to 郭亮."""
    with each_village.db.write() as s:
        phone, c = residents.handset(s, OWNER.phone), matters.find(s, 16)
        who = s.scalars(select(Person).where(Person.name == OWNER.name)).one()
        assert phone and c
        objections.open_(s, c, who, "太早", "sms", handset_id=phone.id)
    panel = Panel(each_village, "miaozhuren")
    panel.get("/admin/inbox/?tab=objections")
    id = newest_objection(each_village)
    page = panel.send(
        f"/admin/objections/{id}/explain", explanation="改成八点半", back=f"/admin/objections/{id}"
    )
    assert "正在告诉居民" in page and "排队" in page
    return panel


def newest_objection(rt: Runtime) -> int:
    with rt.db.read() as s:
        return s.scalars(select(Objection.id).order_by(Objection.id.desc()).limit(1)).one()


def test_an_explanation_that_failed_is_shown_where_it_belongs_and_tried_again_once(
    miao: Panel,
    carrier: FakeCarrier,  # noqa: F811
) -> None:
    rt, id = miao.rt, newest_objection(miao.rt)
    outbox.drain(rt, "replies")
    first = single(rt, f"objection:{id}")
    report(rt, first, "undelivered", "30003")
    with rt.db.read() as s:
        matter = matters.find(s, 16)
        assert matter
    for path in (f"objections/{id}", "inbox/?tab=objections", f"consultations/{matter.id}"):
        page = miao.get(f"/admin/{path}")
        assert "手机关机或没信号" in page and "再试一次" in page and "199****0403" in page, path
    page = miao.send(f"/admin/singles/{first.id}/again", back=f"/admin/objections/{id}")
    assert "再试一次，过一会儿" in page and "排队" in page
    assert "不用再发" in miao.send(f"/admin/singles/{first.id}/again", back=f"/admin/objections/{id}")
    report(rt, first, "failed", "30008")  # old news about the first try changes nothing
    outbox.drain(rt, "replies")
    assert [sent.to for sent in carrier.sent] == [OWNER.phone, OWNER.phone]
    report(rt, single(rt, f"objection:{id}"), "delivered")
    page = miao.get(f"/admin/objections/{id}")
    assert "已送到" in page and "再试一次" not in page


def test_who_doesnt_want_messages_is_not_tried_again(miao: Panel, carrier: FakeCarrier) -> None:  # noqa: F811
    rt, id = miao.rt, newest_objection(miao.rt)
    outbox.drain(rt, "replies")
    d = single(rt, f"objection:{id}")
    report(rt, d, "failed", "21610")
    page = miao.get(f"/admin/objections/{id}")
    assert "对方已退订" in page and "再试一次" not in page
    assert "不用再发" in miao.send(f"/admin/singles/{d.id}/again", back=f"/admin/objections/{id}")


def test_what_turned_out_to_be_a_landline_is_rung(miao: Panel, carrier: FakeCarrier) -> None:  # noqa: F811
    rt, id = miao.rt, newest_objection(miao.rt)
    outbox.drain(rt, "replies")
    d = single(rt, f"objection:{id}")
    report(rt, d, "failed", "21614")
    miao.get(f"/admin/objections/{id}")
    miao.send(f"/admin/singles/{d.id}/again", back=f"/admin/objections/{id}")
    outbox.drain(rt, "calls")
    assert carrier.sent[-1].carrier_id.startswith("CA") and single(rt, f"objection:{id}").channel == "voice"


def test_another_village_sends_nothing_again_and_the_resident_page_lists_it(
    miao: Panel,
    carrier: FakeCarrier,  # noqa: F811
) -> None:
    rt, id = miao.rt, newest_objection(miao.rt)
    d = single(rt, f"objection:{id}")
    qian = Panel(rt, "qianxiaoman")
    qian.get("/admin/account")
    assert qian.post(f"/admin/singles/{d.id}/again").status_code == 404
    with rt.db.read() as s:
        who = s.scalars(select(Person.id).where(Person.name == OWNER.name)).one()
    assert "单独告诉过的" in miao.get(f"/admin/residents/{who}")


def test_a_decided_claim_shows_whether_the_caller_was_told(
    each_village: Runtime,
    carrier: FakeCarrier,  # noqa: F811
) -> None:
    with each_village.db.write() as s:
        phone = residents.handset_for(s, residents.Phone(STRANGER.phone, "mobile"))
        id = claims.claim(s, phone, "周秀英", "拟柳", "sms").id
    qian = Panel(each_village, "qianxiaoman")
    qian.get("/admin/claims/")
    assert "排队" in qian.send(f"/admin/claims/{id}/reject")
    outbox.drain(each_village, "replies")
    assert "已交运营商" in qian.get("/admin/claims/")
