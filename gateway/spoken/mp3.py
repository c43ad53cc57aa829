"""WAV to MP3, for loudspeakers and for passing on: with soundfile, which comes with the extra ``voice``."""

from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path


def possible() -> bool:
    """Whether soundfile is there."""
    return find_spec("soundfile") is not None


def beside(wav: Path) -> None:
    """Write ``<name>.mp3`` next to a WAV file, whole or not at all; nothing where it can't be done."""
    if not possible():
        return
    import soundfile

    scratch = wav.with_name(f".{wav.stem}.mp3")
    with suppress(soundfile.LibsndfileError):  # a libsndfile of the system's own may not write MP3
        samples, rate = soundfile.read(str(wav), dtype="int16")
        soundfile.write(str(scratch), samples, rate, format="MP3")
        scratch.chmod(0o600)
        scratch.replace(wav.with_suffix(".mp3"))
    scratch.unlink(missing_ok=True)
