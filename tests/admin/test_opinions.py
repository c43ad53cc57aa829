"""From what people said to what became of it: sorted, answered, and told to whoever said it."""

import re

import pytest
from sqlalchemy import select

from gateway.consultation import guards, lifecycle, opinions, recusals, verdicts
from gateway.consultation.refusal import Refused
from gateway.models.answer import Opinion, OpinionGroup
from gateway.models.consultation import Consultation
from gateway.models.organizer import Organizer
from gateway.models.outreach import Delivery
from gateway.people.residents import handsets_of
from gateway.runtime import Runtime
from tests.admin.panel import Panel, area, verbs
from tests.conftest import LI, STRANGER, SUN, WANG, Resident
from tests.consultation.procedure import MIAO, QIAN, answer_all, by, drafted, publish
from tests.meeting import in_days, matter, person
from tests.resident import Call, text

BOARD = "/admin/consultations/1/opinions"  # 11号, 拟柳村's, with two opinions of the sample: 孙长河's text, 王德顺's voice


def said(rt: Runtime, who: Resident, words: str) -> int:
    """Somebody's opinion on 11号, by SMS; its id."""
    reply = text(rt, who, f"意见11号：{words}")
    code = re.search(r"回执(\d+)", reply)
    assert code, reply
    with rt.db.read() as s:
        return s.scalars(select(Opinion.id).where(Opinion.receipt == code[1])).one()


def letters(rt: Runtime) -> list[str]:
    """What authors were told, oldest first."""
    with rt.db.read() as s:
        sent = s.scalars(
            select(Delivery).where(Delivery.subject.startswith("opinion:")).order_by(Delivery.id)
        )
        return [f"{d.channel}: {d.body}" for d in sent]


def groups(rt: Runtime) -> dict[str, int]:
    with rt.db.read() as s:
        return {p.group.name: p.size for p in verdicts.piles(s, matter(s))}


def group_id(rt: Runtime, name: str) -> int:
    with rt.db.read() as s:
        return s.scalars(
            select(OpinionGroup.id).where(OpinionGroup.consultation_id == 1, OpinionGroup.name == name)
        ).one()


@pytest.fixture
def qian(village: Runtime) -> Panel:
    found = Panel(village, QIAN)  # leads the village
    found.get(BOARD)
    return found


def test_opinions_are_sorted_by_hand_and_by_suggestion_and_groups_renamed_and_merged(
    village: Runtime,
) -> None:
    panel = Panel(village, "shegong")  # a helper sorts, and does not decide
    ditch, lamp = said(village, SUN, "把边沟留出来"), said(village, LI, "再安几盏路灯")
    page = panel.get(BOARD)
    assert "像是“排水”" in page and "没归组" in page and "孙长河" not in page  # by code, not by name
    assert "先勾上要归的意见" in panel.send(f"{BOARD}/sort", 422, name="路上的灯")
    refused = panel.send(f"{BOARD}/sort", 422, opinion=[lamp], show="none")
    assert "请选一组，或者写个新组名" in refused and f'value="{lamp}" form="sort" checked' in refused
    panel.send(f"{BOARD}/sort", opinion=[lamp], name="路上的灯")
    panel.send(f"{BOARD}/sort", like=str(ditch))
    assert groups(village) == {"路上的灯": 1, "排水": 1}
    lights, drains = group_id(village, "路上的灯"), group_id(village, "排水")
    assert "已经有了，可以并过去" in panel.send(f"{BOARD}/{lights}/rename", 422, name="排水")
    panel.send(f"{BOARD}/{lights}/rename", name="路灯")
    panel.send(f"{BOARD}/{lights}/merge", into=str(drains))
    assert groups(village) == {"排水": 2}
    assert "再安几盏路灯" in panel.page  # on to the group that took them in
    panel.send(f"{BOARD}/sort", opinion=[lamp], into="none")
    assert groups(village) == {"排水": 1}
    assert panel.post(f"{BOARD}/answer", one=str(lamp), verdict="adopted", why="装三盏").status_code == 403


def test_a_group_is_answered_with_one_tap_and_each_author_hears_it_once(qian: Panel) -> None:
    village = qian.rt
    for who, words in ((SUN, "把边沟留出来"), (SUN, "边沟要深"), (LI, "李守田：别灌我家院里")):
        id = said(village, who, words)
        qian.send(f"{BOARD}/sort", opinion=[id], name="边沟")
    group = str(group_id(village, "边沟"))
    assert "请选采纳" in qian.send(f"{BOARD}/answer", 422, group=group, why="边沟留出来", show=group)
    assert "边沟留出来</textarea>" in qian.page  # nothing typed is lost
    assert "请写为什么" in qian.send(
        f"{BOARD}/answer", 422, group=group, verdict="adopted", why=" ", show=group
    )
    assert letters(village) == []
    page = qian.send(
        f"{BOARD}/answer", group=group, verdict="adopted", why="边沟留出来，图纸改了", show=group
    )
    assert "答复了3条，正在告诉2人" in page and "这一组都答复了" in page
    told = letters(village)
    assert told[0] == "sms: 【拟柳村委会】您对11号的意见，采纳了：边沟留出来，图纸改了。"
    assert len(told) == 2
    assert "这些意见答复过了" in qian.send(
        f"{BOARD}/answer", group=group, verdict="not", why="没钱", show=group
    )
    assert letters(village) == told
    with village.db.write() as s:  # two who read the board before either answered: the second answers none
        ids = list(s.scalars(select(Opinion.id).where(Opinion.group_id == int(group))))
        assert len(ids) == 3 and verdicts.answer(s, matter(s), ids, "not", "没钱", "cli") == []
    assert verbs(village)[-1] == "answer_opinions"


def test_a_wrong_answer_is_corrected_and_its_authors_hear_so_once_more(qian: Panel) -> None:
    village = qian.rt
    for who, words in ((SUN, "把边沟留出来"), (LI, "李守田：别灌我家院里")):
        id = said(village, who, words)
        qian.send(f"{BOARD}/sort", opinion=[id], name="边沟")
    group = str(group_id(village, "边沟"))
    qian.send(f"{BOARD}/answer", group=group, verdict="not", why="没钱", show=group)
    with village.db.write() as s:  # 孙长河's left, 李守田's waits
        first, second = s.scalars(
            select(Delivery).where(Delivery.subject.startswith("opinion:")).order_by(Delivery.id)
        )
        first.state = "delivered"
        seen = s.get_one(Opinion, id).answered_at
        assert seen is not None
    form = {"seen": seen.isoformat(), "show": group, "alike": "1"}
    assert "跟原来的答复一样" in qian.send(f"{BOARD}/{id}/correct", 422, verdict="not", why="没钱。", **form)
    refused = qian.send(f"{BOARD}/{id}/correct", 422, verdict="adopted", why="", **form)
    assert "请写为什么" in refused and 'name="alike" value="1" checked' in refused
    page = qian.send(f"{BOARD}/{id}/correct", verdict="adopted", why="边沟留出来，镇里给钱", **form)
    assert "改正了2条，正在告诉2人" in page and "原来答复没采纳：没钱。改成采纳：边沟留出来，镇里给钱" in page
    told = letters(village)[2:]
    assert told[0] == "sms: 【拟柳村委会】您对11号的意见，上次答复改了，现在是采纳了：边沟留出来，镇里给钱。"
    assert len(told) == 2
    with village.db.read() as s:
        assert [s.get_one(Delivery, d.id).state for d in (first, second)] == ["delivered", "failed"]
        kept = [e.evidence for e in lifecycle.history(s, matter(s)) if e.event == "opinion_corrected"]
        assert len(kept) == 2 and f"opinion:{id}" in kept
    assert "边沟留出来，镇里给钱" in text(village, SUN, "我的意见怎么说的")
    again = qian.send(
        f"{BOARD}/{id}/correct", verdict="partly", why="看情况", **form
    )  # from a page of before
    assert "已经改过了" in again and len(letters(village)) == 4


def test_who_spoke_is_rung_and_hears_it_again_whenever_they_ring(qian: Panel) -> None:
    village = qian.rt
    with village.db.write() as s:
        wang = person(s, WANG)
        kept = opinions.add(
            s, consultation=matter(s), person=wang, handset_id=handsets_of(s, wang.id)[0].id, words="少收点", channel="voice"
        )  # fmt: skip
        id = kept.id
    assert "按3" in Call(village, WANG).press("1")
    qian.send(f"{BOARD}/answer", one=str(id), verdict="partly", why="困难户免交")
    assert letters(village) == [
        "voice: 王德顺对11号的意见，采纳了一部分：困难户免交。"
    ]  # the landline is two people's
    call = Call(village, WANG)
    call.press("1")
    heard = call.press("3")
    assert "第十一号事，您提的意见，村里采纳了一部分：困难户免交。" in heard
    with village.db.write() as s:  # once there is a result it is heard with it
        s.get_one(Consultation, 1).state = "DRAFTED"
    call = Call(village, WANG)
    call.press("1")
    heard = call.press("3")
    assert "您提的意见，村里采纳了一部分：困难户免交。" in call.press("2"), heard
    other = Call(village, WANG)
    other.press("2")  # 刘桂兰 hears nothing of it
    assert "困难户免交" not in other.press("3")


def test_asked_by_sms_what_became_of_it_one_hears_it_and_so_does_a_receipt(qian: Panel) -> None:
    village = qian.rt
    assert "您还没提过意见" in text(village, STRANGER, "我的意见怎么说的")
    id = said(village, STRANGER, "路要修宽")
    with village.db.read() as s:
        code = s.get_one(Opinion, id).receipt
    assert "还没答复" in text(village, STRANGER, "我提的意见呢？") and "还在" in text(
        village, STRANGER, f"查回执{code}"
    )
    qian.send(f"{BOARD}/answer", one=str(id), verdict="not", why="地不够宽，占了林带")
    for words in ("我的意见怎么说的", "我的意见采纳了吗", "俺提的建议咋办的"):
        assert "11号您的意见，没采纳：地不够宽，占了林带" in text(village, STRANGER, words), words
    assert "没采纳，原因告诉过您" in text(village, STRANGER, f"查回执{code}")
    before = len(letters(village))
    assert "记下了" in text(village, STRANGER, "我的意见是路边种树")  # that is one, not a question about one
    assert len(letters(village)) == before


def test_no_result_while_an_opinion_waits_and_the_sentence_says_how_many(village: Runtime) -> None:
    with village.db.write() as s:
        c = drafted(s, wide_impact=False)
        for words in ("亮点好", "费电"):
            opinions.add(s, consultation=c, person=None, handset_id=None, words=words, channel="sms")
        with pytest.raises(Refused, match="还有2条意见没答复") as no:
            publish(s, c)
        assert no.value.code == guards.UNANSWERED and c.state == "DRAFTED"
        id = c.id
    miao = Panel(village, MIAO)
    page = miao.get(f"/admin/consultations/{id}/publish")
    assert "还有2条意见没答复" in page and f"/admin/consultations/{id}/opinions?show=waiting" in page
    assert "2条没答复" in miao.get(f"/admin/consultations/{id}")
    with village.db.write() as s:
        c = s.get_one(Consultation, id)
        answer_all(s, c)
        publish(s, c)
        assert c.state == "PUBLICITY"


def test_who_asked_not_to_be_named_is_not_named_to_those_at_the_same_telephone(qian: Panel) -> None:
    village = qian.rt
    with village.db.write() as s:
        li = person(s, LI)
        kept = opinions.add(
            s, consultation=matter(s), person=li, handset_id=handsets_of(s, li.id)[0].id, words="账要公开", channel="sms", anonymous=True
        )  # fmt: skip
        id = kept.id
    qian.send(f"{BOARD}/answer", one=str(id), verdict="adopted", why="每月贴一次")
    assert "您对11号" in letters(village)[0] and LI.name not in letters(village)[0]


def test_another_village_reads_nothing_and_the_county_no_single_words(village: Runtime) -> None:
    said(village, SUN, "把边沟留出来")
    Panel(village, "huwenshu").get(BOARD, 404)
    Panel(village, "xianminzheng").get(BOARD, 403)


def test_who_has_an_interest_is_refused_every_deciding_step_and_that_is_kept(village: Runtime) -> None:
    head, officer = Panel(village, QIAN), Panel(village, "xuquanzhen")
    id = said(village, SUN, "把边沟留出来")
    here = "/admin/consultations/1"
    officer.get(here)
    with village.db.read() as s:
        mine = int(by(s, QIAN).partition(":")[2])
    assert "请写明跟这件事有什么关系" in officer.send(f"{here}/recusals", 422, organizer=str(mine), reason="")
    assert "回避" in officer.send(f"{here}/recusals", organizer=str(mine), reason="小舅子包这段工程")
    head.get(here)
    assert "您跟这件事有利害关系，已经回避" in head.page and "小舅子包这段工程" in head.page
    assert "您已经回避" in head.send(f"{here}/step/hear")
    head.get(BOARD)
    assert "您已经回避" in head.send(f"{BOARD}/answer", 422, one=str(id), verdict="adopted", why="留出来")
    assert letters(village) == []
    with village.db.read() as s:
        c = s.get_one(Consultation, 1)
        kept = [(e.event, e.reason) for e in lifecycle.history(s, c)][-3:]
        assert kept[0] == ("recuse", kept[0][1]) and "小舅子包这段工程" in kept[0][1]
        assert [event for event, _ in kept[1:]] == ["refused", "refused"]
        assert not lifecycle.may(s, s.get_one(Organizer, mine), c, "hear")
        ending = f"{here}/recusals/{recusals.of(s, c)[0][0].id}/end"
    assert head.post(ending, reason="没有关系了").status_code == 403
    officer.get(here)
    assert "取消了回避" in officer.send(ending, reason="工程换人了")
    head.get(BOARD)
    assert "答复了1条" in head.send(f"{BOARD}/answer", one=str(id), verdict="adopted", why="留出来")


def test_a_secret_matter_and_owners_share_are_chosen_in_the_form_and_what_will_not_do_is_said(
    village: Runtime,
) -> None:
    officer = Panel(village, "xuquanzhen")
    officer.get("/admin/consultations/new")
    with village.db.read() as s:
        place = str(area(s, "YL").id)
    form = {
        "title": "换电梯", "area": place, "unit": "owner", "option1": "同意", "option2": "不同意", "closes": f"{in_days(9):%Y-%m-%d}",
        "go": "save", "sensitive": "1", "decision": "villagers", "kind": "urgent_difficulty",
    }  # fmt: skip
    page = officer.send("/admin/consultations/new", 422, **form)
    assert "请选业主按什么表决" in page and 'name="sensitive" value="1" checked' in page
    officer.send("/admin/consultations/new", **{**form, "decision": "owners_major"})
    with village.db.read() as s:
        made = s.scalars(select(Consultation).order_by(Consultation.id.desc()).limit(1)).one()
        assert (made.sensitive, made.decision, made.unit) == (True, "owners_major", "owner")


def test_who_is_recused_cannot_publish_and_the_try_is_in_the_history(village: Runtime) -> None:
    with village.db.write() as s:
        c = drafted(s)
        me = s.scalars(select(Organizer).where(Organizer.login == MIAO)).one()
        recusals.name(s, c, me, "灯是他家卖的", "cli")
        id = c.id
    miao = Panel(village, MIAO)
    miao.get(f"/admin/consultations/{id}/publish")
    until = f"{in_days(8):%Y-%m-%dT23:59}"
    page = miao.send(
        f"/admin/consultations/{id}/publish", 422, go="send", result="装三盏", until=until, sms="", voice=""
    )
    assert "您已经回避" in page and "装三盏" in page
    with village.db.read() as s:
        c = s.get_one(Consultation, id)
        assert c.state == "DRAFTED" and lifecycle.history(s, c)[-1].reason.startswith("publish：")
