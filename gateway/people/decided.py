"""What an area has decided about the procedure: its rule profiles, and those of the areas above it, laid over each other."""

from collections.abc import Iterable
from datetime import date
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from gateway import clock
from gateway.models.area import Area
from gateway.models.rules import RuleProfile, Rules


def above(paths: Iterable[str]) -> set[str]:
    """These areas' paths and those of every area they lie in."""
    return {part for path in paths for part in _prefixes(path)}


def _prefixes(path: str) -> list[str]:
    parts = path.strip("/").split("/")
    return ["/" + "/".join(parts[: n + 1]) + "/" for n in range(len(parts))]


def choose(s: Session, area: Area, kind: str = "", on: date | None = None) -> Rules:
    """The rules for a new matter of this kind in this area on a day: what the county says, changed by the township,
    changed by the village; within an area first what is for every kind, then for this one, older before newer."""
    rules: dict[str, Any] = {}
    for profile in in_force(s, area, kind, on):
        rules |= profile.changes
    return Rules.of(rules)


def in_force(s: Session, area: Area, kind: str, on: date | None = None) -> list[RuleProfile]:
    """The profiles that :func:`choose` lays over each other, the weakest first."""
    on = on or today()
    depth = {a.id: len(a.path) for a in s.scalars(select(Area).where(Area.path.in_(above([area.path]))))}
    found = s.scalars(
        select(RuleProfile).where(
            or_(RuleProfile.area_id.is_(None), RuleProfile.area_id.in_(depth)),
            RuleProfile.kind.in_(("", kind)),
            RuleProfile.valid_from <= on,
            or_(RuleProfile.valid_until.is_(None), RuleProfile.valid_until >= on),
        )
    )
    return sorted(found, key=lambda p: (depth.get(p.area_id or 0, 0), p.kind != "", p.valid_from, p.id or 0))


def today() -> date:
    """The village's day."""
    return clock.now().astimezone(clock.village_zone()).date()
