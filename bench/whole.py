"""A whole broadcast as the product does it: planned, woken through Redis and RQ, sent by a worker process, settled;
beside raw aiohttp."""

import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import text

from bench import village
from bench.outbound import Stub, measure
from gateway.queue import EmbeddedRedis

MESSAGES, ROUNDS = 20_000, 3


def main() -> None:
    """Both databases."""
    print(f"\na whole broadcast of {MESSAGES} through RQ, planning to last settle, median of {ROUNDS} rounds")
    stub = Stub(0)
    with village.databases() as urls:
        for name, url in urls.items():
            with tempfile.TemporaryDirectory() as folder:
                _database(name, url, Path(folder), stub)
    stub.close()


def _database(name: str, url: str, folder: Path, stub: Stub) -> None:
    ours, raw = [], []
    with product(url, folder, stub) as (rt, area_id):
        for _ in range(ROUNDS):
            raw.append(measure("raw", stub.url, MESSAGES)[0])
            ours.append(MESSAGES / carried_through(rt, area_id))
    rate, base = statistics.median(ours), statistics.median(raw)
    print(f"{name:11} {rate:7.0f}/s   raw aiohttp {base:7.0f}/s   {rate / base:4.0%} of raw")


@contextmanager
def product(url: str, folder: Path, stub: Stub) -> Iterator[tuple[village.Runtime, int]]:
    """A village of ``MESSAGES`` people, a Redis and a warm worker process; its runtime and its area's id."""
    redis = EmbeddedRedis.start(folder)
    rt = village.runtime(folder, url, stub.url)
    area_id = village.settle_down(rt, MESSAGES)
    env = {**os.environ, **village.environment(folder, url, stub.url)}
    worker = subprocess.Popen([sys.executable, "-m", "gateway.cli", "worker", "bulk"], env=env)
    try:
        carried_through(rt, area_id)  # the worker has loaded everything by then
        yield rt, area_id
    finally:
        worker.terminate()
        worker.wait()
        rt.close()
        redis.stop()


def carried_through(rt: village.Runtime, area_id: int) -> float:
    """Seconds from starting a broadcast to the last delivery written down as accepted."""
    begin = time.perf_counter()
    id = village.broadcast(rt, area_id)
    rt.wake("bulk")
    while not _through(rt, id):
        assert time.perf_counter() - begin < 120, "not through after two minutes"
        time.sleep(0.02)
    assert village.counts(rt, id)["accepted"] == MESSAGES
    return time.perf_counter() - begin


def _through(rt: village.Runtime, id: int) -> bool:
    """Asked of the small indexes, so that looking costs the broadcast nothing."""
    with rt.db.read() as s:
        left = s.scalar(
            text(
                "SELECT EXISTS (SELECT 1 FROM deliveries WHERE state = 'planned' AND broadcast_id = :b)"
                " OR EXISTS (SELECT 1 FROM deliveries WHERE lease_until IS NOT NULL AND state IN ('claimed', 'submitting'))"
            ),
            {"b": id},
        )
    return not left


if __name__ == "__main__":
    main()
