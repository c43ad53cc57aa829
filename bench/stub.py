"""A carrier that accepts everything at once: the least work a server can do, so that the sender is what's measured.

``python -m bench.stub PORT DELAY_MS`` answers every create with 201 after the delay, and lists with nothing.
"""

import asyncio
import sys

import uvloop

_BODY = b'{"sid": "SM%030d", "status": "queued"}'
_HEAD = b"HTTP/1.1 201 Created\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


class Carrier(asyncio.Protocol):
    """One connection; requests may be cut anywhere."""

    count = 0
    delay = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport, self.buffer = transport, b""

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head = self.buffer[:end].lower()
            at = head.find(b"content-length:")
            length = int(head[at + 15 :].split(b"\r\n", 1)[0]) if at >= 0 else 0
            if len(self.buffer) < end + 4 + length:
                return
            self.buffer = self.buffer[end + 4 + length :]
            if Carrier.delay:
                asyncio.get_running_loop().call_later(Carrier.delay, self.answer)
            else:
                self.answer()

    def answer(self) -> None:
        Carrier.count += 1
        body = _BODY % Carrier.count
        if not self.transport.is_closing():
            self.transport.write(_HEAD % len(body) + body)  # type: ignore[attr-defined]


async def main(port: int, delay_ms: float) -> None:
    Carrier.delay = delay_ms / 1000
    server = await asyncio.get_running_loop().create_server(Carrier, "127.0.0.1", port, backlog=1024)
    print("ready", flush=True)
    await server.serve_forever()


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        runner.run(main(int(sys.argv[1]), float(sys.argv[2])))
