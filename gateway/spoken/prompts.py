"""What a carrier is to play: clips that come with the product, and what was rendered at run time."""

import re
from collections.abc import Callable, Iterable
from functools import cached_property
from pathlib import Path

from gateway.ivr.clips import BREAK, Clips, Piece, file_of, sentences
from gateway.ivr.render import Recorded
from gateway.settings import SCRIPTS, Settings
from gateway.spoken import kokoro
from gateway.spoken.manner import manner_of
from gateway.spoken.shelf import Shelf

ROUTE = "/audio"
_HAN, _OTHERS = re.compile("[一-鿿]"), re.compile("[A-Za-z\uac00-\ud7a3\u1800-\u18af]")


class Prompts:
    """The sounds of one installation."""

    def __init__(self, settings: Settings, folder: Path = SCRIPTS / "_voice") -> None:
        self.settings, self._folder = settings, folder
        self._clips: dict[str, Clips] = {}
        self._installed = kokoro.installed

    @cached_property
    def shelf(self) -> Shelf:
        """What was rendered at run time."""
        return Shelf(self.settings.data_dir / "voice", self.settings.master_key)

    @cached_property
    def _files(self) -> dict[str, Path]:
        found = {}
        for folder in self._folder.glob("*/"):
            for words, name in self.clips(folder.name).names.items():
                found[name] = folder / f"{file_of(words)}.wav"
        return found

    def clips(self, language: str) -> Clips:
        """The clips of a language; none for one that was never rendered."""
        if language not in self._clips:
            self._clips[language] = Clips.load(self._folder / language)
        return self._clips[language]

    def file(self, name: str) -> Path | None:
        """The file behind an address; None for what we never gave out. Only what is listed is ever opened."""
        return self._files.get(name) or self.shelf.path(name)

    def recorded(self, language: str, speech: str = "") -> Recorded | None:
        """How the renderer finds clips for what it says, ``slow``, ``loud`` or both; None where the carrier's own voice
        is to speak."""
        if not self.settings.plays_recordings or not self.clips(language).names:
            return None
        spoken = manner_of(speech)
        return lambda words: [(p.words, self._address(p.clip, spoken)) for p in self.pieces(words, language)]

    def _address(self, name: str | None, manner: str) -> str | None:
        there = f"{self.settings.base_url}{ROUTE}/{f'{manner}/' if manner else ''}"
        return f"{there}{name}.wav" if name else None

    def pieces(self, words: str, language: str) -> Iterable[Piece]:
        """``words`` as clips and leftovers. A leftover is wanted from now on: the next time it has a clip."""
        known = self.clips(language)
        for sentence in sentences(words):
            parts = known.pieces(sentence)
            if any(p.clip is None for p in parts):
                whole = self.shelf.find(sentence)  # rendered ahead: better than any patchwork
                parts = (Piece(sentence, whole),) if whole else parts
            for part in parts:
                yield part if part.clip else Piece(part.words, self._rendered(part.words))

    def _rendered(self, words: str) -> str | None:
        said = words.strip("，。、：；！？ ")
        name = self.shelf.find(said)
        if name is None and self._installed() and _is_mandarin(said):
            self.shelf.want(said)
        return name

    def foresee(self, texts: Iterable[str], language: str) -> int:
        """Note whole sentences that will be said and have no clips; returns how many are noted now."""
        if not self._installed():
            return 0
        noted = 0
        for text in texts:
            for stretch in BREAK.split(text):
                for sentence in sentences(stretch):
                    known = self.clips(language).pieces(sentence)
                    if _is_mandarin(sentence) and any(p.clip is None for p in known):
                        noted += self.shelf.want(sentence)
        return noted

    def pretend(self, installed: Callable[[], bool]) -> None:
        """For tests: whether the extra is there."""
        self._installed = installed


def _is_mandarin(words: str) -> bool:
    """Whether the voice can say all of it: it knows no English and no Korean, and would leave them out."""
    return bool(_HAN.search(words)) and not _OTHERS.search(words)
