"""What an SMS may be about: who holds the handset, what they were asked last, what is open to them."""

from typing import Any, NamedTuple

from sqlalchemy import Select, String, and_, case, cast, func, or_, select
from sqlalchemy.orm import Session

from gateway import actions, clock, replies
from gateway.consultation import glance, lifecycle, meetings, ratings
from gateway.consultation.glance import Matter
from gateway.ivr.load import DEFAULT_LANGUAGE
from gateway.models.answer import Objection
from gateway.models.area import Area
from gateway.models.consultation import GATHERING, Consultation
from gateway.models.conversation import InboundEvent, Question
from gateway.models.outreach import Broadcast, Delivery
from gateway.models.participation import Meeting
from gateway.models.person import Handset, Person, PersonHandset
from gateway.people import residents
from gateway.people.residents import GONE, Resident
from gateway.prepared import Prepared, Sql, given

PUBLIC = ("PUBLICITY", "OBJECTED", "EXPLAINED")
_KNOWN = tuple(state for state in lifecycle.STATES if state not in ("PROPOSED", "DECLINED", "ACCEPTED"))


class Asked(NamedTuple):
    """What this handset was asked by SMS and has not answered yet."""

    kind: str
    consultation_id: int | None
    data: dict[str, Any]


class Around(NamedTuple):
    """What surrounds a message: who sent it, and what they can mean by it."""

    residents: list[Resident]
    asked: Asked | None
    matters: list[Matter]
    context: dict[str, Any]
    signed: str


class Row(NamedTuple):
    """One person on the handset (one row without person where there is none) and what is known of the handset: the
    answer this very message got if it came before, what was asked last, what was told last, what is objected to."""

    id: int | None
    area_id: int
    household_id: int | None
    name: str
    group: str
    language: str
    state: str
    path: str
    signature: str
    area: str
    kind: str | None
    consultation_id: int | None
    data: dict[str, Any]
    told: str | None
    objected: str | None
    handset_id: int
    answer: str | None
    tongue: str | None  # the language chosen on this handset


# once, whoever else is looked up with it: neither database evaluates it for every row
_HANDSET = select(Handset.id).where(Handset.number_index == given("index")).scalar_subquery()


def _told() -> Select[Any]:
    """What this handset's newest SMS was about, a consultation's id or “meeting:5”: a bare “1” answers the last question."""
    invites = f"{meetings.STAGE}%"
    about = func.coalesce(Broadcast.consultation_id, Delivery.about_id)
    return (
        select(
            case(
                (Delivery.subject.like(invites), Delivery.subject),
                (Broadcast.stage.like(invites), Broadcast.stage),
                else_=cast(about, String),
            )
        )
        .select_from(Delivery)
        .outerjoin(Broadcast, Broadcast.id == Delivery.broadcast_id)
        .where(Delivery.handset_id == _HANDSET, Delivery.channel == "sms")
        .where(or_(Broadcast.consultation_id.is_not(None), Delivery.about_id.is_not(None)))
        .where(Delivery.state.not_in(("planned", "claimed", "failed")))
        .order_by(Delivery.id.desc())
        .limit(1)
    )


def _objected() -> Select[Any]:
    """The numbers of what people on this handset object to, with commas between them."""
    return (
        select(func.aggregate_strings(cast(Consultation.number, String), ","))
        .select_from(Objection)
        .join(Consultation, Consultation.id == Objection.consultation_id)
        .join(PersonHandset, PersonHandset.person_id == Objection.person_id)
        .join(Person, and_(Person.id == Objection.person_id, Person.state.not_in(GONE)))
        .where(PersonHandset.handset_id == _HANDSET, Objection.state.in_(("open", "explained")))
    )


def _around(sql: Sql) -> Any:
    person = (Person.id, Person.area_id, Person.household_id, Person.name, Person.group.label("group"))
    before = select(InboundEvent.answer).where(
        InboundEvent.carrier_id == given("carrier_id"), InboundEvent.step == "sms"
    )
    return (
        select(
            *(*person, Person.language, Person.state, Area.path, Area.signature, Area.name.label("area")),
            *(Question.kind, Question.consultation_id, Question.data),
            *(_told().scalar_subquery().label("told"), _objected().scalar_subquery().label("objected")),
            *(Handset.id.label("handset_id"), before.scalar_subquery().label("answer")),
            Handset.language.label("tongue"),
        )
        .select_from(Handset)
        .outerjoin(PersonHandset, PersonHandset.handset_id == Handset.id)
        .outerjoin(Person, and_(Person.id == PersonHandset.person_id, Person.state.not_in(GONE)))
        .outerjoin(Area, Area.id == Person.area_id)
        .outerjoin(Question, and_(Question.handset_id == Handset.id, Question.expires_at > given("now")))
        .where(Handset.number_index == given("index"))
        .order_by(Person.id)
    )


_AROUND = Prepared(_around, Row)


def look(s: Session, index: str, carrier_id: str) -> list[Row]:
    """Who sends a message, from a number with this index, and whether it was answered before; empty for a number never
    seen. One statement, because every message asks for it."""
    return _AROUND.all(s, index=index, carrier_id=carrier_id, now=clock.now())


def of(s: Session, rows: list[Row]) -> Around:
    """What surrounds a message, from what :func:`look` found."""
    found = [_resident(row) for row in rows if row.id is not None]
    first = rows[0]
    asked = Asked(first.kind, first.consultation_id, first.data) if first.kind else None
    concerned = glance.concerning(s, found, _KNOWN)
    own = [int(number) for number in (first.objected or "").split(",") if number]
    context = _context(s, found, concerned, own, *_about(s, first.told), asked)
    signed = found[0].signed if found else actions.area_of(s, []).signed
    return Around(found, asked, concerned, context, signed)


def _about(s: Session, told: str | None) -> tuple[int | None, Meeting | None]:
    """The consultation a handset was told of last, and the meeting it was asked to if that can still be answered."""
    if told is None or not told.startswith(meetings.STAGE):
        return (int(told) if told else None), None
    m = s.get(Meeting, int(told.removeprefix(meetings.STAGE)))
    return (m.consultation_id, m if m.coming else None) if m else (None, None)


def language(rows: list[Row]) -> str:
    """In which they are answered: as was chosen on this handset, or as all its people are said to speak; the default
    where nobody has read our words in it, so that no Chinese answer has a Korean date in it."""
    people = (row.language for row in rows if row.id is not None)
    tongue = residents.spoken(rows[0].tongue if rows else None, people)
    return tongue if tongue in replies.offered() else DEFAULT_LANGUAGE


def _resident(row: Row) -> Resident:
    return Resident(*row[:8], f"【{row.signature or row.area}】")  # type: ignore[arg-type]


def _context(
    s: Session,
    found: list[Resident],
    concerned: list[Matter],
    own: list[int],
    told: int | None,
    invited: Meeting | None,
    asked: Asked | None,
) -> dict[str, Any]:
    """The interpreter's context (domain.md §3, “Context”); it doesn't look at what was voted before."""
    now = clock.now()
    over = {c.id for c in concerned if c.state in GATHERING and c.closes_at and c.closes_at < now}
    # NOTICED ones answer “not started yet”; counted as open, so that the number is recognised
    open_now = [c for c in concerned if c.state in (*GATHERING, "NOTICED") and c.id not in over]
    public = [c for c in concerned if c.state in PUBLIC]
    live = {c.id for c in (*open_now, *public)}
    context: dict[str, Any] = {
        "registered": bool(found),
        "handset_persons": [p.name for p in found],
        "language": (found[0].language if found else "zh-CN").split("-")[0],
        "open_votes": [c.number for c in open_now],
        "in_publicity": [c.number for c in public],
        "closed": [c.number for c in concerned if c.id not in live],
        "own_objection": own,
        "options": {str(c.number): dict(c.options) for c in open_now},
    }
    rated = [c for c in concerned if c.state in ratings.RATED]
    pending = _pending(told, open_now, public, rated)
    ended = next((c.number for c in concerned if c.id == told and c.id not in live), None)
    if (
        ended is not None
        and (pending or {}).get("kind") != "rating"
        and (asked is None or asked.kind != "sure")
    ):
        context["ended"] = ended  # what a bare “2” would answer, had it not ended
    if asked is not None and asked.kind in ("reason", "words"):
        about = s.get(Consultation, asked.consultation_id) if asked.consultation_id else None
        # a vote may have been asked for as well: see intents.answer
        context["behind"] = pending
        pending = {"kind": "words", "consultation": about.number if about else None}
    elif invited is not None:
        about = s.get_one(Consultation, invited.consultation_id)
        options = {"1": "参加", "2": "不参加"}
        context["behind"] = pending
        pending = {"kind": "rsvp", "consultation": about.number, "meeting": invited.id, "options": options}
        context.pop("ended", None)
    if pending:
        context["pending"] = pending
    return context


def _pending(
    about: int | None, open_now: list[Matter], public: list[Matter], rated: list[Matter]
) -> dict[str, Any] | None:
    inferred = about is None or all(c.id != about for c in (*open_now, *public, *rated))
    if inferred and len(open_now) == 1:
        about = open_now[0].id
    for c in open_now:
        if c.id == about and c.state in GATHERING:
            asked_now = {
                "kind": "vote",
                "consultation": c.number,
                "question": c.title,
                "options": dict(c.options),
            }
            return {**asked_now, "inferred": True} if inferred else asked_now
    for c in public:
        if c.id == about:
            return {"kind": "publicity", "consultation": c.number, "question": c.title}
    for c in rated:
        if c.id == about:
            return {"kind": "rating", "consultation": c.number, "question": c.title}
    return None
