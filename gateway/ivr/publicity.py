"""A result on show: objections, their withdrawal, and saying that there is none.

An objection stops the countdown, so only the sender's own plain “I object” is one; asking about objections, or
telling of other people's, is words.
"""

import re
from typing import Any

from gateway.ivr import choices, doubts, wishes
from gateway.ivr import lexicon as words
from gateway.ivr.numbers import Numbers
from gateway.ivr.reading import Said, clarify, said

_TYPED = re.compile(
    r"(?:저는\s*)?반대(?:합니다|해요|함|요|입니다)?[.!]*|(?:wo ?)?(?:jianjue ?)?fan ?dui[.!。！ ]*|fd",
    re.IGNORECASE,
)
_CLAUSE = re.compile(r"[，,。；;:：!！\s]+")
_OBJECTING = r"(?:反对|不服(?!老|输|管|药|从|务|软)气?|(?:有|提|提出)(?:个)?异议|抗议|不认可|不答应|不同意|不赞成|不认(?:账|这个?结果|这结果)|不(?:能)?接受(?=$|这|那|你们|公示|结果|方案|名单|安排|决定))"
# “13号的事我坚决…”, “对公示有…”, “这个结果我…”: what may stand before it
_OWN = re.compile(
    r"(?:(?:对于?|关于)?(?:第?(?:[0-9]{1,4}|[一二三四五六七八九十]{2,4})号?|第?[一二三四五六七八九十]号|这次|这件|这个?|那个?|你们的?|村里的?|的|事情?|公示|结果|方案|决定|名单|件事)*+[，, ]*)?"
    r"(?:我们?家?|俺们?家?|咱们?家?|本人|全家|一家人?|户主|也|坚决|强烈|还是?|就是?|都|要|表示|提出(?!个?异议)|必须|一定|绝对|郑重|正式|很|真|，)*+"
)
_PLAIN = re.compile(rf"{_OWN.pattern}{_OBJECTING}了?")
_LONG_OWN = re.compile(r".*(?:我们?家?|俺们?家?|本人|全家)(?:也|坚决|强烈|还是?|就是?|都|要|表示|绝对|很)*+")
_NOT_OWN = re.compile(
    r"[谁没别怎咋他她你哪吗问]|不是|如何|有人|人家|大家|大伙|听说|如果|要是|为(?:啥|什么)|老伴|儿子|邻居|爸|妈|不让我|可以我|能"
)
# what may not stand behind it: “反对的人”, “反对无效”, “反对派”
_TURNS = re.compile(
    r"^\s*(?:的(?!是)|反对的|[我俺他她]的人|的是谁|者|派|票|无效|无用|白搭|是不是|会不会|能不能|了(?:会|能|可|就|又|还|咋|怎|有|没)|有效|有用|没用|有啥|有什么|有几|有多少|能|会|可以|吗|么|呢|怎|咋|什么|啥(?!都)|多少|几|期|谁|到|在哪|方式|过|不(?!同意)|意见|理由(?:怎|写|填|要)|就|又|还(?!是(?!不?(?:反对|同意|赞成)))|也|成功|算|要|得(?!了)|早|晚了|找谁|[^，,。]{0,6}(?:啥时|什么时|多会|几时|怎么办|咋办|在哪|哪儿|哪里|找谁))"
)
# a withdrawal of the sender's own: nobody else stands before it, and no condition
_MATTER = r"(?:第?(?:[0-9]{1,4}|[一二三四五六七八九十]{2,4})号?(?:的?(?:事情?|公示))?)"
_BEFORE = rf"(?:好吧|行吧?|算了|嗯|现在|想通了?|我们?家?|俺们?家?|本人|户主|申请|要求|请|要|想|决定|愿意|同意|也|先|把|将|对|关于|给|的|{_MATTER}|这次|这回|这[条份]|那[条份]|这个?|那个?|之前|上次|昨天|原来|前面|提的?|自己|都|帮(?=我|俺))*+"
_OBJECTION = r"(?:的?反对(?:意见|的?票)?|异议|意见)(?:的|那|这)*+(?:个|件)?(?:事情?)?"
_TAKES = r"(?:撤(?:回|销|掉|了|诉|下来)?|收回|取消)"
_END = r"(?:了|吧|啦|啊|呀|呗|哈|来|掉|谢谢|我)*"
_WITHDRAWS = re.compile(
    rf"{_BEFORE}(?:{_TAKES}(?:了|掉)?{_BEFORE}{_OBJECTION}|{_OBJECTION}(?:我|俺|就|也|给我|都|先|现在|请|要|想|的?(?:话|事))*(?:{_TAKES}|作废|不作数|不算数?|不要)|撤(?:回|销|了|掉)|撤(?=吧)|收回|(?:不|不再|没有再)反对(?=了)|不再反对|当我没(?:说|反对)(?:过)?){_END}"
)
_SPOKEN_TO = re.compile(
    rf"(?:老|小|大)?[{words.SURNAMES}][\u4e00-\u9fff]{{0,2}}|.{{0,2}}[叔婶哥姐嫂爷奶伯舅姨弟妹]"
)
# what is heard, and typed as other characters
_SOUNDS = {"fandui": "反对", "bufandui": "不反对", "meiyijian": "没意见", "wuyiyi": "无异议", "wuyijian": "无意见", "meiyiyi": "没异议"}  # fmt: skip


def _as_heard(text: str) -> str:
    """“反队，太吵” as it was meant: the first clause, when all of it sounds like one of these."""
    first = _CLAUSE.split(text, maxsplit=1)[0]
    core = re.sub("^[我俺也]+", "", first)
    if not re.fullmatch(r"[\u4e00-\u9fff]{2,4}", core) or words.OBJECT.search(core):
        return text
    meant = _SOUNDS.get(choices.pinyin(core)[0])
    return text.replace(core, meant, 1) if meant else text


def _withdraws(m: Said) -> bool:
    """Whether a clause of its own takes the sender's objection back. Only the objector can: “让老郭撤了吧” is words."""
    text = doubts.solid(
        re.sub(rf"(?:我是|俺是|本人)?(?:{'|'.join(map(re.escape, m.persons)) or '(?!)'})[，, ]*", "", m.text)
    )
    clauses = [re.sub(r"^(.{2,8})\1+$", r"\1", c) for c in _CLAUSE.split(text) if c]
    plain = [c for c in clauses if _WITHDRAWS.fullmatch(c)]
    if not plain:
        return False
    others = [c for c in clauses if c not in plain]
    mine = any(re.search("[我俺]|本人", c) for c in plain)
    return mine or not any(_SPOKEN_TO.fullmatch(c) for c in others)


def result_on_show(m: Said) -> dict[str, Any] | None:
    """What the message says about a result in publicity, or None."""
    named = Numbers.find(m).one
    public, own = m.list("in_publicity"), m.list("own_objection")
    waiting = m.pending.get("consultation") if m.pending.get("kind") == "publicity" else None
    over = (
        m.context.get("ended") if not public else None
    )  # what they were told last is over: then it is about that
    target = named or waiting or (public[0] if len(public) == 1 else over)
    if public or waiting:
        m.text = _as_heard(m.text)
    text = m.text
    if words.WITHDRAW.search(text) and ("反对" in text or "异议" in text or own):
        unsure = words.KEEPS.search(text) or doubts.uncertain(words.WITHDRAW.sub("，", text))
        if unsure or not _withdraws(m):
            return m.opinion(named or (own[0] if own else target))
        if named is None and waiting is None and len(own) > 1:
            return clarify("which_consultation", meant="withdraw_objection")
        which = named or (own[0] if len(own) == 1 else waiting)
        return said("withdraw_objection", **({"consultation": which} if which else {}))
    asked = m.pending.get("kind") in ("vote", "rsvp") and not m.pending.get("inferred")
    if len(own) == 1 and named in (None, own[0]) and not asked and words.NO_OBJECTION.search(text):
        return said("no_objection", consultation=own[0])  # they objected: the answer says how to take it back
    if waiting and re.fullmatch(
        r"(?:我|俺)?(?:们|家)?(?:都)?(?:同意|赞成|认可|接受)(?:这个?|你们的?|公示|的|结果|方案|名单|决定)+(?:了)?",
        text.strip("。.!！ "),
    ):
        return said("no_objection", consultation=waiting)
    if waiting and re.fullmatch(r"没(?:有|啥)?|无|meiyijian|myj", text.strip("。.!！ ").casefold()):
        return said("no_objection", consultation=waiting)
    if words.NO_OBJECTION.search(text) and not words.OBJECT.search(words.NO_OBJECTION.sub("", text)):
        return _none(m, target, waiting)
    plain = named in public or bool(waiting) or (len(public) == 1 and not m.list("open_votes"))
    if not _TYPED.fullmatch(text):
        if not words.OBJECT.search(text) and not (re.search(r"不同意|不赞成", text) and plain):
            return None
    inferred = m.pending.get("inferred") and (public or over)
    asked = m.pending.get("kind") in ("vote", "rsvp") and not inferred
    if named in m.list("open_votes") or (named is None and asked):
        return None  # on an open matter “反对” is an answer, or words
    late = target in m.list("closed") and objects(text)
    if not public and not waiting and not late:
        return None
    if named and named not in public and named in m.list("closed") and not objects(text):
        return None
    # “沈国栋反对16号”, from the handset he shares: it is he who writes
    who = next((name for name in m.persons if text.startswith(name)), None)
    text = text[len(who) :].lstrip("，,：: ") if who else text
    if doubts.OTHERS.search(text) or not objects(text):
        return wishes.question(m) or m.opinion(target)  # “反对的人多不” asks
    if target is None:
        return clarify("which_consultation")
    if target not in public and target != waiting and target not in m.list("closed"):
        return clarify("which_consultation", consultation=target)
    reason = _reason(text, target)
    named_self = {"person": who} if who else {}
    return said("object", consultation=target, **({"reason": reason} if reason else {}), **named_self)


def _none(m: Said, target: int | None, waiting: int | None) -> dict[str, Any] | None:
    """“没意见” about a result; on an open matter it is no answer."""
    public, named = m.list("in_publicity"), Numbers.find(m).one
    about_public = named in public if named else bool(waiting or (public and not m.list("open_votes")))
    if not about_public or doubts.uncertain(m.text) or _NOT_OWN.search(words.NO_OBJECTION.sub("", m.text)):
        return None
    return said("no_objection", **({"consultation": target} if target else {}))


def objects(text: str) -> bool:
    """Whether a clause of its own says that the sender objects."""
    if _TYPED.fullmatch(text):
        return True
    if doubts.TAKEN_BACK.search(text) or re.search("(?:只是|就是)(?:想)?问", text):
        return False
    clauses = _CLAUSE.split(doubts.solid(text))
    if re.search(
        "[?？]|吗", text
    ):  # beside a question it must be a clause of its own: “我家反对，凭啥收我钱？”
        return any(_PLAIN.fullmatch(c) for c in clauses)
    for clause in clauses:
        for match in re.finditer(_OBJECTING, clause):
            before, behind = clause[: match.start()], clause[match.end() :]
            if _TURNS.search(behind) or re.search("要是|如果|假如|除非|只要|万一|不改|再不", clause):
                continue
            if _OWN.fullmatch(before) or (_LONG_OWN.fullmatch(before) and not _NOT_OWN.search(before)):
                return not re.search(r"要是|如果|除非|只要", text) or bool(re.search("坚决|我反对", clause))
    return False


def _reason(text: str, number: int) -> str:
    """The words beside the objection itself."""
    left = re.sub(rf"(?:第)?{number}号?(?:的)?(?:事情?|那件事|公示|结果)?", "", text)
    left = re.sub(
        rf"^[，,。：: ]*{_OWN.pattern}(?:{_OBJECTING}|提异议)(?:的?(?:理由|原因)(?:是)?)?[，,。：:!！ ]*",
        "",
        left.strip(),
    )
    left = re.sub(rf"[，,。!！ ]+(?:所以|因此)?{_OWN.pattern}(?:{_OBJECTING}|提异议)[。!！ ]*$", "", left)
    left = re.sub(r"^(?:因为|原因是?|理由是?)[：:，, ]*", "", left).strip("，,。：:!！ ")
    return (
        ""
        if _TYPED.fullmatch(left)
        or re.fullmatch(rf"(?:{_OBJECTING}|[\s，,。!！])+", left)
        or re.fullmatch("[我俺对了啊]?", left)
        else left
    )
