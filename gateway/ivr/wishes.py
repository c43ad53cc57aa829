"""Messages that want something from us: a call, help, their data, a language, an answer to a question."""

import re
from typing import Any

from gateway.ivr import lexicon as words
from gateway.ivr.numbers import Numbers
from gateway.ivr.reading import Said, said

_TIME = re.compile(
    r"(凌晨|早上|早晨|上午|中午|下午|傍晚|晚上|今晚|明早|晚|早)?\s*(\d{1,2}|[一二两三四五六七八九十]{1,3})\s*(?:点|时|:)\s*(半|一刻|三刻|\d{1,2})?分?"
)
_VAGUE = re.compile(
    r"(?:明|后|今)天(?:早上|上午|中午|下午|晚上)?|(?:早上|上午|中午|下午|晚上|晚饭后|吃完饭)|周[一二三四五六日末]|星期[一二三四五六日天]"
)
_HOURS = {
    "一": 1,
    "二": 2,
    "两": 2,
    "三": 3,
    "四": 4,
    "五": 5,
    "六": 6,
    "七": 7,
    "八": 8,
    "九": 9,
    "十": 10,
    "十一": 11,
    "十二": 12,
}


def when(text: str) -> str | None:
    """“晚上七点” → “19:00”; a vaguer time in the words used; None for none."""
    match = _TIME.search(text)
    if match:
        hour = int(match[2]) if match[2].isdigit() else _HOURS.get(match[2], 99)
        minute = {"半": 30, "一刻": 15, "三刻": 45, None: 0, "": 0}.get(match[3])
        minute = int(match[3]) if minute is None else minute
        if (match[1] in ("下午", "傍晚", "晚上", "今晚", "晚") and hour < 12) or (
            match[1] == "中午" and hour < 10
        ):
            hour += 12
        if hour < 24 and minute < 60:
            return f"{hour:02d}:{minute:02d}"
    vague = _VAGUE.search(text)
    return vague[0] if vague else None


def service(m: Said) -> dict[str, Any] | None:
    """Help, a person, one's data, a language, whether we are genuine, a receipt."""
    text = m.text.strip("。，,.!！~～ ")
    if words.HELP.fullmatch(text):
        return said("help")
    for kind, pattern in words.WANTS_DATA:
        if pattern.search(text):
            return said("data_request", kind=kind)
    if words.CALLBACK.search(text) and not re.search(r"(?:别|不要|不用|甭)(?:再)?(?:给我)?(?:打|回)", text):
        at = when(text)
        return said("callback", **({"when": at} if at else {}))
    for code, pattern in words.LANGUAGES:
        if (
            pattern.search(text) and words.LANGUAGE_VERB.search(text) and (len(text) <= 16)
        ) or pattern.fullmatch(text):
            return said("set_language", language=code)
    receipt = words.RECEIPT.search(text)
    if receipt:
        return said("query", what="my_vote", receipt=next(g for g in receipt.groups() if g))
    if words.AUTHENTIC.search(text) and len(text) <= 24:
        return said("authenticity")
    return None


def question(m: Said) -> dict[str, Any] | None:
    """What is open, how it stands, when it ends."""
    if len(m.text) > 30:
        return None
    about = Numbers.find(m).one
    for what, pattern in words.ASKS:
        if pattern.search(m.text):
            target = about if about is not None or what == "list" else m.default_matter()
            return said("query", what=what, **({"consultation": target} if target is not None else {}))
    return None
