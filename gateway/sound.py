"""Whether bytes are a sound a browser can play."""

_MPEG_SYNC = 0xFFE0  # eleven set bits begin every frame (ISO/IEC 11172-3 §2.4.1.3)


def ending(data: bytes) -> str:
    """``wav`` or ``mp3``; “” for anything else: an error page, a file cut off before its first sound, nothing."""
    if data[:4] == b"RIFF" and data[8:12] == b"WAVE":
        return "wav" if _wav_speaks(data) else ""
    return "mp3" if _frame(data, _after_tag(data)) else ""


def _wav_speaks(data: bytes) -> bool:
    """A format, and at least one byte of samples. Sizes are not believed: who streams doesn't know them yet."""
    at, described = 12, False
    while at + 8 <= len(data):
        name, size = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        if name == b"data":
            return described and size > 0 and len(data) > at + 8
        described = described or (name == b"fmt " and size >= 16)
        at += 8 + size + size % 2
    return False


def _after_tag(data: bytes) -> int:
    if data[:3] != b"ID3" or len(data) < 10:
        return 0
    size = 0
    for byte in data[6:10]:  # seven bits each
        size = size << 7 | byte & 0x7F
    return 10 + size


def _frame(data: bytes, at: int) -> bool:
    head = data[at : at + 4]
    if len(head) < 4 or int.from_bytes(head[:2], "big") & _MPEG_SYNC != _MPEG_SYNC:
        return False
    version, layer, rate, sampling = head[1] >> 3 & 3, head[1] >> 1 & 3, head[2] >> 4, head[2] >> 2 & 3
    return version != 1 and layer != 0 and rate not in (0, 15) and sampling != 3 and len(data) > at + 4
