"""Bringing a roster in: what would become of every row, then doing it, once."""

import csv
import io
from typing import Any

from flask import flash, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response

from admin.common import actor, me, panel, reading, runtime, writing
from gateway.models.area import Area
from gateway.outreach.export import BOM, cell
from gateway.people import rights, roster, rosterfile, uploads
from gateway.people.uploads import Upload

MAX_BYTES = 20_000_000  # a county's roster is about 5 MB
SHOWN = 200  # of the rows, and of the bad ones; a table for Excel has them all


def _may_import() -> None:
    """Before anything is read or kept: a roster is personal data, and looking is not importing."""
    if not me().acts:
        raise rights.NotAllowed


def _forget() -> None:
    uploads.forget(runtime().settings.uploads, session.pop("upload", ""))


def _named() -> str:
    """The upload that a form is about: another tab's may be a later one."""
    name: str = request.form.get("upload") or session.get("upload", "")
    return name


def _import_page(problem: str = "", status: int = 200) -> tuple[str, int]:
    with reading() as s:
        page = render_template(
            "admin/import.html", areas=rights.areas(s, me()), problem=problem, f=request.form
        )
    return page, status


def _gone() -> Response:
    flash(_("上传的文件不在了，请再传一次"), "error")
    return redirect(url_for("admin.import_residents"))


@panel.get("/residents/import")
def import_residents() -> tuple[str, int]:
    _may_import()
    return _import_page()


@panel.post("/residents/import")
def upload_roster() -> Any:
    """Keep the file, sealed, and go and look at what would become of it: an address that Back and reload can show."""
    _may_import()
    file = request.files.get("file")
    if file is None or not file.filename:
        return _import_page(_("请选一个文件"), 422)
    data = file.read(MAX_BYTES + 1)
    if len(data) > MAX_BYTES:
        return _import_page(_("文件太大了，请分开上传"), 422)
    with reading() as s:
        area = rights.get(s, rights.visible_areas(me()), Area, request.form.get("area", 0, type=int))
    _forget()
    folder = runtime().settings.uploads
    uploads.sweep(folder)
    name = uploads.keep(folder, Upload(me().id, area.id, file.filename[:100], data))
    session["upload"] = name
    return redirect(url_for("admin.one_import", upload=name))


@panel.get("/residents/import/<upload>")
def one_import(upload: str) -> Any:
    """What would become of every row of an upload, or what came of it; for an hour. ``?sheet=`` reads another one."""
    _may_import()
    found = uploads.find(runtime().settings.uploads, upload, me().id)
    if found is None:
        return _gone()
    if found.result is not None:
        return render_template(
            "admin/import_result.html", upload=upload, found=found, r=found.result, shown=SHOWN
        )
    chosen = request.args.get("sheet", "")
    try:
        with reading() as s:
            area = rights.get(s, rights.visible_areas(me()), Area, found.area_id)
            sheet = rosterfile.read(found.data, found.filename, chosen)
            plan = roster.preview(s, sheet, area)
    except rosterfile.BadRoster as bad:
        flash(bad.why, "error")
        whole = url_for("admin.one_import", upload=upload)
        return redirect(whole if chosen else url_for("admin.import_residents"))
    return render_template(
        "admin/import_preview.html",
        upload=upload,
        filename=found.filename,
        area=area,
        sheet=sheet,
        plan=plan,
        shown=SHOWN,
    )


@panel.post("/residents/import/confirm")
def confirm_import() -> Response:
    """Take it in, some thousand rows at a time. A second click waits for the first, and shows what came of it."""
    _may_import()
    name, folder = _named(), runtime().settings.uploads
    try:
        with uploads.alone(folder, name):
            upload = uploads.find(folder, name, me().id)
            if upload is not None and upload.result is None:
                result = _take_in(upload, request.form.get("sheet", ""))
                uploads.keep(folder, Upload(upload.by, upload.area_id, upload.filename, result=result), name)
    except rosterfile.BadRoster as bad:
        flash(bad.why, "error")
        return redirect(url_for("admin.import_residents"))
    return redirect(url_for("admin.one_import", upload=name)) if upload else _gone()


def _take_in(upload: Upload, chosen: str) -> dict[str, Any]:
    with writing() as s:
        area = rights.get(s, rights.visible_areas(me()), Area, upload.area_id)
        rights.act(s, me(), "roster_import", f"area:{area.id}", area.id)
    sheet = rosterfile.read(upload.data, upload.filename, chosen)
    plan = roster.apply(runtime().db, sheet, area, actor())
    return {
        "new": plan.new,
        "matched": plan.matched,
        "rejected": plan.rejected,
        "waiting": plan.waiting,
        "sheet": sheet.name,
        "others": sheet.others,
    }


@panel.get("/residents/import/<upload>/rows.csv")
def import_rows(upload: str) -> Response:
    """Every row that was not taken in or waits for somebody, and why: before importing and after."""
    _may_import()
    found = uploads.find(runtime().settings.uploads, upload, me().id)
    if found is None:
        return _gone()
    if found.result is not None:
        rows = {kind: found.result[kind] for kind in ("rejected", "waiting")}
    else:
        with reading() as s:
            area = rights.get(s, rights.visible_areas(me()), Area, found.area_id)
            sheet = rosterfile.read(found.data, found.filename, request.args.get("sheet", ""))
            plan = roster.preview(s, sheet, area)
        rows = {"rejected": plan.rejected, "waiting": plan.waiting}
    answer = Response(_table(rows), mimetype="text/csv")
    answer.headers["Content-Disposition"] = "attachment; filename=roster-rows.csv"
    return answer


def _table(rows: dict[str, list[tuple[int, str, str]]]) -> str:
    out = io.StringIO()
    lines = csv.writer(out, lineterminator="\r\n")
    lines.writerow([_("行"), _("为什么"), _("姓名"), _("怎么办")])
    for kind, what in (("rejected", _("不收")), ("waiting", _("等村干部确认"))):
        lines.writerows([*(cell(value) for value in row), what] for row in rows[kind])
    return BOM + out.getvalue()


@panel.post("/residents/import/cancel")
def cancel_import() -> Response:
    uploads.forget(runtime().settings.uploads, _named())
    return redirect(url_for("admin.import_residents"))
