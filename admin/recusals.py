"""Naming who has an interest in a matter and stays out of deciding it."""

from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from admin import common
from admin.common import actor, leads, me, panel, writing
from gateway.consultation import guards, recusals
from gateway.consultation.refusal import Refused
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.organizer import LEAD, RULE, Organizer
from gateway.models.participation import Recusal
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
        "me": guards.recused(s, c.id, me().id),
    }


def _step(id: int, verb: str, what: Any, done: str) -> Response:
    """What was typed is short; a refusal is said on the matter's page, where the form is."""
    try:
        with writing() as s:
            # the supervision committee, which reads all, may name somebody, too
            c = common.consultation(s, id)
            what(s, c)
            rights.act(s, me(), verb, f"consultation:{c.id}", c.area_id)
    except Refused as refused:
        flash(refused.why, "error")
        return redirect(
            url_for("admin.one_consultation", id=id, recusal_reason=request.form.get("reason", "") or None)
            + "#recusals"
        )
    flash(done)
    return redirect(url_for("admin.one_consultation", id=id) + "#recusals")


@panel.post("/consultations/<int:id>/recusals")
def recuse(id: int) -> Response:
    def name(s: Session, c: Consultation) -> None:
        wanted = request.form.get("organizer", 0, type=int)
        o = next((x for x in card(s, c)["may_be"] if x.id == wanted), None)
        if o is None:
            raise Refused(_("请选谁要回避"), "organizer")
        recusals.name(s, c, o, request.form.get("reason", ""), actor())

    return _step(id, "recuse", name, _("记下了，这件事上他不再作决定"))


@panel.post("/consultations/<int:id>/recusals/<int:row>/end")
def end_recusal(id: int, row: int) -> Response:
    def end(s: Session, c: Consultation) -> None:
        if not leads(s, c):
            raise rights.NotAllowed
        found = s.get(Recusal, row)
        if found is None or found.consultation_id != c.id:
            raise rights.NotVisible
        recusals.end(s, c, found, request.form.get("reason", ""), actor())

    return _step(id, "end_recusal", end, _("取消了回避"))
