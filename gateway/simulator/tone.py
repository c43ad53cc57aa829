"""A hum in place of a voice."""

import io
import math
import struct
import wave


def tone(seconds: int) -> bytes:
    """A quiet hum as 8 kHz mono WAV: stands in for a voice where there is no microphone."""
    out, frames = io.BytesIO(), max(1, seconds) * 8000
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(8000)
        file.writeframes(b"".join(struct.pack("<h", int(3000 * math.sin(n * 0.35))) for n in range(frames)))
    return out.getvalue()
