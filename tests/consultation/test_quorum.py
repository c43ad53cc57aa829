"""Exactly half is no majority, exactly three quarters are enough: the fractions of the law."""

import json
from fractions import Fraction
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import gateway.sample
from gateway.consultation import quorum

TOWNSHIP = json.loads((Path(gateway.sample.__file__).parent / "data" / "township.json").read_text("utf-8"))
MATTERS = {c["no"]: c for c in TOWNSHIP["consultations"]}


@pytest.mark.parametrize(
    ("body", "members", "least"),
    [
        ("villagers", 100, 51), ("villagers", 101, 51), ("household_delegates", 28, 19), ("representatives", 30, 20),
        ("representatives", 28, 19), ("group", 7, 5), ("residents", 10, 6), ("collective", 3, 2), ("owners_major", 8, 6),
    ],
)  # fmt: skip
def test_so_many_have_to_come(body: str, members: int, least: int) -> None:
    def came(n: int) -> quorum.Verdict:
        areas = dict.fromkeys(("members_area", "present_area", "agree_area"), 100.0)
        return quorum.judge(body, members=members, present=n, agree=n, **areas)

    assert came(least).quorum
    assert not came(least - 1).quorum
    assert came(least - 1).missing_present == 1


def test_exactly_half_is_no_majority() -> None:
    tally = MATTERS[16]["tally"]
    counts = {key: tally[key] for key in "123"}
    assert (counts["1"], tally["units"]) == (5, 10)
    assert quorum.majority(counts, tally["units"]) is None
    assert quorum.majority({**counts, "1": 6}, 11) == "1"
    assert not quorum.judge("villagers", members=20, present=20, agree=10).passed
    assert quorum.judge("villagers", members=20, present=20, agree=11).passed


def test_exactly_three_quarters_by_count_and_by_area_are_enough() -> None:
    tally = MATTERS[13]["tally"]

    def vote(agree: int, area: float) -> bool:
        return quorum.judge(
            "owners_major", members=8, present=8, agree=agree,
            members_area=tally["area_total"], present_area=tally["area_total"], agree_area=area,
        ).passed  # fmt: skip

    assert (tally["1"], tally["area_agree"]) == (6, 481.5)
    assert vote(6, 481.5)
    assert not vote(6, 481.49)
    assert not vote(5, 500.0)


@pytest.mark.parametrize("number", [11, 14])
def test_the_samples_meetings_came_out_as_they_did(number: int) -> None:
    body = {11: "representatives", 14: "land_to_outsiders"}[number]
    for meeting in MATTERS[number]["assembly"]:
        found = quorum.judge(
            body, members=meeting["members"], present=meeting["present"], agree=meeting.get("for", 0)
        )
        assert found.quorum == meeting["quorum_ok"]
        if "passed" in meeting:
            assert found.passed == meeting["passed"]
    if number == 14:
        first = MATTERS[14]["assembly"][0]
        assert quorum.judge(body, members=30, present=first["present"], agree=0).missing_present == 1


@given(
    st.integers(0, 10_000), st.sampled_from([Fraction(1, 2), Fraction(2, 3), Fraction(3, 4)]), st.booleans()
)
def test_what_is_needed_is_the_least_number_that_is_enough(whole: int, share: Fraction, over: bool) -> None:
    least = quorum.needed(whole, share, over)

    def enough(n: int) -> bool:
        return n > whole * share if over else n >= whole * share

    assert enough(least)
    assert not enough(least - 1)
