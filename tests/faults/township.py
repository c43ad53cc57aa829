"""A township of made-up handsets, the product as processes, and a carrier that is a program of its own."""

import json
import os
import signal
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from sqlalchemy import func, insert, select

from gateway.db import Database
from gateway.models.area import Area
from gateway.models.outreach import RANK, Delivery
from gateway.models.person import Handset, Person, PersonHandset
from gateway.settings import Settings
from tests.conftest import KEY
from tests.servers import HOTLINE, ROOT, SID, TOKEN, Carrier, Stack, eventually

UNDER_WAY = ("planned", "claimed", "submitting")
SETTLED = 120  # seconds after which everything is settled or unknown (design §5)


@dataclass
class Process:
    """One process of the product, as /proc shows it."""

    pid: int
    parent: int
    command: str

    def tell(self, what: signal.Signals) -> None:
        with suppress(ProcessLookupError):
            os.kill(self.pid, what)


def fill(db: Database, code: str, first: int, count: int) -> None:
    """Core inserts: importing a roster of thousands is another test's business."""
    with db.write() as s:
        area = Area(code=code, name=f"{code}村", level="village", path=f"/{code}/")
        s.add(area)
        s.flush()
        handsets = [Handset.make(f"+861990000{first + i:04d}", "mobile") for i in range(count)]
        s.add_all(handsets)
        people = [Person(area_id=area.id, name=f"{code}{i}") for i in range(count)]
        s.add_all(people)
        s.flush()
        pairs = [{"person_id": p.id, "handset_id": h.id} for p, h in zip(people, handsets, strict=True)]
        s.execute(insert(PersonHandset), pairs)


class Township:
    """A running stack with areas full of made-up handsets."""

    def __init__(self, folder: Path, carrier: Carrier, database: str = "", **env: str) -> None:
        self.folder, self.carrier, self._next = folder, carrier, 0
        st = Settings.load(data_dir=folder / "data", database_url=database)
        self.db = Database(st.database)
        self.env = {
            "TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN": TOKEN, "TWILIO_API_URL": carrier.url,
            "HOTLINE_NUMBER": HOTLINE, "QUIET_HOURS": "", "CALL_HOURS": "", "ATTEMPTS_PER_DAY": "0",
            "LEASE_SECONDS": "5", "SECRET_KEY": KEY, "PYTHONPATH": str(ROOT), **({"DATABASE_URL": database} if database else {}), **env,
        }  # fmt: skip
        self.start()

    def start(self) -> None:
        """Start (again) on the same folder and database."""
        self.stack = Stack(self.folder, self.env, demo=False).wait()

    def people(self, code: str, count: int) -> None:
        """An area with so many people, each with a handset of their own in the sample range."""
        first, self._next = self._next, self._next + count
        assert self._next <= 10_000, "the sample range has ten thousand numbers"
        fill(self.db, code, first, count)

    def tell(self, code: str, words: str, channel: str = "sms") -> int:
        """Start a broadcast; its id."""
        made = self.stack.cli(
            *("broadcast", "new", "--area", code, "--text", words, "--channel", channel, "--start", "--json")
        )
        return int(json.loads(made)["id"])

    def shown(self, id: int) -> dict[str, Any]:
        """``broadcast show ID --json``."""
        found: dict[str, Any] = json.loads(self.stack.cli("broadcast", "show", str(id), "--json"))
        return found

    def counts(self, id: int) -> dict[str, int]:
        """The same counts from the database, for waiting: the command line takes a second of a core each time."""
        found = dict.fromkeys(RANK, 0)
        by_state = select(Delivery.state, func.count()).where(Delivery.broadcast_id == id)
        with self.db.read() as s:
            found.update(dict(s.execute(by_state.group_by(Delivery.state)).all()))
        return found

    def settled(self, id: int, seconds: float = SETTLED) -> dict[str, int]:
        """Wait until nothing of a broadcast is under way any more; its counts, as ``broadcast show`` has them."""

        def under_way(counts: dict[str, int]) -> bool:
            return any(counts[state] for state in UNDER_WAY)

        begun = time.monotonic()
        while under_way(counts := self.counts(id)) or under_way(counts := self.shown(id)["counts"]):
            late = f"not settled after {seconds} s: {counts}\n{self.log()}"
            assert time.monotonic() < begun + seconds, late
            time.sleep(0.2)
        return counts

    def log(self) -> str:
        """The end of what the processes said."""
        return self.stack.log.read_text(errors="replace")[-6000:]

    def running(self) -> list[Process]:
        """Everything this stack started and what that started in turn (Linux)."""
        every: dict[int, Process] = {}
        for entry in Path("/proc").glob("[0-9]*"):
            with suppress(OSError):
                stat = (entry / "stat").read_text().rpartition(")")[2].split()
                command = (entry / "cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                if stat[0] != "Z":
                    every[int(entry.name)] = Process(int(entry.name), int(stat[1]), command)
        ours = {self.stack.process.pid}
        for _ in range(5):
            ours |= {p.pid for p in every.values() if p.parent in ours}
        return [p for pid, p in every.items() if pid in ours]

    def find(self, who: str) -> list[Process]:
        """``worker`` or ``horse`` (its child) of the bulk lane, ``web`` with its own children, ``clock``, ``redis``."""
        every = self.running()
        up = self.stack.process.pid
        if who in ("worker", "horse"):
            workers = [p for p in every if p.command.rstrip().endswith("worker bulk") and p.parent == up]
            pids = {p.pid for p in workers}
            return workers if who == "worker" else [p for p in every if p.parent in pids]
        if who == "web":
            first = [p for p in every if "granian" in p.command and p.parent == up]
            return first + [p for p in every if p.parent in {f.pid for f in first}]
        mark = {"clock": "gateway.cli clock", "redis": "redis.sock"}[who]
        return [p for p in every if mark in p.command and p.parent == up]

    def kill(self, *who: str, seconds: float = 60) -> None:
        """``kill -9``, as soon as they run."""
        for one in who:
            for p in eventually(lambda one=one: self.find(one), seconds, f"no {one}: {self.log()}"):
                p.tell(signal.SIGKILL)

    def kill_everything(self) -> None:
        """``kill -9`` of the whole stack at once."""
        for p in self.running():
            p.tell(signal.SIGKILL)
        self.stack.process.wait()

    def stop(self) -> None:
        self.db.close()
        assert self.stack.stop() == 0


@contextmanager
def township(folder: Path, database: str = "", **env: str) -> Iterator[Township]:
    """Carrier and stack, stopped at the end."""
    carrier = Carrier()
    try:
        made = Township(folder, carrier, database, **env)
        try:
            yield made
        finally:
            made.stop()
    finally:
        carrier.stop()


def prove(town: Township, id: int, words: str, people: int, counts: dict[str, int]) -> None:
    """What must hold after anything: nobody twice, nobody lost, and the rest admitted as unknown."""
    told = Counter(to for to, *_ in town.carrier.taken(words))
    twice = {to: n for to, n in told.items() if n > 1}
    assert not twice, f"{len(twice)} handsets have it more than once\n{town.log()}"
    assert sum(counts.values()) == people, counts
    assert not counts["failed"] and not counts["undelivered"], counts
    # whoever the carrier doesn't have is unknown; nobody is lost
    assert people - len(told) <= counts["unknown"], (len(told), counts)
    assert counts["unknown"] + counts["accepted"] + counts["sent"] + counts["delivered"] == people, counts
