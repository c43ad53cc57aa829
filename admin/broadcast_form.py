"""Writing a broadcast: whom it is for, how it reaches them, its words, and a look at it before it goes."""

from dataclasses import dataclass
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from admin import words
from admin.common import actor, me, panel, reading, runtime, writing, yuan
from admin.forms import ids
from admin.reaching import looking_ahead
from gateway import text
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.outreach import LADDER, Broadcast
from gateway.outreach import audience, ladder, notices
from gateway.outreach import broadcasts as gate
from gateway.outreach.audience import Audience
from gateway.people import rights

MAX_WORDS = 500
OVER = ("WITHDRAWN", "CLOSED")


def _matters(s: Session) -> list[Consultation]:
    found = rights.consultations(s, me()).where(Consultation.state.not_in(OVER))
    return list(s.scalars(found.order_by(Consultation.id.desc()).limit(100)))


def _ladders(chosen: str) -> dict[str, str]:
    """The usual ladders in words, and the chosen one when it is another."""
    known = dict.fromkeys([*words.LADDERS, chosen])
    said = {one: ladder.spoken(one) or _("不再打") for one in known}
    said[LADDER] += _("（常用）")
    return said


def _form(s: Session, typed: Any, errors: dict[str, str], also: list[int]) -> str:
    areas = rights.areas(s, me())
    rare = ("tag", "role", "language", "matter", "standing", "untold", "fallback", "detect")
    folded = not also and typed.get("ladder", LADDER) == LADDER and not any(typed.get(name) for name in rare)
    draft = _draft(s, typed.get("draft", 0))
    return render_template(
        "admin/broadcast_form.html",
        f=typed,
        errors=errors,
        also=also,
        areas=areas,
        matters=_matters(s),
        choices=audience.choices(s, [a.id for a in areas]),
        ladders=_ladders(typed.get("ladder", LADDER)),
        folded=folded and not errors,
        returned=draft.why.removeprefix(gate.RETURNED)
        if draft and draft.why.startswith(gate.RETURNED)
        else None,
    )


def _draft(s: Session, id: Any) -> Broadcast | None:
    """A visible draft, if there is one with that id."""
    if not str(id).isdigit() or not int(id):
        return None
    return s.scalar(rights.broadcasts(s, me()).where(Broadcast.id == int(id), Broadcast.state == "draft"))


@panel.get("/broadcasts/new")
def new_broadcast() -> str:
    with reading() as s:
        draft = request.args.get("draft", 0, type=int)
        if not draft:
            area = s.get_one(Area, me().area_id)
            sms = (
                request.args.get("sms", "")[:MAX_WORDS] or area.signed
            )  # another page may have put words ready
            chosen = request.args.get("area", "") or str(area.id)
            return _form(s, {"area": chosen, "channel": "auto", "sms": sms, "ladder": LADDER}, {}, [])
        b = rights.get(s, rights.broadcasts(s, me()), Broadcast, draft)
        to = Audience.of(b)
        typed = {
            "draft": b.id, "area": str(b.area_id), "channel": b.channel, "sms": b.sms, "voice": b.voice,
            "group": to.group, "tag": to.tag, "role": to.role, "language": to.language,
            "matter": str(b.consultation_id or ""), "standing": to.standing, "untold": "1" if to.untold else "",
            "fallback": b.fallback, "ladder": b.ladder, "detect": "1" if b.detect else "",
        }  # fmt: skip
        return _form(s, typed, {}, [i for i in to.areas if i != b.area_id])


@dataclass
class _Read:
    """The form, read: what :func:`gate.create` takes, and what won't do by field."""

    given: dict[str, Any]
    errors: dict[str, str]


def _read(s: Session, draft: Broadcast | None) -> _Read:
    f, errors = request.form, {}
    sms, voice = f.get("sms", "").strip(), f.get("voice", "").strip()
    visible = {a.id: a for a in rights.areas(s, me())}
    area = visible.get(f.get("area", 0, type=int))
    matters = {c.id: c for c in _matters(s)}
    if draft and draft.consultation_id:
        matters[draft.consultation_id] = s.get_one(Consultation, draft.consultation_id)
    c = matters.get(f.get("matter", 0, type=int))
    chosen = {"channel": words.HOW, "fallback": words.FALLBACKS, "role": words.HOUSEHOLD_ROLES,
              "standing": words.STANDINGS}  # fmt: skip
    for name, known in chosen.items():
        if f.get(name, "auto" if name == "channel" else "") not in known:
            errors[name] = _("请选一项")
    if area is None:
        errors["area"] = _("请选择村或社区")
    bare = area is not None and sms == area.signed
    if (not sms or bare) and not voice:
        errors["sms"] = _("请写上要通知的话")
    for name, written in (("sms", sms), ("voice", voice)):
        if len(written) > MAX_WORDS:
            errors[name] = _("太长了，请不要超过%(n)s个字", n=MAX_WORDS)
    if c is None and (f.get("standing") or f.get("untold")):
        errors["matter"] = _("请先选是关于哪件事的")
    try:
        ladder.steps(f.get("ladder", LADDER))
    except ValueError:
        errors["ladder"] = _("请选一项")
    if errors or area is None:
        return _Read({}, errors)
    if not sms or bare:
        sms = area.signed + voice
    elif not sms.startswith("【"):
        sms = area.signed + sms  # operators drop unsigned texts
    also = [i for i in ids("also") if i in visible and i != area.id]
    standing = f.get("standing", "")
    stage = notices.stage_of(c, standing if not f.get("untold") else "") if c else ""
    if c and draft and draft.consultation_id == c.id and not standing:
        stage = draft.stage  # a notice stays the notice it was
    to = Audience(
        areas=(area.id, *also) if also else (),
        group=f.get("group", "").strip(),
        tag=f.get("tag", ""),
        role=f.get("role", ""),
        language=f.get("language", ""),
        consultation=c.id if c and standing else 0,
        standing=standing,
        untold=bool(f.get("untold")),
    )
    given = {
        "area": area, "channel": f.get("channel", "auto"), "sms": sms,
        "voice": notices.spoken(c, stage) if c else voice or text.without_signature(sms),
        "consultation_id": c.id if c else None, "stage": stage, "to": to, "fallback": f.get("fallback", ""),
        "retry": f.get("ladder", LADDER), "detect": bool(f.get("detect")),
    }  # fmt: skip
    return _Read(given, {})


@panel.post("/broadcasts/new")
def create_broadcast() -> Any:
    """Keep the words as a draft and show whom they would reach."""
    with writing() as s:
        draft = _draft(s, request.form.get("draft", 0))
        read = _read(s, draft)
        made = 0
        if not read.errors:
            if draft is None:
                draft = gate.create(s, by=actor(), **read.given)
            else:
                gate.change(s, draft, actor(), **read.given)
            rights.act(s, me(), "broadcast_draft", f"broadcast:{draft.id}", draft.area_id)
            made = draft.id
    if read.errors:
        with reading() as s:
            return _form(s, request.form, read.errors, ids("also")), 422
    return redirect(url_for("admin.broadcast_preview", id=made))


@panel.get("/broadcasts/<int:id>/preview")
def broadcast_preview(id: int) -> Any:
    with reading() as s:
        b = rights.get(s, rights.broadcasts(s, me()), Broadcast, id)
        if b.state != "draft":
            return redirect(url_for("admin.one_broadcast", id=id))
        area = s.get_one(Area, b.area_id)
        return render_template(
            "admin/broadcast_preview.html", b=b, area=area, returned=gate.RETURNED, **looking_ahead(s, b)
        )


@panel.post("/broadcasts/<int:id>/start")
def start_broadcast(id: int) -> Response:
    """Send it, or put it before a second organizer. Pressed twice, it is still sent once."""
    try:
        with writing() as s:
            b = rights.get(s, rights.broadcasts(s, me()), Broadcast, id)
            rights.act(s, me(), "broadcast_start", f"broadcast:{id}", b.area_id)
            n = gate.start(s, runtime().settings, b)
            waits = b.state == "waiting"
    except gate.NotPossible:
        flash(_("这条通知已经交出去了"))
    except gate.OverBudget as over:
        flash(too_dear(over), "error")
        return redirect(url_for("admin.broadcast_preview", id=id))
    else:
        if waits:
            flash(_("还要另一位组织员点头才发，已经放在他们的首页上"))
        else:
            runtime().wake("bulk", "calls")
            flash(_("开始发送，共 %(n)s 部电话", n=n))
    return redirect(url_for("admin.one_broadcast", id=id))


def too_dear(over: gate.OverBudget) -> str:
    """Why a broadcast can't go: the month's money."""
    return _(
        "发这一条大约要 %(price)s 元，这个月只剩 %(left)s 元，没有发。草稿留着：可以少发一些人、把话写短，或者请镇里提高上限。",
        price=yuan(over.price),
        left=yuan(over.left),
    )
