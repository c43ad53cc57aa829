"""Every way a matter can end or turn (domain.md §2), as its people live through it: residents by telephone, organizers at
the panel, the clock by itself. What is asserted is what residents were told."""

import re
from pathlib import Path

import pytest

from gateway.people import organizers
from gateway.runtime import Runtime
from tests.admin.panel import Panel, area
from tests.stories.here import Here, Matter, announced, closed, published

QIAN, MIAO, OFFICER, YIN, HU = "qianxiaoman", "miaozhuren", "xuquanzhen", "yinwenshu", "huwenshu"
REPRESENTATIVES = {"body": "representatives", "place": "村部", "members": "28", "called_by": "村委会"}


@pytest.fixture
def here(village: Runtime, tmp_path: Path) -> Here:
    return Here(village, tmp_path)


def meeting(here: Here, matter: Matter, login: str = QIAN, days: int = 11, **more: object) -> str:
    form = {**REPRESENTATIVES, "starts_at": f"{here.day(days)}T09:00", **more}
    return matter.does(login, "assembly", **form)


# ---- before anybody answers ---------------------------------------------------------------------------------


def test_declined_and_the_proposer_hears_why(here: Here) -> None:
    sun = here.phone("孙长河")
    receipt = re.search(r"回执(\d+)", sun.text("提议：屯东头装个路灯"))
    assert receipt
    qian = here.panel(QIAN)
    found = re.search(r"/admin/proposals/(\d+)/decline", qian.get("/admin/proposals/"))
    assert found
    assert "请写明为什么不受理" in qian.send(f"/admin/proposals/{found[1]}/decline", 422, reason="")
    qian.send(f"/admin/proposals/{found[1]}/decline", reason="电线杆明年才立")
    here.carry()
    assert "没有受理，原因：电线杆明年才立" in sun.got("您提的")
    assert "没受理" in sun.text(f"查回执 {receipt[1]}")


def test_declined_by_its_lead_after_it_had_a_number(here: Here) -> None:
    """PROPOSED → DECLINED: a clerk puts it forward, and the lead says no."""
    sun = here.phone("孙长河")
    sun.text("提议：屯东头装个路灯")
    with here.rt.db.write() as s:  # of the sample's accounts, whoever puts it forward accepts it at once
        organizers.add(
            s, name="小钱", area=area(s, "NL"), role="clerk", login="clerk", password="long enough, too"
        )
    clerk = Panel(here.rt, "clerk", "long enough, too")
    found = re.search(r"/admin/proposals/(\d+)/take_up", clerk.get("/admin/proposals/"))
    assert found
    clerk.send(f"/admin/proposals/{found[1]}/take_up", title="屯东头装路灯")
    matter = here.matter(11)
    assert "11号" not in sun.text("现在有啥事")  # nobody is told of it yet
    matter.does(QIAN, "step/decline", reason="电线杆明年才立")
    assert matter.path() == ["PROPOSED", "DECLINED"]
    assert "没有受理，原因：电线杆明年才立" in sun.got("您提的")
    assert "这件事现在是“没有受理”" in matter.does(QIAN, "announce")
    assert not [b for b in sun.inbox if "11号事" in b]


def test_withdrawn_and_everybody_who_was_asked_hears_why(here: Here) -> None:
    matter, sun = announced(here), here.phone("孙长河")
    assert "您选“同意”" in sun.text("1")
    assert "请写明为什么撤回" in matter.does(QIAN, "withdraw", reason="")
    matter.does(QIAN, "withdraw", reason="镇里统一装，不用村里出钱")
    assert matter.state == "WITHDRAWN"
    assert "镇里统一装" in sun.got("21号", "撤回了")
    wang = here.phone("王德顺")
    assert "撤回了" in wang.answer() and "镇里统一装" in wang.said
    assert "21号这件事撤回了" in sun.text("21号 2") and matter.tally.counts == {"1": 1, "2": 0}
    assert "这件事现在是“已撤回”" in matter.does(QIAN, "close", reason="都答完了")


# ---- stopped for a while ------------------------------------------------------------------------------------


def test_suspended_in_publicity_it_goes_on_with_the_days_it_had_left(here: Here) -> None:
    matter, sun = published(here), here.phone("孙长河")
    matter.knocks(QIAN)
    here.days(3)
    before = matter.now.publicity_ends_at
    assert before
    matter.does(QIAN, "step/suspend", reason="等镇里的图纸")
    assert "等镇里的图纸" in sun.got("21号", "先停一停")
    assert "公示的时候再反对才算数" in sun.text("反对21号，太亮")
    here.days(30)
    assert matter.state == "SUSPENDED"
    matter.does(QIAN, "step/resume")
    assert "以前说的都算数" in sun.got("21号", "接着办了")
    after = matter.now.publicity_ends_at
    assert after and (after - before).days == 30 and matter.state == "PUBLICITY"
    here.until(after)
    assert matter.state == "EFFECTIVE" and "公示期满" in sun.got("21号", "起生效")


# ---- meetings that decide -----------------------------------------------------------------------------------


def test_rejected_by_a_meeting_with_exactly_half_for_it(here: Here) -> None:
    matter, sun = announced(here, assembly="representatives"), here.phone("孙长河")
    sun.text("1")
    closed(here, matter)
    assert "要开村（居）民会议或代表会议表决" in matter.publishes(QIAN, "装三盏灯", status=422)
    assert "会定下了" in meeting(here, matter)
    assert "村民代表会议决定" in sun.got("21号", "村部")
    here.days(2)
    assert "会上没通过" in matter.sits(QIAN, present="20", agree="10", against="10", abstain="0")
    assert matter.path()[-2:] == ["ASSEMBLY", "REJECTED"]
    assert "到会20，同意10" in sun.got("21号", "会上没通过")
    assert "会上没通过" in sun.text("21号办得咋样了")
    assert "公示的时候再反对才算数" in sun.text("反对21号，太亮")
    assert "这件事现在是“会上没通过”" in matter.publishes(QIAN, "装三盏灯")


def test_too_few_came_and_the_meeting_is_called_again(here: Here) -> None:
    matter, sun = announced(here, assembly="representatives"), here.phone("孙长河")
    closed(here, matter)
    meeting(here, matter)
    assert "人数不够" in matter.sits(
        QIAN, present="18", agree="18", against="0", abstain="0"
    )  # two thirds of 28 are 19
    assert matter.state == "ASSEMBLY_FAILED_QUORUM"
    assert "差1人没开成，不算数" in sun.got("21号的会")
    assert "这件事现在是“开会人数不够”" in matter.publishes(QIAN, "装三盏灯")
    here.days()
    assert "会定下了" in meeting(here, matter)
    assert len([b for b in sun.inbox if "村民代表会议决定" in b]) == 2
    assert "会上通过了" in matter.sits(QIAN, present="19", agree="10", against="9", abstain="0")
    assert "结果公布了" in matter.publishes(QIAN, "装三盏灯")
    here.days()
    sun.got("21号公示", "装三盏灯")
    assert matter.path()[-4:] == ["ASSEMBLY", "ASSEMBLY_FAILED_QUORUM", "ASSEMBLY", "PUBLICITY"]


def test_exactly_half_of_the_households_is_no_majority_and_a_meeting_decides(here: Here) -> None:
    matter = announced(here, unit="household")
    for name, words in (("孙长河", "21 1"), ("陈国富", "21 2"), ("马占奎", "21 1")):
        assert "21号，您选" in here.phone(name).text(words)
    assert "李守田选“不同意”" in here.phone("李守田").text("21号李守田2")
    closed(here, matter)
    assert matter.tally.counts == {"1": 2, "2": 2} and matter.tally.units == 4
    page = matter.seen_by(QIAN)
    assert "4</b> / 6" in page
    matter.does(QIAN, "step/no_agreement", reason="一半对一半")
    assert "会定下了" in meeting(here, matter)
    assert matter.path()[-3:] == ["DRAFTED", "NO_CONSENSUS", "ASSEMBLY"]
    assert "村民代表会议决定" in here.phone("陈国富").got("21号")


def test_exactly_three_quarters_of_the_owners_by_count_and_by_area_are_enough(here: Here) -> None:
    more = {"title": "3号楼2单元装电梯", "group": "3号楼2单元", "unit": "owner", "assembly": "owners_major"}
    matter = announced(here, MIAO, "YL", **more, option3="弃权")
    for name in ("秦志明", "邹鹏", "田雨"):
        here.phone(name).text("21 1")
    here.phone("郭亮").text("21 2")
    for name in ("方淑琴", "蒋丽华", "范长生", "贾秀兰"):
        here.phone(name).votes(name, 21, "", "3" if name == "贾秀兰" else "1")
    assert here.phone("林晓雨").text("21 1").find("意见") > 0  # a tenant is heard, and has no vote
    closed(here, matter)
    assert matter.tally.counts["1"] == 6 and matter.tally.area_agreed["1"] == 481.5
    assert matter.answers_everybody(MIAO, "租户的话也写上了") == 1
    assert "过半数的是“同意”" in matter.seen_by(MIAO) and "481.5" in matter.seen_by(MIAO)
    assert "会定下了" in meeting(here, matter, MIAO, body="owners_major", members="8", place="3号楼下")
    count = {
        "present": "8",
        "agree": "6",
        "against": "1",
        "abstain": "1",
        "members_area": "642",
        "present_area": "642",
    }
    assert "会上通过了" in matter.sits(MIAO, **count, agree_area="481.5")
    matter.answers(MIAO)
    matter.publishes(MIAO, "装电梯")
    assert "装电梯" in here.phone("郭亮").got("21号公示")


def test_a_hair_less_than_three_quarters_of_the_area_is_not_enough(here: Here) -> None:
    more = {"title": "3号楼2单元装电梯", "group": "3号楼2单元", "unit": "owner", "assembly": "owners_major"}
    matter = announced(here, MIAO, "YL", **more)
    closed(here, matter)
    meeting(here, matter, MIAO, body="owners_major", members="8", place="3号楼下")
    count = {
        "present": "8",
        "agree": "6",
        "against": "1",
        "abstain": "1",
        "members_area": "642",
        "present_area": "642",
    }
    assert "会上没通过" in matter.sits(MIAO, **count, agree_area="481.4")
    assert "会上没通过" in here.phone("郭亮").got("21号", "就不办了")


# ---- the law ------------------------------------------------------------------------------------------------


def test_a_result_that_breaks_the_law_is_corrected_and_published_anew(here: Here) -> None:
    matter, sun = published(here), here.phone("孙长河")
    here.days()
    wang = here.phone("王德顺")
    wang.answer()
    wang.choose("王德顺", "我要反对")
    wang.speak()
    assert matter.state == "OBJECTED"
    order = {"basis": "妇女权益保障法第55条", "explanation": "外嫁女也有一份，不能少"}
    matter.does(QIAN, "correction", 403, **order)
    assert matter.state == "OBJECTED"
    assert "已责令改正" in matter.does(OFFICER, "correction", **order)
    assert "外嫁女也有一份" in sun.got("21号的结果先不作数")
    assert "没有公布" in matter.publishes(QIAN, "装三盏灯") or matter.state == "CORRECTION_ORDERED"  # locked
    here.days(2)
    matter.does(QIAN, "step/revise", reason="外嫁女一样分")
    matter.publishes(QIAN, "装三盏灯，外嫁女一样分")
    here.days()
    sun.got("21号公示", "外嫁女一样分")
    matter.knocks(QIAN)
    ends = matter.now.publicity_ends_at
    assert ends
    here.until(ends)
    here.days()
    assert "起生效" in sun.got("21号", "外嫁女一样分")
    assert matter.path()[-5:] == ["OBJECTED", "CORRECTION_ORDERED", "REVISED", "PUBLICITY", "EFFECTIVE"]


def test_annulled_by_the_township_and_the_objector_has_an_answer(here: Here) -> None:
    matter, sun, chen = published(here), here.phone("孙长河"), here.phone("陈国富")
    here.days()
    receipt = re.search(r"回执(\d+)", chen.text("反对21号，没开会就定了"))
    matter.does(OFFICER, "correction", basis="村民委员会组织法第24条", explanation="没开村民会议")
    matter.does(QIAN, "step/annul", reason="改不了")
    assert matter.state == "CORRECTION_ORDERED" and "只有乡镇、街道能办" in matter.refusals()[-1][1]
    here.days()
    matter.does(OFFICER, "step/annul", reason="村里重新商量")
    assert matter.path()[-3:] == ["OBJECTED", "CORRECTION_ORDERED", "ANNULLED"]
    assert "村里重新商量" in sun.got("21号", "作废了")
    assert "村里重新商量" in chen.got("21号", "作废了")
    assert receipt and "已经解决" in chen.text(f"查回执 {receipt[1]}")
    assert "作废了" in sun.text("21号办得咋样了")
    here.days(30)
    assert matter.state == "ANNULLED"


# ---- several villages ---------------------------------------------------------------------------------------


def test_a_matter_that_concerns_two_villages_is_no_single_villages_to_lead(here: Here) -> None:
    """钱小满 sees only her own village; the township may write it down with a village as its lead, and is told no."""
    form = {
        "go": "keep",
        "number": "21",
        "title": "两村污水管",
        "unit": "person",
        "option1": "东线",
        "option2": "西线",
        "closes": here.day(8),
    }
    officer = here.panel(OFFICER)
    officer.get("/admin/consultations/new")
    officer.send("/admin/consultations/new", area=here.area("NL"), also=[here.area("FQ")], **form)
    matter = here.matter(21)
    assert "要由乡镇、街道党委来牵头" in matter.does(OFFICER, "announce") and matter.state == "ACCEPTED"
    assert not here.phone("孙长河").inbox
    matter.does(OFFICER, "edit", area=here.area("XQ"), also=[here.area("NL"), here.area("FQ")], **form)
    assert "通知开始发了" in matter.does(OFFICER, "announce")
    assert "【虚泉镇政府】21号事" in here.phone("孙长河").got("21号") and not here.phone("郭亮").inbox


def test_two_villages_led_by_the_township_with_its_signature_and_a_tally_each(here: Here) -> None:
    also = [here.area("NL"), here.area("FQ")]
    title = {"title": "两村污水管走哪边", "option1": "东线", "option2": "西线"}
    matter = announced(here, OFFICER, "XQ", also=also, **title)
    assert matter.now.scope == "villages"
    for name, key in {
        "孙长河": "1",
        "陈国富": "1",
        "马建军": "2",
        "金明淑": "2",
        "金龙浩": "1",
        "潘志强": "2",
    }.items():
        phone = here.phone(name)
        assert "【虚泉镇政府】21号事" in phone.got("21号")
        assert f"您选“{title[f'option{key}']}”" in phone.text("1" if key == "1" else "21号 2")
    for name, key in {"吴凤霞": "1", "马占奎": "1", "朴英子": "2", "许春梅": "2"}.items():
        phone = here.phone(name)
        phone.answer()
        phone.press(key, "1")
        assert re.search(r"(\d ?){4,6}", phone.said), (name, phone.said)
        phone.hang_up()
    assert "没有问到您这边" in here.phone("郭亮").text("21 1")  # another place is not asked
    closed(here, matter)
    assert matter.tally.counts == {"1": 5, "2": 5}
    assert matter.split() == {"拟柳村": {"1": 4, "2": 1}, "仿桥村": {"1": 1, "2": 4}}
    page = matter.seen_by(OFFICER)
    assert "拟柳村：东线 4，西线 1" in page and "仿桥村：东线 1，西线 4" in page
    assert "没有哪一项过半数" in page
    matter.does(
        QIAN, "publish", 403, go="send", result="东线", until=f"{here.day(7)}T23:59", sms="", voice=""
    )
    matter.publishes(OFFICER, "走东线，绕开老井")
    for name in ("孙长河", "金明淑"):
        assert "【虚泉镇政府】21号公示" in here.phone(name).got("绕开老井")
