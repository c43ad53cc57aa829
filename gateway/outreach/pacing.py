"""How fast we may hand things to the carrier: segments (or calls) a second."""

import asyncio
import time

from gateway import text


class Pace:
    """Spaces requests of one worker so that ``per_second`` segments leave each second; 0 means no cap."""

    def __init__(self, per_second: float) -> None:
        self.per_second = per_second
        self._free_at = time.monotonic()

    async def wait(self, body: str = "") -> None:
        """Wait for this message's turn; a message costs its segments, a call one."""
        if not self.per_second:
            return
        cost = text.segments(body).count if body else 1
        now = time.monotonic()
        turn = max(self._free_at, now)
        self._free_at = turn + cost / self.per_second
        if turn > now:
            await asyncio.sleep(turn - now)
