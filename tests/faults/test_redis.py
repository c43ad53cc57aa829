"""Redis holds nothing that matters: emptied, killed, restarted empty, a broadcast goes on where it was."""

from pathlib import Path

import pytest

from gateway import queue
from tests.faults.township import eventually, prove, township

WORDS = "【样例村委会】后天打疫苗"


@pytest.mark.timeout(900)
def test_flushall_in_the_middle_loses_and_repeats_nothing(tmp_path: Path) -> None:
    with township(tmp_path, SEND_CONCURRENCY="20") as town:
        town.carrier.behave(latency=0.1)
        town.people("A", 500)
        id = town.tell("A", WORDS)
        connection = queue.connect(f"unix://{queue.socket_path(tmp_path / 'data')}")
        for moment in (100, 200, 300):
            town.carrier.taken(WORDS, atleast=moment, seconds=60)
            connection.flushall()
        prove(town, id, WORDS, 500, town.settled(id))


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_a_paced_broadcast_and_its_workers_survive_flushall(tmp_path: Path) -> None:
    with township(tmp_path, MESSAGES_PER_SECOND="150") as town:
        town.people("A", 3000)
        id = town.tell("A", WORDS)
        connection = queue.connect(f"unix://{queue.socket_path(tmp_path / 'data')}")
        for moment in range(200, 2800, 200):
            assert len(town.carrier.taken(WORDS, atleast=moment, seconds=60)) >= moment
            connection.flushall()
            if moment == 1000:
                town.kill("horse")
        prove(town, id, WORDS, 3000, town.settled(id))


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_redis_killed_and_started_again_empty(tmp_path: Path, each_database: str) -> None:
    with township(tmp_path, each_database, SEND_CONCURRENCY="25") as town:
        town.carrier.behave(latency=0.1)
        town.people("A", 3000)
        id = town.tell("A", WORDS)
        for moment in (500, 1500):
            assert len(town.carrier.taken(WORDS, atleast=moment, seconds=120)) >= moment
            old = town.find("redis")[0].pid
            # moved away first: it is started again too quickly for a folder to be emptied file by file
            (tmp_path / "data" / "redis").rename(tmp_path / f"gone-{moment}")
            town.kill("redis")
            eventually(
                lambda old=old: [p for p in town.find("redis") if p.pid != old], 30, "Redis stays away"
            )
        prove(town, id, WORDS, 3000, town.settled(id))
        # and it still wakes workers: a second broadcast goes out at once
        again = town.tell("A", "【样例村委会】又一件")
        assert len(town.carrier.taken("又一件", atleast=3000, seconds=120)) == 3000
        prove(town, again, "又一件", 3000, town.settled(again))
