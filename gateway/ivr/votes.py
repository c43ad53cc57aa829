"""Answers to open matters. A half-sentence is never a vote: what isn't plain becomes words, or a question back."""

import re
from dataclasses import dataclass
from typing import Any

from gateway.ivr import choices, wishes
from gateway.ivr import lexicon as words
from gateway.ivr.numbers import Numbers
from gateway.ivr.reading import Said, clarify, said

_SEPARATORS = re.compile(r"[，,。；;、!！\n]+|\s+(?=\S)|(?:然后|还有|另外|再就是|以及|和(?=\d))")
_LABELLESS = {"1": "同意", "2": "不同意"}


def _vote(number: int, option: str, person: str | None = None, comment: str = "") -> dict[str, Any]:
    fields: dict[str, Any] = {"consultation": number, "option": option}
    if person:
        fields["person"] = person
    if comment:
        fields["comment"] = comment
    return said("vote", **fields)


def scored(m: Said) -> dict[str, Any] | None:
    """1 to 5, after we asked how it went."""
    about = m.pending.get("consultation")
    if m.pending.get("kind") != "rating":
        match = re.fullmatch(r"(\d{2,4})号?(?:事)?(?:打|给|评)([1-5]|[一二三四五])分?", m.text)
        if match:
            return said(
                "rate", consultation=int(match[1]), score=int(choices.NUMERALS.get(match[2], match[2]))
            )
        return None
    text = choices.bare(m.text).removesuffix("分").strip()
    digit = choices.NUMERALS.get(text, text)
    if digit in ("1", "2", "3", "4", "5"):
        return said("rate", consultation=about, score=int(digit))
    if re.fullmatch(r"\d+", digit) and digit != "0" and len(digit) < 3:
        return clarify("out_of_range", consultation=about)
    for score, pattern in words.SCORES:
        if pattern.fullmatch(text):
            return said("rate", consultation=about, score=int(score))
    return None


def answered(m: Said) -> dict[str, Any] | None:
    """The whole text is one answer to the last question."""
    kind, about = m.pending.get("kind"), m.pending.get("consultation")
    if kind != "vote" or about is None:
        return None
    if words.OTHERS.search(m.text):
        return None
    if m.pending.get("inferred") and m.list("in_publicity") and words.OBJECT.search(m.text):
        return None  # nobody asked about the open matter lately, and a result waits for objections
    found = choices.whole(m.text, m.options, m.other_labels)
    if found is None:
        return None
    about = int(about)
    if about in m.list("closed"):
        return clarify("closed", consultation=about)
    if found.missing:
        return clarify("out_of_range", consultation=about)
    if len(m.persons) > 1:
        return clarify("which_person", consultation=about, option=found.key)
    return _vote(about, found.key)


@dataclass
class _Part:
    """What a stretch of text names: a matter, a person, an option, or only words."""

    number: int | None = None
    person: str | None = None
    option: str | None = None
    words: str = ""
    missing: bool = False


def explicit(m: Said) -> dict[str, Any] | None:
    """Answers that name their matter or their person: “11 1”, “12号同意”, “李守田1”, “11 1 12选2”."""
    numbers, persons = Numbers.find(m), m.persons
    named = [p for p in persons if p in m.text]
    if not numbers.found and not named:
        glued = _glued(m)
        if glued is None:
            return None
        numbers, m.text = glued
    text = m.text
    if words.FAR_FROM_SURE.search(text):
        if numbers.one and wishes.question(m) is None and len(text) >= 6:
            return m.opinion(numbers.one)
        return None
    parts = _parts(m, numbers, named)
    pairs = [p for p in parts if p.option is not None]
    if not pairs:
        return None
    if words.OTHERS.search(re.sub("|".join(map(re.escape, named)), "", text) if named else text):
        return clarify("which_person")
    loose = [p.words for p in parts if p.option is None and p.words]
    if words.CORRECTION.search(text) and len({(p.number, p.person) for p in pairs}) == 1:
        pairs, loose = pairs[-1:], []
    by_target: dict[tuple[int | None, str | None], set[str]] = {}
    for p in pairs:
        by_target.setdefault((p.number, p.person), set()).add(str(p.option))
    if any(len(options) > 1 for options in by_target.values()):
        return clarify("two_options", **({"consultation": numbers.one} if numbers.one else {}))
    actions: list[dict[str, Any]] = []
    for p in {(p.number, p.person): p for p in pairs}.values():
        action = _act(m, p)
        if action["intent"] == "clarify":
            return action
        actions.append(action)
    if len(actions) == 1:
        comment = "，".join(w for w in loose if len(w) >= 2)
        if comment and actions[0]["intent"] == "vote":
            against = choices.stances(comment, m.options or _LABELLESS) - {actions[0]["fields"]["option"]}
            if against:
                return clarify("conflict", consultation=actions[0]["fields"]["consultation"])
            actions[0]["fields"]["comment"] = comment
        return actions[0]
    return said("multi", actions=actions)


def _glued(m: Said) -> tuple[Numbers, str] | None:
    """“112” for “11 2”, where 11 is open and 112 is nothing."""
    match = re.fullmatch(r"(\d{2,4}?)([1-9])", m.text.strip("。.!！ "))
    if match and int(match[1]) in m.list("open_votes") and m.options.get(match[2], "1"):
        number = int(match[1])
        text = f"{number} {match[2]}"
        return Numbers(((number, 0, len(match[1])),)), text
    return None


def _parts(m: Said, numbers: Numbers, named: list[str]) -> list[_Part]:
    """Cut at numbers, names and punctuation, then let a number or name reach to the option beside it."""
    marks: list[tuple[int, int, _Part]] = [(b, e, _Part(number=n)) for n, b, e in numbers.found]
    for person in named:
        for match in re.finditer(re.escape(person), m.text):
            marks.append((match.start(), match.end(), _Part(person=person)))
    marks.sort(key=lambda mark: mark[0])
    flat: list[_Part] = []
    at = 0
    for begin, end, part in marks:
        flat += _read(m, m.text[at:begin])
        flat.append(part)
        at = max(at, end)
    flat += _read(m, m.text[at:])
    return _join(flat)


def _read(m: Said, stretch: str) -> list[_Part]:
    found = []
    for chunk in _SEPARATORS.split(stretch):
        chunk = chunk.strip('：: 的-—~()（）“”"')
        if not chunk or not choices.bare(chunk):
            continue
        option = choices.whole(chunk, {}, None) or choices.whole(
            chunk, m.options or _LABELLESS, m.other_labels
        )
        if option:
            found.append(_Part(option=option.key))
            continue
        near = choices.leading(chunk, m.options or _LABELLESS)
        if near and not (len(near.rest) <= 1 and near.rest):
            found.append(_Part(option=near.key, words=near.rest))
        else:
            found.append(_Part(words=chunk))
    return found


def _join(flat: list[_Part]) -> list[_Part]:
    joined: list[_Part] = []
    number: int | None = None
    person: str | None = None
    waiting: _Part | None = None  # an option said before its number: “1 11”
    for part in flat:
        if part.number is not None:
            if waiting is not None and waiting.number is None and number is None:
                waiting.number = part.number
                waiting = None
                continue
            number, person = part.number, None
        elif part.person is not None:
            person = part.person
        elif part.option is not None:
            made = _Part(number, person, part.option, part.words)
            if number is None:
                waiting = made
            joined.append(made)
        else:
            joined.append(part)
    return joined


def _act(m: Said, p: _Part) -> dict[str, Any]:
    """One pair as a vote, or the question it raises."""
    number = p.number
    if number is None:
        open_now = m.list("open_votes")
        if m.pending.get("kind") == "vote" and m.pending.get("consultation") is not None:
            number = int(m.pending["consultation"])
        elif len(open_now) == 1:
            number = open_now[0]
        else:
            return clarify("which_consultation")
    option = str(p.option)
    if number in m.list("in_publicity") and number not in m.list("open_votes"):
        if option == "2":
            return said("object", consultation=number, **({"reason": p.words} if p.words else {}))
        return said("no_objection", consultation=number)
    if number in m.list("closed"):
        return clarify("closed", consultation=number)
    if number not in m.list("open_votes") and number != m.pending.get("consultation"):
        return clarify("which_consultation", consultation=number)
    known = m.options if number == m.pending.get("consultation") else {}
    if (known and option not in known) or (not known and option not in ("1", "2", "3")):
        return clarify("out_of_range", consultation=number)
    if len(m.persons) > 1 and p.person is None:
        return clarify("which_person", consultation=number, option=option)
    return _vote(number, option, p.person, p.words)


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
    if words.CORRECTION.search(text):
        return _corrected(m, number, options)
    if words.FAR_FROM_SURE.search(text):
        return None
    several = _several(text, options)
    if len(several) > 1:
        return clarify("two_options", consultation=number)
    chunks = [c for c in re.split(r"[，,。；;!！\s]+", text) if choices.bare(c)]
    found = (
        next((c for c in (choices.whole(chunks[0], options), choices.whole(chunks[-1], options)) if c), None)
        if len(chunks) > 1
        else None
    )
    if found is None:
        found = choices.leading(text, options)
        comment = found.rest if found else ""
    else:
        rest = [c for c in chunks if (choices.whole(c, options) or choices.Choice("")).key != found.key]
        comment = "，".join(rest)
    if found is None:
        return None
    if found.missing:
        return clarify("out_of_range", consultation=number)
    if choices.stances(comment, options) - {found.key} or re.search(
        r"^(?:不|没|个|是不|的人|的话|与否|不了)", comment
    ):
        return clarify("conflict", consultation=number)
    if re.search(r"但|不过|可是|就是|只是|除了", comment) and len(comment) < 4:
        return clarify("unsure", consultation=number)
    if (
        re.search(r"\d", found.key)
        and len(chunks) > 1
        and chunks[0].isdigit()
        and not choices.bare(chunks[0])
    ):
        return None
    if number in m.list("closed"):
        return clarify("closed", consultation=number)
    if len(m.persons) > 1:
        return clarify("which_person", consultation=number, option=found.key)
    return _vote(number, found.key, None, comment)


def _several(text: str, options: dict[str, str]) -> set[str]:
    """Options said as answers of their own: “1和2”, “同意，不同意”."""
    found = choices.stances(text, options)
    for chunk in re.split(r"[，,。；;、/和跟或\s]+|或者|还是", text):
        option = choices.whole(chunk, options) if chunk else None
        if option and not option.missing:
            found.add(option.key)
    return found


def _corrected(m: Said, number: int, options: dict[str, str]) -> dict[str, Any] | None:
    after = re.split(words.CORRECTION, m.text)[-1]
    found = choices.whole(after, options) or (choices.leading(after, options) if after.strip() else None)
    if found is None or found.missing or len(_several(after, options)) > 1:
        return clarify("unsure", consultation=number)
    if len(m.persons) > 1:
        return clarify("which_person", consultation=number, option=found.key)
    return _vote(number, found.key)


def _without_question(m: Said, open_now: list[int]) -> dict[str, Any] | None:
    """A bare answer with no question: the only open matter's, else ask which."""
    found = choices.whole(m.text, {})
    if found is None and re.fullmatch(r"(?:我)?(?:不?同意|不?赞成|弃权)[。!！]?", m.text):
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
    return _vote(open_now[0], found.key)
