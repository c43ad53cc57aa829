"""The first page: what needs me now."""

from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from admin import proposals, referrals
from admin.common import actor, alarms, me, panel, reading, runtime, writing
from gateway import jobs
from gateway.consultation import ballots, followup, lifecycle, oversight, registers
from gateway.consultation import referrals as handed
from gateway.consultation.proposals import WAITING
from gateway.models.answer import Objection, Opinion
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.organizer import MAY
from gateway.models.outreach import Broadcast
from gateway.models.oversight import Flag
from gateway.models.person import Claim
from gateway.models.topic import Proposal
from gateway.people import alarms as gate
from gateway.people import rights

OVER = (*lifecycle.OVER, "EFFECTIVE", "DISCLOSED", "EVALUATED")


def count(s: Session, visible: Select[Any]) -> int:
    """How many rows a visible list has."""
    return s.scalar(select(func.count()).select_from(visible.subquery())) or 0


def _flags(s: Session) -> int:
    """What of the supervision committee's waits for me: an answer, or a look at one."""
    state = "answered" if me().may("hear") else "open"
    return count(s, oversight.visible(rights.consultations(s, me())).where(Flag.state == state))


def _waiting(s: Session) -> list[Broadcast]:
    """Broadcasts that wait for a second organizer."""
    visible = rights.broadcasts(s, me()).where(Broadcast.state == "waiting")
    return list(s.scalars(visible.order_by(Broadcast.id).limit(20)))


@panel.get("/")
def home() -> str:
    with reading() as s:
        o = me()
        running = list(
            s.scalars(
                rights.consultations(s, o)
                .where(Consultation.state.not_in(OVER))
                .order_by(Consultation.number)
            )
        )
        objections = list(
            s.scalars(rights.objections(s, o).where(Objection.state == "open").order_by(Objection.due_at))
        )
        return render_template(
            "admin/home.html",
            area=s.get_one(Area, o.area_id),
            alarms=alarms(s),
            agree=[(b, b.by == actor()) for b in _waiting(s)],
            unpaid=list(
                s.scalars(
                    rights.broadcasts(s, o).where(Broadcast.state == "draft", Broadcast.why == "budget")
                )
            ),
            proposals=count(s, proposals.visible(s).where(Proposal.state.in_(WAITING))),
            claims=count(s, rights.claims(s, o).where(Claim.state == "waiting")),
            objections=objections,
            opinions=count(s, rights.opinions(s, o).where(Opinion.done_at.is_(None))),
            sending=list(
                s.scalars(rights.broadcasts(s, o).where(Broadcast.state.in_(("running", "paused"))).limit(5))
            ),
            unshown=registers.late(s, s.get_one(Area, o.area_id)),
            flags=_flags(s),
            unheard=oversight.unheard(s, o) if o.may("rule") else [],
            referred=referrals.waiting_for_me(s),
            late_referrals=[
                (x, s.get_one(Consultation, x.consultation_id))
                for x in s.scalars(handed.overdue(rights.area_ids(s, o)).limit(20))
            ],
            tasks=list(s.scalars(followup.overdue(rights.consultations(s, o)).limit(20))),
            late_flags=[
                (x, s.get_one(Consultation, x.consultation_id))
                for x in s.scalars(oversight.overdue(rights.consultations(s, o)).limit(20))
            ],
            overdue=list(s.scalars(lifecycle.which_are_overdue(rights.consultations(s, o)).limit(20))),
            consultations=[(c, ballots.tally(s, c)) for c in running[:20]],
        )


@panel.post("/alarms/<name>/dismiss")
def dismiss_alarm(name: str) -> Response:
    """Somebody has seen it and sees to it; an alarm that stays true comes back by itself."""
    with writing() as s:
        gate.dismiss(s, me(), name)
    return redirect(url_for("admin.home"))


@panel.post("/day")
def one_day_on() -> Response:
    """Move the trial village a day ahead, so that a publicity period can be lived through in minutes."""
    if runtime().settings.simulated:
        with writing() as s:
            rights.act(s, me(), "trial_day")
        jobs.day_on(runtime())
    back = request.form.get("back", "")
    from admin.auth import _inside

    return redirect(_inside(back))


@panel.get("/help")
def help_page() -> str:
    """How a consultation goes, in a few lines, and who does what in it."""
    return render_template("admin/help.html", title=_("怎么用"), table=MAY)
