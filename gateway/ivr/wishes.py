"""Messages that want something from us: a call, help, their data, a language, an answer to a question."""

import re
from typing import Any

from gateway.ivr import doubts
from gateway.ivr import lexicon as words
from gateway.ivr.numbers import Numbers
from gateway.ivr.reading import Said, clarify, said

_TIME = re.compile(
    r"(凌晨|早上|早晨|上午|中午|下午|傍晚|晚上|今晚|明早|晚|早)?\s*(\d{1,2}|[一二两三四五六七八九十]{1,3})\s*(?:点|时|:)\s*(半|一刻|三刻|\d{1,2})?分?"
)
_MEAL = r"(?:吃(?:完|过|了|罢)?)?(?:早|午|中|晌午?|晚|夜)?饭(?:吃完)?(?:以后|之后|后|前|时)?"
_WORK = (
    r"(?:[下收放歇](?:了)?工|下(?:了)?班|[下放](?:了)?[课学]|歇(?:了)?晌|(?:从)?地里回来)(?:以后|之后|后)?"
)
_VAGUE = re.compile(
    rf"(?:(?:明|后|今)天|明儿|后儿|明早|明晚|今晚|周[一二三四五六日末]|(?:星期|礼拜)[一二三四五六日天])?(?:{_MEAL}|{_WORK}|天黑(?:以后|了|后)?|早上|上午|晌午|中午|下午|傍晚|晚上|夜里|晚点|过会儿?|一会儿?)"
    r"|(?:明|后|今)天|明儿|后儿|明早|明晚|今晚|周[一二三四五六日末]|(?:星期|礼拜)[一二三四五六日天]|忙完(?:以后|了|这阵)?|有空(?:了|的时候)?"
)
_HOURS = {"一": 1, "二": 2, "两": 2, "三": 3, "四": 4, "五": 5, "六": 6, "七": 7, "八": 8, "九": 9, "十": 10, "十一": 11, "十二": 12}  # fmt: skip


def when(text: str) -> str | None:
    """“晚上七点” → “19:00”; a vaguer time in the words used; None for none."""
    ring = max((h.start() for h in re.finditer("打|电话|回|来电|联系|拨|找", text)), default=len(text))
    text = text[:ring] if _TIME.search(text[:ring]) or _VAGUE.search(text[:ring]) else text
    match = _last(_TIME, text)
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
    vague = _last(_VAGUE, text)
    return vague[0] if vague else None


def _last(pattern: re.Pattern[str], text: str) -> re.Match[str] | None:
    """The last one: “白天没信号，吃完晚饭打” means the evening."""
    return next(reversed(list(pattern.finditer(text))), None)


_CLAUSES = re.compile(r"[\s。，,.!！?？~～、；;…]+")
_SPOKEN = re.compile(rf"{_CLAUSES.pattern}|(?<=[啊呀呢了])")
# “短信太多了别发了”: where a comma is missing
_STOPS = re.compile(
    rf"{_CLAUSES.pattern}|(?<=了)(?=别|不要|甭|莫|请|短信|发短信|发信息|有事|真?烦|[真太]吵|耳朵)|也(?=别|不要|甭|莫)"
)


def stop_or_resume(m: Said) -> dict[str, Any] | None:
    """Stop, or start again. Every clause must say so, or be what people say around it: a wrong guess costs rights."""
    clauses = [c for c in _STOPS.split(m.text) if c]
    if not clauses or len(m.text) > 40:
        return None
    if any(words.RESUME.fullmatch(_ASKED.sub("", c)) for c in clauses) and re.search("[?？]|吗|能", m.text):
        return said("opt_in")  # “能恢复短信吗？”
    back = any(words.NOT_STOPPED.fullmatch(c) or words.RESUME.fullmatch(_unwrapped(c)) for c in clauses)
    if back and words.STOPPED_BY_MISTAKE.search(m.text):
        return said("opt_in")
    asks = re.search("[?？]|吗$|是不是|能不能|怎么|咋", m.text)
    if not asks and any(words.STILL_SENT.fullmatch(c) for c in clauses) and words.STOP_SLIPPED.search(m.text):
        return said("opt_in")
    if asks:
        about_stopping = words.UNSUBSCRIBING.search(m.text) and len(m.text) <= 24
        return said("help") if about_stopping and not words.AUTHENTIC.search(m.text) else None
    if words.UNSUBSCRIBING.search(m.text) and _FOR_LEAVE.search(m.text):
        return said("help")  # “回TD行不”
    scopes: set[str | None] = set()
    for clause in ["".join(clauses)] if _scope("".join(clauses)) else clauses:
        both = len(clauses) == 1 and words.STOP_BOTH.fullmatch(_unwrapped(clause))
        scope = "all" if both else _scope(clause)
        if scope is None and not words.STOP_BESIDE.fullmatch(clause):
            scopes.clear()
            break
        scopes.add(scope)
    scopes.discard(None)
    if scopes:
        return said("opt_out", scope=scopes.pop() if len(scopes) == 1 else "all")
    first, whole = _unwrapped(clauses[0]), _unwrapped("".join(clauses))
    if words.RESUME.fullmatch(first) or words.RESUME.fullmatch(whole):
        return said("opt_in")
    return None


def _called(text: str) -> str | None:
    """The words that ask to be rung: the whole text, or the one clause of “在开会别打，后天上午打” that says when."""
    if not words.CALLBACK.search(text) and not (_RINGS.search(text) and when(text)):
        return None
    if not words.NOT_CALLED.search(text):
        return text
    later = [
        c
        for c in _CLAUSES.split(text)
        if _RINGS.search(c) and when(c) and not words.NOT_CALLED.search(c) and not re.search("[?？]", text)
    ]
    return later[0] if len(later) == 1 else None


# “礼拜六打”, where a time is said
_RINGS = re.compile(r"(?<![没不别殴])打(?:过?来|给我|给俺|吧|呗|电话|我)*$")
_FOR_LEAVE = re.compile("(?:行|成|中|好使|管用|可以|好|能|有用)(?:不|吗|么|没)[^，,。]{0,3}$")
_ASKED = re.compile(r"^(?:请问|那|还)?(?:能不能|可不可以|可以|能)|(?:吗|不|么)?[?？]*$")


def _unwrapped(clause: str) -> str:
    return words.STOP_AROUND.sub("", clause) or clause


def _scope(clause: str) -> str | None:
    """What a clause wants stopped: all, voice or sms."""
    for whole in (clause, _unwrapped(clause)):
        if words.STOP_ALL.fullmatch(whole):
            return "all"
        if words.STOP_CALLS.fullmatch(whole):
            return "voice"
        if words.STOP_SMS.fullmatch(whole):
            return "sms" if re.search("短信|消息|信息|通知", whole) else "all"
    return None


def _language(text: str) -> str | None:
    """The language that is asked for; never the one somebody says they cannot read."""
    if len(text) > 40:
        return None
    text = text.casefold()
    named = [(code, hit) for code, pattern in words.LANGUAGES for hit in pattern.finditer(text)]
    for code, hit in named:
        before, behind = text[: hit.start()], text[hit.end() :].lstrip("的 ")
        if words.LANGUAGE_NOT[0].search(before) or words.LANGUAGE_NOT[1].match(behind):
            continue
        if (
            hit[0] == text
            or words.LANGUAGE_WANTED[0].search(before)
            or words.LANGUAGE_WANTED[1].match(behind)
        ):
            return code
    return None


def service(m: Said) -> dict[str, Any] | None:
    """Help, a person, one's data, a language, whether we are genuine, a receipt."""
    text = m.text.strip("。，,.!！~～ ")
    text = text.strip("?？ ") or text
    if words.HELP.fullmatch(text) or all(words.HELP.fullmatch(c) for c in _SPOKEN.split(text) if c):
        return said("help")
    if len(text) <= 24 and words.HELP_CORE.search(text):
        if not words.HELP_AROUND.sub("", words.HELP_CORE.sub("", text)):
            return said("help")
    for kind, pattern in words.WANTS_DATA:
        if pattern.search(text):
            return said("data_request", kind=kind)
    called = _called(text)
    if called is not None:
        at = when(called)
        return said("callback", **({"when": at} if at else {}))
    if words.CANNOT_TYPE.search(text) and not doubts.OTHERS.search(text):
        return said("callback")
    language = _language(text)
    if language:
        return said("set_language", language=language)
    receipt = words.RECEIPT.search(text)
    if receipt and not re.fullmatch(r"(\d)\1+", text):
        return said("query", what="my_vote", receipt=next(g for g in receipt.groups() if g))
    if words.AUTHENTIC.search(text) and len(text) <= 30:
        return said("authenticity")
    return None


# “when” in the north; the two characters alone also stand in “为啥前面…”
_DIALECT = re.compile(r"(?<!为)啥前(?:儿|(?=截|到|开|修|完|能|出|结束))|多前儿?|啥暂|多暂")


def question(m: Said) -> dict[str, Any] | None:
    """What is open, how it stands, when it ends."""
    if len(m.text) > 30:
        return None
    about = Numbers.find(m).one
    text = _DIALECT.sub("啥时候", m.text.replace("俺", "我").replace("截至", "截止"))
    for what, pattern in words.ASKS:
        if pattern.search(text):
            if (
                what == "my_vote"
                and re.search("撤|取消|作废|收回", text)
                and not re.search("[?？]|吗|没", text)
            ):
                return clarify("unsure")
            day = (
                what in ("deadline", "meeting") and about is not None and not m.known(about)
            )  # “过了18号还能投吗”
            target = about if (about is not None and not day) or what == "list" else m.default_matter()
            return said("query", what=what, **({"consultation": target} if target is not None else {}))
    return None
