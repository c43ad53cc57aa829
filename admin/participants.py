"""Who takes part in a consultation: the sides it affects, whom it asks at all, and who was asked to come along."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from admin import common
from admin.common import me, panel, reading, writing
from admin.forms import errors_of
from gateway import phones
from gateway.consultation import assessments, matters, meetings, proxies, subjects
from gateway.consultation.refusal import Refused
from gateway.models.answer import Opinion
from gateway.models.consultation import Consultation
from gateway.models.organizer import Organizer
from gateway.models.participation import ConsultationPerson, Invitation, Participant
from gateway.models.person import Handset, Person
from gateway.outreach import audience
from gateway.people import residents, rights, segments


def card(s: Session, c: Consultation, o: Organizer) -> dict[str, Any]:
    """What the consultation's page shows of it."""
    ways = (
        select(Opinion.channel, func.count()).where(Opinion.consultation_id == c.id).group_by(Opinion.channel)
    )
    return {
        "sides": subjects.coverage(s, c),
        "voiceless": subjects.voiceless(s, c),
        "meetings": [(m, answers(s, m.id)) for m in meetings.of(s, c)],
        "assessments": assessments.of(s, c),
        "proxies": proxies.count(s, c),
        "opinions_by": dict(s.execute(ways).all()),
        "asks": asks(s, c),
    }


def answers(s: Session, meeting_id: int) -> dict[str, int]:
    """How many come, don't, speak, and have not answered, of those who were asked or came forward."""
    found = s.scalars(select(Invitation).where(Invitation.meeting_id == meeting_id)).all()
    return {
        "yes": sum(i.answer == "yes" for i in found),
        "no": sum(i.answer == "no" for i in found),
        "speak": sum(i.speaks for i in found),
        "open": sum(not i.answer for i in found),
    }


def asks(s: Session, c: Consultation) -> int:
    """How many people a matter that is only for some asks; 0 where it is for everybody."""
    if not c.for_some:
        return 0
    return s.scalar(select(func.count()).select_from(matters.eligible(s, c).subquery())) or 0


def guest_name(p: Participant) -> str:
    """A guest's name, for those who may see names."""
    return p.name if common.sees_names() else p.name[:1] + "某"


def _page(s: Session, c: Consultation, errors: dict[str, str]) -> str:
    text = request.values.get("q", "").strip()
    mine = sorted(set(matters.area_ids(s, c)) & set(rights.area_ids(s, me())))
    taking = list(
        s.scalars(select(Participant).where(Participant.consultation_id == c.id).order_by(Participant.id))
    )
    return render_template(
        "admin/participants.html",
        c=c,
        errors=errors,
        f=request.form,
        q=text,
        found=residents.search(s, mine, text, 1, 20) if text else None,
        sides={side.subject: side for side in subjects.coverage(s, c)},
        taking=taking,
        people=common.people(s, [p.person_id for p in taking]),
        guest_name=guest_name,
        choices=audience.choices(s, mine),
        named=[
            p.name
            for p in s.scalars(
                select(Person)
                .join(ConsultationPerson, ConsultationPerson.person_id == Person.id)
                .where(ConsultationPerson.consultation_id == c.id)
            )
        ]
        if common.sees_names()
        else [],
        asks=asks(s, c),
        leads=common.leads(s, c),
    )


@panel.get("/consultations/<int:id>/people")
def consultation_people(id: int) -> str:
    with reading() as s:
        return _page(s, common.consultation(s, id), {})


def _change(id: int, verb: str, what: Any, done: str) -> Any:
    """One change by whoever leads it; a refusal stands beside the form it is about."""
    try:
        with writing() as s:
            c = common.consultation(s, id, change=True)
            what(s, c)
            rights.act(s, me(), verb, f"consultation:{c.id}", c.area_id)
    except Refused as refused:
        with reading() as s:
            return _page(s, common.consultation(s, id), errors_of(refused)), 422
    flash(done)
    return redirect(url_for("admin.consultation_people", id=id))


@panel.post("/consultations/<int:id>/sides")
def choose_sides(id: int) -> Any:
    """Say whom the matter affects: each of these sides must have somebody."""
    return _change(
        id, "sides", lambda s, c: subjects.choose(c, request.form.getlist("side")), _("记下了涉及的各方")
    )


@panel.post("/consultations/<int:id>/segment")
def choose_segment(id: int) -> Any:
    """Ask only some: a group, a tag, or named people; nobody else is told or may answer."""

    def choose(s: Session, c: Consultation) -> None:
        if c.state not in ("PROPOSED", "ACCEPTED"):
            raise Refused(_("通知已经发出，不能再改问谁"), "segment")
        f = request.form
        people = _named(s, c, f.get("names", "")) if f.get("names", "").strip() else []
        segments.choose(s, c, group=f.get("group", ""), tag=f.get("tag", ""), people=people)
        if c.for_some and not asks(s, c):
            raise Refused(_("这样就一个人也问不到了，请看看组、身份和姓名"), "segment")

    return _change(id, "segment", choose, _("记下了，只问这些人，别人收不到，也不能表态"))


def _named(s: Session, c: Consultation, typed: str) -> list[int]:
    """The people of these names, one a line or between commas. Raises Refused naming those it can't be."""
    found, wrong = [], []
    for name in dict.fromkeys(typed.replace("，", "\n").replace("、", "\n").replace(",", "\n").split()):
        rows = s.scalars(
            rights.people(s, me()).where(Person.area_id.in_(matters.area_ids(s, c)), Person.name == name)
        ).all()
        known = [p.id for p in rows if p.state not in residents.GONE]
        if len(known) == 1:
            found += known
        else:
            wrong.append(name if not known else _("%(name)s（有%(n)s位同名）", name=name, n=len(known)))
    if wrong:
        raise Refused(_("名册里对不上：%(names)s", names="、".join(wrong)), "names")
    return found


@panel.post("/consultations/<int:id>/participants")
def add_participant(id: int) -> Any:
    """A resident who was found above, or a guest with a telephone."""

    def add(s: Session, c: Consultation) -> None:
        f = request.form
        subject, tags = f.get("subject", ""), f.getlist("tag")
        if chosen := f.get("person", 0, type=int):
            person = rights.get(s, rights.people(s, me()), Person, chosen)
            meetings.participant(s, c, person, subject, tags)
            return
        meetings.guest(s, c, f.get("name", ""), subject, _handset(s, f.get("phone", "")), tags)

    return _change(id, "participant", add, _("加上了"))


def _handset(s: Session, typed: str) -> int | None:
    """The handset of a guest. Raises Refused for what is no number."""
    if not typed.strip():
        return None
    return phone_of(s, typed).id


def phone_of(s: Session, typed: str) -> Handset:
    """The handset with a number as somebody typed it. Raises Refused."""
    try:
        return residents.handset_for(s, phones.normalize(typed))
    except phones.BadPhone:
        raise Refused(_("这个电话号码看不懂"), "phone") from None


@panel.post("/participants/<int:id>/remove")
def remove_participant(id: int) -> Response:
    """Somebody who was put down by mistake; who was invited to a meeting stays on record."""
    with writing() as s:
        p = s.get(Participant, id)
        if p is None:
            raise rights.NotVisible
        c = common.consultation(s, p.consultation_id, change=True)
        if s.scalar(select(Invitation.id).where(Invitation.participant_id == id).limit(1)) is not None:
            flash(_("他已经在会议名单上了，不能去掉"), "error")
        else:
            s.delete(p)
            rights.act(s, me(), "participant_removed", f"consultation:{c.id}", c.area_id)
        back = c.id
    return redirect(url_for("admin.consultation_people", id=back))
