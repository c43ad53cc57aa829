"""A village of made-up handsets for measuring, on either database."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from sqlalchemy import insert, select

from bench.load import TOKEN
from gateway import clock
from gateway.db import vault
from gateway.models.area import Area
from gateway.models.outreach import Broadcast
from gateway.models.person import Handset, Person, PersonHandset
from gateway.outreach import broadcasts
from gateway.runtime import Runtime
from gateway.settings import Settings
from tests.servers import Postgres

KEY, SID, HOTLINE = "a key only the bench uses 012345", "ACbench", "+8649900000012"
WORDS = "【拟柳村委会】21号事：村口装路灯。同意回1，不同意回2，没想好回3。12月1日止，问人回0"


def numbers(n: int) -> list[str]:
    """That many different mobiles."""
    return [f"+86139{i:08d}" for i in range(n)]


@contextmanager
def databases() -> Iterator[dict[str, str]]:
    """A fresh URL of each kind."""
    postgres = Postgres()
    with tempfile.TemporaryDirectory() as folder:
        urls = {"SQLite": f"sqlite:///{folder}/bench.db", "PostgreSQL": postgres.fresh()}
        try:
            yield urls
        finally:
            postgres.drop(urls["PostgreSQL"])
            postgres.close()


def environment(folder: Path, url: str, carrier: str = "http://127.0.0.1:9", **more: str) -> dict[str, str]:
    """What a process of the product needs; no hours, no caps."""
    return {
        "DATA_DIR": str(folder), "DATABASE_URL": url, "SECRET_KEY": KEY, "TWILIO_ACCOUNT_SID": SID,
        "TWILIO_AUTH_TOKEN": TOKEN, "HOTLINE_NUMBER": HOTLINE, "TWILIO_API_URL": carrier, "QUIET_HOURS": "",
        "CALL_HOURS": "", "ATTEMPTS_PER_DAY": "0", **more,
    }  # fmt: skip


def runtime(folder: Path, url: str, carrier: str = "http://127.0.0.1:9") -> Runtime:
    """The same in this process."""
    env = environment(folder, url, carrier)
    return Runtime.open(Settings.load(**{name.lower(): value for name, value in env.items()}))


def settle_down(rt: Runtime, n: int) -> int:
    """Put ``n`` people with a mobile each into one village; returns its area's id."""
    now = clock.now()
    with rt.db.write() as s:
        area = Area(code="B", name="拟柳村", path="/B/", signature="拟柳村委会")
        s.add(area)
        s.flush()
        phones = [
            {
                "number": x,
                "number_index": vault().index(x),
                "tail": x[-4:],
                "kind": "mobile",
                "created_at": now,
            }
            for x in numbers(n)
        ]
        s.execute(insert(Handset), phones)
        s.execute(insert(Person), [{"area_id": area.id, "name": "某", "created_at": now}] * n)
        pairs = zip(s.scalars(select(Person.id)), s.scalars(select(Handset.id)), strict=True)
        s.execute(insert(PersonHandset), [{"person_id": p, "handset_id": h} for p, h in pairs])
        return area.id


def broadcast(rt: Runtime, area_id: int, start: bool = True) -> int:
    """One to everybody; returns its id."""
    with rt.db.write() as s:
        b = broadcasts.create(s, area=s.get_one(Area, area_id), sms=WORDS)
        if start:
            broadcasts.start(s, rt.settings, b)
        return b.id


def counts(rt: Runtime, id: int) -> dict[str, int]:
    with rt.db.read() as s:
        return broadcasts.counts(s, s.get_one(Broadcast, id))
