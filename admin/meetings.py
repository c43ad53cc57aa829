"""Meetings: what is coming, planning one, inviting to it, holding it, and what was said."""

from collections.abc import Callable
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin import common
from admin.common import actor, me, panel, reading, runtime, writing
from admin.forms import errors_of, moment, whole
from admin.participants import answers, guest_name, phone_of
from admin.reaching import told
from gateway import clock, invitations
from gateway.consultation import matters, meetings, steps
from gateway.consultation.refusal import Refused
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.outreach import Broadcast
from gateway.models.participation import FORMS, Invitation, Meeting, Participant
from gateway.models.person import Handset, Person
from gateway.outreach import broadcasts, singles
from gateway.people import residents, rights


@panel.get("/meetings/")
def meetings_coming() -> str:
    """Every meeting of the organizer's areas, a day after the other: what comes first, then what was held."""
    with reading() as s:
        visible = rights.consultations(s, me()).with_only_columns(Consultation.id)
        found = select(Meeting).where(Meeting.consultation_id.in_(visible), Meeting.state != "cancelled")
        rows = list(s.scalars(found.order_by(Meeting.starts_at.desc()).limit(200)))
        about = {c.id: c for c in s.scalars(rights.consultations(s, me()))}
        days: dict[str, list[tuple[Meeting, Consultation, dict[str, int]]]] = {}
        for m in sorted(rows, key=lambda m: (not m.coming, m.starts_at)):
            days.setdefault(common.day(m.starts_at), []).append(
                (m, about[m.consultation_id], answers(s, m.id))
            )
        return render_template("admin/meetings.html", days=days, forms=FORMS)


def _one(s: Session, id: int, *, change: bool = False) -> tuple[Meeting, Consultation]:
    m = s.get(Meeting, id)
    if m is None:
        raise rights.NotVisible
    return m, common.consultation(s, m.consultation_id, change=change)


def _form(s: Session, c: Consultation, f: Any, errors: dict[str, str]) -> str:
    return render_template("admin/meeting_form.html", c=c, f=f, errors=errors, forms=FORMS)


@panel.get("/consultations/<int:id>/meetings/new")
def new_meeting(id: int) -> str:
    with reading() as s:
        return _form(s, common.consultation(s, id, change=True), {"form": "hearing", "listen": "1"}, {})


@panel.post("/consultations/<int:id>/meetings/new")
def plan_meeting(id: int) -> Any:
    f = request.form
    try:
        with writing() as s:
            c = common.consultation(s, id, change=True)
            at = moment("starts_at", common.zone())
            if at is None:
                raise Refused(_("请写哪天几点"), "starts_at")
            m = meetings.plan(
                s, c, form=f.get("form", ""), starts_at=at, place=f.get("place", ""),
                listen=bool(f.get("listen")), everybody=bool(f.get("everybody")), by=actor(),
            )  # fmt: skip
            rights.act(s, me(), "meeting_plan", f"meeting:{m.id}", c.area_id)
            made = m.id
    except Refused as refused:
        with reading() as s:
            return _form(s, common.consultation(s, id, change=True), f, errors_of(refused)), 422
    return redirect(url_for("admin.one_meeting", id=made))


def _page(s: Session, m: Meeting, c: Consultation, errors: dict[str, str]) -> str:
    text = request.values.get("q", "").strip()
    mine = sorted(set(matters.area_ids(s, c)) & set(rights.area_ids(s, me())))
    rows = meetings.invited(s, m)
    on_list = {p.id for _i, p in rows}
    others = s.scalars(
        select(Participant).where(Participant.consultation_id == c.id).order_by(Participant.id)
    )
    area = s.get_one(Area, c.area_id)
    subject = f"{meetings.STAGE}{m.id}"
    return render_template(
        "admin/meeting.html",
        c=c,
        m=m,
        rows=rows,
        others=[p for p in others if p.id not in on_list],
        people=common.people(s, [p.person_id for _i, p in rows] + [p.person_id for p in _others(s, c)]),
        guest_name=guest_name,
        count=answers(s, m.id),
        errors=errors,
        f=request.form,
        q=text,
        found=residents.search(s, mine, text, 1, 20) if text else None,
        sms=meetings.invitation_sms(m, c, area),
        letters=singles.about(s, runtime().settings, [subject, f"meeting-off:{m.id}"]),
        subject=subject,
        sent=s.scalar(
            select(Broadcast).where(Broadcast.consultation_id == c.id, Broadcast.stage == subject).limit(1)
        ),
        hall=s.get(Handset, m.hall_id) if m.hall_id else None,
        leads=common.leads(s, c),
        due=m.starts_at <= clock.now(),
    )


def _others(s: Session, c: Consultation) -> list[Participant]:
    return list(s.scalars(select(Participant).where(Participant.consultation_id == c.id)))


@panel.get("/meetings/<int:id>")
def one_meeting(id: int) -> str:
    with reading() as s:
        return _page(s, *_one(s, id), {})


def _change(id: int, verb: str, what: Callable[[Session, Meeting, Consultation], str]) -> Any:
    """One step of a meeting by whoever leads the matter; a refusal stands beside the form it is about."""
    try:
        with writing() as s:
            m, c = _one(s, id, change=True)
            done = what(s, m, c)
            rights.act(s, me(), verb, f"meeting:{m.id}", c.area_id)
    except Refused as refused:
        with reading() as s:
            return _page(s, *_one(s, id), errors_of(refused)), 422
    runtime().wake("bulk", "calls", "replies")
    flash(done)
    return redirect(url_for("admin.one_meeting", id=id))


@panel.post("/meetings/<int:id>/list")
def list_for_meeting(id: int) -> Any:
    """Put people on the list: residents who were found, or participants of the matter. Nobody is told yet."""

    def put(s: Session, m: Meeting, c: Consultation) -> str:
        for chosen in request.form.getlist("person", type=int):
            person = rights.get(s, rights.people(s, me()), Person, chosen)
            meetings.invite(s, m, meetings.participant(s, c, person))
        wanted = request.form.getlist("participant", type=int)
        for p in _others(s, c):
            if p.id in wanted:
                meetings.invite(s, m, p)
        return _("加到名单上了，点“发邀请”才通知")

    return _change(id, "meeting_list", put)


@panel.post("/meetings/<int:id>/invite")
def invite_to_meeting(id: int) -> Any:
    """Tell those on the list who weren't told yet; with an open meeting, everybody whom the matter asks."""

    def tell(s: Session, m: Meeting, c: Consultation) -> str:
        if not m.coming:
            raise Refused(_("这个会已经开过了，或者不开了"), "")
        area = s.get_one(Area, c.area_id)
        if m.everybody:
            sms, voice = meetings.invitation_sms(m, c, area), meetings.invitation_voice(m, c, area)
            steps.tell(s, c, f"{meetings.STAGE}{m.id}", sms, voice, actor())
            return told(s, c) or _("邀请开始发了")
        known = singles.about(s, runtime().settings, [f"{meetings.STAGE}{m.id}"])
        if known:
            fresh = [(i, p) for i, p in meetings.invited(s, m) if not _was_told(s, m, i, p)]
        else:
            fresh = [(i, p) for i, p in meetings.invited(s, m) if i.asked]
        doors = invitations.send(s, m, c, fresh)
        if doors:
            return _("邀请开始发了；这几位电话找不到，要上门请：%(names)s", names="、".join(doors))
        return _("邀请开始发了") if fresh else _("名单上的人都请过了")

    return _change(id, "meeting_invite", tell)


def _was_told(s: Session, m: Meeting, i: Invitation, p: Participant) -> bool:
    person = s.get(Person, p.person_id) if p.person_id else None
    way = singles.way_to(s, person, p.handset_id)
    return not i.asked or (way is not None and invitations.was_told(s, m, way[0]))


@panel.post("/meetings/<int:id>/answers/<int:row>")
def enter_answer(id: int, row: int) -> Any:
    """What somebody said at the door or to a clerk."""

    def enter(s: Session, m: Meeting, c: Consultation) -> str:
        i = s.get(Invitation, row)
        if i is None or i.meeting_id != m.id:
            raise rights.NotVisible
        i.answer = request.form.get("answer", "") if request.form.get("answer") in ("yes", "no") else ""
        i.speaks = bool(request.form.get("speaks")) and i.answer == "yes"
        i.how, i.answered_at = "clerk", clock.now()
        return _("记下了")

    return _change(id, "meeting_answer", enter)


@panel.post("/meetings/<int:id>/begin")
def begin_meeting(id: int) -> Any:
    """It begins now; who rings from here on may listen, where that was planned."""

    def begin(s: Session, m: Meeting, c: Consultation) -> str:
        meetings.begin(s, m, c, actor())
        return _("开会了。散会以后请写会议记录")

    return _change(id, "meeting_begin", begin)


@panel.post("/meetings/<int:id>/room")
def ring_meeting_room(id: int) -> Any:
    """Ring the telephone in the room: people who listen hear what it hears."""

    def ring(s: Session, m: Meeting, c: Consultation) -> str:
        if not m.audible:
            raise Refused(_("会还没开，或者没有选“可以打电话旁听”"), "phone")
        invitations.ring_room(s, m, phone_of(s, request.form.get("phone", "")))
        return _("正在打会场的电话，接起来放在桌上就行")

    return _change(id, "meeting_room", ring)


@panel.post("/meetings/<int:id>/minutes")
def keep_minutes(id: int) -> Any:
    """It is over: what was said, and how many were there."""

    def keep(s: Session, m: Meeting, c: Consultation) -> str:
        meetings.keep_minutes(s, m, c, actor(), request.form.get("minutes", ""), whole("attendance"))
        return _("会议记录存下了")

    return _change(id, "meeting_minutes", keep)


@panel.post("/meetings/<int:id>/cancel")
def cancel_meeting(id: int) -> Any:
    """It will not be held: who was invited hears it."""

    def cancel(s: Session, m: Meeting, c: Consultation) -> str:
        waiting = meetings.cancel(s, m)
        sent = s.scalars(
            select(Broadcast).where(
                Broadcast.consultation_id == c.id, Broadcast.stage == f"{meetings.STAGE}{m.id}"
            )
        ).all()
        for b in sent:
            if b.state in ("draft", "waiting", "running", "paused"):
                broadcasts.cancel(s, b)
        area = s.get_one(Area, c.area_id)
        if sent:  # everybody was told: everybody hears it
            sms, voice = meetings.cancelled_sms(m, c, area), meetings.cancelled_voice(m, c, area)
            steps.tell(s, c, f"meeting-off:{m.id}", sms, voice, actor())
            return told(s, c) or _("不开了，正在告诉大家")
        known = [(i, p) for i, p in waiting if _was_told(s, m, i, p) or i.answer]
        doors = invitations.call_off(s, m, c, known)
        if doors:
            return _("不开了；这几位电话找不到，要上门告诉：%(names)s", names="、".join(doors))
        return _("不开了，正在告诉请过的人")

    return _change(id, "meeting_cancel", cancel)
