"""Answers inside more words: “同意，快点修” is one, “东线近，可是…” is not."""

import re
from typing import Any

from gateway.ivr import choices, doubts
from gateway.ivr import lexicon as words
from gateway.ivr.reading import Said, clarify
from gateway.ivr.votes import stranger, vote

_CUT = re.compile(rf"[，,。；;!！~～…\n]+|(?<=[a-z])\.\s+|{doubts.BLANK}")
_COUNTS = re.compile(r"(?:有|等|共|才|就|只|约|差|过|花|出|交|剩|还|前|后|月|第|住|收|是|家|养|欠|[0-9])$")
_ANSWER_END = re.compile(r"(?:[也都选投回:： ]*(?:[1-9]|不?同意|不?赞成|不?支持|反对|弃权))$")
# words that a blank doesn't cut off from the stance behind them: “绝对不会 同意”
_HANGS = re.compile(r"(?:[不没会能想要说是可太大怎谁让叫问等就才]|同意|如果|哪个|不太|怎么)$")


def by_words(m: Said) -> dict[str, Any] | None:
    """A clear option at the start or end of more words, about the last question or the only open matter."""
    open_now, about = m.list("open_votes"), m.pending.get("consultation")
    if m.pending.get("kind") == "vote" and about is not None:
        number, options = int(about), m.options
    elif m.pending.get("kind") is None and not m.options:
        return _without_question(m, open_now)
    else:
        return None
    if not options:
        return None
    text = m.text
    if doubts.OTHERS.search(text):
        named = choices.stances(text, options) or re.search(r"(?<!\d)[1-9](?!\d)", text)
        return clarify("which_person") if named else None
    if _digit_and_label_differ(text, options):
        return clarify("conflict", consultation=number)
    if doubts.CORRECTION.search(text):
        found = _corrected(text, options)
    elif doubts.uncertain(text):
        return None
    elif len(_several(text, options)) > 1:
        return clarify("two_options", consultation=number)
    else:
        found = _stated(text, options)
        if found is None and _named_before_stance(m, options):
            return clarify("which_person")
    if isinstance(found, str):
        return clarify(found, consultation=number)
    if found is None:
        return None
    if any(stranger(_ANSWER_END.sub("", c), m.persons) for c in _CUT.split(text)):
        return clarify("which_person")
    if found.missing:
        return clarify("out_of_range", consultation=number)
    if number in m.list("closed"):
        return clarify("closed", consultation=number)
    if len(m.persons) > 1:
        return clarify("which_person", consultation=number, option=found.key)
    return vote(number, found.key, None, found.rest)


def _stated(text: str, options: dict[str, str]) -> choices.Choice | str | None:
    """The one option stated by a clause of its own, where no other clause takes anything back.

    None where there is none; a reason to ask where something speaks against it.
    """
    text = _unrun(re.sub(r"(?<=[不没别未])\s+", "", text), options)
    found: choices.Choice | None = None
    before: list[str] = []
    after: list[str] = []
    at, blank, glued = (
        0,
        False,
        False,
    )  # glued: only a blank stands between the answer and the words behind it
    for cut in [*_CUT.finditer(text), None]:
        clause, blank_before = text[at : cut.start() if cut else None], blank
        blank = bool(cut and not cut[0].strip())
        at = cut.end() if cut else at
        if (
            not choices.bare(clause)
            or words.ACKNOWLEDGE.fullmatch(clause)
            or words.NO_ANSWER.fullmatch(clause)
        ):
            continue
        read = choices.whole(clause, options) or choices.stance(clause, options)
        if read is not None and len(clause) == 2 and clause[1] == "号" and clause != text.strip("。.!！ "):
            read = None  # “1号 回来”: a day
        if read is None:
            (before if found is None else after).append(clause + (" " if blank else ""))
            glued = glued or (found is not None and len(after) == 1 and blank_before)
        elif found is None:
            found = read
            if read.rest:
                after.append(read.rest)
        elif read.key != found.key:
            return "two_options"
    if found is None:
        return None
    if found.missing and (before or after):
        return None
    bare_digit = not choices.stances(text, options)
    if (before and after and bare_digit) or (glued and bare_digit and doubts.MEASURE.match(after[0])):
        return None  # a digit in the middle of words, “家里 2 口人”
    if before:
        last = before[-1]
        if last.endswith(" ") and (len(last) <= 3 or _HANGS.search(last.strip())):
            return "unsure"
        if bare_digit and _COUNTS.search(last.strip()):
            return "unsure"
    label = options.get(found.key, "")
    # “说一千道一万，我选1”: what came before is the story, not what is asked for in return
    told = bool(before and _IN_SHORT.fullmatch(before[-1].strip()))
    if any(doubts.spoils(w, label, True, told) for w in before) or any(
        doubts.spoils(w, label, False) for w in after
    ):
        return "unsure"
    if glued and re.match(r"(?:不(?!公)|没(?!有?意见|有?钱)|个|是不|的人|的话|与否|者|书|票|派)", after[0]):
        return "unsure"
    rest = "，".join(w.strip() for w in (*before, *after))
    return choices.Choice(found.key, rest=rest, missing=found.missing)


_IN_SHORT = re.compile(
    r"说[一1]千道[一1]万|总之|总而言之|归根(?:到底|结底)|说到底|[一1]句话|千言万语[一1]句话"
)


# only what cannot be a condition: “修好了我同意” is one
_RUN_ON = re.compile(
    r"(?:^|(?<=[，,。；;!！\s]))(?:(?:不用|不必|别|甭|不要|莫)(?:再|老)?(?:问|说|催|发|打|讲|来)[^，,。；;!！\s]{0,4}?[了啦]|(?:问|发|催|说)了?[^，,。；;!！\s]{0,3}[遍次回]了"
    r"|[^，,。；;!！\s没不]{0,6}[太真][^，,。；;!！\s]{1,4}了|[^，,。；;!！\s]{0,6}早(?:就)?(?:应该|该|想|盼)[^，,。；;!！\s]{0,4}了|(?:我|俺)?(?:想|考虑|商量|合计|琢磨)(?:好|清楚|明白|妥)了|(?:知道|明白|看到|收到|听懂|清楚)了)"
    r"(?=(?:我|俺)(?:家|们)?(?:也|都|坚决|完全|肯定|举双手|就|是|选|投)*$)"
)


def _unrun(text: str, options: dict[str, str]) -> str:
    """“不用再问了我同意”: a comma where one is missing, before “I” and an answer that ends the text."""
    end = text.rstrip("。.!！~～ ")
    for word in sorted(
        (w for label in options.values() for w in choices.family(label)), key=len, reverse=True
    ):
        if len(word) >= 2 and end.endswith(word):
            cut = _RUN_ON.search(end[: -len(word)])
            return f"{text[: cut.end()]}，{text[cut.end() :]}" if cut else text
    return text


def _several(text: str, options: dict[str, str]) -> set[str]:
    """Options said as answers of their own: “1和2”, “同意，不同意”."""
    found = choices.stances(text, options)
    for chunk in re.split(r"[，,。；;、/和跟或\s]+|或者|还是", text):
        option = choices.whole(chunk, options) if chunk else None
        if option and not option.missing:
            found.add(option.key)
    return found


def _corrected(text: str, options: dict[str, str]) -> choices.Choice | str | None:
    """What is said after “不对”, “按错了”, “改成”: nothing but an answer, or we ask."""
    after = re.split(doubts.CORRECTION, text)[-1].lstrip("了，,。 是：:")
    after = re.sub(r"^(?:主意|想法|选择|答案)了?[，, ]*", "", after)
    if doubts.uncertain(after) or len(_several(after, options)) > 1:
        return "unsure"
    after = re.sub(r"^(?:不好意思|对不起|抱歉|手抖|眼花|老花眼)了?[，,。 ]*", "", after)
    first = _CUT.split(after, maxsplit=1)[0]
    if not (choices.whole(after, options) or choices.whole(first, options) or choices.stance(first, options)):
        return "unsure"  # “改成沥青路，同意”
    found = choices.whole(after, options) or _stated(after, options)
    return "unsure" if found is None or (isinstance(found, choices.Choice) and found.missing) else found


_USUAL = {"1": "同意", "2": "不同意", "3": "弃权"}


def _without_question(m: Said, open_now: list[int]) -> dict[str, Any] | None:
    """A bare answer with no question: the only open matter's, else ask which."""
    found = choices.whole(m.text, {})
    if found is None and re.fullmatch(r"(?:我|俺)?(?:不?同意|不?赞成|弃权)[。!！]?", m.text):
        if not open_now:
            return clarify("no_pending")
        return clarify(
            "which_consultation" if len(open_now) != 1 else "unsure",
            **({"consultation": open_now[0]} if len(open_now) == 1 else {}),
        )
    if found is None:
        # “同意，早该修了”, where two matters wait for an answer
        plain = len(open_now) > 1 and not any(p.search(m.text) for p in (doubts.OTHERS, doubts.CORRECTION))
        if not plain or doubts.uncertain(m.text) or len(_several(m.text, _USUAL)) > 1:
            return None
        stated = _stated(m.text, _USUAL)
        return clarify("which_consultation") if isinstance(stated, choices.Choice) else None
    if not open_now:
        return clarify("no_pending")
    if len(open_now) > 1:
        return clarify("which_consultation", option=found.key)
    if found.key not in ("1", "2", "3"):
        return clarify("out_of_range", consultation=open_now[0])
    if len(m.persons) > 1:
        return clarify("which_person", consultation=open_now[0], option=found.key)
    return vote(open_now[0], found.key)


def _named_before_stance(m: Said, options: dict[str, str]) -> bool:
    """“赵玉芬同意” from a handset that isn't hers."""
    text = m.text.rstrip("。.!！了的")
    for label in options.values():
        for word in choices.family(label):
            if len(word) >= 2 and text.endswith(word) and stranger(text[: -len(word)].strip(), m.persons):
                return True
    return False


def _digit_and_label_differ(text: str, options: dict[str, str]) -> bool:
    """“1不同意”, where 1 is 同意."""
    match = re.match(
        r"([1-9])(?!\d|[号点月块个年天楼组户栋队]|单元)\s*(?=[\u4e00-\u9fff])", text
    ) or re.search(r"(?<=[\u4e00-\u9fff])([1-9])[。.!！]?$", text)
    if not match:
        return False
    named = choices.stances(text, options)
    return bool(named) and named != {match[1]}
