"""The organizers' panel: a blueprint under /admin/, with its own sessions, CSRF check and headers."""

from typing import Any

from flask import Flask, Response, g, redirect, render_template, request, session, url_for
from flask_babel import Babel
from flask_wtf.csrf import CSRFError, CSRFProtect

from admin import (
    archive,
    areas,
    assessments,
    auth,
    broadcast_form,
    broadcasts,
    changing,
    claims,
    common,
    consultations,
    doors,
    home,
    inbox,
    loudspeaker,
    mandates,
    meetings,
    opinions,
    oversight,
    overview,
    papers,
    participants,
    prompts,
    recusals,
    referrals,
    registers,
    residents,
    results,
    roles,
    rosters,
    rulebook,
    statistics,
    themes,
    words,
    written,
)
from admin.common import panel
from gateway import clock, phones, text
from gateway.consultation.ballots import may_be_broken_down
from gateway.models.area import Area
from gateway.people import organizers, rights
from gateway.runtime import Runtime

_PAGES = (
    auth,
    home,
    areas,
    consultations,
    participants,
    meetings,
    mandates,
    assessments,
    written,
    oversight,
    opinions,
    themes,
    recusals,
    results,
    residents,
    rosters,
    claims,
    broadcast_form,
    broadcasts,
    doors,
    inbox,
    loudspeaker,
    prompts,
    papers,
    archive,
    statistics,
    rulebook,
    overview,
    registers,
    referrals,
)
_OPEN_TO_ALL = ("admin.login", "admin.sign_in", "admin.static")
_POLICY = (
    "default-src 'self'; img-src 'self' data:; media-src 'self' blob:; object-src 'none'; "
    "base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
_csrf = CSRFProtect()


def register(app: Flask) -> None:
    """Mount the panel. The factory has set ``app.secret_key`` and ``app.extensions["xiangyin"]``."""
    rt: Runtime = app.extensions["xiangyin"]
    app.config.update(
        SESSION_COOKIE_NAME="xy_session",
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=rt.settings.base_url.startswith("https://"),
        WTF_CSRF_CHECK_DEFAULT=False,  # carriers post without a token; the panel checks its own below
        WTF_CSRF_TIME_LIMIT=None,  # a form left open over lunch must still be accepted
    )
    if "babel" not in app.extensions:
        Babel(app, default_locale="zh")
    _csrf.init_app(app)
    for name in ("when", "day", "left", "for_input", "shown_name", "lasting", "yuan"):
        app.add_template_filter(getattr(common, name), name)
    app.add_template_filter(phones.dialled, "dialled")
    app.add_template_filter(text.short_date, "monthday")
    app.add_template_global(
        lambda c, tally: not tally.hidden and (common.sees_names() or may_be_broken_down(c, tally)),
        "sees_counts",
    )
    app.add_template_global(roles.may, "may")  # globals: macros see no page context
    app.add_template_global(roles.why_not, "why_not")
    app.register_blueprint(panel)


@panel.before_request
def _guard() -> Any:
    """Who is it, did the form come from our own page, and is it for this role?"""
    g.organizer = None
    if request.endpoint == "admin.static":
        return None
    token = session.get("token")
    if token:
        with common.reading() as s:
            g.organizer = organizers.who(s, token)
            g.area_ids = set(rights.area_ids(s, g.organizer)) if g.organizer else set()
            g.zone = s.get_one(Area, g.organizer.area_id).zone if g.organizer else None
    if request.endpoint not in _OPEN_TO_ALL and g.organizer is None:
        return auth.ask_to_sign_in()
    _csrf.protect()
    if g.organizer is not None and (
        common.closed_to(g.organizer, request.path)
        or not roles.open_to_me(request.endpoint or "", request.method)
    ):
        raise rights.NotAllowed
    return None


@panel.context_processor
def _everywhere() -> dict[str, object]:
    rt = common.runtime()
    return {
        "me": g.get("organizer"),
        "simulated": rt.settings.simulated,
        "now": clock.now(),
        "words": words,
        "sees_names": common.sees_names() if g.get("organizer") else False,
        "sees_words": common.sees_words() if g.get("organizer") else False,
        "closed": lambda path: common.closed_to(g.organizer, path),
    }


@panel.after_request
def _headers(response: Response) -> Response:
    response.headers.setdefault("Content-Security-Policy", _POLICY)
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Referrer-Policy"] = "same-origin"
    response.headers["X-Frame-Options"] = "DENY"
    if common.runtime().settings.base_url.startswith("https://"):
        response.headers["Strict-Transport-Security"] = "max-age=31536000"
    if request.endpoint != "admin.static":
        response.headers["Cache-Control"] = "no-store"
    return response


@panel.errorhandler(404)
@panel.errorhandler(rights.NotVisible)
def _missing(_error: Exception) -> tuple[str, int]:
    return render_template("admin/problem.html", kind="missing"), 404


@panel.errorhandler(rights.NotAllowed)
def _forbidden(_error: Exception) -> tuple[str, int]:
    needed = roles.NEEDS.get((request.endpoint or "").removeprefix("admin."), ())
    rule = changing.not_theirs() if g.get("organizer") else ""
    why = (roles.why_not(*needed) if needed and g.get("organizer") else "") or rule
    return render_template("admin/problem.html", kind="forbidden", why=why), 403


@panel.errorhandler(common.ReasonFirst)
def _reason_first(asked: common.ReasonFirst) -> Any:
    back = request.full_path.rstrip("?") if request.method == "GET" else ""
    return redirect(url_for("admin.inspection", id=asked.id, back=back))


@panel.errorhandler(CSRFError)
def _stale(_error: Exception) -> tuple[str, int]:
    return render_template("admin/problem.html", kind="stale"), 400


@panel.errorhandler(413)
def _too_big(_error: Exception) -> tuple[str, int]:
    return render_template("admin/problem.html", kind="big"), 413
