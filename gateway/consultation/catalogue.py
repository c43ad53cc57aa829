"""The catalogue of topics (policy II(1)): what villages consult on, what each kind asks of the procedure, and what is
no business of theirs (III(3), 减负 and 准入)."""

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import clock
from gateway.consultation import quorum
from gateway.consultation.refusal import Refused
from gateway.models.area import Area
from gateway.models.consultation import KINDS, THREE_IMPORTANT, UNITS
from gateway.models.topic import TopicType
from gateway.people.decided import above

FLAGS = ("kind", "three_important", "wide_impact", "technical", "assembly", "unit", "errand")

# A first catalogue to change and add to. Organic Law art. 24 says which go to an assembly; domain.md §2.
USUAL: tuple[dict[str, Any], ...] = (
    {"name": "修路修桥", "kind": "public_affairs", "three_important": ["project", "large_funds"], "wide_impact": True,
     "assembly": "representatives", "unit": "household"},
    {"name": "筹资筹劳", "kind": "public_affairs", "three_important": ["large_funds"], "wide_impact": True,
     "assembly": "representatives", "unit": "household"},
    {"name": "土地发包给外人", "kind": "public_affairs", "three_important": ["decision", "large_funds"],
     "wide_impact": True, "assembly": "land_to_outsiders"},
    {"name": "宅基地", "kind": "public_affairs", "three_important": ["decision"], "assembly": "representatives"},
    {"name": "征地补偿款", "kind": "public_affairs", "three_important": ["decision", "large_funds"], "wide_impact": True,
     "assembly": "representatives", "unit": "household"},
    {"name": "集体收益分配", "kind": "public_affairs", "three_important": ["decision", "large_funds"],
     "wide_impact": True, "assembly": "collective"},
    {"name": "误工补贴", "kind": "public_affairs", "three_important": ["large_funds"], "assembly": "representatives"},
    {"name": "上下水、管网", "kind": "policy_implementation", "three_important": ["project"], "wide_impact": True,
     "technical": True},
    {"name": "低保评议", "kind": "legally_required"},
    {"name": "加装电梯", "kind": "urgent_difficulty", "technical": True, "unit": "owner"},
    {"name": "物业、停车", "kind": "urgent_difficulty", "unit": "owner"},
    {"name": "邻里纠纷、噪音", "kind": "urgent_difficulty"},
    {"name": "环境卫生、垃圾", "kind": "public_affairs"},
    {"name": "文体活动", "kind": "subject_requested", "three_important": ["activity"]},
    {"name": "替部门开证明", "kind": "policy_implementation", "errand": True},
    {"name": "迎检、报表、台账", "kind": "policy_implementation", "errand": True},
)  # fmt: skip


def of(s: Session, area: Area) -> list[TopicType]:
    """What an area may consult on: its own catalogue and those of the areas above it."""
    found = (
        select(TopicType)
        .join(Area, Area.id == TopicType.area_id)
        .where(Area.path.in_(above([area.path])), TopicType.ended_at.is_(None))
    )
    return list(s.scalars(found.order_by(TopicType.errand, TopicType.kind, TopicType.name)))


def add(
    s: Session, area: Area, name: str, by: str, *, replaces: TopicType | None = None, **flags: Any
) -> TopicType:
    """A new entry, or a new version of one. Raises :class:`Refused` naming the field."""
    name = name.strip()
    if not 2 <= len(name) <= 20:
        raise Refused("名字要两到二十个字", "name")
    if flags.get("kind") not in KINDS:
        raise Refused("请选是哪一类事", "kind")
    if flags.get("unit", "person") not in UNITS:
        raise Refused("请选怎样计票", "unit")
    if flags.get("assembly") and flags["assembly"] not in quorum.PROFILES:
        raise Refused("请选开什么会", "assembly")
    if set(flags.get("three_important") or ()) - set(THREE_IMPORTANT):
        raise Refused("三重一大里没有这一样", "three_important")
    if any(t.name == name and (replaces is None or t.id != replaces.id) for t in of(s, area)):
        raise Refused("目录里已经有这一项", "name")
    made = TopicType(
        area_id=area.id, name=name, by=by, version=replaces.version + 1 if replaces else 1,
        replaces=replaces.id if replaces else None, **{k: v for k, v in flags.items() if k in FLAGS},
    )  # fmt: skip
    if replaces is not None:
        end(s, replaces)
    s.add(made)
    s.flush()
    return made


def end(s: Session, topic: TopicType) -> None:
    """Take an entry out. Running matters keep what they were begun with."""
    if topic.ended_at is not None:
        raise Refused("这一项已经改过或去掉了", code="moved")
    topic.ended_at = clock.now()


def add_usual(s: Session, area: Area, by: str) -> int:
    """The usual entries that are missing here; returns how many were added."""
    known = {t.name for t in of(s, area)}
    missing = [entry for entry in USUAL if entry["name"] not in known]
    for entry in missing:
        add(s, area, by=by, **entry)
    return len(missing)


ERRAND = "这是部门自己该办的事，不进村里的协商目录，请退回去（依据：实施意见三（三），减负和准入）"


def asks(topic: TopicType, admitted: str = "") -> Mapping[str, Any]:
    """What a matter of this topic is begun with. An office's errand is refused, unless the township has admitted it
    (``admitted``: the paper's number)."""
    if topic.errand and len(admitted.strip()) < 2:
        raise Refused(ERRAND, "topic", "errand")
    return {name: getattr(topic, name) for name in FLAGS if name not in ("errand", "unit")} | {
        "topic_id": topic.id
    }


def lead_of(area: Area, scope: str) -> str:
    """Who leads by how far a matter reaches (policy II(2))."""
    if scope == "villages":
        return f"{area.name}党委" if area.level == "township" else f"{area.name}党工委"
    if area.level == "community":
        return "社区党组织、居委会"
    return "村民小组，村党组织领导" if scope == "group" else "村党组织、村委会"
