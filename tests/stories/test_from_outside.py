"""The same product behind another carrier: a program that is not our simulator plays Twilio."""

import json
import re
from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import requests

from tests.carrier import signature
from tests.servers import HOTLINE, SID, TOKEN, Carrier, Stack
from tests.stories.village import eventually

SUN = "+8619900000104"


def post(url: str, form: dict[str, str]) -> requests.Response:
    """A signed webhook."""
    headers = {"X-Twilio-Signature": signature(TOKEN, url, form)}
    return requests.post(url, data=form, headers=headers, timeout=30, allow_redirects=False)


@pytest.fixture(scope="module")
def carrier() -> Iterator[Carrier]:
    found = Carrier()
    yield found
    found.stop()


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
        said = "".join("".join(e.itertext()) for e in root.iter("Say"))
        waits = root.find("Gather") if root.find("Gather") is not None else root.find("Record")
        assert waits is not None, said
        url = str(waits.get("action"))
        assert url.startswith(stack.base)
    assert re.search(r"回执(\d ?){4,6}", said)
    assert json.loads(stack.cli("consultation", "show", "11", "--json"))["tally"]["2"] == 1


def test_a_broadcast_is_refused_lost_and_still_sent_once_to_each(stack: Stack, carrier: Carrier) -> None:
    words = "【拟柳村委会】明天停水"
    faults = [
        {"what": what, "match": words, "times": n, "wait": 1} for what, n in (("busy", 2), ("error_after", 1))
    ]
    carrier.behave(faults=faults, callbacks={"": ("lost", 0)})
    made = stack.cli("broadcast", "new", "--area", "NL", "--text", words, "--start", "--json")
    id = str(json.loads(made)["id"])

    def counts() -> dict[str, int]:
        found: dict[str, int] = json.loads(stack.cli("broadcast", "show", id, "--json"))["counts"]
        return found

    eventually(lambda: sum(counts()[k] for k in ("planned", "claimed", "submitting")) == 0, 90)
    ours = carrier.taken(words)
    told = [to for to, *_ in carrier.taken("")]  # calls, too
    # one create for each handset, whatever went wrong
    assert len(told) == len(set(told)) == sum(counts().values())
    for _, _, sid, callback in ours:
        for status in ("delivered", "sent"):  # out of order
            assert post(callback, {"MessageSid": sid, "MessageStatus": status}).status_code == 204
    assert counts()["delivered"] == len(ours)


def test_nothing_of_the_simulator_is_there(stack: Stack) -> None:
    assert requests.get(f"{stack.base}/phone/", timeout=30).status_code == 404
    assert requests.post(f"{stack.base}/twilio/sms", data={"MessageSid": "x"}, timeout=30).status_code == 403
    assert "simulator" not in Path(stack.log).read_text()
