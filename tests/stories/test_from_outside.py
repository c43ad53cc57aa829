"""The same product behind another carrier: a program that is not our simulator plays Twilio."""

import base64
import hashlib
import hmac
import json
import re
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import parse_qs
from xml.etree import ElementTree

import pytest
import requests

from tests.servers import Stack
from tests.stories.village import eventually

SID, TOKEN, HOTLINE, SUN = "AC" + "7" * 32, "a secret between two", "+8649900000012", "+8619900000104"


class Carrier:
    """The least a carrier can be: it takes messages and calls, and remembers them."""

    def __init__(self) -> None:
        self.messages: list[dict[str, str]] = []
        self.calls: list[dict[str, str]] = []
        self.angry = 0  # how many creates are refused with 429 first
        self.lost = 0  # how many creates are accepted and then answered with 500
        carrier = self

        class Handler(BaseHTTPRequestHandler):
            def log_message(self, *_: object) -> None:
                pass

            def do_POST(self) -> None:
                form = {
                    k: v[-1]
                    for k, v in parse_qs(
                        self.rfile.read(int(self.headers["Content-Length"])).decode()
                    ).items()
                }
                assert (
                    self.headers["Authorization"]
                    == "Basic " + base64.b64encode(f"{SID}:{TOKEN}".encode()).decode()
                )
                if carrier.angry:
                    carrier.angry -= 1
                    self._answer(
                        429, {"code": 20429, "message": "slow down", "status": 429}, **{"Retry-After": "1"}
                    )
                    return
                kind, box = ("SM", carrier.messages) if "Messages" in self.path else ("CA", carrier.calls)
                form["sid"] = f"{kind}{len(box):032x}"
                box.append(form)
                if carrier.lost:
                    carrier.lost -= 1
                    self._answer(500, {"code": 20500, "message": "oh", "status": 500})
                    return
                self._answer(201, carrier.shown(form))

            def do_GET(self) -> None:
                box = carrier.messages if "Messages" in self.path else carrier.calls
                name = "messages" if "Messages" in self.path else "calls"
                self._answer(
                    200, {name: [carrier.shown(f) for f in box], "next_page_uri": None, "page_size": 100}
                )

            def _answer(self, status: int, data: dict, **headers: str) -> None:  # type: ignore[type-arg]
                body = json.dumps(data).encode()
                self.send_response(status)
                for name, value in {
                    "Content-Type": "application/json",
                    "Content-Length": str(len(body)),
                    **headers,
                }.items():
                    self.send_header(name, value)
                self.end_headers()
                self.wfile.write(body)

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_address[1]}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @staticmethod
    def shown(form: dict[str, str]) -> dict[str, object]:
        from email.utils import formatdate

        return {
            "sid": form["sid"], "status": "queued", "to": form["To"], "from": form.get("From"), "body": form.get("Body"),
            "direction": "outbound-api", "error_code": None, "date_created": formatdate(), "date_sent": None,
        }  # fmt: skip


def post(url: str, form: dict[str, str]) -> requests.Response:
    """A signed webhook."""
    payload = url + "".join(k + form[k] for k in sorted(form))
    mark = base64.b64encode(hmac.new(TOKEN.encode(), payload.encode(), hashlib.sha1).digest()).decode()
    return requests.post(
        url, data=form, headers={"X-Twilio-Signature": mark}, timeout=30, allow_redirects=False
    )


@pytest.fixture(scope="module")
def carrier() -> Iterator[Carrier]:
    found = Carrier()
    yield found
    found.server.shutdown()


@pytest.fixture(scope="module")
def stack(carrier: Carrier, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    env = {
        "TWILIO_ACCOUNT_SID": SID, "TWILIO_AUTH_TOKEN": TOKEN, "TWILIO_API_URL": carrier.url, "HOTLINE_NUMBER": HOTLINE,
        "QUIET_HOURS": "", "CALL_HOURS": "", "LEASE_SECONDS": "5",
    }  # fmt: skip
    running = Stack(tmp_path_factory.mktemp("outside"), env, demo=True).wait()
    yield running
    assert running.stop() == 0


def text(stack: Stack, words: str, sid: str) -> str:
    answer = post(
        f"{stack.base}/twilio/sms",
        {"MessageSid": sid, "From": SUN, "To": HOTLINE, "Body": words, "AccountSid": SID},
    )
    assert answer.status_code == 200
    message = ElementTree.fromstring(answer.content).find("Message")
    return (message.text or "") if message is not None else ""


def test_an_sms_and_its_repeat_from_a_foreign_carrier_are_one_vote(stack: Stack) -> None:
    first = text(stack, "11 1", "SM-out-1")
    assert re.search(r"回执\d{4,6}", first) and text(stack, "11 1", "SM-out-1") == first
    assert json.loads(stack.cli("consultation", "show", "11", "--json"))["tally"]["1"] == 1


def test_a_call_is_led_by_its_own_action_addresses(stack: Stack) -> None:
    form = {
        "CallSid": "CA-out-1",
        "From": "+8649900000101",
        "To": HOTLINE,
        "Direction": "inbound",
        "CallStatus": "ringing",
    }
    said, url = "", f"{stack.base}/twilio/voice"
    for key in ("", "1", "1", "2", "1"):
        answer = post(url, {**form, **({"Digits": key} if key else {})})
        root = ElementTree.fromstring(answer.content)
        said = "".join(e.text or "" for e in root.iter("Say"))
        waits = root.find("Gather") if root.find("Gather") is not None else root.find("Record")
        assert waits is not None, said
        url = str(waits.get("action"))
        assert url.startswith(stack.base)
    assert re.search(r"回执(\d ?){4,6}", said)
    assert json.loads(stack.cli("consultation", "show", "11", "--json"))["tally"]["2"] == 1


def test_a_broadcast_is_refused_lost_and_still_sent_once_to_each(stack: Stack, carrier: Carrier) -> None:
    carrier.angry, carrier.lost = 2, 1
    made = stack.cli(
        "broadcast", "new", "--area", "NL", "--text", "【拟柳村委会】明天停水", "--start", "--json"
    )
    id = str(json.loads(made)["id"])

    def counts() -> dict[str, int]:
        found: dict[str, int] = json.loads(stack.cli("broadcast", "show", id, "--json"))["counts"]
        return found

    eventually(lambda: sum(counts()[k] for k in ("planned", "claimed", "submitting")) == 0, 90)
    ours = [m for m in carrier.messages if m["Body"] == "【拟柳村委会】明天停水"]
    told = [m["To"] for m in ours] + [c["To"] for c in carrier.calls]
    assert (
        len(told) == len(set(told)) == sum(counts().values())
    )  # one create for each handset, whatever went wrong
    for m in ours:
        for status in ("delivered", "sent"):  # out of order
            assert (
                post(m["StatusCallback"], {"MessageSid": m["sid"], "MessageStatus": status}).status_code
                == 204
            )
    assert counts()["delivered"] == len(ours)


def test_nothing_of_the_simulator_is_there(stack: Stack) -> None:
    assert requests.get(f"{stack.base}/phone/", timeout=30).status_code == 404
    assert requests.post(f"{stack.base}/twilio/sms", data={"MessageSid": "x"}, timeout=30).status_code == 403
    assert "simulator" not in Path(stack.log).read_text()
