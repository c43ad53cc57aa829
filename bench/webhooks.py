"""Webhooks a second: inbound SMS beside a bare Flask endpoint, status callbacks beside one that does one UPDATE; the
same server program in the same run, ours and theirs alternating.
"""

import importlib.util
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

from sqlalchemy import select, text

from bench import village
from bench.load import TOKEN, Figures, measure
from tests.servers import Postgres, answers, free_port

SECONDS, CLIENTS, LIGHT, ROUNDS = 4.0, 8, 2, 3
MOST = 15_000  # a second, for which requests are prepared


def _granian(target: str, port: int) -> list[str]:
    """The server the product runs on."""
    return [
        "granian", "--interface", "wsgi", "--factory", "--port", str(port), "--workers", "1",
        "--blocking-threads", "16", "--backpressure", "512", "--no-ws", "--no-access-log", "--log-level", "error", target,
    ]  # fmt: skip


def _gthread(target: str, port: int) -> list[str]:
    """The server most Flask projects run on, which takes more of a request's time for itself."""
    return ["gunicorn", "-k", "gthread", "--threads", "16", "-b", f"127.0.0.1:{port}", "--log-level", "error", f"{target}()"]  # fmt: skip


SERVERS = {"granian": _granian} | ({"gthread": _gthread} if importlib.util.find_spec("gunicorn") else {})


@contextmanager
def served(target: str, env: dict[str, str], server: str = "granian") -> Iterator[str]:
    """One web process; its address."""
    port = free_port()
    command = [sys.executable, "-m", *SERVERS[server](target, port)]
    base = f"http://127.0.0.1:{port}"
    env = {**os.environ, **env, "PORT": str(port), "PUBLIC_URL": base}
    process = subprocess.Popen(command, env=env, start_new_session=True)
    try:
        deadline = time.monotonic() + 30
        while not answers(f"{base}/healthz"):
            assert time.monotonic() < deadline, "the server did not start"
            time.sleep(0.05)
        yield base
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)


def main() -> None:
    """Both webhooks on both databases."""
    postgres = Postgres()
    with tempfile.TemporaryDirectory() as folder:
        kinds = {"SQLite": lambda: f"sqlite:///{folder}/{uuid.uuid4().hex}.db", "PostgreSQL": postgres.fresh}
        print(f"\n{CLIENTS} clients, {SECONDS:g} s a round, median of {ROUNDS} rounds, one web process")
        for name, fresh in kinds.items():
            for server in SERVERS:
                _inbound(name, Path(folder), fresh(), server)
            _callbacks(name, Path(folder), fresh())
    postgres.close()


def _beside(
    title: str,
    folder: Path,
    url: str,
    path: str,
    forms: Callable[[float], list[str]],
    server: str = "granian",
) -> None:
    """Rounds of theirs and ours one after the other, so that a noisy neighbour disturbs both."""
    rounds: list[tuple[Figures, Figures]] = []
    light: list[Figures] = []
    bare_env = {"BENCH_TOKEN": TOKEN, "DATABASE_URL": url}
    env = {**village.environment(folder, url), "XIANGYIN_PART": "hotline"}
    with (
        served("bench.bare:create_app", bare_env, server) as bare,
        served("gateway.app:create_app", env, server) as ours,
    ):
        for base in (bare, ours):  # what is built at the first request is not what is measured
            measure(base, path, forms(1), CLIENTS, 0.5)
        for _ in range(ROUNDS):
            theirs = measure(bare, path, forms(SECONDS), CLIENTS, SECONDS)
            rounds.append((theirs, measure(ours, path, forms(SECONDS), CLIENTS, SECONDS)))
            light.append(measure(ours, path, forms(SECONDS), LIGHT, SECONDS))
    (b_rate, b50, b99), (o_rate, o50, o99) = (
        tuple(statistics.median(r[side][i] for r in rounds) for i in range(3)) for side in (0, 1)
    )
    ratio = statistics.median(ours[0] / theirs[0] for theirs, ours in rounds)
    l50, l99 = (statistics.median(r[i] for r in light) for i in (1, 2))
    print(f"{title:34} bare     {b_rate:7.0f}/s  p50 {b50:6.1f} ms  p99 {b99:6.1f} ms")
    print(f"{'':34} Xiangyin {o_rate:7.0f}/s  p50 {o50:6.1f} ms  p99 {o99:6.1f} ms   {ratio:.0%} of bare")
    print(f"{'':34} {LIGHT} clients only        p50 {l50:6.1f} ms  p99 {l99:6.1f} ms", flush=True)


# ---- inbound SMS ------------------------------------------------------------------------------------------


def _inbound(name: str, folder: Path, url: str, server: str) -> None:
    """People of the sample township answer an open matter, again and again."""
    phones = _township(folder, url)
    _beside(
        f"inbound SMS, {name}, {server}",
        folder,
        url,
        "/twilio/sms",
        lambda seconds: _messages(phones, seconds),
        server,
    )


def _township(folder: Path, url: str) -> list[str]:
    """The sample township, whose people may vote; their mobiles."""
    from gateway import sample
    from gateway.db import migrate
    from gateway.models.person import Handset

    rt = village.runtime(folder, url)
    migrate(rt.settings.database)
    sample.load(rt.db, rt.settings)
    with rt.db.read() as s:
        mobiles = select(Handset).where(Handset.kind == "mobile").order_by(Handset.id)
        found = [h.number for h in s.scalars(mobiles)]
    rt.close()
    return found


def _messages(phones: list[str], seconds: float) -> list[str]:
    common = {"To": village.HOTLINE, "NumMedia": "0", "AccountSid": village.SID}
    return [
        urlencode(
            {
                "MessageSid": f"SM{uuid.uuid4().hex}",
                "From": phones[n % len(phones)],
                "Body": "12"[n // len(phones) % 2],
                **common,
            }
        )
        for n in range(int(MOST * max(seconds, 1)))
    ]


# ---- status callbacks -----------------------------------------------------------------------------------------


def _callbacks(name: str, folder: Path, url: str) -> None:
    """Each delivery is told “sent”, then “delivered”: as the carrier does, in that order."""
    rt = village.runtime(folder, url)
    count = int(MOST * SECONDS)
    ids = _accepted(rt, count)

    def forms(seconds: float) -> list[str]:
        _afresh(rt)
        wanted = ids[: int(MOST * max(seconds, 1) / 2)]
        common = {"AccountSid": village.SID, "From": village.HOTLINE}
        return [
            f"/twilio/status/message?d={id}&n=1 "
            + urlencode({"MessageSid": f"SM{id:032d}", "MessageStatus": status, **common})
            for begin in range(0, len(wanted), 50)
            for status in ("sent", "delivered")
            for id in wanted[begin : begin + 50]
        ]

    _beside(f"status callbacks, {name}", folder, url, "", forms)
    rt.close()


def _accepted(rt: village.Runtime, count: int) -> list[int]:
    """That many deliveries of one broadcast, accepted by the carrier."""
    area_id = village.settle_down(rt, count)
    id = village.broadcast(rt, area_id)
    _afresh(rt)
    with rt.db.read() as s:
        found = text("SELECT id FROM deliveries WHERE broadcast_id = :b ORDER BY id")
        return [int(one) for one in s.scalars(found, {"b": id})]


def _afresh(rt: village.Runtime) -> None:
    """No callback has come for any of them."""
    pad = "printf('SM%032d', id)" if rt.db.sqlite else "'SM' || lpad(id::text, 32, '0')"
    with rt.db.write() as s:
        s.execute(text("DELETE FROM delivery_events"))
        s.execute(
            text(
                f"UPDATE deliveries SET state = 'accepted', tries = 1, attempts = 1, carrier_id = {pad}, settled_at = NULL,"
                " error = NULL, day = '2026-01-01', day_attempts = 1 WHERE broadcast_id IS NOT NULL"
            )
        )


if __name__ == "__main__":
    main()
