"""What residents want to be consulted on: taken up, merged, or declined, and each proposer hears which."""

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Select, case, select
from sqlalchemy.orm import Session

from admin import answers, common
from admin.common import actor, me, panel, reading, runtime, writing
from admin.forms import errors_of, page_number
from gateway.consultation import matters, opinions, proposals
from gateway.consultation.refusal import Refused
from gateway.models.answer import Opinion
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.organizer import LEAD
from gateway.models.topic import Proposal
from gateway.people import rights

SIZE = 30


def visible(s: Session) -> Select[Proposal]:
    """Whoever may read the words sees what becomes of them."""
    said = rights.opinions(s, me()).with_only_columns(Opinion.id)
    return select(Proposal).where(Proposal.opinion_id.in_(said))


def _list(s: Session, f: Mapping[str, str], errors: dict[str, str], open_id: int = 0) -> str:
    page = page_number()
    waiting = Proposal.state.in_(proposals.WAITING)
    first = (case((waiting, 0), else_=1), case((waiting, Proposal.due_at)), Proposal.id.desc())
    rows = list(s.scalars(visible(s).order_by(*first).limit(SIZE + 1).offset((page - 1) * SIZE)))
    said = {o.id: o for o in s.scalars(select(Opinion).where(Opinion.id.in_([p.opinion_id for p in rows])))}
    about = {p.consultation_id for p in rows if p.consultation_id}
    return render_template(
        "admin/proposals.html", rows=rows[:SIZE], said=said, page=page, more=len(rows) > SIZE, f=f, errors=errors,
        open_id=open_id, people=common.people(s, [o.person_id for o in said.values()]),
        sharing={o.id: common.sharing(s, o.handset_id) for o in said.values() if o.person_id is None},
        recordings=common.recordings(s, [o.recording_id for o in said.values()]),
        matters={c.id: c for c in s.scalars(select(Consultation).where(Consultation.id.in_(about)))},
        areas=rights.areas(s, me()), own=str(me().area_id),
    )  # fmt: skip


@panel.get("/proposals/")
def proposals_page() -> str:
    with reading() as s:
        return _list(s, {}, {})


@panel.post("/proposals/")
def enter_proposal() -> Any:
    """Somebody proposes at the office, or a subject of the consultation does (policy II(1)): written down for them."""
    words, who = request.form.get("words", "").strip(), request.form.get("who", "").strip()
    if len(words) < 2 or not who:
        missing = {"words": _("请写提的是什么事")} if len(words) < 2 else {"who": _("请写谁提的")}
        with reading() as s:
            return _list(s, request.form, missing), 422
    with writing() as s:
        said = f"{words}（{who}提，{me().name}代录）"
        kept = opinions.add(
            s, consultation=None, person=None, handset_id=None, words=said, channel="clerk", by=me().id, kind="proposal"
        )  # fmt: skip
        rights.act(s, me(), "proposal_entered", f"opinion:{kept.id}")
        receipt = kept.receipt
    flash(_("记下了，回执 %(code)s", code=receipt))
    return redirect(url_for("admin.proposals_page"))


@panel.post("/proposals/<int:id>/<any(take_up, merge, decline):verb>")
def settle_proposal(id: int, verb: str) -> Any:
    """Make it a matter (and accept it at once, where whoever does it may), merge it into one, or decline it."""
    f, goes_to = request.form, url_for("admin.proposals_page")
    try:
        with writing() as s:
            p = rights.get(s, visible(s), Proposal, id)
            rights.act(s, me(), f"proposal_{verb}", f"proposal:{id}")
            if verb == "take_up":
                area = rights.get(s, rights.visible_areas(me()), Area, f.get("area", me().area_id, type=int))
                c = proposals.take_up(s, p, area, f.get("title", ""), actor())
                told = proposals.decide(s, c, actor(), accept=True) if me().may(LEAD) else []
                goes_to = url_for("admin.edit_consultation", id=c.id)
            elif verb == "merge":
                number = f.get("number", 0, type=int)
                into = s.scalar(rights.consultations(s, me()).where(Consultation.number == number))
                if into is None:
                    raise Refused(_("没有这个编号的事"), "number")
                proposals.merge(s, p, into, actor())
                told = [p]
            else:
                proposals.decline(s, p, f.get("reason", ""), actor())
                told = [p]
            reached = [answers.proposal_decided(s, one) for one in told]
    except Refused as refused:
        if refused.code == "moved":
            flash(refused.why, "error")
            return redirect(url_for("admin.proposals_page"))
        with reading() as s:
            return _list(s, f, errors_of(refused), id), 422
    runtime().wake("replies", "calls")
    if told:
        flash(_("定下了，正在告诉提的人") if any(reached) else _("定下了；提的人没有留电话，请当面告诉"))
    else:
        flash(_("立项了，等牵头的定受理不受理"))
    return redirect(goes_to)


def decide(s: Session, c: Consultation, accept: bool, reason: str) -> None:
    """The lead's word on a matter that was raised; its proposers hear it."""
    for p in proposals.decide(s, c, actor(), accept=accept, reason=matters.sentence(reason)):
        answers.proposal_decided(s, p)
