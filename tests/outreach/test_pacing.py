"""Token buckets in a real Valkey: the rate holds over all workers together."""

from pathlib import Path

import pytest

from gateway import queue
from gateway.outreach.pacing import Pace
from gateway.queue import EmbeddedRedis


def test_two_workers_share_one_bucket_and_another_number_has_its_own(tmp_path: Path) -> None:
    server = EmbeddedRedis.start(tmp_path)
    try:
        one, two = (Pace(queue.connect(server.url), 10) for _ in range(2))
        waits = [one.reserve("+1", 5), two.reserve("+1", 5), one.reserve("+1", 1)]
        assert waits == pytest.approx(
            [0, 0.5, 1.0], abs=0.1
        )  # half a second for five segments at ten a second
        assert two.reserve("+2", 1) == pytest.approx(0, abs=0.01)
    finally:
        server.stop()


def test_without_redis_each_worker_keeps_to_the_rate_by_itself(tmp_path: Path) -> None:
    alone = Pace(queue.connect(f"unix://{tmp_path}/nobody.sock"), 10)
    assert [alone.reserve("+1", 5), alone.reserve("+1", 5)] == pytest.approx([0, 0.5], abs=0.1)


def test_no_cap_never_waits_nor_asks(tmp_path: Path) -> None:
    assert Pace(queue.connect(f"unix://{tmp_path}/nobody.sock"), 0).reserve("+1", 100) == 0
