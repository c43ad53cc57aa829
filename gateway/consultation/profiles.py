"""Rule profiles: what an area has decided about the procedure's numbers, for one kind of topic or all, from a day on."""

from datetime import date
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from gateway import clock
from gateway.consultation.glance import above
from gateway.consultation.refusal import Refused
from gateway.models.area import Area
from gateway.models.consultation import KINDS
from gateway.models.rules import RuleProfile, Rules


def choose(s: Session, area: Area, kind: str, on: date | None = None) -> Rules:
    """The rules for a new matter of this kind in this area on a day: what the county says, changed by the township,
    changed by the village; within an area first what is for every kind, then for this one, older before newer."""
    rules: dict[str, Any] = {}
    for profile in in_force(s, area, kind, on):
        rules |= profile.changes
    return Rules.of(rules)


def in_force(s: Session, area: Area, kind: str, on: date | None = None) -> list[RuleProfile]:
    """The profiles that :func:`choose` lays over each other, the weakest first."""
    on = on or clock.now().astimezone(clock.village_zone()).date()
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


def decide(
    s: Session, area: Area | None, changes: dict[str, Any], *, kind: str = "", valid_from: date,
    valid_until: date | None = None, name: str = "", by: str = "cli",
) -> RuleProfile:  # fmt: skip
    """Add a version. Running consultations keep what they began with. Raises :class:`Refused` naming the field."""
    if kind and kind not in KINDS:
        raise Refused("没有这一类事项", "kind")
    if valid_until and valid_until < valid_from:
        raise Refused("失效的日子要在生效之后", "valid_until")
    unknown = set(changes) - set(Rules().to_json())
    if unknown:
        raise ValueError(f"no such rules: {sorted(unknown)}")
    if not changes:
        raise Refused("没有要改的", "changes")
    try:
        Rules.of(changes)
    except ValueError as why:
        raise Refused(str(why), "changes") from None
    made = RuleProfile(
        area_id=area.id if area else None, kind=kind, valid_from=valid_from, valid_until=valid_until,
        name=name.strip(), changes=changes, by=by,
    )  # fmt: skip
    s.add(made)
    s.flush()
    return made
