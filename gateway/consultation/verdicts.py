"""Every opinion on a matter is sorted into a group and answered: adopted, partly, or not, and why (policy II(4), step 3;
domain.md §1 row 14). Whoever said it is told by the door that calls this; here is what is decided."""

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, Select, and_, func, or_, select, update
from sqlalchemy.orm import Session

from gateway import clock
from gateway.consultation import lifecycle, matters
from gateway.consultation.refusal import Refused
from gateway.consultation.themes import LONGEST_NAME
from gateway.models.answer import ON_THE_MATTER, VERDICTS, Opinion, OpinionGroup
from gateway.models.consultation import Consultation, ConsultationEvent
from gateway.people.residents import Resident

LONGEST_WHY = 60  # characters: it goes into an SMS
_WORDS = {"adopted": "采纳", "partly": "采纳一部分", "not": "没采纳"}  # as the history of a matter says it


@dataclass(frozen=True)
class Pile:
    """One group with how many opinions are in it, how many of them wait, and what was answered to the others."""

    group: OpinionGroup
    size: int
    waiting: int
    answers: tuple[tuple[str, str], ...]  # (verdict, why), each once


def said(c: Consultation) -> Select[Opinion]:
    """The opinions on a matter: its own, and objections that came too late to be more (domain.md §2)."""
    return select(Opinion).where(Opinion.consultation_id == c.id, Opinion.kind.in_(ON_THE_MATTER))


# ---- sorting -------------------------------------------------------------------------------------


def piles(s: Session, c: Consultation) -> list[Pile]:
    """Its groups in the order they were made."""
    groups = s.scalars(
        select(OpinionGroup).where(OpinionGroup.consultation_id == c.id).order_by(OpinionGroup.id)
    )
    counted: dict[int | None, list[tuple[str, str, int]]] = {}
    of_c = said(c).with_only_columns(Opinion.group_id, Opinion.verdict, Opinion.why, func.count())
    for id, verdict, why, n in s.execute(of_c.group_by(Opinion.group_id, Opinion.verdict, Opinion.why)):
        counted.setdefault(id, []).append((verdict, why, n))
    found = []
    for group in groups:
        rows = counted.get(group.id, [])
        size, waiting = sum(n for *_x, n in rows), sum(n for verdict, _why, n in rows if not verdict)
        found.append(Pile(group, size, waiting, tuple(sorted((v, w) for v, w, _n in rows if v))))
    return found


def group_called(s: Session, c: Consultation, name: str, by: str) -> OpinionGroup:
    """The matter's group of that name, made if there is none. Raises :class:`Refused`."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise Refused(f"请写组名，不超过{LONGEST_NAME}个字", "name")
    here = select(OpinionGroup).where(OpinionGroup.consultation_id == c.id, OpinionGroup.name == name)
    s.execute(
        select(Consultation.id).where(Consultation.id == c.id).with_for_update()
    )  # two may make it at once
    found = s.scalar(here)
    if found is None:
        found = OpinionGroup(consultation_id=c.id, name=name, by=by)
        s.add(found)
        s.flush()
    return found


def sort_into(s: Session, c: Consultation, ids: Collection[int], group: OpinionGroup | None) -> int:
    """Put these opinions of the matter into a group, or (None) into none; how many there were."""
    put = update(Opinion).where(_these(c, ids)).values(group_id=group.id if group else None)
    return s.execute(put.execution_options(synchronize_session=False)).rowcount  # type: ignore[attr-defined]


def rename(s: Session, c: Consultation, group: OpinionGroup, name: str) -> None:
    """Raises :class:`Refused`: no name, too long, or another group has it (which is to be merged)."""
    name = name.strip()
    if not name or len(name) > LONGEST_NAME:
        raise Refused(f"请写组名，不超过{LONGEST_NAME}个字", "name")
    same = s.scalar(
        select(OpinionGroup).where(OpinionGroup.consultation_id == c.id, OpinionGroup.name == name)
    )
    if same is not None and same.id != group.id:
        raise Refused(f"“{name}”已经有了，可以并过去", "name")
    group.name = name


def merge(s: Session, c: Consultation, group: OpinionGroup, into: OpinionGroup) -> None:
    """All of one group goes into another, and it is no more."""
    if group.id == into.id:
        raise Refused("不能并到自己里面", "into")
    mine = said(c).with_only_columns(Opinion.id).where(Opinion.group_id == group.id)
    sort_into(s, c, list(s.scalars(mine)), into)
    s.delete(group)
    s.flush()


def _these(c: Consultation, ids: Collection[int]) -> ColumnElement[bool]:
    return and_(Opinion.id.in_(list(ids)), Opinion.consultation_id == c.id, Opinion.kind.in_(ON_THE_MATTER))


# ---- answering -----------------------------------------------------------------------------------


def waiting(c: Consultation) -> Select[Opinion]:
    """Those nobody has answered, oldest first."""
    return said(c).where(Opinion.verdict == "").order_by(Opinion.id)


def answer(
    s: Session, c: Consultation, ids: Collection[int], verdict: str, why: str, actor: str
) -> list[Opinion]:
    """Answer these opinions, as far as nobody has yet: of two who do so at once the second answers none, and nobody is
    told twice. Returns those answered now, oldest first. Raises :class:`Refused` naming the field, or where answering
    is not for this organizer (:func:`lifecycle.decides`)."""
    why = _checked(s, c, verdict, why, actor)
    done = _claim(s, and_(_these(c, ids), Opinion.verdict == ""), verdict, why, actor)
    if done:
        said_ = f"{len(done)}条，{_WORDS[verdict]}：{why}"
        lifecycle.record(s, c, "opinions", actor, before=c.state, to=c.state, reason=said_)
    return done


def correct(
    s: Session, c: Consultation, o: Opinion, verdict: str, why: str, actor: str, *, seen: str, alike: bool = False
) -> list[Opinion]:  # fmt: skip
    """Put another answer in the place of one that was given, which stays in the matter's history: also of all in the same
    group that were answered the same way (``alike``). ``seen``: when the answer was given that whoever corrects it had
    before their eyes (ISO 8601); where it is another by now none is corrected. Returns those corrected, oldest first. Raises
    :class:`Refused` like :func:`answer`, and where nothing would change."""
    why = _checked(s, c, verdict, why, actor)
    was = (o.verdict, o.why)
    if o.answered_at is None or o.answered_at.isoformat() != seen:
        return []
    if was == (verdict, why):
        raise Refused("跟原来的答复一样，没有改", "why")
    same = Opinion.group_id == o.group_id if alike and o.group_id else Opinion.id == o.id
    wanted = and_(
        Opinion.consultation_id == c.id, Opinion.kind.in_(ON_THE_MATTER), same, Opinion.verdict == o.verdict, Opinion.why == o.why
    )  # fmt: skip
    done = _claim(s, wanted, verdict, why, actor)
    for x in done:
        said_ = f"原来答复{_WORDS[was[0]]}：{was[1]}。改成{_WORDS[verdict]}：{why}"
        lifecycle.record(
            s, c, "opinion_corrected", actor, before=c.state, to=c.state, reason=said_, evidence=f"opinion:{x.id}"
        )  # fmt: skip
    return done


def corrected(s: Session, c: Consultation) -> dict[int, list[ConsultationEvent]]:
    """The corrections of answers on a matter by the opinion they answer, oldest first."""
    found = select(ConsultationEvent).where(
        ConsultationEvent.consultation_id == c.id, ConsultationEvent.event == "opinion_corrected"
    )
    kept: dict[int, list[ConsultationEvent]] = {}
    for e in s.scalars(found.order_by(ConsultationEvent.id)):
        kept.setdefault(int(e.evidence.partition(":")[2]), []).append(e)
    return kept


def _checked(s: Session, c: Consultation, verdict: str, why: str, actor: str) -> str:
    lifecycle.decides(s, c, actor)
    if verdict not in VERDICTS:
        raise Refused("请选采纳、采纳一部分，还是没采纳", "verdict")
    why = matters.sentence(why)
    if len(why) < 2:
        raise Refused("请写为什么，会告诉提意见的人", "why")
    if len(why) > LONGEST_WHY:
        raise Refused(f"要发短信，最多{LONGEST_WHY}个字", "why")
    return why


def _claim(s: Session, wanted: ColumnElement[bool], verdict: str, why: str, actor: str) -> list[Opinion]:
    now = clock.now()
    claimed = (
        update(Opinion)
        .where(wanted)
        .values(verdict=verdict, why=why, answered_at=now, answered_by=actor)
        .values(done_at=func.coalesce(Opinion.done_at, now))
        .returning(Opinion.id)
        .execution_options(synchronize_session=False)
    )
    done = list(s.scalars(claimed))
    found = select(Opinion).where(Opinion.id.in_(done)).order_by(Opinion.id)
    return list(s.scalars(found.execution_options(populate_existing=True)))


def once_each(answered: Iterable[Opinion]) -> list[Opinion]:
    """Of opinions answered in one go one of each author: who said the same three times hears the answer once."""
    authors: dict[tuple[int | None, int | None, int], Opinion] = {}
    for o in answered:
        alone = 0 if o.person_id or o.handset_id else o.id
        authors.setdefault((o.person_id, None if o.person_id else o.handset_id, alone), o)
    return list(authors.values())


def own(
    s: Session, people: Sequence[Resident] | Sequence[int], handset_id: int | None = None
) -> Select[Opinion]:
    """What these people said on matters, newest first; from an unknown handset what came from it."""
    ids = [p if isinstance(p, int) else p.id for p in people]
    strangers = and_(Opinion.person_id.is_(None), Opinion.handset_id == handset_id)
    who = or_(Opinion.person_id.in_(ids), strangers) if handset_id else Opinion.person_id.in_(ids)
    mine = Opinion.kind.in_(ON_THE_MATTER) & Opinion.consultation_id.is_not(None)
    return select(Opinion).where(who, mine).order_by(Opinion.id.desc())


def heard_of(
    s: Session, people: Sequence[int], handset_id: int | None = None, most: int = 3, about: Consultation | None = None
) -> list[tuple[Consultation, Opinion]]:  # fmt: skip
    """The newest answers to these people's opinions, each said once: of one matter, or of those not taken back."""
    running: ColumnElement[bool] = Consultation.state.not_in(("WITHDRAWN", "ANNULLED", "DECLINED"))
    if about is not None:
        running = Consultation.id == about.id
    found = own(s, people, handset_id).join(Consultation, Consultation.id == Opinion.consultation_id)
    rows = s.execute(
        found.where(Opinion.verdict != "", running).with_only_columns(Consultation, Opinion).limit(30)
    )
    once: dict[tuple[int, str, str], tuple[Consultation, Opinion]] = {}
    for c, o in rows:
        once.setdefault((c.id, o.verdict, o.why), (c, o))
    return list(once.values())[:most]
