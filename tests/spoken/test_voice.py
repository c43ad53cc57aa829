"""The voice itself: how words are read, and, where the extra is installed, that it speaks."""

import io
import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.spoken import kokoro, riff
from gateway.spoken.numbers import forms
from gateway.spoken.phonemes import syllable


@pytest.mark.parametrize(
    ("pinyin", "heard"),
    [
        ("zhong1", "ꭧʊ→ŋ"),
        ("shi2", "ʂɨ↗"),
        ("er4", "ɚ↘"),
        ("lü3", "ly↓"),
        ("jun1", "ʨy→n"),
        ("you3", "jou↓"),
        ("wo3", "wo↓"),
        ("de5", "tɤ"),
        ("xue2", "ɕɥe↗"),
    ],
)
def test_a_syllable_is_read_as_the_voice_learnt_it(pinyin: str, heard: str) -> None:
    assert syllable(pinyin) == heard


def test_what_is_no_syllable_is_refused() -> None:
    with pytest.raises(KeyError):
        syllable("兙5")


@given(st.binary(max_size=400), st.text(max_size=30).filter(lambda t: "\0" not in t))
def test_a_wav_says_how_long_it_is_and_what_is_said_in_it(samples: bytes, words: str) -> None:
    words = words.encode(errors="replace").decode()
    made = riff.pack(samples, words)
    assert riff.samples(made) == samples and riff.caption(made) == words
    assert riff.seconds(made) == len(samples) / riff.RATE
    assert struct.unpack("<I", made[4:8])[0] == len(made) - 8


@given(st.binary(max_size=80))
def test_anything_else_is_no_wav(data: bytes) -> None:
    for ask in (riff.seconds, riff.caption):
        with pytest.raises(riff.NoWav):
            ask(data)


def test_every_pair_of_digits_has_a_clip() -> None:
    found = list(forms())
    assert len(found) == len(set(found)) and "4 0" in found and "第十一号事" in found and "三十一号" in found


@pytest.mark.soak
@pytest.mark.skipif(not kokoro.installed(), reason="the extra “voice” is not installed")
def test_the_voice_speaks_neither_silently_nor_clipped() -> None:
    import soundfile

    said = kokoro.voice(2).loudspeaker("您好，这里是拟柳村协商热线。")
    samples, rate = soundfile.read(io.BytesIO(said))
    assert rate == 24_000 and 2 < len(samples) / rate < 6
    assert 0.03 < float((samples**2).mean() ** 0.5) < 0.3 and float(abs(samples).max()) < 0.9
    line = kokoro.voice(2).telephone("您好。")
    assert 0.3 < riff.seconds(line) < 2 and riff.caption(line) == "您好。"
