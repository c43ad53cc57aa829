"""Naming who has an interest in a matter and stays out of deciding it."""

from collections.abc import Callable
from typing import Any

from flask import current_app, flash, g, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin import answers, common
from admin.common import actor, leads, me, panel, runtime, writing
from admin.forms import errors_of
from gateway.consultation import guards, matters, recusals
from gateway.consultation.refusal import Refused
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.organizer import LEAD, RULE, Organizer
from gateway.models.participation import Recusal
from gateway.models.person import Household, Person
from gateway.people import rights


def card(s: Session, c: Consultation) -> dict[str, Any]:
    """Who stays out, and who could: whoever may decide in the area that leads, or above it."""
    led = s.get_one(Area, c.area_id)
    staff = s.execute(
        select(Organizer, Area.path).join(Area, Area.id == Organizer.area_id).where(Organizer.active).order_by(Organizer.id)
    )  # fmt: skip
    deciding = [o for o, path in staff if led.path.startswith(path) and o.may(LEAD, RULE)]
    rows = recusals.of(s, c)
    out = {r.organizer_id for r, _o in rows if r.ended_at is None}
    return {
        "rows": rows,
        "may_be": [o for o in deciding if o.id not in out],
        "residents": recusals.residents(s, c),
        "me": guards.recused(s, c.id, me().id),
        "errors": g.get("recusal_errors", {}),
        "f": request.form if g.get("recusal_errors") else {},
    }


def _step(id: int, verb: str, what: Callable[[Session, Consultation], bool], done: str) -> Any:
    """``what`` says whether whom it concerns is being told. A refusal is said at its field, on the matter's page; what was
    typed stays in the form and out of addresses, which get logged."""
    try:
        with writing() as s:
            # the supervision committee, which reads all, may name somebody, too
            c = common.consultation(s, id)
            told = what(s, c)
            rights.act(s, me(), verb, f"consultation:{c.id}", c.area_id)
    except Refused as refused:
        g.recusal_errors = errors_of(refused)
        return current_app.view_functions["admin.one_consultation"](id=id), 422
    runtime().wake("replies", "calls")
    flash(done)
    if not told:
        flash(_("他没有能通知的电话，请当面告诉他"), "error")
    return redirect(url_for("admin.one_consultation", id=id) + "#recusals")


@panel.post("/consultations/<int:id>/recusals")
def recuse(id: int) -> Any:
    def name(s: Session, c: Consultation) -> bool:
        wanted = request.form.get("organizer", 0, type=int)
        o = next((x for x in card(s, c)["may_be"] if x.id == wanted), None)
        if o is None:
            raise Refused(_("请选谁要回避"), "organizer")
        recusals.name(s, c, o, request.form.get("reason", ""), actor())
        return True  # has a panel to see it on

    return _step(id, "recuse", name, _("记下了，这件事上他不再作决定"))


@panel.post("/consultations/<int:id>/recusals/residents")
def recuse_resident(id: int) -> Any:
    def name(s: Session, c: Consultation) -> bool:
        f = request.form
        person = _called(s, c, f.get("name", "").strip(), f.get("home", "").strip())
        recusals.name_resident(s, c, person, f.get("reason", ""), actor())
        return answers.recusal(s, c, person)

    return _step(id, "recuse_resident", name, _("记下了，这件事上他不表态，投过的也不算"))


def _called(s: Session, c: Consultation, name: str, home: str) -> Person:
    """The one resident of that name among those the matter asks, and whom the organizer may see. Raises Refused."""
    if not name:
        raise Refused(_("请写姓名"), "name")
    found = rights.people(s, me()).where(Person.id.in_(matters.asked(s, c).with_only_columns(Person.id)))
    rows = s.execute(
        found.where(Person.name == name)
        .outerjoin(Household, Household.id == Person.household_id)
        .with_only_columns(Person, Household.code)
        .order_by(Person.id)
    ).all()
    if home:
        rows = [row for row in rows if row[1] == home]
    if not rows:
        raise Refused(_("这件事问到的人里没有“%(name)s”，请看看名册", name=name), "home" if home else "name")
    if len(rows) > 1:
        homes = "、".join(code or _("没有户号") for _p, code in rows)
        raise Refused(_("有%(n)s个同名的，请写上户号：%(homes)s", n=len(rows), homes=homes), "home")
    person: Person = rows[0][0]
    return person


@panel.post("/consultations/<int:id>/recusals/<int:row>/end")
def end_recusal(id: int, row: int) -> Any:
    def end(s: Session, c: Consultation) -> bool:
        if not leads(s, c):
            raise rights.NotAllowed
        found = s.get(Recusal, row)
        if found is None or found.consultation_id != c.id:
            raise rights.NotVisible
        recusals.end(s, c, found, request.form.get("reason", ""), actor())
        person = s.get(Person, found.person_id) if found.person_id else None
        # once nobody can answer any more there is nothing to tell
        return person is None or not c.open_for_answers or answers.recusal(s, c, person, over=True)

    return _step(id, "end_recusal", end, _("取消了回避"))
