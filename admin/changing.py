"""A step of a consultation taken in the panel: one transaction, one sentence about it, and the refused ones kept."""

from typing import Any

from flask import flash, redirect, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from admin import common, words
from admin.common import actor, me, reading, runtime, writing
from admin.reaching import told
from gateway.consultation import guards, lifecycle
from gateway.consultation.refusal import Refused
from gateway.models.consultation import Consultation
from gateway.models.organizer import Organizer
from gateway.people import rights


def as_it_is(id: int) -> Response:
    """A step that was taken already (pressed twice, or by somebody else) is no fault: the page as it now is."""
    with reading() as s:
        state = common.consultation(s, id).state
    flash(_("这件事现在是“%(state)s”，下面是现在的样子", state=words.STATES.get(state, state)))
    return redirect(url_for("admin.one_consultation", id=id))


def too_late(id: int, verb: str) -> Response:
    """:func:`as_it_is` for a step that was to be taken: kept as refused, unless it is the very one that was taken last,
    which was pressed twice."""
    with writing() as s:
        c = common.consultation(s, id)
        last = next(
            (e for e in reversed(lifecycle.history(s, c)) if e.event not in ("refused", "start")), None
        )
        if last is None or last.event != verb:
            state = str(words.STATES.get(c.state, c.state))
            lifecycle.refused(s, c, verb, actor(), _("现在是“%(state)s”，办不了这一步", state=state))
    return as_it_is(id)


# the steps that somebody may want whose role, or whose area, has no right to: what is kept as refused
_STEPS = {
    "announce": "announce", "close_consultation": "close", "publish": "publish", "withdraw_consultation": "withdraw",
    "plan_task": "implement", "disclose": "disclose", "evaluate": "evaluate", "close_file": "file",
    "extend_publicity": "extend", "call_assembly": "escalate", "order_correction": "order_correction",
}  # fmt: skip


def not_theirs() -> str:
    """Keep that whoever is signed in wanted a step which isn't theirs to take, where this request is one of a matter
    they see; returns the rule that forbids it, or “”."""
    name = (request.endpoint or "").removeprefix("admin.")
    given = request.view_args or {}
    verb = str(given.get("event", "")) if name == "take_step" else _STEPS.get(name, "")
    if request.method != "POST" or verb not in lifecycle.TABLE:
        return ""
    rule = guards.TOWNSHIP_ONLY if "township" in lifecycle.TABLE[verb].who else guards.NOT_YOURS
    with writing() as s:
        c = s.scalar(rights.consultations(s, me()).where(Consultation.id == given["id"]))
        if c is None:
            return ""
        lifecycle.refused(s, c, verb, actor(), rule.said)
    return rule.said


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
            return too_late(id, verb)
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
