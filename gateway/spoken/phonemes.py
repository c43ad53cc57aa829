"""Mandarin words as the phonemes the Kokoro voice was trained on.

The tables are those of misaki 0.9.4 (Apache-2.0, hexgrad), which took them from pinyin-to-ipa (MIT, Stefan Taubert); misaki
itself can't be installed on Python 3.13 and later. Tone changes are left to the voice: it learnt them.
"""

import re
from collections.abc import Iterable

_INITIALS = {
    "b": "p", "p": "pʰ", "m": "m", "f": "f", "d": "t", "t": "tʰ", "n": "n", "l": "l", "g": "k", "k": "kʰ", "h": "x",
    "j": "ʨ", "q": "ʨʰ", "x": "ɕ", "zh": "ꭧ", "ch": "ꭧʰ", "sh": "ʂ", "r": "ɻ", "z": "ʦ", "c": "ʦʰ", "s": "s",
}  # fmt: skip
# “0” is where the tone goes
_FINALS = {
    "a": "a0", "ai": "ai0", "an": "a0n", "ang": "a0ŋ", "ao": "au0", "e": "ɤ0", "ei": "ei0", "en": "ə0n", "eng": "ə0ŋ",
    "i": "i0", "ia": "ja0", "ian": "jɛ0n", "iang": "ja0ŋ", "iao": "jau0", "ie": "je0", "in": "i0n", "iou": "jou0",
    "ing": "i0ŋ", "iong": "jʊ0ŋ", "ong": "ʊ0ŋ", "ou": "ou0", "u": "u0", "uei": "wei0", "ua": "wa0", "uai": "wai0",
    "uan": "wa0n", "uen": "wə0n", "uang": "wa0ŋ", "ueng": "wə0ŋ", "uo": "wo0", "o": "wo0", "ü": "y0", "üe": "ɥe0",
    "üan": "ɥɛ0n", "ün": "y0n",
}  # fmt: skip
_ALONE = {"er": "ɚ0", "o": "ɔ0", "ê": "ɛ0", "m": "m0", "n": "n0", "ng": "ŋ0", "hm": "hm0", "hng": "hŋ0"}
_BUZZED = {"zh", "ch", "sh", "r", "z", "c", "s"}  # their “i” is no i
_TONES = {"1": "→", "2": "↗", "3": "↓", "4": "↘"}
_HAN = re.compile(r"[一-鿿]+|[^一-鿿]+")
_MARKS = str.maketrans({
    "、": ", ", "，": ", ", "。": ". ", "．": ". ", "！": "! ", "：": ": ", "；": "; ", "？": "? ", "《": " “", "》": "” ",
    "「": " “", "」": "” ", "【": " “", "】": "” ", "（": " (", "）": ") ", "\n": " ",
})  # fmt: skip


def syllable(pinyin: str) -> str:
    """``zhong1`` → ``ꭧʊ→ŋ``. Raises KeyError for what is no syllable."""
    from pypinyin.contrib.tone_convert import to_finals, to_initials, to_normal

    plain, tone = to_normal(pinyin), _TONES.get(pinyin[-1:], "")
    if plain in _ALONE:
        return _ALONE[plain].replace("0", tone)
    initial, final = to_initials(plain, strict=True), to_finals(plain, strict=True, v_to_u=True)
    heard = "ɨ0" if final == "i" and initial in _BUZZED else _FINALS[final]
    return (_INITIALS[initial] if initial else "") + heard.replace("0", tone)


def phonemes(text: str) -> str:
    """A sentence as phonemes, a space between its words; digits are read as numbers, other scripts are left out."""
    import cn2an
    from pypinyin import Style, lazy_pinyin

    spoken = ""
    for part in _HAN.findall(cn2an.transform(text, "an2cn").translate(_MARKS).strip()):
        if "一" <= part[0] <= "鿿":
            words = (
                lazy_pinyin(word, style=Style.TONE3, neutral_tone_with_five=True) for word in _words(part)
            )
            part = " ".join("".join(_heard(one) for one in word) for word in words)
        spoken += part
    return spoken


def _heard(pinyin: str) -> str:
    try:
        return syllable(pinyin)
    except KeyError:
        return ""  # a character nobody knows how to read


def _words(text: str) -> Iterable[str]:
    import rjieba

    cut: Iterable[str] = rjieba.cut(text)
    return cut
