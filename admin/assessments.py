"""Experts' assessments: registered with a file, and told in one sentence."""

from io import BytesIO
from pathlib import PurePath
from typing import Any

from flask import flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from admin import common
from admin.common import actor, me, panel, reading, runtime, writing
from admin.forms import errors_of
from gateway.consultation import assessments
from gateway.consultation.refusal import Refused
from gateway.models.consultation import Consultation
from gateway.models.participation import Assessment
from gateway.people import rights

# what experts send; nothing that a browser would run
KINDS = (".pdf", ".doc", ".docx", ".wps", ".xls", ".xlsx", ".et", ".jpg", ".jpeg", ".png", ".txt")
LARGEST = 10 * 1024 * 1024


def _page(s: Session, c: Consultation, errors: dict[str, str]) -> str:
    return render_template(
        "admin/assessments.html",
        c=c, rows=assessments.of(s, c), errors=errors, f=request.form, most=assessments.LONGEST,
        kinds=",".join(KINDS), leads=common.leads(s, c),
    )  # fmt: skip


@panel.get("/consultations/<int:id>/assessments")
def consultation_assessments(id: int) -> str:
    with reading() as s:
        return _page(s, common.consultation(s, id), {})


@panel.post("/consultations/<int:id>/assessments")
def add_assessment(id: int) -> Any:
    f, sent = request.form, request.files.get("file")
    data = sent.read(LARGEST + 1) if sent and sent.filename else b""
    name = PurePath((sent.filename if sent else "") or "").name
    try:
        if data and PurePath(name).suffix.lower() not in KINDS:
            raise Refused(_("这种文件收不了，请用 PDF、Word、表格或图片"), "file")
        if len(data) > LARGEST:
            raise Refused(_("文件太大，最多10兆"), "file")
        with writing() as s:
            c = common.consultation(s, id, change=True)
            made = assessments.add(
                s, c, f.get("author", ""), f.get("summary", ""), file_name=name if data else "", by=actor()
            )
            if data:
                made.file = f"assessments/{made.id}{PurePath(name).suffix.lower()}"
                runtime().store.put(made.file, data)
            rights.act(s, me(), "assessment", f"consultation:{c.id}", c.area_id)
    except Refused as refused:
        with reading() as s:
            return _page(s, common.consultation(s, id), errors_of(refused)), 422
    flash(_("登记好了。居民回“论证”或打电话就能听到这一句"))
    return redirect(url_for("admin.consultation_assessments", id=id))


@panel.get("/assessments/<int:id>/file")
def assessment_file(id: int) -> Any:
    """The file, to be saved: never shown inside the panel's own pages."""
    with reading() as s:
        found = s.get(Assessment, id)
        if found is None or not found.file:
            raise rights.NotVisible
        common.consultation(s, found.consultation_id)
        try:
            data = runtime().store.get(found.file)
        except OSError:
            raise rights.NotVisible from None
        name = found.file_name
    return send_file(BytesIO(data), "application/octet-stream", as_attachment=True, download_name=name)
