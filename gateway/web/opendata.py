"""What is on the public board as data, for the county's site or its WeChat account (policy II(3), III(3); domain.md §1 rows 11
and 24): read only, no personal data, no token. 200 matters a page, newest first, two statements a page."""

import csv
import io
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, jsonify, request, url_for
from sqlalchemy import case, func, select
from sqlalchemy.orm import Session

from gateway.consultation import matters
from gateway.consultation.ballots import COUNTS
from gateway.disclosed import COUNTED
from gateway.models.answer import Ballot
from gateway.models.area import Area
from gateway.models.consultation import GATHERING, Consultation
from gateway.outreach.export import BOM, cell
from gateway.web.board import STATES
from gateway.web.signed import runtime

blueprint = Blueprint("opendata", __name__, url_prefix="/board")
PAGE = 200
_COLUMNS = (
    "number", "title", "area", "area_code", "kind", "state", "state_name", "opens", "closes", "publicity_until", "voices",
    "answered", "result", "url",
)  # fmt: skip


def _day(moment: datetime | None, zone: ZoneInfo) -> str:
    """The village's day, as everybody's programs read it."""
    return f"{moment.astimezone(zone).date()}" if moment else ""


def _page(s: Session) -> tuple[list[dict[str, Any]], int | None]:
    """The rows of the page asked for, and the next page's number if there is one. ``?area=`` a code: it and all below."""
    page = min(max(1, request.args.get("page", 1, type=int)), 10_000)
    found = (
        select(Consultation, Area)
        .join(Area, Area.id == Consultation.area_id)
        .where(Consultation.state.in_(STATES), matters.was_announced())
        .order_by(Consultation.number.desc())
    )
    if code := request.args.get("area", "")[:40]:
        path = select(Area.path).where(Area.code == code).scalar_subquery()
        found = found.where(Area.path.startswith(path))
    rows = s.execute(found.offset((page - 1) * PAGE).limit(PAGE + 1)).all()
    said = _answered(s, [c.id for c, _area in rows])
    return [_row(c, area, said.get(c.id, 0)) for c, area in rows[:PAGE]], page + 1 if len(
        rows
    ) > PAGE else None


def _answered(s: Session, ids: list[int]) -> dict[int, int]:
    """How many voices answered, one a person or one a home, as the matter counts them."""
    alone = func.sum(case((Ballot.household_id.is_(None), 1), else_=0))
    homes = func.count(func.distinct(Ballot.household_id)) + alone
    voices = case((Consultation.unit == "person", func.count()), else_=homes)
    counted = (
        select(Ballot.consultation_id, voices)
        .join(Consultation, Consultation.id == Ballot.consultation_id)
        .where(Ballot.consultation_id.in_(ids), COUNTS)
        .group_by(Ballot.consultation_id, Consultation.unit)
    )
    return {id: int(n) for id, n in s.execute(counted)}


def _row(c: Consultation, area: Area, answered: int) -> dict[str, Any]:
    """One matter, as the board shows it. Who could answer is told once that is settled."""
    told = c.state in COUNTED or c.state in GATHERING
    return {
        "number": c.number,
        "title": c.title,
        "area": area.name,
        "area_code": area.code,
        "kind": c.kind,
        "state": c.state,
        "state_name": STATES[c.state],
        "opens": _day(c.opens_at, area.zone),
        "closes": _day(c.closes_at, area.zone),
        "publicity_until": _day(c.publicity_ends_at, area.zone) if c.state in COUNTED else "",
        "voices": c.voices,
        "answered": answered if told else None,
        "result": c.result if c.state in COUNTED else "",
        "url": f"{runtime().settings.base_url}/board/{c.number}",
    }


def _open(answer: Response) -> Response:
    """Any site's page may read it, and a cache between may keep it for a minute."""
    answer.headers["Access-Control-Allow-Origin"] = "*"
    answer.headers["Cache-Control"] = "public, max-age=60"
    answer.headers["X-Content-Type-Options"] = "nosniff"
    return answer


@blueprint.get("/export.json")
def export_json() -> Response:
    """``{"matters": […], "next": address of the next page or null}``; days as 2026-11-28 in the village's time."""
    with runtime().db.read() as s:
        rows, more = _page(s)
    kept: dict[str, Any] = {"area": request.args["area"]} if request.args.get("area") else {}
    following = url_for("opendata.export_json", page=more, **kept) if more else None
    return _open(jsonify(matters=rows, next=following and f"{runtime().settings.base_url}{following}"))


@blueprint.get("/export.csv")
def export_csv() -> Response:
    """The same for a spreadsheet program; nothing in it can become a formula."""
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\r\n").writerow
    out.write(BOM)
    write(_COLUMNS)
    with runtime().db.read() as s:
        for row in _page(s)[0]:
            write([cell("" if row[name] is None else row[name]) for name in _COLUMNS])
    answer = Response(out.getvalue(), mimetype="text/csv")
    answer.headers["Content-Disposition"] = 'attachment; filename="matters.csv"'
    return _open(answer)
