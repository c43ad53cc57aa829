"""A call that broke off, taken up when the resident rings back: it says where we were, and what did not count."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from gateway import clock, codes
from gateway.consultation import matters
from gateway.models.answer import Ballot, Objection
from gateway.models.conversation import Conversation
from gateway.models.person import Person
from gateway.runtime import Runtime
from tests.calls import Call
from tests.conftest import OWNER, SUN, WANG, Resident


def answers(rt: Runtime) -> list[str]:
    """The receipts of what 孙长河 has answered so far; the sample has one of matter 11."""
    with rt.db.read() as s:
        mine = (
            select(Ballot.receipt).join(Person, Person.id == Ballot.person_id).where(Person.name == SUN.name)
        )
        return sorted(s.scalars(mine))


def cut(rt: Runtime, keys: str, who: Resident = SUN, sid: str = "CA-cut") -> Call:
    """Ring, press, lose the line, and ring again."""
    first = Call(rt, who.phone, sid)
    first.press(*keys)
    first.hang_up()
    return Call(rt, who.phone, f"{sid}-back")


def test_half_a_vote_does_not_count_and_is_asked_for_again(village: Runtime) -> None:
    before = answers(village)
    back = cut(village, "11")
    assert "刚才电话断了，正说到第十一号事，" in back.said and "您按的还没算数" in back.said
    assert (
        "接着说，请按1。" in back.said
        and "从头听，请按2。" in back.said
        and "先不说这个，请按3。" in back.said
    )
    assert answers(village) == before
    assert "同意，请按1。" in back.press("1") and "屯中路" not in back.said
    assert "您选的是：不同意" in back.press("2") and "您的回执" in back.press("1")
    assert answers(village) != before
    back.hang_up()
    assert "刚才电话断了" not in Call(village, SUN.phone, "CA-done").said


def test_who_forgot_hears_the_matter_again_and_who_does_not_care_gets_the_menu(village: Runtime) -> None:
    back = cut(village, "1")
    assert "还没算数" not in back.said and "第十一号事" in back.press("2") and "同意，请按1。" in back.said
    back.hang_up()
    assert "听正在商量的事，请按1" in Call(village, SUN.phone, "CA-third").press("3")


def test_silence_is_asked_again_and_then_somebody_rings(village: Runtime) -> None:
    before = answers(village)
    back = cut(village, "1")
    assert "没听到您按键" in back.wait() and "接着说，请按1。" in back.said
    assert "没有这个选择" in back.press("7") and "会有人打给您" in back.wait()
    assert answers(village) == before


def test_an_objection_is_gone_on_with_where_the_result_was_being_said(village: Runtime) -> None:
    back = cut(village, "3", OWNER)
    assert "第十六号事" in back.said and "我要反对，请按2。" in back.press("1")
    back.press("2")
    with village.db.read() as s:
        assert len(s.scalars(select(Objection).where(Objection.state == "open")).all()) >= 1


def test_a_code_is_asked_for_again_though_it_was_said_before_the_line_broke(village: Runtime) -> None:
    with village.db.write() as s:
        person = s.scalars(select(Person).where(Person.name == SUN.name)).one()
        codes.keep(person, "2468")
        id = person.id
    before = answers(village)
    first = Call(village, SUN.phone, "CA-code")
    first.press("1", "1", "1")  # the code is being asked for
    with (
        village.db.write() as s
    ):  # as it stands where somebody said it for one matter, and broke off at another
        c = s.scalars(select(Conversation).where(Conversation.carrier_id == "CA-code")).one()
        c.facts = {**c.facts, "code_ok": str(id)}
    first.hang_up()
    back = Call(village, SUN.phone, "CA-code-back")
    assert "您按的还没算数" in back.said and answers(village) == before
    assert "请按您的四位密码" in back.press("1", "1", "1")
    assert "您的回执" in back.press("2468") and answers(village) != before


def test_too_late_it_is_a_call_like_any_other_and_a_closed_matter_says_so(village: Runtime) -> None:
    before = answers(village)
    first = Call(village, SUN.phone, "CA-late")
    first.press("1", "1")
    first.hang_up()
    with time_machine.travel(clock.now() + timedelta(minutes=31), tick=True):
        later = Call(village, SUN.phone, "CA-late-back")
        assert "刚才电话断了" not in later.said and "听正在商量的事" in later.said
    again = Call(village, SUN.phone, "CA-closing")
    again.press("1", "1")
    again.hang_up()
    with village.db.write() as s:
        c = matters.find(s, 11)
        assert c is not None
        c.closes_at = clock.now() - timedelta(minutes=1)
    assert "已经截止了" in Call(village, SUN.phone, "CA-closed").press("1") and answers(village) == before


@pytest.mark.parametrize("keys", ["", "2", "222"])
def test_where_nothing_was_asked_about_a_matter_there_is_nothing_to_go_on_with(
    village: Runtime, keys: str
) -> None:
    assert "刚才电话断了" not in cut(village, keys).said


def test_on_a_shared_telephone_it_may_be_somebody_else(village: Runtime) -> None:
    assert "王德顺，请按1" in cut(village, "11", WANG).said
