"""How well a matter was done, from 1 to 5: by digit, by word, with or without a reason beside it."""

import re
from dataclasses import replace
from typing import Any

from gateway.ivr import choices, doubts, wishes
from gateway.ivr import lexicon as words
from gateway.ivr.reading import Said, clarify, said
from gateway.ivr.votes import stranger

# “17号打1分，才三个月就坏了”, “给17号打4分吧”: the matter, the mark, and why; and, where the matter is over, in words
_NAMED = re.compile(
    r"(?:(?:我|俺)?给)?第?(\d{2,4})号?(?:的?(?:事情?|活儿?))?[：:，, ]*(?:我|俺)?(?:[打给评]+个?([1-5]|[一二三四五])分?|([1-5]|[一二三四五])分|([^\d，,。 ]{0,3}满意|一般|凑合|挺好的?|不错|还行))(?:吧|呗|啊|了|儿)*(?:$|[，,。.；;:：!！ ]+)(.*)"
)
_NO_MARK = re.compile(
    r"要是|如果|假如|除非|只要|的话|[?？]$|\d{2,4}号|^(?:不对|错了|不是)|(?:打|按|写|发|说)错|改成|应该是"
)
_CLAUSE = re.compile(r"[，,。；;!！]|\s+(?=就是|但|可是|不过|只是)")
_POINTS = re.compile(r"(?:我|俺)?(?:(?:打|给|评)([1-5一二三四五])分?|([1-5一二三四五])分)(?:吧|呗|啊|了)?")
_WITH_WORDS = re.compile(r"([1-5])分?[\s，,。；;!！:：]+(\D{2,})")
# the scale every notice asks with; the gateway's context doesn't repeat it
_LABELS = {"1": "很不满意", "2": "不满意", "3": "一般", "4": "满意", "5": "很满意"}


def scored(m: Said) -> dict[str, Any] | None:
    """1 to 5, after we asked how it went."""
    about = m.pending.get("consultation")
    match = _NAMED.fullmatch(m.text)
    if match and not _NO_MARK.search(match[5]) and not doubts.TAKEN_BACK.search(match[5].replace("糊弄", "")):
        number, score = int(match[1]), match[2] or match[3]
        if match[4]:
            score = str(_in_words(match[4].removesuffix("的")) or "") if number in m.list("closed") else ""
        if not score:
            return None
        return said("rate", consultation=int(match[1]), score=int(choices.NUMERALS.get(score, score)))
    if m.pending.get("kind") != "rating":
        return None
    mark = _mark(m)
    if mark is None:
        return None
    if not 1 <= mark <= 5:
        return clarify("out_of_range", consultation=about)
    # irony turns praise round, never blame: “很不满意！净糊弄” means what it says
    if doubts.TAKEN_BACK.search(re.sub("糊弄", "", m.text) if mark <= 2 else m.text):
        return None
    spoken = (_in_words(c) for c in re.split(r"[，,。；;!！\s]+", m.text))
    if any(abs(mark - other) > 1 for other in spoken if other is not None):
        return clarify("conflict", consultation=about)  # “1，非常满意”: which end of the scale is meant?
    return said("rate", consultation=about, score=mark)


def _mark(m: Said) -> int | None:
    """The mark a message gives, by digit, by word, or as people type one of the labels; any number that is alone."""
    clause = _CLAUSE.split(m.text)[0].strip("。. ")
    points = _POINTS.fullmatch(clause)
    digit = points[1] or points[2] if points else choices.bare(m.text).removesuffix("分").strip()
    digit = choices.NUMERALS.get(digit, digit)
    if re.fullmatch(r"\d{1,2}", digit) and digit != "0":
        return int(digit)
    for spoken in (clause, choices.bare(clause), choices.bare(m.text)):
        if (mark := _in_words(spoken)) is not None:
            return mark
    beside = _WITH_WORDS.fullmatch(m.text)
    if beside and _says_why(m, beside[2]):
        return int(beside[1])
    typed = m.text.casefold().replace(" ", "")
    if typed.isascii() and typed.isalpha() and (chosen := choices.whole(typed, m.options or _LABELS)):
        return int(chosen.key) if chosen.key in "12345" else None
    return None


def _says_why(m: Said, beside: str) -> bool:
    """Whether words behind a digit are about the work: “3 就是边沟没修通”, not “3 天没人来”, “1 错了”, a name, an answer to
    a vote or a wish of its own."""
    why = re.sub("^(?:就是|但是?|可是?|不过|只是)|糊弄", "", beside)  # scored() knows who is fooled
    return not (
        doubts.MEASURE.match(beside)
        or doubts.uncertain(why)
        or doubts.CORRECTION.search(why)
        or choices.stances(why, {"1": "同意", "2": "不同意"})
        or stranger(why, ())
        or wishes.service(replace(m, text=why))
        or wishes.question(replace(m, text=why))
    )


def _in_words(spoken: str) -> int | None:
    once = re.fullmatch(r"(\D{2,4})\1+", spoken)  # 满意满意
    for score, pattern in words.SCORES:
        if pattern.fullmatch(once[1] if once else spoken):
            return int(score)
    return None
