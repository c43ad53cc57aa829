"""What an operator sees when it can't start: one sentence, exit code 1, and nothing left running."""

import os
import re
import shutil
import sqlite3
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from gateway.settings import Settings
from tests.conftest import more_in_soak
from tests.servers import ROOT, Postgres, free_port
from tests.test_processes import processes_of, run


def refused(folder: Path, *command: str, **env: str) -> str:
    """The one sentence with which this command refuses to start."""
    done = run(*command, DATA_DIR=str(folder), PORT=str(free_port()), **env)
    assert done.returncode == 1, done.stdout
    assert done.stdout == "" and len(done.stderr.strip().splitlines()) == 1, done.stdout + done.stderr
    return done.stderr


@pytest.mark.parametrize(
    "command", more_in_soak(("up",), ("serve", "hotline"), ("worker",), ("worker", "bulk"))
)
def test_a_redis_that_does_not_answer(tmp_path: Path, command: tuple[str, ...]) -> None:
    said = refused(tmp_path, *command, REDIS_URL=f"redis://:geheim@127.0.0.1:{free_port()}")
    assert "REDIS_URL" in said and "连不上" in said and "geheim" not in said


@pytest.mark.parametrize("url", more_in_soak("nonsense", "http://127.0.0.1", "redis://h:port"))
def test_a_redis_address_that_is_none(tmp_path: Path, url: str) -> None:
    assert "REDIS_URL" in refused(tmp_path, "up", REDIS_URL=url)


@pytest.mark.parametrize(
    "command", more_in_soak(("up",), ("serve", "panel"), ("worker",), ("clock",), ("area", "list"))
)
def test_a_database_that_does_not_answer(tmp_path: Path, command: tuple[str, ...]) -> None:
    said = refused(
        tmp_path, *command, DATABASE_URL=f"postgresql://u:geheim@127.0.0.1:{free_port()}/x?connect_timeout=2"
    )
    assert "DATABASE_URL" in said and "打不开" in said and "refused" in said and "geheim" not in said


def test_a_wrong_password_for_the_database(tmp_path: Path, postgres: Postgres) -> None:
    url = postgres.admin.set(drivername="postgresql", username="nobody-here", password="geheim")
    said = refused(tmp_path, "up", DATABASE_URL=url.render_as_string(hide_password=False))
    assert "DATABASE_URL" in said and "nobody-here" in said and "geheim" not in said


@pytest.mark.parametrize("url", more_in_soak("mysql://h/x", "nonsense", "sqlite://", "postgresql://h:port/x"))
def test_a_database_address_that_is_none(tmp_path: Path, url: str) -> None:
    assert "DATABASE_URL" in refused(tmp_path, "up", DATABASE_URL=url)


def test_a_file_that_is_no_database_and_one_of_another_program(tmp_path: Path) -> None:
    letter, other = tmp_path / "letter.txt", tmp_path / "other.db"
    letter.write_text("您好，这不是数据库。" * 9)
    with sqlite3.connect(other) as theirs:
        theirs.execute("CREATE TABLE songs (title)")
    before = other.read_bytes()
    assert "打不开" in refused(tmp_path / "a", "up", DATABASE_URL=f"sqlite:///{letter}")
    assert "别的程序" in refused(tmp_path / "a", "up", DATABASE_URL=f"sqlite:///{other}")
    assert other.read_bytes() == before  # and it is as it was


def test_a_folder_for_the_database_that_cannot_be(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    assert "打不开" in refused(
        tmp_path / "data", "up", DATABASE_URL=f"sqlite:///{tmp_path / 'file' / 'x.db'}"
    )


@pytest.mark.parametrize("kind", ["sqlite", "postgresql"])
def test_a_database_made_by_a_newer_version(
    tmp_path: Path, kind: str, new_database: Callable[..., str]
) -> None:
    from sqlalchemy import text

    from gateway.db import Database

    url = new_database(kind)
    database = Database(Settings.load(database_url=url).database)
    with database.engine.begin() as connection:
        connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    database.close()
    assert "9999" in refused(tmp_path, "up", DATABASE_URL=url)


# ---- the key ---------------------------------------------------------------------------------


def test_a_lost_key_is_noticed_before_residents_become_strangers(tmp_path: Path) -> None:
    assert run("demo", DATA_DIR=str(tmp_path)).returncode == 0
    key = (tmp_path / "secret.key").read_text()
    (tmp_path / "secret.key").unlink()
    for command in (("up",), ("serve", "hotline"), ("worker",), ("roster", "list", "--area", "XQ")):
        assert "另一把钥匙" in refused(tmp_path, *command)
    (tmp_path / "secret.key").write_text(key)
    assert run("area", "list", DATA_DIR=str(tmp_path)).returncode == 0


def test_another_secret_key_is_noticed_even_in_an_empty_database(tmp_path: Path) -> None:
    before, after = "the key of the first start", "the key of somebody else"
    assert run("area", "list", DATA_DIR=str(tmp_path), SECRET_KEY=before).returncode == 0
    assert "另一把钥匙" in refused(tmp_path, "up", SECRET_KEY=after)


def test_a_database_from_before_the_key_was_noted_is_known_by_what_is_sealed(tmp_path: Path) -> None:
    assert run("demo", DATA_DIR=str(tmp_path)).returncode == 0
    with sqlite3.connect(tmp_path / "xiangyin.db") as db:
        db.execute("DELETE FROM facts WHERE name = 'sealed-with'")
    assert run("area", "list", DATA_DIR=str(tmp_path)).returncode == 0
    assert "另一把钥匙" in refused(tmp_path, "up", SECRET_KEY="the key of somebody else")


@pytest.fixture
def full_disk(tmp_path: Path):  # type: ignore[no-untyped-def]
    """A file system without a free byte, or a skip that says why there is none."""
    folder = tmp_path / "full"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", str(folder)]
    done = subprocess.run(mount, capture_output=True, text=True)
    if done.returncode:
        pytest.skip(f"can't mount a small file system here: {done.stderr.strip()}")
    with (folder / "ballast").open("wb", buffering=0) as file:
        try:
            while file.write(b"\0" * 4096):
                pass
        except OSError:
            pass
    yield folder
    subprocess.run(["umount", "-l", str(folder)], check=True)


def test_a_first_start_on_a_full_disk_leaves_no_half_key(full_disk: Path) -> None:
    assert "DATA_DIR" in refused(full_disk, "up")
    assert not (full_disk / "secret.key").exists()
    (full_disk / "ballast").unlink()
    assert len(Settings.load(data_dir=full_disk).master_key) > 32


def test_an_empty_key_file_that_a_full_disk_left_behind_is_written_anew(tmp_path: Path) -> None:
    (tmp_path / "secret.key").write_text("")
    assert len(Settings.load(data_dir=tmp_path).master_key) > 32


def test_processes_that_start_together_write_one_key(tmp_path: Path) -> None:
    code = "import sys; from gateway.settings import Settings; print(Settings.load(data_dir=sys.argv[1]).master_key)"

    starts = [
        subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, env=os.environ)
        for _ in range(6)
    ]
    assert len({start.communicate()[0] for start in starts}) == 1


# ---- faulty scripts ----------------------------------------------------------------------------


@pytest.fixture
def spoilt(tmp_path: Path) -> Path:
    """The whole product with a slip in its scripts, another in its replies."""
    for part in ("gateway", "admin", "ivr_scripts"):
        shutil.copytree(ROOT / part, tmp_path / part, ignore=shutil.ignore_patterns("__pycache__"))
    for file, was, slip in (
        ("hotline/zh-CN.toml", "{village}协商热线，您不用", "{vilage}协商热线，您不用"),
        ("replies/zh-CN.toml", "{score}", "{skore}"),
    ):
        path = tmp_path / "ivr_scripts" / file
        assert was in path.read_text()
        path.write_text(path.read_text().replace(was, slip, 1))
    return tmp_path


@pytest.mark.parametrize(
    "command", more_in_soak(("script", "check"), ("up",), ("serve", "hotline"), ("script", "try", "hotline"))
)
def test_faulty_scripts_start_nothing_and_are_told_in_an_editors_words(
    spoilt: Path, command: tuple[str, ...]
) -> None:
    env = {**os.environ, "DATA_DIR": str(spoilt / "data"), "PORT": str(free_port())}
    env["PYTHONPATH"] = str(spoilt)
    argv = [sys.executable, "-m", "gateway.cli", *command]
    done = subprocess.run(argv, env=env, cwd=spoilt, capture_output=True, text=True, timeout=60)
    said = done.stdout + done.stderr
    assert done.returncode == 1 and "Traceback" not in said
    assert re.search(r"hotline/zh-CN.toml:\d+: \[hello\] 里的 {vilage} 没有东西可填", said)
    assert "[rating] 里的 {skore}" in said
    assert not processes_of(spoilt / "data")
