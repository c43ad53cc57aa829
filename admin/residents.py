"""Residents: finding them, one resident, and bringing a roster in."""

from typing import Any

from flask import flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from werkzeug.wrappers import Response

from admin.common import actor, me, panel, reading, runtime, writing
from admin.forms import page_number
from gateway.models.answer import Opinion
from gateway.models.area import Area
from gateway.models.person import Handset, Household, Person
from gateway.outreach import singles
from gateway.people import consent, rights, roster, rosterfile, uploads
from gateway.people import residents as people

MAX_BYTES = 20_000_000  # a county's roster is about 5 MB


@panel.get("/residents/")
def residents() -> str:
    text = request.args.get("q", "")[:60]
    with reading() as s:
        found = people.search(s, rights.area_ids(s, me()), text, page_number())
        return render_template("admin/residents.html", found=found, q=text)


@panel.get("/residents/<int:id>")
def one_resident(id: int) -> str:
    with reading() as s:
        person = rights.get(s, rights.people(s, me()), Person, id)
        household = s.get(Household, person.household_id) if person.household_id else None
        members = (
            list(s.scalars(rights.people(s, me()).where(Person.household_id == household.id)))
            if household
            else []
        )
        phones = [(h, people.people_on(s, h.id)) for h in people.handsets_of(s, person.id)]
        said = rights.opinions(s, me()).where(Opinion.person_id == id, Opinion.anonymous.is_(False))
        return render_template(
            "admin/resident.html",
            person=person,
            area=s.get_one(Area, person.area_id),
            household=household,
            members=members,
            phones=phones,
            how=consent.stopped_how(s, [h for h, _others in phones]),
            letters=singles.to(s, runtime().settings, [h.id for h, _others in phones]),
            opinions=list(s.scalars(said.order_by(Opinion.id.desc()).limit(20))),
        )


@panel.post("/residents/<int:id>/phones/<int:phone>/works")
def phone_works(id: int, phone: int) -> Response:
    """A number the carrier called bad is in use after all: broadcasts try it again."""
    with writing() as s:
        person = rights.get(s, rights.people(s, me()), Person, id)
        found = rights.get(s, rights.handsets(s, me()), Handset, phone)
        rights.act(s, me(), "phone_works", f"handset:{phone}", person.area_id)
        people.works_again(s, found)
    flash(_("记下了，下回照样通知这个号码"))
    return redirect(url_for("admin.one_resident", id=id))


def _may_import() -> None:
    """Before anything is read or kept: a roster is personal data, and looking is not importing."""
    if not me().acts:
        raise rights.NotAllowed


def _forget() -> None:
    uploads.forget(runtime().settings.uploads, session.get("upload", ""))
    for key in ("upload", "upload_area", "upload_name"):
        session.pop(key, None)


def _import_page(problem: str = "", status: int = 200) -> tuple[str, int]:
    with reading() as s:
        page = render_template(
            "admin/import.html", areas=rights.areas(s, me()), problem=problem, f=request.form
        )
    return page, status


@panel.get("/residents/import")
def import_residents() -> tuple[str, int]:
    _may_import()
    return _import_page()


@panel.post("/residents/import")
def preview_import() -> Any:
    """Read the file and show what would happen, row by row; the file waits, sealed, for the confirmation."""
    _may_import()
    _forget()
    upload = request.files.get("file")
    if upload is None or not upload.filename:
        return _import_page(_("请选一个文件"), 422)
    data = upload.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        return _import_page(_("文件太大了，请分开上传"), 422)
    try:
        with reading() as s:
            area = rights.get(
                s,
                select(Area).where(Area.id.in_(rights.area_ids(s, me()))),
                Area,
                request.form.get("area", 0, type=int),
            )
            plan = roster.preview(s, rosterfile.read(data, upload.filename), area)
            page = render_template(
                "admin/import_preview.html", plan=plan, area=area, filename=upload.filename
            )
    except rosterfile.BadRoster as bad:
        return _import_page(bad.why, 422)
    folder = runtime().settings.uploads
    uploads.sweep(folder)
    session["upload"] = uploads.keep(folder, data)
    session["upload_area"], session["upload_name"] = area.id, upload.filename[:100]
    return page


@panel.post("/residents/import/confirm")
def confirm_import() -> Response:
    """Take it in, some thousand rows at a time; what was uploaded is deleted whatever comes of it."""
    _may_import()
    data = uploads.find(runtime().settings.uploads, session.get("upload", ""))
    if data is None:
        flash(_("上传的文件不在了，请再传一次"), "error")
        return redirect(url_for("admin.import_residents"))
    try:
        with writing() as s:
            visible = select(Area).where(Area.id.in_(rights.area_ids(s, me())))
            area = rights.get(s, visible, Area, session.get("upload_area", 0))
            rights.act(s, me(), "roster_import", f"area:{area.id}", area.id)
        plan = roster.apply(runtime().db, rosterfile.read(data, session["upload_name"]), area, actor())
    except rosterfile.BadRoster as bad:
        flash(bad.why, "error")
        return redirect(url_for("admin.import_residents"))
    finally:
        _forget()
    flash(_("导入好了：新增 %(new)s 人，已有 %(old)s 人", new=plan.new, old=plan.matched))
    return redirect(url_for("admin.residents"))


@panel.post("/residents/import/cancel")
def cancel_import() -> Response:
    _forget()
    return redirect(url_for("admin.import_residents"))
