"""After the effect: tasks, progress, disclosure, evaluation, and what the government answered."""

from typing import Any

from flask import request
from flask_babel import gettext as _
from sqlalchemy.orm import Session
from werkzeug.wrappers import Response

from admin import common
from admin.changing import change
from admin.common import actor, leads, me, panel
from admin.forms import moment
from gateway.consultation import followup, lifecycle, ratings
from gateway.models.consultation import Consultation
from gateway.models.followup import CHANNELS, RECIPIENTS, Task
from gateway.people import rights


def card(s: Session, c: Consultation) -> dict[str, Any]:
    """What the page of a matter shows of its carrying out."""
    allowed, mine = lifecycle.allowed(c), leads(s, c)
    average, scores = ratings.mean(s, c)
    return {
        "tasks": followup.tasks(s, c),
        "evaluation": followup.evaluation(s, c),
        "commission": followup.commission(s, c),
        "may_plan": mine and c.state in ("EFFECTIVE", "IMPLEMENTING", "DISCLOSED", "EVALUATED"),
        "may_progress": mine and c.state in ("EFFECTIVE", "IMPLEMENTING"),
        "may_disclose": "disclose" in allowed and mine,
        "no_disclosure": lifecycle.forbidden(s, c, "disclose") if "disclose" in allowed else None,
        "may_evaluate": "evaluate" in allowed and lifecycle.may(s, me(), c, "evaluate"),
        "may_file": "file" in allowed and mine,
        "no_file": lifecycle.forbidden(s, c, "file") if "file" in allowed else None,
        "mean": average,
        "scores": scores,
        "channels": CHANNELS,
        "recipients": RECIPIENTS,
    }


def _task(s: Session, c: Consultation) -> Task:
    task = s.get(Task, request.form.get("task", 0, type=int))
    if task is None or task.consultation_id != c.id:
        raise rights.NotVisible
    return task


@panel.post("/consultations/<int:id>/tasks")
def plan_task(id: int) -> Response:
    f = request.form

    def plan(s: Session, c: Consultation) -> None:
        due = moment("due", common.zone())
        followup.plan(s, c, actor(), f.get("what", ""), f.get("owner", ""), due)

    return change(id, "implement", plan, _("安排下去了"))


@panel.post("/consultations/<int:id>/tasks/done")
def finish_task(id: int) -> Response:
    proof = request.form.get("proof", "")
    return change(id, "task_done", lambda s, c: followup.finish(s, _task(s, c), actor(), proof), _("记下了"))


@panel.post("/consultations/<int:id>/progress")
def tell_progress(id: int) -> Response:
    words = request.form.get("progress", "")
    return change(id, "progress", lambda s, c: followup.progress(s, c, actor(), words), _("正在告诉大家"))


@panel.post("/consultations/<int:id>/disclose")
def disclose(id: int) -> Response:
    words, channels = request.form.get("words", ""), request.form.getlist("channels")
    done = _("公开了，正在告诉大家，也请大家打分")
    return change(id, "disclose", lambda s, c: followup.disclose(s, c, actor(), words, channels), done)


@panel.post("/consultations/<int:id>/evaluate")
def evaluate(id: int) -> Response:
    f = request.form

    def judge(s: Session, c: Consultation) -> None:
        due = moment("due", common.zone())
        followup.evaluate(
            s, c, actor(), evaluator=f.get("evaluator", ""), findings=f.get("findings", ""), summary=f.get("summary", ""),
            mend=f.get("mend", ""), owner=f.get("owner", ""), due=due,
        )  # fmt: skip

    return change(id, "evaluate", judge, _("评估记下了，正在告诉居民"))


@panel.post("/consultations/<int:id>/evaluation/reported")
def report_evaluation(id: int) -> Response:
    whom = request.form.get("whom", "")

    def tick(s: Session, c: Consultation) -> None:
        made = followup.evaluation(s, c)
        if made is None:
            raise rights.NotVisible
        followup.report_to(s, made, whom)

    return change(id, "evaluation_reported", tick, _("记下了"))


@panel.post("/consultations/<int:id>/file")
def close_file(id: int) -> Response:
    return change(id, "file", lambda s, c: followup.close_file(s, c, actor()), _("办结归档了"))


@panel.post("/consultations/<int:id>/answer")
def government_answered(id: int) -> Response:
    words = request.form.get("answer", "")
    return change(
        id, "answer", lambda s, c: followup.answered(s, c, actor(), words), _("答复记下了，正在告诉大家")
    )
