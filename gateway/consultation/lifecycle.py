"""The states of a consultation and what moves it between them (domain.md §2), as one table.

The panel, the telephone and the clock all go through :func:`move`: it asks the table whether the event may happen now,
by whom and under which rules, claims the row, and writes the event down. ``steps`` has a verb for each event;
``clockwork`` does what falls due.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import Select, and_, or_, select, update
from sqlalchemy.orm import Session

from gateway import clock
from gateway.consultation import guards, matters
from gateway.consultation.refusal import Refused
from gateway.models.area import ABOVE_VILLAGES, Area
from gateway.models.consultation import GATHERING, IN_FORCE, Consultation, ConsultationEvent
from gateway.models.organizer import LEAD, RULE, Organizer

# ---- states ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class State:
    """Whose turn it is, and how long that may take: ``days`` names a number of the matter's own rules. A state of the
    clock ends at a moment that people were told. Nobody's state is an end."""

    owner: str  # lead | township | clock | "" (nobody: it is over)
    days: str = ""


STATES: dict[str, State] = {
    "PROPOSED": State("lead", "decide_days"),
    "DECLINED": State(""),
    "ACCEPTED": State("lead", "announce_days"),
    "NOTICED": State("clock"),  # until opens_at
    "OPEN": State("clock"),  # until closes_at
    "HEARING": State("lead", "hearing_days"),
    "SMALL_GROUP_TALK": State("lead", "hearing_days"),
    "DRAFTED": State("lead", "draft_days"),
    "REPORTED_TO_GOV": State("township", "report_days"),
    "NO_CONSENSUS": State("lead", "draft_days"),
    "ASSEMBLY": State("lead", "assembly_days"),
    "ASSEMBLY_FAILED_QUORUM": State("lead", "assembly_days"),
    "REJECTED": State(""),
    "PUBLICITY": State("clock"),  # until publicity_ends_at
    "OBJECTED": State("lead", "explain_days"),
    "EXPLAINED": State("clock"),
    "REVISED": State("lead", "amend_days"),
    "CORRECTION_ORDERED": State("lead", "correct_days"),
    "ANNULLED": State(""),
    "EFFECTIVE": State("lead", "start_days"),
    "IMPLEMENTING": State("lead", "disclose_days"),
    "DISCLOSED": State("lead", "evaluate_days"),
    "EVALUATED": State("lead", "close_days"),
    "CLOSED": State(""),
    "WITHDRAWN": State(""),
    "SUSPENDED": State("lead", "suspend_days"),
}
OVER = tuple(name for name, state in STATES.items() if not state.owner)
CLOCKED = tuple(name for name, state in STATES.items() if state.owner == "clock")
BEFORE_EFFECT = tuple(name for name in STATES if name not in (*OVER, *IN_FORCE, "SUSPENDED"))
AFTER_DRAFT = (
    "DRAFTED", "REPORTED_TO_GOV", "NO_CONSENSUS", "ASSEMBLY", "ASSEMBLY_FAILED_QUORUM", "PUBLICITY", "OBJECTED", "EXPLAINED",
    "REVISED", *IN_FORCE,
)  # fmt: skip
# people may still be added to those asked; a matter withdrawn before anybody answered has no turnout
BEFORE = ("PROPOSED", "DECLINED", "ACCEPTED", "NOTICED", *GATHERING, "WITHDRAWN", "SUSPENDED")
AFTER = IN_FORCE  # publicity is over: an objection now is late

# ---- events ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Step:
    """One event: from which states, to which (“” = it stays; :data:`BACK` = where it was), by whom, under which rules."""

    starts: tuple[str, ...]
    target: str
    who: tuple[str, ...] = ("lead",)  # of lead, township, clock, resident, evaluator
    rules: tuple[guards.Guard, ...] = ()
    reason: bool = False  # must be given, and is kept


BACK = "BACK"

TABLE: dict[str, Step] = {
    "accept": Step(("PROPOSED",), "ACCEPTED"),
    "decline": Step(("PROPOSED",), "DECLINED", reason=True),
    "announce": Step(("ACCEPTED",), "NOTICED", rules=(guards.lead_fits, guards.dates_fit)),
    "start": Step(("NOTICED",), "OPEN", ("clock",)),
    "hear": Step(("OPEN", "DRAFTED", "NO_CONSENSUS", "REVISED"), "HEARING"),
    "talk": Step(("OPEN", "DRAFTED", "NO_CONSENSUS"), "SMALL_GROUP_TALK"),
    "minutes": Step(("HEARING", "SMALL_GROUP_TALK"), "", reason=True),
    "close": Step(GATHERING, "DRAFTED", ("lead", "clock"), (guards.minutes_kept,)),
    "report": Step(
        ("DRAFTED", "NO_CONSENSUS", "REVISED"), "REPORTED_TO_GOV", rules=(guards.commissioned, guards.heard)
    ),
    "publish": Step(
        ("DRAFTED", "REPORTED_TO_GOV", "REVISED", "ASSEMBLY"),
        "PUBLICITY",
        rules=(
            guards.heard,
            guards.assessed,
            guards.opinions_answered,
            guards.reported,
            guards.assembly_agreed,
        ),
    ),
    "no_agreement": Step(("DRAFTED", "REPORTED_TO_GOV"), "NO_CONSENSUS", reason=True),
    "escalate": Step(
        ("DRAFTED", "REPORTED_TO_GOV", "NO_CONSENSUS", "OBJECTED", "REVISED", "ASSEMBLY_FAILED_QUORUM"),
        "ASSEMBLY",
        rules=(guards.disputed, guards.heard, guards.reported),
    ),
    "pass": Step(("ASSEMBLY",), ""),
    "reject": Step(("ASSEMBLY",), "REJECTED"),
    "fail_quorum": Step(("ASSEMBLY",), "ASSEMBLY_FAILED_QUORUM"),
    "object": Step(("PUBLICITY", "EXPLAINED"), "OBJECTED", ("resident", "lead")),
    "explain": Step(("OBJECTED",), "EXPLAINED", ("lead", "resident", "clock")),
    "extend": Step(("PUBLICITY", "EXPLAINED"), "", reason=True),
    "amend": Step(("OBJECTED", "EXPLAINED", "PUBLICITY"), "REVISED", reason=True),
    "take_effect": Step(
        ("PUBLICITY", "EXPLAINED"), "EFFECTIVE", ("clock",), (guards.nobody_objects, guards.told_enough)
    ),
    "order_correction": Step(AFTER_DRAFT, "CORRECTION_ORDERED", ("township",), reason=True),
    "revise": Step(("CORRECTION_ORDERED",), "REVISED", ("lead", "township"), reason=True),
    "annul": Step(("CORRECTION_ORDERED",), "ANNULLED", ("township",), reason=True),
    "implement": Step(("EFFECTIVE",), "IMPLEMENTING"),
    "disclose": Step(("EFFECTIVE", "IMPLEMENTING"), "DISCLOSED", rules=(guards.tasks_done,)),
    "evaluate": Step(("DISCLOSED",), "EVALUATED", ("lead", "township", "evaluator")),
    "file": Step(
        ("EVALUATED",), "CLOSED", rules=(guards.tasks_done, guards.evaluation_told, guards.opinions_answered)
    ),
    "withdraw": Step((*BEFORE_EFFECT, "SUSPENDED"), "WITHDRAWN", reason=True),
    "suspend": Step(BEFORE_EFFECT, "SUSPENDED", reason=True),
    "resume": Step(("SUSPENDED",), BACK),
}


def allowed(c: Consultation) -> list[str]:
    """The events that could happen to it now, whoever asks; the rules are another matter (:func:`forbidden`)."""
    return [event for event, step in TABLE.items() if c.state in step.starts]


def event_between(before: str, after: str) -> str:
    """The event that leads from one state to the other; raises ValueError where none does."""
    for event, step in TABLE.items():
        if before in step.starts and step.target == after:
            return event
    raise ValueError(f"nothing leads from {before} to {after}")


def forbidden(s: Session, c: Consultation, event: str) -> guards.Rule | None:
    """The rule that stands against it now, if any."""
    for guard in TABLE[event].rules:
        if (rule := guard(s, c)) is not None:
            return rule
    return None


# ---- whose turn, and until when ---------------------------------------------------------------


def owner(c: Consultation) -> str:
    """Whose turn it is; a matter whose moment came and went without effect is its lead's."""
    given = STATES[c.state].owner
    return "lead" if given == "clock" and c.state in ("PUBLICITY", "EXPLAINED") and overdue(c) else given


def deadline(c: Consultation) -> datetime | None:
    """When its present state has to end."""
    return c.falls_due if c.state in CLOCKED else c.due_at


def overdue(c: Consultation, now: datetime | None = None) -> bool:
    """Whether its present state lasts longer than it may (policy I(3): no 议而不决, no 决而不行). A minute is the
    clock's own: it does what falls due once a second."""
    ends = deadline(c)
    return ends is not None and ends + timedelta(minutes=1) < (now or clock.now())


def which_are_overdue(visible: Select[Consultation], now: datetime | None = None) -> Select[Consultation]:
    """Those of them that are overdue, longest first."""
    late = (now or clock.now()) - timedelta(minutes=1)
    stuck = and_(Consultation.state.in_(("PUBLICITY", "EXPLAINED")), Consultation.publicity_ends_at < late)
    waiting = and_(Consultation.state.not_in((*OVER, *CLOCKED)), Consultation.due_at < late)
    return visible.where(or_(stuck, waiting)).order_by(Consultation.due_at, Consultation.id)


def due(c: Consultation, state: str, at: datetime) -> datetime | None:
    """Deadlines fall at the end of the stated day in the time zone of its area."""
    if not STATES[state].days:
        return None
    zone = c.zone
    days: int = getattr(c.rules, STATES[state].days)
    return clock.end_of_day((at.astimezone(zone) + timedelta(days=days)).date(), zone)


def begin(s: Session, c: Consultation, event: str, actor: str, at: datetime | None = None) -> None:
    """Write down how it came into the world, and until when the first step has to be taken."""
    at = at or clock.now()
    c.due_at = due(c, c.state, at)
    record(s, c, event, actor, to=c.state, at=at)


# ---- moving ------------------------------------------------------------------------------------


def history(s: Session, c: Consultation) -> list[ConsultationEvent]:
    found = select(ConsultationEvent).where(ConsultationEvent.consultation_id == c.id)
    return list(s.scalars(found.order_by(ConsultationEvent.id)))


def record(
    s: Session, c: Consultation, event: str, actor: str, *, before: str = "", to: str = "", reason: str = "",
    evidence: str = "", at: datetime | None = None,
) -> None:  # fmt: skip
    """Add to what happened. ``evidence`` says where its proof lies: “meeting:4”, “paper:村3-12”."""
    made = ConsultationEvent(
        consultation_id=c.id, event=event, from_state=before, to_state=to, actor=actor, reason=reason,
        evidence=evidence, created_at=at or clock.now(),
    )  # fmt: skip
    s.add(made)
    s.flush()


def move(
    s: Session, c: Consultation, event: str, actor: str, reason: str = "", *, evidence: str = "",
    at: datetime | None = None, check: Callable[[], None] | None = None,
) -> bool:  # fmt: skip
    """Let it happen and write it down. False when it can't any more, or somebody else moved it first: the row is
    claimed, not looked at. Raises :class:`Refused`, with the rule, when a rule or the actor's office forbids it."""
    step, before = TABLE[event], c.state
    if before not in step.starts:
        return False
    _authorize(s, c, step, actor)
    if step.reason and len(reason.strip()) < 2:
        raise Refused(guards.NO_REASON.why, "reason", guards.NO_REASON.code)
    if (rule := forbidden(s, c, event)) is not None:
        raise Refused(rule.said, code=rule.code)
    now = at or clock.now()
    target = before if not step.target else c.resumes or "ACCEPTED" if step.target == BACK else step.target
    values = {"state": target} if target != before else {}
    moved = s.execute(
        update(Consultation)
        .where(Consultation.id == c.id, Consultation.state == before)
        .values(**values or {"state": before})
        .execution_options(synchronize_session=False)
    )
    s.refresh(c, ["state"])
    if not moved.rowcount:  # type: ignore[attr-defined]
        return False
    if before in GATHERING and target not in (*GATHERING, "SUSPENDED"):
        c.voices = matters.voices(s, c)
    if target != before:
        c.due_at = due(c, target, now)
    record(s, c, event, actor, before=before, to=target, reason=reason, evidence=evidence, at=now)
    return True


def must(s: Session, c: Consultation, event: str, actor: str, reason: str = "", evidence: str = "") -> None:
    """:func:`move`, or :class:`Refused` with code ``moved``: of two who act at once, one wins and the other is told."""
    if not move(s, c, event, actor, reason, evidence=evidence):
        raise Refused(f"{c.number}号这一步已经过去了，请刷新页面看看", code="moved")


def refused(s: Session, c: Consultation, event: str, actor: str, why: str) -> None:
    """Keep that somebody wanted what a rule forbids. The door calls it once the refused transaction is undone."""
    record(s, c, "refused", actor, before=c.state, to=c.state, reason=f"{event}：{why}")


def may(s: Session, o: Organizer, c: Consultation, event: str) -> bool:
    """Whether this event is this organizer's to take."""
    return not guards.recused(s, c.id, o.id) and any(_holds(s, o, c, office) for office in TABLE[event].who)


def decides(s: Session, c: Consultation, actor: str) -> None:
    """Raises :class:`Refused` where whoever acts has an interest in the matter, and stays out of it."""
    kind, _colon, id = actor.partition(":")
    if kind == "organizer" and id.isdigit() and guards.recused(s, c.id, int(id)):
        raise Refused(guards.RECUSED.said, code=guards.RECUSED.code)


def _authorize(s: Session, c: Consultation, step: Step, actor: str) -> None:
    decides(s, c, actor)
    kind, _colon, id = actor.partition(":")
    if kind in ("clock", "cli", "sample") or (kind == "resident" and "resident" in step.who):
        return
    if kind == "organizer" and id.isdigit():
        o = s.get(Organizer, int(id))
        if o is not None and any(_holds(s, o, c, office) for office in step.who):
            return
    rule = guards.TOWNSHIP_ONLY if "township" in step.who else guards.NOT_YOURS
    raise Refused(rule.said, code=rule.code)


def _holds(s: Session, o: Organizer, c: Consultation, office: str) -> bool:
    own, led = s.get_one(Area, o.area_id), s.get_one(Area, c.area_id)
    if not led.path.startswith(own.path):
        return False
    if office == "township":
        return o.may(RULE) and own.level in ABOVE_VILLAGES
    return o.may(LEAD) if office == "lead" else office == "evaluator" and o.role == "third_party_evaluator"
