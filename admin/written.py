"""Opinions on paper: entered for those who handed them in, with witness and reference (代录, policy II(3))."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin import common
from admin.common import me, panel, reading, runtime, writing
from admin.forms import errors_of
from admin.reaching import receipt_to
from gateway.consultation import matters, opinions
from gateway.consultation.refusal import Refused
from gateway.models.answer import Opinion
from gateway.models.consultation import Consultation
from gateway.models.person import Person
from gateway.people import residents, rights


def _page(s: Session, c: Consultation, errors: dict[str, str]) -> str:
    text = request.values.get("q", "").strip()
    mine = sorted(set(matters.area_ids(s, c)) & set(rights.area_ids(s, me())))
    chosen = request.values.get("person", 0, type=int)
    rows = list(
        s.scalars(
            select(Opinion)
            .where(Opinion.consultation_id == c.id, Opinion.paper != "")
            .order_by(Opinion.id.desc())
        )
    )
    return render_template(
        "admin/written.html",
        c=c,
        q=text,
        found=residents.search(s, mine, text, 1, 20) if text else None,
        person=s.scalar(rights.people(s, me()).where(Person.id == chosen)) if chosen else None,
        rows=rows,
        people=common.people(s, [x.person_id for x in rows]),
        f=request.form,
        errors=errors,
    )


@panel.get("/consultations/<int:id>/written")
def written(id: int) -> str:
    """Find the resident who handed it in."""
    with reading() as s:
        return _page(s, common.consultation(s, id, change=True), {})


@panel.post("/consultations/<int:id>/written")
def enter_written(id: int) -> Any:
    """One opinion on paper, word for word."""
    f = request.form
    try:
        with writing() as s:
            c = common.consultation(s, id, change=True)
            person = rights.get(s, rights.people(s, me()), Person, f.get("person", 0, type=int))
            kept, fresh = opinions.written(
                s,
                c,
                person,
                f.get("words", ""),
                paper=f.get("paper", ""),
                witness=f.get("witness", ""),
                by=me().id,
            )
            rights.act(s, me(), "written_opinion", f"consultation:{c.id}", c.area_id)
            receipt, name = kept.receipt, person.name
            but = receipt_to(s, c, person, "书面意见", receipt) if fresh else _("这一份录过了，没有再录")
    except Refused as refused:
        with reading() as s:
            return _page(s, common.consultation(s, id, change=True), errors_of(refused)), 422
    runtime().wake("bulk", "calls")
    flash(_("%(name)s的书面意见记下了，回执 %(code)s", name=name, code=receipt))
    if but:
        flash(but, "error")
    return redirect(url_for("admin.written", id=id))
