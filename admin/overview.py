"""Everything below an area in figures, for those who look after many: no names, and the same as a workbook."""

import tempfile
from collections.abc import Iterable
from typing import IO, Any

from flask import render_template, request, send_file
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from admin import words
from admin.common import actor, me, panel, reading, runtime, writing
from admin.statistics import typed
from admin.tables import XLSX, Book
from gateway import clock, overview
from gateway.figures import FEW, Period
from gateway.models.area import Area
from gateway.overview import Overview, Share
from gateway.people import rights


def _looked(s: Session) -> tuple[dict[str, Any], Area, Period, Overview] | str:
    """What was asked for, counted; or the form with what is wrong with it."""
    f, errors, area, period = typed(s)
    if area is None or period is None:
        return render_template("admin/overview.html", f=f, errors=errors, o=None, up=None)
    return f, area, period, overview.look(s, runtime().settings, area, period, runtime().settings.zone)


@panel.get("/overview")
def overview_page() -> Any:
    with reading() as s:
        found = _looked(s)
        if isinstance(found, str):
            return found, 422
        f, area, _period, o = found
        up = s.get(Area, area.parent_id) if area.parent_id else None
        seen = up is not None and up.id in {a.id for a in rights.areas(s, me())}
        rows = [p for p in o.places if p.id != area.id or p.matters or p.villages]
        return render_template(
            "admin/overview.html", f=f, errors={}, o=o, up=up if seen else None, rows=rows, few=FEW
        )


@panel.get("/overview.xlsx")
def overview_file() -> Response | tuple[str, int]:
    """The same as a workbook; who took it away is on record."""
    with reading() as s:
        found = _looked(s)
        if isinstance(found, str):
            return found, 422
        _f, area, period, o = found
        out = tempfile.TemporaryFile()  # noqa: SIM115 (sent, then closed by the server)
        _write(out, o, period)
        id, code = area.id, area.code
    with writing() as s:
        rights.note(s, actor(), "overview", f"area:{id}", id, f"{period.since}..{period.until}")
    out.seek(0)
    name = f"overview-{code}-{period.since:%Y%m%d}-{period.until:%Y%m%d}.xlsx"
    return send_file(out, XLSX, as_attachment=True, download_name=name)


def _write(out: IO[bytes], o: Overview, period: Period) -> None:
    book = Book(out)
    book.book.set_properties(
        {"title": f"{o.area.name} {period.since} {period.until}", "created": clock.now()}
    )
    about = [
        [_("范围"), o.area.name], [_("日期"), f"{period.since} – {period.until}"], [_("村、社区"), o.total("villages")],
        [_("协商过的"), o.total("covered")], [_("事项"), o.total("matters")], [_("过期没办的"), o.total("overdue")],
        [_("话费"), ("元", o.total("spent"))], [_("平均一件事"), ("元", o.per_matter) if o.per_matter is not None else None],
        [_("参与"), _("名册上的成年人里，至少表过一次态、说过一次意见的；不到五个人的不列")],
    ]  # fmt: skip
    book.sheet(_("总览"), [_("这张表"), _("内容")], about)
    heading = [
        _("地方"), _("到哪一步"), _("村、社区"), _("协商过的"), _("覆盖"), _("事项"), _("过期没办"), _("监督意见没答复"), _("转办没回音"),
        _("短信"), _("电话"), _("话费（元）"),
    ]  # fmt: skip
    rows = (
        [p.name, str(words.ROLLOUTS.get(p.rollout, p.rollout)), p.villages, p.covered, ("%", p.covered, p.villages),
         p.matters, p.overdue, p.late_flags, p.late_referrals, p.sms, p.calls, ("元", p.spent)]
        for p in o.places
    )  # fmt: skip
    book.sheet(_("各地"), heading, rows)
    stages = ([str(words.ROLLOUTS.get(key, key)), n] for key, n in o.stages.items())
    book.sheet(_("试点和阶段"), [_("到哪一步"), _("村、社区")], stages)
    states = ([str(words.STATES.get(key, key)), n] for key, n in o.states.items())
    book.sheet(_("事项到哪一步"), [_("现在"), _("事项")], states)
    heading = [_("按什么分"), _("哪些人"), _("名册上"), _("参与过"), _("参与率")]
    book.sheet(_("参与"), heading, _parts(o))
    book.book.close()


def _parts(o: Overview) -> Iterable[list[Any]]:
    yield [_("合计"), None, *_share(o.people)]
    for kind, parts, names in ((_("年龄"), o.ages, {}), (_("性别"), o.sexes, words.SEXES)):
        for name, share in parts.items():
            yield [kind, names.get(name, name), *_share(share)]
    for channel, n in o.channels.items():
        yield [
            _("方式"),
            str(words.CHANNELS.get(channel, channel)),
            None,
            _("不到五个") if n is None else n,
            None,
        ]


def _share(share: Share) -> list[Any]:
    hidden = _("不到五个")
    told = share.people is not None and share.said is not None
    return [
        hidden if share.people is None else share.people,
        hidden if share.said is None else share.said,
        ("%", share.said, share.people) if told else None,
    ]


@panel.app_template_filter("percent")
def percent(part: int | None, whole: int | None) -> str:
    """A share in whole percent; a dash where it can't be told."""
    return f"{round(100 * part / whole)}%" if part is not None and whole else "–"


@panel.app_template_global("period_query")
def period_query(area_id: int | None = None) -> dict[str, str]:
    """The period that is looked at, for links that keep it."""
    kept = {name: request.args[name] for name in ("since", "until") if request.args.get(name)}
    return kept | ({"area": str(area_id)} if area_id else {})
