"""Is this one of the options? By digit, label, a synonym, pinyin, initials, or a part only one label has."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from gateway.ivr import lexicon as words

NUMERALS = {"一": "1", "二": "2", "两": "2", "俩": "2", "三": "3", "四": "4", "五": "5", "六": "6", "七": "7", "八": "8", "九": "9",
            "壹": "1", "贰": "2", "叁": "3", "肆": "4", "伍": "5", "幺": "1"}  # fmt: skip
_DIGIT = re.compile(r"(?:[1-9])")


@dataclass(frozen=True, slots=True)
class Choice:
    """An option's key; ``exact`` when nothing but the option was said. ``missing`` when the digit is none of them."""

    key: str
    rest: str = ""
    missing: bool = False


def bare(said: str) -> str:
    """Without what people wrap around an answer: 我选…吧, 第…个, full stops."""
    said = words.CARRIER_HEAD.sub("", said.strip())
    return words.CARRIER_TAIL.sub("", said).strip("。.!！~～,，、；;：:“”\"'‘’()（） ")


@lru_cache(maxsize=4096)
def pinyin(said: str) -> tuple[str, str]:
    """Toneless pinyin joined, and its initials. Slow (0.1 ms), so remembered."""
    from pypinyin import Style, lazy_pinyin

    full = lazy_pinyin(said, errors="ignore")
    first = lazy_pinyin(said, style=Style.FIRST_LETTER, errors="ignore")
    return "".join(full).replace("ü", "v"), "".join(first)


def family(label: str) -> frozenset[str]:
    """Words that mean the same as a label; the label itself when nothing else does."""
    for labels, synonyms in words.FAMILIES:
        if label in labels:
            return synonyms | {label}
    return frozenset({label})


def whole(
    said: str, options: Mapping[str, str], other_labels: Mapping[str, str] | None = None
) -> Choice | None:
    """The option that ``said`` is as a whole, or None. Longest label first."""
    text = bare(said)
    if not text:
        text = said.strip("。.!！~～,，、 ")
    digit = NUMERALS.get(text, text)
    if _DIGIT.fullmatch(digit):
        return Choice(digit, missing=bool(options) and digit not in options)
    if not text or len(text) > 16:
        return None
    labels = sorted(options.items(), key=lambda item: -len(item[1]))
    folded = text.casefold().replace(" ", "")
    for key, label in labels:
        if folded == label.casefold() or folded in family(label):
            return Choice(key)
    for key, label in (other_labels or {}).items():
        if folded == label.casefold().replace(" ", ""):
            return Choice(key)
    if folded.isascii() and folded.isalpha():
        return _by_pinyin(folded, labels)
    if re.search(r"[不没别未无非]", text):
        # a part of “不同意” that drops or adds a “no” turns it round
        return _by_sound(text, labels, negated=True)
    return _by_part(text, labels) or _by_sound(text, labels)


def _by_pinyin(typed: str, labels: list[tuple[str, str]]) -> Choice | None:
    full = [key for key, label in labels if pinyin(label)[0] == typed]
    if len(full) == 1:
        return Choice(full[0])
    short = [key for key, label in labels if pinyin(label)[1] == typed]
    return Choice(short[0]) if len(short) == 1 and len(typed) >= 2 else None


def _by_part(text: str, labels: list[tuple[str, str]]) -> Choice | None:
    found = [key for key, label in labels if text in label and not label.startswith("不")]
    anywhere = [key for key, label in labels if text in label]
    if len(anywhere) == 1 and len(found) == 1 and (len(text) >= 2 or len(labels) > 1):
        return Choice(found[0])
    return None


def _by_sound(text: str, labels: list[tuple[str, str]], negated: bool = False) -> Choice | None:
    if not 2 <= len(text) <= 6 or not re.fullmatch(r"[\u4e00-\u9fff]+", text):
        return None
    sound = pinyin(text)[0]
    found = [key for key, label in labels if len(label) == len(text) and pinyin(label)[0] == sound]
    return Choice(found[0]) if len(found) == 1 else None


def leading(said: str, options: Mapping[str, str]) -> Choice | None:
    """An option at the start or end of more words, and what the rest says; None where it isn't plain."""
    text = words.CARRIER_HEAD.sub("", said.strip())
    spoken = sorted(
        ((word, key) for key, label in options.items() for word in family(label) if len(word) >= 2),
        key=lambda item: -len(item[0]),
    )
    for word, key in spoken:
        if text.startswith(word):
            return Choice(key, rest=text[len(word) :].strip("，,。.!！ ；;：:"))
    tail = words.CARRIER_TAIL.sub("", said.strip())
    for word, key in spoken:
        if tail.endswith(word):
            before = tail[: -len(word)]
            if re.search(r"(?:不|没|别|谁|难|非|未|莫|也不|并不)$", before):
                return None
            return Choice(key, rest=before.strip("，,。.!！ ；;：:我就都"))
    return None


def stances(said: str, options: Mapping[str, str]) -> set[str]:
    """Every option that is named anywhere in the text: two of them contradict each other."""
    left, found = said, set()
    spoken = sorted(
        ((word, key) for key, label in options.items() for word in family(label) if len(word) >= 2),
        key=lambda item: -len(item[0]),
    )
    for word, key in spoken:
        if word in left:
            found.add(key)
            left = left.replace(word, "＿")
    return found
