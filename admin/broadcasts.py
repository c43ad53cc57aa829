"""Broadcasts: what was sent, how far it got, who must agree, and what can be done about what went wrong."""

from collections.abc import Iterator
from typing import Any

from flask import Response, flash, redirect, render_template, request, stream_with_context, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response as AnyResponse

from admin import common, words
from admin.broadcast_form import too_dear
from admin.common import actor, me, panel, reading, runtime, writing
from admin.forms import page_number
from admin.reaching import held, looking_ahead
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.organizer import Organizer
from gateway.models.outreach import Broadcast
from gateway.outreach import broadcasts as gate
from gateway.outreach import export, reconcile, watching
from gateway.people import rights

# what an organizer can look at by itself: the states that are called the same
_FILTERS = {
    "waiting": ("planned", "claimed"),
    "submitting": ("submitting",),
    "unknown": ("unknown",),
    "accepted": ("accepted",),
    "sent": ("sent",),
    "failed": ("failed", "undelivered"),
    "delivered": ("delivered",),
}
_VERBS = {"pause": gate.pause, "resume": gate.resume, "cancel": gate.cancel}


def heaps(counts: dict[str, int]) -> dict[str, int]:
    """A broadcast's deliveries in the five heaps an organizer thinks in; ``moving`` ones may still change."""
    total = sum(counts.values())
    return {
        "total": total,
        "delivered": counts["delivered"],
        "with_carrier": counts["accepted"] + counts["sent"],
        "failed": counts["failed"] + counts["undelivered"],
        "unknown": counts["unknown"],
        "waiting": counts["planned"] + counts["claimed"] + counts["submitting"],
        "moving": total - counts["delivered"] - counts["failed"] - counts["undelivered"],
    }


def _consultations(s: Session, rows: list[Broadcast]) -> dict[int, Consultation]:
    wanted = {b.consultation_id for b in rows if b.consultation_id}
    return {c.id: c for c in s.scalars(select(Consultation).where(Consultation.id.in_(wanted)))}


@panel.get("/broadcasts/")
def broadcasts() -> str:
    with reading() as s:
        rows = list(s.scalars(rights.broadcasts(s, me()).order_by(Broadcast.id.desc()).limit(100)))
        return render_template(
            "admin/broadcasts.html",
            rows=[(b, heaps(gate.counts(s, b))) for b in rows],
            matters=_consultations(s, rows),
            alarms=common.alarms(s),
        )


def _far(s: Session, b: Broadcast) -> dict[str, Any]:
    """How far a broadcast is: its heaps, its pace, and what the rest waits for."""
    st, seen = runtime().settings, watching.progress(s, b)
    waits = watching.waiting(s, st, b) if seen.counts["planned"] else []
    return {"b": b, "p": heaps(seen.counts), "seen": seen, "waits": waits}


@panel.get("/broadcasts/<int:id>")
def one_broadcast(id: int) -> Any:
    state = request.args.get("state", "")
    with reading() as s:
        b = rights.get(s, rights.broadcasts(s, me()), Broadcast, id)
        if b.state == "draft":
            return redirect(url_for("admin.broadcast_preview", id=id))
        st, area = runtime().settings, s.get_one(Area, b.area_id)
        within = rights.area_ids(s, me())
        far = _far(s, b)
        counts = far["seen"].counts
        ahead = looking_ahead(s, b) if b.state == "waiting" else {"preview": None, **held(b)}
        return render_template(
            "admin/broadcast.html",
            c=s.get(Consultation, b.consultation_id) if b.consultation_id else None,
            area=area,
            mine=b.by == actor(),
            maker=_name(s, b.by),
            approver=_name(s, f"organizer:{b.approved_by}") if b.approved_by else "",
            rows=watching.deliveries(s, st, b, _FILTERS.get(state, ()), page_number(), within=within),
            state=state if state in _FILTERS else "",
            filters=[(name, some[0], sum(counts[one] for one in some)) for name, some in _FILTERS.items()],
            troubles=watching.troubles(s, b),
            missed=len(watching.doors(s, b, within)) if b.state in ("done", "cancelled") else 0,
            alarms=common.alarms(s),
            **far,
            **ahead,
        )


def _name(s: Session, by: str) -> str:
    kind, _colon, id = by.partition(":")
    o = s.get(Organizer, int(id)) if kind == "organizer" and id.isdigit() else None
    return o.name if o else {"clock": _("到时间自动"), "sample": _("样例")}.get(kind, _("后台"))


@panel.get("/broadcasts/<int:id>/live")
def broadcast_live(id: int) -> str:
    """The progress alone; stops asking for itself once nothing can change any more."""
    with reading() as s:
        b = rights.get(s, rights.broadcasts(s, me()), Broadcast, id)
        return render_template("admin/_progress.html", **_far(s, b))


def as_it_is(no: gate.NotPossible) -> str:
    """Pressed twice, or somebody else was first: no fault, only another state than the page had."""
    return _("这条通知现在是“%(state)s”，下面是现在的样子", state=words.BROADCASTS.get(str(no), str(no)))


@panel.post("/broadcasts/<int:id>/<any(pause, resume, cancel):verb>")
def steer_broadcast(id: int, verb: str) -> AnyResponse:
    try:
        with writing() as s:
            b = rights.get(s, rights.broadcasts(s, me()), Broadcast, id)
            rights.act(s, me(), f"broadcast_{verb}", f"broadcast:{id}", b.area_id)
            _VERBS[verb](s, b)
    except gate.NotPossible as no:
        flash(as_it_is(no))
    else:
        runtime().wake("bulk", "calls")
    return redirect(url_for("admin.one_broadcast", id=id))


@panel.post("/broadcasts/<int:id>/approve")
def approve_broadcast(id: int) -> AnyResponse:
    """The second organizer agrees, and it goes."""
    try:
        with writing() as s:
            b = rights.get(s, rights.broadcasts(s, me()), Broadcast, id)
            rights.act(s, me(), "broadcast_approve", f"broadcast:{id}", b.area_id)
            n = gate.approve(s, runtime().settings, b, me())
    except gate.SamePerson:
        flash(_("这条是您写的，要另一位组织员点头"), "error")
    except gate.NotPossible as no:
        flash(as_it_is(no))
    except gate.OverBudget as over:
        flash(too_dear(over), "error")
    else:
        runtime().wake("bulk", "calls")
        flash(_("开始发送，共 %(n)s 部电话", n=n))
    return redirect(url_for("admin.one_broadcast", id=id))


@panel.post("/broadcasts/<int:id>/return")
def return_broadcast(id: int) -> AnyResponse:
    """Back to its maker, with a reason; a draft again."""
    try:
        with writing() as s:
            b = rights.get(s, rights.broadcasts(s, me()), Broadcast, id)
            rights.act(s, me(), "broadcast_return", f"broadcast:{id}", b.area_id)
            gate.send_back(s, b, request.form.get("reason", ""))
    except gate.NotPossible as no:
        flash(as_it_is(no))
    else:
        flash(_("退回去了，还是草稿"))
    return redirect(url_for("admin.one_broadcast", id=id))


@panel.post("/broadcasts/<int:id>/ask")
def ask_carrier(id: int) -> AnyResponse:
    """Have the clock's next round ask the carrier about what nobody knows."""
    with writing() as s:
        b = rights.get(s, rights.broadcasts(s, me()), Broadcast, id)
        rights.act(s, me(), "broadcast_ask", f"broadcast:{id}", b.area_id)
        n = reconcile.ask_now(s, b)
    flash(_("正在问运营商 %(n)s 条，过几秒看结果", n=n))
    return redirect(url_for("admin.one_broadcast", id=id))


@panel.get("/broadcasts/<int:id>/export.csv")
def export_broadcast(id: int) -> AnyResponse:
    """Every delivery as a line for a spreadsheet program; who took it away is on record."""
    with writing() as s:
        b = rights.get(s, rights.broadcasts(s, me()), Broadcast, id)
        rights.note(s, actor(), "broadcast_export", f"broadcast:{id}", b.area_id)
        within = rights.area_ids(s, me())
    names, st = common.sees_names(), runtime().settings

    def lines() -> Iterator[str]:
        with reading() as s:
            yield from export.lines(s, st.zone, s.get_one(Broadcast, id), names=names, within=within)

    answer = Response(stream_with_context(lines()), mimetype="text/csv")
    answer.headers["Content-Disposition"] = f"attachment; filename=broadcast-{id}.csv"
    return answer
