"""The port to whoever carries SMS and calls, and the closed set of ways it can fail."""

import math
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol


@dataclass(frozen=True)
class Accepted:
    """The carrier took it: its id for it, and the status it began with."""

    carrier_id: str
    status: str


@dataclass(frozen=True)
class Found:
    """A message or call on the carrier's list."""

    carrier_id: str
    to: str
    sender: str
    body: str
    status: str
    error: str | None
    direction: str
    created_at: datetime | None


class Failure(Exception):
    """Asking the carrier failed. Each kind knows whether asking again is safe and what to tell an organizer."""

    retry = False  # asking again can't reach anybody twice
    ambiguous = False  # nobody knows whether it was accepted
    stop = False  # nothing else will work either
    words = "运营商没有接受"

    def __init__(self, code: str = "", detail: str = "") -> None:
        super().__init__(f"{type(self).__name__} {code} {detail}".strip())
        self.code, self.detail = code, detail


class NotNow(Failure):
    """Refused unprocessed (429, full queue): always safe to ask again."""

    retry = True
    words = "运营商忙，稍后再发"

    def __init__(self, code: str = "", detail: str = "", after: float | None = None) -> None:
        super().__init__(code, detail)
        self.after = after  # seconds the carrier asked us to wait


class NotReached(Failure):
    """The connection was refused before anything was sent: safe to ask again."""

    retry = True
    words = "连不上运营商，稍后再发"


class Ambiguous(Failure):
    """A timeout, a broken connection, a 5xx: it may have been accepted. Look it up before asking again."""

    ambiguous = True
    words = "不知道运营商收没收到，正在核对"


class BadNumber(Failure):
    """No such number, or one that can't get this kind of message."""

    words = "号码不对，或者是座机收不了短信"


class OptedOut(Failure):
    """The carrier knows the resident wants nothing more."""

    words = "对方已退订"


class BadCredentials(Failure):
    """The account is not ours to use: nothing will go out until that is mended."""

    stop = True
    words = "运营商账号或密码不对，所有发送已停下"


class OurMistake(Failure):
    """The request itself was wrong (sender, text, permission)."""

    words = "发送设置有误，请联系管理员"


class Carrier(Protocol):
    """What Xiangyin needs from a carrier. Times are UTC; numbers E.164."""

    async def send_sms(
        self,
        to: str,
        body: str,
        *,
        callback: str,
        valid_seconds: int,
        sender: str = "",
        before: float = math.inf,
    ) -> Accepted:
        """Hand over one message, from ``sender`` (default: the hotline). ``before`` is the reading of
        ``time.monotonic`` after which the request must not leave any more. Raises :class:`Failure`."""

    async def place_call(
        self,
        to: str,
        *,
        url: str,
        callback: str,
        sender: str = "",
        detect: bool = False,
        before: float = math.inf,
    ) -> Accepted:
        """Ring somebody; the carrier asks ``url`` what to say, and with ``detect`` says whether a machine
        answered, where it can. Raises :class:`Failure`."""

    async def find_messages(self, to: str, since: datetime) -> list[Found]:
        """Messages to that number, created at or after ``since``. Raises :class:`Failure`."""

    async def find_calls(self, to: str, since: datetime) -> list[Found]:
        """The same for calls."""

    async def look_up(self, carrier_id: str, channel: str) -> Found | None:
        """One message (``sms``) or call (``voice``) by its id; None when there is none. Raises :class:`Failure`."""

    async def received_since(self, hotline: str, since: datetime) -> list[Found]:
        """Messages residents sent to the hotline. Raises :class:`Failure`."""

    async def fetch_recording(self, url: str) -> tuple[bytes, str]:
        """A recording's bytes and the ending of its name (``wav``, ``mp3``), from this carrier's host only; what is no
        sound (yet) is :class:`NotNow`. Raises :class:`Failure`."""

    async def forget_recording(self, carrier_id: str) -> None:
        """Delete a recording at the carrier; one that isn't there any more is no failure. Raises :class:`Failure`."""

    async def close(self) -> None:
        """Let go of connections."""
