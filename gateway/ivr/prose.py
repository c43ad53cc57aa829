"""Answers inside more words: “同意，快点修” is one, “东线近，可是…” is not."""

import re
from typing import Any

from gateway.ivr import choices
from gateway.ivr import lexicon as words
from gateway.ivr.reading import Said, clarify
from gateway.ivr.votes import stranger, vote


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
    if words.OTHERS.search(text):
        return clarify("which_person") if choices.stances(text, options) else None
    if _digit_and_label_differ(text, options):
        return clarify("conflict", consultation=number)
    if words.CORRECTION.search(text):
        return _corrected(m, number, options)
    if words.FAR_FROM_SURE.search(text):
        return None
    several = _several(text, options)
    if len(several) > 1:
        return clarify("two_options", consultation=number)
    chunks = [c for c in re.split(r"[，,。；;!！\s]+", text) if choices.bare(c)]
    found, comment = _own_clause(chunks, options) if len(chunks) > 1 else (None, "")
    if found is None:
        found = choices.leading(text, options)
        comment = found.rest if found else ""
    if any(stranger(c, m.persons) for c in chunks) and found is not None:
        return clarify("which_person")
    if (
        found is None
        and len(chunks) == 1
        and (end := _ends_with_stance(text, options))
        and stranger(end, m.persons)
    ):
        return clarify("which_person")
    if found is None:
        return None
    if found.missing:
        return clarify("out_of_range", consultation=number)
    if choices.stances(comment, options) - {found.key} or re.search(
        r"^(?:不|没(?!有?意见)|个|是不|的人|的话|与否|不了)", comment
    ):
        return clarify("conflict", consultation=number)
    if re.search(r"但|不过|可是|就是|只是|除了", comment) and len(comment) < 4:
        return clarify("unsure", consultation=number)
    if number in m.list("closed"):
        return clarify("closed", consultation=number)
    if len(m.persons) > 1:
        return clarify("which_person", consultation=number, option=found.key)
    return vote(number, found.key, None, comment)


def _several(text: str, options: dict[str, str]) -> set[str]:
    """Options said as answers of their own: “1和2”, “同意，不同意”."""
    found = choices.stances(text, options)
    for chunk in re.split(r"[，,。；;、/和跟或\s]+|或者|还是", text):
        option = choices.whole(chunk, options) if chunk else None
        if option and not option.missing:
            found.add(option.key)
    return found


def _corrected(m: Said, number: int, options: dict[str, str]) -> dict[str, Any] | None:
    after = re.split(words.CORRECTION, m.text)[-1].lstrip("了，,。 是")
    found = choices.whole(after, options) or (choices.leading(after, options) if after.strip() else None)
    if found is None:
        found = choices.whole(re.split(r"[，,。；;\s]+", after.strip("。！! "))[-1], options)
    if found is None or found.missing or len(_several(after, options)) > 1:
        return clarify("unsure", consultation=number)
    if len(m.persons) > 1:
        return clarify("which_person", consultation=number, option=found.key)
    return vote(number, found.key)


def _without_question(m: Said, open_now: list[int]) -> dict[str, Any] | None:
    """A bare answer with no question: the only open matter's, else ask which."""
    found = choices.whole(m.text, {})
    if found is None and re.fullmatch(r"(?:我)?(?:不?同意|不?赞成|弃权)[。!！]?", m.text):
        if not open_now:
            return clarify("no_pending")
        return clarify(
            "which_consultation" if len(open_now) != 1 else "unsure",
            **({"consultation": open_now[0]} if len(open_now) == 1 else {}),
        )
    if found is None:
        return None
    if not open_now:
        return clarify("no_pending")
    if len(open_now) > 1:
        return clarify("which_consultation", option=found.key)
    if found.key not in ("1", "2", "3"):
        return clarify("out_of_range", consultation=open_now[0])
    if len(m.persons) > 1:
        return clarify("which_person", consultation=open_now[0], option=found.key)
    return vote(open_now[0], found.key)


def _own_clause(chunks: list[str], options: dict[str, str]) -> tuple[choices.Choice | None, str]:
    """An option that is a clause of its own: a digit or label first or last, a stance anywhere."""
    for place, chunk in enumerate(chunks):
        found = choices.whole(chunk, options)
        if found is None:
            continue
        edge = place in (0, len(chunks) - 1)
        if edge or choices.stances(chunk, options):
            rest = [c for c in chunks if (choices.whole(c, options) or choices.Choice("")).key != found.key]
            return found, "，".join(rest)
    return None, ""


def _ends_with_stance(text: str, options: dict[str, str]) -> str:
    """What stands before a stance at the end: “赵玉芬” in “赵玉芬同意”."""
    for word in sorted(
        (w for label in options.values() for w in choices.family(label)), key=len, reverse=True
    ):
        if len(word) >= 2 and text.rstrip("。.!！了的").endswith(word):
            return text.rstrip("。.!！了的")[: -len(word)].strip()
    return ""


def _digit_and_label_differ(text: str, options: dict[str, str]) -> bool:
    """“1不同意”, where 1 is 同意."""
    match = re.match(r"([1-9])(?!\d|号|点|月|块|个|年|天)\s*(?=[\u4e00-\u9fff])", text) or re.search(
        r"(?<=[\u4e00-\u9fff])([1-9])[。.!！]?$", text
    )
    if not match:
        return False
    named = choices.stances(text, options)
    return bool(named) and named != {match[1]}
