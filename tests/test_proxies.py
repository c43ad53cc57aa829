"""Answering for somebody of one's home: written, made sure of, limited, ended (domain.md §4); and who lives away answers
from their own telephone."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from gateway import clock, standing_in
from gateway.consultation import ballots, proxies
from gateway.consultation.refusal import Refused
from gateway.models.answer import Ballot
from gateway.models.outreach import Delivery
from gateway.models.participation import Proxy
from gateway.models.person import Person
from gateway.runtime import Runtime
from tests.calls import Call
from tests.conftest import LI, SUN, Resident
from tests.meeting import matter, person, rung, sent
from tests.resident import tally
from tests.resident import text as send

LEI = Resident("孙小磊", "+8619900000105")  # 孙长河's son, works far away
MA = Resident("马建军", "+8619900000109")  # away; his father 马占奎 (…110) is at home
FATHER = Resident("马占奎", "+8619900000110")


def mandate(
    rt: Runtime, principal: Resident, proxy: Resident, state: str = "verified", number: int = 11
) -> int:
    with rt.db.write() as s:
        made = proxies.give(s, matter(s, number), person(s, principal), person(s, proxy), paper="委托3号")
        if state == "verified":
            proxies.settle(s, made, "verified", how="clerk", witness="钱小满")
        return made.id


def state_of(rt: Runtime, id: int) -> str:
    with rt.db.read() as s:
        return proxies.state(s.get_one(Proxy, id))


def ballot_of(rt: Runtime, who: Resident) -> Ballot | None:
    with rt.db.read() as s:
        return ballots.of(s, matter(s), person(s, who))


# ---- what is asked of a mandate ------------------------------------------------------------------


def test_only_within_a_home_in_writing_and_until_the_matter_closes(village: Runtime) -> None:
    with village.db.write() as s:
        c = matter(s)
        for principal, proxy, paper, field in (
            (MA, SUN, "委托1号", "proxy"), (MA, MA, "委托1号", "proxy"), (MA, FATHER, " ", "paper"),
        ):  # fmt: skip
            with pytest.raises(Refused) as no:
                proxies.give(s, c, person(s, principal), person(s, proxy), paper=paper)
            assert no.value.field == field, no.value.why
        with pytest.raises(Refused, match="截止以前"):
            late = (c.closes_at or clock.now()) + timedelta(days=1)
            proxies.give(s, c, person(s, MA), person(s, FATHER), paper="委托1号", until=late)
        made = proxies.give(s, c, person(s, MA), person(s, FATHER), paper="委托1号")
        assert (made.state, made.expires_at) == ("waiting", c.closes_at)
        assert (
            proxies.give(s, c, person(s, MA), person(s, FATHER), paper="委托1号").id == made.id
        )  # pressed twice
        with pytest.raises(Refused, match="已经委托过人"):
            proxies.give(s, c, person(s, MA), person(s, FATHER), paper="委托2号")


def test_one_person_answers_for_two_at_most(village: Runtime) -> None:
    with village.db.write() as s:
        c, father = matter(s), person(s, FATHER)
        home = [
            Person(area_id=father.area_id, household_id=father.household_id, name=f"马{n}", group=father.group,
                   state="verified", needs=[], tags=[])
            for n in "甲乙丙"
        ]  # fmt: skip
        s.add_all(home)
        s.flush()
        for one in home[:2]:
            proxies.give(s, c, one, father, paper=f"委托{one.name}")
        with pytest.raises(Refused, match="最多替2个人"):
            proxies.give(s, c, home[2], father, paper="委托丙")


# ---- making sure ------------------------------------------------------------------------------------


def test_the_principal_is_rung_and_says_yes(each_village: Runtime) -> None:
    id = mandate(each_village, MA, FATHER, "waiting")
    with each_village.db.write() as s:
        assert standing_in.ring(s, s.get_one(Proxy, id))
    (ring,) = sent(each_village)
    call = rung(each_village, ring, MA.phone, "CA-mandate")
    assert "请马建军本人听" in call.said and "请马占奎替您选" in call.said and "本人不在，请按3" in call.said
    assert "委托算数了" in call.press("1") and state_of(each_village, id) == "verified"
    assert "已经用不着了" in rung(each_village, ring, MA.phone, "CA-again").said


@pytest.mark.parametrize(("key", "state"), [("2", "refused"), ("3", "waiting")])
def test_the_principal_says_no_or_is_not_there(village: Runtime, key: str, state: str) -> None:
    id = mandate(village, MA, FATHER, "waiting")
    with village.db.write() as s:
        standing_in.ring(s, s.get_one(Proxy, id))
    (ring,) = sent(village)
    rung(village, ring, MA.phone, "CA-no").press(key)
    assert state_of(village, id) == state
    assert "没算成：替" in send(village, FATHER, "替马建军1")


def test_a_telephone_that_both_use_proves_nothing(village: Runtime) -> None:
    zhao = Resident("赵玉芬", LI.phone)
    id = mandate(village, zhao, LI, "waiting")
    with village.db.write() as s:
        p = s.get_one(Proxy, id)
        assert standing_in.ring(s, p) is None  # whoever picks up there may be the proxy
        with pytest.raises(Refused, match="见证人"):
            proxies.settle(s, p, "verified", how="clerk")
        proxies.settle(s, p, "verified", how="clerk", witness="钱小满")
    assert state_of(village, id) == "verified"


# ---- answering ---------------------------------------------------------------------------------------


def test_a_proxy_answers_by_sms_and_the_principal_hears_of_it(each_village: Runtime) -> None:
    assert "没算成：替" in send(each_village, FATHER, "替马建军1")
    mandate(each_village, MA, FATHER)
    reply = send(each_village, FATHER, "替马建军1")
    assert "您替马建军选“同意”，回执" in reply and len(reply) <= 70
    ballot = ballot_of(each_village, MA)
    assert ballot and (ballot.option, ballot.channel, ballot.paper) == ("1", "proxy", "委托3号")
    assert ballot_of(each_village, FATHER) is None
    (told,) = sent(each_village)
    assert (
        "马占奎受您委托" in (told.body or "")
        and "同意" not in (told.body or "")
        and len(told.body or "") <= 70
    )
    send(each_village, FATHER, "替马建军1")  # sent twice: told once
    assert sent(each_village) == []
    assert "怎么选" in send(each_village, FATHER, "替马建军看着办")


def test_ones_own_answer_wins_whichever_came_first(each_village: Runtime) -> None:
    mandate(each_village, MA, FATHER)
    send(each_village, FATHER, "替马建军1")
    assert "“不同意”" in send(each_village, MA, "2")
    assert "本人已经表态了" in send(each_village, FATHER, "替马建军1")
    ballot = ballot_of(each_village, MA)
    assert ballot and (ballot.option, ballot.channel) == ("2", "sms")


def test_a_proxy_answers_by_telephone_after_their_own_answer(each_village: Runtime) -> None:
    mandate(each_village, MA, FATHER)
    call = Call(each_village, FATHER.phone, "CA-proxy")
    call.press("1", "1", "1")
    assert "马建军写了委托书，请您替着选" in call.said
    assert "您替马建军选的是：不同意" in call.press("2")
    said = call.press("1")
    assert "替马建军记下了，回执" in said and "您的回执" in said
    ballot = ballot_of(each_village, MA)
    assert ballot and (ballot.option, ballot.channel) == ("2", "proxy")
    again = Call(each_village, FATHER.phone, "CA-proxy-2")
    again.press("1", "1", "1")
    assert "马建军写了委托书" in again.said  # may be changed until it closes
    assert "您的回执" in again.press("*")  # or left as it is


def test_an_ended_mandate_and_one_past_its_day_count_no_more(village: Runtime) -> None:
    id = mandate(village, MA, FATHER)
    with village.db.write() as s:
        proxies.settle(s, s.get_one(Proxy, id), "revoked", how="clerk")
    assert "没算成：替" in send(village, FATHER, "替马建军1")
    other = mandate(village, LEI, SUN)
    with village.db.write() as s:
        s.get_one(Proxy, other).expires_at = clock.now() - timedelta(minutes=1)
    assert state_of(village, other) == "expired"
    assert "没算成：替" in send(village, SUN, "替孙小磊1")
    call = Call(village, SUN.phone, "CA-expired")
    assert "孙小磊" not in call.press("1", "1", "1")


def test_a_proxy_with_a_code_is_asked_for_it(village: Runtime) -> None:
    from gateway import codes

    mandate(village, MA, FATHER)
    with village.db.write() as s:
        codes.keep(person(s, FATHER), "2718")
    assert "没算" in send(village, FATHER, "替马建军1")
    call = Call(village, FATHER.phone, "CA-code")
    call.press("1", "1", "1")
    assert "四位密码" in call.said
    call.press("2718")
    assert "马建军写了委托书" in call.said
    assert "替马建军记下了" in call.press("1", "1")


# ---- who lives away ----------------------------------------------------------------------------------


@pytest.mark.parametrize("who", [LEI, MA])
def test_who_works_far_away_answers_from_their_own_telephone(each_village: Runtime, who: Resident) -> None:
    """Policy row 31: migrants take part from where they are, without anybody in between."""
    with each_village.db.read() as s:
        assert person(s, who).lives == "away"
    assert "“不同意”，回执" in send(each_village, who, "2")
    ballot = ballot_of(each_village, who)
    assert ballot and (ballot.channel, ballot.proxy_id) == ("sms", None)
    call = Call(each_village, who.phone, f"CA-{who.phone}")
    assert "记下了，谢谢您" in call.press("1", "1", "1")
    assert tally(each_village, 11)["1"] == 1  # the newer answer, one voice


def test_nothing_of_a_mandate_is_sent_to_a_shared_telephone(village: Runtime) -> None:
    zhao = Resident("赵玉芬", LI.phone)
    mandate(village, zhao, LI)
    assert "您替赵玉芬选" in send(village, LI, "替赵玉芬1")
    with village.db.read() as s:
        assert s.scalars(select(Delivery)).all() == []
