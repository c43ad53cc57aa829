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

from gateway import asr
from gateway.db import migrate, use_vault
from gateway.queue import DRAFTS, LANES, EmbeddedRedis, NoServer, check, die_with_parent
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
        """Listens for signals, and starts the embedded Redis unless one is configured. Raises :class:`CannotStart`."""
        self.children, self._settings = children, settings
        self._stop = threading.Event()
        self._signals = 0
        self._listen()
        self._redis = _surroundings(settings)
        if self._redis:
            for (
                child
            ) in children:  # or the first of them to miss it would start one, and take it to its grave
                child.env["REDIS_URL"] = self._redis.url

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

    def _listen(self) -> None:
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


def hold_port(host: str, port: int) -> socket.socket | None:
    """Raises :class:`CannotStart` when somebody listens there, or is about to: who starts at the same second finds
    the port free as well, and Linux would let both web servers share it. Close what is returned once ours listens.
    """
    held = None
    try:
        with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as s:
            s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            s.bind((host, port))
        if sys.platform == "linux":
            held = socket.socket(socket.AF_UNIX)
            held.bind(f"\0xiangyin {host} {port}")  # a name without a file: gone with us, however we end
    except OSError as error:
        if held:
            held.close()
        other = f"; try PORT={port + 1}" if error.errno == errno.EADDRINUSE else ""
        raise CannotStart(
            f"{host} 的端口 {port} 用不了 / port {port} on {host}: {error.strerror}{other}"
        ) from None
    return held


def check_folder(settings: Settings) -> None:
    """Raises :class:`CannotStart` when the data folder can't be written; what is in it is made private."""
    probe = settings.data_dir / f".probe-{os.getpid()}"
    try:
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        probe.write_text("")
        probe.unlink()
        for path in settings.data_dir.glob("*.db*"):  # older versions left them readable, and so does cp
            with suppress(PermissionError):
                path.chmod(0o600)
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


def all_lanes() -> list[str]:
    """The queues this installation has work for."""
    return [*LANES, *([DRAFTS] if asr.available() else [])]


def _lanes(settings: Settings, lanes: list[str]) -> list[Child]:
    return [Child(f"worker {lane}", _ours("worker", lane), _environment(settings)) for lane in lanes]


def _open(supervisor: Supervisor, settings: Settings, seconds: float = 30) -> bool:
    """Wait until our web server answers; False when told to stop before. Raises :class:`CannotStart`."""
    deadline, started = time.monotonic() + seconds, supervisor.children[0].process
    while time.monotonic() < deadline and not supervisor.stopping:
        try:
            with urllib.request.urlopen(f"{settings.local_url}/healthz", timeout=2) as answer:
                if answer.status == 200:
                    return True
        except (urllib.error.URLError, OSError):
            if started and started.poll() is not None:
                break
            time.sleep(0.05)
    if supervisor.stopping:
        return False
    raise CannotStart("网页服务没有起来 / the web server did not start")


def up(settings: Settings, prepare: Callable[[], list[str]]) -> int:
    """Everything for one machine. ``prepare`` migrates (and loads the sample) and returns the lines to print.

    Returns the exit code. Raises :class:`CannotStart` before anything runs.
    """
    others = [*_lanes(settings, all_lanes()), Child("clock", _ours("clock"), _environment(settings))]
    return _web_first(settings, "all", others, lambda: [settings.local_url, *prepare()])


def serve(settings: Settings, part: str) -> int:
    """Only the web server, or only that half of it."""
    return _web_first(settings, part, [], list)


def _web_first(settings: Settings, part: str, others: list[Child], prepare: Callable[[], list[str]]) -> int:
    check_folder(settings)
    held = hold_port(settings.host, settings.port)
    supervisor = Supervisor([web(settings, part), *others], settings)
    try:
        # the web server loads on one core while we prepare on the other
        supervisor.start("web")
        lines = prepare()
        if _open(supervisor, settings):
            if held:
                held.close()
            print(*lines, sep="\n", end="\n" if lines else "", flush=True)
            supervisor.start()  # workers and clock are needed a moment later than the page
            supervisor.watch()
        return 0
    finally:
        supervisor.stop()


def workers(settings: Settings, lanes: list[str]) -> int:
    """One process per lane."""
    return _run(settings, _lanes(settings, lanes))


def one_worker(settings: Settings, lane: str) -> int:
    """This process becomes the worker of one lane; where Redis is ours to look after, its supervisor."""
    from gateway.queue import run_worker

    if not settings.redis_url:
        return workers(settings, [lane])
    _surroundings(settings)
    run_worker(lane, settings.redis_url)
    return 0


def _run(settings: Settings, children: list[Child]) -> int:
    supervisor = Supervisor(children, settings)
    try:
        supervisor.start()
        supervisor.watch()
    finally:
        supervisor.stop()
    return 0
