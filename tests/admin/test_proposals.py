"""What residents propose, from their telephones to the answer they hear."""

import re

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway.consultation import lifecycle, matters, proposals
from gateway.models.answer import Opinion
from gateway.models.consultation import Consultation
from gateway.models.outreach import Delivery
from gateway.models.topic import Proposal
from gateway.runtime import Runtime
from tests.admin.panel import Panel
from tests.conftest import LI, STRANGER, SUN, WANG
from tests.consultation.procedure import MIAO, QIAN, path
from tests.resident import Call, text


def proposed(village: Runtime) -> tuple[int, str]:
    """孙长河 proposes by SMS; the proposal's id and the receipt."""
    reply = text(village, SUN, "提议：屯东头装个路灯")
    code = re.search(r"回执(\d+)", reply)
    assert code, reply
    with village.db.read() as s:
        return newest(s).id, code[1]


def newest(s: Session) -> Proposal:
    return s.scalars(select(Proposal).order_by(Proposal.id.desc()).limit(1)).one()


def answered(village: Runtime, id: int) -> str:
    """What the proposer was told, and how."""
    with village.db.read() as s:
        sent = s.scalars(select(Delivery).where(Delivery.subject == f"proposal:{id}")).one()
        return f"{sent.channel}: {sent.body}"


def settle(panel: Panel, id: int, verb: str, status: int = 200, **form: str) -> str:
    panel.get("/admin/proposals/")
    return panel.send(f"/admin/proposals/{id}/{verb}", status, **form)


def test_a_proposal_by_sms_becomes_a_numbered_matter_and_its_proposer_hears_so(village: Runtime) -> None:
    id, receipt = proposed(village)
    assert "等村里定" in text(village, SUN, f"查回执 {receipt}")
    qian = Panel(village, QIAN)
    assert "屯东头装个路灯" in qian.get("/admin/proposals/") and "还剩 " in qian.page
    page = settle(qian, id, "take_up", title="屯东头装路灯")
    assert "屯东头装路灯" in page and 'name="option1"' in page  # on to the form, to be completed
    with village.db.read() as s:
        p = newest(s)
        c = s.get_one(Consultation, p.consultation_id)
        assert (p.state, c.state, path(s, c)) == ("accepted", "ACCEPTED", ["PROPOSED", "ACCEPTED"])
        raised = lifecycle.history(s, c)[0]
        assert raised.event == "raise" and raised.actor.startswith("resident:")
        number = c.number
    told = f"sms: 【拟柳村委会】您提的“屯东头装个路灯”受理了，编为{number}号"
    assert answered(village, id).startswith(told)
    assert "受理了" in text(village, SUN, f"查回执 {receipt}")


def test_a_proposal_by_recording_is_answered_by_a_call(village: Runtime) -> None:
    call = Call(village, WANG)
    for key in ("1", "2", "1"):  # 王德顺 → other → tell us
        call.press(key)
    call.press("1")
    assert "记下了" in call.speak()
    with village.db.read() as s:
        id = newest(s).id
    settle(Panel(village, QIAN), id, "decline", reason="今年的钱用完了，明年再议")
    assert answered(village, id).startswith("voice: 您提的") and "今年的钱用完了" in answered(village, id)


def test_a_declined_proposal_is_answered_with_the_reason(village: Runtime) -> None:
    id, receipt = proposed(village)
    qian = Panel(village, QIAN)
    assert "请写明为什么不受理" in settle(qian, id, "decline", 422, reason="")
    settle(qian, id, "decline", reason="电线杆明年才立")
    assert "没有受理，原因：电线杆明年才立" in answered(village, id)
    assert "没受理" in text(village, SUN, f"查回执 {receipt}")
    assert "已经有人处理了" in settle(qian, id, "decline", reason="电线杆明年才立")


def test_a_proposal_that_is_another_matter_is_merged_into_it(village: Runtime) -> None:
    id, _receipt = proposed(village)
    qian = Panel(village, QIAN)
    assert "没有这个编号的事" in settle(qian, id, "merge", 422, number="99")
    settle(qian, id, "merge", number="11")
    assert "和11号是一件事" in answered(village, id)
    with village.db.read() as s:
        assert newest(s).state == "merged" and s.get_one(Opinion, newest(s).opinion_id).done_at


def test_who_may_not_decide_puts_it_forward_and_the_lead_declines_it(village: Runtime) -> None:
    """The clerk gives it a number, the lead says no: PROPOSED → DECLINED."""
    from gateway.people import organizers
    from tests.admin.panel import area

    with village.db.write() as s:
        organizers.add(
            s, name="小钱", area=area(s, "NL"), role="clerk", login="clerk", password="long enough, too"
        )
    id, _receipt = proposed(village)
    clerk = Panel(village, "clerk", "long enough, too")
    assert "不受理" not in clerk.get("/admin/proposals/")
    settle(clerk, id, "take_up", title="屯东头装路灯")
    with village.db.read() as s:
        assert newest(s).state == "taken_up"
        here = f"/admin/consultations/{newest(s).consultation_id}"
        number = s.get_one(Consultation, newest(s).consultation_id).number
    assert f"{number}号" not in text(village, SUN, "现在有啥事")  # nobody was told of it yet
    qian = Panel(village, QIAN)
    assert "受理" in qian.get(here)
    qian.send(here + "/step/decline", reason="电线杆明年才立")
    with village.db.read() as s:
        c = matters.find(s, number)
        assert c and c.state == "DECLINED" and path(s, c) == ["PROPOSED", "DECLINED"]
    assert "没有受理，原因：电线杆明年才立" in answered(village, id)


def test_a_subject_proposes_at_the_office(village: Runtime) -> None:
    qian = Panel(village, QIAN)
    qian.get("/admin/proposals/")
    assert "请写谁提的" in qian.send("/admin/proposals/", 422, words="修水渠", who="")
    assert "修水渠" in qian.page
    assert "记下了，回执" in qian.send("/admin/proposals/", words="修水渠", who="村务监督委员会")
    with village.db.read() as s:
        id = newest(s).id
    assert "没有留电话" in settle(qian, id, "decline", reason="已经在修了")


def test_another_villages_proposals_are_none_of_ones_business(village: Runtime) -> None:
    id, _receipt = proposed(village)
    miao = Panel(village, MIAO)
    assert "屯东头" not in miao.get("/admin/proposals/")
    settle(miao, id, "decline", 404, reason="不归您管")


@pytest.mark.parametrize("words", ["提议修个厕所", "建议：修个厕所"])
def test_a_stranger_proposes_and_is_answered(village: Runtime, words: str) -> None:
    text(village, STRANGER, words)
    with village.db.read() as s:
        found = s.scalars(select(Proposal)).all()
        said = s.scalars(select(Opinion).order_by(Opinion.id.desc()).limit(1)).one()
    if not found:
        pytest.fail(f"{words!r} became {said.kind}")
    settle(Panel(village, "xuquanzhen"), found[0].id, "decline", reason="不归我们管")
    assert "没有受理" in answered(village, found[0].id)


@pytest.mark.parametrize(
    ("words", "what"),
    [
        ("提议：修个凉亭", "修个凉亭"),
        ("提议 修个凉亭。", "修个凉亭"),
        ("我想提议一下，修个凉亭！", "修个凉亭"),
        ("提个建议：修个凉亭", "修个凉亭"),
        ("“提议：修个凉亭”", "修个凉亭"),
        ("Propose: a pavilion", "a pavilion"),
        ("제안: 정자를 짓자", "정자를 짓자"),
        ("建议书贴在村口", "建议书贴在村口"),
        ("反映的问题早点办", "反映的问题早点办"),
        ("提议", ""),
    ],
)
def test_an_answer_quotes_what_was_proposed_and_not_the_command(words: str, what: str) -> None:
    assert proposals.quoted(words) == what


def test_who_shares_the_telephone_a_matter_was_proposed_from_is_said(village: Runtime) -> None:
    text(village, LI, "我想提个事，村东头的井水浑了")
    page = Panel(village, QIAN).get("/admin/proposals/")
    assert "李守田、赵玉芬合用的电话" in page and "未登记的居民" not in page
