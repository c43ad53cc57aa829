"""Twilio, and anything else that speaks its protocol at another address (Somleng, SignalWire, our simulator)."""

import asyncio
import json
import logging
import math
import time
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any
from urllib.parse import quote_plus, urlencode, urljoin, urlsplit

import aiohttp
from twilio.base.exceptions import TwilioException, TwilioRestException, TwilioServiceException
from twilio.http import AsyncHttpClient
from twilio.http.response import Response
from twilio.rest import Client

from gateway import sound
from gateway.carriers.base import (
    Accepted,
    Ambiguous,
    BadCredentials,
    BadNumber,
    Failure,
    Found,
    NotNow,
    NotReached,
    OptedOut,
    OurMistake,
)

HOME = "https://api.twilio.com"
RECORDING_LIMIT = 30 * 1024 * 1024  # bytes; an hour at 8 kHz is 29 MB
_HOPS = 4  # redirects followed to a recording
_LONGEST = 5000  # rows read to find one, where a service ignores the filters
_RING_SECONDS = 40  # about eight rings: an elder needs to walk to the telephone

# Twilio's error dictionary, as far as it decides what to do next (twilio.com/docs/api/errors)
_BAD_NUMBER = {"21211", "21614", "21635", "21217", "21214", "13223", "13224"}
_LATER = {"20429", "21611", "30001"}
_ERRORS = (TwilioException, aiohttp.ClientError, TimeoutError, OSError, ValueError, Failure)
_OLDER = 200  # list entries older than asked for, in a row, after which the rest is not read
_log = logging.getLogger("twilio.quiet")
_log.setLevel(logging.WARNING)


class PooledHttpClient(AsyncHttpClient):
    """One aiohttp session with a total timeout and room for ``concurrency`` connections.

    The official one ignores timeouts, stops at 100 connections and forgets ``Retry-After``.
    """

    def __init__(self, base_url: str, concurrency: int, timeout: float) -> None:
        super().__init__(_log, True, timeout)
        self.base_url = base_url
        self._limits = {"limit": concurrency + 4, "timeout": timeout}
        self._session: aiohttp.ClientSession | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    def session(self) -> aiohttp.ClientSession:
        # a job may run in a fresh loop: a session belongs to the loop it was made in
        loop = asyncio.get_running_loop()
        if self._session is None or self._session.closed or self._loop is not loop:
            self._loop = loop
            self._session = aiohttp.ClientSession(
                connector=aiohttp.TCPConnector(limit=int(self._limits["limit"]), keepalive_timeout=30),
                timeout=aiohttp.ClientTimeout(total=self._limits["timeout"]),
            )
        return self._session

    async def request(
        self,
        method: str,
        uri: str,
        params: dict[str, object] | None = None,
        data: dict[str, object] | None = None,
        headers: dict[str, str] | None = None,
        auth: tuple[str, str] | None = None,
        timeout: float | None = None,
        allow_redirects: bool = False,
    ) -> Response:
        url = uri.replace(HOME, self.base_url, 1)
        basic = aiohttp.BasicAuth(*auth) if auth else None
        async with self.session().request(
            method.upper(),
            url,
            params=_plain(params),
            data=_plain(data),
            headers=headers,
            auth=basic,
            allow_redirects=allow_redirects,
        ) as answer:
            text = await answer.text(errors="replace")
            if answer.status == 429:
                raise NotNow("20429", after=_retry_after(answer.headers.get("Retry-After")))
            return Response(answer.status, text, answer.headers)

    async def close(self) -> None:
        if self._session and not self._session.closed:
            with suppress(RuntimeError):  # its loop may be gone
                await self._session.close()


class _Timely(aiohttp.BytesPayload):
    """A request's body that doesn't leave after its time: a connection may have been long in coming, or this
    process have been stopped, and then somebody else may have sent it already."""

    def __init__(self, value: bytes, before: float) -> None:
        super().__init__(value)
        self.before = before

    async def write_with_length(self, writer: Any, content_length: int | None) -> None:
        if time.monotonic() >= self.before:
            raise TimeoutError("too late to send")  # the connection is closed, its request incomplete
        await super().write_with_length(writer, content_length)


def _plain(values: dict[str, object] | None) -> list[tuple[str, str]] | None:
    """Form fields as aiohttp takes them: lists repeated, numbers as text."""
    if values is None:
        return None
    pairs: list[tuple[str, str]] = []
    for name, value in values.items():
        for one in value if isinstance(value, list | tuple) else [value]:
            text = str(one).lower() if isinstance(one, bool) else str(one)
            pairs.append((name, text))
    return pairs


def _retry_after(header: str | None) -> float | None:
    if not header:
        return None
    if header.isdigit():
        return float(header)
    with suppress(TypeError, ValueError):
        return max(0.0, (parsedate_to_datetime(header) - datetime.now(UTC)).total_seconds())
    return None


def classify(error: BaseException) -> Failure:
    """Which of our failures an exception from the client is; anything unheard of is ambiguous."""
    if isinstance(error, Failure):
        return error
    if isinstance(error, aiohttp.ClientConnectorError):
        return NotReached(detail=type(error).__name__)  # the request was never written
    if isinstance(error, TwilioRestException | TwilioServiceException):
        return refusal(error.status, str(error.code or ""))
    # a timeout, a reset, an answer that is not JSON: the request may have arrived
    return Ambiguous(detail=type(error).__name__)


def refusal(status: int, code: str, after: float | None = None) -> Failure:
    """Which of our failures an error answer is, by its HTTP status and the carrier's code."""
    if code == "20003" or status == 401:
        return BadCredentials(code or str(status))
    if code in _LATER or status == 429:
        return NotNow(code or str(status), after=after)
    if status >= 500:
        return Ambiguous(code or str(status))
    if code == "21610":
        return OptedOut(code)
    if code in _BAD_NUMBER:
        return BadNumber(code)
    return OurMistake(code or str(status))


# a broadcast's text and sender are the same for thousands of requests
_quoted = lru_cache(maxsize=256)(quote_plus)


def _quoted_address(url: str) -> str:
    """The same as quote_plus; the part before the query is always the same one and quoted once."""
    address, mark, query = url.partition("?")
    return _quoted(address) + quote_plus(mark + query)


class TwilioCarrier:
    """Sends through the official client at ``base_url`` (without ``/2010-04-01``)."""

    def __init__(
        self,
        sid: str,
        token: str,
        hotline: str,
        *,
        base_url: str = HOME,
        concurrency: int = 100,
        timeout: float = 15.0,
    ) -> None:
        self.hotline, self.base_url = hotline, base_url.rstrip("/")
        self._auth = (sid, token)
        self._valid_most = 36000 if str(urlsplit(self.base_url).hostname).endswith(".twilio.com") else 14400
        self._http = PooledHttpClient(self.base_url, concurrency, timeout)
        self._client = Client(sid, token, http_client=self._http)
        self._headers = {
            "Authorization": aiohttp.BasicAuth(sid, token).encode(),
            "Content-Type": "application/x-www-form-urlencoded",
        }

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
        """Create one message; ``valid_seconds`` keeps it from arriving at night. What the carrier takes at most is
        asked for at most: it would refuse the message, not the number."""
        form = (
            f"To={quote_plus(to)}&From={_quoted(sender or self.hotline)}&Body={_quoted(body)}"
            f"&StatusCallback={_quoted_address(callback)}&ValidityPeriod={min(max(valid_seconds, 60), self._valid_most)}"
        )
        return await self._create("Messages", form, before)

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
        """Create one call. With ``detect`` the first webhook comes once the carrier knows who answered
        (``AnsweredBy``), for a machine after its greeting, so that our words are not spoken over it."""
        fields = [
            *(("To", to), ("From", sender or self.hotline), ("Url", url), ("Method", "POST")),
            *(
                ("StatusCallback", callback),
                ("StatusCallbackMethod", "POST"),
                ("Timeout", str(_RING_SECONDS)),
            ),
            *(("StatusCallbackEvent", event) for event in ("initiated", "ringing", "answered", "completed")),
            *([("MachineDetection", "DetectMessageEnd")] if detect else []),
        ]
        return await self._create("Calls", urlencode(fields), before)

    async def _create(self, what: str, form: str, before: float) -> Accepted:
        """One create request by hand: the client's layers cost as much again as the request (0.16 beside
        0.09 ms, measured), and this is what a broadcast does a hundred thousand times."""
        try:
            async with self._http.session().post(
                f"{self.base_url}/2010-04-01/Accounts/{self._auth[0]}/{what}.json",
                data=_Timely(form.encode(), before),
                headers=self._headers,
                allow_redirects=False,
            ) as answer:
                body, status, headers = await answer.read(), answer.status, answer.headers
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise classify(error) from error
        try:
            made = json.loads(body)
            made = made if isinstance(made, dict) else {}
        except ValueError:
            made = {}
        if status >= 300:
            raise refusal(status, str(made.get("code") or ""), _retry_after(headers.get("Retry-After")))
        if not made.get("sid"):
            raise Ambiguous(detail="no sid in the answer")
        return Accepted(str(made["sid"]), str(made.get("status") or "queued"))

    async def _list(self, what: Any, limit: int = 1000, **where: Any) -> list[Any]:
        try:
            return [row async for row in await what.stream_async(limit=limit, page_size=1000, **where)]
        except _ERRORS as error:
            raise classify(error) from error

    async def _whole_list(self, what: Any, **where: Any) -> list[Any]:
        rows = await self._list(what, _LONGEST, **where)
        if len(rows) == _LONGEST:
            raise Ambiguous(detail="the list is too long to say that something is not on it")
        return rows

    async def find_messages(self, to: str, since: datetime) -> list[Found]:
        # filtered again here: some services ignore the query (twilio.md §4)
        rows = await self._whole_list(self._client.messages, to=to, date_sent_after=_day(since))
        return [f for f in map(_message, rows) if f.to == to and _at_or_after(f, since)]

    async def find_calls(self, to: str, since: datetime) -> list[Found]:
        rows = await self._whole_list(self._client.calls, to=to, start_time_after=_day(since))
        return [f for f in map(_call, rows) if f.to == to and _at_or_after(f, since)]

    async def look_up(self, carrier_id: str, channel: str) -> Found | None:
        try:
            if channel == "sms":
                return _message(await self._client.messages(carrier_id).fetch_async())
            return _call(await self._client.calls(carrier_id).fetch_async())
        except _ERRORS as error:
            if getattr(error, "status", 0) == 404:
                return None
            raise classify(error) from error

    async def received_since(self, hotline: str, since: datetime) -> list[Found]:
        found: list[Found] = []
        older = 0
        try:
            listed = self._client.messages.stream_async(
                to=hotline, date_sent_after=_day(since), page_size=1000
            )
            async for row in await listed:
                f = _message(row)
                older = 0 if _at_or_after(f, since) else older + 1
                if (
                    older > _OLDER
                ):  # newest first: what follows is older still, and the day may hold thousands
                    break
                if not older and f.to == hotline and f.direction == "inbound":
                    found.append(f)
        except _ERRORS as error:
            raise classify(error) from error
        return found

    async def fetch_recording(self, url: str) -> tuple[bytes, str]:
        """Only from the carrier's own host and over its scheme: a forged URL must not make us call elsewhere."""
        here, there = urlsplit(self.base_url), urlsplit(url)
        # Twilio hands out api.twilio.com addresses even to accounts reached through an edge
        if (there.scheme, there.netloc) != (here.scheme, here.netloc) and not url.startswith(f"{HOME}/"):
            raise OurMistake(detail="the recording is on a foreign host")
        auth: aiohttp.BasicAuth | None = aiohttp.BasicAuth(*self._auth)
        try:
            for _ in range(_HOPS):
                async with self._http.session().get(url, auth=auth, allow_redirects=False) as answer:
                    if answer.status in (301, 302, 303, 307, 308):
                        # to its storage (Somleng): followed without our password, and never to plain http elsewhere
                        url, auth = urljoin(url, answer.headers.get("Location", "")), None
                        if not url.startswith(("https://", f"{self.base_url}/")):
                            raise OurMistake(detail="the recording leads to an unsafe place")
                        continue
                    if answer.status != 200:
                        raise NotNow(str(answer.status))
                    data = await _bounded(answer)
                    if kind := sound.ending(data):
                        return data, kind
                    # an error page with 200, or a recording that isn't written yet: not kept in its place
                    raise NotNow(detail=f"no sound but {len(data)} bytes of {answer.content_type}")
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise classify(error) from error
        raise NotNow(detail="the recording leads round in circles")

    async def forget_recording(self, carrier_id: str) -> None:
        try:
            await self._client.recordings(carrier_id).delete_async()
        except _ERRORS as error:
            if getattr(error, "status", 0) != 404:
                raise classify(error) from error

    async def close(self) -> None:
        await self._http.close()


async def _bounded(answer: aiohttp.ClientResponse) -> bytes:
    data = bytearray()
    async for part in answer.content.iter_chunked(64 * 1024):
        data += part
        if len(data) > RECORDING_LIMIT:
            raise OurMistake(detail="the recording is larger than 30 MB")
    return bytes(data)


def _day(since: datetime) -> datetime:
    # lists filter by UTC day and lag behind creation: ask for a wider window, filter by the second here
    return (since - timedelta(days=1)).astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


def _at_or_after(found: Found, since: datetime) -> bool:
    # RFC 2822 dates have whole seconds
    return found.created_at is None or found.created_at >= since.replace(microsecond=0)


def _message(row: Any) -> Found:
    return Found(
        carrier_id=row.sid,
        to=row.to or "",
        sender=row.from_ or "",
        body=row.body or "",
        status=str(row.status),
        error=str(row.error_code) if row.error_code else None,
        direction=str(row.direction),
        created_at=row.date_created or row.date_sent,
    )


def _call(row: Any) -> Found:
    return Found(
        carrier_id=row.sid,
        to=row.to or "",
        sender=getattr(row, "_from", None) or "",
        body="",
        status=str(row.status),
        error=None,
        direction=str(row.direction),
        created_at=row.date_created or row.start_time,
    )
