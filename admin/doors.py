"""The door-visit list: whom no telephone reaches, to be printed and ticked off. No numbers on it."""

from flask import render_template, url_for
from sqlalchemy.orm import Session

from admin import common
from admin.common import me, panel, reading
from gateway.models.outreach import Broadcast
from gateway.outreach import notices, watching
from gateway.people import rights


@panel.get("/broadcasts/<int:id>/doors")
def broadcast_doors(id: int) -> str:
    with reading() as s:
        b = rights.get(s, rights.broadcasts(s, me()), Broadcast, id)
        return _page(s, b, b.sms, url_for("admin.one_broadcast", id=id))


@panel.get("/consultations/<int:id>/doors")
def consultation_doors(id: int) -> str:
    """The same before a consultation's notice is sent."""
    with reading() as s:
        c = common.consultation(s, id)
        sms = c.sms.get("result" if c.state in ("DRAFTED", "REVISED") else "notice", "")
        b = notices.rehearsal(s, c, "", sms, "")
        return _page(s, b, sms, url_for("admin.one_consultation", id=id))


def _page(s: Session, b: Broadcast, sms: str, back: str) -> str:
    if not common.sees_names():
        raise rights.NotAllowed
    found = watching.doors(s, b, within=rights.area_ids(s, me()))
    places: dict[tuple[str, str], list[watching.Door]] = {}
    for door in found:
        places.setdefault((door.area, door.group), []).append(door)
    return render_template("admin/doors.html", places=places, total=len(found), sms=sms, back=back)
