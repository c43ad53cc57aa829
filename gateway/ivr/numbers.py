"""Matter numbers in a text: “11号”, “十一号”, “第12”, or a bare number the context knows."""

import re
from dataclasses import dataclass
from functools import lru_cache

from gateway.ivr.reading import Said
from gateway.text import spoken_number

_MARKED = re.compile(
    r"第?\s*(\d{2,4}|[一二两三四五六七八九]?[十百][一二三四五六七八九十百零]*)\s*(?:号(?!楼|院|线|门|\s*(?:回(?![复1-9])|来|去|到(?!底)|走(?!.{0,3}[线路道桥边])|才|有空|有事|之?前|之?后|以[前后]|那天|晚上|早上|上午|下午|开会|下雨|能回))|#)(?:的?(?:事情?|那件事|那个事|这件事|这个|议题))?"
)
_BARE = re.compile(
    r"(?<![\d./\-])(?<!\d:)(\d{2,4})(?!\d|[./]\d|-(?![1-9](?![\d\-/]))\d|:\d\d|\s*(?:块|元|毛|分钟|点|岁|年|月|日|天|米|公里|里地|亩|户|人|个|斤|吨|平|万|千|百|%|度|楼|单元|多))"
)
_DATE_BEFORE = re.compile(r"月\s*$")


@lru_cache(maxsize=512)
def _value(written: str) -> int | None:
    if written.isdigit():
        return int(written)
    try:
        import cn2an

        return int(cn2an.cn2an(written, "smart"))
    except (ValueError, KeyError):
        return None


@lru_cache(maxsize=512)
def _in_words(value: int) -> re.Pattern[str]:
    return re.compile(
        rf"(?<![一二三四五六七八九十百]){spoken_number(value)}(?=[\s,，、:：]+(?:选|投|要)?[1-9一二三](?!\d))"
    )


@dataclass(frozen=True, slots=True)
class Numbers:
    """Matter numbers found, in order, with where they stand."""

    found: tuple[tuple[int, int, int], ...]  # number, begin, end

    @classmethod
    def find(cls, m: Said) -> "Numbers":
        known = {
            n for name in ("open_votes", "in_publicity", "closed", "own_objection") for n in m.list(name)
        }
        pending = m.pending.get("consultation")
        if pending is not None and str(pending).isdigit():
            known.add(int(pending))
        found: list[tuple[int, int, int]] = []
        for match in _MARKED.finditer(m.text):
            value = _value(match[1])
            # “6月12号” is a day, unless it is a matter's number at the start of the text
            if value is not None and value >= 10 and not _DATE_BEFORE.search(m.text[: match.start()]):
                found.append((value, match.start(), match.end()))
        for match in _BARE.finditer(m.text):
            inside = any(b <= match.start() < e for _, b, e in found)
            if not inside and int(match[1]) in known and not _DATE_BEFORE.search(m.text[: match.start()]):
                found.append((int(match[1]), match.start(), match.end()))
        for value in known:
            # “十一 1”: its name in words, standing alone before an answer
            for match in _in_words(value).finditer(m.text):
                if not any(b <= match.start() < e for _, b, e in found):
                    found.append((value, match.start(), match.end()))
        # “13 1”: a matter and an answer, even when nobody here is asked about 13
        leads = re.match(
            r"(\d{2,3})(?:\s+|[,，.、:：\-—])\s*(?:选|回|投)?[1-9](?!\d|\s*(?:万|千|百|块|元|毛|角|米|公里|里地|亩|户|人|个|斤|吨|平|点|年|月|天|%|度|倍|楼|岁))",
            m.text,
        )
        if leads and not found:
            found.append((int(leads[1]), 0, leads.end(1)))
        return cls(tuple(sorted(found, key=lambda one: one[1])))

    @property
    def one(self) -> int | None:
        """The only number named, or None."""
        values = {n for n, _, _ in self.found}
        return values.pop() if len(values) == 1 else None
