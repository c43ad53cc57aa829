"""A matter of 样例里社区 and who may do what to it, for tests of the procedure."""

from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import clock
from gateway.consultation import lifecycle, matters, reach, steps, verdicts
from gateway.models.answer import Opinion
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.organizer import Organizer

MIAO = "miaozhuren"  # leads the community
QIAN = "qianxiaoman"  # clerk of another village
OFFICER = "xuquanzhen"  # the township's


def by(s: Session, login: str) -> str:
    """The organizer as an actor."""
    return f"organizer:{s.scalars(select(Organizer.id).where(Organizer.login == login)).one()}"


def area(s: Session, code: str) -> Area:
    return s.scalars(select(Area).where(Area.code == code)).one()


def new(s: Session, code: str = "YL", *, days: int = 8, **more: Any) -> Consultation:
    """A matter that may be announced; nobody has heard of it."""
    now = clock.now()
    facts: dict[str, Any] = {
        "title": "村口装路灯", "options": {"1": "同意", "2": "不同意"},
        "opens_at": now, "closes_at": end_of(days),
    }  # fmt: skip
    return matters.create(s, area=area(s, code), **{**facts, **more})


def end_of(days: int) -> datetime:
    """The end of the village's day, so many days from now."""
    zone = clock.village_zone()
    return clock.end_of_day((clock.now().astimezone(zone) + timedelta(days=days)).date(), zone)


def drafted(s: Session, code: str = "YL", **more: Any) -> Consultation:
    """Told, answered by nobody, closed by whoever leads."""
    c = new(s, code, **more)
    steps.announce(s, c, "cli")
    steps.close_early(s, c, "cli", "都答完了")
    return c


def published(s: Session, code: str = "YL", *, public: int = 7, **more: Any) -> Consultation:
    """In its publicity period."""
    c = drafted(s, code, **more)
    publish(s, c, public=public)
    return c


def publish(
    s: Session, c: Consultation, *, public: int = 7, result: str = "装三盏", actor: str = "cli"
) -> None:
    steps.publish(s, c, result=result, sms="", voice="", until=end_of(public), actor=actor)


def knock(s: Session, c: Consultation) -> None:
    """Somebody tells the result at every door that no telephone told."""
    for door in reach.doors(s, c):
        assert reach.visit(s, c, door.home, "cli")


def answer_all(s: Session, c: Consultation, why: str = "大家说的都写进去了", actor: str = "cli") -> None:
    """Whoever leads answers every opinion that waits, so that a result may be published."""
    verdicts.answer(
        s, c, list(s.scalars(verdicts.waiting(c).with_only_columns(Opinion.id))), "adopted", why, actor
    )


def path(s: Session, c: Consultation) -> list[str]:
    """The states it went through."""
    states = [e.to_state for e in lifecycle.history(s, c) if e.event != "refused"]
    return [state for n, state in enumerate(states) if n == 0 or states[n - 1] != state]
