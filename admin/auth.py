"""Signing in and out."""

from datetime import UTC, datetime
from typing import Any

from flask import Response, flash, g, make_response, redirect, render_template, request, session, url_for
from flask_babel import gettext as _
from werkzeug.wrappers import Response as AnyResponse

from admin.common import me, panel, reading, runtime, writing
from gateway.models.area import Area
from gateway.people import organizers


def _inside(path: str) -> str:
    """``path`` when it stays in the panel, else the home page: nobody is led elsewhere by a link."""
    safe = path.startswith("/admin/") and "//" not in path and "\\" not in path and path.isprintable()
    return path if safe else url_for("admin.home")


def ask_to_sign_in() -> AnyResponse:
    """To the login page and back again; a page that refreshes a part of itself is led there whole."""
    if request.headers.get("HX-Request"):
        answer: Response = make_response("")
        answer.headers["HX-Redirect"] = url_for("admin.login")
        return answer
    if request.method == "POST":
        flash(_("您已经退出登录，刚才那一步没有办成，请登录以后再来一次"), "error")
    wanted = request.full_path.rstrip("?") if request.method == "GET" else ""
    return redirect(url_for("admin.login", next=wanted) if wanted else url_for("admin.login"))


@panel.get("/login", endpoint="login")
def login_page() -> Any:
    if g.organizer is not None:
        return redirect(url_for("admin.home"))
    return render_template("admin/login.html", typed="", problem="", next=request.args.get("next", ""))


@panel.post("/login", endpoint="sign_in")
def login() -> Any:
    """Check name and password; five wrong ones lock the account for a while."""
    typed, problem, token = request.form.get("login", ""), "", ""
    try:
        organizer = organizers.check(runtime().db, typed, request.form.get("password", ""))
        with writing() as s:
            token = organizers.sign_in(s, organizer, request.headers.get("User-Agent", ""))
    except organizers.Locked as locked:
        minutes = int((locked.until - datetime.now(UTC)).total_seconds() // 60) + 1
        problem = _("输错太多次了，请 %(n)s 分钟后再试", n=minutes)
    except organizers.Busy:
        problem = _("这会儿登录的人太多，请等几秒再试")
    except organizers.WrongPassword:
        problem = _("账号或密码不对")
    if problem:
        page = render_template(
            "admin/login.html", typed=typed, problem=problem, next=request.form.get("next", "")
        )
        return page, 401
    session.clear()  # a new session id with every sign-in
    session["token"] = token
    return redirect(_inside(request.form.get("next", "")))


@panel.post("/logout")
def logout() -> AnyResponse:
    with writing() as s:
        organizers.sign_out(s, session.get("token", ""))
    session.clear()
    return redirect(url_for("admin.login"))


@panel.get("/account")
def account() -> str:
    """Who I am, and my password."""
    with reading() as s:
        return render_template("admin/account.html", area=s.get_one(Area, me().area_id), problem="")


@panel.post("/account")
def change_password() -> Any:
    problem, new = "", request.form.get("new", "")
    if new != request.form.get("again", ""):
        problem = _("两次输入的新密码不一样")
    else:
        try:
            organizers.change_password(runtime().db, me(), request.form.get("old", ""), new)
        except organizers.Busy:
            problem = _("这会儿登录的人太多，请等几秒再试")
        except organizers.WrongPassword:
            problem = _("原来的密码不对")
        except ValueError:
            problem = _("新密码至少要十个字符")
    if problem:
        with reading() as s:
            page = render_template("admin/account.html", area=s.get_one(Area, me().area_id), problem=problem)
        return page, 422
    flash(_("密码改好了"))
    return redirect(url_for("admin.account"))
