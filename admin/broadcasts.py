"""Broadcasts: what was sent, how far it got, and a free notice of one's own."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from admin.common import actor, me, panel, reading, runtime, writing
from admin.consultations import held
from admin.forms import page_number
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.outreach import RANK, Broadcast
from gateway.outreach import audience
from gateway.outreach import broadcasts as gate
from gateway.people import rights

MAX_WORDS = 500
_VERBS = {"pause": gate.pause, "resume": gate.resume, "cancel": gate.cancel}


def progress(counts: dict[str, int]) -> dict[str, int]:
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
            rows=[(b, progress(gate.counts(s, b))) for b in rows],
            matters=_consultations(s, rows),
        )


def _form(s: Session, typed: Any, errors: dict[str, str]) -> str:
    return render_template("admin/broadcast_form.html", f=typed, errors=errors, areas=rights.areas(s, me()))


@panel.get("/broadcasts/new")
def new_broadcast() -> str:
    with reading() as s:
        draft = request.args.get("draft", 0, type=int)
        if draft:
            b = rights.get(s, rights.broadcasts(s, me()), Broadcast, draft)
            typed = {
                "area": str(b.area_id),
                "channel": b.channel,
                "sms": b.sms,
                "voice": b.voice,
                "draft": b.id,
                "group": b.audience.get("group", ""),
            }
            return _form(s, typed, {})
        area = s.get_one(Area, me().area_id)
        return _form(s, {"area": str(area.id), "channel": "auto", "sms": area.signed}, {})


@panel.post("/broadcasts/new")
def create_broadcast() -> Any:
    """Keep the words as a draft and show whom they would reach."""
    f, errors = request.form, {}
    channel, sms, voice = f.get("channel", "auto"), f.get("sms", "").strip(), f.get("voice", "").strip()
    with writing() as s:
        visible = {a.id: a for a in rights.areas(s, me())}
        area = visible.get(f.get("area", 0, type=int))
        bare = sms == area.signed if area else False
        if area is None:
            errors["area"] = _("请选择村或社区")
        if channel not in audience.CHANNELS:
            errors["channel"] = _("请选怎么通知")
        if (not sms or bare) and not voice:
            errors["sms"] = _("请写上要通知的话")
        elif len(sms) > MAX_WORDS:
            errors["sms"] = _("太长了，请不要超过%(n)s个字", n=MAX_WORDS)
        if len(voice) > MAX_WORDS:
            errors["voice"] = _("太长了，请不要超过%(n)s个字", n=MAX_WORDS)
        if not errors and area:
            if sms and not sms.startswith("【"):
                sms = area.signed + sms  # operators drop unsigned texts
            b = _draft(s, area, channel, area.signed + voice if not sms or bare else sms, voice)
            rights.act(s, me(), "broadcast_draft", f"broadcast:{b.id}", area.id)
            made = b.id
    if errors:
        with reading() as s:
            return _form(s, f, errors), 422
    return redirect(url_for("admin.broadcast_preview", id=made))


def _draft(s: Session, area: Area, channel: str, sms: str, voice: str) -> Broadcast:
    """The draft that is being changed, or a new one."""
    from gateway import text

    spoken = voice or text.without_signature(sms)
    known = request.form.get("draft", 0, type=int)
    b = (
        s.scalar(rights.broadcasts(s, me()).where(Broadcast.id == known, Broadcast.state == "draft"))
        if known
        else None
    )
    if b is None:
        b = gate.create(s, area=area, channel=channel, sms=sms, voice=spoken, by=actor())
    b.area_id, b.channel, b.sms, b.voice = area.id, channel, sms, spoken
    b.audience = audience.Audience(group=request.form.get("group", "").strip()).to_json()
    return b


@panel.get("/broadcasts/<int:id>/preview")
def broadcast_preview(id: int) -> Any:
    with reading() as s:
        b = rights.get(s, rights.broadcasts(s, me()), Broadcast, id)
        if b.state != "draft":
            return redirect(url_for("admin.one_broadcast", id=id))
        found = audience.preview(s, runtime().settings, b)
        return render_template(
            "admin/broadcast_preview.html",
            b=b,
            group=b.audience.get("group", ""),
            preview=found,
            sms=b.sms,
            voice=b.voice,
            **held(),
        )


@panel.post("/broadcasts/<int:id>/start")
def start_broadcast(id: int) -> Response:
    """Send it. Pressed twice, it is still sent once."""
    try:
        with writing() as s:
            b = rights.get(s, rights.broadcasts(s, me()), Broadcast, id)
            rights.act(s, me(), "broadcast_start", f"broadcast:{id}", b.area_id)
            n = gate.start(s, runtime().settings, b)
    except gate.NotPossible:
        flash(_("这条通知已经在发了"))
    else:
        runtime().wake("bulk", "calls")
        flash(_("开始发送，共 %(n)s 部电话", n=n))
    return redirect(url_for("admin.one_broadcast", id=id))


@panel.post("/broadcasts/<int:id>/<any(pause, resume, cancel):verb>")
def steer_broadcast(id: int, verb: str) -> Response:
    try:
        with writing() as s:
            b = rights.get(s, rights.broadcasts(s, me()), Broadcast, id)
            rights.act(s, me(), f"broadcast_{verb}", f"broadcast:{id}", b.area_id)
            _VERBS[verb](s, b)
    except gate.NotPossible:
        flash(_("现在不能这样办，请看看最新状态"), "error")
    else:
        runtime().wake("bulk", "calls")
    return redirect(url_for("admin.one_broadcast", id=id))


@panel.get("/broadcasts/<int:id>")
def one_broadcast(id: int) -> str:
    state = request.args.get("state", "")
    with reading() as s:
        b = rights.get(s, rights.broadcasts(s, me()), Broadcast, id)
        c = s.get(Consultation, b.consultation_id) if b.consultation_id else None
        rows = gate.deliveries(s, b, state if state in RANK else None, page_number())
        counts = gate.counts(s, b)
        return render_template(
            "admin/broadcast.html",
            b=b,
            c=c,
            area=s.get_one(Area, b.area_id),
            p=progress(counts),
            counts=counts,
            rows=rows,
            state=state,
            **held(),
        )


@panel.get("/broadcasts/<int:id>/live")
def broadcast_live(id: int) -> str:
    """The progress alone; stops asking for itself once nothing can change any more."""
    with reading() as s:
        b = rights.get(s, rights.broadcasts(s, me()), Broadcast, id)
        return render_template("admin/_progress.html", b=b, p=progress(gate.counts(s, b)), **held())
