"""Objecting by SMS and taking it back: on a shared handset it must be clear who does so (domain.md §2)."""

import re

from gateway import text
from gateway.consultation import lifecycle, matters, objections, steps
from gateway.consultation.glance import Matter
from gateway.consultation.refusal import Refused
from gateway.models.answer import Objection
from gateway.models.consultation import Consultation
from gateway.people.residents import Resident
from gateway.texting import aside, which
from gateway.texting.message import Fields, Message, ask, keep


def speaker(m: Message, f: Fields, among: list[Resident]) -> Resident | None:
    """Who says it: the only one it can be, or the one who gave their name before (“沈国栋反对16号”), after
    (“…，我是沈国栋”) or when we asked; None when we must ask."""
    if f.get("person"):
        return m.named(str(f["person"]))
    if len(among) == 1:
        return among[0]
    words = text.normalize(m.words).strip("，,。.！! ")
    told = [p for p in among if re.search(_introduced(p), words)]
    return told[0] if len(told) == 1 else None


def _introduced(p: Resident) -> str:
    """How somebody says who is writing; “我老伴沈国栋” is somebody else's name."""
    name, given = re.escape(p.name), re.escape(p.name[1:])
    short = rf"|[我俺](?:是|叫){given}(?=$|[，,。.！! ])" if len(p.name) > 2 else ""
    return rf"^{name}|[我俺](?:是|叫){name}|(?:^|[，,。.！! ]){name}${short}"


# read with half-width marks, and kept as Chinese writes them: it is what a resident said
_FULL = {",": "，", "?": "？", "!": "！", ";": "；", ":": "："}
_HALF = re.compile(r"(?<=[\u4e00-\u9fff])[,?!;:]")


def _reason(f: Fields, who: Resident | None) -> str:
    """Why they object, without the name they gave with it: that alone is no reason."""
    said = _HALF.sub(lambda m: _FULL[m[0]], str(f.get("reason") or ""))
    return re.sub(_introduced(who), "", said).strip("，,。.！!：: ") if who else said


def object_(m: Message, f: Fields) -> str:
    c = m.found(f.get("consultation"))
    if c is None:
        public = list(m.context.get("in_publicity", ()))
        if not public:
            return m.say("opinion_general", receipt=keep(m, None, "opinion"))
        return which.ask_which(m, public) or m.say("clarify_which", number=public[0])
    if c.state == "WITHDRAWN":
        return withdrawn(m, c)
    people = m.people()
    if not people:
        keep(m, c, "late_objection" if c.state in lifecycle.AFTER else "opinion")
        return m.say("register_first")
    words = str(f.get("words") or m.words)  # a name that answers our question is not what they objected with
    concerned = [p for p in people if matters.concerns(m.s, c, p)]
    who = speaker(m, f, concerned or people)
    if who is None and c.in_publicity and concerned:
        ask(m, "who", c, intent="object", consultation=c.number, reason=f.get("reason"), words=words)
        return m.say("whose_objection", names=m.names(), number=c.number)
    return _open(m, c, who, _reason(f, who), words)


def _open(m: Message, c: Consultation, who: Resident | None, reason: str, words: str) -> str:
    if who is not None and aside.has_code(m, who.id):
        return m.say("code_needed", number=c.number)
    try:
        made = objections.open_(m.s, c, who, reason, "sms", handset_id=m.handset_id)
    except Refused as no:
        if no.code == "late":
            return m.say("objection_late", number=c.number, receipt=keep(m, c, "late_objection", who, words))
        receipt = keep(m, c, "opinion", who, words)
        if no.code == "not_public":  # whoever thinks to have objected must know that it stops nothing
            return m.say("not_public", number=c.number, receipt=receipt)
        return m.say("vote_opinion", number=c.number, receipt=receipt)
    facts = {"number": c.number, "receipt": made.receipt, "days": c.rules.explain_days}
    if made.words:
        return m.say("objection", **facts)
    ask(m, "reason", c, objection=made.id)
    return m.say("objection_reason", **facts)


_CONTENT = re.compile(r"1|(?:听|看|说)?(?:明白|懂|清楚)了?|知道了?|行|好的?|可以|没意见了?|同意了?|mingbaile")
_CONTESTS = re.compile(r"2|(?:我|俺)?还(?:是)?(?:反对|不同意|不行|不服)|不服|不行")


def explained(m: Message, objection_id: int) -> tuple[str, str] | None:
    """What the objector says to our answer: that it will do, or that they still object; None for anything else."""
    mine = m.s.get(Objection, objection_id)
    words = text.normalize(m.words).strip("，,。.！!～~ ")
    who = next((p for p in m.people() if mine is not None and p.id == mine.person_id), None)
    if mine is None or who is None or mine.state != "explained":
        return None
    c = m.s.get_one(Consultation, mine.consultation_id)
    if (m.context.get("pending") or {}).get("consultation") != c.number:
        return None  # something else was asked since: a “1” answers the last question
    if _CONTENT.fullmatch(words):
        objections.understood(m.s, mine)
        return m.say("explanation_taken", number=c.number), "confirm"
    if _CONTESTS.fullmatch(words):
        return _open(m, c, who, "" if words == "2" else m.words, m.words), "object"
    return None


def withdrawn(m: Message, c: Consultation | Matter) -> str:
    """The matter itself was taken back, and why."""
    return m.say("withdrawn", number=c.number, why=text.clip(steps.why_withdrawn(m.s, c.id), 40))


def withdraw(m: Message, f: Fields) -> str:
    """Only the objector withdraws, and one matter at a time."""
    wanted = m.found(f.get("consultation"))
    open_ones = [
        o
        for o in objections.unsettled(m.s, [p.id for p in m.people()])
        if wanted is None or o.consultation_id == wanted.id
    ]
    if not open_ones:
        return m.say("objection_none")
    who = speaker(m, f, m.people())
    if who is None:
        ask(m, "who", wanted, intent="withdraw_objection", consultation=wanted.number if wanted else None)
        return m.say("who_withdraws", names=m.names())
    mine = [o for o in open_ones if o.person_id == who.id]
    if not mine:
        return m.say("objection_none")
    about = [m.s.get_one(Consultation, o.consultation_id).number for o in mine]
    if len(mine) > 1:
        which.ask_which(m, about, "撤回反对")  # a bare number is understood, too
        return m.say(
            "objection_which",
            list=m.phrase("names_between").join(m.phrase("numbered", number=n) for n in about),
            number=about[0],
        )
    if aside.has_code(m, who.id):
        return m.say("code_needed", number=about[0])
    objections.withdraw(m.s, mine[0], f"resident:{who.id}")
    return m.say("objection_withdrawn", number=about[0])


def nothing_against(m: Message, f: Fields) -> str:
    c = m.found(f.get("consultation"))
    if c is not None and any(
        o.consultation_id == c.id for o in objections.unsettled(m.s, [p.id for p in m.people()])
    ):
        return m.say("objection_stands", number=c.number)  # taking it back must be said in so many words
    return m.say("no_objection", number=c.number) if c else m.say("thanks")
