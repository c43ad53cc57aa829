"""The public board: what is asked, how many answered, what came out. No personal data, no sign-in, no JavaScript."""

from typing import Any
from zoneinfo import ZoneInfo

import segno
from flask import Blueprint, abort, make_response, render_template, request
from markupsafe import Markup
from sqlalchemy import select
from werkzeug.wrappers import Response as AnyResponse

from gateway import clock, disclosed, phones, text
from gateway.consultation import matters, receipts, registers
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.web.signed import runtime

blueprint = Blueprint(
    "board", __name__, url_prefix="/board", template_folder="templates", static_folder="static"
)
STATES = {
    "NOTICED": "就要开始征集", "OPEN": "正在征集", "HEARING": "正在听证议事", "SMALL_GROUP_TALK": "正在恳谈", "DRAFTED": "征集结束，正在拿协商意见",
    "REPORTED_TO_GOV": "结果已报镇里", "NO_CONSENSUS": "没有谈拢", "ASSEMBLY": "要开会表决", "ASSEMBLY_FAILED_QUORUM": "到会人数不够，要再开会",
    "REJECTED": "会上没有通过", "REVISED": "方案改了，就要再公示", "CORRECTION_ORDERED": "镇里责令改正", "ANNULLED": "已作废", "SUSPENDED": "先停一停", "PUBLICITY": "结果公示中", "OBJECTED": "有人反对，正在解释",
    "EXPLAINED": "结果公示中", "EFFECTIVE": "已经生效", "IMPLEMENTING": "正在落实", "DISCLOSED": "落实情况已公开",
    "EVALUATED": "已经评估", "CLOSED": "已经办完", "WITHDRAWN": "已撤回",
}  # fmt: skip
TOLD = {"notice": "通知", "reminder": "提醒", "result": "结果", "effective": "生效通知"}


def public(answer: str) -> AnyResponse:
    made = make_response(answer)
    made.headers["Cache-Control"] = "public, max-age=15"
    made.headers["Content-Security-Policy"] = "default-src 'self'; frame-ancestors 'none'"
    made.headers["X-Content-Type-Options"] = "nosniff"
    made.add_etag()
    return made.make_conditional(request)


@blueprint.app_template_filter("village_day")
def day(moment: Any, zone: ZoneInfo | None = None) -> str:
    """A moment as a day where the matter's people live."""
    return text.short_date(moment.astimezone(zone or clock.village_zone()).date()) if moment else ""


@blueprint.get("/")
def index() -> AnyResponse:
    """All matters people were told of, newest first."""
    with runtime().db.read() as s:
        rows = s.execute(
            select(Consultation, Area)
            .join(Area, Area.id == Consultation.area_id)
            .where(Consultation.state.in_(STATES), matters.was_announced())
            .order_by(Consultation.number.desc())
        ).all()
        subsidies = registers.published_years(s)
    return public(
        render_template(
            "board/index.html", rows=rows, states=STATES, subsidies=subsidies,
            hotline=phones.dialled(runtime().settings.hotline),
        )
    )  # fmt: skip


@blueprint.get("/<int:number>")
def one(number: int) -> AnyResponse:
    """One matter: the notice, how many answered, the result, and how to object."""
    rt = runtime()
    with rt.db.read() as s:
        c = matters.find(s, number)
        if c is None or c.state not in STATES or not matters.announced(s, c):
            abort(404)
        d = disclosed.of(s, c)
    code = segno.make(f"{rt.settings.base_url}/board/{number}", micro=False)
    facts = {
        "c": c, "d": d, "area": d.area, "tally": d.tally, "left": d.left(), "states": STATES, "ways": disclosed.WAYS,
        "stages": TOLD, "objections": disclosed.OBJECTIONS,
        "most": max([1, *d.tally.counts.values()]),
        "qr": Markup(code.svg_inline(scale=3, dark="#000", border=2)),
        "hotline": phones.dialled(rt.settings.hotline), "dial": rt.settings.hotline,
    }  # fmt: skip
    return public(render_template("board/one.html", **facts))


@blueprint.route("/receipt", methods=["GET", "POST"])
def receipt() -> str:
    """Whether a receipt is kept; never what was chosen."""
    code, found = request.values.get("code", "").strip()[:12], None
    if code:
        with runtime().db.read() as s:
            kept = receipts.look_up(s, code) if code.isdigit() else None
            if kept:
                c = s.get(Consultation, kept.consultation_id) if kept.consultation_id else None
                kind = {"ballot": "表态", "opinion": "意见", "objection": "反对", "claim": "登记"}.get(
                    kept.kind, ""
                )
                found = {"about": f"{c.number}号 {c.title}" if c else "", "kind": kind, "at": kept.created_at}
    return render_template("board/receipt.html", code=code, found=found)
