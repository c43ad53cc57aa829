"""What an SMS does: find out what it is about, do it, and say so in one short message."""

import re
from collections.abc import Callable, Mapping
from typing import Any

from sqlalchemy.orm import Session

from gateway import text
from gateway.consultation import ballots, matters
from gateway.consultation.glance import Matter
from gateway.consultation.refusal import Refused
from gateway.ivr import lexicon
from gateway.ivr.interpret import interpret
from gateway.ivr.numbers import Numbers
from gateway.ivr.reading import Said
from gateway.models.answer import FOR_WATCHERS, Objection
from gateway.models.consultation import GATHERING, Consultation
from gateway.people import consent, segments
from gateway.people.residents import Resident
from gateway.replies import reply_text
from gateway.settings import Settings
from gateway.texting import aside, attending, marks, publicity, which
from gateway.texting import context as context_of
from gateway.texting.context import Asked
from gateway.texting.message import Fields, Message, ask, forget, keep
from gateway.texting.questions import query


def answer(
    s: Session, settings: Settings, sender: list[context_of.Row], form: Mapping[str, str]
) -> tuple[str | None, str | None]:
    """Do what the message asks; ``sender`` is what :func:`context.look` found. Returns the reply (None where silence is right) and the intent understood.

    The carrier's own opt-out answers (``OptOutType``) are not answered twice.
    """
    words = form.get("Body", "")
    residents, asked, matters, context, signed = context_of.of(s, sender)
    m = Message(
        s, settings, sender[0].handset_id, words, residents, matters, context, signed,
        language=context_of.language(sender),
    )  # fmt: skip
    if form.get("OptOutType"):
        _carrier_opt_out(m, form["OptOutType"].upper())
        return None, None
    if not words.strip() and text.whole(form.get("NumMedia")):
        return m.say("picture"), "media"
    if (beside := aside.answer(m, asked) or attending.answer(m)) is not None:
        return beside
    if asked is not None and asked.kind == "explained":
        if (found := publicity.explained(m, int((asked.data or {}).get("objection", 0)))) is not None:
            if found[1] != "object":
                forget(m)
            return found
        asked = None  # it is about something else
    if _is_choice(words, context.get("behind"), keys=context.get("pending", {}).get("kind") != "rsvp"):
        # “1” is nobody's reason: it answers the vote behind that, and the reason is still waited for
        context["pending"], asked = context["behind"], None
    completed = _who_was_asked(m, asked) or which.named(m, asked)
    said = completed or interpret(m.read, context)
    intent, fields = str(said["intent"]), dict(said.get("fields") or {})
    if (
        intent == "vote"
        and "ended" in context
        and not completed
        and not _names(m.read, context, fields.get("consultation"))
    ):
        if lexicon.OBJECT.search(
            text.normalize(m.read)
        ):  # nobody asked about the other one: a late objection
            return publicity.object_(m, {"consultation": context["ended"]}), "object"
        return _which_now(m, fields), "clarify"
    if asked is not None and asked.kind == "who" and intent in ("unknown", "clarify"):
        return _who_again(m, asked), intent  # what waits for a name is not lost for a misspelt one
    if asked is not None and asked.data and asked.data.get("kind") == FOR_WATCHERS:
        if intent not in (
            "emergency",
            "opt_out",
            "ignore",
        ):  # whatever else it looks like, it was meant for them
            forget(m)
            return m.say("watchers", receipt=keep(m, None, FOR_WATCHERS)), "supervision"
    if intent in ("opinion", "unknown", "propose") and aside.accuses(m.read):
        if asked is None or asked.kind != "reason":  # why somebody objects belongs to the objection
            return m.say("watchers", receipt=keep(m, None, FOR_WATCHERS)), "supervision"
    if asked is not None and asked.kind in ("reason", "words"):
        if intent in ("opinion", "unknown") or (intent == "clarify" and fields.get("reason") != "closed"):
            reply = _more_words(m, asked)
            forget(m)
            return reply, intent
    if asked is not None and intent not in ("query", "help", "clarify", "ignore"):
        forget(m)  # answered, or left for something else
    return DO.get(intent, _unknown)(m, fields), intent


def _is_choice(words: str, pending: dict[str, Any] | None, *, keys: bool = True) -> bool:
    """Whether a text is nothing but a key (unless another question has keys of its own) or a label of the vote that is
    asked."""
    options: dict[str, str] = (pending or {}).get("options") or {}
    return text.normalize(words).strip("，。 .！!") in {*(options if keys else ()), *options.values()}


def _names(words: str, context: dict[str, Any], number: Any) -> bool:
    """Whether the message itself says which matter it is about."""
    return Numbers.find(Said.of(text.normalize(words), context)).one == number


def _which_now(m: Message, f: Fields) -> str:
    """The newest question on this handset is over, and the answer could only count for another one: ask first."""
    c = m.glimpsed(f.get("consultation"))
    if c is None or c.state not in GATHERING:
        return _unknown(m, f)
    ask(m, "sure", c)
    title = text.clip(c.title, 16)
    return m.say("ended", ended=m.context["ended"], number=c.number, title=title, options=_options(m, c))


def _carrier_opt_out(m: Message, kind: str) -> None:
    if kind == "STOP":
        consent.stop(m.s, m.handset, "sms", "carrier")
    elif kind == "START":
        consent.resume(m.s, m.handset, "sms", "carrier")


# ---- who -----------------------------------------------------------------------------------


def _who_was_asked(m: Message, asked: Asked | None) -> dict[str, Any] | None:
    """A bare name after “whose answer is this?” completes the answer that waited."""
    if asked is None or asked.kind != "who":
        return None
    found = m.called(re.sub("^[我俺](?:是|叫)?", "", text.normalize(m.words).strip("，。 .！!")))
    if found is None:
        return None
    data = dict(asked.data or {})
    return {"intent": data.pop("intent"), "fields": {**data, "person": found.name}}


def _who_again(m: Message, asked: Asked) -> str:
    c = m.s.get(Consultation, asked.consultation_id) if asked.consultation_id else None
    intent = (asked.data or {}).get("intent")
    if intent == "object" and c is not None:
        return m.say("whose_objection", names=m.names(), number=c.number)
    if intent == "rsvp":
        return attending.whose(m, c)
    if intent == "rate" and c is not None:
        return m.say("whose_mark", names=m.names(), number=c.number)
    return m.say("who_withdraws", names=m.names()) if intent != "vote" else _clarify_person(m, c)


def _voters(m: Message, c: Matter) -> list[Resident]:
    if len(m.residents) == 1:
        return m.residents  # nobody to choose from: ballots.cast says whether they may
    # who stays out still has to be told apart from the other one: their key must not become the other's vote
    return [p for p in m.residents if matters.may_answer(m.s, c, p) or segments.stays_out(m.s, c.id, p.id)]


# ---- choices ---------------------------------------------------------------------------------


def _vote(m: Message, f: Fields) -> str:
    reply, _ = _cast(m, f)
    return reply


def _cast(m: Message, f: Fields) -> tuple[str, str]:
    """The reply, and the short form for a list of several votes (empty when it wasn't counted)."""
    c = m.glimpsed(f.get("consultation"))
    if c is None:
        return m.say("no_such", number=f.get("consultation", "")), ""
    people = m.people()
    if not people:
        return m.say("register_first"), ""
    option, voters = str(f.get("option", "")), _voters(m, c)
    if f.get("person"):
        chosen = m.named(str(f["person"]))
        if chosen is None:
            return m.say("other_person"), ""
        voters = [chosen]
    if len(voters) > 1 and c.state in GATHERING:
        ask(m, "who", c, intent="vote", consultation=c.number, option=option)
        return _clarify_person(m, c), ""
    who = voters[0] if voters else people[0]
    if aside.has_code(m, who.id):
        return m.say("code_needed", number=c.number), ""
    try:
        ballot = ballots.cast(m.s, c, who, option, "sms")
    except Refused as no:
        if no.code == "option":
            return _clarify_option(m, c), ""
        if no.code == "stranger" and attending.outside(m, c) == "for_some":
            return m.say("for_some", number=c.number), ""
        if no.code == "stranger":
            kept = keep(m, c, "opinion", who)
            return m.say("vote_opinion", number=c.number, receipt=kept), ""
        if no.code == "closed":
            ask(
                m, "words", c, kind="opinion"
            )  # “has more to say” is about this matter, whatever else is open
        if c.state == "WITHDRAWN":
            return publicity.withdrawn(m, c), ""
        if no.code == "recused":
            ask(m, "words", c, kind="opinion")
            return m.say("recused", number=c.number, who=who.name), ""
        return m.say(no.code, number=c.number), ""
    label = c.options[option]
    if c.sensitive:
        return m.say("vote_sensitive", number=c.number, receipt=ballot.receipt), ""
    if f.get("comment"):
        keep(m, c, "opinion", who)
    short = reply_text(
        "votes_item", language=m.language, number=c.number, option=label, receipt=ballot.receipt
    )
    name = who.name if len(people) > 1 else m.phrase("you")
    facts = {"number": c.number, "who": name, "option": label, "receipt": ballot.receipt}
    if ballot.delegate:
        return m.say("vote_delegate", **facts, delegate=ballot.delegate), short
    return m.say("vote", **facts), short


# ---- words -----------------------------------------------------------------------------------

_BARE = ("意见", "我有意见", "提意见", "提个意见", "我要提意见", "建议")


def _opinion(m: Message, f: Fields) -> str:
    c = m.found(f.get("consultation"))
    bare = text.normalize(m.read).strip("，。！!.? ？").lstrip("0123456789号 ")
    if bare in _BARE:
        ask(m, "words", c, kind="opinion")
        return m.say("ask_words", number=c.number) if c else m.say("ask_any_words")
    return _kept(m, c, keep(m, c, "opinion", m.named(f.get("person")), anonymous=bool(f.get("anonymous"))))


def _kept(m: Message, c: Consultation | None, receipt: str) -> str:
    """What was said is kept; on an open matter also that words alone are no answer, and how to give one."""
    if c is None:
        return m.say("opinion_general", receipt=receipt)
    facts = {"number": c.number, "receipt": receipt}
    if c.number in m.context.get("own_objection", ()):
        return m.say("opinion_objecting", **facts)
    if c.number in m.context.get("closed", ()):
        return m.say("opinion_closed", **facts)
    may = [p for p in m.people() if c.state in GATHERING and matters.may_answer(m.s, c, p)]
    if not may:
        return m.say("opinion", **facts)
    if any(ballots.of(m.s, c, p) for p in may):
        return m.say("opinion_beside", **facts)
    return m.say("opinion_no_vote", **facts, options=_options(m, c))


def _propose(m: Message, f: Fields) -> str:
    return m.say("proposal", receipt=keep(m, None, "proposal"))


def _more_words(m: Message, asked: Asked) -> str:
    c = m.s.get(Consultation, asked.consultation_id) if asked.consultation_id else None
    data = dict(asked.data or {})
    if asked.kind == "reason":
        made = m.s.get(Objection, int(data.get("objection", 0)))
        if made is not None and made.state == "open":
            made.words = f"{made.words}\n{m.words}".strip()
            return m.say("objection_more", receipt=made.receipt, days=c.rules.explain_days if c else 0)
    receipt = keep(m, c, str(data.get("kind", "opinion")))
    return _kept(m, c, receipt)


# ---- not clear -----------------------------------------------------------------------------------


def _clarify(m: Message, f: Fields) -> str:
    reason = str(f.get("reason") or "")
    if f.get("meant") == "withdraw_objection":
        return publicity.withdraw(m, {})  # asks which of their objections, and who
    pending = m.context.get("pending") or {}
    if pending.get("kind") == "rsvp" and reason in ("unsure", "out_of_range"):
        return attending.unsure(m, pending)
    c = m.glimpsed(f.get("consultation") or pending.get("consultation"))
    if reason == "no_pending" and m.context.get("ended"):
        c, reason = m.glimpsed(m.context["ended"]), "closed"
    if c is not None and c.state == "WITHDRAWN":
        return publicity.withdrawn(m, c)
    if reason == "closed" and c:
        return m.say("closed", number=c.number)
    if pending.get("kind") == "rating" and c is not None and c.number == pending.get("consultation"):
        return m.say("rating_how", number=c.number)
    if not m.people():
        return m.say("stranger")
    if reason == "which_person" and len(m.people()) == 1:
        return m.say("other_person")  # nobody else is on this handset
    if reason == "which_person":
        if f.get("option"):
            ask(m, "who", c, intent="vote", consultation=c.number if c else None, option=str(f["option"]))
        return _clarify_person(m, c)
    if reason == "which_consultation" and f.get("consultation"):
        name = "no_such" if c is None else attending.outside(m, c) or "not_yours"
        return m.say(name, number=f["consultation"])
    if reason == "which_consultation":
        numbers = list(m.context.get("open_votes") or m.context.get("in_publicity") or ())
        if (asking := which.ask_which(m, numbers)) is not None:
            return asking
        own = (
            f"{m.residents[0].name} " if len(m.residents) > 1 else ""
        )  # on a shared handset both must be told
        return m.say("clarify_which", number=f"{own}{numbers[0]}") if numbers else m.say("list_none")
    if reason in _NOT_COUNTED and c is not None and c.state in GATHERING:
        return m.say("not_counted", number=c.number, options=_options(m, c))
    if c is not None and c.state in GATHERING:
        return _clarify_option(m, c)
    if c is not None and c.state in context_of.PUBLIC:
        return m.say("clarify_publicity", number=c.number)
    return m.say("unknown")


# plain enough to look like an answer to whoever sent it: they must hear that it is none
_NOT_COUNTED = ("two_options", "conflict", "out_of_range")


def _options(m: Message, c: Consultation | Matter) -> str:
    each = (m.phrase("option", label=label, key=key) for key, label in c.options.items())
    return m.phrase("options_between").join(each)


def _clarify_option(m: Message, c: Consultation | Matter) -> str:
    seen = lexicon.ACKNOWLEDGE.fullmatch(text.normalize(m.read).strip("。，,.!！~～ "))
    full = m.found(c.number) if seen else None
    if full is not None and m.residents and all(ballots.of(m.s, full, p) for p in m.residents):
        return m.say("thanks")  # everybody here has answered: nobody is urged again
    return m.say("ask_option" if seen else "clarify_option", number=c.number, options=_options(m, c))


def _clarify_person(m: Message, c: Consultation | Matter | None = None) -> str:
    one = m.residents[0].name
    if len(m.context.get("open_votes") or ()) > 1:  # a name alone would be asked “which matter?” next
        one += f" {c.number if c else m.context['open_votes'][0]} "
    return m.say("clarify_person", names=m.names(), name_1=one)


def _multi(m: Message, f: Fields) -> str | None:
    replies, shorts = [], []
    for one in f.get("actions", []):
        fields = dict(one.get("fields") or {})
        if one.get("intent") == "vote":
            reply, short = _cast(m, fields)
            if short:
                shorts.append(short)
                continue
        else:
            reply = DO.get(str(one.get("intent")), _unknown)(m, fields) or ""
        if reply and reply not in replies:
            replies.append(reply)
    if len(shorts) == 1 and not replies:
        return m.say("votes", list=shorts[0])
    if shorts:
        replies.insert(0, m.say("votes", list=m.phrase("and").join(shorts)))
    if not replies:
        return _unknown(m, f)
    return m.phrase("sentences_between").join([replies[0], *map(text.without_signature, replies[1:])])


def _unknown(m: Message, f: Fields) -> str:
    return m.say("unknown") if m.people() else m.say("stranger")


DO: dict[str, Callable[[Message, Fields], str | None]] = {
    "vote": _vote,
    "opinion": _opinion,
    "object": publicity.object_,
    "withdraw_objection": publicity.withdraw,
    "no_objection": publicity.nothing_against,
    "rate": marks.rate,
    "rsvp": attending.rsvp,
    "propose": _propose,
    "register": aside.register,
    "confirm": lambda m, f: m.say("thanks"),
    "deny": lambda m, f: m.say("help"),
    "query": query,
    "callback": aside.callback,
    "help": lambda m, f: m.say("help") if m.people() else m.say("stranger"),
    "opt_out": aside.opt_out,
    "opt_in": aside.opt_in,
    "data_request": aside.data,
    "set_language": aside.set_language,
    "authenticity": lambda m, f: m.say("authentic"),
    "emergency": aside.emergency,
    "multi": _multi,
    "clarify": _clarify,
    "ignore": lambda m, f: None,
}
