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
    both = re.fullmatch(r"([1-9])[、:： .]*(.+)", text)
    if both and options.get(both[1]) and both[2] in family(options[both[1]]):
        return Choice(both[1])  # “1东线”, where 1 is 东线
    if not text or len(text) > 16:
        return None
    labels = sorted(options.items(), key=lambda item: -len(item[1]))
    folded = _digits(text.casefold().replace(" ", ""))
    for key, label in labels:
        if folded == _digits(label.casefold()) or folded in family(label):
            return Choice(key)
    for key, label in (other_labels or {}).items():
        if folded == label.casefold().replace(" ", ""):
            return Choice(key)
    if folded.isascii() and folded.isalpha():
        return _by_pinyin(folded, labels)
    if re.search(r"[不没别未无非]", text):
        # a part of “不同意” that drops or adds a “no” turns it round
        return _by_sound(text, labels, negated=True)
    moved = re.sub(r"^(?:换到?|去到?|到|走|放|挪到?)(?=..)", "", text)
    return _by_part(text, labels) or _by_part(moved, labels) or _by_sound(text, labels)


def _digits(text: str) -> str:
    return "".join(NUMERALS.get(ch, ch) for ch in text)


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


_STANCES = frozenset(word for labels, _ in words.FAMILIES for word in labels)
_SELF = re.compile(
    r"(?:我|俺|我们|咱们?|我家|俺家|本人|全家|个人|这件?事|这个|此事|对此|对这件?事|的事|也|都|就|是|，|,|\s)*"
)


def leading(said: str, options: Mapping[str, str]) -> Choice | None:
    """A stance (同意, 不赞成…) at the start or end of more words; None where it isn't plainly the speaker's own.

    Only stances: “东线近，可是…” names an option without choosing it.
    """
    text = words.CARRIER_HEAD.sub("", said.strip())
    spoken = sorted(
        (
            (word, key)
            for key, label in options.items()
            if label in _STANCES
            for word in family(label)
            if len(word) >= 2
        ),
        key=lambda item: -len(item[0]),
    )
    for word, key in spoken:
        if text.startswith(word):
            return Choice(key, rest=text[len(word) :].strip("，,。.!！ ；;：:"))
    tail = words.CARRIER_TAIL.sub("", said.strip())
    for word, key in spoken:
        if tail.endswith(word):
            before = tail[: -len(word)]
            return Choice(key) if _SELF.fullmatch(words.CARRIER_HEAD.sub("", before)) else None
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
