"""Meetings, proxies and experts' assessments by SMS: coming or not, signing up to speak, answering for somebody, asking."""

import re
from typing import Any

from sqlalchemy import select

from gateway import standing_in, text
from gateway.consultation import assemblies, assessments, ballots, matters, meetings, proxies, quorum
from gateway.consultation.refusal import Refused
from gateway.ivr.interpret import interpret
from gateway.models.consultation import GATHERING, IN_FORCE, Consultation
from gateway.models.participation import Meeting, Proxy
from gateway.models.person import Person
from gateway.people import segments
from gateway.people.residents import Resident
from gateway.texting import aside
from gateway.texting.message import Fields, Message, ask, keep

_SPEAKS = re.compile("听证|发言|发个言|说(?:两|几)句|报名")
_ASSESSED = re.compile(
    r"(?:第?(\d{2,4})号?(?:事|的事)?(?:的)?[,，:： ]*)?(?:专家)?(?:咋|怎么|是怎么|是咋)?(?:论证|评估)(?:的)?(?:报告|意见|结果|结论|内容)?(?:呢|是啥|是什么|咋样|怎样|怎么样|咋说的?|怎么说的?)?[?？]?"
    r"|(?:第?(\d{2,4})号?(?:事|的事)?(?:的)?[,，:： ]*)?专家(?:是)?(?:咋|怎么)(?:说|看)的?[?？]?"
)
_INSTEAD = re.compile(r"^[我俺]?(?:来)?(?:替|代|帮)(?:表)?")
_KNOWN = (
    "NOTICED", *GATHERING, "DRAFTED", "NO_CONSENSUS", "ASSEMBLY", "PUBLICITY", "OBJECTED", "EXPLAINED", "REVISED", *IN_FORCE,
)  # fmt: skip


def answer(m: Message) -> tuple[str, str] | None:
    """The reply and the intent, or None: the message is about something else."""
    said = text.normalize(m.read).strip("，。 .！!")
    if found := _ASSESSED.fullmatch(said):
        return _assessment(m, next(filter(None, found.groups()), "")), "query"
    if found := _INSTEAD.match(said):
        return _instead(m, said[found.end() :])
    return None


# ---- coming to a meeting ------------------------------------------------------------------------


def rsvp(m: Message, f: Fields) -> str:
    """Whether they come, and whether they will speak; the newest answer counts."""
    comes = bool(f.get("attending"))
    speaks = bool(f.get("speaks")) or bool(comes and _SPEAKS.search(text.normalize(m.read)))
    found = _meant(m, f, speaks)
    if not found:
        if not m.people():
            return m.say("register_first")
        keep(m, m.found(f.get("consultation")), "message")
        return m.say("meeting_none")
    if len({c.id for _, c in found}) > 1:
        return m.say("meeting_which", number=found[0][1].number)
    meeting, c = found[0]
    who = m.named(str(f["person"])) if f.get("person") else None
    if who is None and m.people():
        may = [p for p in m.people() if meetings.may_come(m.s, meeting, c, p)]
        asked = [p for p in may if (mine := meetings.own(m.s, meeting, p, m.handset_id)) and mine.asked]
        may = asked or may
        if len(may) > 1:
            ask(
                m,
                "who",
                c,
                intent="rsvp",
                consultation=c.number,
                attending=comes,
                speaks=speaks,
                meeting=meeting.id,
            )
            return whose(m, c)
        if not may:
            return m.say("not_yours", number=c.number)
        who = may[0]
    try:
        kept = meetings.answer(m.s, meeting, c, who, m.handset_id, comes=comes, speaks=speaks, how="sms")
    except Refused as no:
        return m.say("meeting_over" if no.code == "over" else "not_yours", number=c.number)
    name = "rsvp_no" if not comes else "rsvp_speak" if kept.speaks else "rsvp_yes"
    return m.say(name, **_facts(m, meeting, c))


def whose(m: Message, c: Consultation | None) -> str:
    return m.say("whose_rsvp", names=m.names(), number=c.number if c else "")


def _meant(m: Message, f: Fields, speaks: bool) -> list[tuple[Meeting, Consultation]]:
    """The meeting an answer is about: the one they were asked about last, the one whose number they give, or what comes
    next for them (who wants to speak means a hearing)."""
    pending, number = m.context.get("pending") or {}, f.get("consultation")
    known = f.get("meeting") or (pending.get("meeting") if pending.get("kind") == "rsvp" else None)
    if known is not None and (number is None or f.get("meeting") or number == pending.get("consultation")):
        meeting = m.s.get_one(Meeting, int(known))
        return [(meeting, m.s.get_one(Consultation, meeting.consultation_id))]
    coming = meetings.coming_for(m.s, m.people(), m.handset_id)
    if speaks:
        coming = [(x, c) for x, c in coming if x.kind.hearing] or coming
    return [(x, c) for x, c in coming if c.number == number] or coming


def when(m: Message, number: Any) -> str:
    """When and where the next meeting is: one they may come to, else one that decides a matter of theirs, of which
    everybody was told (“12月18日9点在村部开村民代表会议决定”)."""
    coming = meetings.coming_for(m.s, m.people(), m.handset_id)
    mine = [(x, c) for x, c in coming if c.number == number] or coming
    if mine and (number is None or mine[0][1].number == number):
        return m.say("meeting_when", **_facts(m, *mine[0]))
    called = assemblies.called(m.s, [c.id for c in m.matters if c.state == "ASSEMBLY"])
    deciding = [(x, c) for x, c in called if c.number == number] or called
    if not deciding:
        return m.say("meeting_when", **_facts(m, *mine[0])) if mine else m.say("meeting_none")
    meeting, c = deciding[0]
    chinese = m.language.startswith("zh")
    return m.say(
        "assembly_when",
        number=c.number,
        form=quorum.PROFILES[meeting.body].name.partition("（")[0] if chinese else m.phrase("a_meeting"),
        when=meetings.when(meeting, m.language),
        place=meeting.place,
    )


def unsure(m: Message, pending: dict[str, Any]) -> str:
    """Neither yes nor no: asked once more."""
    meeting = m.s.get_one(Meeting, int(pending["meeting"]))
    return m.say("clarify_rsvp", **_facts(m, meeting, m.s.get_one(Consultation, meeting.consultation_id)))


def _facts(m: Message, meeting: Meeting, c: Consultation) -> dict[str, Any]:
    chinese = m.language.startswith("zh")
    return {
        "number": c.number,
        "form": meeting.kind.name if chinese else m.phrase("a_meeting"),
        "when": meetings.when(meeting, m.language),
        "place": meeting.place,
    }


# ---- what experts said --------------------------------------------------------------------------


def _assessment(m: Message, number: str) -> str:
    found = assessments.concerning(m.s, m.people(), _KNOWN)
    if number:
        found = [c for c in found if c.number == int(number)]
    else:
        about = (m.context.get("pending") or {}).get("consultation")
        found = [c for c in found if c.number == about] or found
    if not found:
        return m.say("assessment_none")
    newest = assessments.of(m.s, found[0])[0]
    return m.say("assessment", number=found[0].number, author=newest.author, words=newest.summary)


# ---- answering for somebody ---------------------------------------------------------------------


def _instead(m: Message, rest: str) -> tuple[str, str] | None:
    """“替刘桂兰1”, where a verified mandate says that they may. Anything else is read as ever: nobody votes for another."""
    held = _held(m, rest)
    if not held:
        family = _family(m, rest)
        return (m.say("proxy_none", principal=family), "clarify") if family else None
    name = m.s.get_one(Person, held[0].principal_id).name
    said = re.sub(r"^(?:投|选|表态|回|按|说|的|是|一下|个|：|:|，|,|\s)+", "", rest[len(name) :])
    open_ones = [c for p in held if (c := m.s.get_one(Consultation, p.consultation_id)).open_for_answers]
    context = dict(m.context)
    context["handset_persons"] = [p.name for p in m.people() if p.id == held[0].proxy_id]
    if len(open_ones) == 1:
        c = open_ones[0]
        context["pending"] = {
            "kind": "vote", "consultation": c.number, "question": c.title, "options": dict(c.options),
        }  # fmt: skip
    answer: dict[str, Any] = interpret(said, context) if said else {"intent": "clarify"}
    fields = answer.get("fields") or {}
    mandate = next((p for p in held if _number(m, p) == fields.get("consultation")), None)
    if answer["intent"] != "vote" or mandate is None:
        number = open_ones[0].number if open_ones else _number(m, held[0])
        return m.say("proxy_how", principal=name, number=number), "clarify"
    return _cast(m, mandate, name, str(fields.get("option"))), "vote"


def _held(m: Message, rest: str) -> list[Proxy]:
    ids = [p.id for p in m.people()]
    for length in (4, 3, 2):  # 欧阳德顺 before 欧阳
        if ids and (found := proxies.named(m.s, ids, rest[:length])):
            return found
    return []


def _family(m: Message, rest: str) -> str:
    """Whose name of the same home it is, without a mandate: they are told how to give one."""
    homes = {p.household_id for p in m.people() if p.household_id}
    known = m.s.scalars(select(Person.name).where(Person.household_id.in_(homes))) if homes else ()
    return next((name for name in known if rest.startswith(name)), "")


def _number(m: Message, p: Proxy) -> int:
    return m.s.get_one(Consultation, p.consultation_id).number


def _cast(m: Message, mandate: Proxy, name: str, option: str) -> str:
    c = m.s.get_one(Consultation, mandate.consultation_id)
    proxy: Resident = next(p for p in m.people() if p.id == mandate.proxy_id)
    if aside.has_code(m, proxy.id):
        return m.say("code_needed", number=c.number)
    principal = m.s.get_one(Person, mandate.principal_id)
    before = ballots.of(m.s, c, principal)
    try:
        ballot = proxies.cast(m.s, c, proxy, principal, option)
    except Refused as no:
        if no.code == "own_vote":
            return m.say("proxy_own_vote", principal=name, number=c.number)
        if no.code == "recused":
            out = proxy if segments.stays_out(m.s, c.id, proxy.id) else principal
            return m.say("recused", number=c.number, who=out.name)
        return m.say(no.code if no.code in ("closed", "not_yet") else "other_person", number=c.number)
    if before is None or before.receipt != ballot.receipt:
        standing_in.tell_principal(m.s, c, proxy.name, mandate, ballot.receipt)
    if c.sensitive:
        return m.say("vote_sensitive", number=c.number, receipt=ballot.receipt)
    label = c.options[option]
    return m.say("proxy_vote", number=c.number, principal=name, option=label, receipt=ballot.receipt)


def outside(m: Message, c: Any) -> str:
    """The reply for whoever asks about a matter that is only for some, and not for them; “” for anybody else."""
    known = m.s.get_one(Consultation, c.id)
    if not known.for_some or any(matters.concerns(m.s, known, p) for p in m.people()):
        return ""
    here = matters.area_ids(m.s, known)
    return "for_some" if any(p.area_id in here for p in m.people()) else "not_yours"
