"""What residents get back when they text us: never left in doubt whether an answer counted."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from gateway import clock
from gateway.models.person import Handset
from gateway.people import residents
from gateway.runtime import Runtime
from tests.calls import Call
from tests.conftest import LIU, OWNER, STRANGER, SUN, WANG, Resident
from tests.resident import text

LIANDE = Resident("", "+8619900000103")


def test_words_on_an_open_matter_say_that_they_are_no_answer(village: Runtime) -> None:
    reply = text(village, SUN, "修得好不好你们看着办吧我不管")
    assert "记下了" in reply and "这不算表态" in reply and "同意回1" in reply and len(reply) <= 70
    text(village, SUN, "1")
    reply = text(village, SUN, "就是怕修不结实过两年又坏了")
    assert "先前的表态没变" in reply and len(reply) <= 70


def test_what_is_plain_counts_beside_what_is_not(village: Runtime) -> None:
    reply = text(village, SUN, "11号2 13号1")  # 13 is another community's
    assert "11号“不同意”" in reply and "13号这件事没有问到您" in reply
    assert "不同意" in text(village, SUN, "11号我选的啥")


@pytest.mark.parametrize(("words", "option"), [("算了还是不同意吧", "不同意"), ("想了想，还是同意", "同意")])
def test_thinking_again_is_an_answer(village: Runtime, words: str, option: str) -> None:
    text(village, SUN, "3")
    assert f"您选“{option}”" in text(village, SUN, words)


@pytest.mark.parametrize("words", ["1 2", "11号7"])
def test_what_was_not_counted_is_called_that(village: Runtime, words: str) -> None:
    reply = text(village, SUN, words)
    assert "没算成" in reply and "同意回1" in reply and len(reply) <= 70


def test_nobody_answers_for_another_and_is_told_so(village: Runtime) -> None:
    assert "没算成，只能本人表态" in text(village, SUN, "替我爹投1")


def test_who_is_not_the_households_voice_is_told_whose_counts(village: Runtime) -> None:
    """Matter 11 counts households; 王德顺 is delegate of his."""
    reply = text(village, Resident("", LIANDE.phone), "赵玉芬1")
    assert "您家以李守田的为准" in reply and len(reply) <= 70
    assert "为准" not in text(village, Resident("", LIANDE.phone), "李守田1")
    call = Call(village, LIU.phone, "CA-delegate")
    call.press("2", "1", "1", "1")
    assert "回执" in call.said and "您家以王德顺的为准" in call.said


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        ("收到", "好的。11号请回一个数"), ("状态", "正在征集意见"), ("截止", "截止"), ("这是哪里", "村里的协商热线"),
        ("查回执", "还没表态"), ("别打电话", "以后不打电话了，短信照发"),
    ],
)  # fmt: skip
def test_short_questions_are_answered(village: Runtime, words: str, answer: str) -> None:
    assert answer in text(village, SUN, words)


def test_who_has_answered_and_thanks_us_is_not_asked_again(village: Runtime) -> None:
    assert "您选“同意”" in text(village, SUN, "11 1")
    for words in ("谢谢", "收到"):
        reply = text(village, SUN, words)
        assert "谢谢您" in reply and "请回一个数" not in reply


def test_a_village_that_does_not_exist_is_asked_for_again_and_the_claim_kept(village: Runtime) -> None:
    reply = text(village, STRANGER, "注册 王德顺 火星村")
    assert "没找到“火星村”" in reply and len(reply) <= 70
    assert "村里核对后告诉您" in text(village, STRANGER, "注册 王德顺 拟柳村")
    with village.db.read() as s:
        handset = residents.handset(s, STRANGER.phone)
        from gateway.models.area import Area
        from gateway.models.person import Claim

        made = s.scalars(select(Claim).where(Claim.handset_id == handset.id)).one()  # type: ignore[union-attr]
        assert made.state == "waiting" and s.get_one(Area, made.area_id).name == "拟柳村"


def test_a_receipt_tells_what_became_of_it_and_nobodys_choice(village: Runtime) -> None:
    def code(reply: str) -> str:
        return reply.partition("回执")[2][:5]

    first = code(text(village, SUN, "1"))
    second = code(text(village, SUN, "2"))
    assert "以后来的为准" in text(village, WANG, f"回执{first}")
    assert "还在" in text(village, WANG, f"回执{second}")
    objection = code(text(village, OWNER, "反对16号，太吵"))
    assert "正在等回话" in text(village, SUN, f"回执{objection}")
    text(village, OWNER, "撤回16号反对")
    assert "已经撤回" in text(village, SUN, f"回执{objection}")
    call = Call(village, SUN.phone, "CA-receipt")
    call.press("2", "2", "1", first)
    assert "有一份表态" in call.said and "以后来的为准" in call.said and "您的" not in call.said


def test_after_a_result_a_bare_number_is_told_how_to_object(village: Runtime) -> None:
    from gateway.consultation import matters
    from gateway.models.outreach import Delivery

    with village.db.write() as s:
        c = matters.find(s, 16)
        handset = s.scalars(select(Handset).where(Handset.id == residents.handset(s, OWNER.phone).id)).one()  # type: ignore[union-attr]
        assert c is not None
        s.add(
            Delivery(
                handset_id=handset.id,
                channel="sms",
                lane="bulk",
                state="delivered",
                about_id=c.id,
                due_at=clock.now(),
            )
        )
    for words in ("1", "2", "3"):
        reply = text(village, OWNER, words)
        assert "16号在公示" in reply and "回“反对”加原因" in reply and len(reply) <= 70, reply


def test_three_failures_at_the_question_who_is_speaking_lead_to_a_person(village: Runtime) -> None:
    call = Call(village, WANG.phone, "CA-who")
    assert "会有人打给您" in call.press("7", "7", "7")
    somebody = Call(village, WANG.phone, "CA-else").press("0")
    assert "您还没登记" in somebody and "登记，请按1" in somebody


def test_on_a_shared_handset_with_two_open_matters_the_example_given_counts(village: Runtime) -> None:
    from gateway.consultation import matters
    from gateway.models.consultation import ConsultationArea

    with village.db.write() as s:
        other = matters.find(s, 12)
        handset = residents.handset(s, LIANDE.phone)
        assert other and handset
        s.add(
            ConsultationArea(consultation_id=other.id, area_id=residents.people_on(s, handset.id)[0].area_id)
        )
        other.group, other.unit = "", "person"
        other.options = {"1": "同意", "2": "不同意"}
        other.state, other.opens_at, other.closes_at = "OPEN", clock.now(), clock.now() + timedelta(days=2)
    shared = Resident("", LIANDE.phone)
    for words in ("11号同意", "李守田1", "同意"):
        reply = text(village, shared, words)
        example = reply.rpartition("“")[2].partition("”")[0]
        assert "李守田" in example and re.search(r"1[12]", example), reply
    assert "李守田选“同意”" in text(village, shared, example)


@pytest.mark.parametrize("words", ["登记 孙长河 拟柳", "zhuce 孙长河 拟柳村"])
def test_a_village_is_understood_without_its_last_word(village: Runtime, words: str) -> None:
    from gateway.models.area import Area
    from gateway.models.person import Claim

    assert "村里核对后告诉您" in text(village, STRANGER, words)
    text(village, STRANGER, "zhuce 孙长河")
    with village.db.read() as s:
        made = s.scalars(select(Claim).where(Claim.name == "孙长河")).one()
        assert s.get_one(Area, made.area_id).name == "拟柳村" and made.area_said


def test_help_for_a_stranger_says_how_to_register(village: Runtime) -> None:
    assert "注册 姓名 村名" in text(village, STRANGER, "帮助")
