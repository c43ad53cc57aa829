"""`make bench`: inbound SMS answered per second, beside a bare Flask webhook on the same server in the same run.

Prints ratios: these machines are noisy, so only two things measured together can be compared.
"""

import base64
import hashlib
import hmac
import os
import signal
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import uuid
from pathlib import Path
from urllib.parse import urlencode

import urllib3

from tests.servers import Postgres, answers, free_port

SECONDS, CLIENTS, LIGHT, ROUNDS = 4.0, 8, 2, 3
TOKEN, SID, KEY = "bench-token", "ACbench", "a key only the bench uses 012345"


def sign(url: str, form: dict[str, str]) -> str:
    payload = url + "".join(k + form[k] for k in sorted(form))
    return base64.b64encode(hmac.new(TOKEN.encode(), payload.encode(), hashlib.sha1).digest()).decode()


def drive(base: str, path: str, phones: list[str], clients: int = CLIENTS) -> tuple[float, float, float]:
    """Post signed messages from several clients; returns messages a second, and p50 and p99 in ms."""
    took: list[float] = []
    lock, until = threading.Lock(), time.perf_counter() + SECONDS

    def client(number: int) -> None:
        pool, mine, n = urllib3.HTTPConnectionPool(base.split("//")[1], maxsize=1), [], 0
        while time.perf_counter() < until:
            n += 1
            form = {
                "MessageSid": f"SM{uuid.uuid4().hex}", "From": phones[(number + n * clients) % len(phones)],
                "To": "+8649900000012", "Body": "12"[n % 2], "NumMedia": "0", "AccountSid": SID,
            }  # fmt: skip
            headers = {
                "X-Twilio-Signature": sign(base + path, form),
                "Content-Type": "application/x-www-form-urlencoded",
            }
            begin = time.perf_counter()
            answer = pool.request("POST", path, body=urlencode(form), headers=headers)
            mine.append(time.perf_counter() - begin)
            assert answer.status == 200, answer.status
        with lock:
            took.extend(mine)

    threads = [threading.Thread(target=client, args=(n,)) for n in range(clients)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    ordered = sorted(took)
    return len(took) / SECONDS, ordered[len(ordered) // 2] * 1e3, ordered[int(len(ordered) * 0.99)] * 1e3


def serve(target: str, env: dict[str, str]) -> tuple[subprocess.Popen[bytes], str]:
    port = free_port()
    command = [
        *(
            sys.executable,
            "-m",
            "granian",
            "--interface",
            "wsgi",
            "--factory",
            "--port",
            str(port),
            "--workers",
            "1",
        ),
        *(
            "--blocking-threads",
            "16",
            "--backpressure",
            "512",
            "--no-ws",
            "--no-access-log",
            "--log-level",
            "error",
            target,
        ),
    ]
    base = f"http://127.0.0.1:{port}"
    env = {**os.environ, **env, "PORT": str(port), "PUBLIC_URL": base}
    process = subprocess.Popen(command, env=env, start_new_session=True)
    deadline = time.monotonic() + 30
    while not answers(f"{base}/healthz"):
        assert time.monotonic() < deadline, "the server did not start"
        time.sleep(0.05)
    return process, base


def settings(folder: str, url: str) -> dict[str, str]:
    return {
        "DATA_DIR": folder, "DATABASE_URL": url, "SECRET_KEY": KEY, "TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN": TOKEN,
        "HOTLINE_NUMBER": "+8649900000012", "TWILIO_API_URL": "http://127.0.0.1:9", "XIANGYIN_PART": "hotline",
    }  # fmt: skip


def phones_of(folder: str, url: str) -> list[str]:
    """A township whose people may vote, and their mobiles."""
    from gateway import sample
    from gateway.db import Database, migrate, use_vault
    from gateway.models.person import Handset
    from gateway.settings import Settings
    from gateway.vault import Vault

    use_vault(Vault(KEY.encode()))
    st = Settings.load(data_dir=folder, database_url=url, secret_key=KEY)
    migrate(st.database)
    db = Database(st.database)
    sample.load(db, st)
    with db.read() as s:
        from sqlalchemy import select

        found = [
            h.number for h in s.scalars(select(Handset).where(Handset.kind == "mobile").order_by(Handset.id))
        ]
    db.close()
    return found


def main() -> None:
    """Interpretation first, then the webhook beside a bare one, on each database."""
    interpret_speed()
    with tempfile.TemporaryDirectory() as folder:
        targets = {"SQLite": f"sqlite:///{folder}/bench.db"}
        postgres = Postgres()
        targets["PostgreSQL"] = postgres.fresh().replace("postgresql://", "postgresql+psycopg://", 1)
        print(
            f"\ninbound SMS, {CLIENTS} clients, {SECONDS:g} s a round, median of {ROUNDS} rounds, one web process"
        )
        for name, url in targets.items():
            phones = phones_of(folder, url)
            bare, bare_base = serve("bench.bare:create_app", {"BENCH_TOKEN": TOKEN})
            ours, ours_base = serve("gateway.app:create_app", settings(folder, url))
            try:
                rounds, light = [], []
                for _ in range(ROUNDS):  # alternating, so that a noisy neighbour disturbs both
                    rounds.append(
                        (drive(bare_base, "/twilio/sms", phones), drive(ours_base, "/twilio/sms", phones))
                    )
                    light.append(drive(ours_base, "/twilio/sms", phones, LIGHT))
            finally:
                for process in (bare, ours):
                    process.send_signal(signal.SIGTERM)
                    process.wait(20)
            report(name, rounds, light)
        postgres.close()


Figures = tuple[float, float, float]  # a second, p50 and p99 in ms


def report(name: str, rounds: list[tuple[Figures, Figures]], light: list[Figures]) -> None:
    (b_rate, b50, b99), (o_rate, o50, o99) = (
        tuple(statistics.median(r[side][i] for r in rounds) for i in range(3)) for side in (0, 1)
    )
    ratio = statistics.median(ours[0] / bare[0] for bare, ours in rounds)
    print(f"{name:11} bare Flask {b_rate:7.0f}/s  p50 {b50:6.1f} ms  p99 {b99:6.1f} ms")
    print(f"{'':11} Xiangyin   {o_rate:7.0f}/s  p50 {o50:6.1f} ms  p99 {o99:6.1f} ms   {ratio:.0%} of bare")
    l50, l99 = (statistics.median(r[i] for r in light) for i in (1, 2))
    print(f"{'':11} {LIGHT} clients only         p50 {l50:6.1f} ms  p99 {l99:6.1f} ms")


def interpret_speed() -> None:
    """Milliseconds a message, beside normalizing it alone."""
    import json

    from gateway.ivr.interpret import interpret
    from gateway.text import normalize

    here = Path(__file__).parent.parent / "tests" / "ivr"
    contexts = json.loads((here / "interpret_contexts.json").read_text(encoding="utf-8"))
    cases = [
        json.loads(line)
        for line in (here / "interpret_corpus.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    for case in cases:
        interpret(case["text"], contexts[case["context"]])

    def timed(what) -> float:  # type: ignore[no-untyped-def]
        begin = time.perf_counter()
        for _ in range(5):
            for case in cases:
                what(case)
        return (time.perf_counter() - begin) / (5 * len(cases)) * 1e3

    whole = timed(lambda c: interpret(c["text"], contexts[c["context"]]))
    part = timed(lambda c: normalize(c["text"]))
    print(
        f"interpretation: {whole:.3f} ms a message over {len(cases)} cases; normalizing alone {part:.3f} ms, ratio {whole / part:.1f} ×"
    )


if __name__ == "__main__":
    main()
