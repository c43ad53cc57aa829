"""The web application: webhooks, public pages, and (on one machine) panel, simulator and browser phone."""

import hashlib
import hmac

from flask import Flask, Request, redirect, render_template
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from werkzeug.wrappers import Response

from gateway.logs import quiet_logs
from gateway.runtime import Runtime
from gateway.settings import Settings
from gateway.web import (
    board,
    health,
    ledgers,
    opendata,
    prompts,
    recordings,
    signed,
    sms,
    sounds,
    status,
    voice,
)

_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 32 32"><rect width="32" height="32" rx="8" fill="#1f6f54"/>'
    '<path d="M9 8c-1 6 9 16 15 15l2-4-5-3-2 2c-3-1-5-3-6-6l2-2-3-5z" fill="#faf7f1"/></svg>'
)
_UPLOAD = 25 * 1024 * 1024  # bytes; a roster of 200,000 rows fits


def create_app(settings: Settings | None = None, runtime: Runtime | None = None) -> Flask:
    """Build the application. ``XIANGYIN_PART`` = ``hotline`` leaves the panel out, ``panel`` the webhooks.

    Raises BadSetting.
    """
    rt = runtime or Runtime.open(settings)
    quiet_logs()
    app = Flask(__name__, template_folder="web/templates", static_folder=None)
    app.extensions["xiangyin"] = rt
    app.config["MAX_CONTENT_LENGTH"] = _UPLOAD
    app.secret_key = hmac.new(rt.settings.master_key, b"xiangyin/flask", hashlib.sha256).digest()
    app.register_error_handler(404, _missing)
    app.session_interface = _Cookies()
    part = rt.settings.xiangyin_part
    app.register_blueprint(health.blueprint)
    app.add_url_rule("/favicon.ico", "icon", lambda: Response(_ICON, mimetype="image/svg+xml"))
    if part != "panel":
        app.before_request(signed.guard)
        for door in (sms, voice, status, recordings, prompts, sounds, board, opendata, ledgers):
            app.register_blueprint(door.blueprint)
        if rt.settings.simulated:
            from gateway.simulator.mount import mount

            mount(app, rt)
        app.add_url_rule("/", "front", _front)
    if part != "hotline":
        from admin.app import register

        register(app)
        if part == "panel":
            app.add_url_rule("/", "front", lambda: redirect("/admin/"))
    return app


def _missing(_error: Exception) -> tuple[str, int]:
    return render_template("missing.html"), 404


class _Cookies(SecureCookieSessionInterface):
    """Flask's own sessions, without a serializer made for each webhook that brings no cookie."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        if self.get_cookie_name(app) not in request.cookies:
            return self.session_class()
        return super().open_session(app, request)


def _front() -> str | Response:
    """Where to go from the printed address."""
    from gateway.web.signed import runtime

    return render_template(
        "front.html", simulated=runtime().settings.simulated, part=runtime().settings.xiangyin_part
    )
