"""Answers that name their matter or their person. Every name needs its own answer, every answer its name."""

import re
from dataclasses import dataclass, field, replace
from itertools import pairwise
from typing import Any

from gateway.ivr import choices, doubts, wishes
from gateway.ivr.numbers import Numbers
from gateway.ivr.reading import Said, clarify, said
from gateway.ivr.votes import stranger, vote

_LABELLESS = {"1": "同意", "2": "不同意"}


@dataclass
class _Answer:
    """One option, for the matters and persons named beside it."""

    numbers: list[int] = field(default_factory=list)
    persons: list[str] = field(default_factory=list)
    option: str = ""
    before: list[str] = field(default_factory=list)  # words between the names and the option
    comment: list[str] = field(default_factory=list)
    corrects: bool = False
    digit: bool = False


def explicit(m: Said) -> dict[str, Any] | None:
    """Answers that name their matter or their person: “11 1”, “12号同意”, “李守田1”, “11 1 12选2”."""
    m.text = _full_names(m.text, m.persons)
    numbers = Numbers.find(m)
    named = [p for p in m.persons if p in m.text]
    if not numbers.found and not named:
        glued = _glued(m)
        if glued is None:
            return clarify("which_person") if _for_a_stranger(m) else None
        numbers, m.text = glued
    about = {"consultation": numbers.one} if numbers.one else {}
    if doubts.uncertain(m.text) and not doubts.CORRECTION.search(m.text):
        if numbers.one and wishes.question(m) is None and len(m.text) >= 6:
            return m.opinion(numbers.one)
        return None
    answers, lost = _read(m, numbers, named)
    if not answers:
        return None
    without_names = re.sub("|".join(map(re.escape, named)), "，", m.text) if named else m.text
    if doubts.OTHERS.search(without_names) or any(stranger(w, m.persons) for a in answers for w in a.comment):
        return clarify("which_person")
    if lost:
        return clarify(lost)
    if any(a.before and a.persons for a in answers):
        return clarify("which_person")  # “王德顺不在，1”: whose answer is it?
    swapped = _swapped(answers)
    if swapped:
        return clarify(swapped)
    answers = _corrected(answers)
    votes: dict[tuple[int | None, str | None], str] = {}
    actions: list[dict[str, Any]] = []
    for answer in answers:
        for number in answer.numbers or [None]:  # type: ignore[list-item]
            for person in answer.persons or [None]:  # type: ignore[list-item]
                who = person or (m.persons[0] if len(m.persons) == 1 else None)
                which = number or m.pending.get("consultation")
                if votes.setdefault((which, who), answer.option) != answer.option:
                    return clarify("two_options", **about)
                action = _act(m, number, person, answer)
                if action["intent"] == "opinion" or (action["intent"] == "clarify" and not _apart(action)):
                    return action
                if action not in actions:
                    actions.append(action)
    return actions[0] if len(actions) == 1 else said("multi", actions=actions)


def _apart(action: dict[str, Any]) -> bool:
    """Whether what is wrong with one answer leaves those to other matters as plain as they are: “11号2 13号1” counts
    for 11 where nobody here is asked about 13."""
    fields = action["fields"]
    return "consultation" in fields and fields.get("reason") in (
        "which_consultation",
        "closed",
        "out_of_range",
    )


def _glued(m: Said) -> tuple[Numbers, str] | None:
    """“112” for “11 2”, where 11 is open and 112 is nothing."""
    match = re.fullmatch(r"(\d{2,4}?)([1-9])", m.text.strip("。.!！ "))
    if match and int(match[1]) in m.list("open_votes") and m.options.get(match[2], "1"):
        number = int(match[1])
        text = f"{number} {match[2]}"
        return Numbers(((number, 0, len(match[1])),)), text
    return None


def _for_a_stranger(m: Said) -> bool:
    """“孙小磊1”, from a handset that isn't his."""
    match = re.fullmatch(
        r"([\u4e00-\u9fff]{2,3}?)(?:也|就|选|投|要|[:： ])*([1-9]|[\u4e00-\u9fff]{2,4})[。.!！了]*", m.text
    )
    if match is None or not stranger(match[1], m.persons):
        return False
    return match[2].isdigit() or choices.whole(match[2], m.options or _LABELLESS) is not None


_CUT = re.compile(rf"[，,。；;、!！\n：:]+|{doubts.BLANK}|(?:然后|还有|另外|再就是|以及)")
_AND = re.compile(r"[\s，,、和跟与及]*(?:两个)?")
_TOGETHER = re.compile(r"[\s，,]*[和跟与及、][\s]*")
_HERSELF = re.compile(
    r"(?:(?:你|您)好|(?:我是|俺是|我|俺)?(?:[\u4e00-\u9fff]{2,4}(?:村|屯|社区|小区))?[一二三四五六七八九十\d]++(?:组|队|号楼|单元|楼|户)的?|(?:我是|俺是|我|俺)?[\u4e00-\u9fff]{2,4}(?:村|屯|社区|小区)的?|我们|我家|我叫|我|俺|这里是|这是|本人|户主|是|谢谢|收到|[，,：:。、\s])*+"
)
_MYSELF = re.compile(r"(?:我|俺|本人)(?:是|叫)?[，, ]*$")
_FILLER = re.compile(
    r"(?:(?:你|您)好|谢谢(?:您|你|了)?|收到|好的?|嗯|行|我们|我家|我是|我叫|我|俺|的事情?|的那个?事|那件事|这件事|事情?|都|全都|全|均|也|两个|俩|的|就|吧|啊|了|刚才|刚刚|上次|之前)*+"
)


def _read(m: Said, numbers: Numbers, named: list[str]) -> tuple[list[_Answer], str]:
    """The answers in order, and why some name has none (a clarify reason, or nothing)."""
    marks: list[tuple[int, int, int | str]] = [(b, e, n) for n, b, e in numbers.found]
    marks += [(h.start(), h.end(), p) for p in named for h in re.finditer(re.escape(p), m.text)]
    marks.sort(key=lambda mark: mark[0])
    answers: list[_Answer] = []
    heads = _Answer()  # names read, still without an option
    at, lost, free, myself, corrects = 0, "", False, False, False
    for begin, end, name in [*marks, (len(m.text), len(m.text), "")]:
        if begin < at:
            continue
        gap = m.text[at:begin]
        at = end
        number = heads.numbers[-1] if heads.numbers else numbers.found[0][0] if numbers.found else None
        found, left, corrects = _stretch(m, gap, number, corrects)
        if found:
            free = not heads.numbers and not heads.persons and not answers
            heads = replace(
                found[0], numbers=heads.numbers, persons=heads.persons, before=heads.before + found[0].before
            )
            if not heads.numbers and answers:
                heads.numbers = answers[-1].numbers  # “11 李守田1 赵玉芬2”
            if not heads.persons and answers:
                heads.persons = answers[-1].persons
            answers += [
                heads,
                *(replace(f, numbers=heads.numbers, persons=heads.persons) for f in found[1:]),
            ]
            answers[-1].comment += left
            heads = _Answer()
        elif left and answers and not (heads.numbers or heads.persons):
            answers[-1].comment += left
        elif (
            left
            and not _AND.fullmatch(gap)
            and not (isinstance(name, str) and name and _HERSELF.fullmatch(gap))
        ):
            heads.before += left
        if not name:
            break
        if isinstance(name, int):
            if heads.numbers and not (_TOGETHER.fullmatch(gap) or re.search("都|全|均", m.text[at:])):
                lost = "which_consultation"  # “11 13 1”
            heads.numbers = [*heads.numbers, name]
        else:
            spoken = re.split(r"[，,。；;]", gap)[-1] if found else gap
            if heads.persons:
                # “我是刘桂兰，王德顺同意”
                lost = lost if not myself and _AND.fullmatch(gap) else "which_person"
            elif not found and left and not _HERSELF.fullmatch(gap):
                lost = "which_person"  # “我代王德顺选1”, “刘桂兰说王德顺同意”
            elif found and left and spoken.strip():
                lost = "which_person"
            heads.persons, myself = [*heads.persons, name], bool(_MYSELF.search(gap))
    if heads.numbers or heads.persons:
        alone = len(answers) == 1 and free and not heads.before
        if alone and not (heads.persons and re.search(r"[，,。；;]\s*$", m.text[: marks[-1][0]])):
            answers[0].numbers, answers[0].persons = (
                heads.numbers,
                heads.persons,
            )  # “1 11”, “同意12号”, “1李守田”
        elif answers:
            lost = lost or ("which_person" if heads.persons else "which_consultation")
    return answers, lost


def _stretch(m: Said, text: str, number: int | None, corrects: bool) -> tuple[list[_Answer], list[str], bool]:
    """Options in a stretch between names, the words after the last one, and whether what follows corrects them."""
    known = (m.options_of(number) if number else {}) or (m.options if number is None else {}) or _LABELLESS
    labels = m.other_labels if number in (None, m.pending.get("consultation")) else None
    found: list[_Answer] = []
    left: list[str] = []
    for chunk in _CUT.split(re.sub(r"(?<=[不没别未])\s+", "", text)):
        chunk = chunk.strip("的-—~()（）“”\"' ")
        clean = doubts.CORRECTION.sub("，", chunk)
        behind = clean.endswith("，") and not clean.startswith("，")  # “1不对”: what comes next corrects
        corrects = corrects or (clean != chunk and not behind)
        chunk = clean.strip("，, 了")
        if not chunk or _FILLER.fullmatch(chunk):
            continue
        option = (
            choices.whole(chunk, known, labels) or choices.stance(chunk, known) or choices.whole(chunk, {})
        )
        if option is None and choices.whole(chunk, _LABELLESS):
            option = choices.Choice("0")  # 同意, where 15's answers are 东线 and 西线
        if option:
            found.append(
                _Answer(
                    option=option.key, before=left, corrects=corrects, digit=bool(choices.whole(chunk, {}))
                )
            )
            left, corrects = [option.rest] if option.rest else [], behind
        else:
            left.append(chunk)
            corrects = corrects or behind
    return found, left, corrects


def _swapped(answers: list[_Answer]) -> str:
    """“李守田1，不对，赵玉芬1”: whether the first is taken back or the second added, only the sender knows."""
    for earlier, later in pairwise(answers):
        if later.corrects and earlier.persons != later.persons:
            return "which_person"
        if later.corrects and earlier.numbers != later.numbers:
            return "which_consultation"
    return ""


def _corrected(answers: list[_Answer]) -> list[_Answer]:
    """“11 1，错了，11 2”: the last one of those about the same."""
    kept: list[_Answer] = []
    for answer in answers:
        if (
            answer.corrects
            and kept
            and (answer.numbers, answer.persons) == (kept[-1].numbers, kept[-1].persons)
        ):
            kept.pop()
        kept.append(answer)
    return kept


def _act(m: Said, number: int | None, person: str | None, answer: _Answer) -> dict[str, Any]:
    """One answer as a vote, or the question it raises."""
    if number is None:
        open_now = m.list("open_votes")
        if m.pending.get("kind") == "vote" and m.pending.get("consultation") is not None:
            number = int(m.pending["consultation"])
        elif len(open_now) == 1:
            number = open_now[0]
        else:
            return clarify("which_consultation")
    option, comment = answer.option, "，".join(w for w in answer.comment if len(w) >= 2)
    if number in m.list("in_publicity") and number not in m.list("open_votes"):
        if answer.digit:
            return clarify(
                "closed", consultation=number
            )  # the vote is over, and “2” says nothing of a result
        if option == "2":
            return said("object", consultation=number, **({"reason": comment} if comment else {}))
        return said("no_objection", consultation=number)
    if number in m.list("closed"):
        return clarify("closed", consultation=number)
    if number not in m.list("open_votes") and number != m.pending.get("consultation"):
        return clarify("which_consultation", consultation=number)
    known = m.options_of(number)
    if option not in (known or ("1", "2", "3")):
        return clarify("out_of_range", consultation=number)
    label = (known or _LABELLESS).get(option, "")
    against = choices.stances(comment, known or _LABELLESS) - {option}
    if against:
        return clarify("conflict", consultation=number)
    if any(doubts.spoils(w, label, True) for w in answer.before) or any(
        doubts.spoils(w, label, False) for w in answer.comment
    ):
        return m.opinion(number)
    if len(m.persons) > 1 and person is None:
        return clarify("which_person", consultation=number, option=option)
    return vote(number, option, person, comment)


def _full_names(text: str, persons: tuple[str, ...]) -> str:
    """“守田1，玉芬2”, “lishoutian1”, “李守天1” with the full names of those on the handset it can be."""
    if len(persons) == 1:
        # “同意 孙长河 拟柳村一组”: signed
        signed = re.search(
            rf"[，,。.!！\s]+{re.escape(persons[0])}(?:[，,\s]*(?:[\u4e00-\u9fff]{{1,4}}(?:村|屯|社区|小区))?(?:[一二三四五六七八九十\d]+(?:组|队|号楼|单元))?)?[。.]*$",
            text,
        )
        return text[: signed.start()] if signed and signed.start() else text
    if not persons:
        return text
    for person in persons:
        others = [p for p in persons if p != person]
        short = person[1:]
        if person not in text and len(short) >= 2 and short in text and not any(short in p for p in others):
            text = text.replace(short, person)
    if any(p in text for p in persons):
        return text
    for person in persons:
        others = [p for p in persons if p != person]
        sound = choices.pinyin(person)[0]
        if (
            len(sound) >= 5
            and sound in text.lower()
            and not any(choices.pinyin(p)[0] == sound for p in others)
        ):
            return re.sub(sound, person, text, flags=re.IGNORECASE)
        for match in re.finditer(rf"[\u4e00-\u9fff]{{{len(person)}}}", text):
            if choices.pinyin(match[0])[0] == sound:
                return text.replace(match[0], person)
    return text
