"""Sending: ours, with a durable state for every message, beside clients that keep none, in the same run.

Each measurement is a process of its own, so that CPU time is its own; the carrier is bench/stub.py, another.
"""

import asyncio
import json
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from urllib.parse import urlencode

from bench import village
from bench.load import TOKEN
from tests.servers import free_port

MESSAGES, SLOW, CONCURRENCY, ROUNDS = 20_000, 3_000, 100, 3


class Stub:
    """A carrier that answers after ``delay`` ms."""

    def __init__(self, delay: float) -> None:
        self.port = free_port()
        command = [sys.executable, "-m", "bench.stub", str(self.port), str(delay)]
        self.process = subprocess.Popen(command, stdout=subprocess.PIPE)
        assert self.process.stdout
        self.process.stdout.readline()
        self.url = f"http://127.0.0.1:{self.port}"

    def close(self) -> None:
        self.process.terminate()
        self.process.wait()


# ---- the clients, each run as `python -m bench.outbound NAME URL N [DATABASE_URL]` ---------------------


def raw(url: str, n: int) -> None:
    """aiohttp and uvloop, nothing else: the same request, no state."""
    import aiohttp
    import uvloop

    form = {
        "To": "+8613900000000", "From": village.HOTLINE, "Body": village.WORDS, "ValidityPeriod": "36000",
        "StatusCallback": "https://xiangyin.example/twilio/status/message?d=123456&n=1",
    }  # fmt: skip
    body = urlencode(form).encode()
    headers = {
        "Authorization": aiohttp.encode_basic_auth(village.SID, TOKEN),
        "Content-Type": "application/x-www-form-urlencoded",
    }
    target = f"{url}/2010-04-01/Accounts/{village.SID}/Messages.json"

    async def run() -> None:
        left = n
        async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=CONCURRENCY)) as session:

            async def client() -> None:
                nonlocal left
                while left > 0:
                    left -= 1
                    async with session.post(target, data=body, headers=headers) as answer:
                        json.loads(await answer.read())

            await asyncio.gather(*(client() for _ in range(CONCURRENCY)))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


def official(url: str, n: int) -> None:
    """The official client's async loop, on uvloop, without any state."""
    import uvloop
    from twilio.http.async_http_client import AsyncTwilioHttpClient
    from twilio.rest import Client

    class Redirected(AsyncTwilioHttpClient):
        async def request(self, method, uri, *args, **more):  # type: ignore[no-untyped-def]
            return await super().request(method, uri.replace("https://api.twilio.com", url, 1), *args, **more)

    async def run() -> None:
        left = n
        async with Redirected() as http:
            client = Client(village.SID, TOKEN, http_client=http)

            async def one() -> None:
                nonlocal left
                while left > 0:
                    left -= 1
                    await client.messages.create_async(
                        to="+8613900000000", from_=village.HOTLINE, body=village.WORDS, validity_period=36000,
                        status_callback="https://xiangyin.example/twilio/status/message?d=123456&n=1",
                    )  # fmt: skip

            await asyncio.gather(*(one() for _ in range(CONCURRENCY)))

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(run())


def loop(url: str, n: int) -> None:
    """The official client as most programs use it: one message after the other."""
    from twilio.http.http_client import TwilioHttpClient
    from twilio.rest import Client

    class Redirected(TwilioHttpClient):
        def request(self, method, uri, *args, **more):  # type: ignore[no-untyped-def]
            return super().request(method, uri.replace("https://api.twilio.com", url, 1), *args, **more)

    client = Client(village.SID, TOKEN, http_client=Redirected())
    for _ in range(n):
        client.messages.create(
            to="+8613900000000", from_=village.HOTLINE, body=village.WORDS, validity_period=36000,
            status_callback="https://xiangyin.example/twilio/status/message?d=123456&n=1",
        )  # fmt: skip


def ours(url: str, n: int, database: str) -> None:
    """The outbox: claim, submit, send, settle."""
    from gateway.outreach import outbox

    with tempfile.TemporaryDirectory() as folder:
        rt = village.runtime(Path(folder), database, url)
        assert outbox.drain(rt, "bulk") == n
        rt.close()


# ---- measuring ---------------------------------------------------------------------------------------


def measure(name: str, url: str, n: int, database: str = "") -> tuple[float, float]:
    """Messages a second and CPU ms a message, of a process that sends and nothing else."""
    command = [sys.executable, "-m", "bench.outbound", name, url, str(n), database]
    done = subprocess.run(command, capture_output=True, text=True, check=True, env=dict(os.environ))
    seconds, cpu = map(float, done.stdout.split()[-2:])
    return n / seconds, cpu / n * 1e3


def medians(rows: list[tuple[float, float]]) -> tuple[float, float]:
    return statistics.median(r[0] for r in rows), statistics.median(r[1] for r in rows)


def main() -> None:
    """0 ms and 100 ms carriers, both databases."""
    with village.databases() as urls, tempfile.TemporaryDirectory() as folder:
        areas = {}
        for name, url in urls.items():
            rt = village.runtime(Path(folder), url)
            areas[name] = village.settle_down(rt, MESSAGES)
            rt.close()
        for delay, n in ((0, MESSAGES), (100, SLOW)):
            _section(delay, n, urls, areas, Path(folder))


def _section(delay: int, n: int, urls: dict[str, str], areas: dict[str, int], folder: Path) -> None:
    stub = Stub(delay)
    print(f"\nsending {n} messages, {delay} ms carrier, {CONCURRENCY} at once, median of {ROUNDS} rounds")
    rows: dict[str, list[tuple[float, float]]] = {}
    try:
        for _ in range(ROUNDS):  # alternating, so that a noisy neighbour disturbs all
            for client in ("raw", "official"):
                rows.setdefault(client, []).append(measure(client, stub.url, n))
            for name, url in urls.items():
                rt = village.runtime(folder, url)
                _plan(rt, areas[name], n)
                rt.close()
                rows.setdefault(name, []).append(measure("ours", stub.url, n, url))
            if delay:
                rows.setdefault("loop", []).append(measure("loop", stub.url, 20))
    finally:
        stub.close()
    found = {name: medians(measured) for name, measured in rows.items()}
    base, client = found["raw"][0], found["official"][0]
    for name, words in (
        ("raw", "raw aiohttp + uvloop"),
        ("official", "official client, async"),
        ("loop", "official client, loop"),
    ):
        if name in found:
            print(f"{words:24} {found[name][0]:8.0f}/s  {found[name][1]:.3f} CPU ms a message")
    for name in urls:
        rate, cpu = found[name]
        line = f"{'Xiangyin, ' + name:24} {rate:8.0f}/s  {cpu:.3f} CPU ms a message   {rate / base:4.0%} of raw, {rate / client:4.0%} of official async"
        if delay:
            ideal = CONCURRENCY / (delay / 1000)
            line += (
                f", {rate / ideal:4.0%} of concurrency ÷ latency, {rate / found['loop'][0]:.0f} × the loop"
            )
        print(line)


def _plan(rt: village.Runtime, area_id: int, n: int) -> None:
    """A broadcast of which ``n`` deliveries are left to send."""
    from sqlalchemy import delete, select

    from gateway.models.outreach import Delivery

    id = village.broadcast(rt, area_id)
    with rt.db.write() as s:
        keep = (
            select(Delivery.id).where(Delivery.broadcast_id == id).order_by(Delivery.id).limit(n).subquery()
        )
        s.execute(delete(Delivery).where(Delivery.broadcast_id == id, Delivery.id.not_in(select(keep.c.id))))


def _child(name: str, url: str, n: int, database: str) -> None:
    clients = {"raw": raw, "official": official, "loop": loop}
    begin = time.perf_counter()
    before = resource.getrusage(resource.RUSAGE_SELF)
    if name == "ours":
        ours(url, n, database)
    else:
        clients[name](url, n)
    after = resource.getrusage(resource.RUSAGE_SELF)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    print(time.perf_counter() - begin, cpu)


if __name__ == "__main__":
    if len(sys.argv) > 3:
        _child(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4] if len(sys.argv) > 4 else "")
    else:
        main()
