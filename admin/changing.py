"""A step of a consultation taken in the panel: one transaction, one sentence about it, and the refused ones kept."""

from typing import Any

from flask import flash, redirect, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from admin import common, words
from admin.common import actor, me, reading, runtime, writing
from admin.reaching import told
from gateway.consultation import lifecycle
from gateway.consultation.refusal import Refused
from gateway.models.organizer import Organizer
from gateway.people import rights


def as_it_is(id: int) -> Response:
    """A step that was taken already (pressed twice, or by somebody else) is no fault: the page as it now is."""
    with reading() as s:
        state = common.consultation(s, id).state
    flash(_("这件事现在是“%(state)s”，下面是现在的样子", state=words.STATES.get(state, state)))
    return redirect(url_for("admin.one_consultation", id=id))


def change(id: int, verb: str, what: Any, done: str) -> Response:
    """One step of a consultation by whoever leads it; a refusal is said on its page."""
    try:
        with writing() as s:
            c = common.consultation(s, id, change=True)
            what(s, c)
            rights.act(s, me(), verb, f"consultation:{c.id}", c.area_id)
            but = told(s, c)
    except Refused as refused:
        if refused.code == "moved":
            return as_it_is(id)
        with writing() as s:  # what a rule forbids is kept, too
            lifecycle.refused(s, common.consultation(s, id), verb, actor(), refused.why)
        flash(refused.why, "error")
    else:
        runtime().wake("bulk", "calls")
        flash(but or done, "error" if but else "message")
    return redirect(url_for("admin.one_consultation", id=id))


def keep_refusal(id: int, verb: str, refused: Refused) -> None:
    """Keep that a rule, and not a slip of the pen, forbade a step of a form that has a page of its own."""
    if refused.code and not refused.field and refused.code != "moved":
        with writing() as s:
            lifecycle.refused(s, common.consultation(s, id), verb, actor(), refused.why)


def actor_name(s: Session, name: str) -> str:
    """Who did it, as the history of a matter says it."""
    kind, _colon, id = name.partition(":")
    if kind == "organizer" and id.isdigit():
        o = s.get(Organizer, int(id))
        return o.name if o else _("组织员")
    return {"resident": _("居民"), "clock": _("到时间自动"), "sample": _("样例")}.get(kind, _("后台"))
