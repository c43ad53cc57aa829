"""Sounds as telephones and browsers take them: 8 kHz mono WAV. Needs soundfile (libsndfile), no program beside it."""

import io
from typing import Any

from gateway import sound

RATE = 8000  # a telephone line carries no more
LONGEST = 300  # seconds of a prompt; nobody listens longer
_SHORTEST = 0.3
_SILENT = 0.003  # of full scale: a microphone that was off
_LOUD, _MOST_GAIN = 0.89, 8.0
_KEPT_AROUND = 0.2  # seconds of quiet left before the first word and after the last
_SPOKEN = 0.02  # of the loudest: quieter is before and after speech


class NoSound(Exception):
    """Why these bytes can't be played to anybody, as a sentence for a person."""


def prompt(data: bytes, words: str = "") -> tuple[bytes, int]:
    """A prompt made of an uploaded or recorded sound: mono, 8 kHz, as loud as others, without the quiet before and
    after, with a note in it of the words it was made for; and its length in whole seconds. Raises :class:`NoSound`."""
    samples = _at_8k(*_decoded(data, LONGEST))
    import numpy as np

    loudest = float(np.max(np.abs(samples))) if len(samples) else 0.0
    if len(samples) < _SHORTEST * RATE:
        raise NoSound("这段录音太短了，请再录一遍")
    if loudest < _SILENT:
        raise NoSound("这段录音里听不到声音，请看看话筒，再录一遍")
    heard = np.nonzero(np.abs(samples) > max(_SILENT, loudest * _SPOKEN))[0]
    around = int(_KEPT_AROUND * RATE)
    samples = samples[max(0, heard[0] - around) : heard[-1] + around]
    return _wav(samples * min(_MOST_GAIN, _LOUD / loudest), words), max(1, round(len(samples) / RATE))


def copy(data: bytes) -> bytes | None:
    """A copy of a resident's recording that every browser and telephone plays, unchanged but for its format; None
    where the original is one. Raises :class:`NoSound`."""
    if sound.ending(data) == "mp3" or _plain(data):
        return None
    return _wav(_at_8k(*_decoded(data, 3600)))


def _plain(data: bytes) -> bool:
    """Whether it is WAV with samples as they are (format 1), 8 or 16 bits each, as everybody plays it."""
    at = data.find(b"fmt ", 12, 512)
    if sound.ending(data) != "wav" or at < 0:
        return False
    kind, bits = data[at + 8 : at + 10], int.from_bytes(data[at + 22 : at + 24], "little")
    return kind == b"\1\0" and bits in (8, 16)


def _decoded(data: bytes, longest: int) -> tuple[Any, int]:
    """All channels as one, and the rate."""
    import numpy as np
    import soundfile

    try:
        with soundfile.SoundFile(io.BytesIO(data)) as file:
            if file.frames > longest * file.samplerate and sound.ending(data) != "wav":
                raise NoSound(f"录音太长了，最长{longest // 60}分钟")
            found = file.read(longest * file.samplerate + 1, dtype="float32", always_2d=True)
            rate = int(file.samplerate)
    except (soundfile.LibsndfileError, RuntimeError, ValueError, TypeError, MemoryError):
        if (
            data[4:8] == b"ftyp"
        ):  # MP4, which libsndfile can't read; the panel's page turns it into WAV by itself
            raise NoSound(
                "这是 m4a 格式，这里转不了。请用手机或电脑自带的浏览器打开这一页再选它，会自动转好；或者用 mp3、wav"
            ) from None
        raise NoSound("这个文件不是声音，或者坏了。请选 mp3、wav、m4a 或 ogg 的录音") from None
    if not len(found) or rate < 4000:
        raise NoSound("这个文件里没有声音，请再录一遍")
    if len(found) > longest * rate:
        raise NoSound(f"录音太长了，最长{longest // 60}分钟")
    return np.nan_to_num(found.mean(axis=1)), rate


def _at_8k(samples: Any, rate: int) -> Any:
    """At the telephone's rate: what it can't carry is taken out first, or it would come back as a whistle."""
    import numpy as np

    if rate == RATE or not len(samples):
        return samples
    if rate > RATE:
        taps = int(rate / RATE * 16) | 1
        at = np.arange(taps) - taps // 2
        low = np.sinc(at * 0.9 * RATE / rate) * np.hamming(taps)
        samples = np.convolve(samples, (low / low.sum()).astype("float32"), "same")
    wanted = np.arange(int(len(samples) * RATE / rate)) * (rate / RATE)
    return np.interp(wanted, np.arange(len(samples)), samples).astype("float32")


def _wav(samples: Any, words: str = "") -> bytes:
    import soundfile

    out = io.BytesIO()
    with soundfile.SoundFile(out, "w", RATE, 1, "PCM_16", format="WAV") as file:
        if words:
            file.comment = words  # an INFO chunk, which players and the simulator's captions read
        file.write(samples)
    return out.getvalue()
