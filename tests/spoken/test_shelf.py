"""Names and notices are rendered where nobody waits, kept for a while, and found by nobody who doesn't know them."""

import os
import stat
import time
from pathlib import Path

import pytest

from gateway import foreseen, inbound, jobs
from gateway.runtime import Runtime
from gateway.settings import Settings
from gateway.simulator.tone import tone
from gateway.spoken import kokoro, riff
from gateway.spoken.prompts import Prompts
from gateway.spoken.shelf import LOUDSPEAKER, Shelf
from tests.conftest import settings_for


class Hum:
    """Stands in for the voice: a tone as long as the words."""

    def __init__(self) -> None:
        self.said: list[str] = []

    def telephone(self, words: str) -> bytes:
        self.said.append(words)
        if words == "……":
            raise ValueError("nothing to say")
        return riff.pack(b"\x7f\x80" * 800 * len(words), words)

    def loudspeaker(self, words: str) -> bytes:
        self.said.append(words)
        return tone(len(words) // 4 + 1)


@pytest.fixture
def shelf(tmp_path: Path) -> Shelf:
    return Shelf(tmp_path / "voice", b"a secret of this installation")


def test_what_is_wanted_is_rendered_once_and_then_there(shelf: Shelf) -> None:
    hum = Hum()
    assert shelf.find("王德顺") is None and shelf.want("王德顺") and shelf.want("王德顺")
    assert shelf.waits("王德顺")
    assert shelf.render(lambda: hum) == 1 and hum.said == ["王德顺"]
    name = shelf.find("王德顺")
    assert name and not shelf.waits("王德顺") and not shelf.want("王德顺")
    path = shelf.path(name)
    assert path and riff.caption(path.read_bytes()) == "王德顺"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


def test_a_name_can_not_be_guessed_without_the_secret(shelf: Shelf, tmp_path: Path) -> None:
    other = Shelf(tmp_path / "voice", b"another secret")
    assert shelf.name("王德顺") != other.name("王德顺") and "王" not in shelf.name("王德顺")
    assert shelf.name("王德顺") != shelf.name("王德顺", LOUDSPEAKER)


@pytest.mark.parametrize("name", ["../secret.key", "t" + "0" * 31, "wanted", "", "t" + "0" * 32, "x" * 33])
def test_only_names_we_gave_out_are_opened(shelf: Shelf, name: str) -> None:
    assert shelf.path(name) is None


def test_what_can_not_be_said_is_wanted_no_longer(shelf: Shelf) -> None:
    shelf.want("……")
    assert shelf.render(Hum) == 0 and shelf.wanted() == []


def test_a_long_list_is_rendered_a_few_seconds_at_a_time(shelf: Shelf) -> None:
    for n in range(3):
        shelf.want(f"第{n}位")
    assert shelf.render(Hum, seconds=-1) == 0 and len(shelf.wanted()) == 3
    assert shelf.render(Hum, stop=lambda: True) == 0
    assert shelf.render(Hum) == 3


def test_what_somebody_waits_for_at_a_page_comes_first(shelf: Shelf) -> None:
    shelf.want("孙长河")
    shelf.want("拟柳村通知。", LOUDSPEAKER)
    hum = Hum()
    shelf.render(lambda: hum)
    assert hum.said == ["拟柳村通知。", "孙长河"]


def test_the_shelf_is_bounded_and_what_is_in_use_stays(shelf: Shelf) -> None:
    for words in ("王德顺", "刘桂兰", "孙长河"):
        shelf.want(words)
    shelf.render(Hum)
    old, older, new = (shelf.path(shelf.name(w)) for w in ("王德顺", "刘桂兰", "孙长河"))
    assert old and older and new
    now = time.time()
    os.utime(old, (now - 7200, now - 7200))
    os.utime(older, (now - 91 * 86400, now - 91 * 86400))
    assert shelf.sweep() == 1 and not older.exists()
    assert shelf.sweep(most=10) == 1 and not old.exists() and new.exists()


def test_notes_do_not_pile_up_without_end(shelf: Shelf, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("gateway.spoken.shelf._MOST_NOTES", 2)
    assert [shelf.want(words) for words in ("甲", "乙", "丙")] == [True, True, False]


# ---- with the prompts -------------------------------------------------------------------------------------


@pytest.fixture
def prompts(tmp_path: Path) -> Prompts:
    found = Prompts(settings_for(tmp_path, "sqlite:///x.db", voice_prompts="recordings"))
    found.pretend(lambda: True)
    return found


def test_a_name_is_said_the_first_time_and_played_from_then_on(prompts: Prompts) -> None:
    recorded = prompts.recorded("zh-CN")
    assert recorded
    (name, before), _rest = recorded("王德顺，您好。")[:2]
    assert (name, before) == ("王德顺", None)
    prompts.shelf.render(Hum)
    assert str(recorded("王德顺，您好。")[0][1]).endswith(f"/audio/{prompts.shelf.name('王德顺')}.wav")


def test_a_notice_rendered_ahead_is_one_piece(prompts: Prompts) -> None:
    assert prompts.foresee(["屯中路要修水泥路，六月二十号截止。（停一秒）谢谢您，再见。"], "zh-CN") == 1
    prompts.shelf.render(Hum)
    recorded = prompts.recorded("zh-CN")
    assert recorded and [words for words, _ in recorded("屯中路要修水泥路，六月二十号截止。")] == [
        "屯中路要修水泥路，六月二十号截止。"
    ]


def test_what_is_no_mandarin_is_left_to_a_carrier_that_can_read_it(prompts: Prompts) -> None:
    recorded = prompts.recorded("zh-CN")
    assert recorded
    for words in ("For English, press 2.", "한국어는 2번.", "村部装WiFi。"):
        recorded(words)
    assert prompts.shelf.wanted() == [] and prompts.foresee(["For English, press 2."], "zh-CN") == 0


def test_without_the_extra_nothing_is_noted_and_names_stay_with_the_carriers_voice(prompts: Prompts) -> None:
    prompts.pretend(lambda: False)
    recorded = prompts.recorded("zh-CN")
    assert recorded and recorded("王德顺，您好。")[0] == ("王德顺", None)
    assert prompts.foresee(["屯中路要修水泥路。"], "zh-CN") == 0 and prompts.shelf.wanted() == []


def test_a_carrier_with_a_mandarin_voice_speaks_for_itself(tmp_path: Path) -> None:
    assert Prompts(settings_for(tmp_path, "sqlite:///x.db", voice_prompts="say")).recorded("zh-CN") is None
    assert (
        Prompts(settings_for(tmp_path, "sqlite:///x.db", voice_prompts="recordings")).recorded("mn") is None
    )


@pytest.mark.parametrize(
    ("given", "plays"),
    [
        ({}, True),  # the simulator
        ({"twilio_account_sid": "AC" + "7" * 32, "public_url": "https://v.example"}, False),
        ({"twilio_account_sid": "AC" + "7" * 32, "twilio_api_url": "http://127.0.0.1:9"}, False),
        (
            {
                "twilio_account_sid": "AC" + "7" * 32,
                "twilio_api_url": "https://somleng.example",
                "public_url": "https://v.example",
            },
            True,
        ),
        (
            {
                "twilio_account_sid": "AC" + "7" * 32,
                "twilio_api_url": "https://nottwilio.com.example",
                "public_url": "https://v.example",
            },
            True,
        ),
    ],
)
def test_who_speaks_is_decided_by_the_carrier_unless_asked_for(
    tmp_path: Path, given: dict[str, str], plays: bool
) -> None:
    more = {"twilio_auth_token": "x" * 32, "hotline_number": "+8649900000012"} if given else {}
    assert Settings.load(data_dir=tmp_path, **given, **more).plays_recordings is plays


def test_the_clock_foresees_what_calls_will_say(village: Runtime, monkeypatch: pytest.MonkeyPatch) -> None:
    with village.db.read() as s:
        texts = foreseen.texts(s, village.settings, inbound.scripts()[inbound.HOTLINE])
    assert "拟柳村" in texts and any("水泥路" in words for words in texts)
    woken: list[bool] = []
    monkeypatch.setattr(village, "wake_speaker", lambda: woken.append(True))
    monkeypatch.setattr(kokoro, "installed", lambda: False)
    assert jobs.foresee(village) == 0 and not woken
    monkeypatch.setattr(kokoro, "installed", lambda: True)
    village.prompts = Prompts(village.settings.model_copy(update={"voice_prompts": "recordings"}))
    village.settings = village.prompts.settings
    village.prompts.pretend(lambda: True)
    assert jobs.foresee(village) > 5 and woken


def test_a_call_does_not_wait_for_the_voice(village: Runtime) -> None:
    """The price of a turn: a look at each leftover, no rendering."""
    prompts = Prompts(village.settings.model_copy(update={"voice_prompts": "recordings"}))
    prompts.pretend(lambda: True)
    recorded = prompts.recorded("zh-CN")
    assert recorded
    recorded("再见。")
    began = time.perf_counter()
    for n in range(200):
        recorded(f"第{n}位先生，您好。")
    assert (time.perf_counter() - began) / 200 < 0.02
