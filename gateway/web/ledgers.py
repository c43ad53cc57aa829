"""An area's subsidies of a year, as anybody may see them (policy III(3)): for what, how many days, how much. No name: the list
with names hangs in the village."""

from flask import Blueprint, abort, render_template
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from gateway.consultation import registers
from gateway.models.area import Area
from gateway.models.person import Person
from gateway.people.discreet import Discreet
from gateway.web.board import public
from gateway.web.signed import runtime

blueprint = Blueprint("ledgers", __name__, url_prefix="/board")


@blueprint.get("/subsidies/<code>/<int:year>")
def subsidies(code: str, year: int) -> AnyResponse:
    """What was published of that year; names that slipped into a title are taken out."""
    with runtime().db.read() as s:
        area = s.scalar(select(Area).where(Area.code == code))
        rows = registers.published(s, area, year) if area and 2000 <= year <= 2100 else []
        if area is None or not rows:
            abort(404)
        below = select(Area.id).where(Area.path.startswith(area.path))
        hush = Discreet(s.scalars(select(Person.name).where(Person.area_id.in_(below)).distinct()))
        shown = [(row, hush(row.title)) for row in rows]
    total = sum(row.amount or 0 for row in rows)
    return public(render_template("board/subsidies.html", area=area, year=year, rows=shown, total=total))
