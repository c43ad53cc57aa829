"""A carrier for the tests, as a program of its own: it speaks Twilio's protocol, remembers what it accepted, and
fails as it is told to.

    python -m tests.carrier PORT ACCOUNT_SID AUTH_TOKEN

Faults, each for creates whose text contains ``match`` (empty: all), for the next ``times`` of them:
``busy`` 429 with Retry-After ``wait`` · ``error`` 500, not accepted · ``error_after`` 500, accepted ·
``html`` 502 as HTML, not accepted · ``html_after`` · ``reset_after`` and ``hang_after`` (for ``wait`` seconds), accepted
· ``stranger`` 401. Callbacks: ``normal``, ``lost``, ``doubled``, ``reordered``, ``late`` (after ``wait``), ``early``
(before the create is answered).
"""

import asyncio
import base64
import hashlib
import hmac
import socket
import struct
import sys
import time
from dataclasses import dataclass, field
from email.utils import formatdate
from typing import Any

import aiohttp
from aiohttp import web

REFUSALS = {
    "busy": (429, 20429), "error": (500, 20500), "error_after": (500, 20500), "stranger": (401, 20003),
}  # fmt: skip
STEPS = {"SM": ("sent", "delivered"), "CA": ("ringing", "completed")}
ACCEPTS = ("error_after", "html_after", "reset_after", "hang_after")


@dataclass
class Fault:
    """What goes wrong with the next ``times`` creates whose text contains ``match``."""

    what: str
    match: str = ""
    times: int = 1
    wait: float = 0.0


@dataclass
class Kept:
    """One message or call the carrier accepted."""

    sid: str
    to: str
    sender: str
    body: str
    callback: str
    at: float = field(default_factory=time.time)
    status: str = "queued"

    def shown(self) -> dict[str, Any]:
        """As Twilio's resources look, as far as anybody reads them."""
        return {
            "sid": self.sid, "status": self.status, "to": self.to, "from": self.sender, "body": self.body,
            "direction": "outbound-api", "error_code": None, "date_created": formatdate(self.at),
            "date_sent": formatdate(self.at), "start_time": formatdate(self.at),
        }  # fmt: skip


class Carrier:
    """The account's messages and calls, and how they are to go wrong."""

    def __init__(self, sid: str, token: str) -> None:
        self.sid, self.token = sid, token
        self.basic = "Basic " + base64.b64encode(f"{sid}:{token}".encode()).decode()
        self.kept: dict[str, list[Kept]] = {"Messages": [], "Calls": []}
        self.by_sid: dict[str, Kept] = {}
        self.faults: list[Fault] = []
        self.callbacks: dict[str, tuple[str, float]] = {}  # text → mode, wait
        self.latency = 0.0
        self.list_lag = 0.0  # seconds until a list shows what was accepted
        self.list_filters = True
        self.list_down = False
        self.valid_most = 36000  # seconds; Somleng takes 14400
        self.counted: dict[
            str, int
        ] = {}  # how often each fault struck, requests, callbacks and their answers
        self.news = asyncio.Condition()
        self.tasks: set[asyncio.Task[None]] = set()
        self.out: aiohttp.ClientSession | None = None

    def count(self, what: str) -> None:
        self.counted[what] = self.counted.get(what, 0) + 1

    # -- the account's API ---------------------------------------------------------------------

    async def create(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("Authorization") != self.basic:
            return _problem(401, 20003)
        form, what = await request.post(), request.match_info["what"]
        body = str(form.get("Body", ""))
        self.count(f"create {what}")
        if int(str(form.get("ValidityPeriod", 0))) > self.valid_most:
            return _problem(422, 20422)
        if self.latency:
            await asyncio.sleep(self.latency)
        fault = next((f for f in self.faults if f.times > 0 and f.match in body), None)
        if fault:
            fault.times -= 1
            self.count(fault.what)
        if fault and fault.what not in ACCEPTS:
            return _fail(request, fault)
        kind = {"Messages": "SM", "Calls": "CA"}[what]
        one = Kept(
            f"{kind}{len(self.by_sid):032x}", str(form["To"]), str(form.get("From", "")), body,
            str(form.get("StatusCallback", "")),
        )  # fmt: skip
        self.by_sid[one.sid] = one
        self.kept[what].append(one)
        answer = one.shown()
        mode, wait = next((m for text, m in self.callbacks.items() if text in body), ("normal", 0.0))
        if mode == "early":
            await self._tell(one, mode, wait)
        else:
            task = asyncio.create_task(self._tell(one, mode, wait))
            self.tasks.add(task)
            task.add_done_callback(self.tasks.discard)
        async with self.news:
            self.news.notify_all()
        if fault and fault.what == "hang_after":
            await asyncio.sleep(fault.wait)
        return _fail(request, fault) if fault else web.json_response(answer, status=201)

    async def list_(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != self.basic:
            return _problem(401, 20003)
        self.count("list")
        if self.list_down:
            return _problem(500, 20500)
        q, what = request.query, request.match_info["what"]
        latest = time.time() - self.list_lag
        rows = [k for k in reversed(self.kept[what]) if k.at <= latest]  # newest first, as Twilio's lists
        if self.list_filters:
            since = next((v[:10] for name, v in q.items() if name.endswith(">")), "")
            rows = [k for k in rows if q.get("To", k.to) == k.to and _day(k.at) >= since]
        size, page = int(q.get("PageSize", 50)), int(q.get("Page", 0))
        more = (page + 1) * size < len(rows)
        next_page = request.rel_url.update_query(Page=page + 1) if more else None
        return web.json_response(
            {
                what.lower(): [k.shown() for k in rows[page * size : (page + 1) * size]],
                "next_page_uri": str(next_page) if next_page else None,
                "page_size": size,
                "page": page,
            }
        )

    async def fetch(self, request: web.Request) -> web.Response:
        if request.headers.get("Authorization") != self.basic:
            return _problem(401, 20003)
        self.count("fetch")
        one = self.by_sid.get(request.match_info["sid"])
        return web.json_response(one.shown()) if one else _problem(404, 20404)

    # -- callbacks -----------------------------------------------------------------------------

    async def _tell(self, one: Kept, mode: str, wait: float) -> None:
        steps = STEPS[one.sid[:2]]
        one.status = steps[-1]
        if mode == "lost" or not one.callback:
            return
        if mode == "late":
            await asyncio.sleep(wait)
        told = {"doubled": [s for s in steps for _ in (0, 1)], "reordered": list(reversed(steps))}
        for status in told.get(mode, list(steps)):
            await self._post(one, status)

    async def _post(self, one: Kept, status: str) -> None:
        name = {"SM": "Message", "CA": "Call"}[one.sid[:2]]
        form = {f"{name}Sid": one.sid, f"{name}Status": status, "AccountSid": self.sid, "To": one.to}
        self.out = self.out or aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=16))
        headers = {"X-Twilio-Signature": signature(self.token, one.callback, form)}
        try:
            async with self.out.post(one.callback, data=form, headers=headers) as answer:
                self.count(f"callback {answer.status}")
        except (aiohttp.ClientError, OSError, TimeoutError):
            self.count("callback not reached")  # and not told again, as Twilio

    # -- control -------------------------------------------------------------------------------

    async def control(self, request: web.Request) -> web.Response:
        given = await request.json()
        for name, value in given.items():
            if name == "faults":
                self.faults = [Fault(**f) for f in value]
            elif name == "callbacks":
                self.callbacks = {text: (mode, float(wait)) for text, (mode, wait) in value.items()}
            else:
                setattr(self, name, value)
        return web.json_response({})

    async def taken(self, request: web.Request) -> web.Response:
        """What was accepted: [[to, body], …]; answers once there are ``atleast`` or ``seconds`` are over."""
        match, least = request.query.get("match", ""), int(request.query.get("atleast", 0))

        def ours() -> list[Kept]:
            return [k for box in self.kept.values() for k in box if match in k.body]

        async with self.news:
            try:
                async with asyncio.timeout(float(request.query.get("seconds", 0)) or None):
                    await self.news.wait_for(lambda: len(ours()) >= least)
            except TimeoutError:
                pass
        return web.json_response(
            {"taken": [[k.to, k.body, k.sid, k.callback] for k in ours()], "counted": self.counted}
        )


def signature(token: str, url: str, form: dict[str, str]) -> str:
    """X-Twilio-Signature: HMAC-SHA1 of the address and the sorted fields."""
    payload = url + "".join(k + form[k] for k in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), payload.encode(), hashlib.sha1).digest()).decode()


def _day(at: float) -> str:
    return time.strftime("%Y-%m-%d", time.gmtime(at))


def _problem(status: int, code: int, **headers: str) -> web.Response:
    return web.json_response(
        {"code": code, "message": "as told", "status": status}, status=status, headers=headers
    )


def _fail(request: web.Request, fault: Fault) -> web.StreamResponse:
    if fault.what == "busy":
        return _problem(429, 20429, **{"Retry-After": str(int(fault.wait))})
    if fault.what in REFUSALS:
        return _problem(*REFUSALS[fault.what])
    if fault.what in ("html", "html_after"):
        return web.Response(
            status=502, text="<html><h1>502 Bad Gateway</h1></html>", content_type="text/html"
        )
    # reset, or hung up after hanging: the connection ends without an answer
    assert request.transport is not None
    wire = request.transport.get_extra_info("socket")
    wire.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    request.transport.abort()
    return web.Response()


def program(sid: str, token: str) -> web.Application:
    """The web application of one account."""
    carrier, app = Carrier(sid, token), web.Application()
    account = f"/2010-04-01/Accounts/{sid}"
    app.router.add_post(f"{account}/{{what:Messages|Calls}}.json", carrier.create)
    app.router.add_get(f"{account}/{{what:Messages|Calls}}.json", carrier.list_)
    app.router.add_get(f"{account}/{{what:Messages|Calls}}/{{sid}}.json", carrier.fetch)
    app.router.add_post("/control", carrier.control)
    app.router.add_get("/control/taken", carrier.taken)
    return app


if __name__ == "__main__":
    # a request is worked on to its end also when its sender is dead, as at a real carrier
    made = program(sys.argv[2], sys.argv[3])
    web.run_app(made, host="127.0.0.1", port=int(sys.argv[1]), access_log=None, print=None)
