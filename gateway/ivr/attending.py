"""Whether somebody comes to a meeting: only a plain yes or no; “maybe” is asked again."""

import re
from typing import Any

from gateway.ivr import choices, doubts
from gateway.ivr import lexicon as words
from gateway.ivr.numbers import Numbers
from gateway.ivr.reading import Said, clarify, said

_COMES = re.compile(
    r"(?:(?:好|行|中|嗯|可以|收到|知道了|我们?(?:俩|两口子|家)?|俺们?|咱们?|全家|本人|户主|一定|肯定|必须?|准时|准|按时|会|能|要|想|也|都|到时候?|那天|明天|明早|必须|争着|就)++)?"
    r"(?:去|来|到|参加|出席|到场|报名|听会|听听?|过去|过来|发言|听证)(?:会场|村部|开会|参会|听证会?|听会|听听?|会|评议会?|发言|发个言|场|参加|的|了|吧|呗|啊|哈|嘞|一个人?|两个人?|[12]个)*+"
    r"|[来去]得了|赶得(?:上|回来|及)|算(?:上)?我一个|报(?:个)?名|听证|给我留(?:个)?(?:座|位)|canjia|qu|lai"
)
_STAYS = re.compile(
    r"(?<![去来])不(?:想|能|会|打算|准备|方便|愿意?|再)?(?:去|来|到场|参加|出席|过去|过来|听了?)(?!不|都行|也行|行)|(?:去|来|参加|到|赶|过|回|出)不(?:了|成|上|来|去|到|回)|(?:那天|当天|到时候?|正好|家里)有事$|没(?:空|时间|工夫|功夫|法去|法来|法参加)|不方便|有事(?:去|来)?不|缺席|不到场|别等我|不用等我|不用算我|别算我|走不开|脱不开身|请个?假|bucanjia|buqu"
)
_WONDERS = re.compile(
    r"([去来])不\1|有(?:啥|什么)(?:后果|影响|事|说法|关系)|罚|算不算|扣不扣|参不参加|参加不参加|谁|.{2,}就(?:不)?(?:去|来|参加)|白不|怎么|咋|几点|哪|争取|尽量|不想不|看(?:看|天)|不知道|吧\?|让|叫|替|派|老伴|儿子|孩子|邻居|老王|别人|他|她"
)


_COMES_KO = re.compile(
    r"(?:네|예|저도?|꼭|저는|참석|참가|갑니다|가요|갈게요|가겠습니다|가겠어요|할게요|하겠습니다|합니다|해요|할\s?수\s?있(?:어요|습니다)|[\s.,!])+"
)
_STAYS_KO = re.compile(
    r"(?:(?:[\uac00-\ud7af]{1,8}\s){0,2}[\uac00-\ud7af]{1,6}(?:서|때문에)\s)?(?:아니요?|저는|못\s?(?:가요?|갑니다|가겠습니다|가겠어요|간다)|안\s?(?:가요?|갑니다|가겠습니다|갈래요)|불참(?:이요|입니다|합니다|해요|할게요|하겠습니다)?|참석\s?(?:못|안)\s?(?:해요|합니다|하겠습니다|할게요)|참석할?\s?수\s?없(?:어요|습니다)|[\s.,!])+"
)
_ASKS = re.compile(
    rf"(?:{words.WHEN}|{words.WHERE}|几点)(?!都|也)|몇\s?시|어디(?:서|예요|에요|입니까)|언제|几楼|几层|哪屋|哪间|地点|地址|(?:时间|日子)(?:是|呢|定|改|变)|(?:会|时间)(?:还)?(?:开|改|变)(?:不开|没|了没|了吗|吗)"
)


def rsvp(m: Said) -> dict[str, Any] | None:
    """An answer to an invitation, asked for or volunteered (“报名听证”)."""
    kind, text = m.pending.get("kind"), m.text.strip("。，,.!！~～ ")
    about, named = m.pending.get("consultation"), Numbers.find(m).one
    if kind == "rsvp" and (named is None or named == about):
        fields = {"consultation": about} if about else {}
        text = re.sub(rf"(?:第)?{about}号?(?:的?事)?[：:，, ]*", "", text) if named else text
        key = choices.bare(text)
        key = choices.NUMERALS.get(key, key)
        if re.fullmatch("[1-9]", key):
            label = m.options.get(key) if m.options else {"1": "参加", "2": "不参加"}.get(key)
            if label is None:
                return clarify("out_of_range", **fields)
            going = attends(label)
            # “有情况反映” says neither: what there is to tell comes in words
            return clarify("unsure", **fields) if going is None else said("rsvp", attending=going, **fields)
        if _ASKS.search(text) and len(text) <= 20:
            return said("query", what="meeting", **fields)
        going = attends(text)
        if going is None and (chosen := choices.whole(text, m.options)) and chosen.key in m.options:
            going = attends(m.options[chosen.key])
        if (
            going is None
            and (words.ATTEND.search(text) or _STAYS.search(text))
            and not re.search("[?？]|几点|在哪|哪儿", text)
        ):
            return clarify("unsure", **fields) if len(text) <= 10 else None
        return None if going is None else said("rsvp", attending=going, **fields)
    if (
        kind != "rsvp"
        and re.search(r"听证|报名|发言", text)
        and words.ATTEND.search(text)
        and len(text) <= 14
    ):
        if _WONDERS.search(text) or doubts.uncertain(text):
            return None
        named = named or about
        return said("rsvp", attending=not _STAYS.search(text), **({"consultation": named} if named else {}))
    return None


def attends(text: str) -> bool | None:
    """True or False for a plain answer, None for anything less."""
    if re.search("[\uac00-\ud7af]", text):
        return False if _STAYS_KO.fullmatch(text) else True if _COMES_KO.fullmatch(text) else None
    text = re.sub(r"(?<=[我俺])[和跟与](?:老伴儿?|媳妇|老公|老婆|孩子|儿子|闺女)(?:一起|一块儿?)?", "", text)
    clauses = [re.sub(r"^(\D{1,4})\1+$", r"\1", c) for c in re.split(r"[，,。；;!！~～\s]+", text) if c]
    if doubts.uncertain(text):
        return None
    if _WONDERS.search(text):
        # “来不了了，让人捎话”: what others do says nothing against it, unless they come instead
        plain = [c for c in clauses if _STAYS.search(c) and not _WONDERS.search(c)]
        return (
            False
            if plain and not any(re.search("去|来|参加|到|[?？]", c) for c in clauses if c not in plain)
            else None
        )
    stays = bool(_STAYS.search(text)) or bool(words.NO.fullmatch(text))
    comes = any(_COMES.fullmatch(c) for c in clauses) or bool(
        words.YES.fullmatch(clauses[0] if clauses else "")
    )
    if stays == comes:
        return None
    return comes
