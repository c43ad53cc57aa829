"""A resident with an interest in a matter does not vote in it, by any door (domain.md §5: 应回避人员)."""

import pytest
from sqlalchemy import func, select

from gateway.consultation import ballots, matters, proxies, reach, recusals
from gateway.consultation.refusal import Refused
from gateway.models.answer import Ballot
from gateway.models.outreach import Delivery
from gateway.models.participation import Recusal
from gateway.models.person import Person
from gateway.runtime import Runtime
from tests.admin.panel import Panel
from tests.conftest import LI, SUN, WANG, ZHAO, Resident
from tests.consultation.procedure import QIAN
from tests.meeting import matter, person
from tests.resident import Call, text

HERE = "/admin/consultations/1"  # 11号, 拟柳村's
MA = Resident("马建军", "+8619900000109")
FATHER = Resident("马占奎", "+8619900000110")


def out(rt: Runtime, *who: Resident, number: int = 11) -> None:
    with rt.db.write() as s:
        for one in who:
            recusals.name_resident(s, matter(s, number), person(s, one), "小舅子包这段工程", "cli")


def voted(rt: Runtime) -> int:
    with rt.db.read() as s:
        return s.scalar(select(func.count()).select_from(Ballot).where(Ballot.consultation_id == 1)) or 0


def test_named_by_an_organizer_a_vote_of_before_counts_no_more_and_they_are_told(village: Runtime) -> None:
    text(village, SUN, "11号同意")
    panel = Panel(village, QIAN)
    panel.get(HERE)
    with village.db.read() as s:
        c = matter(s)
        before, whole = ballots.tally(s, c), matters.present_voices(s, c)
        homes = reach.reach(s, c).homes
    page = panel.send(f"{HERE}/recusals/residents", 422, name=SUN.name, reason="")
    assert "请写明跟这件事有什么关系" in page and f'value="{SUN.name}"' in page
    page = panel.send(f"{HERE}/recusals/residents", 422, name="没这个人", reason="包这段工程")
    assert "这件事问到的人里没有“没这个人”" in page and 'value="包这段工程"' in page
    page = panel.send(f"{HERE}/recusals/residents", name=SUN.name, reason="小舅子包这段工程")
    assert "投过的也不算" in page and "居民，不表态" in page
    assert "已经回避了" in panel.send(f"{HERE}/recusals/residents", 422, name=SUN.name, reason="包这段工程")
    with village.db.read() as s:
        c, sun = matter(s), person(s, SUN)
        after = ballots.tally(s, c)
        at_home = matters.eligible(s, c).where(Person.household_id == sun.household_id)
        assert after.units == before.units - 1 and after.counts["1"] == before.counts["1"] - 1
        assert [p.name for p in s.scalars(at_home)] == ["孙小磊"]
        assert after.eligible == whole  # his home still has a voice: his son's
        assert reach.reach(s, c).homes == homes  # they still have a right to know
        told = s.scalars(select(Delivery).where(Delivery.subject == "recusal:1")).one()
        assert "11号事跟孙长河有利害关系" in (told.body or "") and "有话照样可以说" in (told.body or "")
        id = s.scalars(select(Recusal.id).where(Recusal.person_id == sun.id)).one()
    officer = Panel(village, "xuquanzhen")
    officer.get(HERE)
    officer.send(f"{HERE}/recusals/{id}/end", reason="查了，不是亲戚")
    with village.db.read() as s:
        assert ballots.tally(s, matter(s)).counts == before.counts  # what was chosen was kept
        newest = s.scalars(
            select(Delivery).where(Delivery.subject == "recusal:1").order_by(Delivery.id)
        ).all()[-1]
        assert "不用回避了" in (newest.body or "")


def test_by_sms_and_by_key_they_hear_why_and_may_still_speak(village: Runtime) -> None:
    out(village, SUN, WANG)
    before = voted(village)
    said = text(village, SUN, "11号同意")
    assert "11号事跟孙长河有利害关系" in said and "有话照样可以说" in said
    assert "回执" in text(village, SUN, "让我小舅子按图施工，你们盯着就行")
    call = Call(village, WANG)
    call.press("1")
    for _ in range(4):
        if "这叫回避" in call.press("1"):
            break
    assert "跟您的为人没关系" in call.heard and "录音" in call.heard
    assert "回执" in call.speak()
    assert voted(village) == before


def test_on_a_shared_handset_their_key_does_not_become_the_others_vote(village: Runtime) -> None:
    out(village, LI)
    before = voted(village)
    assert "赵玉芬" in text(village, LI, "11号同意") and voted(village) == before  # asked whose it is
    assert "有利害关系" in text(village, LI, "李守田") and voted(village) == before
    assert "赵玉芬选“同意”" in text(village, ZHAO, "赵玉芬 11号同意") and voted(village) == before + 1


def test_no_paper_and_no_mandate_in_their_name_or_in_their_hand(village: Runtime) -> None:
    with village.db.write() as s:
        c = matter(s)
        made = proxies.give(s, c, person(s, MA), person(s, FATHER), paper="委托3号")
        proxies.settle(s, made, "verified", how="clerk", witness="钱小满")
    out(village, FATHER)
    before = voted(village)
    assert "有利害关系" in text(village, FATHER, "替马建军1")
    with village.db.write() as s:
        c, ma, father = matter(s), person(s, MA), person(s, FATHER)
        assert proxies.principals(s, c, father) == []
        with pytest.raises(Refused) as no:
            proxies.cast(s, c, father, ma, "1")
        assert no.value.code == "recused"
        for principal, proxy, field in ((father, ma, "principal"), (ma, father, "proxy")):
            with pytest.raises(Refused, match="有利害关系") as no:
                proxies.give(s, c, principal, proxy, paper="委托4号")
            assert no.value.field == field
        slip = {"person": str(father.id), "option": "1", "paper": "纸9号", "witness": "钱小满"}
    panel = Panel(village, QIAN)
    panel.get(f"{HERE}/paper?q={FATHER.name}")
    assert "有利害关系" in panel.send(f"{HERE}/paper", 422, **slip) and voted(village) == before


def test_after_the_close_one_voice_less_is_counted_and_with_the_result_out_nothing_changes(
    village: Runtime,
) -> None:
    with village.db.write() as s:
        c = matter(s)
        alone = next(
            p for p in s.scalars(matters.eligible(s, c)) if p.household_id is None
            or len([q for q in s.scalars(matters.eligible(s, c)) if q.household_id == p.household_id]) == 1
        )  # fmt: skip
        c.state, c.voices = "DRAFTED", 99  # as it was on that day, whoever moved since
        made = recusals.name_resident(s, c, alone, "有亲戚包工程", "cli")
        assert c.voices == 98
        recusals.end(s, c, made, "查清楚了", "cli")
        assert c.voices == 99
        c.state = "PUBLICITY"
        with pytest.raises(Refused, match="票数不能再动"):
            recusals.name_resident(s, c, alone, "有亲戚包工程", "cli")


def test_the_sample_matter_of_the_land_leaves_out_who_is_related(village: Runtime) -> None:
    with village.db.read() as s:
        c, luo = matter(s, 14), person(s, "罗卫东")
        assert luo.id not in set(s.scalars(matters.eligible(s, c).with_only_columns(Person.id)))
        assert luo.id in set(s.scalars(matters.asked(s, c).with_only_columns(Person.id)))
