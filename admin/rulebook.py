"""An area's rules of procedure: what is in force and by whose decision, its versions, a new one, and presets by kind of place."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from datetime import date
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.datastructures import MultiDict
from werkzeug.wrappers import Response

from admin import words
from admin.changing import actor_name
from admin.common import actor, me, panel, reading, writing
from admin.forms import errors_of
from gateway.consultation import presets, profiles
from gateway.consultation.refusal import Refused
from gateway.models.area import Area
from gateway.models.consultation import KINDS
from gateway.models.rules import RuleProfile, Rules
from gateway.people import rights
from gateway.people.decided import today

_YES = {"1": True, "0": False}
# rules that are one of a few words, and those that are several
_ONE_OF: dict[str, Mapping[str, Any]] = {
    "objection_policy": words.OBJECTION_POLICIES,
    "fallback": words.FALLBACKS,
    "phone_counts_as_attendance": words.YES_NO,
}
_SOME_OF: dict[str, Mapping[str, Any]] = {
    "languages": {key: name for key, name in words.LANGUAGES.items() if key != "zh-CN"},
    "sides": words.SUBJECTS,
}


@dataclass(frozen=True)
class Line:
    """One rule as it is in force, and since whose decision."""

    rule: str
    what: str
    value: str
    since: str
    own: bool  # somebody has decided it


def _said(rule: str, value: Any) -> str:
    """A rule's value in words."""
    if rule in _SOME_OF:
        return "、".join(str(_SOME_OF[rule].get(x, x)) for x in value) or _("没有")
    if rule in _ONE_OF:
        key = str(int(value)) if isinstance(value, bool) else value
        return str(_ONE_OF[rule].get(key, value))
    if rule == "call_hours":
        return value or _("和别处一样")
    unit = next(f.metadata.get("unit", "") for f in fields(Rules) if f.name == rule)
    return f"{value}{unit}"


def _lines(s: Session, area: Area, kind: str) -> Iterator[Line]:
    layers = profiles.in_force(s, area, kind)
    rules = profiles.choose(s, area, kind)
    for f in fields(Rules):
        by = next((p for p in reversed(layers) if f.name in p.changes), None)
        yield Line(
            f.name, f.metadata["what"], _said(f.name, getattr(rules, f.name)), _whose(s, by), by is not None
        )


def _whose(s: Session, profile: RuleProfile | None) -> str:
    if profile is None:
        return _("通行的")
    owner = s.get(Area, profile.area_id) if profile.area_id else None
    return f"{owner.name if owner else _('全系统')} {profile.valid_from:%Y-%m-%d}"


def _area(s: Session, id: int) -> Area:
    return rights.get(s, rights.visible_areas(me()), Area, id)


@panel.get("/rules")
def own_rules() -> Response:
    return redirect(url_for("admin.area_rules", id=me().area_id))


@panel.get("/areas/<int:id>/rules")
def area_rules(id: int) -> str:
    with reading() as s:
        return _page(s, _area(s, id), MultiDict({"valid_from": f"{today()}"}), {})


def _page(s: Session, area: Area, f: MultiDict[str, str], errors: dict[str, str]) -> str:
    kind = request.args.get("kind", "")
    kind = kind if kind in KINDS else ""
    on = today()
    return render_template(
        "admin/rules.html", area=area, areas=rights.areas(s, me()), kind=kind, lines=list(_lines(s, area, kind)), f=f,
        errors=errors, presets=presets.PRESETS, one_of=_ONE_OF, some_of=_SOME_OF, rules=fields(Rules),
        now_on=today(), versions=[_version(s, p, owner, on) for p, owner in profiles.versions(s, area)],
    )  # fmt: skip


def _version(s: Session, p: RuleProfile, owner: Area | None, on: date) -> dict[str, Any]:
    over = p.valid_until is not None and p.valid_until < on
    return {
        "p": p,
        "owner": owner.name if owner else _("全系统"),
        "kind": words.TOPIC_KINDS[p.kind] if p.kind else _("每一类事"),
        "state": "over" if over else "coming" if p.valid_from > on else "now",
        "by": actor_name(s, p.by),
        "changes": [
            (next(str(f.metadata["what"]) for f in fields(Rules) if f.name == rule), _said(rule, value))
            for rule, value in p.changes.items()
            if rule in Rules().to_json()
        ],
    }


# ---- a new version ----------------------------------------------------------------------------


def _day(name: str) -> date | None:
    typed = request.form.get(name, "").strip()
    try:
        return date.fromisoformat(typed) if typed else None
    except ValueError:
        raise Refused(_("这个日期看不懂，请这样写：2025-11-24"), name) from None


def _from() -> date:
    """From when a version counts: what was in force on a day that is past stays what it was."""
    since = _day("valid_from")
    if since is None or since < today():
        raise Refused(_("请写从哪天起算，今天或以后"), "valid_from")
    return since


def _changes() -> dict[str, Any]:
    """What was filled in; an empty field stays as it is."""
    f, found = request.form, dict[str, Any]()
    for rule in fields(Rules):
        typed = f.get(rule.name, "").strip()
        if rule.name in _SOME_OF:
            if chosen := f.getlist(rule.name):
                found[rule.name] = [x for x in chosen if x != "none"]
        elif not typed:
            continue
        elif rule.name == "phone_counts_as_attendance":
            found[rule.name] = _YES.get(typed, False)
        elif rule.name in _ONE_OF:
            found[rule.name] = "" if typed == "none" else typed
        elif rule.name == "call_hours":
            found[rule.name] = typed.replace("，", ",").replace("：", ":").replace(" ", "")
        elif typed.isascii() and typed.isdigit() and len(typed) < 6:
            found[rule.name] = int(typed)
        else:
            raise Refused(_("请写数字"), rule.name)
    return found


def _save(id: int, verb: str, decide: Any) -> Any:
    try:
        with writing() as s:
            area = _area(s, id)
            made: RuleProfile = decide(s, area)
            rights.manage(s, me(), verb, area, f"profile:{made.id} {made.valid_from}")
            since = made.valid_from
    except Refused as refused:
        with reading() as s:
            return _page(s, _area(s, id), request.form, errors_of(refused)), 422
    flash(_("记下了，%(day)s起新办的事照这个来，正在办的不变", day=f"{since.month}月{since.day}日"))
    return redirect(url_for("admin.area_rules", id=id))


@panel.post("/areas/<int:id>/rules")
def change_rules(id: int) -> Any:
    """A new version of what this area decides for itself."""
    f = request.form

    def decide(s: Session, area: Area) -> RuleProfile:
        return profiles.decide(
            s, area, _changes(), kind=f.get("kind", ""), valid_from=_from(), valid_until=_day("valid_until"),
            name=f.get("name", "")[:40], by=actor(),
        )  # fmt: skip

    return _save(id, "rules", decide)


@panel.post("/areas/<int:id>/preset")
def apply_preset(id: int) -> Any:
    """What kind of place it is."""
    f = request.form

    def apply(s: Session, area: Area) -> RuleProfile:
        chosen, spoken = f.getlist("presets"), f.getlist("preset_language")
        try:
            return presets.apply(s, area, chosen, languages=spoken, valid_from=_from(), by=actor())
        except Refused as refused:  # the two forms of the page have fields of the same rules
            name = {"languages": "preset_language", "valid_from": "preset_from"}.get(
                refused.field, refused.field
            )
            raise Refused(refused.why, name if name.startswith("preset") else "presets") from None

    return _save(id, "preset", apply)
