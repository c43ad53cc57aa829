"""The supervision committee at the panel: opening a matter with a reason, asking for answers, and what became of them."""

from collections.abc import Iterable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from admin import common, words
from admin.auth import _inside
from admin.changing import actor_name
from admin.common import actor, leads, me, panel, reading, writing
from admin.forms import errors_of, moment
from gateway.consultation import lifecycle, oversight
from gateway.consultation.refusal import Refused
from gateway.models.answer import FOR_WATCHERS, Opinion
from gateway.models.consultation import Consultation, ConsultationEvent
from gateway.models.oversight import Flag
from gateway.people import rights

_SHOWN = {"open": ("open",), "answered": ("answered",), "settled": ("accepted", "again")}


# ---- opening a matter -------------------------------------------------------------------------


@panel.get("/consultations/<int:id>/inspect")
def inspection(id: int) -> str:
    with reading() as s:
        return _ask_why(s, id, {})


def _ask_why(s: Session, id: int, errors: dict[str, str]) -> str:
    c = rights.get(s, rights.consultations(s, me()), Consultation, id)
    back = _inside(request.values.get("back", "") or url_for("admin.one_consultation", id=id))
    return render_template("admin/inspection.html", c=c, back=back, f=request.form, errors=errors)


@panel.post("/consultations/<int:id>/inspect")
def inspect(id: int) -> Any:
    """Who looked, at what and why: in the matter's record, and in the panel's."""
    try:
        with writing() as s:
            c = rights.get(s, rights.consultations(s, me()), Consultation, id)
            oversight.inspect(s, c, actor(), request.form.get("reason", ""))
            rights.act(s, me(), "inspect", f"consultation:{c.id}", c.area_id)
    except Refused as refused:
        with reading() as s:
            return _ask_why(s, id, errors_of(refused)), 422
    return redirect(_inside(request.form.get("back", "") or url_for("admin.one_consultation", id=id)))


# ---- asking for an answer ---------------------------------------------------------------------


def card(s: Session, c: Consultation) -> dict[str, Any]:
    """What a matter's page shows of it."""
    return {"flags": oversight.of(s, c) if common.sees_words() else [], "asks": me().may("hear")}


def _page(s: Session, c: Consultation, errors: dict[str, str]) -> str:
    return render_template(
        "admin/oversight.html", c=c, rows=_rows(s, oversight.of(s, c)), f=request.form, errors=errors, answers=leads(s, c),
        steps=[(0, _("整件事")), *((e.id, _step(e)) for e in lifecycle.history(s, c) if e.event not in _ABOUT_US)],
        mine=me().area_id if me().may("hear") else 0, step=_step,
    )  # fmt: skip


_ABOUT_US = ("inspect", "flag", "flag_answer", "flag_accept")


def _step(e: ConsultationEvent) -> str:
    return f"{common.day(e.created_at)} {words.EVENTS.get(e.event, words.STATES.get(e.to_state, e.to_state))}"


@panel.get("/consultations/<int:id>/flags")
def flags_of(id: int) -> str:
    """What the committee asked about one matter, and what was answered."""
    with reading() as s:
        if not common.sees_words():
            raise rights.NotAllowed
        return _page(s, common.consultation(s, id), {})


def _rows(s: Session, flags: Iterable[Flag]) -> list[tuple[Flag, str, ConsultationEvent | None]]:
    """Each with whoever asks, and the step it is about."""
    return [
        (flag, actor_name(s, flag.by), s.get(ConsultationEvent, flag.event_id) if flag.event_id else None)
        for flag in flags
    ]


@panel.get("/flags/")
def flags() -> str:
    """The queue: what waits for an answer, what was answered, and what is settled."""
    shown = request.args.get("show", "open")
    shown = shown if shown in _SHOWN else "open"
    with reading() as s:
        seen = oversight.visible(rights.consultations(s, me()))
        found = seen.where(Flag.state.in_(_SHOWN[shown])).order_by(Flag.due_at, Flag.id).limit(200)
        rows = [(flag, s.get_one(Consultation, flag.consultation_id)) for flag in s.scalars(found)]
        told = rights.opinions(s, me()).where(Opinion.kind == FOR_WATCHERS, Opinion.done_at.is_(None))
        voices = s.scalar(select(func.count()).select_from(told.subquery())) if me().may("hear") else 0
        return render_template("admin/flags.html", rows=rows, shown=shown, voices=voices, all=_SHOWN)


def _change(id: int, verb: str, what: Any, done: str) -> Any:
    """One step about a flag; a refusal stands at its field, and nothing typed is lost."""
    try:
        with writing() as s:
            c = common.consultation(s, id)
            what(s, c)
            rights.act(s, me(), verb, f"consultation:{c.id}", c.area_id)
    except Refused as refused:
        with reading() as s:
            return _page(s, common.consultation(s, id), errors_of(refused)), 422
    flash(done)
    return redirect(url_for("admin.flags_of", id=id))


@panel.post("/consultations/<int:id>/flags")
def raise_flag(id: int) -> Any:
    f = request.form

    def ask(s: Session, c: Consultation) -> None:
        due = moment("due", common.zone())
        oversight.ask(s, c, actor(), me().area_id, f.get("words", ""), due, f.get("step", 0, type=int))

    return _change(id, "flag", ask, _("记下了，办这件事的人要按日子答复"))


def _flag(s: Session, c: Consultation) -> Flag:
    flag = s.get(Flag, request.form.get("flag", 0, type=int))
    if flag is None or flag.consultation_id != c.id:
        raise rights.NotVisible
    return flag


@panel.post("/consultations/<int:id>/flags/answer")
def answer_flag(id: int) -> Any:
    """By whoever leads the matter."""

    def answer(s: Session, c: Consultation) -> None:
        if not leads(s, c):
            raise rights.NotAllowed
        oversight.answer(s, c, _flag(s, c), actor(), request.form.get("answer", ""))

    return _change(id, "flag_answer", answer, _("答复了，等监督委员会看"))


@panel.post("/consultations/<int:id>/flags/<any(accept, again):verb>")
def settle_flag(id: int, verb: str) -> Any:
    """The committee that asked takes the answer, or asks again."""

    def settle(s: Session, c: Consultation) -> None:
        flag = _flag(s, c)
        if flag.area_id != me().area_id:
            raise rights.NotAllowed
        if verb == "accept":
            oversight.accept(s, c, flag, actor())
        else:
            due = moment("due", common.zone())
            oversight.again(s, c, flag, actor(), request.form.get("words", ""), due)

    done = _("认可了") if verb == "accept" else _("又提了一次，要按新的日子答复")
    return _change(id, f"flag_{verb}", settle, done)
