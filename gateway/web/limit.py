"""A flood from one handset must not drown the others (design §5: limited per handset, never per source address)."""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from functools import wraps
from typing import Any

from flask import Response, request

RATE, BURST = (
    10.0,
    1000.0,
)  # webhooks a second, and at once: far beyond what a person does, or a retrying carrier
_REMEMBERED = 10_000  # handsets


class Buckets:
    """A token bucket for each handset, in this process."""

    def __init__(self, rate: float = RATE, burst: float = BURST) -> None:
        self._rate, self._burst = rate, burst
        self._left: OrderedDict[str, tuple[float, float]] = OrderedDict()
        self._lock = threading.Lock()

    def take(self, handset: str, now: float) -> bool:
        """Whether this handset may do one thing more at ``now`` (seconds, any monotonic clock)."""
        with self._lock:
            left, at = self._left.pop(handset, (self._burst, now))
            left = min(self._burst, left + (now - at) * self._rate)
            self._left[handset] = (max(0.0, left - 1), now)
            if len(self._left) > _REMEMBERED:
                self._left.popitem(last=False)
            return left >= 1


_buckets = Buckets()


def limited(view: Callable[..., Any]) -> Callable[..., Any]:
    """Answer 429 to a handset that floods us. An SMS refused so is fetched from the carrier's list later
    (gateway/catchup.py), so nothing is lost."""

    @wraps(view)
    def checked(*args: Any, **kwargs: Any) -> Any:
        form = request.form
        outbound = form.get("Direction", "inbound").startswith("outbound")
        if not _buckets.take(form.get("To" if outbound else "From", ""), time.monotonic()):
            return Response("too many messages from this handset", status=429)
        return view(*args, **kwargs)

    return checked
