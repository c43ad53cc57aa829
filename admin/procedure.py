"""The steps of the procedure that need no form of their own: whose turn it is, what may be done, and why something may not."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from flask import request
from flask_babel import gettext as _
from flask_babel import lazy_gettext as _l
from sqlalchemy.orm import Session
from werkzeug.exceptions import NotFound
from werkzeug.wrappers import Response

from admin import proposals
from admin.changing import change
from admin.common import actor, leads, me, panel
from gateway.consultation import followup, lifecycle, revisions, steps
from gateway.models.consultation import Consultation


@dataclass(frozen=True)
class Simple:
    """A step taken with a button and, where ``asks`` says so, a reason in words."""

    label: Any
    asks: Any
    do: Callable[[Session, Consultation, str], None]
    done: Any
    danger: bool = False


SIMPLE: dict[str, Simple] = {
    "accept": Simple(
        _l("受理"), None, lambda s, c, why: proposals.decide(s, c, True, ""), _l("受理了，正在告诉提的人")
    ),
    "decline": Simple(
        _l("不受理"), _l("为什么（会告诉提的人）"), lambda s, c, why: proposals.decide(s, c, False, why),
        _l("不受理，正在告诉提的人"),
    ),
    "hear": Simple(
        _l("开听证会、议事会"), None, lambda s, c, why: steps.hear(s, c, actor()),
        _l("记下了，正在听证。开完会记得写会议记录"),
    ),
    "talk": Simple(
        _l("小范围恳谈"), None, lambda s, c, why: steps.hear(s, c, actor(), small=True),
        _l("记下了，正在恳谈。谈完记得写记录"),
    ),
    "minutes": Simple(
        _l("写会议记录"), _l("会上谁说了什么，怎么定的"), lambda s, c, why: steps.keep_minutes(s, c, actor(), why),
        _l("会议记录存下了"),
    ),
    "report": Simple(
        _l("报给委托的政府部门"), _l("怎么报的，报给谁"), lambda s, c, why: _report(s, c, why),
        _l("记下了，等他们答复"),
    ),
    "no_agreement": Simple(
        _l("没谈拢"), _l("分歧在哪儿"), lambda s, c, why: steps.no_agreement(s, c, actor(), why),
        _l("记下了，接下来上会表决"),
    ),
    "amend": Simple(
        _l("修改方案，重新公示"), _l("改了什么"), lambda s, c, why: revisions.amend(s, c, actor(), why),
        _l("方案改了，接下来重新公布结果"),
    ),
    "revise": Simple(
        _l("改正好了"), _l("改了什么"), lambda s, c, why: revisions.revise(s, c, actor(), why),
        _l("记下了，接下来重新公布结果"),
    ),
    "annul": Simple(
        _l("宣布作废"), _l("为什么作废"), lambda s, c, why: revisions.annul(s, c, actor(), why),
        _l("作废了，正在告诉大家"), danger=True,
    ),
    "suspend": Simple(
        _l("先停一停"), _l("为什么停"), lambda s, c, why: steps.suspend(s, c, actor(), why),
        _l("停下了，通知过的人都会知道"), danger=True,
    ),
    "resume": Simple(
        _l("接着办"), None, lambda s, c, why: steps.resume(s, c, actor()), _l("接着办了，日子顺着往后推")
    ),
}  # fmt: skip

OWNERS = {"lead": _l("牵头的"), "township": _l("乡镇"), "clock": _l("到时间自动"), "": _l("办完了")}


def _report(s: Session, c: Consultation, why: str) -> None:
    followup.report(s, c, actor(), why)


def card(s: Session, c: Consultation) -> dict[str, Any]:
    """What the page of a matter shows of its procedure."""
    open_ = lifecycle.allowed(c) if leads(s, c) else []
    return {
        "turn": OWNERS[lifecycle.owner(c)],
        "deadline": lifecycle.deadline(c),
        "late": lifecycle.overdue(c),
        "no_result_yet": lifecycle.forbidden(s, c, "publish") if "publish" in open_ else None,
        "simple": [
            (event, step, lifecycle.forbidden(s, c, event))
            for event, step in SIMPLE.items()
            if event in open_ and lifecycle.may(s, me(), c, event)
        ],
    }


@panel.post("/consultations/<int:id>/step/<event>")
def take_step(id: int, event: str) -> Response:
    """One of the :data:`SIMPLE` steps."""
    step = SIMPLE.get(event)
    if step is None:
        raise NotFound
    why = request.form.get("reason", "").strip()
    return change(id, event, lambda s, c: step.do(s, c, why), _(str(step.done)))
