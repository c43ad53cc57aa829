"""Starting and stopping the processes of one machine: web, a worker per lane, the clock, Redis."""

import errno
import os
import signal
import socket
import subprocess
import sys
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field

from gateway.db import migrate, use_vault
from gateway.queue import LANES, EmbeddedRedis, NoServer, check, die_with_parent
from gateway.settings import CannotStart, Settings
from gateway.vault import Vault

_PATIENCE = 10  # seconds a process may take to stop


@dataclass
class Child:
    """One process to keep running."""

    name: str
    argv: list[str]
    env: dict[str, str] = field(default_factory=dict)
    process: subprocess.Popen[bytes] | None = None
    failures: int = 0
    start_at: float = 0.0
    started: float = 0.0


class Supervisor:
    """Keeps children running until told to stop; then nothing stays behind."""

    def __init__(self, children: list[Child], settings: Settings) -> None:
        """Starts the embedded Redis, too, unless one is configured. Raises :class:`CannotStart`."""
        self.children, self._settings = children, settings
        self._redis = _surroundings(settings)
        if self._redis:
            for (
                child
            ) in children:  # or the first of them to miss it would start one, and take it to its grave
                child.env["REDIS_URL"] = self._redis.url
        self._stop = threading.Event()
        self._signals = 0

    def start(self, *names: str) -> None:
        """Start the children of these names, or all that don't run yet."""
        for child in self.children:
            if child.process is None and (not names or child.name in names):
                self._start(child)

    def _start(self, child: Child) -> None:
        child.started = time.monotonic()
        child.process = subprocess.Popen(
            child.argv,
            env={**os.environ, **child.env},
            stdin=subprocess.DEVNULL,
            # its own session: a Ctrl-C in the terminal reaches only us, and we stop them in order
            start_new_session=True,
            preexec_fn=die_with_parent,
        )

    def listen(self) -> None:
        """Stop on SIGINT or SIGTERM; the second one kills at once."""

        def told(signum: int, _frame: object) -> None:
            self._signals += 1
            self._stop.set()
            if self._signals > 1:
                self._signal_all(signal.SIGKILL)

        signal.signal(signal.SIGINT, told)
        signal.signal(signal.SIGTERM, told)

    @property
    def stopping(self) -> bool:
        return self._stop.is_set()

    def watch(self) -> None:
        """Restart whatever dies (slower each time it dies young) until told to stop."""
        while not self._stop.wait(0.2):
            self._look_after_redis()
            for child in self.children:
                self._look_after(child)

    def _look_after_redis(self) -> None:
        if self._redis is None or self._redis.alive():
            return
        print("Redis stopped; starting it again", file=sys.stderr, flush=True)
        self._redis.stop()
        try:
            self._redis = EmbeddedRedis.start(self._settings.data_dir)
        except (NoServer, OSError) as error:  # a full disk, perhaps: at the next look again
            print(f"Redis does not start: {error}", file=sys.stderr, flush=True)
            self._stop.wait(2)

    def _look_after(self, child: Child) -> None:
        now = time.monotonic()
        if child.process is None:
            if now >= child.start_at:
                self._start(child)
            return
        code = child.process.poll()
        if code is None:
            if child.failures and now - child.started > 60:
                child.failures = 0
            return
        with suppress(ProcessLookupError, PermissionError):
            # its own children (a killed web server's go on listening) must not outlive it
            os.killpg(child.process.pid, signal.SIGKILL)
        child.process = None
        child.failures += 1
        wait = min(2 ** (child.failures - 1), 30) if child.failures > 1 else 0
        child.start_at = now + wait
        print(f"{child.name} stopped with code {code}; starting it again", file=sys.stderr, flush=True)

    def stop(self) -> None:
        """Ask everybody to end, wait, then end what is left, grandchildren included."""
        self._stop.set()
        self._signal_each(signal.SIGTERM)
        deadline = time.monotonic() + _PATIENCE
        for child in self.children:
            if child.process:
                with suppress(subprocess.TimeoutExpired):
                    child.process.wait(max(0.1, deadline - time.monotonic()))
        self._signal_all(signal.SIGKILL)
        for child in self.children:
            if child.process:
                child.process.wait()
        if self._redis:
            self._redis.stop()

    def _signal_each(self, what: signal.Signals) -> None:
        for child in self.children:
            if child.process and child.process.poll() is None:
                child.process.send_signal(what)

    def _signal_all(self, what: signal.Signals) -> None:
        for child in self.children:
            if child.process:
                with suppress(ProcessLookupError, PermissionError):
                    os.killpg(child.process.pid, what)


def check_port(host: str, port: int) -> None:
    """Raises :class:`CannotStart` when somebody else listens there."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as s:
        s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            s.bind((host, port))
        except OSError as error:
            other = f"; try PORT={port + 1}" if error.errno == errno.EADDRINUSE else ""
            raise CannotStart(
                f"{host} 的端口 {port} 用不了 / port {port} on {host}: {error.strerror}{other}"
            ) from None


def check_folder(settings: Settings) -> None:
    """Raises :class:`CannotStart` when the data folder can't be written."""
    probe = settings.data_dir / f".probe-{os.getpid()}"
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        probe.write_text("")
        probe.unlink()
    except OSError as error:
        raise CannotStart(
            f"数据文件夹写不进去 / can't write to the data folder {settings.data_dir}: {error.strerror}"
        ) from None


def _environment(settings: Settings) -> dict[str, str]:
    env = {"DATA_DIR": str(settings.data_dir), "PORT": str(settings.port), "HOST": settings.host}
    if settings.redis_url:
        env["REDIS_URL"] = settings.redis_url
    return env


def _ours(*args: str) -> list[str]:
    return [sys.executable, "-m", "gateway.cli", *args]


def web(settings: Settings, part: str = "all") -> Child:
    """The web server; ``part`` is ``all``, ``hotline`` (public listener) or ``panel``."""
    argv = [
        *(sys.executable, "-m", "granian", "--interface", "wsgi", "--factory"),
        *("--host", settings.host, "--port", str(settings.port), "--workers", "1"),
        # threads wait for the database; more of them than cores keeps slow requests from blocking quick ones
        *("--blocking-threads", "16", "--backpressure", "512", "--no-ws", "--no-access-log"),
        *("--log-level", "error", "--respawn-failed-workers", "--workers-kill-timeout", "5"),
        "gateway.app:create_app",
    ]
    return Child("web", argv, {**_environment(settings), "XIANGYIN_PART": part})


def _surroundings(settings: Settings) -> EmbeddedRedis | None:
    """Look at the database and at Redis before anything runs: a child has only tracebacks for what is wrong there.

    Returns the embedded Redis, started, unless another one is configured. Raises :class:`CannotStart`.
    """
    use_vault(Vault(settings.master_key))
    migrate(settings.database)
    if settings.redis_url:
        check(settings.redis_url)
        return None
    try:
        return EmbeddedRedis.start(settings.data_dir)
    except (NoServer, OSError) as error:
        raise CannotStart(str(error)) from None


def _lanes(settings: Settings, lanes: list[str]) -> list[Child]:
    return [Child(f"worker {lane}", _ours("worker", lane), _environment(settings)) for lane in lanes]


def _answers(url: str, stopping: Callable[[], bool], seconds: float = 30) -> bool:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not stopping():
        try:
            with urllib.request.urlopen(f"{url}/healthz", timeout=2) as answer:
                return bool(answer.status == 200)
        except (urllib.error.URLError, OSError):
            time.sleep(0.05)
    return False


def up(settings: Settings, prepare: Callable[[], list[str]]) -> int:
    """Everything for one machine. ``prepare`` migrates (and loads the sample) and returns the lines to print.

    Returns the exit code. Raises :class:`CannotStart` before anything runs.
    """
    check_folder(settings)
    check_port(settings.host, settings.port)
    supervisor = Supervisor(
        [
            web(settings),
            *_lanes(settings, list(LANES)),
            Child("clock", _ours("clock"), _environment(settings)),
        ],
        settings,
    )
    supervisor.listen()
    try:
        # the web server loads on one core while we prepare on the other; whoever is first migrates, under a lock
        supervisor.start("web")
        lines = prepare()
        if not _answers(settings.local_url, lambda: supervisor.stopping):
            if supervisor.stopping:
                return 0
            raise CannotStart("网页服务没有起来 / the web server did not answer within 30 seconds")
        print(settings.local_url, *lines, sep="\n", flush=True)
        supervisor.start()  # workers and clock are needed a moment later than the page
        supervisor.watch()
        return 0
    finally:
        supervisor.stop()


def serve(settings: Settings, part: str) -> int:
    """Only the web server, or only that half of it."""
    check_folder(settings)
    check_port(settings.host, settings.port)
    return _run(settings, [web(settings, part)])


def workers(settings: Settings, lanes: list[str]) -> int:
    """One process per lane."""
    return _run(settings, _lanes(settings, lanes))


def one_worker(settings: Settings, lane: str) -> int:
    """This process becomes the worker of one lane."""
    from gateway.queue import redis_url, run_worker

    server = _surroundings(settings)
    try:
        run_worker(lane, redis_url(settings))
    finally:
        if server:
            server.stop()
    return 0


def _run(settings: Settings, children: list[Child]) -> int:
    supervisor = Supervisor(children, settings)
    supervisor.listen()
    try:
        supervisor.start()
        supervisor.watch()
    finally:
        supervisor.stop()
    return 0
