"""Claims: callers who say who they are and wait for an organizer to believe them."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from admin import answers, inbox
from admin.common import me, panel, reading, recordings, runtime, writing
from gateway.models.person import Claim, Handset, Person
from gateway.people import claims as gate
from gateway.people import residents, rights


@panel.get("/claims/")
def claims() -> str:
    with reading() as s:
        waiting = rights.claims(s, me()).where(Claim.state == "waiting").order_by(Claim.id).limit(50)
        visible = set(rights.area_ids(s, me()))
        rows = []
        for claim in s.scalars(waiting):
            handset = s.get_one(Handset, claim.handset_id)
            likely = [p for p in gate.likely(s, claim) if p.area_id in visible]
            rows.append((claim, handset, likely, residents.people_on(s, handset.id)))
        decided = rights.claims(s, me()).where(Claim.state != "waiting").order_by(Claim.decided_at.desc())
        lately = list(s.scalars(decided.limit(10)))
        return render_template(
            "admin/claims.html",
            rows=rows,
            recordings=recordings(s, [claim.recording_id for claim, *_ in rows]),
            areas=rights.areas(s, me()),
            decided=lately,
            letters=inbox.letters(s, "claim", lately),
        )


class _AskAgain(Exception):
    """It isn't clear who is meant; the message says what to do."""


def _by_name(s: Session, claim: Claim, chosen: str) -> Person | None:
    """The person whose name and village an organizer wrote down; None for somebody new.

    Raises :class:`_AskAgain`: nobody becomes a second person, with a second vote, by a slip of the finger.
    """
    group = request.form.get("group", "").strip()
    here = gate.on_roster(s, claim.name, claim.area_id, group)
    if chosen == "new":
        if here and not request.form.get("another"):
            raise _AskAgain(
                _("名册上已经有%(name)s。是同一个人，请选“名册上有”；真是另一个人，请打上勾", name=claim.name)
            )
        return None
    if not here:
        raise _AskAgain(_("名册上没有找到%(name)s，请看看名字和村", name=claim.name or _("这个人")))
    if len(here) > 1:
        raise _AskAgain(_("叫%(name)s的有几位，请再写上是哪个组的", name=claim.name))
    return here[0]


@panel.post("/claims/<int:id>/accept")
def accept_claim(id: int) -> Response:
    """Connect the handset with the chosen resident, or with a new one (``person`` = "new")."""
    f, chosen = request.form, request.form.get("person", "")
    if not chosen:
        flash(_("请先选是哪一位"), "error")
        return redirect(url_for("admin.claims"))
    try:
        with writing() as s:
            claim = rights.get(s, rights.claims(s, me()), Claim, id)
            person = None
            if chosen.isdigit():
                person = rights.get(s, rights.people(s, me()), Person, int(chosen))
            else:
                if f.get("area", 0, type=int) in rights.area_ids(s, me()):
                    claim.area_id = f.get("area", type=int)
                claim.name = f.get("name", "").replace(" ", "")[:30] or claim.name
                person = _by_name(s, claim, chosen)
            rights.act(s, me(), "claim_accept", f"claim:{id}", claim.area_id)
            person = gate.accept(
                s, claim, me(), person, f.get("household", "").strip()[:20], f.get("group", "").strip()[:30]
            )
            answers.claim_decided(s, claim, person)
            name = person.name
    except gate.AlreadyDecided:
        flash(_("这条登记已经核对过了，下面是现在的样子"))
    except _AskAgain as which:
        flash(str(which), "error")
    except ValueError:
        flash(_("请选这位居民是哪个村或社区的"), "error")
    else:
        runtime().wake("replies", "calls")
        flash(_("%(name)s登记好了", name=name))
    return redirect(url_for("admin.claims"))


@panel.post("/claims/<int:id>/reject")
def reject_claim(id: int) -> Response:
    try:
        with writing() as s:
            claim = rights.get(s, rights.claims(s, me()), Claim, id)
            rights.act(s, me(), "claim_reject", f"claim:{id}", claim.area_id)
            gate.reject(s, claim, me())
            answers.claim_decided(s, claim, None)
    except gate.AlreadyDecided:
        flash(_("这条登记已经核对过了，下面是现在的样子"))
    else:
        runtime().wake("replies", "calls")
        asked = claim.channel != "roster"
        flash(_("没有通过，正在告诉来电人") if asked else _("没有通过，这个电话没有加"))
    return redirect(url_for("admin.claims"))
