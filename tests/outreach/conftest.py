"""A carrier for tests: the port itself, in memory, with the moods a real one has."""

from collections.abc import Callable
from datetime import datetime

import pytest

from gateway import clock
from gateway.carriers.base import Accepted, Ambiguous, Found
from gateway.runtime import Runtime


class FakeCarrier:
    """Takes what it is given. ``mood(to)`` may return an exception to raise, or ("lost", exception) for one that
    comes after accepting."""

    def __init__(self) -> None:
        self.sent: list[Found] = []
        self.asked: list[dict[str, object]] = []
        self.received: list[Found] = []
        self.mood: Callable[[str], object] = lambda to: None
        self.unlisted: set[str] = set()  # ids its list doesn't show (yet)

    def _take(self, to: str, body: str, kind: str, sender: str) -> Accepted:
        mood = self.mood(to)
        if isinstance(mood, BaseException):
            raise mood
        sid = f"{kind}{len(self.sent):032d}"
        self.sent.append(Found(sid, to, sender, body, "queued", None, "outbound-api", clock.now()))
        if isinstance(mood, tuple):
            raise mood[1]
        return Accepted(sid, "queued")

    async def send_sms(
        self, to: str, body: str, *, callback: str, valid_seconds: int, sender: str = "", before: float = 0
    ) -> Accepted:
        self.asked.append(
            {"to": to, "body": body, "callback": callback, "valid": valid_seconds, "sender": sender}
        )
        return self._take(to, body, "SM", sender)

    async def place_call(
        self, to: str, *, url: str, callback: str, sender: str = "", detect: bool = False, before: float = 0
    ) -> Accepted:
        self.asked.append({"to": to, "callback": callback, "url": url, "sender": sender, "detect": detect})
        return self._take(to, "", "CA", sender)

    def _listed(self, to: str, since: datetime) -> list[Found]:
        found = [f for f in self.sent if f.to == to and f.carrier_id not in self.unlisted]
        return [f for f in found if f.created_at and f.created_at >= since]

    async def find_messages(self, to: str, since: datetime) -> list[Found]:
        return [f for f in self._listed(to, since) if f.body]

    async def find_calls(self, to: str, since: datetime) -> list[Found]:
        return [f for f in self._listed(to, since) if not f.body]

    async def look_up(self, carrier_id: str, channel: str) -> Found | None:
        return next((f for f in self.sent if f.carrier_id == carrier_id), None)

    async def received_since(self, hotline: str, since: datetime) -> list[Found]:
        return [f for f in self.received if f.to == hotline and (f.created_at or since) >= since]

    async def fetch_recording(self, url: str) -> tuple[bytes, str]:
        raise Ambiguous

    async def close(self) -> None:
        pass


@pytest.fixture
def carrier(each_village: Runtime) -> FakeCarrier:
    """The carrier of ``each_village``; its township is disturbed at any hour, as settings of a test say."""
    fake = FakeCarrier()
    each_village.make_carrier = lambda: fake  # type: ignore[method-assign]
    return fake
