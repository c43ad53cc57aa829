"""Proxies: entering a written mandate, making sure of it, and ending it."""

from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from admin import common
from admin.common import me, panel, reading, runtime, writing
from admin.forms import errors_of, moment
from gateway import standing_in
from gateway.consultation import ballots, matters, proxies
from gateway.consultation.refusal import Refused
from gateway.models.consultation import Consultation
from gateway.models.organizer import KEEP
from gateway.models.participation import Proxy
from gateway.models.person import Person
from gateway.outreach import singles
from gateway.people import residents, rights


def _page(s: Session, c: Consultation, errors: dict[str, str]) -> str:
    text = request.values.get("q", "").strip()
    mine = sorted(set(matters.area_ids(s, c)) & set(rights.area_ids(s, me())))
    chosen = request.values.get("principal", 0, type=int)
    principal = s.scalar(rights.people(s, me()).where(Person.id == chosen)) if chosen else None
    rows = proxies.of(s, c)
    subjects = [f"proxy:{p.id}" for p in rows]
    return render_template(
        "admin/mandates.html",
        c=c,
        rows=[(p, proxies.state(p), bool(proxies.own_phones(s, p))) for p in rows],
        people=common.people(s, [i for p in rows for i in (p.principal_id, p.proxy_id)]),
        voted={p.id: ballots.of(s, c, s.get_one(Person, p.principal_id)) for p in rows},
        letters=singles.about(s, runtime().settings, subjects),
        q=text,
        found=residents.search(s, mine, text, 1, 20) if text and not principal else None,
        principal=principal,
        family=_family(s, principal),
        most=c.rules.proxies,
        f=request.form,
        errors=errors,
        leads=common.leads(s, c),
    )


def _family(s: Session, principal: Person | None) -> list[Person]:
    """Whom somebody may ask to answer for them."""
    if principal is None or principal.household_id is None:
        return []
    found = select(Person).where(Person.household_id == principal.household_id, Person.id != principal.id)
    return list(s.scalars(found.where(Person.state.not_in(residents.GONE)).order_by(Person.id)))


@panel.get("/consultations/<int:id>/proxies")
def mandates(id: int) -> str:
    with reading() as s:
        return _page(s, common.consultation(s, id), {})


@panel.post("/consultations/<int:id>/proxies")
def enter_mandate(id: int) -> Any:
    """Enter a written mandate; the principal is rung at once where they have a telephone of their own."""
    f = request.form
    try:
        with writing() as s:
            c = common.consultation(s, id, change=True)
            visible = rights.people(s, me())
            principal = rights.get(s, visible, Person, f.get("principal", 0, type=int))
            if not f.get("proxy", 0, type=int):
                raise Refused(_("请选受托的人"), "proxy")
            proxy = rights.get(s, visible, Person, f.get("proxy", 0, type=int))
            until = moment("until", common.zone())
            made = proxies.give(s, c, principal, proxy, paper=f.get("paper", ""), until=until, by=me().id)
            rights.act(s, me(), "proxy_enter", f"proxy:{made.id}", c.area_id)
            rung = standing_in.ring(s, made)
    except Refused as refused:
        with reading() as s:
            return _page(s, common.consultation(s, id), errors_of(refused)), 422
    runtime().wake("calls")
    flash(
        _("记下了，正在打电话问委托人，他说对才算数") if rung
        else _("记下了。委托人没有自己的电话，要当面核对、写上见证人才算数")
    )  # fmt: skip
    return redirect(url_for("admin.mandates", id=id))


@panel.post("/proxies/<int:id>/<any(ring,verify,revoke):how>")
def settle_mandate(id: int, how: str) -> Any:
    """Ring the principal (again), vouch for the mandate with a witness, or end it."""
    back = 0
    try:
        with writing() as s:
            p = s.get(Proxy, id)
            if p is None:
                raise rights.NotVisible
            c = common.consultation(s, p.consultation_id, change=True)
            back = c.id
            rights.act(s, me(), f"proxy_{how}", f"proxy:{p.id}", c.area_id)
            if how == "ring":
                if proxies.state(p) != "waiting" or standing_in.ring(s, p) is None:
                    raise Refused(_("委托人没有自己的电话，或者已经核对过了"), "")
                done = _("正在打电话问委托人")
            elif how == "verify":
                if not me().may(KEEP):  # a helper who is paid for enters and never decides (policy row 35)
                    raise rights.NotAllowed
                proxies.settle(s, p, "verified", how="clerk", witness=request.form.get("witness", ""))
                done = _("核对好了，委托算数了")
            else:
                proxies.settle(s, p, "revoked", how="clerk")
                done = _("取消了，以后不能替他表态；已经替他表的态，本人再表就换")
    except Refused as refused:
        flash(refused.why, "error")
        return redirect(url_for("admin.mandates", id=back))
    runtime().wake("calls")
    flash(done)
    return redirect(url_for("admin.mandates", id=back))
