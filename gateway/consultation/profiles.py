"""Rule profiles: what an area decides about the procedure's numbers, for one kind of topic or all, from a day on."""

from datetime import date
from typing import Any

from sqlalchemy import or_, select
from sqlalchemy.orm import Session

from gateway.consultation.refusal import Refused
from gateway.models.area import Area
from gateway.models.consultation import KINDS
from gateway.models.rules import LEAST_OF_ALL, RuleProfile, Rules, what
from gateway.people.decided import above, choose, in_force, today

__all__ = ["choose", "decide", "in_force", "versions"]


def versions(s: Session, area: Area) -> list[tuple[RuleProfile, Area | None]]:
    """Everything that was, is or will be decided for an area, by itself and by those above it, newest first."""
    found = (
        select(RuleProfile, Area)
        .outerjoin(Area, Area.id == RuleProfile.area_id)
        .where(or_(RuleProfile.area_id.is_(None), Area.path.in_(above([area.path]))))
        .order_by(RuleProfile.valid_from.desc(), RuleProfile.id.desc())
        .limit(200)
    )
    return [(profile, owner) for profile, owner in s.execute(found)]


def decide(
    s: Session, area: Area | None, changes: dict[str, Any], *, kind: str = "", valid_from: date,
    valid_until: date | None = None, name: str = "", by: str = "cli",
) -> RuleProfile:  # fmt: skip
    """Add a version. Running consultations keep what they began with. Raises :class:`Refused` naming the field: the
    rule's own name, where one value is to blame. A value that the law or an area above sets a least for can't be
    undercut."""
    if kind and kind not in KINDS:
        raise Refused("没有这一类事项", "kind")
    if valid_until and valid_until < valid_from:
        raise Refused("失效的日子要在生效之后", "valid_until")
    unknown = set(changes) - set(Rules().to_json())
    if unknown:
        raise ValueError(f"no such rules: {sorted(unknown)}")
    if not changes:
        raise Refused("没有要改的", "changes")
    for field, value in changes.items():
        try:
            Rules.of({field: value})
        except ValueError as why:
            raise Refused(str(why), field) from None
    if area is not None:
        _above_allows(s, area, kind, valid_from, changes)
    made = RuleProfile(
        area_id=area.id if area else None, kind=kind, valid_from=valid_from, valid_until=valid_until,
        name=name.strip(), changes=changes, by=by,
    )  # fmt: skip
    s.add(made)
    s.flush()
    return made


def _above_allows(s: Session, area: Area, kind: str, on: date, changes: dict[str, Any]) -> None:
    """A least that an area above has decided is a least: a village may ask for more."""
    for profile in in_force(s, area, kind, max(on, today())):
        if profile.area_id in (area.id, None):
            continue
        for field in LEAST_OF_ALL:
            least = profile.changes.get(field)
            if least is not None and changes.get(field, least) < least:
                owner = s.get_one(Area, profile.area_id)
                raise Refused(f"{what(field)}：{owner.name}定了最少{least}天，不能再少", field)
