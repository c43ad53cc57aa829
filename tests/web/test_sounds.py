"""What a carrier plays is fetched without a signature, kept for ever, and nothing else is given out."""

from collections.abc import Iterator
from pathlib import Path
from xml.etree import ElementTree

import pytest
import requests
from sqlalchemy import select

from gateway import inbound
from gateway.models.person import Person
from gateway.runtime import Runtime
from gateway.spoken import riff
from tests.conftest import WANG
from tests.servers import Web
from tests.spoken.test_shelf import Hum


@pytest.fixture
def served(village: Runtime) -> Iterator[str]:
    """The village behind a real web server, its calls led with recordings."""
    web = Web(village, voice_prompts="recordings")
    village.prompts.pretend(lambda: True)
    with web as base:
        yield base


def addresses(rt: Runtime, **form: str) -> tuple[list[str], str]:
    """The clips a call begins with, and what is left to the carrier's voice."""
    asked = {"CallSid": "CA1", "From": WANG.phone, "To": rt.settings.hotline, "Direction": "inbound", **form}
    root = ElementTree.fromstring(inbound.voice(rt, asked, {}).encode())
    return [str(e.text) for e in root.iter("Play")], "".join(e.text or "" for e in root.iter("Say"))


def test_every_clip_of_a_call_can_be_fetched_and_says_what_it_should(village: Runtime, served: str) -> None:
    plays, left = addresses(village)
    assert len(plays) > 4 and "拟柳村" in left and "按" not in left
    heard = ""
    for url in plays:
        answer = requests.get(url, timeout=10)
        assert answer.status_code == 200 and answer.headers["Content-Type"] == "audio/wav"
        assert "immutable" in answer.headers["Cache-Control"] and "public" in answer.headers["Cache-Control"]
        assert "Set-Cookie" not in answer.headers
        heard += riff.caption(answer.content)
    assert "您好，这里是" in heard and "请按1。" in heard


def test_what_was_left_is_a_clip_in_the_next_call(village: Runtime, served: str) -> None:
    addresses(village)
    assert village.prompts.shelf.render(Hum) > 0
    plays, left = addresses(village, CallSid="CA2")
    assert left == ""
    with village.db.read() as s:
        names = list(s.scalars(select(Person.name)))
    assert not any(name in url for url in plays for name in names)
    for url in plays:
        assert requests.get(url, timeout=10).ok


def test_a_part_and_a_repeat_are_answered_as_players_ask(village: Runtime, served: str) -> None:
    url = addresses(village)[0][0]
    part = requests.get(url, headers={"Range": "bytes=0-99"}, timeout=10)
    assert part.status_code == 206 and len(part.content) == 100
    whole = requests.get(url, timeout=10)
    again = requests.get(url, headers={"If-None-Match": whole.headers["ETag"]}, timeout=10)
    assert again.status_code == 304 and requests.head(url, timeout=10).status_code == 200
    assert requests.post(url, timeout=10).status_code == 405


@pytest.mark.parametrize(
    "path",
    [
        "../secret.key",
        "..%2f..%2fsecret.key.wav",
        "%2e%2e/voice/wanted.wav",
        "index.wav",
        "0000000000000000-00000000.wav",
        f"t{'0' * 32}.wav",
        ".wav",
        "a\u0301.wav",
    ],
)
def test_nothing_else_is_given_out(village: Runtime, served: str, path: str) -> None:
    (Path(village.settings.data_dir) / "voice").mkdir(exist_ok=True)
    with requests.Session() as session:
        asked = requests.Request("GET", served + "/audio/x").prepare()
        asked.url = f"{served}/audio/{path}"
        assert session.send(asked, timeout=10).status_code == 404
