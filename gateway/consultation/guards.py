"""The rules that stand against an event, each with its sentence and where it comes from."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway import clock
from gateway.consultation import ballots, quorum, reach
from gateway.models.answer import ON_THE_MATTER, Objection, Opinion
from gateway.models.area import ABOVE_VILLAGES, Area
from gateway.models.consultation import Consultation, ConsultationArea, ConsultationEvent
from gateway.models.followup import RECIPIENTS, Evaluation, Task
from gateway.models.participation import Assessment, Recusal


@dataclass(frozen=True)
class Rule:
    """What is forbidden, in words, and by what. ``code`` names it for doors that have words of their own."""

    code: str
    why: str
    source: str = ""

    @property
    def said(self) -> str:
        return f"{self.why}（依据：{self.source}）" if self.source else self.why


Guard = Callable[[Session, Consultation], Rule | None]

NO_REASON = Rule("reason", "请写明原因")
NOT_YOURS = Rule("not_yours", "这一步不归您办", "实施意见二（二），谁牵头谁来办")
TOWNSHIP_ONLY = Rule("township_only", "这一步只有乡镇、街道能办", "实施意见二（五），村民委员会组织法第27条")
LEAD_DOESNT_FIT = Rule(
    "lead", "涉及两个以上的村，要由乡镇、街道党委来牵头，一个村不能牵头", "实施意见二（二）"
)
TOO_SOON = Rule("too_soon", "通知和征集的天数不够，请把日期往后放", "本地办法里的天数")
NO_HEARING = Rule(
    "no_hearing", "这件事涉及面广，要先开过听证会或议事会，记下记录，才能往下走", "实施意见二（四）"
)
NO_ASSESSMENT = Rule(
    "no_assessment", "这件事专业性强，要先请专家或第三方论证，登记了论证意见才能公布结果", "实施意见二（二）"
)
NO_MINUTES = Rule("no_minutes", "会还没有记录，请先写上会议记录", "实施意见二（四）")
NOT_COMMISSIONED = Rule("not_commissioned", "这件事不是政府委托的，不用报镇里", "实施意见二（五）")
NOT_REPORTED = Rule("not_reported", "这件事是政府委托的，要先把结果报给政府", "实施意见二（五）")
NEEDS_ASSEMBLY = Rule(
    "needs_assembly", "这件事要开村（居）民会议或代表会议表决，通过了才能公示", "村民委员会组织法第24条"
)
NOT_DISPUTED = Rule("not_disputed", "没有大的争议，也不是必须开会定的事，不用上会", "实施意见二（四）")
OPEN_TASKS = Rule("open_tasks", "还有没办完的，办完才能公开、归档", "实施意见二（五）")
NOT_TOLD_ALL = Rule(
    "not_told_all", "评估要报给党组织、村（居）委会、监督委员会和居民，四家都报了才能归档", "实施意见二（五）"
)
NEEDS_NOTE = Rule(
    "needs_note", "还有反对，要驳回得先有监督委员会的意见，再上会", "实施意见二（四）、三（二）"
)
NOT_REACHED = Rule("reach", "公示还没告诉到够多的户，先去敲门，或者延长公示", "实施意见一（三），知情权")
RECUSED = Rule("recused", "这件事跟您有利害关系，您已经回避，这一步要别人来办", "实施意见一（三），依法协商")
STILL_OBJECTED = Rule("objections", "还有反对没答复，不能生效", "实施意见二（四）")


def happened(s: Session, c: Consultation, event: str, before: str = "") -> ConsultationEvent | None:
    """The newest event of that kind."""
    found = select(ConsultationEvent).where(
        ConsultationEvent.consultation_id == c.id, ConsultationEvent.event == event
    )
    if before:
        found = found.where(ConsultationEvent.from_state == before)
    return s.scalar(found.order_by(ConsultationEvent.id.desc()).limit(1))


def lead_fits(s: Session, c: Consultation) -> Rule | None:
    """Several villages need a lead above all of them (policy II(2))."""
    lead = s.get_one(Area, c.area_id)
    asked = s.scalars(
        select(Area.path)
        .join(ConsultationArea, ConsultationArea.area_id == Area.id)
        .where(ConsultationArea.consultation_id == c.id)
    ).all()
    if all(path.startswith(lead.path) for path in asked) and (
        len(asked) < 2 or lead.level in ABOVE_VILLAGES or all(path != lead.path for path in asked)
    ):
        return None
    return LEAD_DOESNT_FIT


def dates_fit(s: Session, c: Consultation) -> Rule | None:
    """The least numbers of days between notice, opening and closing, where the area has decided some."""
    opens = c.opens_at or clock.now()
    if opens < clock.now() + timedelta(days=c.rules.notice_days) - timedelta(days=1) and c.rules.notice_days:
        return TOO_SOON
    if c.closes_at and c.closes_at - opens < timedelta(days=c.rules.least_open_days) - timedelta(days=1):
        return TOO_SOON
    return None


def heard(s: Session, c: Consultation) -> Rule | None:
    """What concerns many has been through a hearing or a special council (policy II(4))."""
    return NO_HEARING if c.wide_impact and happened(s, c, "minutes") is None else None


def assessed(s: Session, c: Consultation) -> Rule | None:
    """A technical matter has been looked at by somebody who knows (policy II(2): 专家学者、第三方机构论证评估)."""
    known = select(Assessment.id).where(Assessment.consultation_id == c.id).limit(1)
    return NO_ASSESSMENT if c.technical and s.scalar(known) is None else None


UNANSWERED = "unanswered"  # the code of the rule below, which says how many are left


def opinions_answered(s: Session, c: Consultation) -> Rule | None:
    """What people said has been taken in or not, and why (policy II(4) step 3: 协商意见应广泛吸纳各方合理建议)."""
    n = unanswered(s, c)
    why = f"还有{n}条意见没答复，请先到“意见板”上答复：采纳了没有，为什么"
    return Rule(UNANSWERED, why, "实施意见二（四）") if n else None


def unanswered(s: Session, c: Consultation) -> int:
    """How many opinions on the matter nobody has answered."""
    waiting = select(func.count()).where(
        Opinion.consultation_id == c.id, Opinion.kind.in_(ON_THE_MATTER), Opinion.verdict == ""
    )
    return s.scalar(waiting) or 0


def recused(s: Session, consultation_id: int, organizer_id: int) -> bool:
    """Whether this organizer has an interest in the matter and stays out of it."""
    found = select(Recusal.id).where(
        Recusal.consultation_id == consultation_id,
        Recusal.organizer_id == organizer_id,
        Recusal.ended_at.is_(None),
    )
    return s.scalar(found.limit(1)) is not None


def minutes_kept(s: Session, c: Consultation) -> Rule | None:
    """Out of a hearing or a talk only with its minutes."""
    if c.state not in ("HEARING", "SMALL_GROUP_TALK"):
        return None
    last = happened(s, c, "minutes", c.state)
    began = happened(s, c, "hear" if c.state == "HEARING" else "talk")
    return None if last is not None and (began is None or last.id > began.id) else NO_MINUTES


def commissioned(s: Session, c: Consultation) -> Rule | None:
    return None if c.commissioned_by else NOT_COMMISSIONED


def reported(s: Session, c: Consultation) -> Rule | None:
    """What the government asked for is reported to it first (policy II(5))."""
    return NOT_REPORTED if c.commissioned_by and happened(s, c, "report") is None else None


def assembly_agreed(s: Session, c: Consultation) -> Rule | None:
    """What only an assembly may decide was decided by one, in its present form (Organic Law, art. 24): a plan that was
    changed since goes back to it."""
    if not c.assembly and c.state != "ASSEMBLY" and happened(s, c, "escalate") is None:
        return None
    agreed = happened(s, c, "pass")
    changed = [e for e in (happened(s, c, name) for name in ("amend", "revise", "escalate")) if e is not None]
    return None if agreed and all(agreed.id > e.id for e in changed) else NEEDS_ASSEMBLY


OWNERS = "owners"  # the code of the rule below
_NOT_ADOPTED = re.compile(r"[没未](?:有|能|获|获得)?通过|不(?:予|能)?通过(?=$|[^\w])|被否决")


def owners_agreed(s: Session, c: Consultation, result: str) -> Rule | None:
    """Where owners' ballots decide, what they did not adopt is not published as adopted (Civil Code art. 278). A ``result``
    that says so itself may be: people have to hear of it. Where an assembly decided since, its count is what counts."""
    found = ballots.verdict(s, c)
    if found is None or found.passed or happened(s, c, "pass") is not None or _NOT_ADOPTED.search(result):
        return None
    homes, metres = found.missing_present, found.missing_present_area
    which = "参加表决的"
    if found.quorum:
        homes, metres, which = found.missing_agree, found.missing_agree_area, "同意的"
    parts = [f"{homes}户"] if homes else []
    parts += [f"{metres:g}平方米"] if metres else []
    # of a secret matter how much is missing would tell how many chose what
    short = "不够" if c.sensitive and found.quorum else f"还差{'、'.join(parts)}"
    why = f"业主表决没通过：{which}{short}。不能当通过的公布；结果里写明“没通过”，才能公布"
    return Rule(OWNERS, why, quorum.PROFILES[c.decision].source)


def disputed(s: Session, c: Consultation) -> Rule | None:
    """Into an assembly goes what it must decide, or what could not be settled otherwise (policy II(4))."""
    settled = c.state in ("DRAFTED", "REPORTED_TO_GOV") and happened(s, c, "no_agreement") is None
    return NOT_DISPUTED if settled and not c.assembly else None


def nobody_objects(s: Session, c: Consultation) -> Rule | None:
    """Any open objection stops the effect (policy II(4): 如无反对意见则正式生效)."""
    open_ones = select(func.count()).where(Objection.consultation_id == c.id, Objection.state == "open")
    return STILL_OBJECTED if (s.scalar(open_ones) or 0) >= objections_that_stop(c) else None


def tasks_done(s: Session, c: Consultation) -> Rule | None:
    """What was to be done is done (policy II(5))."""
    left = select(func.count()).where(Task.consultation_id == c.id, Task.done_at.is_(None))
    return OPEN_TASKS if s.scalar(left) else None


def evaluation_told(s: Session, c: Consultation) -> Rule | None:
    """The four the policy names know what the evaluator found."""
    newest = (
        select(Evaluation).where(Evaluation.consultation_id == c.id).order_by(Evaluation.id.desc()).limit(1)
    )
    found = s.scalar(newest)
    return None if found is not None and set(RECIPIENTS) <= set(found.reported) else NOT_TOLD_ALL


def objections_that_stop(c: Consultation) -> int:
    """How many open objections keep a result from taking effect: one, unless the area has decided otherwise."""
    return c.rules.objection_threshold if c.rules.objection_policy == "threshold" else 1


def told_enough(s: Session, c: Consultation) -> Rule | None:
    """Silence is consent only where the result arrived (domain.md §2)."""
    return None if reach.reach(s, c).enough else NOT_REACHED
