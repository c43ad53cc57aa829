"""From the result to its effect: who still has to be told, meetings that decide, and what the township corrects."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from admin import common
from admin.changing import as_it_is, change, keep_refusal, too_late
from admin.common import actor, leads, me, panel, reading, runtime, writing
from admin.forms import errors_of, moment, whole
from admin.reaching import told
from gateway.consultation import assemblies, lifecycle, matters, quorum, reach, revisions
from gateway.consultation.refusal import Refused
from gateway.models.consultation import Consultation
from gateway.models.meeting import Assembly
from gateway.people import rights

_AREAS = ("members_area", "present_area", "agree_area")


def card(s: Session, c: Consultation) -> dict[str, Any]:
    """What the page of a matter shows of its way from the result to its effect."""
    allowed = lifecycle.allowed(c)
    return {
        "reach": reach.reach(s, c) if c.in_publicity else None,
        "meetings": assemblies.of(s, c),
        "profiles": quorum.PROFILES,
        "may_call": "escalate" in allowed and leads(s, c),
        "why_not": lifecycle.forbidden(s, c, "escalate") if "escalate" in allowed else None,
        "may_extend": "extend" in allowed and leads(s, c),
        "may_order": "order_correction" in allowed and lifecycle.may(s, me(), c, "order_correction"),
        "wants_note": c.state == "OBJECTED",
    }


# ---- who still has to be told -----------------------------------------------------------------


@panel.get("/consultations/<int:id>/visits")
def visits(id: int) -> str:
    """The homes that no telephone has told of the result, to be knocked at and ticked off."""
    with reading() as s:
        c = common.consultation(s, id)
        if not common.sees_names():
            raise rights.NotAllowed
        return render_template(
            "admin/visits.html",
            c=c,
            reach=reach.reach(s, c),
            doors=reach.doors(s, c, rights.area_ids(s, me())),
        )


@panel.post("/consultations/<int:id>/visits")
def tick_door(id: int) -> Response:
    """Somebody told it there."""
    with writing() as s:
        c = common.consultation(s, id, change=True)
        if c.in_publicity and reach.visit(s, c, request.form.get("home", "")[:20], actor()):
            rights.act(s, me(), "visit", f"consultation:{c.id}", c.area_id)
            flash(_("记下了"))
        else:
            flash(_("这一户已经记过，或者公示已经结束"), "error")
    return redirect(url_for("admin.visits", id=id))


@panel.post("/consultations/<int:id>/extend")
def extend_publicity(id: int) -> Response:
    reason = request.form.get("reason", "")
    days = request.form.get("days", 0, type=int)
    return change(id, "extend", lambda s, c: revisions.extend(s, c, actor(), days, reason), _("公示延长了"))


# ---- meetings ----------------------------------------------------------------------------------


def _calling(s: Session, c: Consultation, f: Mapping[str, str], errors: dict[str, str]) -> str:
    return render_template(
        "admin/assembly.html", c=c, f=f, errors=errors, profiles=quorum.PROFILES, meeting=None
    )


@panel.get("/consultations/<int:id>/assembly")
def new_assembly(id: int) -> Any:
    with reading() as s:
        c = common.consultation(s, id, change=True)
        if "escalate" not in lifecycle.allowed(c):
            return as_it_is(id)
        before = assemblies.of(s, c)
        members = before[-1].members if before else matters.voices(s, c)
        body = before[-1].body if before else c.assembly or "representatives"
        return _calling(s, c, {"body": body, "members": str(members)}, {})


@panel.post("/consultations/<int:id>/assembly")
def call_assembly(id: int) -> Any:
    """Call a meeting; everybody is told when and where."""
    f = request.form
    try:
        starts_at = moment("starts_at", common.zone())
        if starts_at is None:
            raise Refused(_("请选开会的日子和钟点"), "starts_at")
        with writing() as s:
            c = common.consultation(s, id, change=True)
            assemblies.call(
                s, c, actor(), body=f.get("body", ""), starts_at=starts_at, place=f.get("place", ""),
                members=whole("members") or 0, called_by=f.get("called_by", ""),
            )  # fmt: skip
            rights.act(s, me(), "escalate", f"consultation:{c.id}", c.area_id)
            but = told(s, c)
    except Refused as refused:
        if refused.code == "moved":
            return too_late(id, "escalate")
        keep_refusal(id, "escalate", refused)
        with reading() as s:
            c = common.consultation(s, id, change=True)
            return _calling(s, c, f, errors_of(refused)), 422
    runtime().wake("bulk", "calls")
    flash(but or _("会定下了，正在通知大家"), "error" if but else "message")
    return redirect(url_for("admin.one_consultation", id=id))


def _number(field: str) -> float:
    typed = request.form.get(field, "").strip()
    try:
        return float(typed) if typed else 0.0
    except ValueError:
        raise Refused(_("请写数字"), field) from None


def _counted() -> assemblies.Count:
    heads = [whole(name) or 0 for name in ("present", "agree", "against", "abstain")]
    areas = [_number(name) for name in _AREAS]
    return assemblies.Count(*heads, *areas)


def _meeting(s: Session, id: int) -> tuple[Assembly, Consultation]:
    meeting = s.get(Assembly, id)
    if meeting is None:
        raise rights.NotVisible
    return meeting, common.consultation(s, meeting.consultation_id, change=True)


@panel.get("/assemblies/<int:id>")
def one_assembly(id: int) -> str:
    with reading() as s:
        meeting, c = _meeting(s, id)
        return _count_page(c, meeting, {}, {}, None)


def _count_page(
    c: Consultation, meeting: Assembly, f: Mapping[str, str], errors: dict[str, str], verdict: quorum.Verdict | None
) -> str:  # fmt: skip
    rule = quorum.PROFILES[meeting.body]
    least = quorum.needed(meeting.members, rule.attend, rule.attend_over)
    return render_template(
        "admin/assembly_count.html", c=c, meeting=meeting, f=f, errors=errors, verdict=verdict, rule=rule, least=least
    )  # fmt: skip


@panel.post("/assemblies/<int:id>")
def count_assembly(id: int) -> Any:
    """``go=look`` works out what the count comes to; otherwise it is kept, and people are told."""
    f = request.form
    try:
        given = _counted()
        if f.get("go") == "look":
            with reading() as s:
                meeting, c = _meeting(s, id)
                return _count_page(c, meeting, f, {}, assemblies.verdict(meeting, given))
        with writing() as s:
            meeting, c = _meeting(s, id)
            minutes, approved = f.get("minutes", ""), f.get("approved_by", "")
            found = assemblies.count(s, c, meeting, actor(), given, minutes=minutes, approved_by=approved)
            rights.act(s, me(), "count_assembly", f"consultation:{c.id}", c.area_id, str(asdict(given)))
            but, back = told(s, c), c.id
    except Refused as refused:
        with reading() as s:
            meeting, c = _meeting(s, id)
            if refused.code == "moved":
                return as_it_is(c.id)
            page, about = _count_page(c, meeting, f, errors_of(refused), None), c.id
        keep_refusal(about, "count", refused)
        return page, 422
    runtime().wake("bulk", "calls")
    said = (
        _("会上通过了，可以公布结果")
        if found.passed
        else _("会上没通过")
        if found.quorum
        else _("人数不够，这次会不算数")
    )
    flash(but or said, "error" if but else "message")
    return redirect(url_for("admin.one_consultation", id=back))


# ---- correction ----------------------------------------------------------------------------------


@panel.post("/consultations/<int:id>/correction")
def order_correction(id: int) -> Response:
    """The township stops what breaks the law, and says which and why."""
    basis, why = request.form.get("basis", ""), request.form.get("explanation", "")
    return change(
        id, "order_correction", lambda s, c: revisions.order_correction(s, c, actor(), basis, why),
        _("已责令改正，正在告诉大家"),
    )  # fmt: skip


@panel.post("/consultations/<int:id>/note")
def supervision_note(id: int) -> Response:
    """What the supervision committee thinks of an objection that is to be overruled."""
    words = request.form.get("words", "")
    with writing() as s:
        c = common.consultation(s, id)
        try:
            assemblies.note(s, c, actor(), words)
        except Refused as refused:
            flash(refused.why, "error")
        else:
            rights.act(s, me(), "supervision_note", f"consultation:{c.id}", c.area_id)
            flash(_("记下了"))
    return redirect(url_for("admin.one_consultation", id=id))
