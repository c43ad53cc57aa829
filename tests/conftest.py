"""One village for all tests: the sample township, on SQLite and on PostgreSQL, and the people in it."""

import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from argon2 import PasswordHasher
from flask import Flask
from jinja2 import FileSystemBytecodeCache

from gateway import clock, sample
from gateway.db import Database, migrate, use_vault
from gateway.models import tables  # noqa: F401
from gateway.people import organizers
from gateway.runtime import Runtime
from gateway.settings import Settings
from gateway.vault import Vault
from tests.servers import Postgres

# thousands of applications come and go: looking through all that is alive less often saves an eighth of the time
gc.set_threshold(100_000, 50, 100)
KEY = "a key only tests use, 0123456789"
for name in list(os.environ):
    if name.startswith(
        ("TWILIO_", "DATABASE_URL", "REDIS_URL", "SECRET_KEY", "PUBLIC_URL", "HOTLINE_", "VOICE_")
    ):
        del os.environ[name]
use_vault(Vault(KEY.encode()))
# real argon2id, at a price that a thousand sign-ins can pay; the flood of guesses in test_accounts pays the product's own
organizers._hasher = PasswordHasher(time_cost=1, memory_cost=64, parallelism=1)
# templates are compiled once, not once for each test's application
Flask.jinja_options = {
    "bytecode_cache": FileSystemBytecodeCache(tempfile.mkdtemp(prefix="xiangyin-templates-"))
}


def more_in_soak(first: Any, *others: Any) -> list[Any]:
    """Parameters of which `make test` takes the first, and `make soak` all: the others repeat it somewhere else."""
    return [first, *(pytest.param(other, marks=pytest.mark.soak) for other in others)]


@pytest.fixture(autouse=True)
def _no_trial_clock() -> Iterator[None]:
    clock.use_trial_clock(None)
    yield
    clock.use_trial_clock(None)


@pytest.fixture(scope="session")
def postgres() -> Iterator[Postgres]:
    """A PostgreSQL server; it comes with the test extra, so one that can't be started is a failure, not a skip."""
    server = Postgres()
    yield server
    server.close()


@pytest.fixture(scope="session")
def _sqlite_files(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Path]:
    folder, made = tmp_path_factory.mktemp("sqlite"), {}

    def file(key: str) -> Path:
        if key not in made:
            made[key] = folder / f"{key}.db"
            url = f"sqlite:///{made[key]}"
            migrate(url)
            if key == "township":
                fill_township(url)
        return made[key]

    return file


def settings_for(folder: Path, url: str, **more: Any) -> Settings:
    """Settings of a test's own installation; nothing comes from the environment. Words are said, so that a test can
    read them, unless it asks for recordings."""
    more = {"voice_prompts": "say", **more}
    return Settings.load(data_dir=folder, database_url=url, secret_key=KEY, **more)


def fill_township(url: str) -> None:
    """Load the sample township into a migrated database."""
    st = Settings.load(database_url=url, secret_key=KEY)
    db = Database(st.database)
    sample.load(db, st)
    db.close()


@pytest.fixture
def new_database(
    request: pytest.FixtureRequest, tmp_path: Path, _sqlite_files: Callable[[str], Path]
) -> Iterator[Callable[[str, str], str]]:
    """Make a fresh migrated database: ``new_database("postgresql", "township")`` → URL."""
    made: list[str] = []

    def make(kind: str, key: str = "empty") -> str:
        if kind == "sqlite":
            copy = tmp_path / f"{key}.db"
            shutil.copy(_sqlite_files(key), copy)
            return f"sqlite:///{copy}"
        server: Postgres = request.getfixturevalue("postgres")
        url = server.fresh(key, fill_township if key == "township" else None)
        made.append(url)
        return url

    yield make
    for url in made:
        request.getfixturevalue("postgres").drop(url)


def _open(folder: Path, url: str) -> Runtime:
    rt = Runtime.open(settings_for(folder, url), migrated=True)
    clock.use_trial_clock(None)
    rt.wake = lambda *lanes: None  # type: ignore[method-assign]  # no worker in a unit test
    return rt


@pytest.fixture
def empty(tmp_path: Path, new_database: Callable[[str, str], str]) -> Iterator[Runtime]:
    """A runtime on an empty SQLite database."""
    rt = _open(tmp_path, new_database("sqlite", "empty"))
    yield rt
    rt.close()


@pytest.fixture
def village(tmp_path: Path, new_database: Callable[[str, str], str]) -> Iterator[Runtime]:
    """A runtime on the sample township, SQLite."""
    rt = _open(tmp_path, new_database("sqlite", "township"))
    yield rt
    rt.close()


@pytest.fixture(params=["sqlite", "postgresql"])
def each_village(
    request: pytest.FixtureRequest, tmp_path: Path, new_database: Callable[[str, str], str]
) -> Iterator[Runtime]:
    """The same, once on SQLite and once on PostgreSQL."""
    rt = _open(tmp_path, new_database(request.param, "township"))
    yield rt
    rt.close()


@pytest.fixture
def postgres_village(tmp_path: Path, new_database: Callable[[str, str], str]) -> Iterator[Runtime]:
    """The same on PostgreSQL, for what only a server can do."""
    rt = _open(tmp_path, new_database("postgresql", "township"))
    yield rt
    rt.close()


@dataclass(frozen=True)
class Resident:
    """Somebody of the sample township, as a test needs to know them."""

    name: str
    phone: str


# The cast. 王德顺 and 刘桂兰 share a landline, 李守田 and 赵玉芬 a mobile; 孙长河 has his own.
WANG = Resident("王德顺", "+8649900000101")
LIU = Resident("刘桂兰", "+8649900000101")
LI = Resident("李守田", "+8619900000103")
ZHAO = Resident("赵玉芬", "+8619900000103")
SUN = Resident("孙长河", "+8619900000104")
STRANGER = Resident("", "+8619900000998")
OWNER = Resident("郭亮", "+8619900000403")  # 样例里社区, an owner
ELSEWHERE = Resident("丁永福", "+8649900000301")  # 虚岭村: must see nothing of 拟柳村's matters
