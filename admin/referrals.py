"""Matters handed up and down: the form, what waits for an answer, and the answer."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session

from admin import answers, common
from admin.changing import actor_name, as_it_is
from admin.common import actor, leads, me, panel, reading, runtime, writing
from admin.forms import errors_of, moment
from admin.reaching import told
from gateway.consultation import proposals, referrals
from gateway.consultation.refusal import Refused
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.oversight import Referral
from gateway.people import rights


def card(s: Session, c: Consultation) -> dict[str, Any]:
    """What a matter's page shows of it."""
    found = referrals.of(s, c) if common.sees_words() else []
    return {
        "rows": [_row(s, r) for r in found],
        "may": leads(s, c) and bool(referrals.targets(s, c)) and referrals.waiting(s, c) is None,
    }


def _row(s: Session, r: Referral) -> tuple[Referral, str, str, str]:
    """With whoever hands it on, to whom, and who did it."""
    return r, s.get_one(Area, r.from_id).name, s.get_one(Area, r.to_id).name, actor_name(s, r.by)


def waiting_for_me(s: Session) -> int:
    """How many wait for an answer of my areas."""
    found = select(func.count()).where(Referral.state == "waiting", Referral.to_id == me().area_id)
    return s.scalar(found) or 0


@panel.get("/referrals/")
def referral_list() -> str:
    """Those that wait, then what became of the others."""
    with reading() as s:
        mine = rights.area_ids(s, me())
        found = (
            referrals.between(mine).order_by(Referral.state != "waiting", Referral.due_at.desc()).limit(200)
        )
        rows = [(*_row(s, r), s.get_one(Consultation, r.consultation_id)) for r in s.scalars(found)]
        return render_template("admin/referrals.html", rows=rows)


@panel.get("/consultations/<int:id>/referral")
def referral(id: int) -> Any:
    with reading() as s:
        return _page(s, common.consultation(s, id), {})


def _page(s: Session, c: Consultation, errors: dict[str, str]) -> str:
    r = referrals.waiting(s, c)
    mine = rights.area_ids(s, me())
    return render_template(
        "admin/referral.html", c=c, f=request.form, errors=errors, rows=[_row(s, x) for x in referrals.of(s, c)],
        targets=[(a.id, a.name) for a in referrals.targets(s, c)] if leads(s, c) else [], waiting=r,
        answers=r is not None and r.to_id in mine and r.by != actor(), takes_back=r is not None and r.from_id in mine,
    )  # fmt: skip


def _save(id: int, verb: str, what: Any, done: str) -> Any:
    try:
        with writing() as s:
            c = common.consultation(s, id)
            what(s, c)
            rights.act(s, me(), verb, f"consultation:{c.id}", c.area_id)
            but = told(s, c)
    except Refused as refused:
        if refused.code == "moved":
            flash(refused.why, "error")
            return as_it_is(id)
        with reading() as s:
            return _page(s, common.consultation(s, id), errors_of(refused)), 422
    runtime().wake("bulk", "calls")
    flash(but or done, "error" if but else "message")
    return redirect(url_for("admin.one_consultation", id=id))


@panel.post("/consultations/<int:id>/referral")
def refer(id: int) -> Any:
    f = request.form

    def hand_on(s: Session, c: Consultation) -> None:
        if not leads(s, c):
            raise rights.NotAllowed
        due = moment("due", common.zone())
        referrals.refer(s, c, actor(), f.get("to", 0, type=int), f.get("reason", ""), due)

    return _save(id, "refer", hand_on, _("转过去了，等他们答复"))


@panel.post("/consultations/<int:id>/referral/<any(accept, return_, back):verb>")
def answer_referral(id: int, verb: str) -> Any:
    """Whoever it was handed to takes it or hands it back; whoever handed it on may think again."""

    def answer(s: Session, c: Consultation) -> None:
        r = s.get(Referral, request.form.get("referral", 0, type=int))
        if r is None or r.consultation_id != c.id:
            raise rights.NotVisible
        side = r.from_id if verb == "back" else r.to_id
        if side not in rights.area_ids(s, me()):
            raise rights.NotAllowed
        if verb == "accept":
            referrals.accept(s, c, r, actor())
            for p in proposals.of(s, c):
                answers.proposal_referred(s, p, c)
        elif verb == "back":
            referrals.take_back(s, c, r, actor())
        else:
            referrals.send_back(s, c, r, actor(), request.form.get("answer", ""))

    done = {
        "accept": _("接过来了，往后由这里办"),
        "back": _("收回来了"),
        "return_": _("退回去了，他们看得到原因"),
    }
    return _save(id, f"refer_{verb.rstrip('_')}", answer, done[verb])
