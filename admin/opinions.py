"""The board on which a matter's opinions are sorted into groups and answered (policy II(4) step 3, domain.md §1 row 14).

People stand on it as codes: who sorts words need not know whose they are. Every form is plain HTML and works with a
keyboard or a thumb; sorting many at once is ticking them and pressing one button.
"""

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy import Select, func, select
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from admin import answers, common, inbox
from admin.changing import actor_name, keep_refusal
from admin.common import actor, leads, me, panel, reading, runtime, writing
from admin.forms import errors_of, ids, page_number
from gateway.consultation import guards, themes, verdicts
from gateway.consultation.refusal import Refused
from gateway.models.answer import ARCHIVED, Opinion, OpinionGroup
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.people import rights

SIZE = 30
NONE, ALL, WAITING = "none", "all", "waiting"  # what is shown beside a group of its own


def _visible(s: Session, c: Consultation) -> Select[Opinion]:
    """Who is merely asked in another's matter reads their own people's words only."""
    return rights.opinions(s, me()).where(Opinion.id.in_(verdicts.said(c).with_only_columns(Opinion.id)))


def _shown(s: Session, c: Consultation, which: str) -> Select[Opinion]:
    said = _visible(s, c)
    if which == NONE:
        return said.where(Opinion.group_id.is_(None))
    if which == WAITING:
        return said.where(Opinion.verdict == "")
    return said.where(Opinion.group_id == int(which)) if which.isdigit() else said


def _codes(s: Session, c: Consultation) -> dict[int, int]:
    """An opinion's number among what was said on its matter, as the archive numbers it, too."""
    every = select(Opinion.id).where(Opinion.consultation_id == c.id, Opinion.kind.in_(ARCHIVED))
    return {id: n for n, id in enumerate(s.scalars(every.order_by(Opinion.id)), 1)}


def _page(
    s: Session, c: Consultation, which: str, f: Mapping[str, Any], errors: dict[str, str], at: str = ""
) -> str:
    """``at`` says which of the forms the errors belong to: ``sort``, ``group``, ``rename``, ``merge`` or an opinion's id."""
    page, lexicon = page_number(), themes.of(s, s.get_one(Area, c.area_id))
    found = _shown(s, c, which).order_by(Opinion.verdict != "", Opinion.id)
    rows = list(s.scalars(found.limit(SIZE + 1).offset((page - 1) * SIZE)))
    heaps = verdicts.piles(s, c)
    mine = leads(s, c)
    counted = verdicts.said(c).with_only_columns(func.count(), func.count(Opinion.group_id))
    total, grouped = s.execute(counted).one()
    return render_template(
        "admin/opinions.html", c=c, which=which, rows=rows[:SIZE], page=page, more=len(rows) > SIZE, piles=heaps,
        pile=next((p for p in heaps if str(p.group.id) == which), None), total=total, alone=total - grouped,
        waiting=guards.unanswered(s, c), codes=_codes(s, c), names={p.group.id: p.group.name for p in heaps},
        like={x.id: themes.suggest(x.words, lexicon) for x in rows if x.group_id is None},
        recordings=common.recordings(s, [x.recording_id for x in rows]), leads=mine,
        letters=inbox.letters(s, "opinion", rows[:SIZE]), by={x.answered_by: actor_name(s, x.answered_by) for x in rows},
        before=verdicts.corrected(s, c), recused=guards.recused(s, c.id, me().id), f=f, errors=errors, at=at, picked=set(ids("opinion")),
    )  # fmt: skip


def _which(s: Session, c: Consultation, wanted: str) -> str:
    """What to show: what was asked for, else those without a group, or everything where all are sorted."""
    if wanted in (NONE, ALL, WAITING) or (wanted.isdigit() and _group(s, c, int(wanted))):
        return wanted
    return NONE if s.scalar(_shown(s, c, NONE).limit(1)) is not None else ALL


def _group(s: Session, c: Consultation, id: int) -> OpinionGroup | None:
    found = select(OpinionGroup).where(OpinionGroup.id == id, OpinionGroup.consultation_id == c.id)
    return s.scalar(found)


@panel.get("/consultations/<int:id>/opinions")
def opinions_board(id: int) -> str:
    with reading() as s:
        c = common.consultation(s, id)
        return _page(s, c, _which(s, c, request.args.get("show", "")), {}, {})


def _again(id: int, refused: Refused, at: str, show: str = "") -> Any:
    """The board with what was typed and ticked, and what won't do said at its form."""
    keep_refusal(id, "opinions", refused)  # that somebody with an interest wanted to decide
    with reading() as s:
        c = common.consultation(s, id)
        which = _which(s, c, show or request.form.get("show", ""))
        return _page(s, c, which, request.form, errors_of(refused), at), 422


def _back(id: int, show: str) -> Response:
    return redirect(url_for("admin.opinions_board", id=id, show=show or None))


@panel.post("/consultations/<int:id>/opinions/sort")
def sort_opinions(id: int) -> Any:
    """Put the ticked opinions into a group, a new one, or none; or each into the one that is suggested."""
    f, like = request.form, request.form.get("like", "")
    chosen = [int(like)] if like.isdigit() else ids("opinion")
    try:
        with writing() as s:
            c = common.consultation(s, id, change=True)
            visible = list(s.scalars(_visible(s, c).where(Opinion.id.in_(chosen))))
            if not visible:
                raise Refused(_("先勾上要归的意见"), "opinion")
            n = _by_suggestion(s, c, visible) if like else _by_hand(s, c, visible)
            rights.act(s, me(), "sort_opinions", f"consultation:{c.id}", c.area_id)
    except Refused as refused:
        return _again(id, refused, "sort")
    flash(_("归好了%(n)s条", n=n))
    return _back(id, f.get("show", ""))


def _by_hand(s: Session, c: Consultation, chosen: list[Opinion]) -> int:
    f = request.form
    name, into = f.get("name", "").strip(), f.get("into", "")
    group = None
    if name:
        group = verdicts.group_called(s, c, name, actor())
    elif into.isdigit():
        group = _group(s, c, int(into))
    if group is None and into != NONE:
        raise Refused(_("请选一组，或者写个新组名"), "name")
    return verdicts.sort_into(s, c, [x.id for x in chosen], group)


def _by_suggestion(s: Session, c: Consultation, chosen: list[Opinion]) -> int:
    lexicon = themes.of(s, s.get_one(Area, c.area_id))
    named: dict[str, list[int]] = {}
    for x in chosen:
        if name := themes.suggest(x.words, lexicon):
            named.setdefault(name, []).append(x.id)
    if not named:
        raise Refused(_("勾上的这些没有建议，请自己选一组"), "opinion")
    return sum(
        verdicts.sort_into(s, c, some, verdicts.group_called(s, c, name, actor()))
        for name, some in named.items()
    )


@panel.post("/consultations/<int:id>/opinions/<int:group>/<any(rename, merge):verb>")
def change_group(id: int, group: int, verb: str) -> Any:
    """Call a group something else, or put all of it into another."""
    f, show = request.form, str(group)
    try:
        with writing() as s:
            c = common.consultation(s, id, change=True)
            found = _group(s, c, group)
            if found is None:
                raise rights.NotVisible
            if verb == "rename":
                verdicts.rename(s, c, found, f.get("name", ""))
            else:
                into = _group(s, c, f.get("into", 0, type=int))
                if into is None:
                    raise Refused(_("请选并到哪一组"), "into")
                verdicts.merge(s, c, found, into)
                show = str(into.id)
            rights.act(s, me(), f"{verb}_opinion_group", f"consultation:{c.id}", c.area_id)
    except Refused as refused:
        return _again(id, refused, verb, str(group))
    flash(_("改好了"))
    return _back(id, show)


@panel.post("/consultations/<int:id>/opinions/answer")
def answer_opinions(id: int) -> Any:
    """Answer one opinion, or whatever of a group waits; whoever said it is told at once."""
    f = request.form
    group, one = f.get("group", ""), f.get("one", "")
    try:
        with writing() as s:
            c = common.consultation(s, id, change=True)
            wanted = verdicts.waiting(c).where(
                Opinion.group_id == int(group)
                if group.isdigit()
                else Opinion.id == (int(one) if one.isdigit() else 0)
            )
            chosen = list(s.scalars(wanted.with_only_columns(Opinion.id)))
            done = verdicts.answer(s, c, chosen, f.get("verdict", ""), f.get("why", ""), actor())
            rights.act(s, me(), "answer_opinions", f"consultation:{c.id}", c.area_id)
            told, untold = answers.opinions_answered(s, c, done)
            n = len(done)
    except Refused as refused:
        return _again(id, refused, "group" if group else one, group)
    if not n:  # pressed twice, or somebody was first
        flash(_("这些意见答复过了，下面是现在的样子"))
        return _back(id, f.get("show", ""))
    return _are_told(id, _("答复了%(n)s条，正在告诉%(told)s人", n=n, told=told), untold)


@panel.post("/consultations/<int:id>/opinions/<int:row>/correct")
def correct_answer(id: int, row: int) -> Any:
    """Another answer in the place of one that was given; whoever heard that one is told once more."""
    f = request.form
    try:
        with writing() as s:
            c = common.consultation(s, id, change=True)
            o = s.scalar(verdicts.said(c).where(Opinion.id == row))
            if o is None:
                raise rights.NotVisible
            given, why, alike = f.get("verdict", ""), f.get("why", ""), bool(f.get("alike"))
            done = verdicts.correct(s, c, o, given, why, actor(), seen=f.get("seen", ""), alike=alike)
            rights.act(s, me(), "correct_answer", f"consultation:{c.id}", c.area_id)
            told, untold = answers.opinions_answered(s, c, done, corrected=True)
            n = len(done)
    except Refused as refused:
        return _again(id, refused, str(row))
    if not n:
        flash(_("这条答复已经改过了，下面是现在的样子"))
        return _back(id, f.get("show", ""))
    return _are_told(id, _("改正了%(n)s条，正在告诉%(told)s人", n=n, told=told), untold)


def _are_told(id: int, words: str, untold: int) -> Response:
    runtime().wake("replies", "calls")
    flash(words)
    if untold:
        flash(_("有%(n)s人没有电话可以告诉，请当面说", n=untold), "error")
    return _back(id, request.form.get("show", ""))
