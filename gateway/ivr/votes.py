"""Answers to open matters. A half-sentence is never a vote: what isn't plain becomes words, or a question back."""

import re
from typing import Any

from gateway.ivr import choices, doubts
from gateway.ivr import lexicon as words
from gateway.ivr.reading import Said, clarify, said


def vote(number: int, option: str, person: str | None = None, comment: str = "") -> dict[str, Any]:
    """An answer to one matter."""
    fields: dict[str, Any] = {"consultation": number, "option": option}
    if person:
        fields["person"] = person
    if comment:
        fields["comment"] = comment
    return said("vote", **fields)


_RATED = re.compile(
    r"(\d{2,4})号?(?:的?事)?(?:我)?(?:[打给评]+([1-5]|[一二三四五])分?|([1-5]|[一二三四五])分)[吧。.!！]*"
)


def scored(m: Said) -> dict[str, Any] | None:
    """1 to 5, after we asked how it went."""
    about = m.pending.get("consultation")
    match = _RATED.fullmatch(m.text)
    if match:
        score = match[2] or match[3]
        return said("rate", consultation=int(match[1]), score=int(choices.NUMERALS.get(score, score)))
    if m.pending.get("kind") != "rating":
        return None
    if doubts.TAKEN_BACK.search(m.text):
        return None
    clause = re.split(r"[，,。；;]", m.text)[0].strip("。.!！ ")
    marks = re.fullmatch(r"(?:我|俺)?(?:打|给|评)?([1-5一二三四五])分", clause)
    digit = marks[1] if marks else choices.bare(m.text).removesuffix("分").strip()
    digit = choices.NUMERALS.get(digit, digit)
    if digit in ("1", "2", "3", "4", "5"):
        return said("rate", consultation=about, score=int(digit))
    for score, pattern in words.SCORES:
        if pattern.fullmatch(clause) or pattern.fullmatch(choices.bare(m.text)):
            return said("rate", consultation=about, score=int(score))
    if re.fullmatch(r"\d+", digit) and digit != "0" and len(digit) < 3:
        return clarify("out_of_range", consultation=about)
    return None


def answered(m: Said) -> dict[str, Any] | None:
    """The whole text is one answer to the last question."""
    kind, about = m.pending.get("kind"), m.pending.get("consultation")
    if kind != "vote" or about is None:
        return None
    if doubts.OTHERS.search(m.text):
        return None
    if (
        m.pending.get("inferred")
        and (m.list("in_publicity") or m.context.get("ended"))
        and words.OBJECT.search(m.text)
    ):
        return None  # nobody asked about the open matter lately, and a result waits for objections
    found = choices.whole(m.text, m.options, m.other_labels)
    if found is None:
        return None
    about = int(about)
    if about in m.list("closed"):
        return clarify("closed", consultation=about)
    if found.missing:
        return clarify("out_of_range", consultation=about)
    if _ALL.match(m.text) and len(m.list("open_votes")) > 1:
        return clarify("which_consultation", consultation=about, option=found.key)
    if len(m.persons) > 1:
        return clarify("which_person", consultation=about, option=found.key)
    return vote(about, found.key)


# “都同意”, where several matters are open; “全家都…” is about people
_ALL = re.compile(r"(?:我|俺)?(?:全)?都(?!不[行中好要])")


_NOT_NAMES = re.compile(
    r"(?:高兴|方便|马上|全家|全部|安全|安心|平时|常年|金钱|金额|石头|白天|黄了|水|时间|钱|万一|关键|文件|常常|田里|江边|都|谢|辛|何|于是|程度|林地|季|向|郑重|严|龙头|许多|顾)|.*[了的吧啊呢点好着过去来钱路修快多大小事人车村不]$"
)


def stranger(chunk: str, persons: tuple[str, ...]) -> bool:
    """Whether a stretch of text is the name of somebody who isn't on this handset."""
    name = chunk.strip()
    if not re.fullmatch(r"[\u4e00-\u9fff]{2,3}", name) or name in persons or _NOT_NAMES.match(name):
        return False
    # surnames that more often begin another word are left out: 太贵了, 全村, 文书
    return name[0] in words.SURNAMES and name[0] not in "太全文关车温常安万高方马白毛单牛孔连成时"
