"""An area's own rules for broadcasts: who must agree, and what a month may cost."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from admin.common import me, panel, reading, runtime, writing, yuan
from gateway.models.area import Area
from gateway.outreach import broadcasts
from gateway.people import areas as rules
from gateway.people import rights


def _managed(s: Session, id: int) -> Area:
    """A visible area, to change its rules; raises NotVisible."""
    return rights.get(s, rights.visible_areas(me()), Area, id)


@panel.get("/areas/")
def areas() -> str:
    """The areas whose rules I may change."""
    with reading() as s:
        st = runtime().settings
        rows = [(a, broadcasts.spent(s, st, a)) for a in rights.areas(s, me())]
        return render_template("admin/areas.html", rows=rows)


@panel.get("/areas/<int:id>")
def one_area(id: int) -> str:
    with reading() as s:
        area = _managed(s, id)
        budget = "" if area.monthly_budget is None else yuan(area.monthly_budget).removesuffix(".00")
        return _page(s, area, {"budget": budget, "approval": "1" if area.needs_approval else ""}, {})


def _page(s: Session, area: Area, typed: Any, errors: dict[str, str]) -> str:
    spent = broadcasts.spent(s, runtime().settings, area)
    return render_template("admin/area.html", area=area, f=typed, errors=errors, spent=spent)


@panel.post("/areas/<int:id>")
def save_area(id: int) -> Any:
    try:
        budget = rules.thousandths(request.form.get("budget", ""))
    except ValueError:
        with reading() as s:
            words = {"budget": _("请写数字，比如 300 或 49.50；不限就空着")}
            return _page(s, _managed(s, id), request.form, words), 422
    with writing() as s:
        area = _managed(s, id)
        approval = request.form.get("approval") == "1"
        changed = rules.set_rules(s, area, needs_approval=approval, monthly_budget=budget)
        if changed:
            rights.manage(s, me(), "area_rules", area, changed)
    flash(_("记下了"))
    return redirect(url_for("admin.areas"))
