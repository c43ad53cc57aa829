"""What the telephone's menus offer, for whoever texts: results, a slower voice, a code, a language, one's own name.

Only whole messages count, in the words of the menus and those people use for them: half a sentence is left to the
interpreter, and nothing here touches a vote.
"""

import re
from collections.abc import Callable, Sequence

from gateway import replies, text
from gateway.consultation import ratings, verdicts
from gateway.consultation.glance import Matter
from gateway.models.consultation import IN_FORCE
from gateway.models.person import Person
from gateway.people.residents import Resident
from gateway.texting.message import Message

_LONGEST = 14  # characters of a wish; longer ones are sentences
_PUBLIC = ("PUBLICITY", "OBJECTED", "EXPLAINED")
_I = "(?:我|俺|请|麻烦|给我|帮我|我要|我想|想|要|能不能|可以)*"
_OVER = "(?:吧|呗|行不行?|行吗|可以吗|好吗|一下|些|点)?"

_SAY = "(?:说|讲|念)"
SPEECH = {
    "slow": re.compile(rf"{_I}(?:电话)?里?(?:{_SAY}(?:话|得|的)*慢一?(?:点|些)儿?|慢一?(?:点|些)儿?{_SAY}话?|{_SAY}慢){_OVER}"),
    "loud": re.compile(
        rf"{_I}(?:电话)?里?{_SAY}?(?:话|得|的)*(?:大点?声一?(?:点|些)?儿?{_SAY}?|大一?点儿?声|声音?(?:放|调|开)?再?大一?(?:点|些)儿?){_OVER}"
    ),
    "": re.compile(rf"{_I}(?:还是)?(?:照|按|跟)(?:平常|原来|以前|正常)(?:那样|一样|的?速度|的?声音)?{_SAY}?(?:话)?{_OVER}"),
}  # fmt: skip
_OLD = re.compile(
    rf"{_I}(?:听|看|查)?(?:以前|过去|办过|办完|定下|商量完|商量过|公示)的?(?:事(?:儿|情)?)?(?:的)?(?:结果)?"
)
_RESULTS = re.compile(
    rf"{_I}(?:听|看|查|查查|看看)?(?:别的)?结果(?:呢)?|{_I}有(?:啥|什么)?结果了?(?:吗|没|么)?"
)
_RATE = re.compile(rf"{_I}(?:打个?分|评个?分|说说满意不满意|评价)(?:一下)?")
_CODE = re.compile(
    rf"{_I}(?:咋|怎么|如何)?(?:设置?|改|换|定|弄|加|整|忘了?|忘记)?(?:一?个|一下|我的)?密码(?:忘了|咋设|怎么设|咋改|忘记了)?\d{{0,4}}"
)
_WHO = re.compile(
    "我是谁|(?:这|我)?(?:个|部)?(?:手机|号码?|电话)?(?:上)?(?:都)?登记(?:的|了)(?:是)?(?:谁|哪些人|几个人)|我登记(?:了|上)?(?:没|吗|没有)"
)
_ANOTHER = re.compile(
    rf"{_I}(?:再|另外)?(?:登记|注册|加)(?:上)?(?:一|别的|另|另外)+(?:个)?(?:人|家人)|登记别人"
)
_TONGUE = re.compile(
    rf"{_I}(?:(?:换|改|选)(?:一?种|个|成)?(?:语言|话|别的话|说法)|语言|别的(?:话|语言)|说别的话)(?:设置)?"
)
_MINE = re.compile(
    r"(?:听|看|查|问)?(?:一下)?(?:我|俺)(?:们家)?(?:上回|上次|以前|先前)?(?:提|说|反映)?的(?:那个|那条|那些)?(?:意见|建议|话)(?!$)"
    r"(?:到底|后来)?(?:呢|(?:是)?(?:给)?(?:咋|怎么|怎|有没有|有|被|都)?(?:样|说|答复|回复|回话|办|处理|采纳|听)?(?:的|了|没有?|吗|么|啊|呀)*)[?？]?"
)
_MORE = re.compile("更多|还能(?:办|干|做)(?:啥|什么)(?:呀|呢)?|还有啥用|办别的事|别的")


def answer(m: Message, said: str) -> tuple[str, str] | None:
    """The reply and the intent, or None. ``said`` is the normalized message without punctuation around it."""
    if not said or len(said) > _LONGEST:
        return None
    for intent, pattern, does in _WISHES:
        if pattern.fullmatch(said) and (reply := does(m)) is not None:
            return reply, intent
    for manner, pattern in SPEECH.items():
        if pattern.fullmatch(said) and m.residents:
            return _speak(m, manner), "speech"
    if len(m.residents) > 1 and (found := _somebodys(m, said)):
        return found
    return None


def _somebodys(m: Message, said: str) -> tuple[str, str] | None:
    """“赵玉芬说慢点”: on a shared handset one may want what the others don't."""
    for person in m.residents:
        rest = said.removeprefix(person.name).strip(" ，,：:")
        for manner, pattern in SPEECH.items():
            if rest != said and pattern.fullmatch(rest):
                return _speak(m, manner, [person]), "speech"
    return None


def _speak(m: Message, manner: str, people: Sequence[Resident] = ()) -> str:
    """Slower, louder or as usual, for these people or all of the handset: what they hear in calls is theirs alone."""
    people = people or m.residents
    for one in people:
        person = m.s.get_one(Person, one.id)
        person.speech = " ".join(sorted({*person.speech.split(), manner})) if manner else ""
    who = (
        m.phrase("names_between").join(p.name for p in people[:3])
        if len(m.residents) > 1
        else m.phrase("you")
    )
    return m.say({"slow": "speech_slow", "loud": "speech_loud"}.get(manner, "speech_usual"), who=who)


def _my_opinions(m: Message) -> str | None:
    """What was answered to what they said, or that it waits. “我的意见” alone begins a sentence, and asks nothing."""
    ids = [p.id for p in m.residents]
    found = verdicts.heard_of(m.s, ids, m.handset_id)
    if not found:
        said = m.s.scalar(verdicts.own(m.s, ids, m.handset_id).limit(1))
        return m.say("my_opinions_none" if said is None else "my_opinions_waiting")
    each = [
        m.phrase("answered_one", number=c.number, verdict=m.phrase(f"verdict_{o.verdict}"), words=o.why)
        for c, o in found
    ]
    while len(each) > 1 and text.segments(m.say("my_opinions", list=m.phrase("and").join(each))).count > 1:
        each.pop()  # the newest, as many as one message carries
    return m.say("my_opinions", list=m.phrase("and").join(each))


def _results(m: Message) -> str | None:
    """What is public or in force, unless the question asked last has a result of its own to tell."""
    asked = (m.context.get("pending") or {}).get("consultation") or m.context.get("ended")
    if asked is not None and asked not in m.context.get("open_votes", ()):
        return None  # the interpreter finds that one
    return _list_results(m)


def _list_results(m: Message) -> str:
    if not m.residents:
        return m.say("register_first")
    public = [c for c in m.matters if c.state in _PUBLIC]
    found = public + [c for c in m.matters if c.state in IN_FORCE][::-1]
    if not found:
        return m.say("results_none")
    for units in (16, 12, 8, 6):
        names = [m.phrase("listed", number=c.number, title=text.clip(c.title, units)) for c in found[:3]]
        said = m.say("results", list=m.phrase("and").join(names), number=found[0].number)
        if text.segments(said).count == 1:
            break
    return said


def _rate(m: Message) -> str:
    rated: list[Matter] = [c for c in m.matters if c.state in ratings.RATED]
    return m.say("rating_how", number=rated[-1].number) if rated else m.say("rating_none")


def _code(m: Message) -> str:
    if not m.residents:
        return m.say("register_first")
    return m.say("code_how" if len(m.residents) == 1 else "code_visit")


def _who(m: Message) -> str:
    return m.say("who_is_here", names=m.names()) if m.residents else m.say("stranger")


def _tongues(m: Message) -> str:
    names = m.phrase("names_between").join(map(replies.called, replies.offered()))
    return m.say("language_which", languages=names)


_WISHES: tuple[tuple[str, re.Pattern[str], Callable[[Message], str | None]], ...] = (
    ("query", _OLD, _list_results),
    ("query", _RESULTS, _results),
    ("query", _MINE, _my_opinions),
    ("rate", _RATE, _rate),
    ("code", _CODE, _code),
    ("query", _WHO, _who),
    ("register", _ANOTHER, lambda m: m.say("register_how")),
    ("set_language", _TONGUE, _tongues),
    ("help", _MORE, lambda m: m.say("help_more")),
)
