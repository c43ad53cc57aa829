"""An area's own rules for broadcasts: two people's consent, what a month may cost, and whose clock people live by."""

import re
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from gateway import phones
from gateway.models.area import ROLLOUTS, Area
from gateway.settings import windows

_YUAN = re.compile(r"(\d{1,6})(?:\.(\d{1,2}))?")


def thousandths(yuan: str) -> int | None:
    """An amount as people type it (“300”, “49.50”) in 厘; None for an empty one. Raises ValueError."""
    typed = yuan.strip().removesuffix("元").strip()
    if not typed:
        return None
    found = _YUAN.fullmatch(typed)
    if not found:
        raise ValueError(f"{typed!r} is not an amount in yuan like 300 or 49.50")
    return int(found[1]) * 1000 + int((found[2] or "0").ljust(2, "0")) * 10


def set_rules(s: Session, area: Area, *, needs_approval: bool, monthly_budget: int | None) -> str:
    """Change them (``monthly_budget`` in 厘, None for none); returns what changed, for the record, or ""."""
    changed = []
    if area.needs_approval != needs_approval:
        area.needs_approval = needs_approval
        changed.append(f"needs_approval={needs_approval}")
    if area.monthly_budget != monthly_budget:
        area.monthly_budget = monthly_budget
        changed.append(f"monthly_budget={'none' if monthly_budget is None else monthly_budget / 1000}")
    s.flush()
    return " ".join(changed)


def set_rollout(s: Session, area: Area, stage: str) -> str:
    """How far consultation is here (policy I(4): pilots, everywhere, a settled system); returns what changed, or "".
    Raises ValueError for a stage there isn't."""
    if stage not in ROLLOUTS:
        raise ValueError(f"{stage!r} is no stage; one of {', '.join(ROLLOUTS)}")
    if area.rollout == stage:
        return ""
    area.rollout = stage
    s.flush()
    return f"rollout={stage or 'none'}"


_DASHES = re.compile(r"\s*(?:-|—|–|~|至|到)\s*")


def hours(typed: str) -> str:
    """Office hours as people type them (“8：30到11：30，14:00-17:00”, “8-12”) as CALL_HOURS are written; "" for an empty
    one. Raises ValueError for what is no time, or goes on past midnight."""
    spans = []
    for span in filter(None, re.split(r"[,，、;；\s]+", _DASHES.sub("-", typed.strip()))):
        ends = [
            f"{int(m[1]):02d}:{m[2] or '00'}"
            for end in span.replace("：", ":").replace("点", ":").split("-")
            if (m := re.fullmatch(r"(\d{1,2})(?::(\d\d)?)?", end))
        ]
        if len(ends) != 2 or ends[0] >= ends[1]:
            raise ValueError(f"{span!r} is not a span of hours like 8:30-11:30")
        spans.append("-".join(ends))
    written = ",".join(spans)
    windows(written)
    return written


def duty_phone(typed: str, hotline: str) -> str | None:
    """The office's telephone as E.164; None for an empty one. Raises phones.BadPhone, with a sentence."""
    if not typed.strip():
        return None
    found = phones.normalize(typed)
    if found.kind == phones.UNKNOWN:  # a short code: the carrier can't dial it
        raise phones.BadPhone("这个号码热线拨不通，请写手机号，或者带区号的座机号")
    if found.e164 == hotline:
        raise phones.BadPhone("这是热线自己的号码，请写村部的电话")
    return found.e164


def set_office(s: Session, area: Area, phone: str | None, hours: str, weekends: bool) -> str:
    """Change the telephone that key 0 reaches (None: none) and when it is answered; returns what changed, or ""."""
    wanted = {"duty_phone": phone, "office_hours": hours, "office_weekends": weekends}
    changed = [f"{name}={value or 'none'}" for name, value in wanted.items() if getattr(area, name) != value]
    for name, value in wanted.items():
        setattr(area, name, value)
    s.flush()
    return " ".join(changed)


SAID = {"北京时间": "Asia/Shanghai", "新疆时间": "Asia/Urumqi"}  # how people call the clocks they live by


def zone(typed: str) -> str | None:
    """A time zone as people type it (“新疆时间”, “Asia/Urumqi”) by its name; None for an empty one. Raises ValueError."""
    name = SAID.get(typed.strip(), typed.strip())
    if not name:
        return None
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):  # a path, a folder of zones, or no zone at all
        raise ValueError(f"{name!r} is no time zone like Asia/Urumqi") from None
    return name


def set_zone(s: Session, area: Area, name: str | None) -> str:
    """Change whose clock an area lives by (None: the village's own, ``TIMEZONE``); returns what changed, or ""."""
    if area.timezone == name:
        return ""
    area.timezone = name
    s.flush()
    return f"timezone={name or 'none'}"
