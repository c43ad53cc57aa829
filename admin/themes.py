"""The lexicon by which groups of opinions are suggested: an area's own words, to change as people speak."""

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from admin.common import actor, me, panel, reading, writing
from admin.forms import errors_of
from gateway.consultation import themes
from gateway.consultation.refusal import Refused
from gateway.models.answer import Theme
from gateway.models.area import Area
from gateway.people import rights


def _page(s: Session, f: Mapping[str, Any], errors: dict[str, str], id: int = 0) -> str:
    """``id`` is the entry the errors belong to, 0 the new one. A sentence typed under “试一试” shows what is suggested."""
    own = s.get_one(Area, me().area_id)
    found, tried = themes.of(s, own), request.args.get("try", "").strip()[:200]
    return render_template(
        "admin/themes.html", themes=found, mine=own.id, f=f, errors=errors, id=id, tried=tried,
        like=themes.suggest(tried, found) if tried else "", areas={a.id: a.name for a in rights.areas(s, me())},
    )  # fmt: skip


@panel.get("/themes/")
def themes_page() -> str:
    with reading() as s:
        return _page(s, {}, {})


def _keep(old: int) -> Any:
    f = request.form
    try:
        with writing() as s:
            own = s.get_one(Area, me().area_id)
            theme = _own(s, old) if old else None
            themes.keep(
                s, own, f.get("name", ""), f.get("words", "").replace("、", " ").replace("，", " ").replace(",", " ").split(), actor(),
                stance="stance" in f, old=theme,
            )  # fmt: skip
            rights.act(s, me(), "keep_theme", f"area:{own.id}", own.id)
    except Refused as refused:
        with reading() as s:
            return _page(s, f, errors_of(refused), old), 422
    flash(_("存好了"))
    return redirect(url_for("admin.themes_page"))


def _own(s: Session, id: int) -> Theme:
    """An entry of the organizer's own area: those of areas above are read, not changed."""
    found = s.get(Theme, id)
    if found is None or found.area_id != me().area_id:
        raise rights.NotVisible
    return found


@panel.post("/themes/")
def add_theme() -> Any:
    return _keep(0)


@panel.post("/themes/<int:id>/<any(keep, drop):verb>")
def change_theme(id: int, verb: str) -> Any:
    if verb == "keep":
        return _keep(id)
    with writing() as s:
        themes.drop(s, _own(s, id))
        rights.act(s, me(), "drop_theme", f"area:{me().area_id}")
    flash(_("去掉了，以后不再这样建议"))
    return redirect(url_for("admin.themes_page"))


@panel.post("/themes/usual")
def usual_themes() -> Response:
    """The words the house brings along, as far as they are not there yet."""
    with writing() as s:
        own = s.get_one(Area, me().area_id)
        n = themes.add_usual(s, own, actor())
        rights.act(s, me(), "usual_themes", f"area:{own.id}", own.id)
    flash(_("添了%(n)s组", n=n))
    return redirect(url_for("admin.themes_page"))
