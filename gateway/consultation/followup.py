"""From the effect to the closed file (policy II(5)): tasks with an owner and a day, progress told, disclosure by the
deadline, an independent evaluation reported to its four, and what residents think of it."""

from collections.abc import Collection
from datetime import datetime, timedelta

from sqlalchemy import Select, select, update
from sqlalchemy.orm import Session

from gateway import clock
from gateway.consultation import guards, lifecycle, matters, ratings, steps, texts
from gateway.consultation.lifecycle import must
from gateway.consultation.refusal import Refused
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.followup import CHANNELS, RECIPIENTS, Commission, Evaluation, Task

LOW = 3.0  # a mean below this asks for a task (domain.md §2)
ENOUGH = 3  # of so many scores: one bad one alone is a reasoned 1, or chance
LONGEST = 60  # characters of a progress note or summary: it goes into an SMS


# ---- tasks ---------------------------------------------------------------------------------------


def tasks(s: Session, c: Consultation) -> list[Task]:
    found = select(Task).where(Task.consultation_id == c.id)
    return list(s.scalars(found.order_by(Task.done_at.is_not(None), Task.due_at, Task.id)))


def overdue(visible: Select[Consultation], now: datetime | None = None) -> Select[Task]:
    """Tasks past their day, of the consultations visible to somebody, longest first."""
    about = Task.consultation_id.in_(visible.with_only_columns(Consultation.id))
    late = select(Task).where(about, Task.done_at.is_(None), Task.due_at < (now or clock.now()))
    return late.order_by(Task.due_at)


def plan(
    s: Session, c: Consultation, actor: str, what: str, owner: str, due: datetime | None, why: str = ""
) -> Task:
    """Somebody has to do something by a day; the first task begins the carrying out. Raises :class:`Refused`."""
    what, owner = matters.sentence(what), owner.strip()
    if len(what) < 2:
        raise Refused("请写要办什么", "what")
    if len(owner) < 2:
        raise Refused("请写谁负责", "owner")
    if due is None or due <= clock.now():
        raise Refused("请写哪天办完，要在今天以后", "due")
    if c.state not in ("EFFECTIVE", "IMPLEMENTING", "DISCLOSED", "EVALUATED"):
        raise Refused(f"{c.number}号还没生效，或者已经办结，不能安排落实", code="moved")
    if c.state == "EFFECTIVE":
        must(s, c, "implement", actor, f"{what}，{owner}负责")
    task = Task(consultation_id=c.id, what=what, owner=owner, due_at=due, why=why)
    s.add(task)
    s.flush()
    if c.state == "IMPLEMENTING" and (c.due_at is None or due > c.due_at):
        c.due_at = due  # made public once the last is done
    return task


def finish(s: Session, task: Task, actor: str, proof: str) -> None:
    """It is done, and this shows it."""
    if len(proof.strip()) < 2:
        raise Refused("请写办成什么样，凭据在哪儿", "proof")
    done = s.execute(
        update(Task)
        .where(Task.id == task.id, Task.done_at.is_(None))
        .values(done_at=clock.now(), done_by=actor, proof=proof.strip())
        .execution_options(synchronize_session=False)
    )
    s.refresh(task)
    if not done.rowcount:  # type: ignore[attr-defined]
        raise Refused("这一项已经办完了", code="moved")


def _sayable(words: str, field: str) -> str:
    said = matters.sentence(words)
    if len(said) < 2:
        raise Refused("请写一句话", field)
    if len(said) > LONGEST:
        raise Refused(f"要发短信，最多{LONGEST}个字", field)
    return said


def progress(s: Session, c: Consultation, actor: str, words: str) -> None:
    """Tell everybody how far it is. What they say to it is an opinion as ever: people are consulted while it is carried
    out, too (policy I(3))."""
    said = _sayable(words, "progress")
    if c.state not in ("EFFECTIVE", "IMPLEMENTING"):
        raise Refused(f"{c.number}号现在不在落实", code="moved")
    area = s.get_one(Area, c.area_id)
    sms, voice = texts.progress_sms(c, area, said), texts.progress_voice(c, area, said)
    lifecycle.record(s, c, "progress", actor, before=c.state, to=c.state, reason=said)
    c.sms, c.voice = {**c.sms, "progress": sms}, {**c.voice, "progress": voice}
    steps.tell_again(s, c, "progress", sms, voice, actor)


def disclose(s: Session, c: Consultation, actor: str, words: str, channels: Collection[str]) -> None:
    """Make public what was carried out, and ask residents how they find it. Raises :class:`Refused`: a task is open,
    or no channel was named."""
    said = _sayable(words, "words")
    known = [name for name in CHANNELS if name in channels]
    if not known:
        raise Refused("请选在哪儿公开的", "channels")
    must(s, c, "disclose", actor, said, ",".join(known))
    area = s.get_one(Area, c.area_id)
    sms, voice = texts.disclosed_sms(c, area, said), texts.disclosed_voice(c, area, said)
    c.sms, c.voice = {**c.sms, "implementation": sms}, {**c.voice, "implementation": voice}
    steps.tell(s, c, "implementation", sms, voice, actor)


# ---- evaluation -----------------------------------------------------------------------------------


def evaluation(s: Session, c: Consultation) -> Evaluation | None:
    """The newest."""
    found = select(Evaluation).where(Evaluation.consultation_id == c.id)
    return s.scalar(found.order_by(Evaluation.id.desc()).limit(1))


def evaluate(
    s: Session, c: Consultation, actor: str, *, evaluator: str, findings: str, summary: str, mend: str = "",
    owner: str = "", due: datetime | None = None,
) -> Evaluation:  # fmt: skip
    """What an independent third party found. Residents hear the summary at once; ``mend`` becomes a task."""
    said = _sayable(summary, "summary")
    if len(evaluator.strip()) < 2:
        raise Refused("请写谁评估的", "evaluator")
    if len(findings.strip()) < 2:
        raise Refused("请写评估发现了什么", "findings")
    must(s, c, "evaluate", actor, said)
    made = Evaluation(
        consultation_id=c.id, evaluator=evaluator.strip(), findings=findings.strip(), summary=said, by=actor,
        reported={"residents": clock.now().isoformat()},
    )  # fmt: skip
    s.add(made)
    s.flush()
    if mend.strip():
        plan(s, c, actor, mend, owner, due, "evaluation")
    area = s.get_one(Area, c.area_id)
    sms, voice = texts.evaluated_sms(c, area, said), texts.evaluated_voice(c, area, said)
    c.sms, c.voice = {**c.sms, "evaluation": sms}, {**c.voice, "evaluation": voice}
    steps.tell(s, c, "evaluation", sms, voice, actor)
    return made


def report_to(s: Session, made: Evaluation, whom: str) -> None:
    """The evaluation has reached one of its four."""
    if whom not in RECIPIENTS:
        raise Refused("请选报给了谁", "whom")
    made.reported = {**made.reported, whom: made.reported.get(whom) or clock.now().isoformat()}


def close_file(s: Session, c: Consultation, actor: str) -> None:
    """The end: everything done, judged, and told."""
    must(s, c, "file", actor)


# ---- what residents think of it ---------------------------------------------------------------------


def bad_mark(s: Session, c: Consultation, reason: str = "", recorded: bool = False) -> Task | None:
    """After a score was given: a mean below 3, or a 1 with its reason, asks somebody to look after it (domain.md §2).
    One task of this kind at a time; returns a new one, if there is."""
    average, n = ratings.mean(s, c)
    low = average is not None and average < LOW and n >= ENOUGH
    if not (low or reason.strip() or recorded):
        return None
    open_one = select(Task.id).where(
        Task.consultation_id == c.id, Task.why == "rating", Task.done_at.is_(None)
    )
    if s.scalar(open_one.limit(1)) is not None:
        return None
    zone = c.zone
    due = clock.end_of_day((clock.now().astimezone(zone) + timedelta(days=c.rules.start_days)).date(), zone)
    what = f"打分平均{average:.1f}，回访，看哪儿没办好" if low else "有人打了1分，说了原因，去看看"
    task = Task(consultation_id=c.id, what=what, owner=c.lead or "牵头的", due_at=due, why="rating")
    s.add(task)
    s.flush()
    return task


# ---- asked for by a government ------------------------------------------------------------------------


def commission(s: Session, c: Consultation) -> Commission | None:
    return s.scalar(select(Commission).where(Commission.consultation_id == c.id))


def report(s: Session, c: Consultation, actor: str, how: str) -> Commission:
    """Hand the outcome to the body that asked for it; it has to answer within the rules' days (policy II(5))."""
    steps.report(s, c, actor, how)
    assert c.due_at is not None
    made = commission(s, c) or Commission(consultation_id=c.id, body=c.commissioned_by, due_at=c.due_at)
    made.due_at = c.due_at
    s.add(made)
    s.flush()
    area = s.get_one(Area, c.area_id)
    sms, voice = texts.reported_sms(c, area), texts.reported_voice(c, area)
    steps.tell(s, c, "reported", sms, voice, actor)
    return made


def answered(s: Session, c: Consultation, actor: str, words: str) -> None:
    """What the body said; residents hear it, too."""
    said = _sayable(words, "answer")
    made = commission(s, c)
    if made is None or guards.happened(s, c, "report") is None:
        raise Refused(f"{c.number}号还没有报给政府", "answer")
    if made.answer:
        raise Refused("答复已经记过了", code="moved")
    made.answer, made.answered_at, made.by = said, clock.now(), actor
    lifecycle.record(s, c, "answer", actor, before=c.state, to=c.state, reason=said)
    area = s.get_one(Area, c.area_id)
    sms, voice = texts.replied_sms(c, area, said), texts.replied_voice(c, area, said)
    steps.tell(s, c, "replied", sms, voice, actor)
