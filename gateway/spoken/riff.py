"""Sounds as WAV files: 8 kHz µ-law for telephones (what the line carries anyway), 16 bits for loudspeakers.

Each says what is said in it, in an INFO chunk behind the samples: a caption that can't be mixed up.
"""

import struct

RATE = 8000  # samples a second of whatever goes over a telephone
_MULAW, _PCM = 7, 1


class NoWav(ValueError):
    """These bytes are no WAV file we can read."""


def pack(samples: bytes, words: str = "", *, rate: int = RATE, mulaw: bool = True) -> bytes:
    """A mono WAV file of µ-law bytes, or of little-endian 16-bit samples."""
    width = 1 if mulaw else 2
    form = struct.pack("<HHIIHH", _MULAW if mulaw else _PCM, 1, rate, rate * width, width, 8 * width)
    chunks = _chunk(b"fmt ", form + (b"\0\0" if mulaw else b"")) + _chunk(b"data", samples)
    if words:
        chunks += _chunk(b"LIST", b"INFO" + _chunk(b"ICMT", words.encode() + b"\0"))
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WAVE" + chunks


def _chunk(name: bytes, content: bytes) -> bytes:
    return name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)


def _chunks(data: bytes) -> dict[bytes, bytes]:
    if data[:4] != b"RIFF" or data[8:12] != b"WAVE":
        raise NoWav("not a WAV file")
    found, at = {}, 12
    while at + 8 <= len(data):
        size = int.from_bytes(data[at + 4 : at + 8], "little")
        found[data[at : at + 4]] = data[at + 8 : at + 8 + size]
        at += 8 + size + size % 2
    if len(found.get(b"fmt ", b"")) < 16 or b"data" not in found:
        raise NoWav("no samples in it")
    return found


def seconds(data: bytes) -> float:
    """How long it lasts. Raises :class:`NoWav`."""
    found = _chunks(data)
    a_second = int.from_bytes(found[b"fmt "][8:12], "little")
    if a_second == 0:
        raise NoWav("no samples in a second")
    return len(found[b"data"]) / a_second


def samples(data: bytes) -> bytes:
    """The sound itself, as it is coded. Raises :class:`NoWav`."""
    return _chunks(data)[b"data"]


def caption(data: bytes) -> str:
    """What is said in it; “” where the file doesn't tell. Raises :class:`NoWav`."""
    info = _chunks(data).get(b"LIST", b"")
    at = info.find(b"ICMT")
    if info[:4] != b"INFO" or at < 0:
        return ""
    size = int.from_bytes(info[at + 4 : at + 8], "little")
    return info[at + 8 : at + 8 + size].rstrip(b"\0").decode(errors="replace")
