"""An area's own rules for broadcasts: who must agree, what a month may cost, and whose clock people live by."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from admin.common import me, panel, reading, runtime, writing, yuan
from gateway import phones
from gateway.models.area import ROLLOUTS, Area
from gateway.outreach import broadcasts
from gateway.people import areas as rules
from gateway.people import rights


def _managed(s: Session, id: int) -> Area:
    """A visible area, to change its rules; raises NotVisible."""
    return rights.get(s, rights.visible_areas(me()), Area, id)


def _called(zone: str) -> str:
    return next((said for said, name in rules.SAID.items() if name == zone), zone)


@panel.get("/areas/")
def areas() -> str:
    """The areas whose rules I may change."""
    with reading() as s:
        st = runtime().settings
        rows = [(a, broadcasts.spent(s, st, a), _called(a.timezone or "")) for a in rights.areas(s, me())]
        top = s.get_one(Area, me().area_id).parent_id is None
        return render_template("admin/areas.html", rows=rows, rules_all=top)


@panel.get("/areas/<int:id>")
def one_area(id: int) -> str:
    with reading() as s:
        area = _managed(s, id)
        budget = "" if area.monthly_budget is None else yuan(area.monthly_budget).removesuffix(".00")
        typed = {"budget": budget, "approval": "1" if area.needs_approval else ""}
        office = {"duty": area.duty_phone or "", "hours": area.office_hours.replace(",", "，")}
        office["weekends"] = "1" if area.office_weekends else ""
        return _page(s, area, typed | office | {"zone": area.timezone or "", "rollout": area.rollout}, {})


def _page(s: Session, area: Area, typed: Any, errors: dict[str, str]) -> str:
    spent = broadcasts.spent(s, runtime().settings, area)
    return render_template(
        "admin/area.html",
        area=area,
        f=typed,
        errors=errors,
        spent=spent,
        zones=rules.SAID,
        usual=_called(runtime().settings.timezone),
    )


@panel.post("/areas/<int:id>")
def save_area(id: int) -> Any:
    f, errors = request.form, {}
    budget, zone = None, None
    try:
        budget = rules.thousandths(f.get("budget", ""))
    except ValueError:
        errors["budget"] = _("请写数字，比如 300 或 49.50；不限就空着")
    try:
        zone = rules.zone(f.get("zone", ""))
    except ValueError:
        errors["zone"] = _("没有这个时区，请写“北京时间”“新疆时间”，或者像 Asia/Urumqi 这样写")
    duty, hours = None, ""
    try:
        duty = rules.duty_phone(f.get("duty", ""), runtime().settings.hotline)
    except phones.BadPhone as bad:
        errors["duty"] = bad.why
    try:
        hours = rules.hours(f.get("hours", ""))
    except ValueError:
        errors["hours"] = _("请写几点到几点，比如 8:30-11:30，14:00-17:00；上下午之间用逗号隔开")
    if errors:
        with reading() as s:
            return _page(s, _managed(s, id), f, errors), 422
    with writing() as s:
        area = _managed(s, id)
        approval = request.form.get("approval") == "1"
        changed = rules.set_rules(s, area, needs_approval=approval, monthly_budget=budget)
        if "hours" in f:
            weekends = f.get("weekends") == "1"
            changed = f"{changed} {rules.set_office(s, area, duty, hours, weekends)}".strip()
        if "zone" in f:
            changed = f"{changed} {rules.set_zone(s, area, zone)}".strip()
        if f.get("rollout") in ROLLOUTS:
            changed = f"{changed} {rules.set_rollout(s, area, f['rollout'])}".strip()
        if changed:
            rights.manage(s, me(), "area_rules", area, changed)
    flash(_("记下了"))
    return redirect(url_for("admin.areas"))
