"""Papers for the notice board, the ballot box and the door: A4 pages to print. Everything printed is on record."""

from itertools import groupby
from typing import Any, NamedTuple

import segno
from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from markupsafe import Markup
from sqlalchemy import func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from admin import common, words
from admin.common import me, panel, reading, runtime, writing
from gateway import disclosed, phones, text
from gateway.consultation import ballots, matters, meetings, reach
from gateway.consultation import papers as gate
from gateway.consultation.refusal import Refused
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.organizer import Organizer
from gateway.models.outreach import Broadcast
from gateway.models.paper import Printing
from gateway.models.participation import Meeting
from gateway.models.person import Household, Person
from gateway.outreach import notices, watching
from gateway.people import rights

# what stands on the paper itself is for residents, and Chinese
NAMES = {
    "notice": "协商通知",
    "ballots": "协商票",
    "result": "结果公示",
    "effect": "生效公告",
    "progress": "落实进度",
    "visits": "上门名单",
    "attendance": "签到表",
}
ABOUT = {
    "notice": _l("贴在公开栏，放在小卖部：商量什么，怎么表态。"),
    "ballots": _l("给不用电话的人，一张 A4 四张票，每张有号。收回来在“代录纸票”里录。"),
    "result": _l("公示期贴：结果、票数、不同意怎么办。"),
    "effect": _l("生效以后贴：从哪天起算数。"),
    "progress": _l("办到哪一步，大家满意不满意。"),
    "visits": _l("电话没通知到的人，上门用。有名字，不张贴。"),
    "attendance": _l("开会签到用。有名字，不张贴。"),
}


class Attendee(NamedTuple):
    """A line of the attendance sheet."""

    group: str
    household: str
    name: str


@panel.app_template_filter("groupby_place")
def places(rows: list[watching.Door]) -> list[tuple[tuple[str, str], list[watching.Door]]]:
    """The doors by area and group, as they are ordered."""
    return [(place, list(some)) for place, some in groupby(rows, lambda r: (r.area, r.group))]


def _kinds(c: Consultation) -> list[str]:
    return [k for k in gate.printable(c) if common.sees_names() or k not in gate.WITH_NAMES]


def _page(s: Session, c: Consultation, wrong: str = "") -> str:
    done = gate.history(s, c)
    who = {o.id: o.name for o in s.scalars(select(Organizer).where(Organizer.id.in_({p.by for p in done})))}
    tally = ballots.tally(s, c)
    return render_template(
        "admin/papers.html",
        c=c,
        kinds=_kinds(c),
        names=NAMES,
        about=ABOUT,
        printings=[(p, who.get(p.by or 0, _("后台"))) for p in done],
        last={p.kind: p for p in reversed(done)},
        left=min(
            gate.MOST_SLIPS, max(4, tally.eligible - tally.units)
        ),  # a slip for everybody who hasn't answered
        typed=request.form.get("slips", ""),
        wrong=wrong,
        serial=gate.serial,
    )


@panel.get("/consultations/<int:id>/papers")
def papers(id: int) -> str:
    """Which papers there are at this stage, and what was printed by whom."""
    with reading() as s:
        return _page(s, common.consultation(s, id))


@panel.post("/consultations/<int:id>/papers/<kind>")
def print_paper(id: int, kind: str) -> Response | tuple[str, int]:
    """Put the printing on record; the paper has an address of its own, so that reloading records nothing twice."""
    try:
        with writing() as s:
            c = common.consultation(s, id)
            if kind not in gate.KINDS or (kind in gate.WITH_NAMES and not common.sees_names()):
                raise rights.NotAllowed
            slips = text.whole(request.form.get("slips"), 6) or 0
            row = gate.printed(s, c, kind, me().id, slips)
            numbers = (
                f"{gate.serial(c, row.first)}..{gate.serial(c, row.last)}" if row.first and row.last else ""
            )
            rights.act(s, me(), f"print_{kind}", f"consultation:{c.id}", c.area_id, numbers)
            made = row.id
    except Refused as refused:
        with reading() as s:
            return _page(s, common.consultation(s, id), refused.why), 422
    return redirect(url_for("admin.one_paper", id=id, kind=kind, printing=made))


@panel.get("/consultations/<int:id>/papers/<kind>/<int:printing>")
def one_paper(id: int, kind: str, printing: int) -> str:
    """The paper itself, ready for the printer."""
    with reading() as s:
        c = common.consultation(s, id)
        row = s.get(Printing, printing)
        if row is None or (row.consultation_id, row.kind) != (c.id, kind):
            raise rights.NotVisible
        if kind in gate.WITH_NAMES and not (common.sees_names() and me().acts):
            raise rights.NotAllowed
        return sheet(s, c, kind, row, within=rights.area_ids(s, me()))


def sheet(
    s: Session, c: Consultation, kind: str, row: Printing | None, *, within: list[int], css: str = ""
) -> str:
    """The HTML of a paper; with ``css``, complete in itself, for the archive. Names only of people ``within``."""
    rt = runtime()
    code = segno.make(f"{rt.settings.base_url}/board/{c.number}", micro=False)
    numbers = range(row.first, row.last + 1) if row and row.first and row.last else range(0)
    more: dict[str, Any] = {}
    if kind == "visits":
        more = {"rows": _visits(s, c, within), "told": text.without_signature(_told(c))}
    elif kind == "attendance":
        coming = next((m for m in meetings.of(s, c) if m.coming), None)
        alone = coming is not None and not coming.everybody and not coming.kind.hearing
        rows = _guests(s, coming, within) if coming and alone else attendees(s, c, within)
        more = {"rows": rows, "meeting": coming, "alone": alone, "when": meetings.when}
    return render_template(
        f"admin/papers/{kind}.html",
        c=c,
        d=disclosed.of(s, c),
        kind=kind,
        names=NAMES,
        ways=disclosed.WAYS,
        objections=disclosed.OBJECTIONS,
        css=Markup(css),
        qr=Markup(code.svg_inline(scale=4, border=2, omitsize=True)),
        hotline=phones.dialled(rt.settings.hotline),
        serials=[gate.serial(c, n) for n in numbers] or [f"{c.number}-样票"],
        dated=common.day(row.created_at) if row else "",
        **more,
    )


def _told(c: Consultation) -> str:
    return str(c.sms.get(notices.stage_of(c)) or c.sms.get("notice", ""))


def _visits(s: Session, c: Consultation, within: list[int]) -> list[watching.Door]:
    """Whom the newest notice of this stage did not reach; before it goes, whom no telephone can reach. While a result is
    public, the homes that must still be told before it can take effect."""
    if c.in_publicity:
        return [
            watching.Door(d.area, d.group, d.code, "、".join(d.names), "没通知到")
            for d in reach.doors(s, c, within)
        ]
    sent = select(Broadcast).where(
        Broadcast.consultation_id == c.id,
        Broadcast.stage == notices.stage_of(c),
        Broadcast.state.in_(("running", "paused", "done", "cancelled")),
    )
    newest = s.scalar(sent.order_by(Broadcast.id.desc()).limit(1))
    return watching.doors(s, newest or notices.rehearsal(s, c, "", _told(c), ""), within=within)


def _guests(s: Session, m: Meeting, within: list[int]) -> list[Attendee]:
    """Who was asked to a meeting of a few, guests by the body they come from."""
    asked = [p for _i, p in meetings.invited(s, m)]
    own = {p.id: p for p in common.people(s, (p.person_id for p in asked)).values() if p.area_id in within}
    said = ((str(words.SUBJECTS.get(p.subject, p.subject)), own.get(p.person_id or 0), p) for p in asked)
    return [
        Attendee(side, "", who.name if who else p.name) for side, who, p in said if who or p.person_id is None
    ]


def attendees(s: Session, c: Consultation, within: list[int]) -> list[Attendee]:
    """Who signs at a meeting: everybody entitled, or the one who speaks for each household."""
    entitled = matters.eligible(s, c).subquery()
    wanted = (
        select(Person.group, func.coalesce(Household.code, ""), Person.name)
        .join(Area, Area.id == Person.area_id)
        .outerjoin(Household, Household.id == Person.household_id)
        .where(Person.id.in_(select(entitled.c.id)), Person.area_id.in_(within))
        .order_by(Area.path, Person.group, Household.code, Person.id)
    )
    if c.unit in ("household", "owner"):  # the delegate, or else the first of the household
        first = select(func.min(entitled.c.id)).group_by(
            func.coalesce(entitled.c.household_id, -entitled.c.id)
        )
        told = select(Household.delegate_id).where(Household.delegate_id.in_(select(entitled.c.id)))
        spoken_for = select(Household.id).where(Household.delegate_id.in_(select(entitled.c.id)))
        lone = Person.household_id.is_(None) | Person.household_id.not_in(spoken_for)
        wanted = wanted.where(Person.id.in_(told) | (Person.id.in_(first) & lone))
    return [Attendee(*row) for row in s.execute(wanted)]
