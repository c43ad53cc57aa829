"""Is this one of the options? By digit, label, a synonym, pinyin, initials, or a part only one label has."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from gateway.ivr import doubts
from gateway.ivr import lexicon as words

NUMERALS = {"一": "1", "二": "2", "两": "2", "三": "3", "四": "4", "五": "5", "六": "6", "七": "7", "八": "8", "九": "9",
            "壹": "1", "贰": "2", "叁": "3", "肆": "4", "伍": "5", "幺": "1"}  # fmt: skip
_DIGIT = re.compile(r"(?:[1-9])")
_NO = re.compile(r"[不没别未无非]")
_COUNTED = re.compile(r"(?:都|就|全)?[1-9一二两三四五六七八九](?:个|条|项)(?:都|吧|呗|啊|的|了)?")
# “选二选二”: the verb keeps it from being a number of two digits
_SAID_AGAIN = re.compile(r"((?:我|俺)?(?:选|投|按|要)[^\s，,。!！]{1,6}?)(?:[，,！!。 ]*\1)+")
_PICTURES = re.compile(r"[\U0001f300-\U0001faff\u2600-\u27bf\u2b00-\u2bff]")


@dataclass(frozen=True, slots=True)
class Choice:
    """An option's key, and the words said in the same breath. ``missing`` when the digit is none of them."""

    key: str
    rest: str = ""
    missing: bool = False


def bare(said: str) -> str:
    """Without what people wrap around an answer: 我选…吧, 第…个, full stops."""
    said = words.CARRIER_HEAD.sub("", _PICTURES.sub("", said).strip())
    return words.CARRIER_TAIL.sub("", said).strip("。.!！~～,，、；;：:“”\"'‘’()（）[]【】《》「」『』 ")


@lru_cache(maxsize=4096)
def pinyin(said: str) -> tuple[str, str]:
    """Toneless pinyin joined, and its initials. Slow (0.1 ms), so remembered."""
    from pypinyin import Style, lazy_pinyin

    full = lazy_pinyin(said, errors="ignore")
    first = lazy_pinyin(said, style=Style.FIRST_LETTER, errors="ignore")
    return "".join(full).replace("ü", "v"), "".join(first)


@lru_cache(maxsize=1024)
def family(label: str) -> frozenset[str]:
    """Words that mean the same as a label; the label itself when nothing else does."""
    for labels, synonyms in words.FAMILIES:
        if label in labels:
            return synonyms | {label}
    return frozenset({label})


def whole(
    said: str, options: Mapping[str, str], other_labels: Mapping[str, str] | None = None
) -> Choice | None:
    """The option that ``said`` is as a whole, or None. Longest label first. An acknowledgement is none."""
    if doubts.SCORN.search(said):
        return None
    once = _SAID_AGAIN.fullmatch(said.strip("。.!！~～,，、 "))
    text = bare(once[1] if once else said)
    again = re.fullmatch(r"([^\d\s]{2,4}?)(?:[，,！!。 ]*\1)+", text)
    text = again[1] if again else text
    if not text:
        text = _PICTURES.sub("", said).strip("。.!！~～,，、 ")
    labels = sorted(options.items(), key=lambda item: -len(item[1]))
    folded = _digits(text.casefold().replace(" ", ""))
    for key, label in labels:
        if text and (folded == _digits(label.casefold()) or folded in family(label)):
            return Choice(key)
    spoken = said.strip("。.!！~～,， ")
    if any(p.fullmatch(spoken) for p in (words.ACKNOWLEDGE, words.NO_ANSWER, _COUNTED)):
        return None  # “好的” is a part of 没想好, “两个” a number of things
    if re.fullmatch("(?:最后|最末|末了|末尾)(?:面|头)?(?:那|的)?[一1](?:个|条|项)?", text) and options:
        return Choice(max(options))
    unused = [key for key, label in labels if label not in _STANCES and _unneeded(label) == _unneeded(text)]
    if len(unused) == 1 and _NO.search(options[unused[0]]):
        return Choice(unused[0])
    if re.fullmatch("(?:最)?头[里前]?[一1](?:个|条|项)?|打头(?:那|的)(?:个|条)?", text) and "1" in options:
        return Choice("1")
    digit = NUMERALS.get(text, text)
    if _DIGIT.fullmatch(digit):
        return Choice(digit, missing=bool(options) and digit not in options)
    if korean := re.fullmatch(
        r"([1-9])\s?번(?:이요|요|이에요|입니다|으로요?|을|를|선택|선택합니다|합니다|찬성|동의|\s)*[.!]?", text
    ):
        return Choice(korean[1], missing=bool(options) and korean[1] not in options)
    both = re.fullmatch(r"([1-9])[、:： .()=]*(.+)", text) or re.fullmatch(r"(.+?)[、:： .()=]*([1-9])", text)
    if both:
        key, name = (both[1], both[2]) if both[1] in options else (both[2], both[1])
        if options.get(key) and name.rstrip("，, ") in family(options[key]):
            return Choice(key)  # “1东线”, “东线1”, where 1 is 东线
    if not text or len(text) > 16:
        return None
    if typed := re.fullmatch(r"(?:wo|an)?(?:yao)?(?:xuan|tou|an)([1-9])|[#=*]([1-9])", folded):
        digit = next(filter(None, typed.groups()))
        return Choice(digit, missing=bool(options) and digit not in options)
    for key, label in (other_labels or {}).items():
        name = label.casefold().replace(" ", "")
        tail = folded.removeprefix(name)
        asks = "해주" in tail and re.match(_TAKES_SIDES, name)  # “찬성해 주세요” asks others to agree
        if folded.startswith(name) and not asks and re.fullmatch(words.KOREAN_TAIL, tail):
            return Choice(key)
    if known := _first_word(folded, other_labels or {}):
        return Choice(known)
    if folded.isascii() and folded.isalpha():
        return _by_pinyin(folded, labels)
    if all_of := re.fullmatch(r"(.+?)[和跟、与， ]*(都.+)", text):
        # “东线西线都不行”
        names = [label for _, label in labels if label in all_of[1]]
        for key, label in labels:
            if (
                len(names) > 1
                and all_of[2] in family(label)
                and not re.sub("[和跟、与， ]|" + "|".join(names), "", all_of[1])
            ):
                return Choice(key)
    if _NO.search(text):
        # a part of “不同意” that drops or adds a “no” turns it round
        return _by_sound(text, labels)
    text = re.sub("(?<=月)份", "", text)
    moved = re.sub(r"^(?:换到?|去到?|到|走|放|挪到?)(?=..)|(?<=..)(?:去|走|那边|那儿|那条|那)$", "", text)
    liked = re.sub(
        r"^(?:同意|支持|赞成|喜欢|得意|稀罕|愿意|相中|中意|看好|看中|钟意|属意|倾心|偏爱|待见|爱)(?:走|去|换到)?|(?:比较|最|更|挺)?(?:好|合适|中)$",
        "",
        text,
    )
    things = [(key, label) for key, label in labels if label not in _STANCES]
    return (
        _by_part(text, labels)
        or _by_part(moved, labels)
        or (_by_part(liked, things) if liked != text and len(liked) > 1 else None)
        or _by_sound(text, labels)
    )


_TAKES_SIDES = "반대|찬성|동의"


def _first_word(folded: str, other_labels: Mapping[str, str]) -> str | None:
    """“동쪽이요”, where only one label begins with 동쪽; never a word that takes sides, as 반대 may mean all of it."""
    heads = {key: label.casefold().split(" ", 1)[0] for key, label in other_labels.items()}
    found = [
        key
        for key, word in heads.items()
        if len(word) >= 2
        and list(heads.values()).count(word) == 1
        and not re.match(f"{_TAKES_SIDES}|안|못|다", word)
        and folded.startswith(word)
        and re.fullmatch(words.KOREAN_TAIL, folded[len(word) :])
    ]
    return found[0] if len(found) == 1 else None


def _unneeded(said: str) -> str:
    """“先别动”, “先甭动” for 先不动; “不改” for 不用改: the north's ways to say no."""
    return re.sub("不用|不要|不必|甭|莫|别", "不", said)


_AS_DIGITS = str.maketrans(NUMERALS)


def _digits(text: str) -> str:
    return text.translate(_AS_DIGITS)


def _by_pinyin(typed: str, labels: list[tuple[str, str]]) -> Choice | None:
    typed = re.sub(r"^(?:wo|an)(?:men)?(?:jia)?(?:xuan)?(?=[a-z]{4,}$)", "", typed)
    full = [key for key, label in labels if typed in {pinyin(word)[0] for word in family(label)}]
    if len(full) == 1:
        return Choice(full[0])
    short = [key for key, label in labels if pinyin(label)[1] == typed]
    return Choice(short[0]) if len(short) == 1 and len(typed) >= 2 else None


def _by_part(text: str, labels: list[tuple[str, str]]) -> Choice | None:
    """At least half of one label, from its end; or most of it; never one that says “no” where the text doesn't."""
    if side := re.fullmatch(r"(.)(?:(?:边|面|侧|头)(?:那条)?(?:线|路)?)?", text):
        # “东”, where only this character tells 东线 from 西线
        told = [
            key
            for key, label in labels
            if len(label) == 2
            and label[0] == side[1]
            and any(o != label and o[1:] == label[1:] for _, o in labels)
        ]
        if len(told) == 1 or len(text) == 1:
            return Choice(told[0]) if told else None
    part = _digits(text)
    everywhere = [(key, label) for key, label in labels if part in _digits(label)]
    has = [(key, label) for key, label in everywhere if not _NO.search(label)]
    if len(has) != 1 or len(everywhere) != len(has):
        stance = [key for key, label in has if label.startswith(text) and text in _STANCES]
        return Choice(stance[0]) if len(stance) == 1 else None
    key, label = has[0]
    ends = _digits(label).endswith(part)
    # “六月”, where 七月开牧 stands beside 六月开牧: what tells the one from the other; “今年” of 今年禁牧 tells nothing
    rest = label[len(text) :]
    tells = label.startswith(text) and any(o != label and o.endswith(rest) for _, o in labels)
    return Choice(key) if len(text) / len(label) >= (0.5 if ends or tells else 0.6) else None


def _by_sound(text: str, labels: list[tuple[str, str]]) -> Choice | None:
    if not 2 <= len(text) <= 6 or not re.fullmatch(r"[\u4e00-\u9fff]+", text):
        return None
    sound = pinyin(text)[0]
    found = [key for key, label in labels if len(label) == len(text) and pinyin(label)[0] == sound]
    return Choice(found[0]) if len(found) == 1 else None


# ---- a stance with what it is about: “同意修路”, “装电梯我不同意” ------------------------------------------

_STANCES = frozenset(word for labels, _ in words.FAMILIES for word in labels)
_SELF = r"(?:(?:我们?|俺们?|咱们?|本人|个人)(?:全?家|两口子)?|全家|也|都|是|还是|就|坚决|完全|肯定|绝对|非常|举?双手|强烈|打死|死活?|双脚|百分百|100%|万分|十分|无条件|说啥|说什么|一[百千万]个|，|,|\s)*+"
_SUBJECT = re.compile(r"(?:我们?|俺们?|咱们?|本人|全家)")
_MATTER = (
    r"(?:对于?|关于)?(?:这个?|那个?|这件|这项|该|此|村里?的?|村委会?的?|社区的?|镇里的?|你们的?|上面的?|咱村的?)*"
    r"(?:事情?|方案|办法|做法|决定|安排|项目|计划|规划|提议|工程|活动)"
)
_THING = r"(?:(?![的者人吗不没先给多少再才就但要能会谁啥怎钱书票点完好我俺]|门口)[\u4e00-\u9fff]){0,5}"
_WORK = (
    r"(?:在|把)?(?:咱|咱们|我们)?(?:村里?|屯里?|社区|小区|楼里)?(?:集资|贷款|出钱)?"
    r"(?:加装|安装|翻修|重修|硬化|发包|修|装|建|铺|安|挖|拆|盖|包|种|搞|打|架|办)" + _THING
)
_MONEY = r"(?:每户|一户|各家|大家)?(?:出|交|掏|拿)(?:这)?(?:个)?(?:钱|[\d一二两三四五六七八九十百千]+(?:块钱?|元)?)"
# “修路那个…”, “电梯的事…”
_TOPIC = (
    r"(?:对于?|关于)?(?:咱村?|村[里口头]?|屯里|小区|院里|道口|门口|桥头|学校)?(?:重|新|加|安|翻)?[修装建铺安挖拆盖包路灯梯水井桥地保舞线车钱款厕管网墙沟渠箱院][\u4e00-\u9fff]{0,2}"
    r"(?:那个|这个|那件|这件|那事儿?|这事儿?|的事情?|那件事|这件事|一事|那码事|那块|这块)(?:事情?)?"
)
_ABOUT = {True: re.compile(f"{_MATTER}|{_WORK}|{_MONEY}"), False: re.compile(f"{_MATTER}|{_WORK}")}
_MATTER_SELF, _WORK_SELF = re.compile(f"(?:{_MATTER}|{_TOPIC})?{_SELF}"), re.compile(f"(?:{_WORK})({_SELF})")
_TOO_MUCH = re.compile(r"(?:钱|价|价钱|收得|收费|实在|这|真)?(?:太.{1,3}了?|没有?钱)(?:我|俺|我家)?(?:坚决)?")
_MORE = {
    True: re.compile("快|早|赶[紧快]|抓紧|尽[快早]|希望|谢谢|感谢|辛苦|因为|毕竟|(?:这是)?(?:大)?好事|为了"),
    False: re.compile("太|因为|没钱|家里|浪费|不公|不合理"),
}


def stance(said: str, options: Mapping[str, str]) -> Choice | None:
    """A stance (同意, 不赞成…) at the start or end of one clause whose other words only say what it is about.

    Anything else beside it, as in “同意人数不够” or “同意你个头”, is not an answer. “东线近…” names an option
    without choosing it.
    """
    text = words.CARRIER_HEAD.sub("", said.strip())
    tail = words.CARRIER_TAIL.sub("", said.strip())
    for word, key in _spoken(options, _STANCES):
        if text.startswith(word):
            rest = words.CARRIER_TAIL.sub("", text[len(word) :]).strip("，,。.!！ ；;：:")
            against = options[key] in doubts.NEGATIVE
            if not rest or _ABOUT[not against].fullmatch(rest):
                return Choice(key)
            if _MORE[not against].match(rest) and not doubts.spoils(rest, options[key], False):
                return Choice(key, rest=rest)
            return None
        if tail.endswith(word):
            before = tail[: -len(word)]
            if _MATTER_SELF.fullmatch(words.CARRIER_HEAD.sub("", before)):
                return Choice(key)
            if options[key] in doubts.NEGATIVE and _TOO_MUCH.fullmatch(before):
                return Choice(key, rest=re.sub("[我俺]家?(?:坚决)?$", "", before))
            about = _WORK_SELF.fullmatch(before)
            return Choice(key) if about and _SUBJECT.search(about[1]) else None
    return None


def _spoken(options: Mapping[str, str], labels: frozenset[str] | None = None) -> tuple[tuple[str, str], ...]:
    return _spoken_for(tuple(options.items()), labels)


@lru_cache(maxsize=512)
def _spoken_for(
    options: tuple[tuple[str, str], ...], labels: frozenset[str] | None
) -> tuple[tuple[str, str], ...]:
    """Words that stand for an option, longest first, with its key."""
    found = [
        (word, key)
        for key, label in options
        if labels is None or label in labels
        for word in family(label)
        if len(word) >= 2
    ]
    return tuple(sorted(found, key=lambda item: -len(item[0])))


def stances(said: str, options: Mapping[str, str]) -> set[str]:
    """Every option that is named anywhere in the text: two of them contradict each other."""
    left, found = said, set()
    for word, key in _spoken(options):
        if word in left:
            found.add(key)
            left = left.replace(word, "＿")
    return found
