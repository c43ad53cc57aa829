"""The catalogue of topics: what may be consulted on here, and what each kind asks of the procedure."""

from collections.abc import Mapping
from typing import Any

from flask import flash, redirect, render_template, request, url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from admin.common import actor, me, panel, reading, writing
from admin.forms import errors_of
from gateway.consultation import catalogue, quorum
from gateway.consultation.refusal import Refused
from gateway.models.area import Area
from gateway.models.consultation import THREE_IMPORTANT
from gateway.models.topic import TopicType
from gateway.people import rights


def _own(s: Session) -> Area:
    return s.get_one(Area, me().area_id)


def _topic(s: Session, id: int) -> TopicType:
    """An entry of the organizer's own catalogue: those of areas above are read, not changed."""
    found = s.get(TopicType, id)
    if found is None or found.area_id not in rights.area_ids(s, me()):
        raise rights.NotVisible
    return found


def _page(s: Session, f: Mapping[str, Any], errors: dict[str, str], editing: TopicType | None = None) -> str:
    return render_template(
        "admin/catalogue.html", topics=catalogue.of(s, _own(s)), mine=set(rights.area_ids(s, me())), f=f, errors=errors,
        editing=editing, meetings=quorum.PROFILES, usual=catalogue.USUAL,
    )  # fmt: skip


@panel.get("/catalogue/")
def catalogue_page() -> str:
    with reading() as s:
        return _page(s, {"kind": "public_affairs", "unit": "person"}, {})


@panel.get("/catalogue/<int:id>")
def one_topic(id: int) -> str:
    with reading() as s:
        topic = _topic(s, id)
        typed = {name: getattr(topic, name) for name in ("name", *catalogue.FLAGS)}
        return _page(s, typed, {}, topic)


def _typed() -> dict[str, Any]:
    f = request.form
    return {
        "name": f.get("name", ""), "kind": f.get("kind", ""), "unit": f.get("unit", "person"),
        "assembly": f.get("assembly", ""), "three_important": [x for x in f.getlist("three") if x in THREE_IMPORTANT],
        **{name: name in f for name in ("wide_impact", "technical", "errand")},
    }  # fmt: skip


@panel.post("/catalogue/")
def add_topic() -> Any:
    return _save(None)


@panel.post("/catalogue/<int:id>")
def change_topic(id: int) -> Any:
    """A new version; running matters keep what they were begun with."""
    return _save(id)


def _save(id: int | None) -> Any:
    typed = _typed()
    try:
        with writing() as s:
            before = _topic(s, id) if id else None
            area = s.get_one(Area, before.area_id) if before else _own(s)
            made = catalogue.add(s, area, by=actor(), replaces=before, **typed)
            rights.manage(s, me(), "topic", area, f"{made.id} v{made.version}")
    except Refused as refused:
        if refused.code == "moved":
            flash(refused.why, "error")
            return redirect(url_for("admin.catalogue_page"))
        with reading() as s:
            return _page(s, typed, errors_of(refused), _topic(s, id) if id else None), 422
    flash(_("目录存下了"))
    return redirect(url_for("admin.catalogue_page"))


@panel.post("/catalogue/<int:id>/end")
def end_topic(id: int) -> Response:
    with writing() as s:
        topic = _topic(s, id)
        try:
            catalogue.end(s, topic)
        except Refused as refused:
            flash(refused.why, "error")
        else:
            rights.manage(s, me(), "topic_end", s.get_one(Area, topic.area_id), str(topic.id))
            flash(_("从目录里去掉了"))
    return redirect(url_for("admin.catalogue_page"))


@panel.post("/catalogue/usual")
def usual_topics() -> Response:
    with writing() as s:
        n = catalogue.add_usual(s, _own(s), actor())
        rights.manage(s, me(), "topics_usual", _own(s), str(n))
    flash(_("添了 %(n)s 项", n=n))
    return redirect(url_for("admin.catalogue_page"))


# ---- in the form of a new matter ------------------------------------------------------------------


def choices(s: Session) -> list[TopicType]:
    """What the form of a new matter offers."""
    return catalogue.of(s, _own(s))


def read(s: Session, area: Area) -> dict[str, Any]:
    """What the form says a matter asks of the procedure: the topic's demands, and whatever was ticked beside them; a
    demand of the catalogue can't be unticked. Raises :class:`Refused`."""
    f = request.form
    asked: dict[str, Any] = {
        "kind": f.get("kind") or "public_affairs", "assembly": f.get("assembly", ""), "topic_id": 0,
        "three_important": [x for x in f.getlist("three") if x in THREE_IMPORTANT],
        "wide_impact": "wide_impact" in f, "technical": "technical" in f,
        "commissioned_by": f.get("commissioned_by", "").strip()[:40], "sensitive": "sensitive" in f,
        "decision": f.get("decision", "") if f.get("unit") == "owner" else "",
    }  # fmt: skip
    if asked["assembly"] and asked["assembly"] not in quorum.PROFILES:
        raise Refused(_("请选开什么会"), "assembly")
    if asked["decision"] and not (
        asked["decision"] in quorum.PROFILES and quorum.PROFILES[asked["decision"]].by_area
    ):
        raise Refused(_("请选业主按什么表决"), "decision")
    topic = next((t for t in catalogue.of(s, area) if t.id == f.get("topic", 0, type=int)), None)
    if topic is None:
        return asked
    demands = catalogue.asks(topic, f.get("admitted", ""))
    return asked | {
        "kind": demands["kind"], "topic_id": demands["topic_id"], "assembly": demands["assembly"] or asked["assembly"],
        "three_important": sorted({*demands["three_important"], *asked["three_important"]}),
        "wide_impact": demands["wide_impact"] or asked["wide_impact"],
        "technical": demands["technical"] or asked["technical"],
    }  # fmt: skip
