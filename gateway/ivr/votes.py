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


def vote(number: int, option: str, person: str | None = None, comment: str = "") -> dict[str, Any]:
    """An answer to one matter."""
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
    clause = re.split(r"[，,。；;]", m.text)[0].strip("。.!！ ")
    for score, pattern in words.SCORES:
        if pattern.fullmatch(clause):
            return said("rate", consultation=about, score=int(score))
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
    return vote(about, found.key)


@dataclass
class _Part:
    """What a stretch of text names: a matter, a person, an option, or only words."""

    number: int | None = None
    person: str | None = None
    option: str | None = None
    words: str = ""
    raw: str = ""  # the words the option was read from


def explicit(m: Said) -> dict[str, Any] | None:
    """Answers that name their matter or their person: “11 1”, “12号同意”, “李守田1”, “11 1 12选2”."""
    numbers, persons = Numbers.find(m), m.persons
    m.text = _full_names(m.text, persons)
    numbers = Numbers.find(m)
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
    if any(stranger(w, persons) for w in loose):
        return clarify("which_person")
    several = list(dict.fromkeys(n for n, _, _ in numbers.found))
    if len(several) > 1 and len(pairs) == 1 and re.search(r"都|全", text):
        # “11和12都同意”
        pairs = [_Part(n, pairs[0].person, pairs[0].option, "", raw=pairs[0].raw) for n in several]
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
        chunk = re.sub(r"^(?:改成|改为|改选|换成|改)", "", chunk.strip('：: 的-—~()（）“”"'))
        if not chunk or not choices.bare(chunk):
            continue
        option = choices.whole(chunk, {}, None) or choices.whole(
            chunk, m.options or _LABELLESS, m.other_labels
        )
        if option:
            found.append(_Part(option=option.key, raw=chunk))
            continue
        near = choices.leading(chunk, m.options or _LABELLESS)
        if near and not (len(near.rest) <= 1 and near.rest):
            found.append(_Part(option=near.key, words=near.rest, raw=chunk))
        else:
            found.append(_Part(words=chunk))
    return found


def _join(flat: list[_Part]) -> list[_Part]:
    joined: list[_Part] = []
    number: int | None = None
    person: str | None = None
    waiting: _Part | None = None  # an option said before its number or its person: “1 11”, “1李守田”
    before: _Part | None = None
    for part in flat:
        if part.number is not None:
            if waiting is not None and waiting.number is None and number is None:
                waiting.number = part.number
                waiting = None
                continue
            # “李守田 11 1”: the person said just before is meant
            number, person = part.number, before.person if before is not None else None
        elif part.person is not None:
            if waiting is not None and waiting.person is None and person is None and flat[0] is not part:
                waiting.person = part.person
                waiting = None
                continue
            person = part.person
        elif part.option is not None:
            made = _Part(number, person, part.option, part.words, part.raw)
            waiting = made if number is None or person is None else None
            joined.append(made)
        else:
            joined.append(part)
        before = part
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
    known = m.options_of(number)
    if known and p.raw and not p.raw.isdigit():
        # read with another matter's labels: 15's “1” may be 东线, so 同意 is none of its answers
        again = choices.whole(p.raw, known) or choices.leading(p.raw, known)
        if again is None:
            return clarify("out_of_range", consultation=number)
        option = again.key
    if (known and option not in known) or (not known and option not in ("1", "2", "3")):
        return clarify("out_of_range", consultation=number)
    if len(m.persons) > 1 and p.person is None:
        return clarify("which_person", consultation=number, option=option)
    return vote(number, option, p.person, p.words)


_NOT_NAMES = re.compile(
    r"(?:高兴|方便|马上|全家|全部|安全|平时|常年|金钱|石头|白天|黄了|水|时间|钱|万一|关键|文件|常常|田里|江边|都)"
)


def stranger(chunk: str, persons: tuple[str, ...]) -> bool:
    """Whether a stretch of text is the name of somebody who isn't on this handset."""
    name = chunk.strip()
    if not re.fullmatch(r"[\u4e00-\u9fff]{2,3}", name) or name in persons or _NOT_NAMES.match(name):
        return False
    # surnames that more often begin another word are left out: 太贵了, 全村, 文书
    return name[0] in words.SURNAMES and name[0] not in "太全文关车温常安万高方马白毛单牛孔连成时"


def _full_names(text: str, persons: tuple[str, ...]) -> str:
    """“守田1”, “lishoutian1”, “李守天1” with the full name of the one person on the handset it can be."""
    if len(persons) < 2 or any(p in text for p in persons):
        return text
    for person in persons:
        others = [p for p in persons if p != person]
        short = person[1:]
        if len(short) >= 2 and short in text and not any(short in p for p in others):
            return text.replace(short, person)
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
