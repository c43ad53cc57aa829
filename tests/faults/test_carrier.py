"""A carrier that answers late, wrong or not at all: nobody gets it twice, nobody is left out."""

from pathlib import Path

import pytest

from tests.faults.township import eventually, prove, township

# fault → how many creates it strikes, and for how long (Retry-After, or the silence of a hung request)
FAULTS = {
    "busy": (60, 2), "error": (60, 0), "error_after": (60, 0), "html": (40, 0), "html_after": (40, 0),
    "reset_after": (60, 0), "hang_after": (30, 20),
}  # fmt: skip
CALLBACKS = {"lost": 0, "doubled": 0, "reordered": 0, "late": 10, "early": 0}


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_refusals_errors_resets_and_odd_callbacks_reach_everybody_once(tmp_path: Path) -> None:
    faults = {"busy": 10, "error": 10, "error_after": 20, "html": 5, "reset_after": 10}
    with township(tmp_path, LIST_LAG="10") as town:
        town.carrier.behave(
            faults=[{"what": what, "match": "lost:", "times": n, "wait": 1} for what, n in faults.items()],
            callbacks={f"{mode}:": (mode, wait) for mode, wait in CALLBACKS.items()},
        )
        told = {}
        for name in ("lost", "doubled", "reordered", "early"):
            town.people(name, 120)
            told[name] = town.tell(name, f"{name}: 明天停电")
        for name, id in told.items():
            counts = town.settled(id)
            prove(town, id, f"{name}:", 120, counts)
            assert not counts["unknown"]  # the list told what became of each
        struck = town.carrier.counted()
        assert all(struck[what] == times for what, times in faults.items())
        for name in ("doubled", "reordered", "early"):
            eventually(lambda name=name: town.counts(told[name])["delivered"] == 120, 60, name)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_every_fault_at_once(tmp_path: Path) -> None:
    """A village for each fault and each way of calling back, all told at the same time."""
    with township(tmp_path) as town:
        town.carrier.behave(
            latency=0.02,
            list_lag=30,  # less than the 45 s that are waited for
            faults=[
                {"what": what, "match": f"{what}:", "times": times, "wait": wait}
                for what, (times, wait) in FAULTS.items()
            ],
            callbacks={
                **{f"{mode}:": (mode, wait) for mode, wait in CALLBACKS.items()},
                # nobody but the carrier's list tells what became of these
                **{f"{what}:": ("lost", 0) for what in ("error_after", "reset_after", "hang_after")},
            },
        )
        names = [*FAULTS, *CALLBACKS]
        for name in names:
            town.people(name, 500)
        told = {name: town.tell(name, f"{name}: 明天停电") for name in names}
        for name, id in told.items():
            counts = town.settled(id)
            prove(town, id, f"{name}:", 500, counts)
            assert not counts["unknown"], (name, counts)
        struck = town.carrier.counted()
        assert all(struck[what] == times for what, (times, _) in FAULTS.items())
        for name in ("doubled", "reordered", "late", "early"):
            eventually(lambda name=name: town.counts(told[name])["delivered"] == 500, 60, name)
        assert town.shown(told["lost"])["counts"]["accepted"] == 500


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_a_list_that_ignores_its_filters_and_is_longer_than_anybody_reads(tmp_path: Path) -> None:
    with township(tmp_path) as town:
        town.people("A", 3000)
        words = "【样例村委会】长名单"
        faults = [{"what": "error_after", "times": 60}, {"what": "error", "times": 20}]
        town.carrier.behave(list_filters=False, faults=faults, callbacks={"": ("lost", 0)})
        id = town.tell("A", words)
        counts = town.settled(id)
        prove(town, id, words, 3000, counts)


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_what_cannot_be_asked_about_is_unknown_and_is_settled_when_it_can(tmp_path: Path) -> None:
    with township(tmp_path) as town:
        town.people("A", 600)
        words = "【样例村委会】问不到"
        faults = [{"what": "error_after", "times": 50}, {"what": "error", "times": 50}]
        town.carrier.behave(list_down=True, faults=faults, callbacks={"": ("lost", 0)})
        id = town.tell("A", words)
        counts = town.settled(id)
        assert counts["unknown"] == 100
        prove(town, id, words, 600, counts)
        assert "unknown: 100" in town.stack.cli("broadcast", "show", str(id))
        town.carrier.behave(list_down=False)
        eventually(lambda: not town.counts(id)["unknown"], 120)
        assert len(town.carrier.taken(words, atleast=600, seconds=120)) == 600
        counts = town.settled(id)
        prove(town, id, words, 600, counts)
        assert not counts["unknown"]


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_more_lost_answers_than_one_round_can_ask_about(tmp_path: Path) -> None:
    with township(tmp_path) as town:
        town.people("A", 4000)
        words = "【样例村委会】全断了"
        faults = [{"what": "reset_after", "times": 2000}, {"what": "error", "times": 2000}]
        town.carrier.behave(faults=faults, callbacks={"": ("lost", 0)})
        id = town.tell("A", words)
        prove(town, id, words, 4000, town.settled(id))
        eventually(lambda: len(town.carrier.taken(words)) == 4000, 300)
        prove(town, id, words, 4000, town.settled(id))


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_a_carrier_that_does_not_know_us_for_a_while(tmp_path: Path) -> None:
    with township(tmp_path) as town:
        town.people("A", 1000)
        words = "【样例村委会】账号"
        town.carrier.behave(faults=[{"what": "stranger", "times": 60}])
        id = town.tell("A", words)
        assert len(town.carrier.taken(words, atleast=1000, seconds=180)) == 1000
        counts = town.settled(id)
        prove(town, id, words, 1000, counts)
        assert not counts["unknown"]


@pytest.mark.soak
@pytest.mark.timeout(900)
def test_calls_are_not_rung_twice_either(tmp_path: Path) -> None:
    with township(tmp_path, SEND_CONCURRENCY="10") as town:
        town.people("A", 600)
        town.carrier.behave(
            latency=0.1,
            faults=[{"what": w, "times": 30} for w in ("error_after", "error", "reset_after", "html")],
        )
        id = town.tell("A", "明天停水", channel="voice")
        prove(town, id, "", 600, town.settled(id))
