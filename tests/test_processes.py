"""One command starts everything, and nothing stays behind."""

import contextlib
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path

import pytest
import redis

from gateway import queue
from gateway.db import migrate
from gateway.queue import EmbeddedRedis
from gateway.settings import Settings
from gateway.spoken.prompts import Prompts
from tests.conftest import more_in_soak
from tests.servers import ROOT, Stack, answers, free_port

# a township is served from Linux; elsewhere everything but looking at its processes is tested
through_proc = pytest.mark.skipif(sys.platform != "linux", reason="looks at processes through /proc")


def processes_of(folder: Path) -> list[int]:
    """Processes whose environment names this folder (Linux)."""
    found = []
    for entry in Path("/proc").glob("[0-9]*"):
        try:
            environment = (entry / "environ").read_bytes()
            command = (entry / "cmdline").read_bytes()
        except OSError:
            continue
        if os.fsencode(folder) in environment or os.fsencode(folder) in command:
            found.append(int(entry.name))
    return found


def eventually(what, seconds: float = 15) -> bool:  # type: ignore[no-untyped-def]
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if what():
            return True
        time.sleep(0.05)
    return False


def readable_by_others(folder: Path) -> list[str]:
    """What in this folder, or itself, somebody else on the machine may open."""
    there = [folder, *folder.rglob("*")]
    assert {"xiangyin.db", "xiangyin.db-wal", "carrier.db", "secret.key"} <= {path.name for path in there}
    return [path.name for path in there if path.exists() and path.stat().st_mode & 0o077]


def test_databases_that_an_older_version_left_readable_are_made_private(tmp_path: Path) -> None:
    assert run("area", "list", DATA_DIR=str(tmp_path)).returncode == 0
    (tmp_path / "xiangyin.db").chmod(0o644)
    stack = Stack(tmp_path / "up", {"DATA_DIR": str(tmp_path)}, demo=False).wait()
    assert (tmp_path / "xiangyin.db").stat().st_mode & 0o777 == 0o600
    assert stack.stop() == 0


@through_proc
def test_up_answers_and_ctrl_c_leaves_nothing_behind(tmp_path: Path) -> None:
    stack = Stack(tmp_path).wait()
    lines = stack.log.read_text().splitlines()
    assert stack.base in lines
    assert any("login" in line and "password" in line for line in lines)
    assert any("carrier" in line for line in lines)
    assert (
        answers(f"{stack.base}/healthz")
        and answers(f"{stack.base}/phone/")
        and answers(f"{stack.base}/board/")
    )
    assert eventually(lambda: answers(f"{stack.base}/readyz"))
    assert len(processes_of(tmp_path)) >= 6  # up, web, three workers, clock, Redis
    assert not readable_by_others(stack.folder / "data")
    assert stack.stop() == 0
    assert eventually(lambda: not processes_of(tmp_path))


@through_proc
def test_even_a_killed_up_takes_everything_with_it(tmp_path: Path) -> None:
    stack = Stack(tmp_path, demo=False).wait()
    stack.process.kill()
    stack.process.wait()
    assert eventually(lambda: not processes_of(tmp_path), 25)


@through_proc
def test_a_killed_web_server_leaves_nothing_listening_beside_the_next_one(tmp_path: Path) -> None:
    stack = Stack(tmp_path, demo=False).wait()

    def servers() -> set[int]:
        return {p for p in processes_of(tmp_path) if b"granian" in Path(f"/proc/{p}/cmdline").read_bytes()}

    before = servers()
    os.kill(min(before), signal.SIGKILL)
    assert eventually(lambda: answers(f"{stack.base}/healthz") and not before & servers())
    assert stack.stop() == 0
    assert eventually(lambda: not processes_of(tmp_path))


def test_up_on_localhost_is_up(tmp_path: Path) -> None:
    stack = Stack(tmp_path, {"HOST": "localhost"}, demo=False).wait()
    assert answers(f"{stack.base}/healthz")
    assert stack.stop() == 0


def test_make_run_takes_any_folder_name_and_an_empty_one_for_none(tmp_path: Path) -> None:
    bin = tmp_path / "venv" / "bin"
    bin.mkdir(parents=True)
    (bin / "python").touch()
    (tmp_path / "venv" / ".run-stamp").touch()
    (bin / "xiangyin").write_text('#!/bin/sh\necho "$@, ${DATA_DIR-none}, ${PORT-none}"\n')
    (bin / "xiangyin").chmod(0o755)
    env = {
        k: v
        for k, v in os.environ.items()
        if k not in ("DATA_DIR", "PORT", "HOST", "MAKEFLAGS", "MAKELEVEL", "MFLAGS")
    }

    def make(*args: str) -> str:
        command = ["make", "-s", "run", f"VENV={tmp_path / 'venv'}", *args]
        return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True).stdout.strip()

    assert make('DATA_DIR=/tmp/our mother\'s "village"; echo no', "PORT=8123") == (
        'up --demo, /tmp/our mother\'s "village"; echo no, 8123'
    )
    assert make("DATA_DIR=", "PORT=") == make() == "up --demo, none, none"


def start(folder: Path, *command: str, **env: str) -> subprocess.Popen[str]:
    """``xiangyin …`` as its own entry point begins it; returns once Python itself is up and our first line has run."""
    code = "from gateway.start import main; print('*', flush=True); main()"
    given = {**os.environ, "DATA_DIR": str(folder), "PORT": str(free_port()), **env}
    argv = [sys.executable, "-c", code, *command]
    process = subprocess.Popen(argv, env=given, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "*\n"
    return process


@through_proc
@pytest.mark.parametrize("hundredths", more_in_soak(60, 0, 20, 40, 120))
def test_ctrl_c_at_any_moment_of_the_start_shows_no_traceback(tmp_path: Path, hundredths: int) -> None:
    process = start(tmp_path, "up")
    with contextlib.suppress(subprocess.TimeoutExpired):
        process.wait(hundredths / 100)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=40)
    assert "Traceback" not in out + err and "KeyboardInterrupt" not in err
    assert eventually(lambda: not processes_of(tmp_path))


def test_two_starts_on_one_port_at_the_same_second_are_one_and_one_sentence(tmp_path: Path) -> None:
    port = str(free_port())
    both = [start(tmp_path / name, "up", PORT=port) for name in ("a", "b")]
    assert eventually(lambda: any(p.poll() is not None for p in both), 40)
    late, first = sorted(both, key=lambda p: p.poll() is None)
    said = late.communicate()[1]
    assert late.returncode == 1 and "端口" in said and len(said.strip().splitlines()) == 1
    assert eventually(lambda: answers(f"http://127.0.0.1:{port}/healthz"), 40)
    first.send_signal(signal.SIGINT)
    assert "Traceback" not in "".join(first.communicate(timeout=40)) and first.returncode == 0


def redis_of(folder: Path) -> tuple[int, int] | None:
    """The embedded server of a folder and its parent, if there is one."""
    for pid in processes_of(folder):
        with contextlib.suppress(OSError):
            command = Path(f"/proc/{pid}/cmdline").read_bytes()
            if b"--unixsocket" in command or b"unixsocket:" in command:
                parent = int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])
                return pid, parent
    return None


@through_proc
@pytest.mark.parametrize("beside", more_in_soak(("worker", "bulk"), ("up",), ("serve", "hotline")))
def test_who_is_left_takes_redis_over_from_a_killed_owner(tmp_path: Path, beside: tuple[str, ...]) -> None:
    both = {p.pid: p for p in (start(tmp_path, "up"), start(tmp_path, *beside))}
    assert eventually(lambda: all(p.pid in parents(tmp_path) for p in both.values()), 60)
    assert eventually(lambda: redis_of(tmp_path), 40)
    pid, owner = redis_of(tmp_path)  # type: ignore[misc]
    both.pop(owner).kill()
    (left,) = both

    def taken_over() -> bool:
        found = redis_of(tmp_path)
        return bool(found and found[0] != pid and found[1] == left)

    assert eventually(taken_over, 20)
    assert eventually(lambda: pings(tmp_path), 10)
    both[left].send_signal(signal.SIGINT)
    assert both[left].wait(40) == 0
    assert eventually(lambda: not processes_of(tmp_path), 25)


def pings(folder: Path) -> bool:
    try:
        return bool(queue.connect(f"unix://{queue.socket_path(folder)}").ping())
    except redis.RedisError:
        return False


def parents(folder: Path) -> set[int]:
    """Who has started processes for this folder."""
    found = set()
    for pid in processes_of(folder):
        with contextlib.suppress(OSError):
            found.add(int(Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1]))
    return found


def test_a_dead_server_is_replaced_by_whoever_asks_next_though_its_starter_lives(tmp_path: Path) -> None:
    first = EmbeddedRedis.start(tmp_path)
    assert first.process
    first.process.kill()
    first.process.wait()
    second = EmbeddedRedis.start(tmp_path)
    assert second.process
    second.stop()


def run(*args: str, **env: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "gateway.cli", *args]
    return subprocess.run(command, env={**os.environ, **env}, capture_output=True, text=True, timeout=60)


def test_a_taken_port_is_one_clear_sentence(tmp_path: Path) -> None:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        s.listen()
        done = run("up", PORT=str(s.getsockname()[1]), DATA_DIR=str(tmp_path))
    assert done.returncode == 1
    assert "端口" in done.stderr and "Traceback" not in done.stderr
    assert len(done.stderr.strip().splitlines()) == 1


def test_a_folder_that_cannot_be_written_is_one_clear_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = run("up", PORT="8999", DATA_DIR=str(tmp_path / "file" / "data"))
    assert done.returncode == 1
    assert "DATA_DIR" in done.stderr or "数据文件夹" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_bad_setting_names_itself(tmp_path: Path) -> None:
    done = run("demo", QUIET_HOURS="night", DATA_DIR=str(tmp_path))
    assert done.returncode == 1 and "QUIET_HOURS" in done.stderr and "Traceback" not in done.stderr


# ---- the embedded Redis ------------------------------------------------------------------


def test_two_starts_in_one_folder_are_one_server(tmp_path: Path) -> None:
    first = EmbeddedRedis.start(tmp_path)
    second = EmbeddedRedis.start(tmp_path)
    try:
        assert first.process and second.process is None
        queue.connect(first.url).set("a", "1")
        assert queue.connect(second.url).get("a") == b"1"
    finally:
        second.stop()
        first.stop()
    with pytest.raises(redis.RedisError):
        queue.connect(first.url).ping()


def test_the_server_survives_a_restart_with_what_it_held_and_a_long_folder_name(tmp_path: Path) -> None:
    folder = tmp_path / ("a long name " * 8)
    server = EmbeddedRedis.start(folder)
    queue.connect(server.url).set("a", "1")
    assert server.process
    server.process.send_signal(signal.SIGTERM)
    server.stop()
    again = EmbeddedRedis.start(folder)
    assert queue.connect(again.url).get("a") == b"1"
    again.stop()


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells a child that its parent died")
def test_the_server_dies_with_a_parent_that_was_killed(tmp_path: Path) -> None:
    code = "import sys,time; from pathlib import Path; from gateway.queue import EmbeddedRedis; s=EmbeddedRedis.start(Path(sys.argv[1])); print(s.url, flush=True); time.sleep(60)"
    parent = subprocess.Popen([sys.executable, "-c", code, str(tmp_path)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout
    client = queue.connect(parent.stdout.readline().strip())
    assert client.ping()
    parent.kill()
    parent.wait()

    def gone() -> bool:
        try:
            client.ping()
        except redis.RedisError:
            return True
        return False

    assert eventually(gone)


def test_a_lane_has_at_most_one_drain_waiting_and_its_id_is_never_reused(tmp_path: Path) -> None:
    server = EmbeddedRedis.start(tmp_path)
    try:
        connection = queue.connect(server.url)
        assert queue.wake(connection, "bulk") and not queue.wake(connection, "bulk")
        line = queue.queue("bulk", connection)
        first = line.job_ids
        connection.flushall()
        assert queue.wake(connection, "bulk") and line.job_ids != first
    finally:
        server.stop()


def test_rendering_waits_for_messages_and_is_never_asked_for_twice(tmp_path: Path) -> None:
    server = EmbeddedRedis.start(tmp_path)
    try:
        connection = queue.connect(server.url)
        assert queue.wake_speaker(connection) and not queue.wake_speaker(connection)
        assert not queue.messages_wait(connection)
        connection.flushall()
        assert queue.wake(connection, "bulk") and queue.messages_wait(connection)
        assert not queue.wake_speaker(connection)
    finally:
        server.stop()


def test_what_is_wanted_is_rendered_by_a_worker(tmp_path: Path) -> None:
    """The real worker and the real queue; only the voice hums."""
    code = (
        "import sys; from gateway.queue import run_worker; from gateway.spoken import kokoro;"
        "from tests.spoken.test_shelf import Hum; kokoro.voice = Hum; run_worker('bulk', sys.argv[1])"
    )
    server = EmbeddedRedis.start(tmp_path)
    st = Settings.load(data_dir=tmp_path, secret_key="k" * 32)
    migrate(st.database)
    shelf = Prompts(st).shelf
    shelf.want("王德顺")
    env = {**os.environ, "DATA_DIR": str(tmp_path), "SECRET_KEY": "k" * 32, "REDIS_URL": server.url}
    worker = subprocess.Popen([sys.executable, "-c", code, server.url], env=env, cwd=ROOT)
    try:
        assert queue.wake_speaker(queue.connect(server.url))
        assert eventually(lambda: shelf.find("王德顺"), 30) and shelf.wanted() == []
    finally:
        worker.terminate()
        worker.wait(20)
        server.stop()
