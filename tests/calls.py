"""A call between a handset and us, led by the addresses in our own answers, as a carrier would."""

import re
from xml.etree import ElementTree

from gateway import conversations, inbound
from gateway.runtime import Runtime


class Call:
    """One call between a handset and us, led by the addresses in our answers."""

    def __init__(self, rt: Runtime, phone: str, sid: str, url: str = "", **more: str) -> None:
        self.rt, self.url = rt, url
        direction = "outbound-api" if url else "inbound"
        hotline = rt.settings.hotline
        here, there = (hotline, phone) if url else (phone, hotline)
        self.form = {
            "CallSid": sid,
            "Direction": direction,
            "From": here,
            "To": there,
            "CallStatus": "in-progress",
        }
        self.said = self._ask(more)

    def _ask(self, more: dict[str, str]) -> str:
        query = dict(re.findall(r"([a-z]+)=([^&]+)", self.url.partition("?")[2]))
        self.document = inbound.voice(self.rt, {**self.form, **more}, query)
        root = ElementTree.fromstring(self.document.encode())
        wait = next((e for e in root.iter() if e.tag in ("Gather", "Record", "Dial")), None)
        self.url = str(wait.get("action")) if wait is not None else ""
        self.spoken = [(str(e.get("language")), "".join(e.itertext())) for e in root.iter("Say")]
        self.said = "".join(words for _, words in self.spoken)
        self.played = [str(e.text) for e in root.iter("Play")]
        return self.said

    def press(self, *keys: str) -> str:
        """Press keys one after the other; returns what is said after the last."""
        for key in keys:
            self._ask({"Digits": key})
        return self.said

    def record(self, sid: str, key: str = "#", seconds: int = 3) -> str:
        """Speak after the tone and end with ``key``."""
        url = f"https://carrier.example/{sid}"
        more = {"RecordingSid": sid, "RecordingUrl": url, "RecordingDuration": str(seconds), "Digits": key}
        return self._ask(more)

    def wait(self) -> str:
        """Press nothing until the redirect behind the question is followed."""
        self.url += "&silence=1"
        return self._ask({})

    def hang_up(self) -> None:
        with self.rt.db.write() as s:
            conversations.ended(s, self.form["CallSid"])
