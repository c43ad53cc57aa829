"""Text as the network counts it and as people say it."""

import re
import unicodedata
from dataclasses import dataclass
from datetime import date, datetime
from functools import cache
from typing import Any

# GSM 03.38 basic set, and the characters that cost two septets
_GSM = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿"
    "abcdefghijklmnopqrstuvwxyzäöñüà"
)
_GSM_TWO = frozenset("^{}\\[~]|€\f")
_DIGITS = "零一二三四五六七八九"


@dataclass(frozen=True, slots=True)
class Segments:
    """What a text costs: ``units`` are septets (GSM-7) or UTF-16 code units (UCS-2), ``count`` is billed."""

    encoding: str
    units: int
    count: int


def segments(text: str) -> Segments:
    """How many SMS a text becomes (GSM-7: 160, else 153 each; UCS-2: 70, else 67). An empty text is one.

    Source: twilio.com/docs/glossary/what-sms-character-limit; a character of two units is never split.
    """
    if all(ch in _GSM or ch in _GSM_TWO for ch in text):
        costs = [2 if ch in _GSM_TWO else 1 for ch in text]
        return _pack("GSM-7", costs, 160, 153)
    return _pack("UCS-2", [2 if ord(ch) > 0xFFFF else 1 for ch in text], 70, 67)


def _pack(encoding: str, costs: list[int], single: int, each: int) -> Segments:
    units = sum(costs)
    if units <= single:
        return Segments(encoding, units, 1)
    count, room = 1, each
    for cost in costs:
        if cost > room:
            count, room = count + 1, each
        room -= cost
    return Segments(encoding, units, count)


def whole(text: str | None, digits: int = 18) -> int | None:
    """The number that ``text`` is, or None: up to 18 plain digits are what both databases' keys hold, 9 what their
    counters do. ``str.isdigit`` also takes “²”, which no ``int`` reads."""
    return int(text) if text and text.isascii() and text.isdigit() and len(text) <= digits else None


@cache
def _to_simplified() -> Any:
    from opencc import OpenCC  # 30 ms and some memory: only where a traditional character turns up

    return OpenCC("t2s")


def simplified(text: str) -> str:
    """Traditional characters as simplified ones."""
    converted: str = _to_simplified().convert(text)
    return converted


def normalize(text: str) -> str:
    """One spelling for what people mean: NFKC, keycaps and circled digits as digits, simplified characters,
    no invisible characters, single spaces. Doing it twice changes nothing."""
    text = text.replace("\ufe0f", "").replace("\u20e3", "")
    text = unicodedata.normalize("NFKC", text)
    text = "".join(ch for ch in text if unicodedata.category(ch) not in ("Cf", "Cc", "Cs") or ch in "\n\t")
    if not text.isascii():
        text = str(_to_simplified().convert(text))
    return re.sub(r"\s+", " ", text).strip()


def name(raw: str, most: int = 40) -> str:
    """What somebody typed as the name of a place or a person, without spaces around it.

    Raises ValueError for an empty one, one without a letter, too long a one, and for signs nobody can see.
    """
    found = raw.strip()
    if not any(ch.isalnum() for ch in found):
        raise ValueError("a name needs letters")
    if any(unicodedata.category(ch).startswith("C") for ch in found):
        raise ValueError("a name has no control characters")
    if len(found) > most:
        raise ValueError(f"a name has at most {most} characters")
    return found


def clip(text: str, units: int) -> str:
    """At most ``units`` UTF-16 units, with … where something was cut."""
    if segments_units(text) <= units:
        return text
    kept, used = [], 1
    for ch in text:
        used += 2 if ord(ch) > 0xFFFF else 1
        if used > units:
            break
        kept.append(ch)
    return "".join(kept) + "…"


def segments_units(text: str) -> int:
    """Length in UTF-16 code units."""
    return len(text) + sum(ord(ch) > 0xFFFF for ch in text)


def without_signature(text: str) -> str:
    """The words after a leading 【signature】: a signature is for reading, not for hearing."""
    return re.sub(r"^\s*【[^】]*】\s*", "", text)


# ---- as people say it ------------------------------------------------------------


# “16号公示：”, and what is to be texted back: a call says its number first and names its own keys
_HEADED = re.compile(r"^\d+号(?:公示|结果|事)?[：:]")
_TEXT_BACK = re.compile(r"[，。；]?[^，。；！？]*(?:请回|回复?)[“\"‘'「\d][^。！？]*")


def for_ears(written: str) -> str:
    """A text message as it can be read out: without its signature, its number, and how to answer by SMS."""
    words = _HEADED.sub("", without_signature(written))
    heard = _TEXT_BACK.sub("", words).strip("，。；")
    return f"{heard}。" if heard else words


def spoken_number(number: int) -> str:
    """A count in words: 11 → 十一, 205 → 二百零五, 12000 → 一万二千. Raises ValueError below 0 or from 10¹²."""
    if not 0 <= number < 10**12:
        raise ValueError(number)
    if number == 0:
        return "零"
    parts: list[str] = []
    rest = number
    for size, name in ((10**8, "亿"), (10**4, "万"), (1, "")):
        high, rest = divmod(rest, size)
        if high:
            gap = parts and high < 1000
            parts.append(("零" if gap else "") + _below_ten_thousand(high) + name)
        elif parts and rest and not parts[-1].endswith("零") and size > 1:
            parts.append("零")
    words = re.sub("零+", "零", "".join(parts)).rstrip("零")
    return words.removeprefix("一") if words.startswith("一十") else words


def _below_ten_thousand(number: int) -> str:
    words = ""
    for size, name in ((1000, "千"), (100, "百"), (10, "十"), (1, "")):
        digit, number = divmod(number, size)
        if digit:
            words += _DIGITS[digit] + name
        elif words and number:
            words += "零"
    return re.sub("零+", "零", words)


def spoken_ordinal_matter(number: int) -> str:
    """A matter's number as it is called: 11 → 第十一号."""
    return f"第{spoken_number(number)}号"


def digits_one_by_one(digits: str) -> str:
    """40278 → 四，零，二，七，八."""
    return "，".join(_DIGITS[int(d)] for d in digits if d.isdigit())


def spoken_date(day: date) -> str:
    """六月二十号."""
    return f"{spoken_number(day.month)}月{spoken_number(day.day)}号"


_MONTHS = (
    *("January", "February", "March", "April", "May", "June", "July"),
    *("August", "September", "October", "November", "December"),
)


def spoken_day(day: date, language: str) -> str:
    """A day as it is said in that language: 六月二十号, June 20, 6월 20일. Chinese for any other."""
    if language.startswith("en"):
        return f"{_MONTHS[day.month - 1]} {day.day}"
    if language.startswith("ko"):
        return f"{day.month}월 {day.day}일"
    return spoken_date(day)


def time_of_day(moment: datetime, language: str = "zh-CN") -> str:
    """A time as it is said and written: 上午9点, 下午2点半, 晚上7点15分; 14:30 in other languages."""
    if language.startswith(("en", "ko")):
        return f"{moment.hour}:{moment.minute:02d}"
    part = next(name for until, name in _PARTS if moment.hour < until)
    hour = moment.hour if moment.hour <= 12 else moment.hour - 12
    rest = {0: "", 30: "半"}.get(moment.minute, f"{moment.minute}分")
    return f"{part}{hour}点{rest}"


def short_date(day: date) -> str:
    """6月20日: as written in an SMS."""
    return f"{day.month}月{day.day}日"


def written_day(day: date, language: str) -> str:
    """The same in that language: 6月20日, June 20, 6월 20일."""
    return spoken_day(day, language) if language.startswith(("en", "ko")) else short_date(day)


def spoken_money(yuan: float) -> str:
    """200 → 二百块钱, 12.5 → 十二块五."""
    fen = round(yuan * 100)
    whole, rest = divmod(fen, 100)
    jiao, last = divmod(rest, 10)
    if not rest:
        return f"{spoken_number(whole)}块钱"
    words = spoken_number(whole) + "块" if whole else ""
    if last:
        return words + (
            f"{_DIGITS[jiao]}毛{_DIGITS[last]}分" if jiao else f"{'零' if whole else ''}{_DIGITS[last]}分"
        )
    return words + (_DIGITS[jiao] if whole else f"{_DIGITS[jiao]}毛钱")


def clock_time(moment: datetime) -> str:
    """“9点”, “14点半”, “9点40分”: a time of day in an SMS."""
    return f"{moment.hour}点" + {0: "", 30: "半"}.get(moment.minute, f"{moment.minute}分")


def spoken_time(moment: datetime) -> str:
    """“上午九点半”, “下午两点”: a time of day as people say it."""
    part = next(name for until, name in _PARTS if moment.hour < until)
    hour = moment.hour - 12 if moment.hour > 12 else moment.hour
    minutes = {0: "", 30: "半"}.get(moment.minute, f"{spoken_number(moment.minute)}分")
    return f"{part}{spoken_count(hour)}点{minutes}"


_PARTS = ((6, "凌晨"), (12, "上午"), (13, "中午"), (18, "下午"), (24, "晚上"))


def spoken_clock(moment: datetime, language: str) -> str:
    """A time of day as it is said in that language: 下午五点, 5 pm, 오후 5시."""
    if not language.startswith(("en", "ko")):
        return spoken_time(moment)
    hour, late = (moment.hour - 1) % 12 + 1, moment.hour >= 12
    if language.startswith("en"):
        return f"{hour}{f':{moment.minute:02d}' if moment.minute else ''} {'pm' if late else 'am'}"
    minutes = f" {moment.minute}분" if moment.minute else ""
    return f"{'오후' if late else '오전'} {hour}시{minutes}"


def spoken_count(number: int) -> str:
    """A number before a measure word: two is 两 there."""
    return "两" if number == 2 else spoken_number(number)
