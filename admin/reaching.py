"""Before something is sent: whom it reaches, what it costs, and why it may have to wait."""

from typing import Any

from flask import url_for
from flask_babel import gettext as _
from sqlalchemy.orm import Session

from admin.common import runtime, yuan
from gateway.consultation import onbehalf
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.outreach import Broadcast
from gateway.models.person import Person
from gateway.outreach import audience, broadcasts, hours, notices, singles


def reach(s: Session, c: Consultation, stage: str, **texts: str) -> dict[str, Any]:
    """What the reach page shows about a consultation's notice, before there is a broadcast."""
    sms = texts.get("sms") or c.sms.get(stage, "")
    voice = texts.get("voice") or c.voice.get(stage, "")
    ahead = looking_ahead(s, notices.rehearsal(s, c, stage, sms, voice))
    return {**ahead, "doors": url_for("admin.consultation_doors", id=c.id)}


def looking_ahead(s: Session, b: Broadcast) -> dict[str, Any]:
    """What the reach page shows: people, price and time, the month's money, whether somebody else must agree,
    the door-visit list, and how long the night keeps messages back."""
    st, area = runtime().settings, s.get_one(Area, b.area_id)
    return {
        "preview": audience.preview(s, st, b),
        "money": broadcasts.free(s, st, area),
        "agree": area.needs_approval,
        "doors": url_for("admin.broadcast_doors", id=b.id) if b.id else "",
        **held(b),
    }


def receipt_to(s: Session, c: Consultation, person: Person, what: str, receipt: str) -> str:
    """Tell somebody whose paper was entered, so that who didn't write it can say so (domain.md §4); returns what the
    clerk reads where no telephone can take it."""
    way = singles.way_to(s, person)
    if way is None:
        return _("没有能通知的电话，请把回执当面给他")
    area = s.get_one(Area, c.area_id)
    sms = onbehalf.entered_sms(c, area, person.name, what, receipt)
    voice = onbehalf.entered_voice(c, area, person.name, what, receipt)
    made = broadcasts.say(
        s, way[0], sms=sms, voice=voice, channel=way[1], about_id=c.id, subject=f"receipt:{receipt}"
    )
    made.lane = "calls" if way[1] == "voice" else "bulk"
    return ""


def held(b: Broadcast) -> dict[str, int]:
    """Minutes for which texts and calls must wait: nobody is disturbed at night."""
    st = runtime().settings
    return {
        "sms_waits": hours.minutes_until_allowed(st, "bulk"),
        "calls_wait": hours.minutes_until_allowed(st, "calls", call_hours=b.call_hours or ""),
    }


def told(s: Session, c: Consultation) -> str:
    """Start what the consultation wants people to be told; returns why it doesn't go yet, if it doesn't."""
    before = {b.id for b in notices.of(s, c)}
    notices.pick_up(s, runtime().settings)
    fresh = [b for b in notices.of(s, c) if b.id not in before]
    if any(b.state == "waiting" for b in fresh):
        return _("通知写好了，还要另一位组织员点头才发，已经放在他们的首页上")
    short = next((b for b in fresh if b.why == "budget"), None)
    if short:
        left = broadcasts.free(s, runtime().settings, s.get_one(Area, c.area_id))
        return _(
            "通知大约要 %(price)s 元，这个月只剩 %(left)s 元，还没有发。通知存成了草稿，在“群发”里；请镇里提高上限以后再发。",
            price=yuan(short.price),
            left=yuan(left),
        )
    return ""
