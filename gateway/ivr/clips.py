"""Which recorded clips make up a sentence, and which words are left over. Pure: folders and addresses are handed in."""

import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from functools import lru_cache
from pathlib import Path
from typing import NamedTuple

from gateway.ivr.script import PLACEHOLDER, Script

INDEX = "index.json"  # beside the clips of a language: words → what is in the file
PAUSE = "（停）"
BREAK = re.compile(r"（停(?:一秒)?）")
_SENTENCE = re.compile(r"[^。！？；：]+[。！？；：]*|[。！？；：]+")
_SPOKEN = re.compile(r"[\w]")
_MOST_WAYS = 24  # of filling one sentence with what is known beforehand
# what a cut costs, in tenths of a character that stays without a clip: a clip inside a stretch of other words is heard
# as a patch, so it has to save more than that; a short one, such as a number, more than it ever does
_LEFT, _BEGIN_LEFT, _SEAM, _SHORT_SEAM, _CLIP = 10, 25, 14, 40, 1
_SHORT = 3  # characters
_FRESH, _INSIDE, _OPEN = (
    0,
    1,
    2,
)  # at a breath, in the middle of leftover words, behind a short clip without one


class Piece(NamedTuple):
    """Words to be said, and the name of the clip that says them; None where there is none."""

    words: str
    clip: str | None


def file_of(words: str) -> str:
    """The name of the file that says ``words``, without its ending."""
    return hashlib.sha256(words.encode()).hexdigest()[:16]


class Clips:
    """The clips of one language, by their words. ``names`` are what they are called in an address."""

    def __init__(self, names: Mapping[str, str]) -> None:
        self.names = dict(names)
        self._by_first: dict[str, list[str]] = {}
        for words in sorted(self.names, key=len, reverse=True):
            if words:
                self._by_first.setdefault(words[0], []).append(words)
        self.pieces = lru_cache(2048)(self._pieces)

    @classmethod
    def load(cls, folder: Path) -> "Clips":
        """Those of a folder; none where there is no index. The name has a mark of the content in it: a clip that is
        rendered anew gets another address, since carriers keep what they once fetched."""
        try:
            known = json.loads((folder / INDEX).read_text(encoding="utf-8"))
        except FileNotFoundError:
            known = {}
        return cls({words: f"{file_of(words)}-{clip['sum']}" for words, clip in known.items()})

    def _pieces(self, sentence: str) -> tuple[Piece, ...]:
        """``sentence`` (without pauses) as clips and leftover words, in order: as few words as possible without a clip,
        then as few cuts as possible. What can't be heard, such as a comma between two clips, is left out."""
        if sentence in self.names:
            return (Piece(sentence, self.names[sentence]),)
        end = len(sentence)
        # best[i][state]: what the rest costs from the i-th character on, and the clip to take there if any
        best: list[list[tuple[int, str | None]]] = [[(0, None)] * 3 for _ in range(end + 1)]
        for at in range(end - 1, -1, -1):
            silent = not _SPOKEN.match(sentence[at])
            for state in (_FRESH, _INSIDE, _OPEN):
                begins = {_FRESH: _BEGIN_LEFT, _INSIDE: 0, _OPEN: _BEGIN_LEFT + _SHORT_SEAM}[state]
                stays = 0 if silent else _LEFT + begins
                choice: tuple[int, str | None] = (stays + best[at + 1][0 if silent else _INSIDE][0], None)
                for words in self._by_first.get(sentence[at], ()):
                    if sentence.startswith(words, at):
                        after = at + len(words)
                        cost = _CLIP + (_seam(words) if state == _INSIDE and not silent else 0)
                        cost += best[after][_behind(sentence, words, after)][0]
                        if cost < choice[0]:
                            choice = (cost, words)
                best[at][state] = choice
        return tuple(self._walk(sentence, best))

    def _walk(self, sentence: str, best: list[list[tuple[int, str | None]]]) -> Iterable[Piece]:
        at, state, left = 0, _FRESH, ""
        while at < len(sentence):
            words = best[at][state][1]
            if words is None:
                state = _INSIDE if _SPOKEN.match(sentence[at]) else _FRESH
                left += sentence[at]
                at += 1
                continue
            if _SPOKEN.search(left):
                yield Piece(left.strip(), None)
            yield Piece(words, self.names[words])
            at, left = at + len(words), ""
            state = _behind(sentence, words, at)
        if _SPOKEN.search(left):
            yield Piece(left.strip(), None)


def _seam(words: str) -> int:
    return _SHORT_SEAM if len(words) <= _SHORT else _SEAM


def _behind(sentence: str, words: str, after: int) -> int:
    """The state behind a clip: open where a short one ends in the middle of what one breath says."""
    spoken = after < len(sentence) and _SPOKEN.match(words[-1]) and _SPOKEN.match(sentence[after])
    return _OPEN if spoken and len(words) <= _SHORT else _FRESH


def sentences(words: str) -> list[str]:
    """A stretch between two pauses, cut at sentence ends; nothing is lost but what can't be heard."""
    return [one for one in _SENTENCE.findall(words) if _SPOKEN.search(one)]


# ---- what a script says: the words worth recording --------------------------------------------------------


def phrases(
    script: Script, language: str, known: Mapping[str, Iterable[str]], generic: Iterable[str] = ()
) -> list[str]:
    """Every phrase of a script's words, cut at pauses, at sentence ends, and at what is filled in later.

    ``known`` says what a placeholder may be filled with, where that is known beforehand; ``generic`` are templates
    that are said without a script's word for it.
    """
    found: dict[str, None] = {}
    for template in (*_templates(script, language), *generic):
        for filled in _filled(template, known):
            found |= dict.fromkeys(cut(filled))
    return list(found)


def cut(sentence: str) -> list[str]:
    """A sentence's phrases: what is said between pauses, sentence ends and placeholders."""
    return [
        phrase.strip()
        for stretch in BREAK.split(PLACEHOLDER.sub(PAUSE, sentence))
        for phrase in sentences(stretch)
    ]


def _templates(script: Script, language: str) -> Iterable[str]:
    words = script.words_in(language)
    yield from (words.menus.get(part, "") for part in ("silent", "wrong", "unsaid"))
    # the others are fillings of a sentence, and recorded with it where they are known (``known``)
    yield from (t for t in words.phrases.values() if PLACEHOLDER.search(t) or t.endswith("。"))
    usual, common = words.menus.get("voice", "{choice}，{key}"), words.steps.get("everywhere", {})
    for name, step in script.steps.items():
        own = words.steps.get(name, {})
        yield str(own.get("voice", own.get("text", "")))
        yield from (str(own.get(part, "")) for part in ("wrong", "silent"))
        menu = own.get("menu") or usual
        for key in {**script.everywhere, **step.keys}:
            label = str(own.get(key, common.get(key, "")))
            if label:
                spelt = words.menus.get(key, key)
                yield menu.replace("{choice}", label).replace("{key}", spelt)


def _filled(template: str, known: Mapping[str, Iterable[str]]) -> list[str]:
    """``template`` once as it is, and once for each way of filling in what is known."""
    ways = [template]
    for name in dict.fromkeys(PLACEHOLDER.findall(template)):
        values = list(known.get(name, ()))
        if values:
            ways += [way.replace(f"{{{name}}}", value) for way in ways for value in values]
    return ways[:_MOST_WAYS]
