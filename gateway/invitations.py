"""Meetings by telephone: inviting to them, answering by key, listening to a hearing, and what experts said."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import text
from gateway.consultation import assessments, matters, meetings
from gateway.consultation.refusal import Refused
from gateway.models.area import Area
from gateway.models.consultation import GATHERING, IN_FORCE, Consultation
from gateway.models.outreach import Broadcast, Delivery
from gateway.models.participation import Invitation, Meeting, Participant
from gateway.models.person import Handset, Person
from gateway.outreach import broadcasts, singles
from gateway.turns import MORE, Result, Turn, action, chosen, further, known_as, names, offer, picked

SCRIPT = "invitation"  # of a call that asks whether somebody comes
ROOM = "room"  # of a call to the telephone in the meeting room
_KNOWN = ("NOTICED", *GATHERING, "DRAFTED", "NO_CONSENSUS", "PUBLICITY", "OBJECTED", "EXPLAINED", *IN_FORCE)
_CHOICES = {"1": "comes", "2": "stays", "3": "speaks"}


# ---- telling ------------------------------------------------------------------------------------


def send(
    s: Session, m: Meeting, c: Consultation, asked: Iterable[tuple[Invitation, Participant]]
) -> list[str]:
    """Tell these participants of a meeting, each as they can be told; returns the names of those nobody can ring or
    text: somebody has to knock at their door."""
    area = s.get_one(Area, c.area_id)
    sms, voice = meetings.invitation_sms(m, c, area), meetings.invitation_voice(m, c, area)
    return _tell(s, m, c, asked, sms, voice, SCRIPT)


def call_off(
    s: Session, m: Meeting, c: Consultation, told: Iterable[tuple[Invitation, Participant]]
) -> list[str]:
    """Tell them that it is not held; returns the names of those who must be told at their door."""
    area = s.get_one(Area, c.area_id)
    return _tell(
        s, m, c, told, meetings.cancelled_sms(m, c, area), meetings.cancelled_voice(m, c, area), "message"
    )


def _tell(
    s: Session, m: Meeting, c: Consultation, whom: Iterable[tuple[Invitation, Participant]], sms: str, voice: str,
    script: str,
) -> list[str]:  # fmt: skip
    doors = []
    for _i, p in whom:
        person = s.get(Person, p.person_id) if p.person_id else None
        way = singles.way_to(s, person, p.handset_id)
        if way is None:
            doors.append(person.name if person else p.name)
            continue
        subject = f"{meetings.STAGE}{m.id}" if script == SCRIPT else f"meeting-off:{m.id}"
        made = broadcasts.say(
            s, way[0], sms=sms, voice=voice, channel=way[1], script=script, about_id=c.id, subject=subject
        )
        made.lane = (
            "calls" if way[1] == "voice" else "bulk"
        )  # nobody waits beside the telephone: hours are kept
    s.flush()
    return doors


def was_told(s: Session, m: Meeting, phone: Handset) -> bool:
    """Whether this handset got the invitation already."""
    subject = f"{meetings.STAGE}{m.id}"
    found = select(Delivery.id).where(Delivery.handset_id == phone.id, Delivery.subject == subject)
    return s.scalar(found.limit(1)) is not None


def ring_room(s: Session, m: Meeting, phone: Handset) -> Delivery:
    """Ring the telephone in the meeting room: who listens hears what it hears."""
    m.hall_id = phone.id
    made = broadcasts.say(
        s,
        phone,
        sms="",
        voice="会场",
        channel="voice",
        script=ROOM,
        about_id=m.consultation_id,
        subject=f"room:{m.id}",
    )
    made.lane = "replies"  # the people in the room wait for it
    return made


# ---- what a caller is told of -------------------------------------------------------------------


def _coming(turn: Turn) -> list[tuple[Meeting, Consultation]]:
    people = [turn.person] if turn.person else turn.people()
    return meetings.coming_for(turn.s, people, turn.handset_id)


def _meeting(turn: Turn) -> Meeting | None:
    id = turn.facts.get("meeting_id")
    return turn.s.get(Meeting, int(id)) if id else None


def _told(turn: Turn, m: Meeting, c: Consultation) -> dict[str, str]:
    """A meeting as the script speaks of it. Not as the call's matter: a call that breaks off here isn't taken up where it
    was, whoever rings again is offered the meeting anew."""
    facts = {
        "matter": turn.matter_called(c), "form": form_called(m, turn), "title": c.title, "place": m.place,
        "when": meetings.spoken_when(m, turn.language),
    }  # fmt: skip
    return {
        "meeting_id": str(m.id),
        "meeting": turn.phrase("meeting", **facts),
        "speak": turn.phrase("speak") if m.kind.hearing else "",
    }


def form_called(m: Meeting, turn: Turn) -> str:
    """“听证会”; in other languages only that it is a meeting."""
    return m.kind.name if turn.language.startswith("zh") else turn.phrase("a_meeting")


@action
def find_news(turn: Turn) -> Result:
    """Before the menu: a hearing that runs and may be listened to, or an invitation that was not answered yet."""
    coming = _coming(turn)
    for m, c in coming:
        if m.audible:
            return "running", {**_told(turn, m, c), "room": m.room, "room_role": "listener"}
    for m, c in coming:
        mine = meetings.own(turn.s, m, turn.person, turn.handset_id)
        open_ = m.state == "planned" and (mine is None or not mine.answer)
        if open_ and (m.everybody or m.kind.hearing or (mine is not None and mine.asked)):
            return "invited", _told(turn, m, c)
    return "none", {}


@action
def may_listen(turn: Turn) -> Result:
    """Asked again when they press: it may be over, or be about somebody else's matter by now."""
    m = _meeting(turn)
    c = turn.s.get(Consultation, m.consultation_id) if m else None
    if m is None or c is None or not m.audible:
        return "over", {"room": ""}
    people = [turn.person] if turn.person else turn.people()
    ok = any(meetings.may_come(turn.s, m, c, p) for p in people)
    ok = ok or meetings.own(turn.s, m, None, turn.handset_id) is not None
    return ("ok", {"room": m.room, "room_role": "listener"}) if ok else ("over", {"room": ""})


@action
def find_told(turn: Turn) -> Result:
    """What there is to hear beside results; without any, straight to these."""
    people = [turn.person] if turn.person else turn.people()
    coming = bool(_coming(turn))
    assessed = bool(assessments.concerning(turn.s, people, _KNOWN))
    facts = {
        "meetings": turn.phrase("meetings") if coming else "",
        "assessed": turn.phrase("assessed") if assessed else "",
    }
    return ("ask" if coming or assessed else "results"), facts


@action
def find_meetings(turn: Turn) -> Result:
    coming = _coming(turn)
    if len(coming) == 1:
        return "one", _told(turn, *coming[0])
    if not coming:
        return "none", {}
    rows = [(_told(turn, m, c)["meeting"].rstrip("。."), str(m.id)) for m, c in coming]
    return "several", offer("matter", rows, turn.phrase("more_matters"))


@action
def take_meeting(turn: Turn) -> Result:
    id = chosen(turn.facts, "matter", "which_meeting")
    if id == MORE:
        return further(turn, "matter")
    m = turn.s.get(Meeting, int(id)) if id else None
    c = turn.s.get(Consultation, m.consultation_id) if m else None
    return ("ok", _told(turn, m, c)) if m and c else ("none", {})


@action
def answer_invitation(turn: Turn) -> Result:
    """Keep whether they come, and say when and where."""
    m = _meeting(turn)
    c = turn.s.get(Consultation, m.consultation_id) if m else None
    choice = _CHOICES.get(turn.facts.get("invitation", ""), "stays")
    if m is None or c is None:
        return "ok", {"message": turn.phrase("meeting_over")}
    try:
        meetings.answer(
            turn.s, m, c, turn.person, turn.handset_id,
            comes=choice != "stays", speaks=choice == "speaks", how=turn.channel,
        )  # fmt: skip
    except Refused as no:
        return "ok", {"message": turn.phrase("meeting_over" if no.code == "over" else "meeting_others")}
    if turn.delivery is not None:
        turn.delivery.heard = "understood"
    facts = {"when": meetings.spoken_when(m, turn.language), "place": m.place}
    return "ok", {"message": turn.phrase(f"meeting_{choice}", **facts)}


# ---- what experts said --------------------------------------------------------------------------


@action
def find_assessed(turn: Turn) -> Result:
    people = [turn.person] if turn.person else turn.people()
    found = assessments.concerning(turn.s, people, _KNOWN)
    if len(found) == 1:
        return "one", {"message": _assessment(turn, found[0])}
    rows = [(turn.phrase("listed", matter=turn.matter_called(c), title=c.title), str(c.id)) for c in found]
    return ("several", offer("matter", rows, turn.phrase("more_matters"))) if rows else ("none", {})


@action
def take_assessed(turn: Turn) -> Result:
    id = chosen(turn.facts, "matter", "which_assessed")
    if id == MORE:
        return further(turn, "matter")
    c = turn.s.get(Consultation, int(id)) if id else None
    return ("ok", {"message": _assessment(turn, c)}) if c else ("none", {})


def _assessment(turn: Turn, c: Consultation) -> str:
    found = assessments.of(turn.s, c)[0]
    facts = {"matter": turn.matter_called(c), "author": found.author, "words": matters.stopped(found.summary)}
    return turn.phrase("assessment", **facts)


# ---- calls that we place ------------------------------------------------------------------------


def invited_to(turn: Turn) -> Meeting | None:
    """The meeting a call of ours is about: its own subject, or its broadcast's stage."""
    d = turn.delivery
    if d is None:
        return None
    b = turn.s.get(Broadcast, d.broadcast_id) if d.broadcast_id else None
    kind, _colon, id = ((b.stage if b else d.subject) or "").partition(":")
    number = text.whole(id)
    return turn.s.get(Meeting, number) if kind in ("meeting", "room") and number else None


@action
def start_invitation(turn: Turn) -> Result:
    m = invited_to(turn)
    c = turn.s.get(Consultation, m.consultation_id) if m else None
    if m is None or c is None or not m.coming:
        return "told", {"message": turn.phrase("meeting_over")}
    facts, people = _told(turn, m, c), turn.people()
    if not people:
        return "one", facts  # a guest, known by the handset
    asked = [p for p in people if (mine := meetings.own(turn.s, m, p, turn.handset_id)) and mine.asked]
    may = asked or [p for p in people if meetings.may_come(turn.s, m, c, p)]
    if len(may) > 1:
        return "several", {**facts, **names(turn, may)}
    return ("one", {**facts, **known_as(turn, may[0])}) if may else ("told", {"message": facts["meeting"]})


@action
def pick_invited(turn: Turn) -> Result:
    return picked(turn, "who_is_invited", lambda person: ("ok", known_as(turn, person) if person else {}))


@action
def start_room(turn: Turn) -> Result:
    """The telephone in the meeting room is put into the conference, and heard."""
    m = invited_to(turn)
    if m is None or m.state != "running":
        return "over", {"room": ""}
    return "ok", {"room": m.room, "room_role": "speaker"}
