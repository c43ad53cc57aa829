"""What an SMS may ask for beside the matters themselves: to be registered, left alone or rung; help in need; words for
the supervision committee, practice, another language."""

import re

from gateway import callouts, replies, text
from gateway.actions import call_back
from gateway.consultation import opinions
from gateway.duty import promised
from gateway.models.answer import FOR_WATCHERS
from gateway.models.area import Area
from gateway.models.person import Person
from gateway.people import alarms, claims, consent
from gateway.texting import desk
from gateway.texting.context import Asked
from gateway.texting.message import Fields, Message, ask, forget, keep
from gateway.turns import area_of

_WATCHERS = re.compile(
    r"^(?:给|找|跟|向)?(?:村)?(?:务)?(?:监督委员会|监委会|监督委)(?:留言|留话|说|反映|举报)?[:：,，。 ]*"
)
# who accuses those that run the village isn't read by them: only the supervision committee is (domain.md §4)
_THOSE = r"(?:书记|主任|村长|会计|出纳|组长|队长|村官|村?干部|两委|班子|村委会?|居委会?|当官的|领导)"
_WRONG = (
    r"(?:贪污|贪了|贪(?:公款|集体|咱|俺|大伙|老百姓)|受贿|行贿|[吃拿收]回扣|收(?:了)?(?:黑钱|好处|贿|红包)|好处费|挪用|私分|侵吞|侵占"
    r"|中饱私囊|以权谋私|假公济私|打击报复|(?:做|弄)?假账|虚报冒领|克扣|揣(?:自己)?(?:腰包|兜))"
)
_ACCUSES = re.compile(
    rf"{_THOSE}.{{0,10}}{_WRONG}|{_WRONG}.{{0,4}}的.{{0,4}}{_THOSE}|(?:举报|检举|揭发|告发|控告|投诉).{{0,8}}{_THOSE}"
)
_PRACTICE = re.compile(r"^(?:我想|我要|想)?(?:练习|练一练|练练|试一试|试试|lianxi)(?:一下|按键)?$")
_TONGUES = {"zh": "zh-CN"}


def answer(m: Message, asked: Asked | None) -> tuple[str, str] | None:
    """The reply and the intent, or None: the message is about something else."""
    said = text.normalize(m.read).strip("，。 .！!")
    if found := _WATCHERS.match(said):
        words = m.words.strip() if said[found.end() :].strip() else ""
        if not words:
            ask(m, "words", None, kind=FOR_WATCHERS)
            return m.say("watchers_how"), "supervision"
        return m.say("watchers", receipt=keep(m, None, FOR_WATCHERS, words=words)), "supervision"
    if _PRACTICE.fullmatch(said):
        ask(m, "practice", None)
        return m.say("practice"), "practice"
    if asked is not None and asked.kind == "practice":
        forget(m)
        if said in ("1", "2", "一", "二", "吃饺子", "吃面条"):
            return m.say("practised"), "practice"
    if asked is not None and (asked.data or {}).get("kind") == FOR_WATCHERS:
        return None  # whatever it looks like, it was meant for them
    options = (m.context.get("pending") or {}).get("options") or {}
    return None if said in options.values() else desk.answer(m, said)


def accuses(words: str) -> bool:
    """Whether somebody says of those who run the village that they did wrong."""
    return bool(_ACCUSES.search(text.normalize(words)))


def has_code(m: Message, person_id: int) -> bool:
    """Whether this person gives four digits with what counts: an SMS can't keep them secret, a call can."""
    return m.s.get_one(Person, person_id).code is not None


def set_language(m: Message, f: Fields) -> str:
    """Answer in another language from now on, where its words have been read by somebody who speaks it."""
    wanted = str(f.get("language") or "")
    tongue = _TONGUES.get(wanted, wanted)
    if tongue not in replies.offered():
        return m.say(
            "language_none", languages=m.phrase("names_between").join(map(replies.called, replies.offered()))
        )
    m.handset.language = m.language = tongue
    return m.say("language")


# ---- who I am, and what I want to get ----------------------------------------------------------


def register(m: Message, f: Fields) -> str:
    name, place = str(f.get("name") or ""), str(f.get("area") or "")
    if not name:
        return m.say("register_how")
    made = claims.claim(m.s, m.handset, name, place, "sms")
    if place and made.state == "waiting" and claims.area_named(m.s, place) is None:
        return m.say("register_where", name=name, place=text.clip(place, 10))
    area = m.s.get(Area, made.area_id) if made.area_id else None
    m.signed = area.signed if area else m.signed
    return m.say("register_done" if made.state == "accepted" else "register_waiting", name=name)


def opt_out(m: Message, f: Fields) -> str:
    scope = str(f.get("scope") or "sms")
    scope = scope if scope in consent.SCOPES else "all"
    consent.stop(m.s, m.handset, scope, "sms")
    return m.say({"voice": "stopped_calls", "sms": "stopped_texts"}.get(scope, "stopped"))


def opt_in(m: Message, f: Fields) -> str:
    """All of it again, or only what the message names."""
    words = text.normalize(m.read)
    texts, calls = re.search("短信|消息|信息|text|sms", words), re.search("电话|call", words)
    scope = "voice" if calls and not texts else "sms" if texts and not calls else "all"
    consent.resume(m.s, m.handset, scope, "sms")
    return m.say("resumed_calls" if scope == "voice" else "resumed")


_RING_ME = re.compile("回个?电话?|huidian")


def callback(m: Message, f: Fields) -> str:
    if _RING_ME.fullmatch(text.normalize(m.words).strip("，。 .！!")):
        # the hotline rings, and a person is one key away: nobody has to wait for office hours
        callouts.ring_back(m.s, m.settings, m.handset)
        return m.say("ring_back")
    people = m.people()
    call_back(m.s, m.handset, people[0] if people else None, m.words, "sms")
    return m.say("callback", when=promised(area_of(m.s, people), m.phrase, m.language))


def emergency(m: Message, f: Fields) -> str:
    # an entry of its own: it must not be added to an older wish to be rung
    kept = opinions.add(
        m.s,
        consultation=None,
        person=m.residents[0] if len(m.residents) == 1 else None,
        handset_id=m.handset_id,
        words=m.words,
        channel="sms",
        kind="emergency",
    )
    alarms.ring(m.s, "emergency", "有居民发来急事短信，请马上看“收件”里的回电", kept)
    return m.say("emergency")


def data(m: Message, f: Fields) -> str:
    people = m.people()
    call_back(m.s, m.handset, people[0] if people else None, m.words, "sms")
    return m.say("data")
