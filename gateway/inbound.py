"""One message or key press → one turn. Stored before it is acknowledged, and safe to repeat (design §4.1)."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

import structlog
from sqlalchemy import Select, select
from sqlalchemy.orm import Session

from gateway import actions, callouts, clock, conversations, heard, invitations, phones, prompts, standing_in
from gateway.actions import ACTIONS
from gateway.consultation import meetings
from gateway.db import vault
from gateway.ivr import render
from gateway.ivr.engine import advance, begin
from gateway.ivr.fresh import Fresh
from gateway.ivr.load import load_all
from gateway.ivr.script import Line, Outcome, Place, Script, Turn
from gateway.models import answer
from gateway.models.consultation import ANSWERS, ASKS
from gateway.models.conversation import Conversation, InboundEvent
from gateway.models.outreach import Broadcast, Delivery
from gateway.models.person import Handset
from gateway.outreach import broadcasts, settling
from gateway.people import alarms, residents
from gateway.prepared import Prepared, Sql, given
from gateway.replies import reply_text
from gateway.runtime import Runtime
from gateway.settings import SCRIPTS
from gateway.text import whole
from gateway.texting import context, intents
from gateway.turns import FACTS, FILLED

log = structlog.get_logger()
HOTLINE = "hotline"
_MOST_STEPS = 25  # actions in one turn; more is a loop in a script
Form = Mapping[str, str]


# all scripts, by name; raises ScriptFaults the first time
scripts: Fresh[dict[str, Script]] = Fresh(SCRIPTS, lambda: load_all(SCRIPTS, ACTIONS, FACTS, FILLED))


def _stored_for(sql: Sql) -> Select[Any]:
    stored = select(InboundEvent.answer).where(
        InboundEvent.carrier_id == given("carrier_id"), InboundEvent.step == given("step")
    )
    return select(Handset.id, stored.scalar_subquery().label("answer")).where(
        Handset.number_index == given("index")
    )


class _Known(NamedTuple):
    """A handset and, if this event was here before, the answer it got; of a message also what surrounds it."""

    id: int
    answer: str | None
    sender: list[context.Row] | None = None


_KNOWN: Prepared[Any] = Prepared(_stored_for)
Handle = Callable[[Session, _Known], tuple[str, str | None]]  # answer and intent


def _caller(s: Session, index: str, carrier_id: str, step: str) -> _Known | None:
    found = _KNOWN.first(s, index=index, carrier_id=carrier_id, step=step)
    return _Known(*found) if found else None


def _sender(s: Session, index: str, carrier_id: str, step: str) -> _Known | None:
    rows = context.look(s, index, carrier_id)
    return _Known(rows[0].handset_id, rows[0].answer, rows) if rows else None


_STORE: Prepared[Any] = Prepared(
    lambda sql: sql.insert(InboundEvent).on_conflict_do_nothing().returning(InboundEvent.id)
)


def sms(rt: Runtime, form: Form, *, late: bool = False) -> str:
    """Take in one SMS; returns TwiML. A repeat of the same MessageSid gets the stored answer and changes nothing.

    ``late``: it was found on the carrier's list, and its webhook, should it still come, gets an empty answer.
    """
    carrier_id = form.get("MessageSid") or form.get("SmsSid") or form.get("SmsMessageSid") or ""

    def handle(s: Session, known: _Known) -> tuple[str, str | None]:
        assert known.sender is not None
        handset_id = known.id
        if len(rt.settings.pool) > 1 and form.get("To") in rt.settings.pool:
            s.get_one(Handset, handset_id).sender = form[
                "To"
            ]  # broadcasts will come from the number they know
        text, intent = intents.answer(s, rt.settings, known.sender, form)
        if not _phone(form.get("From", "")).e164.startswith("+"):
            text = None  # a name, a service's short code, nobody at all: two machines would answer each other
        if late:  # nobody waits for this document: the answer leaves through the outbox
            if text:
                broadcasts.say(s, s.get_one(Handset, handset_id), sms=text, channel="sms")
            text = None
        return render.message_document(text), intent

    def sorry(s: Session, known: _Known) -> str:
        return render.message_document(reply_text("trouble", language=context.language(known.sender or [])))

    return _once(rt, carrier_id, "sms", form, handle, sorry, _sender)


def voice(rt: Runtime, form: Form, query: Mapping[str, str]) -> str:
    """Take in one request of a call: its beginning, a key press, a recording, or a silence."""
    if "w" in query:
        return _whisper(rt, query)
    turn = whole(query.get("t"), 9)
    step = f"turn-{turn}" if "c" in query and turn is not None else "start"

    def handle(s: Session, known: _Known) -> tuple[str, str | None]:
        if step == "start" and _only_rings(rt, form):
            callouts.ring_back(s, rt.settings, s.get_one(Handset, known.id))
            return render.reject_document(), "ring_back"
        return _one_turn(rt, s, known.id, form, query), None

    def sorry(s: Session, known: _Known) -> str:
        script, tongue = scripts()[HOTLINE], s.get_one(Handset, known.id).language
        tongue = tongue if tongue in script.offered else rt.settings.default_language
        return render.say_document(script.phrase(tongue, "sorry"), recorded=rt.prompts.recorded(tongue))

    return _once(rt, form.get("CallSid", ""), step, form, handle, sorry, _caller)


def _only_rings(rt: Runtime, form: Form) -> bool:
    """A number that is never answered: whoever rings it is rung back, and pays nothing."""
    inbound = not form.get("Direction", "inbound").startswith("outbound")
    return inbound and _phone(form.get("To", "")).e164 in rt.settings.ring_back_numbers


def _whisper(rt: Runtime, query: Form) -> str:
    """What the duty phone hears before the caller is put through: who rings, so that nobody answers as a stranger."""
    id = whole(query.get("c"))
    with rt.db.read() as s:
        c = s.get(Conversation, id) if id else None
        facts = dict(c.facts) if c else {}
    script, tongue = scripts()[HOTLINE], scripts()[HOTLINE].default_language
    who = facts.get("person") or script.phrase(tongue, "somebody")
    words = script.phrase(tongue, "whisper", village=facts.get("village", ""), who=who)
    return render.say_document(words, hangup=False, recorded=rt.prompts.recorded(tongue))


class _Repeated(Exception):
    """The same event was stored by another request while this one was being processed."""


def _once(
    rt: Runtime,
    carrier_id: str,
    step: str,
    form: Form,
    handle: Handle,
    sorry: Callable[[Session, _Known], str],
    look: Callable[[Session, str, str, str], _Known | None],
) -> str:
    """Process an event and store it with its answer, in one transaction, or find the answer it got before.

    Two at once: whoever stores it second takes everything back and gives the first one's answer.
    """
    outbound = form.get("Direction", "inbound").startswith("outbound")
    phone = _phone(form.get("To" if outbound else "From", ""))
    event = {"carrier_id": carrier_id, "step": step, "payload": dict(form), "created_at": clock.now()}

    def known(s: Session) -> _Known:
        index = vault().index(phone.e164)
        found = look(s, index, carrier_id, step)
        if found is None:
            residents.handset_for(s, phone)  # a number we never heard from
            found = look(s, index, carrier_id, step)
            assert found is not None
        return found

    try:
        with rt.db.write() as s:
            who = known(s)
            if who.answer is not None:
                return who.answer or sorry(s, who)
            answer, intent = handle(s, who)
            if not _STORE.all(s, **event, handset_id=who.id, answer=answer, intent=intent, error=None):
                raise _Repeated
            return answer
    except Exception as error:  # whatever went wrong, what the resident said is kept and somebody rings back
        failure = error
    with rt.db.write() as s:
        who = known(s)
        if who.answer is not None:
            return who.answer or sorry(s, who)
        log.error("an inbound event could not be processed", exc_info=failure)
        why = f"{type(failure).__name__}: {failure}"[:500]
        said = sorry(s, who)
        if not _STORE.all(s, **event, handset_id=who.id, answer=said, intent=None, error=why):
            raise failure  # its twin is being stored this moment: the carrier asks again
        handset = s.get_one(Handset, who.id)
        channel = "sms" if step == "sms" else "voice"
        kept = actions.call_back(s, handset, None, form.get("Body", ""), channel)
        alarms.ring(s, "inbound", "有来电或短信没有处理成，已记在“收件”里，请回电", kept)
    return said


def _phone(number: str) -> phones.Phone:
    if phones.is_hidden(number):
        return phones.Phone(phones.HIDDEN, phones.UNKNOWN)  # one row for all of them, and nobody's
    try:
        return phones.normalize(number)
    except phones.BadPhone:
        return phones.Phone(number[:20], phones.UNKNOWN)


# ---- one turn of a call ----------------------------------------------------------------------------------


def _one_turn(rt: Runtime, s: Session, handset_id: int, form: Form, query: Mapping[str, str]) -> str:
    call, conversation = form["CallSid"], None
    if known := whole(query.get("c")):
        conversation = s.get(Conversation, known)
        if conversation is not None and conversation.carrier_id != call:
            conversation = None  # another call's address: this call starts at the beginning
    if conversation is None:
        conversation = s.scalar(select(Conversation).where(Conversation.carrier_id == call))
    script = _spoken(s, conversation.script if conversation else HOTLINE)
    delivery = _delivery(s, conversation, query)
    act = actions.Turn(
        s=s,
        settings=rt.settings,
        script=script,
        handset_id=handset_id,
        facts=dict(conversation.facts) if conversation else {},
        delivery=delivery,
    )
    if conversation is None:
        theirs = delivery is None or delivery.script == callouts.RING_BACK
        placed = delivery
        before = conversations.broken_off(s, script, handset_id, len(act.people())) if theirs else None
        if theirs and before is None and (news := conversations.missed(s, handset_id)):
            delivery = act.delivery = news
        if before is not None:
            act.facts, before.over = dict(before.facts), True
            delivery = act.delivery = s.get(Delivery, before.delivery_id) if before.delivery_id else None
            act.facts |= conversations.taken_up(act, before)
            turn = begin(script, "again", act.facts)
        else:
            act.facts |= _first_facts(s, act)
            turn = begin(script, _entry(s, delivery, form), act.facts)
        conversation = Conversation(
            handset_id=handset_id,
            channel="voice",
            carrier_id=call,
            script=script.name,
            digest=script.digest,
            language=act.language,
            place=turn.place.to_json(),
            facts=dict(act.facts),  # a copy: SQLAlchemy sees a change only in a new object
            delivery_id=delivery.id if delivery else None,
            expires_at=clock.now() + timedelta(seconds=script.expires["voice"]),
        )
        s.add(conversation)
        s.flush()
        if placed and before is None:
            placed.heard = "machine" if _machine(form) else placed.heard or "answered"
            attempt = whole(query.get("n"), 9)
            seen = settling.Report("voice", call, "in-progress", None, placed.id, attempt)
            settling.reported(s, rt.settings.zone, [seen])
    else:
        if delivery and delivery.heard in ("answered", "machine") and conversation.place["step"] not in _WHO:
            delivery.heard = "to_end"  # a wait comes only after the words before it
        act.heard = heard.heard(s, act, form, query, call)
        place = Place.from_json(conversation.place)
        turn = advance(script, place, act.heard, act.facts, act.language)
    turn, lines = _follow(script, act, turn)
    script = act.script
    conversation.turn, conversation.language = conversation.turn + 1, act.language
    conversation.script, conversation.digest = script.name, script.digest
    conversation.place, conversation.facts = turn.place.to_json(), dict(act.facts)
    conversation.over = turn.over
    base = rt.settings.base_url
    return render.voice(
        script,
        conversation.language,
        turn,
        act.facts,
        lines=lines,
        action_url=f"{base}/twilio/voice?c={conversation.id}&t={conversation.turn}",
        recording_url=f"{base}/twilio/recording",
        whisper_url=f"{base}/twilio/voice?w=1&c={conversation.id}",
        speech=act.facts.get("speech", ""),
        recorded=rt.prompts.recorded(conversation.language, act.facts.get("speech", "")),
        find=prompts.finder(s, base, act.language, _matter_id(s, act), act.facts.get("speech", "")),
    )


def _spoken(s: Session, name: str) -> Script:
    """A script with the languages that were recorded for it; the hotline where there is none of that name."""
    return prompts.with_recorded(s, scripts().get(name) or scripts()[HOTLINE])


def _matter_id(s: Session, act: actions.Turn) -> int | None:
    """The matter a turn is about, whose recordings are played: also where a call of ours only tells of it."""
    id = whole(act.facts.get("matter_id"))
    if id or act.delivery is None:
        return id
    b = s.get(Broadcast, act.delivery.broadcast_id) if act.delivery.broadcast_id else None
    return b.consultation_id if b else act.delivery.about_id


def _follow(script: Script, act: actions.Turn, turn: Turn) -> tuple[Turn, list[Line]]:
    """Run actions until somebody has to say something, or all is over; perhaps in another script by then."""
    lines = list(turn.lines)
    act.facts |= turn.learned
    for _ in range(_MOST_STEPS):
        if turn.action is None:
            return turn, lines
        outcome, learned = ACTIONS[turn.action.name](act)
        act.facts |= learned
        if act.goto:  # lines are a script's own
            (name, step), act.goto, lines = act.goto, None, []
            script = act.script = _spoken(act.s, name)
            turn = begin(script, step, act.facts)
        else:
            turn = advance(script, turn.place, Outcome(outcome), act.facts, act.language)
        act.facts |= turn.learned
        lines += turn.lines
    raise RuntimeError(f"script {script.name} goes round at {turn.place.step}")


def _delivery(s: Session, conversation: Conversation | None, query: Mapping[str, str]) -> Delivery | None:
    id = (conversation.delivery_id if conversation else None) or whole(query.get("d"))
    return s.get(Delivery, id) if id else None


_WHO = ("who_answers", "who_hears", "who_objected", "again")  # asked before anything of the matter is said


# calls of ours that begin at a place of their own
_OWN_ENTRY = ("explanation", callouts.RING_BACK, invitations.SCRIPT, invitations.ROOM, standing_in.SCRIPT)


def _machine(form: Form) -> bool:
    return form.get("AnsweredBy", "").startswith(("machine", "fax"))


def _entry(s: Session, delivery: Delivery | None, form: Form) -> str | None:
    """Where a call begins: ours by what it is about (short on an answering machine), theirs at the greeting."""
    if delivery is None:
        return None
    if _machine(form):
        return "call_machine"
    if delivery.script in _OWN_ENTRY:
        return f"call_{delivery.script}"
    b = s.get(Broadcast, delivery.broadcast_id) if delivery.broadcast_id else None
    if b is None or b.consultation_id is None:
        return "call_message"
    if b.stage.startswith(meetings.STAGE):
        return "call_invitation"
    if b.stage and b.stage not in (*ASKS, *ANSWERS):
        return "call_message"
    return "call_notice" if b.stage in ASKS else "call_result"


def _first_facts(s: Session, act: actions.Turn) -> dict[str, str]:
    area = actions.area_of(s, act.people())
    # until we know who listens, as whoever hears worst on this handset wants it
    speech = " ".join(sorted({word for p in act.people() for word in p.speech.split()}))
    return {"village": area.name, "hail": "", "language": _tongue(act), "speech": speech}


def _tongue(act: actions.Turn) -> str:
    """The language a call begins in: the one chosen on this handset, else the one all its people speak."""
    tongue = residents.spoken(act.handset.language, (p.language for p in act.people()))
    return tongue if tongue in act.script.offered else act.settings.default_language


def recording_reported(rt: Runtime, form: Form) -> None:
    """The carrier says that a recording is ready, or that there is none."""
    id, status = form.get("RecordingSid", ""), form.get("RecordingStatus", "")
    if not id:
        return
    with rt.db.write() as s:
        if status != "completed" or not form.get("RecordingUrl") or form.get("RecordingDuration") == "0":
            # nobody said anything: there is nothing to fetch
            known = s.scalar(select(answer.Recording.id).where(answer.Recording.carrier_id == id))
            if known is None:
                return
        kept = heard.recording(s, id)
        if kept.handset_id is None:  # the call's own request may never come: see keeping.find_owners
            kept.handset_id = s.scalar(
                select(Conversation.handset_id).where(
                    Conversation.carrier_id == form.get("CallSid", ""), Conversation.script == HOTLINE
                )
            )
        if kept.state == "pending":
            kept.url = form.get("RecordingUrl") or kept.url
            kept.state = "lost" if status == "absent" else "pending"
