"""The numbers of the procedure: days, shares and units. A consultation keeps those it began with."""

import re
from dataclasses import asdict, dataclass, field, fields
from datetime import date
from typing import Any, Self

from sqlalchemy import JSON, ForeignKey
from sqlalchemy.orm import Mapped, mapped_column

from gateway.models.base import Base, Row
from gateway.models.participation import SUBJECTS
from gateway.settings import windows

OBJECTION_POLICIES = ("any", "threshold")
FALLBACKS = ("", "voice", "sms", "both")  # to which channel what did not arrive goes over
# an area above may set these for those below, who may ask for more and not for less
LEAST_OF_ALL = ("notice_days", "least_open_days", "least_publicity_days", "assembly_notice_days")
# nobody is rung earlier or later (domain.md §4: what carriers and their vendors allow), whatever an area decides
EARLIEST, LATEST = 8 * 60, 21 * 60
_LANGUAGE = re.compile(r"[a-z]{2}(-[A-Z]{2})?")


def _days(default: int, what: str, least: int = 0, most: int = 366) -> Any:
    return field(default=default, metadata={"what": what, "unit": "天", "least": least, "most": most})


def _percent(default: int, what: str) -> Any:
    return field(default=default, metadata={"what": what, "unit": "%", "least": 0, "most": 100})


def _count(default: int, what: str, least: int = 0, most: int = 1000) -> Any:
    return field(default=default, metadata={"what": what, "unit": "", "least": least, "most": most})


@dataclass(frozen=True)
class Rules:
    """What domain.md §2 leaves to be configured, with its proposals as defaults. All day counts may be changed but
    the ten days' notice of an assembly, which the law sets (Organic Law of Villagers' Committees, art. 21-22).

    A least of 0 days asks for nothing: the policy says “in advance” (II(4) step 2) and names no number.
    """

    decide_days: int = _days(15, "收到建议后多少天内答复受不受理", 1)
    announce_days: int = _days(15, "受理后多少天内发通知", 1)
    notice_days: int = _days(0, "通知后最少隔多少天才开始征集")
    open_days: int = _days(7, "征集意见一般几天", 1)
    least_open_days: int = _days(0, "征集意见最少几天")
    hearing_days: int = _days(15, "听证、恳谈多少天内开完", 1)
    draft_days: int = _days(10, "征集结束后多少天内拿出结果", 1)
    report_days: int = _days(15, "报镇里后多少天内要有答复", 1)
    publicity_days: int = _days(7, "结果一般公示几天", 1)
    least_publicity_days: int = _days(0, "结果最少公示几天")
    reach_percent: int = _percent(90, "公示通知要告诉到多少户才算数")
    objection_policy: str = field(default="any", metadata={"what": "有人反对就停下"})
    objection_threshold: int = _count(1, "几个人反对才停下（“有人反对就停下”时不用）", 1)
    explain_days: int = _days(5, "反对多少天内要答复", 1)
    amend_days: int = _days(15, "修改方案多少天内重新公示", 1)
    assembly_notice_days: int = field(
        default=10,
        metadata={
            "what": "开会前最少通知几天", "unit": "天", "least": 10, "most": 366,
            "law": "法律规定开村民会议要提前10天通知（村民委员会组织法第21条），不能再少",
        },
    )  # fmt: skip
    assembly_days: int = _days(30, "多少天内开会表决", 10)
    correct_days: int = _days(15, "责令改正后多少天内改好", 1)
    start_days: int = _days(30, "生效后多少天内动手落实", 1)
    disclose_days: int = _days(90, "落实情况多少天内公开", 1)
    evaluate_days: int = _days(60, "公开后多少天内评估", 1)
    close_days: int = _days(30, "评估后多少天内归档", 1)
    suspend_days: int = _days(30, "暂停多少天内要有说法", 1)
    proxies: int = _count(2, "一个人最多替几个人表态", 0, 10)
    phone_counts_as_attendance: bool = field(
        default=False, metadata={"what": "电话里表态算到会"}
    )  # [L1]: those present
    # what suits the people of a place (policy III(2), 分类指导)
    call_hours: str = field(default="", metadata={"what": "几点到几点打电话"})  # as CALL_HOURS; empty = these
    fallback: str = field(default="", metadata={"what": "没送到的怎么办"})
    languages: tuple[str, ...] = field(default=(), metadata={"what": "除了汉语还要录哪些话"})
    sides: tuple[str, ...] = field(default=(), metadata={"what": "每件事都要有人参加的各方"})

    def __post_init__(self) -> None:
        for f in fields(self):
            value, known = getattr(self, f.name), f.metadata
            if "least" in known and not (
                isinstance(value, int)
                and not isinstance(value, bool)
                and known["least"] <= value <= known["most"]
            ):
                if "law" in known and isinstance(value, int) and value < known["least"]:
                    raise ValueError(known["law"])
                raise ValueError(f"{known['what']}：要在{known['least']}到{known['most']}之间")
        _check_hours(self.call_hours)
        if self.fallback not in FALLBACKS:
            raise ValueError("没送到的，只能改打电话、改发短信、两样都行，或者不管")
        if not all(_LANGUAGE.fullmatch(x) for x in self.languages):
            raise ValueError("没有这种话")
        if set(self.sides) - set(SUBJECTS):
            raise ValueError("没有这一方")
        if self.objection_policy not in OBJECTION_POLICIES:
            raise ValueError("“有人反对就停下”只能是或否")

    @classmethod
    def of(cls, snapshot: dict[str, Any] | None) -> Self:
        """The rules kept with a consultation; what an older one didn't know yet is the default.
        Raises ValueError, in Chinese, for a value out of bounds."""
        known = {f.name for f in fields(cls)}
        return cls(**{k: _tuple(v) for k, v in (snapshot or {}).items() if k in known})

    def to_json(self) -> dict[str, Any]:
        return {k: list(v) if isinstance(v, tuple) else v for k, v in asdict(self).items()}


def _tuple(value: Any) -> Any:
    return tuple(value) if isinstance(value, list) else value


def _check_hours(typed: str) -> None:
    try:
        found = windows(typed)
    except ValueError:
        raise ValueError("钟点请这样写：08:30-11:30,14:00-19:30") from None
    if not all(EARLIEST <= start < end <= LATEST for start, end in found):
        raise ValueError("打电话只能在早上8点到晚上9点之间，早的写在前面")


def what(rule: str) -> str:
    """What a rule is called on the panel."""
    return next(str(f.metadata["what"]) for f in fields(Rules) if f.name == rule)


class RuleProfile(Row, Base):
    """What an area changes of the rules, for one kind of topic or all, from a day on. Never edited: a newer version
    is another row, so that what was in force on any day can be told."""

    __tablename__ = "rule_profiles"

    area_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"), index=True)  # none = everywhere
    kind: Mapped[str] = mapped_column(default="")  # of topic; empty = every kind
    valid_from: Mapped[date]
    valid_until: Mapped[date | None]  # the last day
    name: Mapped[str] = mapped_column(default="")
    changes: Mapped[dict[str, Any]] = mapped_column(JSON, default=dict)
    by: Mapped[str] = mapped_column(default="cli")
