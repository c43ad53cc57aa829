"""A whole broadcast of ours beside one of Django + Celery (bench/celery_app.py): same databases, Redis and carrier.

Celery gets the best of several pools, found first on the same machine.
"""

import os
import statistics
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path

from bench import village
from bench.outbound import Stub
from bench.whole import MESSAGES, ROUNDS, carried_through, product
from gateway.queue import socket_path

THEIRS, TRIAL, WARM = 2_000, 1_000, 100
POOLS = [("prefork", 2), ("prefork", 4), ("prefork", 8), ("threads", 4), ("threads", 8)]


def main() -> None:
    """Both databases."""
    if not (find_spec("django") and find_spec("celery")):
        print("\nDjango + Celery: not installed, so not measured; `.venv/bin/pip install -e .[rivals]` first")
        return
    print(
        f"\na whole broadcast: ours of {MESSAGES}, Django + Celery of {THEIRS}, a task a message; median of {ROUNDS} rounds"
    )
    stub = Stub(0)
    try:
        with village.databases() as urls:
            for name, url in urls.items():
                with tempfile.TemporaryDirectory() as folder:
                    _database(name, url, Path(folder), stub)
    finally:
        stub.close()


def _database(name: str, url: str, folder: Path, stub: Stub) -> None:
    with product(url, folder, stub) as (rt, area_id):
        env = {
            **os.environ,
            "FLOOR_DATABASE": f"sqlite:///{folder}/floor.db" if url.startswith("sqlite") else url,
            "FLOOR_BROKER": f"redis+socket://{socket_path(folder)}",
            "FLOOR_CARRIER": stub.url,
            "PYTHONWARNINGS": "ignore",  # Celery has one for root, long, at each start
        }
        with _broadcaster(env) as broadcaster:
            trials = {}
            for pool in POOLS:
                with _worker(env, *pool):
                    _rate(broadcaster, WARM)
                    trials[pool] = _rate(broadcaster, TRIAL)
            best = max(POOLS, key=trials.__getitem__)
            ours, theirs = [], []
            with _worker(env, *best):
                _rate(broadcaster, WARM)
                for _ in range(ROUNDS):  # alternating, so that a noisy neighbour disturbs both
                    theirs.append(_rate(broadcaster, THEIRS))
                    ours.append(MESSAGES / carried_through(rt, area_id))
    rate, floor = statistics.median(ours), statistics.median(theirs)
    tried = ", ".join(f"{kind} {n}: {trials[kind, n]:.0f}" for kind, n in POOLS)
    print(
        f"{name:11} ours {rate:,.0f}/s   Django + Celery {floor:,.0f}/s   {rate / floor:.1f} ×   (best of {tried})"
    )


@contextmanager
def _worker(env: dict[str, str], pool: str, concurrency: int) -> Iterator[None]:
    """A Celery worker without the talk among workers that one alone does not need."""
    quiet = ("--without-gossip", "--without-mingle", "--without-heartbeat", "--loglevel=WARNING")
    size = (f"--pool={pool}", f"--concurrency={concurrency}")
    command = [sys.executable, "-m", "celery", "-q", "-A", "bench.celery_app", "worker", *size, *quiet]
    worker = subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL)
    try:
        yield
    finally:
        worker.terminate()
        worker.wait()


@contextmanager
def _broadcaster(env: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    """The web process's part, warm: it makes the rows and the tasks."""
    command = [sys.executable, "-m", "bench.celery_app"]
    process = subprocess.Popen(command, env=env, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    try:
        assert process.stdout
        assert process.stdout.readline() == "ready\n", "bench.celery_app did not start"
        yield process
    finally:
        process.terminate()
        process.wait()


def _rate(broadcaster: subprocess.Popen[str], n: int) -> float:
    """Messages a second of one broadcast."""
    assert broadcaster.stdin
    assert broadcaster.stdout
    broadcaster.stdin.write(f"{n}\n")
    broadcaster.stdin.flush()
    return n / float(broadcaster.stdout.readline())


if __name__ == "__main__":
    main()
