"""The make-believe network: webhooks out (signed), status callbacks, and how it misbehaves when asked to."""

import base64
import hashlib
import hmac
import json
import secrets
import threading
import time
import zlib
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import requests

from gateway.simulator.store import Row, Store, new_sid

_SHARDS = 4  # callbacks of one message stay in order: each belongs to one shard
# a phone's request waits here while the product answers it on another thread: leave threads for that
_WAITING_PHONES = 6


@dataclass(frozen=True)
class SimulatorConfig:
    """Where the product is, what it is called, and whose telephones there are.

    ``public_url`` is what gets signed; ``webhook_base`` is where the product listens on this machine.
    """

    path: Path
    account_sid: str
    auth_token: str
    public_url: str
    webhook_base: str
    hotline: str
    handsets: Callable[[], list[dict[str, Any]]]
    others: tuple[str, ...] = ()  # more numbers of the product's that may be rung


def signature(token: str, url: str, form: Mapping[str, str]) -> str:
    """X-Twilio-Signature: HMAC-SHA1 over the URL and the sorted parameters (twilio.md §1)."""
    payload = url + "".join(name + form[name] for name in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), payload.encode(), hashlib.sha1).digest()).decode()


class Network:
    """Messages between handsets and the product. Calls are in :mod:`gateway.simulator.calls`."""

    def __init__(self, config: SimulatorConfig, store: Store) -> None:
        self.config, self.store = config, store
        self._room = threading.BoundedSemaphore(_WAITING_PHONES)
        self._wake = [threading.Event() for _ in range(_SHARDS)]
        self._session = threading.local()
        for shard in range(_SHARDS):
            threading.Thread(
                target=self._dispatch, args=(shard,), daemon=True, name=f"carrier-{shard}"
            ).start()

    # -- webhooks ------------------------------------------------------------------------

    def post(self, url: str, form: Mapping[str, str], again: str = "") -> requests.Response:
        """One signed webhook. Raises requests.RequestException."""
        target = url
        if url.startswith(self.config.public_url):
            target = self.config.webhook_base + url[len(self.config.public_url) :]
        headers = {
            "X-Twilio-Signature": signature(self.config.auth_token, url, form),
            "I-Twilio-Idempotency-Token": again or secrets.token_hex(16),
            "User-Agent": "TwilioProxy/1.1 (simulator)",
        }
        session: requests.Session = getattr(self._session, "it", None) or requests.Session()
        self._session.it = session
        return session.post(target, data=dict(form), headers=headers, timeout=(5, 15), allow_redirects=False)

    def ask(self, url: str, form: Mapping[str, str], again: str = "") -> requests.Response | None:
        """A webhook whose answer a handset waits for; None (and an entry in the debugger) when there is none."""
        with self._room:
            try:
                answer = self.post(url, form, again)
            except requests.RequestException as error:
                self.store.error("11200", f"{url}: {type(error).__name__}")
                return None
        if answer.status_code >= 300:
            self.store.error("11200", f"{url}: HTTP {answer.status_code}")
            return None
        return answer

    # -- SMS -----------------------------------------------------------------------------

    def text(self, sender: str, body: str, repeat: int = 0) -> Row:
        """A resident sends an SMS to the hotline; the product's replies arrive on the same handset."""
        from gateway.simulator import twiml

        message = self.store.message("inbound", sender, self.config.hotline, body, "received")
        sid, again = message["sid"], secrets.token_hex(16)
        form = {
            "MessageSid": sid, "SmsSid": sid, "SmsMessageSid": sid, "AccountSid": self.config.account_sid,
            "From": sender, "To": self.config.hotline, "Body": body, "NumMedia": "0", "NumSegments": "1",
            "SmsStatus": "received", "ApiVersion": "2010-04-01", "FromCountry": "CN", "ToCountry": "CN",
        }  # fmt: skip
        answers = [self.ask(f"{self.config.public_url}/twilio/sms", form, again) for _ in range(repeat + 1)]
        replies = twiml.messages(answers[0].content) if answers[0] is not None else []
        if replies is None:
            self.store.error("12100", "the answer to an SMS is not TwiML")
            replies = []
        for reply in replies:
            # a repeated webhook is the same message: the network sends its reply once
            self.store.message("outbound-reply", self.config.hotline, sender, reply, "delivered")
        return {
            "sid": sid,
            "replies": replies,
            "answers": [a.text if a is not None else None for a in answers],
        }

    def accept_message(self, to: str, body: str, callback: str, sender: str = "") -> Row:
        """The product hands over an SMS: it is queued, and callbacks tell what became of it."""
        from_ = sender or self.config.hotline
        message = self.store.message("outbound-api", from_, to, body, "queued", callback)
        self._then(message, self.behaviour(to))
        return message

    def _then(self, message: Row, how: dict[str, Any]) -> None:
        fate, _, code = str(how["delivery"]).partition(":")
        steps = {"delivered": ["sent", "delivered"], "never": ["sent"]}.get(fate, ["sent", fate])
        self.store.change("messages", message["sid"], status=steps[-1], error=code or None)
        forms = [
            {
                "MessageSid": message["sid"], "SmsSid": message["sid"], "MessageStatus": step, "SmsStatus": step,
                "AccountSid": self.config.account_sid, "From": message["sender"], "To": message["receiver"],
                "ApiVersion": "2010-04-01", **({"ErrorCode": code} if code and step == steps[-1] else {}),
            }
            for step in steps
        ]  # fmt: skip
        self.call_back(message["sid"], message["callback"], forms, how)

    def call_back(self, sid: str, url: str, forms: list[dict[str, str]], how: dict[str, Any]) -> None:
        """Queue status callbacks, mangled the way ``how`` asks for."""
        if not url:
            return
        kind, _, amount = str(how["callbacks"]).partition(":")
        if kind == "lost":
            return
        if kind == "reordered":
            forms = forms[::-1]
        if kind == "repeated":
            forms = [form for form in forms for _ in range(int(amount or 2))]
        due = time.time() + (float(amount or 2) if kind == "late" else 0)
        shard = zlib.crc32(sid.encode()) % _SHARDS
        with self.store.write() as db:
            db.executemany(
                "INSERT INTO callbacks (shard, url, form, due) VALUES (?, ?, ?, ?)",
                [(shard, url, json.dumps(form), due) for form in forms],
            )
        self._wake[shard].set()

    def _dispatch(self, shard: int) -> None:
        """Deliver this shard's callbacks in order, also those a former process left behind."""
        while True:
            try:
                due = self.store.one(
                    "SELECT n, url, form FROM callbacks WHERE state = 0 AND shard = ? AND due <= ? ORDER BY due, n LIMIT 1",
                    shard, time.time(),
                )  # fmt: skip
                if due is None:
                    self._wake[shard].wait(0.5)
                    self._wake[shard].clear()
                    continue
                with self.store.write() as db:
                    taken = db.execute(
                        "UPDATE callbacks SET state = 1 WHERE n = ? AND state = 0", (due["n"],)
                    ).rowcount
                if taken:
                    self._deliver(due["url"], json.loads(due["form"]))
            except Exception as error:  # the network goes on whatever happens to one callback
                self.store.error("simulator", f"{type(error).__name__}: {error}")
                time.sleep(0.2)

    def _deliver(self, url: str, form: dict[str, str]) -> None:
        for attempt in (1, 2):  # one retry, on connection failure only (twilio.md §1)
            try:
                answer = self.post(url, form)
            except requests.ConnectionError as error:
                if attempt == 2:
                    self.store.error("11200", f"{url}: {type(error).__name__}")
                continue
            except requests.RequestException as error:
                self.store.error("11200", f"{url}: {type(error).__name__}")
                return
            if answer.status_code >= 400:
                self.store.error("15003", f"{url}: HTTP {answer.status_code}")
            return

    # -- behaviour -----------------------------------------------------------------------

    NORMAL: dict[str, Any] = {
        "create": "normal",
        "delivery": "delivered",
        "callbacks": "normal",
        "answer": "ring",
    }

    def behaviour(self, number: str = "") -> dict[str, Any]:
        """How the network treats this handset now: its own switches, else the general ones."""
        switches = self.store.fact("behaviour") or {}
        return {**self.NORMAL, **switches.get("", {}), **switches.get(number, {})}

    def behave(self, number: str, **how: Any) -> None:
        """Set switches for one handset, or for all with an empty number; none given goes back to normal."""
        switches = self.store.fact("behaviour") or {}
        switches[number] = {**switches.get(number, {}), **how} if how else {}
        self.store.set_fact("behaviour", switches)

    def spend(self) -> str:
        """The ``create`` switch; ``500:3`` misbehaves for three requests, then all is normal again."""
        kind, _, left = str(self.behaviour()["create"]).partition(":")
        if left:
            rest = int(left) - 1
            self.behave("", create=f"{kind}:{rest}" if rest > 0 else "normal")
        return kind


__all__ = ["Network", "SimulatorConfig", "new_sid", "signature"]
