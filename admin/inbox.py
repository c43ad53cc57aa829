"""What residents said: opinions, objections, voice messages; answering them and listening to them."""

import io
from collections.abc import Iterable
from typing import Any

from flask import abort, flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from sqlalchemy import case, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from admin import answers, common, proposals, words
from admin.auth import _inside
from admin.common import actor, me, panel, reading, runtime, writing
from admin.forms import page_number
from gateway.consultation import matters, opinions
from gateway.consultation import objections as gate
from gateway.consultation.refusal import Refused
from gateway.models.answer import FOR_WATCHERS, Objection, Opinion, Recording
from gateway.models.consultation import Consultation
from gateway.models.outreach import Delivery
from gateway.models.person import Claim, Handset
from gateway.models.topic import Proposal
from gateway.outreach import singles
from gateway.people import rights
from gateway.phones import HIDDEN

TABS = ("opinions", "objections", "voice")
SIZE = 30


@panel.get("/inbox/")
def inbox() -> str:
    tab = request.args.get("tab", "opinions")
    tab = tab if tab in TABS else "opinions"
    page = page_number()
    said: Any
    with reading() as s:
        if tab == "objections":
            said = rights.objections(s, me()).order_by(
                Objection.state != "open",
                case((Objection.state == "open", Objection.due_at)),
                Objection.id.desc(),
            )
        else:
            urgent_last = (Opinion.kind != "emergency", Opinion.kind != "callback", Opinion.id.desc())
            said = rights.opinions(s, me()).order_by(Opinion.done_at.is_not(None), *urgent_last)
            if tab == "voice":
                said = said.where(Opinion.recording_id.is_not(None))
        rows = list(s.scalars(said.limit(SIZE + 1).offset((page - 1) * SIZE)))
        about = {r.consultation_id for r in rows}
        return render_template(
            "admin/inbox.html",
            tab=tab,
            rows=rows[:SIZE],
            page=page,
            more=len(rows) > SIZE,
            people=common.people(s, [r.person_id for r in rows]),
            matters={c.id: c for c in s.scalars(select(Consultation).where(Consultation.id.in_(about)))},
            recordings=common.recordings(s, [r.recording_id for r in rows]),
            letters=letters(s, "objection", rows) if tab == "objections" else {},
            waited=waited(s, rows) if tab == "objections" else (),
            later=later(s, rows) if tab == "objections" else {},
        )


def waited(s: Session, rows: list[Objection]) -> set[int]:
    """The objections among these whose reason may still come."""
    return {x.id for x in rows if x.state == "open" and gate.reason_may_come(s, x)}


def later(s: Session, rows: Iterable[Objection]) -> dict[int, list[Opinion]]:
    """What the objectors said on the same matter after they had objected, by objection: a second recording, say."""
    rows = list(rows)
    said = s.scalars(
        select(Opinion)
        .where(
            Opinion.person_id.in_({x.person_id for x in rows if x.person_id}), Opinion.anonymous.is_(False)
        )
        .where(Opinion.consultation_id.in_({x.consultation_id for x in rows}))
        .order_by(Opinion.id)
    ).all()
    return {
        x.id: [
            o for o in said
            if (o.person_id, o.consultation_id) == (x.person_id, x.consultation_id)
            and x.created_at <= o.created_at
            and (x.closed_at is None or o.created_at <= x.closed_at)
        ]
        for x in rows
    }  # fmt: skip


def letters(s: Session, kind: str, rows: Iterable[Any]) -> dict[int, list[singles.Single]]:
    """What was told to each of them alone, by the row it answers."""
    named = {f"{kind}:{row.id}": row.id for row in rows}
    return {named[key]: told for key, told in singles.about(s, runtime().settings, named).items()}


@panel.post("/singles/<int:id>/again")
def send_again(id: int) -> Response:
    """Another try of a single message that failed; whoever sees what it answers, or whose telephone it is, may ask."""
    with writing() as s:
        found = s.get(Delivery, id)
        if found is None or found.broadcast_id is not None:
            raise rights.NotVisible
        kind, _colon, row = (found.subject or "").partition(":")
        if kind == "objection":
            rights.get(s, rights.objections(s, me()), Objection, int(row))
        elif kind == "opinion":
            rights.get(s, rights.opinions(s, me()), Opinion, int(row))
        elif kind == "proposal":
            rights.get(s, proposals.visible(s), Proposal, int(row))
        elif kind == "claim":
            rights.get(s, rights.claims(s, me()), Claim, int(row))
        else:
            rights.get(s, rights.handsets(s, me()), Handset, found.handset_id)
        rights.act(s, me(), "send_again", f"delivery:{id}")
        done = singles.again(s, found)
    runtime().wake("replies", "calls")
    flash(_("再试一次，过一会儿看看到了没有") if done else _("这一条不用再发，下面是现在的样子"))
    return _back()


def _back(tab: str = "opinions") -> Response:
    return redirect(_inside(request.form.get("back", "") or url_for("admin.inbox", tab=tab)))


@panel.post("/opinions/<int:id>/done")
def opinion_done(id: int) -> Response:
    with writing() as s:
        opinion = rights.get(s, rights.opinions(s, me()), Opinion, id)
        rights.act(s, me(), "opinion_done", f"opinion:{id}")
        opinions.done(s, opinion, me())
    return _back()


@panel.post("/opinions/<int:id>/heard")
def watchers_done(id: int) -> Response:
    """The supervision committee has dealt with what was said to it alone."""
    with writing() as s:
        to_them = rights.opinions(s, me()).where(Opinion.kind == FOR_WATCHERS)
        opinion = rights.get(s, to_them, Opinion, id)
        rights.act(s, me(), "watchers_done", f"opinion:{id}")
        opinions.done(s, opinion, me())
    return _back()


@panel.post("/opinions/<int:id>/phone")
def opinion_phone(id: int) -> str:
    """The number of somebody who is to be rung, for whoever will ring; written down in the audit."""
    with writing() as s:
        opinion = rights.get(s, rights.opinions(s, me()), Opinion, id)
        rights.act(s, me(), "phone_seen", f"opinion:{id}")
        phone = s.get(Handset, opinion.handset_id) if opinion.handset_id else None
        number = phone.number if phone and phone.number != HIDDEN else ""
        who = common.people(s, [opinion.person_id]).get(opinion.person_id or 0)
        letters = singles.to(s, runtime().settings, [phone.id]) if phone and number else []
        return render_template("admin/ring.html", x=opinion, number=number, person=who, letters=letters)


@panel.get("/objections/<int:id>")
def one_objection(id: int) -> str:
    with reading() as s:
        objection = rights.get(s, rights.objections(s, me()), Objection, id)
        return _objection_page(s, objection, request.args, "")


def _objection_page(s: Session, objection: Objection, typed: Any, problem: str) -> str:
    c = s.get_one(Consultation, objection.consultation_id)
    return render_template(
        "admin/objection.html",
        x=objection,
        c=c,
        people=common.people(s, [objection.person_id]),
        recording=s.get(Recording, objection.recording_id) if objection.recording_id else None,
        leads=common.leads(s, c),
        f=typed,
        problem=problem,
        letters=letters(s, "objection", [objection]),
        room=answers.room(s, objection),
        may_come=gate.reason_may_come(s, objection),
        later=(more := later(s, [objection])[objection.id]),
        recordings=common.recordings(s, [o.recording_id for o in more]),
        by_text=answers.by_text(s, objection),
    )


@panel.post("/objections/<int:id>/<any(explain, resolve, withdraw):verb>")
def settle_objection(id: int, verb: str) -> Any:
    """Explain (the words go to the resident), note that it is settled, or take it back for the resident."""
    typed = request.form.get("explanation", "").strip()
    reached = True
    try:
        with writing() as s:
            objection = rights.get(s, rights.objections(s, me()), Objection, id)
            c = common.consultation(s, objection.consultation_id, change=True)
            rights.act(s, me(), f"objection_{verb}", f"objection:{id}", c.area_id)
            if verb == "explain":
                matters.fits(typed, "explanation", matters.LONGEST - answers.room(s, objection))
                gate.explain(s, objection, typed, me())
                reached = answers.explained(s, objection, typed)
            elif verb == "resolve":
                gate.resolve(s, objection, me(), typed)
            else:
                gate.withdraw(s, objection, actor())
            if verb != "explain":
                reached = answers.closed(s, objection, verb)
    except Refused as refused:
        with reading() as s:
            objection = rights.get(s, rights.objections(s, me()), Objection, id)
            if refused.code == "moved" and typed in ("", objection.explanation):  # pressed twice
                state = words.OBJECTIONS.get(objection.state, objection.state)
                flash(_("这条反对现在是“%(state)s”，下面是现在的样子", state=state))
                return redirect(url_for("admin.one_objection", id=id))
            return _objection_page(s, objection, request.form, refused.why), 422
    runtime().wake("replies", "calls")
    if verb == "explain":
        untold = _("解释记下了；这位居民没有留电话，或者说过不要联系，请当面告诉")
        flash(_("解释记下了，正在告诉居民") if reached else untold)
    else:
        flash(_("记下了，正在告诉本人") if reached else _("记下了"))
    return _back("objections")


@panel.get("/recordings/<int:id>.wav")
def recording(id: int) -> Response:
    """A resident's voice, for those who may see what it belongs to."""
    with reading() as s:
        found = rights.get(s, rights.recordings(s, me()), Recording, id)
    if found.state != "kept" or not found.file:
        abort(404)
    return sound_file(f"recordings/{found.copy or found.file}")


def sound_file(name: str) -> Response:
    """A sound from the store, with the ranges that browsers ask for."""
    try:
        data = runtime().store.get(name)
    except FileNotFoundError:
        abort(404)
    kind = "audio/mpeg" if name.endswith(".mp3") else "audio/wav"
    return send_file(io.BytesIO(data), mimetype=kind, conditional=True, max_age=0)
