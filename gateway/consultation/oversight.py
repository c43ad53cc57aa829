"""The supervision committee's eyes on a matter (policy III(2): 监督委员会要加强监督): it opens one giving a reason, asks for
an answer by a day, and says whether the answer will do."""

from datetime import datetime, timedelta

from sqlalchemy import Select, or_, select, update
from sqlalchemy.orm import Session

from gateway import clock
from gateway.consultation import lifecycle
from gateway.consultation.refusal import Refused
from gateway.models.answer import FOR_WATCHERS, Opinion
from gateway.models.area import Area
from gateway.models.consultation import Consultation, ConsultationEvent
from gateway.models.organizer import Organizer
from gateway.models.oversight import Flag
from gateway.models.person import Person, PersonHandset
from gateway.people import rights

LONGEST = timedelta(days=90)  # of waiting for an answer: what may take longer is no supervision
_MOST = 1000  # characters


def _words(typed: str, missing: str, field: str) -> str:
    words = typed.strip()
    if len(words) < 2:
        raise Refused(missing, field)
    if len(words) > _MOST:
        raise Refused(f"最多{_MOST}个字", field)
    return words


def inspect(s: Session, c: Consultation, actor: str, reason: str) -> None:
    """Open a matter; who did, and why, stands in its record. Raises :class:`Refused` without a reason."""
    why = _words(reason, "请写明为什么要看", "reason")
    if len(why) > 200:
        raise Refused("最多200个字", "reason")
    lifecycle.record(s, c, rights.INSPECT, actor, before=c.state, to=c.state, reason=why)


def of(s: Session, c: Consultation) -> list[Flag]:
    """All of one matter, newest first."""
    return list(s.scalars(select(Flag).where(Flag.consultation_id == c.id).order_by(Flag.id.desc())))


def visible(matters: Select[Consultation]) -> Select[Flag]:
    """Those about the matters visible to somebody."""
    return select(Flag).where(Flag.consultation_id.in_(matters.with_only_columns(Consultation.id)))


def unheard(s: Session, o: Organizer) -> list[Area]:
    """Of this organizer's areas those whose people wrote or spoke to the supervision committee while nobody of it has
    an account: they were promised an answer (domain.md §4), and not even their words may be shown to anybody else."""
    areas = rights.areas(s, o)
    on_handset = select(PersonHandset.person_id).where(PersonHandset.handset_id == Opinion.handset_id)
    spoke = or_(Person.id == Opinion.person_id, Opinion.person_id.is_(None) & Person.id.in_(on_handset))
    wrote = set(
        s.scalars(
            select(Person.area_id)
            .join(Opinion, spoke)
            .where(Opinion.kind == FOR_WATCHERS, Opinion.done_at.is_(None))
            .where(Person.area_id.in_([a.id for a in areas]))
        )
    )
    watched = select(Area.path).join(Organizer, Organizer.area_id == Area.id)
    watched = watched.where(Organizer.role == "supervision_member", Organizer.active)
    paths = tuple(s.scalars(watched))
    return [a for a in areas if a.id in wrote and not a.path.startswith(paths)]


def overdue(matters: Select[Consultation], now: datetime | None = None) -> Select[Flag]:
    """Those not answered by their day, longest first."""
    late = visible(matters).where(Flag.state == "open", Flag.due_at < (now or clock.now()))
    return late.order_by(Flag.due_at, Flag.id)


def ask(
    s: Session, c: Consultation, actor: str, area_id: int, words: str, due: datetime | None, event_id: int = 0
) -> Flag:
    """Ask those who lead a matter for an answer by a day, about all of it or one step (``event_id``). Raises
    :class:`Refused` naming the field."""
    said = _words(words, "请写要他们答复什么", "words")
    if due is None or not clock.now() < due <= clock.now() + LONGEST:
        raise Refused(f"请写哪天以前答复，要在今天以后、{LONGEST.days}天以内", "due")
    step = s.get(ConsultationEvent, event_id) if event_id else None
    if event_id and (step is None or step.consultation_id != c.id):
        raise Refused("请选是哪一步", "step")
    flag = Flag(
        consultation_id=c.id, area_id=area_id, event_id=step.id if step else None, words=said, due_at=due, by=actor
    )  # fmt: skip
    s.add(flag)
    lifecycle.record(s, c, "flag", actor, before=c.state, to=c.state, reason=said)
    return flag


def _claim(s: Session, flag: Flag, before: str, after: str, **values: object) -> None:
    """Of two who act at once, one is told no."""
    moved = s.execute(
        update(Flag)
        .where(Flag.id == flag.id, Flag.state == before)
        .values(state=after, **values)
        .execution_options(synchronize_session=False)
    )
    s.refresh(flag)
    if not moved.rowcount:  # type: ignore[attr-defined]
        raise Refused("这一条已经有人办了，请看看现在的样子", code="moved")


def answer(s: Session, c: Consultation, flag: Flag, actor: str, words: str) -> None:
    """Those who lead the matter answer, late or in time. Raises :class:`Refused`."""
    said = _words(words, "请写怎么答复", "answer")
    _claim(s, flag, "open", "answered", answer=said, answered_by=actor, answered_at=clock.now())
    lifecycle.record(s, c, "flag_answer", actor, before=c.state, to=c.state, reason=said)


def accept(s: Session, c: Consultation, flag: Flag, actor: str) -> None:
    """The committee is content with the answer."""
    _claim(s, flag, "answered", "accepted", settled_at=clock.now())
    lifecycle.record(s, c, "flag_accept", actor, before=c.state, to=c.state)


def again(s: Session, c: Consultation, flag: Flag, actor: str, words: str, due: datetime | None) -> Flag:
    """The answer won't do: the same is asked anew, with a new day. Raises :class:`Refused`."""
    made = ask(s, c, actor, flag.area_id, words, due, flag.event_id or 0)
    _claim(s, flag, "answered", "again", settled_at=clock.now())
    made.follows = flag.id
    s.flush()
    return made
