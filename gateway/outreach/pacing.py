"""How fast we may hand things to the carrier: segments a second for each number of ours, calls a second in all.

One bucket in Redis for each, shared by every worker: a key holds the moment at which the next request may
leave (the generic cell rate algorithm). Redis' own clock is asked, since workers may run on several machines.
"""

import time
from contextlib import suppress

import redis
import structlog

log = structlog.get_logger()
AHEAD = 0.25  # seconds a broadcast may reserve in advance: so long a reply waits at most behind it

_RESERVE = """
local now = redis.call('TIME')
now = now[1] + now[2] / 1000000
local free = math.max(tonumber(redis.call('GET', KEYS[1]) or '0'), now)
redis.call('SET', KEYS[1], string.format('%.6f', free + ARGV[1]), 'EX', 3600)
return string.format('%.6f', free - now)
"""


class Pace:
    """Reserves room at the carrier. ``per_second`` 0 means no cap."""

    def __init__(self, connection: redis.Redis, per_second: float) -> None:
        self.per_second = per_second
        self._reserve = connection.register_script(_RESERVE)
        self._free: dict[str, float] = {}  # the same bucket here, for when Redis is away

    def reserve(self, sender: str, cost: float) -> float:
        """Take ``cost`` (segments, or calls) from a number's bucket; returns the seconds to wait before the
        first of them may leave."""
        if not self.per_second:
            return 0.0
        takes = cost / self.per_second
        with suppress(redis.RedisError):
            return float(self._reserve(keys=[f"xiangyin:pace:{sender}"], args=[takes]))
        # without Redis each worker keeps to the rate by itself: slower or a little faster, never unbounded
        now = time.monotonic()
        free = max(self._free.get(sender, 0.0), now)
        self._free[sender] = free + takes
        return free - now

    def room(self, cost_each: float) -> int:
        """How many requests of that cost one reservation should hold."""
        return max(1, int(AHEAD * self.per_second / max(cost_each, 1)))
