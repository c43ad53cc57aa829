"""How long a resident waits while a broadcast of 100,000 is on its way: an SMS to its answer (which the carrier takes
from the webhook's response), and a single message, such as an explanation, to its acceptance by the carrier.

Web server, worker processes and clock as `up` starts them; the carrier answers at once, so that the bulk presses as
hard as it can. The same is measured before the bulk begins: that ratio is what the bulk costs.
"""

import os
import statistics
import subprocess
import sys
import tempfile
import time
import uuid
from pathlib import Path

import urllib3
from sqlalchemy import select

from bench import village
from bench.load import sign
from bench.outbound import Stub
from bench.webhooks import served
from gateway.models.outreach import Delivery
from gateway.models.person import Handset
from gateway.outreach import broadcasts
from gateway.queue import EmbeddedRedis

BULK, SAMPLES, PAUSE = 100_000, 100, 0.02


def main() -> None:
    """Both databases."""
    print(f"\nan answer, and a single message, while a bulk of {BULK} is on its way")
    with village.databases() as urls:
        for name, url in urls.items():
            with tempfile.TemporaryDirectory() as folder:
                _database(name, url, Path(folder))


def _database(name: str, url: str, folder: Path) -> None:
    stub = Stub(0)
    redis = EmbeddedRedis.start(folder)
    rt = village.runtime(folder, url, stub.url)
    area_id = village.settle_down(rt, BULK)
    env = village.environment(folder, url, stub.url)
    workers = subprocess.Popen(
        [sys.executable, "-m", "gateway.cli", "worker"], env={**os.environ, **env}, start_new_session=True
    )
    try:
        with served("gateway.app:create_app", {**env, "XIANGYIN_PART": "hotline"}) as base:
            _samples(rt, base, 30)  # everything is loaded by then
            quiet = _samples(rt, base, SAMPLES)
            id = village.broadcast(rt, area_id)
            rt.wake("bulk")
            busy = _samples(rt, base, 10 * SAMPLES, while_planned=id)
            assert len(busy) > 30, f"the bulk was through after {len(busy)} samples"
    finally:
        workers.terminate()
        workers.wait(30)
        rt.close()
        redis.stop()
        stub.close()
    for n, what in enumerate(("SMS answered", "single message accepted")):
        q, b = sorted(s[n] for s in quiet), sorted(s[n] for s in busy)
        q99, b99 = q[int(len(q) * 0.99)], b[int(len(b) * 0.99)]
        print(
            f"{name:11} {what:24} {len(b):3} times, p50 {statistics.median(b) * 1e3:6.1f} ms  p99 {b99 * 1e3:7.1f} ms"
            f"   (without the bulk {statistics.median(q) * 1e3:6.1f} and {q99 * 1e3:7.1f} ms)",
            flush=True,
        )


def _samples(
    rt: village.Runtime, base: str, count: int, *, while_planned: int = 0
) -> list[tuple[float, float]]:
    """So many pairs, or as many as there are while that broadcast has something planned."""
    pool = urllib3.HTTPConnectionPool(base.split("//")[1], maxsize=1)
    found = []
    numbers = village.numbers(BULK)
    for n in range(count):
        found.append((_answered(pool, base, numbers[-1 - n]), _accepted(rt, n)))
        if while_planned and not village.counts(rt, while_planned)["planned"]:
            break
        time.sleep(PAUSE)
    return found


def _answered(pool: urllib3.HTTPConnectionPool, base: str, number: str) -> float:
    form = {"MessageSid": f"SM{uuid.uuid4().hex}", "From": number, "To": village.HOTLINE, "Body": "有啥事"}
    headers = {"X-Twilio-Signature": sign(f"{base}/twilio/sms", form)}
    begin = time.perf_counter()
    answer = pool.request("POST", "/twilio/sms", fields=form, encode_multipart=False, headers=headers)
    assert answer.status == 200 and "<Message>" in answer.data.decode(), answer.status
    return time.perf_counter() - begin


def _accepted(rt: village.Runtime, n: int) -> float:
    """Seconds from the organizer's click to the carrier's answer written down, asked for every 5 ms."""
    begin = time.perf_counter()
    with rt.db.write() as s:
        phone = s.scalars(select(Handset).order_by(Handset.id.desc()).offset(n).limit(1)).one()
        id = broadcasts.say(s, phone, sms="您问的事，村里回话了。").id
    rt.wake("replies")
    while True:
        with rt.db.read() as s:
            if s.scalar(select(Delivery.state).where(Delivery.id == id)) == "accepted":
                return time.perf_counter() - begin
        assert time.perf_counter() - begin < 60, "not accepted within a minute"
        time.sleep(0.005)


if __name__ == "__main__":
    main()
