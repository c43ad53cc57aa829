"""A consultation's notice as a sound file for the village's loudspeakers (村村响). Rendered by a worker, never while
somebody waits for the page."""

from typing import Any

from flask import abort, redirect, render_template, send_file, url_for
from sqlalchemy.orm import Session

from admin.common import consultation, leads, me, panel, reading, runtime, writing
from gateway import foreseen
from gateway.models.consultation import Consultation
from gateway.people import rights
from gateway.spoken import kokoro
from gateway.spoken.shelf import LOUDSPEAKER, Shelf

_KINDS = {"wav": "audio/wav", "mp3": "audio/mpeg"}


def facts(s: Session, c: Consultation) -> dict[str, Any]:
    """For the card on the consultation's page: what is said, and how far it is."""
    said, shelf = foreseen.loudspeaker(s, c), _shelf()
    name = shelf.find(said, LOUDSPEAKER)
    files = [ending for ending in ("mp3", "wav") if name and shelf.path(name, ending)]
    return {
        "loud_words": said,
        "loud_files": files,
        "loud_waits": not files and shelf.waits(said, LOUDSPEAKER),
        "loud_installed": kokoro.installed(),
    }


def _shelf() -> Shelf:
    return runtime().prompts.shelf


@panel.get("/consultations/<int:id>/loudspeaker")
def loudspeaker(id: int) -> str:
    """The card alone, asked for again until the file is there."""
    with reading() as s:
        c = consultation(s, id)
        return render_template("admin/_loudspeaker.html", c=c, leads=leads(s, c), **facts(s, c))


@panel.post("/consultations/<int:id>/loudspeaker")
def record_loudspeaker(id: int) -> Any:
    with writing() as s:
        c = consultation(s, id, change=True)
        if kokoro.installed() and _shelf().want(foreseen.loudspeaker(s, c), LOUDSPEAKER):
            rights.act(s, me(), "loudspeaker", f"consultation:{c.id}", c.area_id)
    runtime().wake_speaker()
    return redirect(url_for("admin.one_consultation", id=id, _anchor="loudspeaker"))


@panel.get("/consultations/<int:id>/loudspeaker.<ending>")
def loudspeaker_file(id: int, ending: str) -> Any:
    with reading() as s:
        c = consultation(s, id)
        name = _shelf().find(foreseen.loudspeaker(s, c), LOUDSPEAKER)
        number = c.number
    path = _shelf().path(name, ending) if name and ending in _KINDS else None
    if path is None:
        abort(404)
    return send_file(
        path, mimetype=_KINDS[ending], as_attachment=True, download_name=f"{number}号通知.{ending}"
    )
