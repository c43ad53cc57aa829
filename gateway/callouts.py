"""Actions of calls that we place: who listens, what it is about, and what an answering machine is told."""

from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway import clock, text
from gateway.consultation import matters
from gateway.models.consultation import GATHERING, Consultation
from gateway.models.outreach import FINAL, Broadcast, Delivery
from gateway.models.person import Handset, Person
from gateway.outreach import broadcasts
from gateway.settings import Settings
from gateway.turns import (
    Result,
    Turn,
    about,
    action,
    known_as,
    names,
    picked,
    spoken_explanation,
    spoken_notice,
)

RING_BACK = "ring_back"
_RINGS_A_DAY = 10  # of one handset: more is a game, or somebody who makes us pay


def ring_back(s: Session, settings: Settings, handset: Handset) -> bool:
    """Ring a handset that rang us (or asked for it by SMS), at once and at our cost; False where that isn't done: one
    ring-back is open already, the number is hidden or foreign, or it was rung often enough today."""
    s.execute(
        select(Handset.id).where(Handset.id == handset.id).with_for_update()
    )  # of two missed calls one is first
    own = settings.hotline[:3] if settings.hotline.startswith("+") else ""
    if not handset.number.startswith(own or "+"):
        return False
    mine = select(Delivery.id).where(Delivery.subject == f"{RING_BACK}:{handset.id}")
    if s.scalar(mine.where(Delivery.state.not_in(FINAL)).limit(1)):
        return False
    today = mine.where(Delivery.due_at > clock.now() - timedelta(days=1))
    if (s.scalar(select(func.count()).select_from(today.subquery())) or 0) >= _RINGS_A_DAY:
        return False
    call = broadcasts.say(
        s, handset, sms="", channel="voice", script=RING_BACK, subject=f"{RING_BACK}:{handset.id}"
    )
    call.lane = "replies"  # they wait beside the telephone: no hours of ours, and ahead of every broadcast
    return True


def _broadcast(turn: Turn) -> Broadcast | None:
    id = turn.delivery.broadcast_id if turn.delivery else None
    return turn.s.get(Broadcast, id) if id else None


def _what_it_is_about(turn: Turn) -> Consultation | None:
    b = _broadcast(turn)
    id = b.consultation_id if b else turn.delivery.about_id if turn.delivery else None
    return turn.s.get(Consultation, id) if id else None


def _who_listens(turn: Turn, c: Consultation) -> Result:
    people = [p for p in turn.people() if matters.concerns(turn.s, c, p)]
    facts = about(turn, c)
    if len(people) == 1:
        return "one", {**facts, **known_as(turn, people[0])}
    if people:
        return "several", {**facts, **names(turn, people)}
    return "told", {"message": facts["notice" if c.state in ("NOTICED", *GATHERING) else "result"]}


@action
def start_notice(turn: Turn) -> Result:
    c = _what_it_is_about(turn)
    if c is None:
        return start_message(turn)
    if c.state == "NOTICED":
        return "told", {"message": spoken_notice(turn, c)}
    if not c.open_for_answers:
        return "closed", about(turn, c)
    return _who_listens(turn, c)


@action
def start_result(turn: Turn) -> Result:
    c = _what_it_is_about(turn)
    return _who_listens(turn, c) if c else start_message(turn)


@action
def pick_answerer(turn: Turn) -> Result:
    step = turn.facts.get("last_choice", "who_answers")
    return picked(turn, step, lambda person: ("ok", known_as(turn, person) if person else {}))


@action
def start_explanation(turn: Turn) -> Result:
    """Who objected hears the answer; where several share the handset, we ask first who picked up."""
    c = _what_it_is_about(turn)
    people = turn.people()
    if c is None or not people:
        return start_message(turn)
    if len(people) > 1:
        _note(turn, "asked")  # until the objector is there: see aftermath.unheard
        return "several", {**about(turn, c), **names(turn, people)}
    return _explained(turn, people[0]) or start_message(turn)


def _note(turn: Turn, heard: str) -> None:
    if turn.delivery is not None:
        turn.delivery.heard = heard


def _explained(turn: Turn, person: Person) -> Result | None:
    c = _what_it_is_about(turn)
    words = spoken_explanation(turn, c, person) if c else ""
    return (
        ("one", {**about(turn, c), **known_as(turn, person), "explanation": words}) if c and words else None
    )


@action
def pick_objector(turn: Turn) -> Result:
    def then(person: Person | None) -> Result:
        found = _explained(turn, person) if person else None
        if found:
            _note(turn, "answered")
        return ("ok", found[1]) if found else ("other", {})

    return picked(turn, "who_objected", then)


@action
def start_message(turn: Turn) -> Result:
    b = _broadcast(turn)
    words = (b.voice if b else turn.delivery.body if turn.delivery else "") or ""
    return "told", {"message": matters.spoken_words(text.without_signature(words))}


@action
def start_machine(turn: Turn) -> Result:
    """What an answering machine is told: the matter's name, nothing that is only for one pair of ears."""
    c = _what_it_is_about(turn)
    if c is None or (turn.delivery and turn.delivery.script in ("explanation", "proxy", "invitation")):
        return "told", {"short": turn.phrase("machine_word")}
    news = "machine_withdrawn" if c.state == "WITHDRAWN" else "machine_result"
    news = "machine_question" if c.state in ("NOTICED", *GATHERING) else news
    return "told", {"short": turn.phrase(news, matter=turn.matter_called(c), title=c.title)}
