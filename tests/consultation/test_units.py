"""Whose voice counts: people, households, owners by count and floor area, groups; and the six sample matters to the digit."""

import json
from typing import Any

import pytest
from sqlalchemy import delete, select

from gateway import sample
from gateway.consultation import ballots, matters, quorum, splits
from gateway.models.answer import Ballot, BallotLog, SecretChoice
from gateway.models.consultation import Consultation
from gateway.models.person import Person
from gateway.runtime import Runtime
from tests.consultation.procedure import answer_all, end_of, new, publish
from tests.meeting import matter, person

DATA: dict[str, Any] = json.loads(sample._DATA.read_text(encoding="utf-8"))
GIVEN = {c["no"]: c for c in DATA["consultations"]}
NAMES = {r["id"]: r["name"] for r in DATA["residents"]}


def again(s: Any, number: int) -> Consultation:
    """The matter gathers answers once more, and nobody has given one."""
    c = matter(s, number)
    for table in (Ballot, BallotLog, SecretChoice):
        s.execute(delete(table).where(table.consultation_id == c.id))
    c.state, c.voices, c.closes_at = "OPEN", None, end_of(5)
    s.flush()
    return c


@pytest.mark.parametrize("number", sorted(GIVEN))
def test_the_votes_of_a_sample_matter_come_to_the_stated_figures(village: Runtime, number: int) -> None:
    given = GIVEN[number]
    stated = given["tally"]
    with village.db.write() as s:
        c = again(s, number)
        for vote in given["votes"]:
            who = person(s, NAMES[vote["resident"]])
            ballots.cast(s, c, who, vote["option"], vote["channel"])
        voices, conflicts = ballots.said(s, c)
        c.state = "DRAFTED"
        tally = ballots.tally(s, c)
        counts = {key: sum(v.option == key for v in voices) for key in c.options}
        assert counts == {key: stated[key] for key in c.options}
        assert tally.units == stated["units"] and tally.hidden == (number == 12)
        assert tally.counts == ({} if number == 12 else counts)
        if "area_total" in stated:  # 13: six of eight and 481.5 of 642 are both exactly three quarters
            assert (tally.area_units, tally.area_agreed["1"]) == (stated["area_total"], stated["area_agree"])
            assert tally.verdict and tally.verdict.passed and tally.area_eligible == 642.0
        if "by_area" in stated:
            areas, _groups = splits.by_place(s, c)
            names = {a["id"]: a["name"] for a in DATA["areas"]}
            assert areas == {names[code]: counts for code, counts in stated["by_area"].items()}
        assert bool(conflicts) == (number == 11)  # one home's two members differ, and it is shown
        assert tally.majority == {12: "1", 13: "1", 15: "1"}.get(number)  # three of six, five of ten are none


def test_what_a_tenant_says_of_an_owners_matter_is_no_vote(village: Runtime) -> None:
    with village.db.write() as s:
        c = again(s, 13)
        for name in ("林晓雨", "沈国栋"):
            with pytest.raises(ballots.Refused) as no:
                ballots.cast(s, c, person(s, name), "1", "sms")
            assert no.value.code == "stranger"


@pytest.mark.parametrize(
    ("agree", "verdict"),
    [
        (("方淑琴", "郭亮", "蒋丽华", "秦志明", "范长生", "贾秀兰"), True),  # 6 of 8, and 481.5 of 642
        (("方淑琴", "蒋丽华", "贾秀兰", "田雨", "郭亮"), False),  # five of eight
        (("方淑琴", "蒋丽华", "贾秀兰", "田雨", "郭亮", "秦志明"), False),  # six of eight, and 478 of 642
    ],
)
def test_owners_must_reach_the_share_by_count_and_by_area(village: Runtime, agree: tuple[str, ...], verdict: bool) -> None:  # fmt: skip
    with village.db.write() as s:
        c = again(s, 13)
        for who in s.scalars(matters.eligible(s, c)).all():
            ballots.cast(s, c, who, "1" if who.name in agree else "2", "sms")
        c.state = "DRAFTED"
        tally = ballots.tally(s, c)
        assert tally.verdict is not None and tally.verdict.passed is verdict
        if len(agree) == 6 and not verdict:
            assert tally.verdict.missing_agree == 0 and tally.area_agreed["1"] == pytest.approx(478.0)


@pytest.mark.parametrize(
    ("agree", "all_answer", "why"),
    [
        (("方淑琴", "蒋丽华"), False, "参加表决的还差4户、"),
        # six of eight are three quarters of the homes; their 478 of 642 square metres are 3.5 short
        (("方淑琴", "蒋丽华", "贾秀兰", "田雨", "郭亮", "秦志明"), True, "同意的还差3.5平方米"),
    ],
)
def test_what_the_owners_did_not_adopt_is_not_published_as_adopted(
    village: Runtime, agree: tuple[str, ...], all_answer: bool, why: str
) -> None:
    with village.db.write() as s:
        c = again(s, 13)
        for who in s.scalars(matters.eligible(s, c)).all():
            if who.name in agree or all_answer:
                ballots.cast(s, c, who, "1" if who.name in agree else "2", "sms")
        c.state, c.wide_impact, c.technical, c.assembly, c.commissioned_by = "DRAFTED", False, False, "", ""
        answer_all(s, c)
        with pytest.raises(ballots.Refused, match="不能当通过的公布") as no:
            publish(s, c, result="装电梯")
        assert why in no.value.why and "民法典第278条" in no.value.why and no.value.field == "result"
        assert c.state == "DRAFTED"
        publish(s, c, result="户数或面积不够，没通过，不装了")
        assert c.state == "PUBLICITY"


def test_once_the_owners_adopted_it_their_ballots_let_it_be_published(village: Runtime) -> None:
    with village.db.write() as s:
        c = again(s, 13)
        for who in s.scalars(matters.eligible(s, c)).all():
            ballots.cast(s, c, who, "1", "sms")
        c.state, c.wide_impact, c.technical, c.assembly, c.commissioned_by = "DRAFTED", False, False, "", ""
        answer_all(s, c)
        publish(s, c, result="装电梯")
        assert c.state == "PUBLICITY"


def test_a_home_of_two_owners_has_its_floor_once(village: Runtime) -> None:
    with village.db.write() as s:
        c = again(s, 13)
        wife = person(s, "沈国栋")
        wife.owner, wife.floor_area = True, 78.5
        s.flush()
        for name, option in (("方淑琴", "1"), ("沈国栋", "2")):
            ballots.cast(s, c, person(s, name), option, "sms")
        tally = ballots.tally(s, c)
        assert (tally.units, tally.area_units, tally.area_eligible) == (1, 78.5, 642.0)


def test_where_groups_decide_each_has_one_voice_and_it_is_its_leaders(village: Runtime) -> None:
    with village.db.write() as s:
        people = {p.name: p for p in s.scalars(select(Person).where(Person.area_id == matter(s).area_id))}
        leader = next(p for p in people.values() if "group_leader" in p.tags)
        same = [p for p in people.values() if p.group == leader.group and p is not leader][:2]
        other = next(
            p for p in people.values() if p.group and p.group != leader.group and p.birth_year < 2000
        )
        same[0].tags, other.tags = [*same[0].tags, "villager_rep"], [*other.tags, "villager_rep"]
        for p in people.values():
            if p not in (leader, same[0], other):
                p.tags = [t for t in p.tags if t not in ("villager_rep", "group_leader")]
        s.flush()
        c = new(s, "NL", unit="group")
        c.state = "OPEN"
        for who, option in ((leader, "1"), (same[0], "2"), (other, "2")):
            ballots.cast(s, c, who, option, "sms")
        with pytest.raises(ballots.Refused):
            ballots.cast(s, c, same[1], "2", "sms")
        tally = ballots.tally(s, c)
        assert (tally.counts, tally.units, tally.eligible) == ({"1": 1, "2": 1}, 2, 2)
        assert tally.conflicts == [leader.group] and c.counted_in == "组"


def test_every_owners_profile_counts_floors() -> None:
    assert [name for name, p in quorum.PROFILES.items() if p.by_area] == ["owners_ordinary", "owners_major"]
    assert matters.UNITS == ("person", "household", "owner", "group")
