"""Claims: callers who say who they are and wait for an organizer to believe them."""

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
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
            if chosen != "new":
                person = rights.get(s, rights.people(s, me()), Person, int(chosen) if chosen.isdigit() else 0)
            elif f.get("area", 0, type=int) in rights.area_ids(s, me()):
                claim.area_id = f.get("area", type=int)
            if chosen == "new" and f.get("name", "").strip():
                claim.name = f["name"].strip()[:30]
            rights.act(s, me(), "claim_accept", f"claim:{id}", claim.area_id)
            person = gate.accept(
                s, claim, me(), person, f.get("household", "").strip()[:20], f.get("group", "").strip()[:30]
            )
            answers.claim_decided(s, claim, person)
            name = person.name
    except gate.AlreadyDecided:
        flash(_("这条登记已经核对过了，下面是现在的样子"))
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
