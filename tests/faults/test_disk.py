"""The disk is full in the middle of a broadcast on SQLite, and is freed again."""

import os
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.faults.township import eventually, prove, township

WORDS = "【样例村委会】交医保的最后三天"


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of 40 MB, or a skip that says why there is none."""
    folder = tmp_path / "town" / "data"
    folder.mkdir(parents=True)
    mount = ["mount", "-t", "tmpfs", "-o", "size=40m", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True)
    if done.returncode:
        # mounting needs root, which CI has; nothing else fills a disk without filling the machine's
        pytest.skip(f"can't mount a small file system here: {done.stderr.strip()}")
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


@pytest.mark.soak
@pytest.mark.timeout(600)
def test_a_full_disk_stops_a_broadcast_and_a_freed_one_lets_it_go_on(small_disk: Path) -> None:
    with township(small_disk.parent, SEND_CONCURRENCY="20") as town:
        town.carrier.behave(latency=0.1)
        town.people("A", 3000)
        id = town.tell("A", WORDS)
        town.carrier.taken(WORDS, atleast=500, seconds=120)
        ballast = small_disk / "ballast"
        with ballast.open("wb") as file:
            try:
                while file.write(b"\0" * 65536):
                    file.flush()
            except OSError:
                pass
        assert os.statvfs(small_disk).f_bavail == 0
        # it stops by itself: what was under way comes in, then nothing more
        before = -1

        def quiet() -> bool:
            nonlocal before
            last, before = before, len(town.carrier.taken(WORDS, atleast=before + 1, seconds=5))
            return last == before

        eventually(quiet, 120)
        assert before < 3000, "the disk was not full soon enough to prove anything"
        ballast.unlink()
        prove(town, id, WORDS, 3000, town.settled(id))
