"""Slower and louder, measured on the clips that are shipped."""

import io
import math

import numpy as np
import pytest
import soundfile
from flask.testing import FlaskClient

from gateway.app import create_app
from gateway.ivr.clips import file_of
from gateway.runtime import Runtime
from gateway.settings import SCRIPTS
from gateway.spoken import riff
from gateway.spoken.manner import MANNERS, altered, manner_of
from tests.calls import Call
from tests.conftest import SUN
from tests.resident import text

PHRASES = ("您好，这里是", "谢谢您，再见。")


def clip(words: str) -> bytes:
    return (SCRIPTS / "_voice" / "zh-CN" / f"{file_of(words)}.wav").read_bytes()


def heard(wav: bytes) -> "np.ndarray[tuple[int], np.dtype[np.float32]]":
    samples, rate = soundfile.read(io.BytesIO(wav), dtype="float32")
    assert rate == 8000
    return samples  # type: ignore[no-any-return]


def rms(samples: "np.ndarray[tuple[int], np.dtype[np.float32]]") -> float:
    spoken = samples[np.abs(samples) > 0.01]
    return math.sqrt(float((spoken**2).mean()))


def pitch(samples: "np.ndarray[tuple[int], np.dtype[np.float32]]") -> float:
    """Where most of the sound is, in Hz: a tape that only ran slower would have it a fifth lower."""
    power = np.abs(np.fft.rfft(samples)) ** 2
    return float((np.fft.rfftfreq(len(samples), 1 / 8000) * power).sum() / power.sum())


@pytest.mark.parametrize("words", PHRASES)
def test_slow_is_a_quarter_longer_at_the_same_pitch_and_loudness(words: str) -> None:
    plain, slow = heard(clip(words)), heard(altered(clip(words), "slow"))
    assert len(slow) / len(plain) == pytest.approx(1.25, abs=0.01)
    assert pitch(slow) == pytest.approx(pitch(plain), rel=0.06)
    assert rms(slow) == pytest.approx(rms(plain), rel=0.12)
    assert riff.caption(altered(clip(words), "slow")) == words


@pytest.mark.parametrize("words", PHRASES)
def test_loud_is_five_decibels_louder_and_nothing_is_cut_off(words: str) -> None:
    plain, loud = heard(clip(words)), heard(altered(clip(words), "loud"))
    assert len(loud) == len(plain)
    assert 20 * math.log10(rms(loud) / rms(plain)) > 4.5
    assert float(np.abs(loud).max()) < 0.95
    # what is cut off stands still at its greatest value
    assert (np.abs(loud) > 0.999 * np.abs(loud).max()).mean() < 0.001


def test_both_may_be_wanted() -> None:
    assert [manner_of(s) for s in ("", "slow", "loud", "loud slow", "slow loud")] == [
        "",
        "slow",
        "loud",
        *["loud-slow"] * 2,
    ]
    both = heard(altered(clip(PHRASES[0]), "loud-slow"))
    assert len(both) > 1.2 * len(heard(clip(PHRASES[0]))) and rms(both) > 1.6 * rms(heard(clip(PHRASES[0])))


def test_silence_stays_silence() -> None:
    for manner in MANNERS:
        assert not heard(altered(clip("（停）"), manner)).any()


def test_who_asked_for_it_is_played_it(village: Runtime) -> None:
    village.settings.voice_prompts = "recordings"
    text(village, SUN, "说慢点")
    call = Call(village, SUN.phone, "CA-slow-clips")
    assert call.played and all("/audio/slow/" in url for url in call.played)
    http: FlaskClient = create_app(runtime=village).test_client()
    path = call.played[0].removeprefix(village.settings.base_url)
    slow, plain = http.get(path), http.get(path.replace("/slow/", "/"))
    assert slow.status_code == plain.status_code == 200 and slow.mimetype == "audio/wav"
    assert riff.seconds(slow.data) > 1.2 * riff.seconds(plain.data)
    assert http.get(path.replace("/slow/", "/fast/")).status_code == 404
