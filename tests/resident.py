"""Residents in tests: what they text and press, as the carrier brings it, and what became of it."""

import re
from xml.etree import ElementTree

from sqlalchemy import func, select

from gateway import inbound
from gateway.consultation import ballots, matters
from gateway.runtime import Runtime
from tests.conftest import Resident

HOTLINE = "+8649900000012"
_count = iter(range(10**6))


def text(rt: Runtime, who: Resident, words: str, sid: str = "", **more: str) -> str:
    """Send an SMS; returns the reply's words, or “” for silence."""
    sid = sid or f"SM{next(_count):032d}"
    form = {"MessageSid": sid, "From": who.phone, "To": HOTLINE, "Body": words, **more}
    message = ElementTree.fromstring(inbound.sms(rt, form)).find("Message")
    return (message.text or "") if message is not None else ""


class Call:
    """A call in progress: what was said last, and how to press keys."""

    def __init__(self, rt: Runtime, who: Resident) -> None:
        self.rt, self.sid, self.who = rt, f"CA{next(_count):032d}", who
        self.heard = self._post({}, {})

    def _post(self, form: dict[str, str], query: dict[str, str]) -> str:
        form = {"CallSid": self.sid, "From": self.who.phone, "To": HOTLINE, "Direction": "inbound", **form}
        self.document = inbound.voice(self.rt, form, query)
        root = ElementTree.fromstring(self.document)
        found = re.search(r"\?c=(\d+)&amp;t=(\d+)", self.document)
        self.next = {"c": found[1], "t": found[2]} if found else {}
        self.heard = "".join("".join(e.itertext()) for e in root.iter("Say"))
        return self.heard

    def press(self, digits: str, **query: str) -> str:
        return self._post({"Digits": digits}, {**self.next, **query})

    def silence(self) -> str:
        return self._post({}, {**self.next, "silence": "1"})

    def speak(self, seconds: int = 3, digits: str = "#") -> str:
        form = {
            "RecordingUrl": "http://127.0.0.1/R",
            "RecordingSid": f"RE{next(_count):032d}",
            "Digits": digits,
        }
        return self._post({**form, "RecordingDuration": str(seconds)}, self.next)


def tally(rt: Runtime, number: int) -> dict[str, int]:
    with rt.db.read() as s:
        c = matters.find(s, number)
        assert c
        return ballots.tally(s, c).counts


def rows(rt: Runtime, model) -> int:  # type: ignore[no-untyped-def]
    with rt.db.read() as s:
        return s.scalar(select(func.count()).select_from(model)) or 0
