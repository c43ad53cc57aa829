"""What organizers must look at now: shown on the panel until the cause is gone, or somebody says they have seen it."""

from dataclasses import dataclass

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from gateway.models.answer import Opinion
from gateway.models.organizer import Fact, Organizer
from gateway.people import rights

_PREFIX = "alarm:"


@dataclass(frozen=True)
class Alarm:
    """One alarm in an organizer's words. ``name`` is its kind; several call-backs may share one."""

    name: str
    words: str


def ring(s: Session, name: str, words: str, callback: Opinion | None = None) -> None:
    """Raise an alarm (again is fine). One about a call-back is seen by those who see that, and ends with it."""
    Fact.put(s, f"{_PREFIX}{name}{f':{callback.id}' if callback else ''}", words)


def clear(s: Session, name: str) -> None:
    """The cause of an alarm that is about no call-back is gone."""
    s.execute(delete(Fact).where(Fact.name == f"{_PREFIX}{name}"))


def rung_back(s: Session, callback: Opinion) -> None:
    """Somebody dealt with this call-back: what pointed to it is over."""
    s.execute(delete(Fact).where(Fact.name.like(f"{_PREFIX}%:{callback.id}")))


def words(s: Session) -> list[str]:
    """Everything that is wrong at the moment, whoever may see it."""
    return list(s.scalars(select(Fact.value).where(Fact.name.startswith(_PREFIX)).distinct()))


def seen_by(s: Session, o: Organizer) -> list[Alarm]:
    """What this organizer has to be told, each kind once."""
    return list(dict.fromkeys(Alarm(fact.name.split(":")[1], fact.value) for fact in _visible(s, o)))


def dismiss(s: Session, o: Organizer, name: str) -> None:
    """The organizer has seen it; it comes back if it happens again. Raises NotAllowed for roles that only look."""
    rights.act(s, o, "alarm_dismiss", f"alarm:{name}")
    for fact in _visible(s, o):
        if fact.name.split(":")[1] == name:
            s.delete(fact)


def _visible(s: Session, o: Organizer) -> list[Fact]:
    """Alarms about no call-back are everybody's; ``alarm:<kind>:<id>`` belongs to those who see that call-back."""
    found = list(s.scalars(select(Fact).where(Fact.name.startswith(_PREFIX)).order_by(Fact.name)))
    about = {fact.name: int(id) for fact in found if (id := fact.name.partition(":")[2].partition(":")[2])}
    mine = set(
        s.scalars(
            rights.opinions(s, o).with_only_columns(Opinion.id).where(Opinion.id.in_(set(about.values())))
        )
    )
    return [fact for fact in found if fact.name not in about or about[fact.name] in mine]
