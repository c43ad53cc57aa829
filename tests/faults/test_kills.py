"""``kill -9``, SIGSTOP and a second clock in the middle of a broadcast: everybody gets it once, and it goes on."""

import random
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from tests.faults.township import Township, eventually, prove, township

WORDS = "【样例村委会】明天上午停水"
VICTIMS = (("horse",), ("worker",), ("worker", "horse"), ("web",), ("clock",))


def broadcast_with_kills(town: Township, people: int, kills: list[tuple[str, ...]], seed: int) -> None:
    """Kill each of ``kills`` when the carrier has accepted a random number of messages, then let it end."""
    chance = random.Random(seed)
    moments = sorted(chance.randrange(1, people * 9 // 10) for _ in kills)
    town.people("A", people)
    id = town.tell("A", WORDS)
    for moment, who in zip(moments, kills, strict=True):
        taken = town.carrier.taken(WORDS, atleast=moment, seconds=240)
        assert len(taken) >= moment, f"seed {seed}: nothing goes out any more before {who}\n{town.log()}"
        # what is not there just now is being started again already: that counts as killed, too
        for one in who:
            for p in town.find(one):
                p.tell(signal.SIGKILL)
    eventually(lambda: all(town.find(who) for who in ("worker", "web", "clock")), 60)
    prove(town, id, WORDS, people, town.settled(id))
    assert "deadlock" not in town.stack.log.read_text(errors="replace").lower()


def test_a_broadcast_survives_kills_of_every_process(tmp_path: Path) -> None:
    with township(tmp_path, LIST_LAG="10", SEND_CONCURRENCY="10") as town:
        town.carrier.behave(latency=0.2)
        broadcast_with_kills(town, 300, list(VICTIMS), seed=1)


@pytest.mark.soak
@pytest.mark.timeout(1500)
def test_thirty_kills_in_one_broadcast_of_five_thousand(tmp_path: Path, each_database: str) -> None:
    seed = random.randrange(1_000_000)
    kills = [*VICTIMS * 6]
    random.Random(seed).shuffle(kills)
    with township(tmp_path, each_database, SEND_CONCURRENCY="25") as town:
        town.carrier.behave(latency=0.25)
        broadcast_with_kills(town, 5000, kills, seed)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_the_whole_stack_killed_and_started_again(tmp_path: Path, each_database: str) -> None:
    with township(tmp_path, each_database) as town:
        town.people("A", 3000)
        id = town.tell("A", WORDS)
        for moment in (500, 1500):
            town.carrier.taken(WORDS, atleast=moment, seconds=120)
            town.kill_everything()
            eventually(lambda: not town.running(), 30)
            town.start()
        prove(town, id, WORDS, 3000, town.settled(id))


@pytest.mark.soak
@pytest.mark.timeout(600)
@pytest.mark.parametrize("who", ["horse", "worker"])
def test_a_worker_that_sleeps_longer_than_its_lease_wakes_up_and_sends_nothing_twice(
    tmp_path: Path, who: str
) -> None:
    with township(tmp_path) as town:
        town.carrier.behave(latency=0.05)
        town.people("A", 3000)
        id = town.tell("A", WORDS)
        town.carrier.taken(WORDS, atleast=1000, seconds=120)
        horse = eventually(lambda: town.find("horse"), 10)[0]
        sleepers = [horse, *(town.find("worker") if who == "worker" else [])]
        for p in sleepers:
            p.tell(signal.SIGSTOP)
        # it sleeps until what it had in hand was looked up, found absent, and is planned again
        asleep = eventually(
            lambda: (lambda c: c if not c["submitting"] and not c["claimed"] else None)(town.counts(id)),
            100,
        )
        assert asleep["planned"] > 0
        for p in sleepers:
            p.tell(signal.SIGCONT)
        prove(town, id, WORDS, 3000, town.settled(id))


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_two_clocks_do_nothing_twice(tmp_path: Path, each_database: str) -> None:
    with township(tmp_path, each_database) as town:
        second = subprocess.Popen([sys.executable, "-m", "gateway.cli", "clock"], env=town.stack.env)
        try:
            town.people("A", 2000)
            town.carrier.behave(
                faults=[{"what": "error_after", "times": 150}, {"what": "error", "times": 150}]
            )
            id = town.tell("A", WORDS)
            town.carrier.taken(WORDS, atleast=700, seconds=120)
            town.kill("horse")
            prove(town, id, WORDS, 2000, town.settled(id))
            assert second.poll() is None
        finally:
            second.kill()
            second.wait()


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_another_clock_and_another_worker_beside_a_sleeping_one(tmp_path: Path) -> None:
    with township(tmp_path) as town:
        more = [
            subprocess.Popen([sys.executable, "-m", "gateway.cli", *args], env=town.stack.env)
            for args in (("clock",), ("worker", "bulk"))
        ]
        try:
            town.carrier.behave(latency=0.05)
            town.people("A", 4000)
            id = town.tell("A", WORDS)
            town.carrier.taken(WORDS, atleast=600, seconds=120)
            sleeper = eventually(lambda: town.find("horse"), 20)[0]
            sleeper.tell(signal.SIGSTOP)
            counts = town.settled(id)  # the other worker takes over, also what the sleeper had in hand
            sleeper.tell(signal.SIGCONT)
            eventually(lambda: not any(p.pid == sleeper.pid for p in town.find("horse")), 60)
            prove(town, id, WORDS, 4000, counts)
        finally:
            for one in more:
                one.kill()
                one.wait()
