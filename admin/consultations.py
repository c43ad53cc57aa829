"""Consultations: the list, one matter, making and changing one, and announcing it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from flask import redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from admin import (
    catalogue,
    common,
    effect,
    followup,
    inbox,
    loudspeaker,
    oversight,
    participants,
    procedure,
    prompts,
    recusals,
    referrals,
)
from admin.changing import actor_name, as_it_is, change
from admin.common import actor, leads, me, panel, reading, writing
from admin.forms import automatic, errors_of, ids, moment, own_words, whole
from admin.reaching import reach
from admin.tally import counted
from gateway import clock
from gateway.consultation import ballots, guards, lifecycle, matters, profiles, quorum, steps, subjects
from gateway.consultation.catalogue import lead_of
from gateway.consultation.refusal import Refused
from gateway.models.answer import Ballot, Objection, Opinion, Recording
from gateway.models.area import ABOVE_VILLAGES, Area
from gateway.models.consultation import KINDS, UNITS, Consultation, ConsultationArea
from gateway.outreach import broadcasts, notices
from gateway.people import rights


def _list(s: Session) -> dict[str, Any]:
    """The newest matters, of one kind with ``?kind=`` (domain.md §1 row 2); another word there is none."""
    found, kind = rights.consultations(s, me()), request.args.get("kind", "")
    kind = kind if kind in KINDS else ""
    found = found.where(Consultation.kind == kind) if kind else found
    newest = s.scalars(found.order_by(Consultation.id.desc()).limit(100))
    return {"rows": [(c, ballots.tally(s, c)) for c in newest], "kind": kind}


@panel.get("/consultations/")
def consultations() -> str:
    with reading() as s:
        return render_template("admin/consultations.html", **_list(s))


@panel.get("/consultations/live")
def consultations_live() -> str:
    """The list's cards alone, asked for again every few seconds."""
    with reading() as s:
        return render_template("admin/_consultation_cards.html", **_list(s))


def _areas(s: Session) -> list[Area]:
    return rights.areas(s, me())


def _form(s: Session, typed: Any, errors: dict[str, str], also: list[int], c: Consultation | None) -> str:
    return render_template(
        "admin/consultation_form.html",
        f=typed,
        errors=errors,
        areas=_areas(s),
        also=also,
        c=c,
        topics=catalogue.choices(s),
        meetings=quorum.PROFILES,
    )


@panel.get("/consultations/new")
def new_consultation() -> str:
    with reading() as s:
        closes = common.local(
            clock.now() + timedelta(days=profiles.choose(s, s.get_one(Area, me().area_id)).open_days)
        )
        typed = {
            "number": matters.next_number(s),
            "area": str(me().area_id),
            "unit": "person",
            "option1": "同意",
            "option2": "不同意",
            "option3": "",
            "closes": f"{closes:%Y-%m-%d}",
        }
        return _form(s, typed, {}, [], None)


@panel.get("/consultations/<int:id>/edit")
def edit_consultation(id: int) -> str:
    with reading() as s:
        c = common.consultation(s, id, change=True)
        typed = {
            "number": c.number,
            "title": c.title,
            "area": str(c.area_id),
            "unit": c.unit,
            "group": c.group,
            "lead": c.lead,
            "topic": c.topic_id,
            **{name: getattr(c, name) for name in matters.TOPIC},
            "opens": common.for_input(c.opens_at),
            "closes": f"{c.closes_at.astimezone(c.zone):%Y-%m-%d}" if c.closes_at else "",
            "sms": c.sms.get("notice", ""),
            "voice": c.voice.get("notice", ""),
        } | {f"option{key}": label for key, label in c.options.items()}
        if c.closes_at:
            facts = (s.get_one(Area, c.area_id), c.number, c.title, c.options, c.closes_at)
            typed |= automatic({"sms": matters.default_sms(*facts), "voice": matters.default_voice(*facts)})
        return _form(s, typed, {}, notices.asked(s, c), c)


class _Typed:
    """The consultation form, read. Raises Refused naming the field that won't do."""

    def __init__(self, s: Session) -> None:
        f = request.form
        visible = {a.id: a for a in _areas(s)}
        self.number = whole("number")
        self.title = matters.headline(f.get("title", ""))
        area = visible.get(f.get("area", 0, type=int))
        if area is None:
            raise Refused(_("请选择村或社区"), "area")
        self.area = area
        also = [i for i in ids("also") if i in visible]
        # a township that leads asks the villages it chose and not all of its own; a village asks its own first
        own = () if also and area.level in ABOVE_VILLAGES else (area.id,)
        self.area_ids = sorted({*own, *also})
        self.unit = f.get("unit", "")
        labels = [f.get(f"option{n}", "").strip() for n in (1, 2, 3)]
        self.options = {str(n): label for n, label in enumerate([x for x in labels if x], 1)}
        self.opens: datetime = moment("opens", area.zone) or clock.now()
        closes = moment("closes", area.zone)
        if closes is None:
            raise Refused(_("请选截止日期"), "closes")
        self.closes: datetime = closes
        self.sms, self.voice = own_words("sms"), own_words("voice")
        self.group = f.get("group", "").strip()
        self.topic = catalogue.read(s, area)
        self.lead = f.get("lead", "").strip()[:40] or lead_of(
            area, "villages" if len(self.area_ids) > 1 else "group" if self.group else ""
        )

    def defaults(self, s: Session) -> dict[str, str]:
        """The texts as the gateway would write them."""
        number = self.number or matters.next_number(s)
        facts = (self.area, number, self.title or _("（题目）"), self.options, self.closes)
        return {"sms": matters.default_sms(*facts), "voice": matters.default_voice(*facts)}


def _filled(s: Session) -> dict[str, str]:
    texts = _Typed(s).defaults(s)
    return texts | automatic(texts)


def _again(errors: dict[str, str], id: int | None, **fresh: str) -> tuple[str, int]:
    """The form with everything that was typed, and what won't do marked."""
    with reading() as s:
        c = common.consultation(s, id) if id else None
        typed = {**request.form.to_dict(), "three_important": request.form.getlist("three"), **fresh}
        page = _form(s, typed, errors, ids("also"), c)
    return page, 422 if errors else 200


@panel.post("/consultations/new")
def create_consultation() -> Any:
    go = request.form.get("go", "preview")
    try:
        if go == "fill":
            with reading() as s:
                return _again({}, None, **_filled(s))
        with writing() as s:
            t = _Typed(s)
            c = matters.create(
                s,
                number=t.number,
                title=t.title,
                area=t.area,
                area_ids=t.area_ids,
                unit=t.unit,
                options=t.options,
                opens_at=t.opens,
                closes_at=t.closes,
                sms=t.sms,
                voice=t.voice,
                group=t.group,
                lead=t.lead,
                by=actor(),
                **t.topic,
            )
            rights.act(s, me(), "consultation_create", f"consultation:{c.id}", c.area_id)
            made = c.id
    except Refused as refused:
        made = _just_made()  # the button was pressed twice
        if not made:
            return _again(errors_of(refused), None)
    return redirect(url_for("admin.announcement" if go == "preview" else "admin.one_consultation", id=made))


def _just_made() -> int:
    """The matter this very form has made already, if it has; 0 otherwise."""
    f = request.form
    with reading() as s:
        same = rights.consultations(s, me()).where(
            Consultation.number == f.get("number", 0, type=int),
            Consultation.title == matters.headline(f.get("title", "")),
            Consultation.created_by == me().id,
            Consultation.state == "ACCEPTED",
        )
        found: Consultation | None = s.scalar(same)
        return found.id if found else 0


@panel.post("/consultations/<int:id>/edit")
def save_consultation(id: int) -> Any:
    go = request.form.get("go", "preview")
    try:
        if go == "fill":
            with reading() as s:
                return _again({}, id, **_filled(s))
        with writing() as s:
            c = common.consultation(s, id, change=True)
            t = _Typed(s)
            if not t.title or len(t.title) > 60:
                raise Refused(_("请写上这件事的题目，不超过六十个字"), "title")
            if t.closes <= max(t.opens, clock.now()):
                raise Refused(_("截止要晚于开始"), "closes")
            texts = t.defaults(s) | {k: v for k, v in (("sms", t.sms), ("voice", t.voice)) if v}
            matters.edit(
                s,
                c,
                title=t.title,
                area_id=t.area.id,
                areas=t.area_ids,
                unit=t.unit if t.unit in UNITS else c.unit,
                options=t.options,
                opens_at=t.opens,
                closes_at=t.closes,
                group=t.group,
                lead=t.lead,
                **t.topic,
                sms={"notice": texts["sms"]},
                voice={"notice": texts["voice"]},
            )
            rights.act(s, me(), "consultation_edit", f"consultation:{c.id}", c.area_id)
    except Refused as refused:
        if refused.code == "moved":
            return as_it_is(id)
        return _again(errors_of(refused), id)
    return redirect(url_for("admin.announcement" if go == "preview" else "admin.one_consultation", id=id))


@panel.get("/consultations/<int:id>")
def one_consultation(id: int) -> Any:
    with reading() as s:
        c = common.consultation(s, id)
        heard = rights.opinions(s, me()).where(Opinion.consultation_id == id)
        opinions = list(s.scalars(heard.order_by(Opinion.id.desc()).limit(100)))
        opposed = rights.objections(s, me()).where(Objection.consultation_id == id)
        objections = list(s.scalars(opposed.order_by(Objection.id)))
        events = lifecycle.history(s, c)
        asked = list(
            s.scalars(
                select(Area.name)
                .join(ConsultationArea, ConsultationArea.area_id == Area.id)
                .where(ConsultationArea.consultation_id == id)
            )
        )
        return render_template(
            "admin/consultation.html",
            c=c,
            **loudspeaker.facts(s, c),
            area=s.get_one(Area, c.area_id),
            asked=asked,
            **counted(s, c),
            opinions=opinions,
            objections=objections,
            recordings=_recordings(s, [*opinions, *objections]),
            letters=inbox.letters(s, "objection", objections),
            waited=inbox.waited(s, objections),
            people=common.people(s, [*(x.person_id for x in opinions), *(x.person_id for x in objections)]),
            events=[(e, actor_name(s, e.actor)) for e in events],
            sent=[(b, broadcasts.counts(s, b)) for b in notices.of(s, c)],
            allowed=lifecycle.allowed(c) if leads(s, c) else [],
            effective=steps.took_effect(s, c),
            voices=prompts.cards(s, c),
            procedure=procedure.card(s, c),
            effect=effect.card(s, c),
            followup=followup.card(s, c),
            participation=participants.card(s, c, me()),
            oversight=oversight.card(s, c),
            referral=referrals.card(s, c),
            recusals=recusals.card(s, c),
            unanswered=guards.unanswered(s, c),
            over=not {"close", "publish", "withdraw"} & set(lifecycle.allowed(c)),
            leads=leads(s, c),
            papers=list(
                s.scalars(select(Ballot).where(Ballot.consultation_id == id, Ballot.channel == "clerk"))
            ),
        )


def _recordings(s: Session, said: Sequence[Opinion | Objection]) -> dict[int, Recording]:
    wanted = {x.recording_id for x in said if x.recording_id}
    return {r.id: r for r in s.scalars(select(Recording).where(Recording.id.in_(wanted)))}


@panel.get("/consultations/<int:id>/live")
def consultation_live(id: int) -> str:
    """The tally alone, asked for again every few seconds while answers come in."""
    with reading() as s:
        c = common.consultation(s, id)
        return render_template("admin/_tally.html", c=c, **counted(s, c))


@panel.get("/consultations/<int:id>/preview")
def announcement(id: int) -> Any:
    """Whom the notice reaches and what each of them gets, before anything is sent."""
    with reading() as s:
        c = common.consultation(s, id, change=True)
        if "announce" not in lifecycle.allowed(c):
            return as_it_is(id)  # Back, after it was started
        return render_template(
            "admin/announce.html",
            c=c,
            **reach(s, c, "notice"),
            voiceless=subjects.voiceless(s, c),
            problem="",
        )


@panel.post("/consultations/<int:id>/announce")
def announce(id: int) -> Response:
    return change(id, "announce", lambda s, c: steps.announce(s, c, actor()), _("通知开始发了"))


@panel.post("/consultations/<int:id>/close")
def close_consultation(id: int) -> Response:
    reason = request.form.get("reason", "")
    return change(id, "close", lambda s, c: steps.close_early(s, c, actor(), reason), _("征集结束了"))


@panel.post("/consultations/<int:id>/withdraw")
def withdraw_consultation(id: int) -> Response:
    reason = request.form.get("reason", "")
    done = _("已撤回，正在告诉大家")
    return change(id, "withdraw", lambda s, c: steps.withdraw(s, c, actor(), reason), done)
