"""What a free SMS means. Pure, and never sure without a reason: when in doubt it asks one short question.

The contract (intents, fields, context) is domain.md §3, “SMS interpretation contract”.
"""

import re
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from gateway.ivr import (
    attending,
    choices,
    doubts,
    foreign,
    marks,
    named,
    prose,
    publicity,
    urgent,
    votes,
    wishes,
)
from gateway.ivr import lexicon as words
from gateway.ivr.numbers import Numbers
from gateway.ivr.reading import Said, clarify, ignore, said
from gateway.text import normalize

# tone marks of pinyin, and old forms of characters that no converter knows
_SPELLED = str.maketrans("āáǎàēéěèīíǐìōóǒòūúǔùǖǘǚǜü囬", "aaaaeeeeiiiioooouuuuvvvvv回")


# signs that were spoken to a keyboard that writes down everything
_DICTATED = {"逗号": "，", "句号": "。", "感叹号": "！", "惊叹号": "！", "问号": "？"}
_SPOKEN_SIGNS = re.compile("|".join(_DICTATED))


# “11.1 13.2”, “11/1，13/2”: a matter and its answer, glued by whatever sign the phone had at hand
_PAIRS = re.compile(r"(?:\d{2,3}[./:=]\d(?:[\s,，;；、]+|$)){2,}")


def interpret(text: str, context: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """``{"intent", "fields"}`` for one message. Never raises.

    ``context`` may hold registered, handset_persons, language, pending{kind, consultation, question,
    options, labels_ko}, open_votes, in_publicity, closed, already_voted, own_objection; all optional.
    """
    context = context if isinstance(context, Mapping) else {}
    plain = _SPOKEN_SIGNS.sub(lambda sign: _DICTATED[sign[0]], normalize(str(text)).translate(_SPELLED))
    if not plain:
        return clarify("empty")
    message = Said.of(plain, context)
    if _PAIRS.fullmatch(plain):
        message.text = re.sub("[./:=]", " ", plain)
    if foreign.HEARD.search(plain):
        message.text = foreign.in_chinese(message)
    if len(plain) == 1 and plain in "123456789" and message.pending.get("kind") in ("vote", "rating"):
        # nine messages of ten; no rule before these two can say anything about a single digit
        found = marks.scored(message) or votes.answered(message)
        if found is not None:
            return found
    for stage in (_quoted, _emergency, _machine, wishes.stop_or_resume):
        found = stage(message)
        if found is not None:
            return found
    if not re.search(r"[\w]", message.text):
        # only signs or pictures; a lone question mark is somebody who is lost
        return (
            said("help")
            if re.fullmatch(r"[?？]+", message.text)
            else clarify("empty" if re.fullmatch(r"[。.…,，、!！~ ]*", message.text) else "unsure")
        )
    if message.pending.get("kind") == "words":
        return _free_words(message)
    for stage in (
        marks.scored, _matter_by_matter, _answer_and_wish, wishes.service, votes.answered, _who_am_i, publicity.result_on_show, attending.rsvp,
        named.explicit, _plain_yes_no,
        prose.by_words, wishes.question, _words,
    ):  # fmt: skip
        found = stage(message)
        if found is not None:
            return found
    return _unsure(message)


# ---- before anything else -------------------------------------------------------------------


_QUOTED = re.compile('「[^」]*」|『[^』]*』|“[^”]*”|"[^"]*"|《[^》]*》|「[^」]*$')


def _quoted(m: Said) -> dict[str, Any] | None:
    """A notice of ours quoted back is not the resident's words; a stranger's signature is spam."""
    m.text = words.FACES.sub(" ", m.text).strip() or m.text
    match = words.SIGNATURE.search(m.text)
    if (
        match is not None
        and (quoted := _QUOTED.search(m.text))
        and quoted.start() < match.start() < quoted.end()
    ):
        # “「【村委会】…」 - - - 3”, as messengers quote
        outside = (m.text[: quoted.start()] + " " + m.text[quoted.end() :]).strip("-—–_=*~·>》:：\"' ")
        m.text = re.sub(r"^(?:引用|转发|原文|回复|答复|我的?(?:回复|答复))[:： ]*", "", outside)
        return None if m.text else clarify("unsure")
    if match is None:
        quoted = _QUOTED.search(m.text)
        if (
            quoted and len(re.findall(r"(?:回|按)\s*[1-9]", quoted[0])) >= 2
        ):  # our question, without its signature
            m.text = (m.text[: quoted.start()] + " " + m.text[quoted.end() :]).strip(
                "-—–_=*~·>》:：，, "
            ) or m.text
        return None
    if not words.OWN_SIGNATURE.search(match[1]):
        if choices.whole(match[1], m.options or {"1": "同意", "2": "不同意"}) or urgent.emergency(
            match[1], set()
        ):
            m.text = re.sub("[【】]", " ", m.text).strip()  # “【同意】”: brackets for emphasis
            return None
        rest = words.SIGNATURE.sub(" ", m.text)
        if match[1] in m.persons or (m.registered and choices.whole(rest, m.options)):
            m.text = re.sub("[【】]", " ", m.text).strip() if match[1] in m.persons else rest.strip()
            return None
        if urgent.emergency(rest.strip(), set()) and not re.search("提醒|温馨|预防|保险", rest):
            return said("emergency")
        return ignore("spam")
    before, after = m.text[: match.start()], m.text[match.end() :]
    # our notices end with “…问人回0”, a date, or an option; what follows the last of these is the reply
    ends = [
        e.end()
        for e in re.finditer(
            r"(?:回|按)\s*[0-9](?=\D|$)(?:[“”\u4e00-\u9fff]{0,4}人)?|止|加原因|加内容", after
        )
    ]
    reply = after[ends[-1] :] if ends else ""
    ruled = re.split(r"(?:[-—–_=*~·] ?){3,}", after)  # what stands below a line of dashes
    if len(ruled) > 1 and ruled[-1].strip():
        reply = ruled[-1]
    before = re.sub(
        r"(?:引用|转发|原文|原短信|原始短信|回复)[:： ]*$", "", before.strip("-—–_=*~·>《「『“\"': ")
    )
    left = (before.strip() or reply).strip("。，,.!！ ~>》”」』\"'-—–_=")
    if not left:
        return clarify("unsure")
    m.text = left
    return None


def _machine(m: Said) -> dict[str, Any] | None:
    """Answering machines and advertisements. One keyword in a resident's own sentence makes neither."""
    if words.AUTO_REPLY.search(m.text):
        clauses = [c for c in re.split(r"[，,。；;!！\s]+", m.text) if c]
        if not any(choices.whole(c, m.options) or choices.stance(c, m.options) for c in clauses):
            return ignore("auto_reply")
    marks = set(words.SPAM_WORDS.findall(m.text))
    if words.SPAM.search(m.text) or len(marks) >= 2:
        own = words.OWN_VOICE.search(m.text)
        if not own or (m.registered is not True and not words.AUTHENTIC.search(m.text)):
            return ignore("spam")
    return None


def _emergency(m: Said) -> dict[str, Any] | None:
    known = {n for name in ("open_votes", "in_publicity", "closed") for n in m.list(name)}
    return said("emergency") if urgent.emergency(m.text, known) else None


_JOINT = re.compile(
    r"[。；;!！?？…]+\s*(?:另外|还有|再就是|再有|顺便|顺带|对了|此外)?[，,：: ]*|[，,\s]*(?:另外|还有|再就是|再有|顺便|顺带|对了|此外)[，,：: ]*|[，,]\s*|\s+"
)
_WISHING = re.compile("[?？吗没不几哪啥什咋怎查找]|电话|打给|打过来|回电|语|名字|号码|信息|多会|多咱|时候")
_ANSWERS = ("vote", "rate", "rsvp", "no_objection", "object")


def _answer_and_wish(m: Said) -> dict[str, Any] | None:
    """“1，晚上给我打电话”, “同意。另外12号结果出来没”: an answer and a wish, each plain enough to stand alone."""
    if m.pending.get("kind") not in ("vote", "rating", "rsvp", "publicity") or len(m.text) > 80:
        return None
    if not _WISHING.search(m.text) or doubts.TAKEN_BACK.search(m.text):
        return None
    for cut in _JOINT.finditer(m.text):
        first, rest = m.text[: cut.start()], m.text[cut.end() :]
        strong = bool(cut[0].strip("，, "))
        if (
            not first
            or not rest
            or (not cut[0].strip() and first.isdigit() and not re.match("[几啥咋怎]|什么时候|多会", rest))
        ):
            continue  # “1 号啥时候…”
        orders = [] if re.search("[?？]", cut[0]) else [(first, rest, True)]  # “同意？啥时候开工” only asks
        if strong:
            orders.append((rest, first, False))
        for answer, wish, in_order in orders:
            asked = _wish(replace(m, text=wish))
            given = _plain_answer(replace(m, text=answer)) if asked else None
            if asked and given and (strong or given["intent"] != "object"):
                return said("multi", actions=[given, asked] if in_order else [asked, given])
    return None


_WHENS = re.compile(words.WHEN)


def _wish(m: Said) -> dict[str, Any] | None:
    found = wishes.service(m)
    if found is not None and found["intent"] in ("callback", "set_language", "data_request"):
        return None if choices.stances(m.text, m.options) else found
    if found is not None or len(_WHENS.findall(m.text)) > 1:
        return None  # “啥时候给钱啥时候修” is a condition
    return wishes.question(m)


def _plain_answer(m: Said) -> dict[str, Any] | None:
    if doubts.uncertain(m.text):
        return None
    for stage in (marks.scored, votes.answered, publicity.result_on_show, attending.rsvp, named.explicit):
        found = stage(m)
        if found is not None:
            return found if found["intent"] in _ANSWERS else None
    return None


def _matter_by_matter(m: Said) -> dict[str, Any] | None:
    """“16号没意见，13号反对，挡光”: every number begins what is said about it. Votes alone are named.py's."""
    found = Numbers.find(m).found
    if len({n for n, _, _ in found}) < 2 or len(found) > 6:
        return None
    heads = [
        (n, b, e)
        for n, b, e in found
        if b == 0 or m.text[b - 1] in " ，,。；;、!！和跟与" or any(e == b for _, _, e in found)
    ]
    if len(heads) != len(found) or heads[0][1] != 0:
        return None
    parts: list[tuple[int, str]] = []
    for (number, _, end), after in zip(heads, [*heads[1:], None], strict=True):
        parts.append((number, m.text[end : after[1] if after else None].strip(" ，,。；;、!！和跟与")))
    if all(not words_ for _, words_ in parts[:-1]):
        if not re.match("[我俺]?(?:家)?(?:都|全)", parts[-1][1]):
            return None
        parts = [(n, re.sub("都|全", "", parts[-1][1], count=1)) for n, _ in parts]  # “13号16号都没意见”
    actions = [
        said("opinion", consultation=n)
        if words.OPINION_HEAD.match(said_)
        else _plain_answer(replace(m, text=f"{n}号{said_}")) or _wish(replace(m, text=f"{n}号{said_}"))
        for n, said_ in parts
    ]
    known = [a for a in actions if a is not None and a["fields"].get("consultation") is not None]
    if len(known) != len(parts) or all(a["intent"] == "vote" for a in known):
        return None
    return said("multi", actions=known)


# ---- who --------------------------------------------------------------------------------------


def _who_am_i(m: Said) -> dict[str, Any] | None:
    """注册 王德顺 拟柳村, in any sensible order."""
    asked = words.REGISTER.search(m.text) and not re.search(
        "[别不没莫甭](?:给我|要|用)?(?:注册|登记)", m.text
    )
    introduces = re.match(r"^(?:你好|您好)?[，, ]*(?:我叫|我是|本人)", m.text)
    if not asked and not (introduces or m.registered is False):
        return None
    rest = words.REGISTER.sub(" ", m.text)
    rest = re.sub(r"(?:我)?(?:要|想|来|申请|请|帮我|给我)(?=\s|$)", " ", rest)
    rest = words.TOWN_BEFORE.sub("", re.sub(r"\([^()]{0,8}\)", " ", rest))
    glued = re.match(
        rf"\s*(?:(?:我|俺)叫)?([{words.SURNAMES}][\u4e00-\u9fff]{{1,2}})(?:[\u4e00-\u9fff]{{2,4}}(?:镇|乡|街道))?([\u4e00-\u9fff]{{2,4}}(?:村|社区|屯|街道|镇|乡|小区))(?:的人?)?\s*$",
        rest,
    )
    if glued and (asked or (introduces and m.registered is False)):
        return said("register", name=glued[1], area=glued[2])
    area = words.PLACE_SAID.search(rest) or words.PLACE.search(rest)
    wanted = (
        asked or m.registered is False
    )  # “我叫孙长河，拟柳的，同意”, from a handset we know, is an answer
    belongs = words.OF_PLACE.match(rest) if wanted and not area else None
    if belongs:
        return said("register", name=belongs[2], area=belongs[1])
    place = re.sub(r"^(?:我是|我住|住在?|家在|来自|家住|是|在)", "", area[1]) if area else ""
    left = rest.replace(area[0], " ", 1) if area else rest
    name = words.NAME_SAID.search(left)
    if name:
        who = name[1]
        short = words.PLACE_SHORT.match(left, name.end()) if wanted else None
        place = place or (short[1] if short else "")
    else:
        chunks = [
            c
            for c in re.split(r"[\s，,。；;、:：]+|^的|(?<=\s)的", left)
            if re.fullmatch(r"[\u4e00-\u9fff·]{2,4}", c)
        ]
        names = [
            c
            for c in chunks
            if c[0] in words.SURNAMES
            or (
                asked
                and len(chunks) == 1
                and not re.search("[不没错的了吗啥咋么号我俺你他她别]|同意|反对|赞成", c)
            )
        ]
        who = names[0] if names else ""
        others = [c for c in chunks if c != who and not words.ACKNOWLEDGE.fullmatch(c)]
        if asked and who and not place and len(others) == 1:
            place = others[0]  # “登记 孙长河 拟柳”
    if not asked and not (who and (place or (introduces and m.registered is False))):
        return None
    fields = {k: v for k, v in (("name", who), ("area", place)) if v}
    return said("register", **fields)


# ---- the rest ---------------------------------------------------------------------------------------


_TAKES_BACK = re.compile(
    rf"(?:(?:对不起|不好意思|抱歉|哎呀?|我|俺|刚才|刚刚|上条|那个|是|不是(?!这[个样])|不对|老?眼昏?花|，)*+(?:(?:按|选|发|点|弄|搞|整|打|写|回|填|说|记|看){doubts.SLIPPED}|不是这个|不是这样|选的不是|手滑|误按)(?:了|的|数|键)*+)+"
)


def _plain_yes_no(m: Said) -> dict[str, Any] | None:
    kind, text = m.pending.get("kind"), m.text.strip("。，,.!！~～ ")
    if kind == "confirm":
        text = text.replace(" ", "") if re.fullmatch("[A-Za-z ]+", text) else text  # “bu dui”
        both = [re.sub(r"^(\D{2})\1+$", r"\1", c) for c in re.split(r"[，,。！!\s]+", text) if c]
        if both and all(words.YES.fullmatch(c) for c in both):
            return said("confirm")
        if words.NO.fullmatch(text) or all(words.NO.fullmatch(c) or _TAKES_BACK.fullmatch(c) for c in both):
            return said("deny")
        if (corrected := votes.read_back_wrongly(m, both)) is not None:
            return corrected
        if doubts.uncertain(m.text) and not Numbers.find(m).found:
            return clarify(
                "unsure",
                **({"consultation": m.pending["consultation"]} if "consultation" in m.pending else {}),
            )
    if words.ACKNOWLEDGE.fullmatch(text) and kind not in ("vote", "rating", "rsvp"):
        return said("confirm")
    return None


def _free_words(m: Said) -> dict[str, Any]:
    for stage in (wishes.service, named.explicit):
        found = stage(m)
        if found is not None and found["intent"] in ("callback", "help", "vote", "multi", "data_request"):
            return found
    return m.opinion(m.pending.get("consultation"))


def _words(m: Said) -> dict[str, Any] | None:
    """Words on a matter: kept as an opinion."""
    heard = words.NO_REPLY.sub("", m.text) if "回" in m.text else m.text
    if heard != m.text and (not heard or words.ACKNOWLEDGE.fullmatch(heard)):
        return _unsure(m) if m.pending else said("confirm")
    if words.PUT_OFF.fullmatch(m.text):
        return _unsure(m)
    if words.PROPOSE.search(m.text):
        return said("propose")
    numbers = Numbers.find(m)
    begins = numbers.found[0][2] if numbers.one is not None and numbers.found[0][1] == 0 else 0
    headed = words.OPINION_HEAD.match(m.text[begins:].lstrip(" ，,：:的"))
    target = numbers.one or m.default_matter()
    if target is None and not m.pending and words.WISHES_DONE.search(m.text):
        return said("propose")
    if numbers.one is not None and numbers.one in m.list("closed") and not headed:
        return clarify("closed", consultation=numbers.one)
    if headed or (words.ANONYMOUS.search(m.text) and len(m.text) >= 4):
        return m.opinion(target)
    length = len(re.sub(r"[\W\d_]+", "", m.text))
    if doubts.uncertain(m.text) and length >= 3:
        return m.opinion(target)
    if length >= 6 and re.search(r"[\u3040-\u30ff\u4e00-\u9fff\uac00-\ud7af]", m.text):
        return m.opinion(target)
    return None


def _unsure(m: Said) -> dict[str, Any]:
    if m.pending.get("kind") in ("vote", "rating", "rsvp", "publicity", "confirm"):
        about = m.pending.get("consultation")
        return clarify("unsure", **({"consultation": about} if about else {}))
    if m.list("open_votes"):
        return clarify("unsure" if len(m.list("open_votes")) == 1 else "which_consultation")
    return clarify("no_pending")
