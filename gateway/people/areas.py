"""An area's own rules for broadcasts: two people's consent, and what a month may cost."""

import re

from sqlalchemy.orm import Session

from gateway.models.area import Area

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
