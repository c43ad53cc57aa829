"""Changing a result: a plan amended after objections, and the township's order to correct what breaks the law."""

from datetime import timedelta

from sqlalchemy.orm import Session

from gateway import clock
from gateway.consultation import steps, texts
from gateway.consultation.lifecycle import must
from gateway.consultation.refusal import Refused
from gateway.models.area import Area
from gateway.models.consultation import Consultation


def amend(s: Session, c: Consultation, actor: str, what: str) -> None:
    """Change the plan because of what was objected to: it is published anew, for the full time, and what an assembly
    decided goes back to it (domain.md §2). Raises :class:`Refused`."""
    must(s, c, "amend", actor, what.strip())
    c.publicity_left = None


def order_correction(s: Session, c: Consultation, actor: str, basis: str, explanation: str) -> None:
    """The township stops a result that breaks the law (policy II(5); Organic Law art. 27). ``basis`` is the article,
    ``explanation`` what everybody is told of it, since the policy asks for legal education with it."""
    if len(basis.strip()) < 4:
        raise Refused("请写明依据哪部法的哪一条", "basis")
    why = steps.sayable(explanation, "改正", "explanation")
    must(s, c, "order_correction", actor, f"{basis.strip()}；{why}")
    c.publicity_left = None
    area = s.get_one(Area, c.area_id)
    steps.tell_again(
        s, c, "correction", texts.corrected_sms(c, area, why), texts.corrected_voice(c, area, why), actor
    )


def revise(s: Session, c: Consultation, actor: str, what: str) -> None:
    """What the township ordered was changed; it is published anew."""
    must(s, c, "revise", actor, what.strip())


def annul(s: Session, c: Consultation, actor: str, reason: str) -> None:
    """The township declares it void: it can't be made lawful."""
    why = steps.sayable(reason, "作废")
    must(s, c, "annul", actor, why)
    steps.settle_all(s, c, f"这件事作废了：{why}")
    area = s.get_one(Area, c.area_id)
    steps.tell_again(s, c, "annulled", texts.annulled_sms(c, area, why), texts.annulled_voice(c, area, why), actor)  # fmt: skip


def extend(s: Session, c: Consultation, actor: str, days: int, reason: str) -> None:
    """Longer publicity, since too few were told of it, or because somebody asked for time."""
    if not 1 <= days <= 60:
        raise Refused("延长的天数要在1到60之间", "days")
    must(s, c, "extend", actor, reason.strip())
    zone = c.zone
    ends = max(c.publicity_ends_at or clock.now(), clock.now())
    before = c.publicity_ends_at or ends
    c.publicity_ends_at = clock.end_of_day(ends.astimezone(zone).date() + timedelta(days=days), zone)
    steps.say_instead(c, before.astimezone(zone).date(), c.publicity_ends_at.astimezone(zone).date())
