"""The browser phone hears clips and words in their order, and still reads what is said."""

from collections.abc import Iterator
from typing import Any

import pytest
import requests

from gateway.app import create_app
from gateway.runtime import Runtime
from tests.conftest import WANG
from tests.servers import Web


@pytest.fixture
def phone(village: Runtime) -> Iterator[str]:
    """王德顺's landline in a village whose calls are led with recordings."""
    web = Web(village, voice_prompts="recordings")
    village.prompts.pretend(lambda: False)
    with web as base:
        yield f"{base}/phone/api/handset/{WANG.phone}"


def do(phone: str, what: str, **data: Any) -> dict[str, Any]:
    answer = requests.post(f"{phone}/{what}", json=data, timeout=20)
    assert answer.ok, answer.text
    call: dict[str, Any] = answer.json()["call"]
    return call


def test_a_call_of_clips_is_read_as_sentences_and_heard_in_order(phone: str) -> None:
    call = do(phone, "dial")
    said = [c for c in call["captions"] if c["kind"] == "say"]
    assert said[0]["words"] == "您好，这里是拟柳村协商热线，您不用花话费。"
    parts = said[0]["parts"]
    assert [p["words"] for p in parts if p["words"]] == ["您好，这里是", "拟柳村", "协商热线，您不用花话费。"]
    assert [bool(p["sound"]) for p in parts][:3] == [True, False, True]
    assert all(
        p["sound"].startswith("/audio/") for p in parts if p["sound"]
    )  # the page may only fetch from its own
    assert call["wants"] == "keys" and "请按1。" in "".join(c["words"] for c in said)
    assert not any("停" in c["words"] for c in said)


def test_a_key_cuts_the_clips_off_and_the_call_goes_on(phone: str) -> None:
    first = do(phone, "dial")
    then = do(phone, "keys", digits="1")
    new = "".join(c["words"] for c in then["captions"] if c["n"] > first["captions"][-1]["n"])
    assert new.startswith("1") and "王德顺，您好。" in new and "听正在商量的事，请按1。" in new


def test_a_clip_that_is_not_there_is_in_the_debugger_and_the_call_goes_on(
    phone: str, village: Runtime
) -> None:
    village.prompts.file = lambda name: None  # type: ignore[method-assign]
    call = do(phone, "dial")
    assert call["status"] == "in-progress" and call["wants"] == "keys"
    errors = requests.get(phone.split("/handset")[0] + "/errors", timeout=10).json()["errors"]
    assert any(e["code"] == "11200" and "/audio/" in e["detail"] for e in errors)


def test_a_carrier_file_from_before_there_were_clips_is_taken_over(village: Runtime) -> None:
    import sqlite3

    path = village.settings.data_dir / "carrier.db"
    with sqlite3.connect(path) as db:
        db.execute("CREATE TABLE captions (n INTEGER PRIMARY KEY, call TEXT, kind TEXT, words TEXT)")
        db.execute("INSERT INTO captions (call, kind, words) VALUES ('CA1', 'say', '您好。')")
    assert create_app(runtime=village) and create_app(runtime=village)
    with sqlite3.connect(path) as db:
        assert db.execute("SELECT words, parts FROM captions").fetchone() == ("您好。", None)
