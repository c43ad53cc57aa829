"""A load client that costs a fraction of what it measures: signed requests made beforehand, sent over keep-alive
connections by uvloop, answers read no further than their status and length.

A process of its own: ``python -m bench.load URL PATH KIND CLIENTS SECONDS`` reads one form a line (URL-encoded, with a
path in front where each has its own) from stdin and prints ``requests p50_ms p99_ms``. A Python client that signs
while the clock runs held the bare endpoint down to 2,200 a second, and so flattered ours.
"""

import asyncio
import base64
import hashlib
import hmac
import subprocess
import sys
import time
from urllib.parse import parse_qsl, urlencode, urlsplit

import uvloop

TOKEN = "bench-token"


def sign(url: str, form: dict[str, str]) -> str:
    """What Twilio puts into X-Twilio-Signature (twilio.md §1)."""
    payload = url + "".join(k + form[k] for k in sorted(form))
    return base64.b64encode(hmac.new(TOKEN.encode(), payload.encode(), hashlib.sha1).digest()).decode()


def request(base: str, path: str, form: dict[str, str]) -> bytes:
    """One signed POST as it goes over the wire."""
    body = urlencode(form).encode()
    head = (
        f"POST {path} HTTP/1.1\r\nHost: {urlsplit(base).netloc}\r\nX-Twilio-Signature: {sign(base + path, form)}\r\n"
        f"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {len(body)}\r\n\r\n"
    )
    return head.encode() + body


class Client(asyncio.Protocol):
    """One connection: the next request leaves when the last is answered."""

    def __init__(self, queue: list[bytes], until: float, took: list[float]) -> None:
        self.queue, self.until, self.took = queue, until, took
        self.buffer, self.over = b"", asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]
        self.next()

    def next(self) -> None:
        if not self.queue or time.perf_counter() >= self.until:
            self.transport.close()
            if not self.over.done():
                self.over.set_result(None)
            return
        self.begin = time.perf_counter()
        self.transport.write(self.queue.pop())

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        end = self.buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = self.buffer[:end].lower()
        at = head.find(b"content-length:")
        length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
        if len(self.buffer) < end + 4 + length:
            return
        if not head.startswith((b"http/1.1 200", b"http/1.1 204")):
            self.over.set_exception(RuntimeError(self.buffer[:200].decode(errors="replace")))
            self.transport.close()
            return
        self.took.append(time.perf_counter() - self.begin)
        self.buffer = b""
        self.next()

    def connection_lost(self, error: Exception | None) -> None:
        if not self.over.done():
            self.over.set_exception(error or ConnectionError("closed by the server"))


async def drive(base: str, queue: list[bytes], clients: int, seconds: float) -> list[float]:
    """Seconds each request took, in order of completion."""
    took: list[float] = []
    target, until, loop = urlsplit(base), time.perf_counter() + seconds, asyncio.get_running_loop()
    made = [
        await loop.create_connection(lambda: Client(queue, until, took), target.hostname, target.port)
        for _ in range(clients)
    ]
    await asyncio.gather(*(client.over for _, client in made))
    return took


def main(base: str, path: str, clients: int, seconds: float) -> None:
    queue = []
    for line in sys.stdin:
        own, _, form = line.rstrip("\n").rpartition(" ")
        queue.append(request(base, own or path, dict(parse_qsl(form, keep_blank_values=True))))
    queue.reverse()
    begin = time.perf_counter()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        took = sorted(runner.run(drive(base, queue, clients, seconds)))
    spent = time.perf_counter() - begin
    print(len(took) / spent, took[len(took) // 2] * 1e3, took[int(len(took) * 0.99)] * 1e3, int(not queue))


Figures = tuple[float, float, float]  # a second, p50 and p99 in ms


def measure(base: str, path: str, lines: list[str], clients: int, seconds: float) -> Figures:
    """Send these forms (``[PATH ]FORM`` a line) for so long. Raises AssertionError when they ran out before that."""
    command = [sys.executable, "-m", "bench.load", base, path, str(clients), str(seconds)]
    done = subprocess.run(command, input="\n".join(lines), capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr[-600:]
    rate, p50, p99, empty = map(float, done.stdout.split())
    assert not empty, "more requests were answered than prepared: prepare more"
    return rate, p50, p99


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), float(sys.argv[4]))
