"""Figures by area and period as an Excel workbook."""

import tempfile
from datetime import date, timedelta
from typing import IO, Any

from flask import render_template, request, send_file
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from admin import common, words
from admin.common import actor, me, panel, reading, runtime, writing
from admin.tables import XLSX, Book
from gateway import clock, figures
from gateway.figures import Period, Turnout
from gateway.models.area import Area
from gateway.people import rights

_LONGEST = 3 * 366  # days: three years of a county are what a page may take to count
_WAYS = ("sms", "voice", "clerk", "proxy")


def typed(s: Session) -> tuple[dict[str, str], dict[str, str], Area | None, Period | None]:
    """The form with its defaults (this year, one's own area), what is wrong with it, and what it means."""
    today = common.local(clock.now()).date()
    f = {"area": str(me().area_id), "since": f"{today.year}-01-01", "until": f"{today}"} | {
        name: value.strip() for name, value in request.args.to_dict().items() if value.strip()
    }
    errors: dict[str, str] = {}
    days: dict[str, date] = {}
    for name in ("since", "until"):
        try:
            days[name] = date.fromisoformat(f[name])
        except ValueError:
            errors[name] = _("这个日期看不懂，请这样写：2025-11-24")
    area = next((a for a in rights.areas(s, me()) if str(a.id) == f["area"]), None)
    if area is None:
        errors["area"] = _("请选择村或社区")
    if len(days) == 2 and not timedelta() <= days["until"] - days["since"] <= timedelta(days=_LONGEST):
        errors["until"] = _("结束要在开始以后，最多三年")
    if not all(2000 <= day.year <= 2100 for day in days.values()):
        errors["since"] = _("请看看年份对不对")
    return f, errors, area, None if errors else Period(days["since"], days["until"])


@panel.get("/statistics")
def statistics() -> str:
    """Which area and which days."""
    with reading() as s:
        f, errors, _area, _period = typed(s)
        return render_template("admin/statistics.html", f=f, errors=errors, areas=rights.areas(s, me()))


@panel.get("/statistics.xlsx")
def statistics_file() -> Response | tuple[str, int]:
    """The workbook; who took it away is on record."""
    with reading() as s:
        f, errors, area, period = typed(s)
        if area is None or period is None:
            page = render_template("admin/statistics.html", f=f, errors=errors, areas=rights.areas(s, me()))
            return page, 422
        out = tempfile.TemporaryFile()  # noqa: SIM115 (sent, then closed by the server)
        _write(out, s, area, period)
        id, code = area.id, area.code
    with writing() as s:
        rights.note(s, actor(), "statistics", f"area:{id}", id, f"{period.since}..{period.until}")
    out.seek(0)
    name = f"statistics-{code}-{period.since:%Y%m%d}-{period.until:%Y%m%d}.xlsx"
    return send_file(out, XLSX, as_attachment=True, download_name=name)


def _write(out: IO[bytes], s: Session, area: Area, period: Period) -> None:
    st = runtime().settings
    below = [a for a in rights.areas(s, me()) if a.path.startswith(area.path)]
    ids = [a.id for a in below]
    found = list(figures.within(s, ids, period, st.zone))
    each = [figures.matter(s, st, c) for c in found]
    parts = figures.parts(s, found)
    book = Book(out)
    book.book.set_properties({"title": f"{area.name} {period.since} {period.until}", "created": clock.now()})
    book.sheet(_("说明"), [_("这张表"), _("内容")], _about(area, period, len(found)))
    _states(book, each, [a.name for a in below])
    _matters(book, each)
    _turnout(book, parts)
    _told(book, each)
    handled = figures.objections(s, [c.id for c in found])
    heading = [_("村、社区"), _("反对"), _("还没答复"), _("超过期限"), _("答复了"), _("答复平均用几天")]
    rows = (
        [h.area, h.objections, h.open, h.late, h.explained, round(h.days, 1) if h.days is not None else None]
        for h in handled
    )
    book.sheet(_("反对"), heading, rows)
    _costs(book, each, figures.spending(s, ids, period))
    book.book.close()


def _about(area: Area, period: Period, count: int) -> list[list[Any]]:
    return [
        [_("范围"), area.name],
        [_("日期"), f"{period.since} – {period.until}"],
        [_("事项"), count],
        [_("算在哪一段"), _("按开始征集的那天")],
        [_("参与率"), _("按人算，一件事问一次算一次；不到五个人的不列")],
        [_("话费"), _("按设置里的单价和运营商接下的次数算，是估数")],
    ]


def _states(book: Book, each: list[figures.Matter], areas: list[str]) -> None:
    states = [state for state in words.STATES if any(m.c.state == state for m in each)]
    counts = {name: [0] * len(states) for name in areas}
    for m in each:
        counts[m.area][states.index(m.c.state)] += 1
    heading = [_("村、社区"), _("合计"), *(str(words.STATES[state]) for state in states)]
    book.sheet(_("各村事项"), heading, ([name, sum(row), *row] for name, row in counts.items()))


def _matters(book: Book, each: list[figures.Matter]) -> None:
    heading = [
        _("题目"), _("号"), _("村、社区"), _("现在"), _("开始"), _("截止"), _("该问"), _("答了"), _("参与率"), _("单位"),
        *(str(words.CHANNELS[way]) for way in _WAYS), _("意见"), _("反对"),
    ]  # fmt: skip
    rows = (
        [
            m.c.title, m.c.number, m.area, str(words.STATES.get(m.c.state, m.c.state)), common.for_input(m.c.opens_at)[:10],
            common.for_input(m.c.closes_at)[:10], m.tally.eligible, m.tally.units, ("%", m.tally.units, m.tally.eligible),
            m.c.counted_in, *(m.tally.by_channel.get(way, 0) for way in _WAYS), m.opinions, m.objected,
        ]
        for m in each
    )  # fmt: skip
    book.sheet(_("一事一行"), heading, rows)


def _turnout(book: Book, parts: dict[str, figures.Parts]) -> None:
    rows: list[list[Any]] = []
    for area, p in parts.items():
        for channel, n in sorted(p.channels.items()):
            shown = n if n >= figures.FEW else _("不到五个")
            rows.append([area, _("方式"), str(words.CHANNELS.get(channel, channel)), None, shown, None])
        for kind, heap in ((_("年龄"), p.ages), (_("组"), p.groups), (_("性别"), p.sexes)):
            rows += [
                [area, kind, words.SEXES.get(name, name), *_share(t)] for name, t in sorted(heap.items())
            ]
    heading = [_("村、社区"), _("按什么分"), _("哪些人"), _("问了（人次）"), _("答了（人次）"), _("参与率")]
    book.sheet(_("参与"), heading, rows)


def _share(t: Turnout) -> list[Any]:
    return [t.asked, t.answered, ("%", t.answered, t.asked)] if t.told else [_("不到五个"), None, None]


def _told(book: Book, each: list[figures.Matter]) -> None:
    rows = (
        [
            m.c.title,
            m.c.number,
            m.area,
            str(words.STAGES.get(stage, stage)),
            r.homes,
            r.told,
            ("%", r.told, r.homes),
        ]
        for m in each
        for stage, r in m.told.items()
    )
    heading = [
        _("题目"),
        _("号"),
        _("村、社区"),
        _("通知"),
        _("该通知（户）"),
        _("通知到（户）"),
        _("通知到的"),
    ]
    book.sheet(_("通知"), heading, rows)


def _costs(book: Book, each: list[figures.Matter], months: list[tuple[str, str, int]]) -> None:
    rows: list[list[Any]] = [
        [
            m.c.title,
            m.c.number,
            m.area,
            ("元", m.sms_cost),
            ("元", m.call_cost),
            ("元", m.sms_cost + m.call_cost),
        ]
        for m in each
    ]
    rows.append([_("合计"), None, None, *(("元", sum(getattr(m, what) for m in each)) for what in ("sms_cost", "call_cost")),
                 ("元", sum(m.sms_cost + m.call_cost for m in each))])  # fmt: skip
    book.sheet(_("话费"), [_("题目"), _("号"), _("村、社区"), _("短信"), _("电话"), _("合计（元）")], rows)
    book.sheet(
        _("每月话费"),
        [_("村、社区"), _("月份"), _("元")],
        ([area, month, ("元", n)] for area, month, n in months),
    )
