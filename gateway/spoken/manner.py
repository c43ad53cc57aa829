"""Slower and louder: what a person asked for, made of a recording as it is fetched. A carrier's own voice is told so
(gateway.ivr.render); a clip can't be."""

import io
from functools import lru_cache
from typing import Any

from gateway.spoken import riff

MANNERS = ("slow", "loud", "loud-slow")
STRETCH = 1.25  # as <prosody rate="80%">
GAIN = 2.0  # 6 dB
_KNEE, _PEAK = (
    0.55,
    0.92,
)  # of full scale: above the knee louder and louder by less, and never beyond the peak
# seconds: of one piece of a voice, and how far its neighbour is looked for where the two fit
_WINDOW, _REACH = 0.03, 0.008


def manner_of(speech: str) -> str:
    """How a person is spoken to (``slow``, ``loud`` or both) as part of an address; “” for as usual."""
    return "-".join(sorted({"slow", "loud"} & set(speech.split())))


@lru_cache(128)  # clips are heard in every call of whoever wants them so: a few milliseconds each, once
def altered(wav: bytes, manner: str) -> bytes:
    """A WAV as this manner wants it, as 8 kHz µ-law with the same caption. Raises :class:`riff.NoWav`."""
    import soundfile

    caption = riff.caption(wav)
    heard, rate = soundfile.read(io.BytesIO(wav), dtype="float32")
    if "slow" in manner:
        heard = _slower(heard, rate)
    if "loud" in manner:
        heard = _louder(heard)
    made = io.BytesIO()
    soundfile.write(made, heard, rate, format="WAV", subtype="ULAW")
    return riff.pack(riff.samples(made.getvalue()), caption, rate=rate)


def _slower(heard: Any, rate: int) -> Any:
    """Longer at the same pitch: pieces overlap, each taken where it goes on as the one before would have (WSOLA,
    Verhelst and Roelands 1993)."""
    import numpy as np

    half = int(_WINDOW * rate / 2)
    size, reach = 2 * half, int(_REACH * rate)
    window = np.hanning(size + 1)[:size].astype(np.float32)
    padded = np.concatenate([np.zeros(reach, np.float32), heard, np.zeros(2 * size + 2 * reach, np.float32)])
    pieces = int(len(heard) * STRETCH) // half + 1
    made, at = np.zeros((pieces + 1) * half + half, np.float32), reach
    for n in range(pieces):
        if n:
            wanted = padded[at + half : at + half + size]
            near = min(reach + int(n * half / STRETCH), len(padded) - size - reach)
            around = padded[near - reach : near + reach + size]
            if len(wanted) == size and len(around) == size + 2 * reach:
                near += int(np.argmax(np.correlate(around, wanted, "valid"))) - reach
            at = near
        piece = padded[at : at + size]
        made[n * half : n * half + len(piece)] += piece * window[: len(piece)]
    return made[: int(len(heard) * STRETCH)]


def _louder(heard: Any) -> Any:
    import numpy as np

    size = np.abs(heard) * GAIN
    room = _PEAK - _KNEE
    return np.sign(heard) * np.where(size > _KNEE, _KNEE + room * np.tanh((size - _KNEE) / room), size)
