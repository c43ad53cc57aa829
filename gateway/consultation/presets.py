"""Guidance by the kind of place (policy III(2), 分类指导): what a dense community, one with many migrants, a village of those
who were left behind, a remote one, or one of a national minority usually decides differently. Applying some makes a rule
profile; an area may go on from there."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from datetime import date
from typing import Any

from sqlalchemy.orm import Session

from gateway.consultation import profiles
from gateway.consultation.refusal import Refused
from gateway.models.area import Area
from gateway.models.participation import SUBJECTS
from gateway.models.rules import RuleProfile
from gateway.settings import windows


@dataclass(frozen=True)
class Preset:
    """One kind of place: its name, what is done differently there, and as which rules."""

    name: str
    says: str
    changes: dict[str, Any] = field(default_factory=dict)


PRESETS: dict[str, Preset] = {
    "dense": Preset(
        "人口密集",
        "业主、物业、外来户都要有人参加；征集十天，公示七天",
        {
            "open_days": 10,
            "sides": ["owners_committee", "property_firm", "registered_residents", "non_registered_reps"],
        },
    ),
    "migrant_in": Preset(
        "外来务工人员多",
        "下班以后打电话；外来户要有代表；一个人能替三个人表态；征集十天",
        {
            "call_hours": "11:30-13:30,17:30-20:30", "proxies": 3, "open_days": 10,
            "sides": ["registered_residents", "non_registered_reps"],
        },
    ),
    "left_behind": Preset(
        "留守人员多",
        "白天打给在家的，晚上打给在外的；在外的能委托家里人；征集、公示各十天",
        {
            "call_hours": "08:30-11:30,14:00-20:30", "proxies": 3, "open_days": 10, "publicity_days": 10,
            "sides": ["registered_residents", "social_organization"],
        },
    ),
    "remote": Preset(
        "地广人稀、交通不便",
        "短信没送到就打电话，电话没人接就发短信，隔天再打；征集十五天，公示十天，开会给四十五天",
        {"fallback": "both", "open_days": 15, "publicity_days": 10, "assembly_days": 45, "sides": ["group"]},
    ),
    "ethnic": Preset("民族地区", "通知和结果另外录本民族的话；征集十天", {"open_days": 10}),
}  # fmt: skip


def together(names: Iterable[str], languages: Iterable[str] = ()) -> dict[str, Any]:
    """The rules of some kinds of place at once: the longest of their days, all of their hours and sides.
    Raises :class:`Refused` for none, and for 民族地区 without its language."""
    chosen = [name for name in PRESETS if name in set(names)]
    if not chosen:
        raise Refused("请选是什么样的地方", "presets")
    said = sorted(set(languages) - {"zh-CN"})
    if "ethnic" in chosen and not said:
        raise Refused("请选说哪种话", "languages")
    changes: dict[str, Any] = {"languages": said} if said else {}
    for name in chosen:
        for rule, value in PRESETS[name].changes.items():
            changes[rule] = _both(rule, changes[rule], value) if rule in changes else value
    return changes


def _both(rule: str, one: Any, other: Any) -> Any:
    if rule == "call_hours":
        return joined(f"{one},{other}")
    if isinstance(one, list):
        return [side for side in SUBJECTS if side in one or side in other]
    return max(one, other)


def joined(hours: str) -> str:
    """Windows that overlap or touch as one: “08:30-11:30,11:30-13:30” → “08:30-13:30”."""
    found: list[list[int]] = []
    for start, end in sorted(windows(hours)):
        if found and start <= found[-1][1]:
            found[-1][1] = max(found[-1][1], end)
        else:
            found.append([start, end])
    return ",".join(f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in found)


def apply(
    s: Session, area: Area, names: Iterable[str], *, languages: Iterable[str] = (), valid_from: date, by: str
) -> RuleProfile:
    """Make it the area's rule profile from a day on; running matters keep theirs. Raises :class:`Refused`."""
    chosen = [name for name in PRESETS if name in set(names)]
    changes = together(chosen, languages)
    label = "、".join(PRESETS[name].name for name in chosen)
    made = profiles.decide(s, area, changes, valid_from=valid_from, name=label, by=by)
    area.profile = chosen
    s.flush()
    return made
