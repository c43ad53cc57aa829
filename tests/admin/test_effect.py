"""The panel between the result and its effect."""

import re
from datetime import timedelta

import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import clock
from gateway.consultation import matters, objections, steps
from gateway.models.answer import Objection
from gateway.models.consultation import Consultation
from gateway.models.meeting import Assembly
from gateway.models.outreach import Delivery
from gateway.models.person import Person
from gateway.outreach import notices
from gateway.runtime import Runtime
from tests.admin.panel import Panel
from tests.conftest import SUN
from tests.consultation.procedure import MIAO, OFFICER, QIAN, drafted, end_of, new, published
from tests.resident import tally, text


def test_doors_are_ticked_off_until_nobody_is_left(village: Runtime, miao: Panel) -> None:
    with village.db.write() as s:
        id = published(s).id
    assert "还差" in miao.get(f"/admin/consultations/{id}")
    page = miao.get(f"/admin/consultations/{id}/visits")
    for home in re.findall(r'name="home" value="(\w+)"', page):
        page = miao.send(f"/admin/consultations/{id}/visits", home=home)
    assert "每一户都告诉到了" in page
    assert "还差" not in miao.get(f"/admin/consultations/{id}")
    assert "已经记过" in miao.send(f"/admin/consultations/{id}/visits", home="h1")


def test_a_meeting_from_calling_to_counting(village: Runtime, miao: Panel) -> None:
    with village.db.write() as s:
        id = drafted(s, assembly="representatives").id
    here = f"/admin/consultations/{id}"
    form = {"body": "representatives", "place": "社区二楼", "members": "30", "called_by": "居委会"}
    miao.get(here + "/assembly")
    assert "至少" in miao.page and 'value="30"' not in miao.page
    soon, day = end_of(3), end_of(11)
    assert "提前10天" in miao.send(here + "/assembly", 422, starts_at=f"{soon:%Y-%m-%dT09:00}", **form)
    assert "社区二楼" in miao.page  # what was typed is kept
    page = miao.send(here + "/assembly", starts_at=f"{day:%Y-%m-%dT09:00}", **form)
    assert "会定下了" in page and "等开会" in page
    with village.db.read() as s:
        meeting = s.scalars(select(Assembly).where(Assembly.consultation_id == id)).one()
        number = s.get_one(Consultation, id).number
    assert "9点在社区二楼开村民代表会议表决。" in miao.get(
        f"/board/{number}"
    )  # whoever it decides for may read when
    there = f"/admin/assemblies/{meeting.id}"
    miao.get(there)
    assert "到20就够" in miao.page
    count = {"present": "19", "agree": "17", "against": "1", "abstain": "1", "minutes": "都说了"}
    assert "还差1人" in miao.send(there, go="look", **count)
    assert "会还没开" in miao.send(there, 422, go="keep", **count)
    with time_machine.travel(meeting.starts_at + timedelta(hours=3), tick=True):
        panel = Panel(village, MIAO)
        panel.get(there)
        assert "会上通过了" in panel.send(there, go="keep", **{**count, "present": "20"})
        again = panel.get(there)
        assert "到会" in again


def test_the_township_orders_a_correction_and_the_village_mends_it(village: Runtime, miao: Panel) -> None:
    with village.db.write() as s:
        id = published(s).id
    here = f"/admin/consultations/{id}"
    officer = Panel(village, OFFICER)
    assert "责令改正" not in miao.get(here)
    assert "责令改正" in officer.get(here)
    page = officer.send(here + "/correction", basis="妇女权益保障法第55条", explanation="外嫁女也有份")
    assert "已责令改正" in page
    assert "改正好了" in miao.get(here) and "宣布作废" not in miao.page
    assert "重新公布结果" in miao.send(here + "/step/revise", reason="去掉了那一条")


def test_the_supervision_committee_has_its_say(village: Runtime) -> None:
    with village.db.write() as s:
        c = published(s, "FQ")
        who = s.scalars(select(Person).where(Person.area_id == c.area_id).limit(1)).one()
        objections.open_(s, c, who, "不服", "sms")
        id = c.id
    yin = Panel(village, "yinwenshu")
    assert "反对有没有道理" not in yin.get(f"/admin/consultations/{id}")
    assert "先有监督委员会的意见" in call_meeting(yin, id)
    member = Panel(village, "zhengfulai")
    member.get(f"/admin/consultations/{id}")
    member.send(f"/admin/consultations/{id}/inspect", reason="有人反对")
    assert "反对有没有道理" in member.page
    member.send(f"/admin/consultations/{id}/note", words="没有道理，可以上会")
    assert "会定下了" in call_meeting(yin, id, 200)


def call_meeting(panel: Panel, id: int, status: int = 422) -> str:
    panel.get(f"/admin/consultations/{id}/assembly")
    form = {"body": "representatives", "place": "村部", "members": "30"}
    when = f"{end_of(12):%Y-%m-%dT09:00}"
    return panel.send(f"/admin/consultations/{id}/assembly", status, starts_at=when, **form)


def explained_to_sun(village: Runtime) -> int:
    """孙长河 objected by SMS and was answered; returns the matter's number."""
    with village.db.write() as s:
        c = published(s, "NL")
        number = c.number
    assert "反对" in text(village, SUN, f"反对{number}号，太亮")
    qian = Panel(village, QIAN)
    with village.db.read() as s:
        id = objection(s).id
    qian.get(f"/admin/objections/{id}")
    assert "正在告诉居民" in qian.send(f"/admin/objections/{id}/explain", explanation="灯头转向路口")
    with village.db.write() as s:
        sent = s.scalars(select(Delivery).where(Delivery.subject == f"objection:{id}")).one()
        assert "明白了回1" in (sent.body or "")
        sent.state = "delivered"
    return number


def objection(s: Session) -> Objection:
    return s.scalars(select(Objection).order_by(Objection.id.desc()).limit(1)).one()


def test_an_objector_answers_the_explanation_with_one_digit(village: Runtime) -> None:
    number = explained_to_sun(village)
    assert f"{number}号的答复您听明白了" in text(village, SUN, "1")
    with village.db.read() as s:
        assert (objection(s).state, objection(s).outcome) == ("explained", "understood")
        id = objection(s).id
    assert "说明白了" in Panel(village, QIAN).get(f"/admin/objections/{id}")


def test_an_objector_who_still_objects_says_so_with_one_digit(village: Runtime) -> None:
    explained_to_sun(village)
    text(village, SUN, "2")
    with village.db.read() as s:
        assert (objection(s).state, objection(s).outcome) == ("open", "still")


def test_a_digit_answers_what_was_asked_last(village: Runtime) -> None:
    """After the explanation a vote on another matter is asked: “1” is that vote."""
    explained_to_sun(village)
    with village.db.write() as s:
        c = new(s, "NL", title="村口种树")
        steps.announce(s, c, "cli")
        notices.pick_up(s, village.settings)
        number = c.number
        for d in s.scalars(select(Delivery).where(Delivery.broadcast_id.is_not(None))):
            d.state = "delivered"
    assert f"{number}号" in text(village, SUN, "1")
    assert tally(village, number)["1"] == 1
    with village.db.read() as s:
        assert objection(s).outcome == ""


def test_who_objected_hears_that_the_village_noted_it_as_taken_back_or_settled(
    village: Runtime, miao: Panel
) -> None:
    """Only the objector takes an objection back (domain.md §2): nobody closes one behind their back."""
    with village.db.write() as s:
        c = published(s)
        people = list(s.scalars(matters.eligible(s, c)))
        who = [p for p in people if p.name in ("郭亮", "蒋丽华")]
        made = [objections.open_(s, c, p, "太贵", "sms").id for p in who]
    for id, verb in zip(made, ("withdraw", "resolve"), strict=True):
        miao.get(f"/admin/objections/{id}")
        page = miao.send(f"/admin/objections/{id}/{verb}", explanation="上门说清了")
        assert "正在告诉本人" in page
    with village.db.read() as s:
        told = [
            b for b in s.scalars(select(Delivery.body).order_by(Delivery.id)) if "不是这么回事" in (b or "")
        ]
    assert len(told) == 2 and "您的反对记成当面收回了" in told[0] and "当面解决了" in told[1]


def test_a_result_kept_before_the_assembly_is_public_long_enough_after_it(
    village: Runtime, miao: Panel
) -> None:
    with village.db.write() as s:
        c = drafted(s)
        here = f"/admin/consultations/{c.id}/publish"
    miao.get(here)
    first = f"{end_of(7):%Y-%m-%dT%H:%M}"
    miao.send(here, go="preview", result="装六盏", until=first, sms="", voice="")
    with time_machine.travel(clock.now() + timedelta(days=12), tick=True):
        later = Panel(village, MIAO)
        page = later.get(here)
        assert "装六盏" in page and first not in page
        assert "公示到" in later.send(
            here, go="preview", result="装六盏", until=f"{end_of(7):%Y-%m-%dT%H:%M}", sms="", voice=""
        )


def test_a_matter_that_needs_an_assembly_says_so_instead_of_offering_the_result(
    village: Runtime, miao: Panel
) -> None:
    with village.db.write() as s:
        id, ready = drafted(s, assembly="representatives").id, drafted(s).id
    page = miao.get(f"/admin/consultations/{id}")
    assert f"/consultations/{id}/publish" not in page and "通过了才能公示" in page
    assert f"/consultations/{ready}/publish" in miao.get(f"/admin/consultations/{ready}")
