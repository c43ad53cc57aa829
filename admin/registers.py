"""Registers: plans, agendas, records and ledgers, on one page; to filter, print, and take away as a workbook."""

import tempfile
from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, send_file, url_for
from flask_babel import gettext as _
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from admin import common
from admin.changing import actor_name
from admin.common import actor, me, panel, reading, writing, yuan
from admin.forms import errors_of
from admin.tables import XLSX, Book
from gateway.consultation import registers
from gateway.consultation.refusal import Refused
from gateway.consultation.registers import KINDS, Field
from gateway.models.area import Area
from gateway.models.register import RegisterEntry
from gateway.people import rights
from gateway.people.decided import today

_MOST = 500  # rows on a page; a workbook holds all


class _Asked:
    """Which register, of where and when; nonsense is one's own areas, this year."""

    def __init__(self, s: Session) -> None:
        q = request.values
        self.kind = q.get("kind", "") if q.get("kind") in KINDS else "plan"
        self.year = q.get("year", today().year, type=int)
        self.year = self.year if 2000 <= self.year <= 2100 else 0
        self.areas = {a.id: a for a in rights.areas(s, me())}
        self.area = self.areas.get(q.get("area", 0, type=int))
        self.title = q.get("q", "").strip()[:40]

    @property
    def rows(self) -> Any:
        ids = [self.area.id] if self.area else list(self.areas)
        return registers.entries(ids, self.kind, self.year, self.title)

    def query(self, **more: Any) -> dict[str, Any]:
        here = {
            "kind": self.kind,
            "year": self.year,
            "area": self.area.id if self.area else None,
            "q": self.title or None,
        }
        return here | more


def _shown(field: Field, value: str) -> str:
    """A value for whoever is signed in: some roles see no names."""
    return f"{value[:1]}某" if field.form == "name" and not common.sees_names() else value


@panel.get("/registers/")
def register_page() -> str:
    with reading() as s:
        return _page(s, {"day": f"{today()}"}, {})


def _page(
    s: Session, f: Mapping[str, Any], errors: dict[str, str], editing: RegisterEntry | None = None
) -> str:
    a = _Asked(s)
    kind = editing.kind if editing else a.kind
    rows = list(s.scalars(a.rows.limit(_MOST)))
    where = a.area or (s.get_one(Area, me().area_id) if me().area_id in a.areas else None)
    return render_template(
        "admin/registers.html", a=a, kind=KINDS[kind], key=kind, kinds=KINDS, f=f, errors=errors, editing=editing,
        rows=[(row, [(field, _shown(field, value)) for field, value in registers.said(kind, row)]) for row in rows],
        total=sum(row.amount or 0 for row in rows), more=len(rows) == _MOST, this_year=today().year,
        unpublished=registers.unpublished(s, where, a.year) if kind == "subsidy" and where and a.year else 0, where=where,
        earlier=[(row, actor_name(s, row.by)) for row in registers.before(s, editing)] if editing else [],
    )  # fmt: skip


@panel.get("/registers/<int:id>")
def one_entry(id: int) -> str:
    with reading() as s:
        row = _entry(s, id)
        yuan_ = "" if row.amount is None else yuan(row.amount).removesuffix(".00")
        typed = {
            "day": f"{row.day}",
            "title": row.title,
            "amount": yuan_,
            "entry_area": row.area_id,
            **row.fields,
        }
        return _page(s, typed, {}, row)


def _entry(s: Session, id: int) -> RegisterEntry:
    visible = select(RegisterEntry).where(RegisterEntry.area_id.in_(rights.area_ids(s, me())))
    return rights.get(s, visible.where(RegisterEntry.ended_at.is_(None)), RegisterEntry, id)


@panel.post("/registers/")
def add_entry() -> Any:
    return _save(None)


@panel.post("/registers/<int:id>")
def correct_entry(id: int) -> Any:
    """What stood there before stays behind it."""
    return _save(id)


def _save(id: int | None) -> Any:
    f = request.form
    try:
        with writing() as s:
            old = _entry(s, id) if id else None
            area = rights.get(
                s, rights.visible_areas(me()), Area, old.area_id if old else f.get("entry_area", 0, type=int)
            )
            kind = old.kind if old else f.get("kind", "")
            made = registers.write(s, area, kind, f, actor(), old)
            rights.act(s, me(), "register", f"entry:{made.id}", area.id, kind)
            back: dict[str, Any] = {"kind": kind, "year": made.day.year, "area": area.id}
    except Refused as refused:
        if refused.code == "moved":
            flash(refused.why, "error")
            return redirect(url_for("admin.register_page"))
        with reading() as s:
            return _page(s, f, errors_of(refused), _entry(s, id) if id else None), 422
    flash(_("记下了"))
    return redirect(url_for("admin.register_page", **back))


@panel.post("/registers/<int:id>/strike")
def strike_entry(id: int) -> Response:
    with writing() as s:
        row = _entry(s, id)
        back: dict[str, Any] = {"kind": row.kind, "year": row.day.year, "area": row.area_id}
        registers.strike(s, row)
        rights.act(s, me(), "register_strike", f"entry:{row.id}", row.area_id, row.kind)
    flash(_("去掉了"))
    return redirect(url_for("admin.register_page", **back))


@panel.post("/registers/publish")
def publish_subsidies() -> Response:
    """A year's subsidies on the public board; the words for telling everybody are put ready."""
    f = request.form
    year = f.get("year", 0, type=int)
    try:
        with writing() as s:
            area = rights.get(s, rights.visible_areas(me()), Area, f.get("area", 0, type=int))
            n, total = registers.publish(s, area, year)
            rights.act(s, me(), "subsidies_publish", f"area:{area.id}", area.id, f"{year}: {n}")
            back: dict[str, Any] = {"kind": "subsidy", "year": year, "area": area.id}
            sms = f"{area.signed}{year}年误工补贴公示：{n}笔，共{yuan(total).removesuffix('.00')}元。名单贴在公开栏，有疑问打热线"
    except Refused as refused:
        flash(refused.why, "error")
        return redirect(url_for("admin.register_page", kind="subsidy", year=year))
    flash(_("公示栏上看得到了"))
    return redirect(url_for("admin.register_page", **back, told=sms))


@panel.get("/registers.xlsx")
def register_file() -> Response:
    """All rows that the page's filters leave, whatever their number; who took them away is on record."""
    out = tempfile.TemporaryFile()  # noqa: SIM115 (sent, then closed by the server)
    with reading() as s:
        a = _Asked(s)
        k = KINDS[a.kind]
        heading = [k.title, _("村、社区"), _("日期"), *(field.name for field in k.fields)]
        heading += [_("元")] if k.money else []
        book, total = Book(out), s.scalar(select(func.count()).select_from(a.rows.order_by(None).subquery()))
        rows = (
            [row.title, a.areas[row.area_id].name, f"{row.day}",
             *(_shown(field, row.fields.get(field.key, "")) for field in k.fields),
             *([("元", row.amount or 0)] if k.money else [])]
            for row in s.scalars(a.rows)
        )  # fmt: skip
        book.sheet(k.name[:31].replace("/", ""), heading, rows)
        book.book.close()
        area_id = a.area.id if a.area else me().area_id
    with writing() as s:
        rights.note(s, actor(), "register_file", f"area:{area_id}", area_id, f"{a.kind} {a.year} {total}")
    out.seek(0)
    return send_file(out, XLSX, as_attachment=True, download_name=f"{a.kind}-{a.year or 'all'}.xlsx")
