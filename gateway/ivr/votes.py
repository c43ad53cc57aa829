"""Answers to open matters. A half-sentence is never a vote: what isn't plain becomes words, or a question back."""

import re
from collections.abc import Mapping
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


_I_CHOSE = re.compile(
    r"(?:我|俺)?(?:刚才|刚刚|是|应该|要|想|就)*(?:选|投|按|改|重)(?:的|成|为|选)?(?:是|了)?|应该是|是(?=[3-9])"
)


def read_back_wrongly(m: Said, clauses: list[str]) -> dict[str, Any] | None:
    """“不对，我选的是3”, when their answer is read back: denied, and given again in so many words. A bare “不对，2” says
    only that it is wrong."""
    about = m.pending.get("consultation")
    if about is None or len(clauses) < 2 or not all(map(words.NO.fullmatch, clauses[:-1])):
        return None
    chose = _I_CHOSE.match(clauses[-1])
    if chose is None:
        return None
    given = m.context.get("options")  # the pending ones are 对 and 不对
    labels = given.get(str(about)) if isinstance(given, Mapping) else None
    known = {str(k): str(v) for k, v in labels.items()} if isinstance(labels, Mapping) else {}
    found = choices.whole(clauses[-1][chose.end() :], known)
    # “不对，我选2” may name the key for “wrong”
    keyed = found is not None and found.key in m.options and not re.search("的|改|应该|重", chose[0])
    if found is None or keyed or doubts.OTHERS.search(m.text):
        return said("deny")
    about = int(about)
    if about in m.list("closed"):
        return clarify("closed", consultation=about)
    if found.key not in (known or ("1", "2", "3")):
        return clarify("out_of_range", consultation=about)
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
    if len(name) == 2 and name[0] in "莫管":
        return False  # “莫整”, “管乎”
    # surnames that more often begin another word are left out: 太贵了, 全村, 文书
    return name[0] in words.SURNAMES and name[0] not in "太全文关车温常安万高方马白毛单牛孔连成时"
