"""After the answers: publishing the result, and entering ballots cast on paper."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from admin import common
from admin.changing import as_it_is, keep_refusal, too_late
from admin.common import actor, me, panel, reading, runtime, writing
from admin.forms import automatic, errors_of, moment, own_words
from admin.reaching import reach, receipt_to, told
from admin.tally import counted
from gateway import clock
from gateway.consultation import ballots, guards, lifecycle, matters, papers, steps, texts
from gateway.consultation.refusal import Refused
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.person import Person
from gateway.people import residents, rights

LONGEST_DAYS = 366  # beyond it a date without its year would be misread


def _words(c: Consultation, tally: ballots.Tally) -> str:
    """A first draft of the result from the counts; the organizer changes it."""
    unit = c.counted_in
    answered = f"该问{tally.eligible}{unit}，答了{tally.units}{unit}"
    if not ballots.may_be_broken_down(c, tally):
        half = c.options.get(tally.majority or "")
        return f"{answered}：过半数的是“{half}”" if half else answered
    said = "，".join(f"{label}{tally.counts.get(key, 0)}" for key, label in c.options.items())
    came_to = "" if tally.verdict is None else "，通过" if tally.verdict.passed else "，没通过"
    return f"{answered}：{said}{came_to}"


@panel.get("/consultations/<int:id>/publish")
def publication(id: int) -> Any:
    """The form as it was left; with ``?look=1`` also whom these texts reach."""
    with reading() as s:
        c = common.consultation(s, id, change=True)
        if "publish" not in lifecycle.allowed(c):
            return as_it_is(id)  # people still answer, or it is published
        looking = c.draft if "look" in request.args else {}
        ahead = reach(s, c, "result", sms=looking["sms"], voice=looking["voice"]) if looking else {}
        return _form(s, c, _kept_draft(c) or _first_draft(c, ballots.tally(s, c)), {}, ahead)


def _kept_draft(c: Consultation) -> dict[str, str]:
    """What was typed before. Where its publicity period would be too short by now (an assembly came between), it ends
    later, and our own texts, which name that day, are written anew."""
    draft = dict(c.draft or {})
    ends = _public_until(c)
    if draft and draft.get("until", "") < ends:
        stale = {name for name in ("sms", "voice") if draft.get(name) == draft.get(f"auto_{name}")}
        draft |= {"until": ends} | {f"{x}{name}": "" for name in stale for x in ("", "auto_")}
    return draft


def _first_draft(c: Consultation, tally: ballots.Tally) -> dict[str, str]:
    return {"result": c.result or _words(c, tally), "until": _public_until(c)}


def _public_until(c: Consultation) -> str:
    """The end of the publicity period if it began today, as a form shows it."""
    last = common.local(clock.now() + timedelta(days=c.rules.publicity_days)).date()
    return common.for_input(clock.end_of_day(last, common.zone()))


def _form(
    s: Session, c: Consultation, f: Mapping[str, str], errors: dict[str, str], ahead: dict[str, Any]
) -> str:
    return render_template(
        "admin/publish.html",
        c=c,
        f=f,
        errors=errors,
        **counted(s, c),
        waiting=guards.unanswered(s, c),
        **{"preview": None} | ahead,
    )


@panel.post("/consultations/<int:id>/publish")
def publish(id: int) -> Any:
    """``go`` says what: fill the texts in, show whom they reach, or publish."""
    f, go = request.form, request.form.get("go", "preview")
    with reading() as s:
        open_ = "publish" in lifecycle.allowed(common.consultation(s, id, change=True))
    if not open_:
        return too_late(id, "publish")
    try:
        until = moment("until", common.zone())
        if until is None:
            raise Refused(_("请写公示到什么时候"), "until")
        result = matters.bare_result(f.get("result", ""))
        if not result:
            raise Refused(_("请写上协商结果"), "result")
        if until <= clock.now():
            raise Refused(_("公示的截止时间要在以后"), "until")
        if until > clock.now() + timedelta(days=LONGEST_DAYS):
            raise Refused(_("公示最多一年，请看看年份对不对"), "until")
        return _publish(id, result, until) if go == "send" else _keep(id, go, result, until)
    except Refused as refused:
        if refused.code == "moved":
            return too_late(id, "publish")
        keep_refusal(id, "publish", refused)
        errors = errors_of(refused)
        if not errors.keys().isdisjoint(("sms", "voice")) and not own_words(refused.field):
            errors = {"result": refused.why}  # our own text is too long because of what it tells
        with reading() as s:
            return _form(s, common.consultation(s, id, change=True), f, errors, {}), 422


def _publish(id: int, result: str, until: datetime) -> Response:
    with writing() as s:
        c = common.consultation(s, id, change=True)
        sms, voice = own_words("sms"), own_words("voice")
        steps.publish(s, c, result=result, sms=sms, voice=voice, until=until, actor=actor())
        rights.act(s, me(), "publish", f"consultation:{c.id}", c.area_id)
        but = told(s, c)
    runtime().wake("bulk", "calls")
    flash(_("结果公布了，公示到%(day)s", day=common.day(until)))
    if but:
        flash(but, "error")
    return redirect(url_for("admin.one_consultation", id=id))


def _keep(id: int, go: str, result: str, until: datetime) -> Response:
    """Keep what was typed with its texts filled in, and show it at an address of its own. Raises Refused."""
    with writing() as s:
        c = common.consultation(s, id, change=True)
        area = s.get_one(Area, c.area_id)
        default = {
            "sms": texts.result_sms(c, area, result, until),
            "voice": texts.result_voice(c, area, result, until),
        }
        kept = {} if go == "fill" else {k: own_words(k) for k in default if own_words(k)}
        written = default | kept
        written["sms"] = matters.signed(area, written["sms"])
        for name, words in written.items():
            matters.fits(words, name)
        c.draft = {"result": result, "until": common.for_input(until), **written, **automatic(default)}
        rights.act(s, me(), "draft_result", f"consultation:{c.id}", c.area_id)
    return redirect(url_for("admin.publication", id=id, look=1 if go == "preview" else None))


def _paper_page(s: Session, c: Consultation, text: str, errors: dict[str, str]) -> str:
    found = residents.search(s, _asked_and_mine(s, c), text, 1, 20) if text else None
    chosen = request.values.get("person", 0, type=int)
    person = s.scalar(rights.people(s, me()).where(Person.id == chosen)) if chosen else None
    before = ballots.of(s, c, person) if person else None
    return render_template(
        "admin/paper.html",
        c=c,
        text=text,
        found=found,
        person=person,
        before=before,
        f=request.form,
        errors=errors,
    )


def _asked_and_mine(s: Session, c: Consultation) -> list[int]:
    return sorted(set(matters.area_ids(s, c)) & set(rights.area_ids(s, me())))


@panel.get("/consultations/<int:id>/paper")
def paper(id: int) -> str:
    """Find the resident whose paper ballot this is."""
    with reading() as s:
        c = common.consultation(s, id, change=True)
        return _paper_page(s, c, request.args.get("q", "").strip(), {})


@panel.post("/consultations/<int:id>/paper")
def enter_paper(id: int) -> Any:
    """Record one paper ballot, with its reference and who stood by."""
    f = request.form
    reference, witness = f.get("paper", "").strip(), f.get("witness", "").strip()
    asked = {"paper": _("请写纸票的编号或存放处"), "witness": _("请写见证人"), "option": _("请选一项")}
    missing = {name: why for name, why in asked.items() if not f.get(name, "").strip()}
    if missing:
        with reading() as s:
            c = common.consultation(s, id, change=True)
            return _paper_page(s, c, f.get("q", ""), missing), 422
    try:
        with writing() as s:
            c = common.consultation(s, id, change=True)
            person = rights.get(s, rights.people(s, me()), Person, f.get("person", 0, type=int))
            slip = papers.slip(c, reference)
            if slip:
                papers.check_slip(s, c, slip, person.id)
            kept = (slip or reference[:60]) + papers.SEPARATOR
            note = kept + _("见证人%(witness)s", witness=witness[:30])
            known = ballots.of(s, c, person)
            before = known.receipt if known else ""
            ballot = ballots.cast(s, c, person, f["option"], "clerk", by=me().id, paper=note)
            rights.act(s, me(), "paper_ballot", f"consultation:{c.id}", c.area_id)
            receipt, name = ballot.receipt, person.name
            but = "" if before == receipt else receipt_to(s, c, person, "纸票", receipt)
    except Refused as refused:
        with reading() as s:
            c = common.consultation(s, id, change=True)
            return _paper_page(s, c, f.get("q", ""), errors_of(refused)), 422
    runtime().wake("bulk", "calls")
    flash(_("%(name)s的纸票记下了，回执 %(code)s", name=name, code=receipt))
    if but:
        flash(but, "error")
    return redirect(url_for("admin.paper", id=id))
