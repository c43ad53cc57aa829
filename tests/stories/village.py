"""The two ends of the story: a resident's phone and an organizer's panel, both over real HTTP."""

import re
import time
from collections.abc import Callable
from typing import Any

import requests

from tests.servers import Stack


def eventually(what: Callable[[], Any], seconds: float = 30) -> Any:
    """The first true value of ``what``; AssertionError when the event doesn't come."""
    deadline = time.monotonic() + seconds
    while True:
        found = what()
        if found:
            return found
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.1)


class Phone:
    """One handset in the browser phone, through the JSON its page uses."""

    def __init__(self, stack: Stack, number: str) -> None:
        self.number, self.base, self._seen = number, f"{stack.base}/phone/api/handset/{number}", 0

    def _post(self, what: str, **data: Any) -> dict[str, Any]:
        answer = requests.post(f"{self.base}/{what}", json=data, timeout=30)
        assert answer.ok, answer.text
        found: dict[str, Any] = answer.json()
        return found

    def text(self, words: str) -> str:
        """Send an SMS; returns the reply."""
        return "".join(self._post("sms", body=words)["replies"])

    @property
    def state(self) -> dict[str, Any]:
        found: dict[str, Any] = requests.get(f"{self.base}/state", timeout=30).json()
        return found

    def inbox(self) -> list[str]:
        return [m["body"] for m in self.state["messages"] if not m["mine"]]

    def got(self, part: str, seconds: float = 30) -> str:
        """Wait for an SMS with these words."""
        return str(eventually(lambda: next((b for b in reversed(self.inbox()) if part in b), ""), seconds))

    def rings(self, seconds: float = 30) -> None:
        """Wait until somebody calls."""
        eventually(lambda: (self.state["call"] or {}).get("ringing"), seconds)

    def _heard(self, state: dict[str, Any]) -> str:
        new = [c for c in state["call"]["captions"] if c["n"] > self._seen]
        self._seen = max([self._seen, *(c["n"] for c in new)])
        return "".join(c["words"] for c in new if c["kind"] == "say")

    def dial(self) -> str:
        return self._heard(self._post("dial"))

    def answer(self) -> str:
        return self._heard(self._post("answer"))

    def press(self, *keys: str) -> str:
        said = ""
        for key in keys:
            said = self._heard(self._post("keys", digits=key))
        return said

    def say(self, words: str) -> str:
        return self._heard(self._post("record", text=words, seconds=3))

    def hangup(self) -> None:
        self._post("hangup")


class Panel:
    """An organizer's browser, without the browser: forms, cookies and the token in every form."""

    def __init__(self, stack: Stack, login: str, password: str) -> None:
        self.base, self.session = stack.base, requests.Session()
        self.page = self.get("/admin/login")
        self.page = self.post("/admin/login", login=login, password=password)
        assert "在办的事" in self.page

    def get(self, path: str) -> str:
        answer = self.session.get(self.base + path, timeout=30)
        assert answer.ok, f"{path}: {answer.status_code}"
        self.page = answer.text
        return answer.text

    def post(self, path: str, files: Any = None, **fields: Any) -> str:
        token = re.search(r'name="csrf_token" value="([^"]+)"', self.page)
        data = {**fields, "csrf_token": token[1] if token else ""}
        answer = self.session.post(self.base + path, data=data, files=files, timeout=30)
        assert answer.ok, f"{path}: {answer.status_code} {answer.text[-800:]}"
        self.page, self.at = answer.text, answer.url
        return answer.text
