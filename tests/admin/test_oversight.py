"""The supervision committee: what it opens, what it asks, and what becomes of it."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from gateway import clock
from gateway.consultation import lifecycle, matters, oversight
from gateway.consultation.refusal import Refused
from gateway.models.answer import Opinion
from gateway.models.consultation import Consultation
from gateway.models.organizer import Organizer
from gateway.models.oversight import Flag
from gateway.people import organizers
from gateway.runtime import Runtime
from tests.admin.panel import Panel, area, verbs
from tests.consultation.procedure import OFFICER, QIAN, end_of

MEMBER = "jiandu"
ASKED = "招标的三家报价为什么没贴出来"


@pytest.fixture
def member(village: Runtime) -> Panel:
    """拟柳村's own committee."""
    with village.db.write() as s:
        organizers.add(
            s, name="监督委员", area=area(s, "NL"), role="supervision_member", login=MEMBER, password="long enough, too"
        )  # fmt: skip
    return Panel(village, MEMBER, "long enough, too")


def matter_11(rt: Runtime) -> tuple[int, str]:
    """The matter's id, and something a resident said about it."""
    with rt.db.read() as s:
        c = matters.find(s, 11)
        assert c
        said = s.scalars(select(Opinion.words).where(Opinion.consultation_id == c.id)).first()
        return c.id, str(said)


def opened(member: Panel, why: str = "有人说报价没公开") -> str:
    id, _said = matter_11(member.rt)
    member.get(f"/admin/consultations/{id}")
    return member.send(f"/admin/consultations/{id}/inspect", reason=why)


def test_a_member_says_why_before_anything_of_a_matter_is_seen(member: Panel) -> None:
    id, said = matter_11(member.rt)
    for path in ("", "/people", "/papers", "/flags"):
        page = member.get(f"/admin/consultations/{id}{path}")
        assert "先写明为什么看" in page and said not in page
    assert said not in member.get("/admin/inbox/?tab=opinions")
    back = f"/admin/consultations/{id}/people"
    page = member.get(back)
    page = member.send(f"/admin/consultations/{id}/inspect", 422, reason=" ", back=back)
    assert "请写明为什么要看" in page and f'value="{back}"' in page
    member.send(f"/admin/consultations/{id}/inspect", reason="有人说报价没公开", back=back)
    assert "先写明为什么看" not in member.page
    assert said in member.get(f"/admin/consultations/{id}") and said in member.get(
        "/admin/inbox/?tab=opinions"
    )
    assert "inspect" in verbs(member.rt)
    # whoever leads the matter sees who looked, and why
    page = Panel(member.rt, QIAN).get(f"/admin/consultations/{id}")
    assert "监督委员会查看" in page and "有人说报价没公开" in page


def test_a_reason_holds_for_a_working_day_one_matter_and_one_person(member: Panel) -> None:
    id, _said = matter_11(member.rt)
    opened(member)
    with member.rt.db.read() as s:
        other = matters.find(s, 15)
        assert other
    assert "先写明为什么看" in member.get(f"/admin/consultations/{other.id}")
    zheng = Panel(member.rt, "zhengfulai")  # another village's committee
    zheng.get(f"/admin/consultations/{id}", 404)
    with time_machine.travel(clock.now() + timedelta(hours=13), tick=True):
        later = Panel(member.rt, MEMBER, "long enough, too")
        assert "先写明为什么看" in later.get(f"/admin/consultations/{id}")


def test_nobody_else_is_asked_why(village: Runtime) -> None:
    id, said = matter_11(village)
    for login in (QIAN, OFFICER, "shegong"):
        assert said in Panel(village, login).get(f"/admin/consultations/{id}")


def test_a_flag_is_answered_turned_down_and_answered_again(member: Panel) -> None:
    id, _said = matter_11(member.rt)
    opened(member)
    here = f"/admin/consultations/{id}/flags"
    member.get(here)
    assert (
        "要在今天以后" in member.send(here, 422, words=ASKED, due="2020-01-01", step="0")
        and ASKED in member.page
    )
    member.send(here, words=ASKED, due=f"{end_of(3):%Y-%m-%d}", step="0")
    with member.rt.db.read() as s:
        flag = s.scalars(select(Flag)).one()
    qian = Panel(member.rt, QIAN)
    assert "监督意见等答复" in qian.get("/admin/") and ASKED in qian.get("/admin/flags/")
    qian.get(here)
    assert "请写怎么答复" in qian.send(here + "/answer", 422, flag=flag.id, answer="")
    qian.send(here + "/answer", flag=flag.id, answer="明天就贴")
    assert "监督意见有答复了" in member.get("/admin/") and "明天就贴" in member.get(here)
    again = {"flag": flag.id, "words": "贴了的照片呢", "due": ""}
    assert "请写哪天以前答复" in member.send(here + "/again", 422, **again) and "贴了的照片呢" in member.page
    member.send(here + "/again", **{**again, "due": f"{end_of(5):%Y-%m-%d}"})
    with member.rt.db.read() as s:
        first, second = s.scalars(select(Flag).order_by(Flag.id)).all()
        assert (first.state, second.state, second.follows) == ("again", "open", first.id)
    qian.get(here)
    qian.send(here + "/answer", flag=second.id, answer="照片在村部墙上")
    # of two who answer at once, one is told
    assert "已经有人办了" in qian.send(here + "/answer", 422, flag=second.id, answer="再答一次")
    member.get(here)
    assert "认可了" in member.send(here + "/accept", flag=second.id)
    with member.rt.db.read() as s:
        events = [e.event for e in lifecycle.history(s, s.get_one(Consultation, id))]
        assert events[-5:] == ["flag", "flag_answer", "flag", "flag_answer", "flag_accept"]


def test_what_nobody_answered_is_overdue_in_the_village_and_at_the_township(member: Panel) -> None:
    id, _said = matter_11(member.rt)
    with member.rt.db.write() as s:
        c = s.get_one(Consultation, id)
        oversight.ask(s, c, "organizer:1", c.area_id, ASKED, end_of(2))
    for login in (QIAN, OFFICER):
        assert "监督意见没答复" not in Panel(member.rt, login).get("/admin/")
    with time_machine.travel(end_of(3), tick=True):
        for login in (QIAN, OFFICER):
            page = Panel(member.rt, login).get("/admin/")
            assert "监督意见没答复" in page and ASKED[:10] in page
        county = Panel(member.rt, "xianminzheng")
        assert ASKED[:10] not in county.get("/admin/")
        county.get("/admin/flags/", 403)
        county.get(f"/admin/consultations/{id}/flags", 403)
        assert "监督意见没答复" not in Panel(member.rt, "yinwenshu").get("/admin/")  # another village


def test_only_the_committee_that_asked_takes_the_answer(member: Panel) -> None:
    with member.rt.db.write() as s:
        c = matters.find(s, 15)  # the township's, asked in both villages
        assert c
        zheng = s.scalars(select(Organizer).where(Organizer.login == "zhengfulai")).one()
        flag = oversight.ask(s, c, f"organizer:{zheng.id}", zheng.area_id, ASKED, end_of(2))
        oversight.answer(s, c, flag, "cli", "贴了")
        id, flag_id = c.id, flag.id
    member.get(f"/admin/consultations/{id}")
    member.send(f"/admin/consultations/{id}/inspect", reason="一起看看")
    member.get(f"/admin/consultations/{id}/flags")
    member.send(f"/admin/consultations/{id}/flags/accept", 403, flag=flag_id)


@pytest.mark.parametrize(
    ("words", "days", "event"), [("", 3, 0), ("账呢", -1, 0), ("账呢", 100, 0), ("账呢", 3, 10**6)]
)
def test_a_flag_needs_words_a_day_and_a_step_of_the_matter(
    village: Runtime, words: str, days: int, event: int
) -> None:
    with village.db.write() as s:
        c = matters.find(s, 11)
        assert c
        with pytest.raises(Refused):
            oversight.ask(s, c, "cli", c.area_id, words, end_of(days), event)
        assert oversight.of(s, c) == []
