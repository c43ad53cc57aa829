"""A matter is taken back: whoever was told of it hears so, and why; nothing is left to do about it."""

import pytest
from sqlalchemy import select

from gateway.consultation import matters, steps
from gateway.consultation.refusal import Refused
from gateway.models.answer import Objection
from gateway.models.outreach import Broadcast, Delivery
from gateway.models.person import Handset
from gateway.outreach import broadcasts, notices, outbox
from gateway.runtime import Runtime
from tests.admin.panel import Panel
from tests.conftest import OWNER, SUN
from tests.outreach.conftest import FakeCarrier
from tests.resident import text

WHY = "钱不够，明年再商量"


def take_back(rt: Runtime, number: int, why: str = WHY) -> None:
    with rt.db.write() as s:
        c = matters.find(s, number)
        assert c
        steps.withdraw(s, c, "cli", why)
        notices.pick_up(s, rt.settings)
        broadcasts.cancel_outdated(s)


def test_everybody_who_was_asked_is_told_with_the_reason(each_village: Runtime, carrier: FakeCarrier) -> None:
    take_back(each_village, 11)
    outbox.drain(each_village, "bulk")
    told = [str(a["body"]) for a in carrier.asked if a["to"] == SUN.phone]
    assert len(told) == 1 and "11号" in told[0] and WHY in told[0] and "不用再回" in told[0]
    with each_village.db.read() as s:
        b = s.scalars(select(Broadcast).where(Broadcast.stage == "withdrawn")).one()
        by_call = (
            select(Delivery.id).join(Handset).where(Delivery.broadcast_id == b.id, Handset.kind == "landline")
        )
        assert s.scalars(by_call).all() and WHY in b.voice and "第十一号事" in b.voice


@pytest.mark.parametrize("words", ["11号同意", "1", "11号 2"])
def test_an_answer_to_it_is_told_that_it_is_taken_back(
    each_village: Runtime, carrier: FakeCarrier, words: str
) -> None:
    text(each_village, SUN, "11号同意")
    take_back(each_village, 11)
    outbox.drain(each_village, "bulk")
    reply = text(each_village, SUN, words)
    assert "11号这件事撤回了" in reply and WHY in reply and len(reply) <= 70


def test_its_objections_are_over_and_a_new_one_is_told_so(each_village: Runtime) -> None:
    text(each_village, OWNER, "反对16号，太吵")
    take_back(each_village, 16)
    with each_village.db.read() as s:
        c = matters.find(s, 16)
        assert c
        states = set(s.scalars(select(Objection.state).where(Objection.consultation_id == c.id)))
    assert not states & {"open", "explained"}
    assert "16号这件事撤回了" in text(each_village, OWNER, "反对16号，太吵")


def test_a_receipt_and_the_board_say_so_too(each_village: Runtime) -> None:
    receipt = text(each_village, SUN, "11号同意").split("回执")[1][:5]
    take_back(each_village, 11)
    assert "后来撤回了" in text(each_village, SUN, receipt)
    page = Panel(each_village, "qianxiaoman").http.get("/board/11").get_data(as_text=True)
    assert WHY in page and "不用再表态" in page


def test_a_reason_that_fits_no_message_is_refused(each_village: Runtime) -> None:
    with pytest.raises(Refused, match="最多60个字"):
        take_back(each_village, 11, "长" * 61)


def test_what_nobody_was_told_of_is_taken_back_in_silence(each_village: Runtime) -> None:
    with each_village.db.write() as s:
        c = matters.find(s, 11)
        assert c
        c.state = "ACCEPTED"
    take_back(each_village, 11)
    with each_village.db.read() as s:
        assert s.scalars(select(Broadcast).where(Broadcast.stage == "withdrawn")).all() == []
