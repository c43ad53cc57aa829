"""Meetings that decide what talking could not: called with the law's notice, counted by its quorum, and told to all."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import clock
from gateway.consultation import guards, lifecycle, quorum, steps, texts
from gateway.consultation.lifecycle import must
from gateway.consultation.refusal import Refused
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.meeting import Assembly


@dataclass(frozen=True)
class Count:
    """What a meeting came to: heads (people or households, as the body counts), and square metres where owners decide."""

    present: int
    agree: int
    against: int
    abstain: int
    members_area: float = 0.0
    present_area: float = 0.0
    agree_area: float = 0.0


def of(s: Session, c: Consultation) -> list[Assembly]:
    """Its meetings, in their order."""
    found = select(Assembly).where(Assembly.consultation_id == c.id).order_by(Assembly.id)
    return list(s.scalars(found))


def called(s: Session, matters: Iterable[int]) -> list[tuple[Assembly, Consultation]]:
    """Meetings that these matters (ids) wait for, the next first."""
    found = (
        select(Assembly, Consultation)
        .join(Consultation, Consultation.id == Assembly.consultation_id)
        .where(Assembly.consultation_id.in_(list(matters)), Assembly.outcome == "")
        .order_by(Assembly.starts_at, Assembly.id)
    )
    return [(meeting, c) for meeting, c in s.execute(found)]


def call(
    s: Session, c: Consultation, actor: str, *, body: str, starts_at: datetime, place: str, members: int,
    called_by: str = "",
) -> Assembly:  # fmt: skip
    """Call one, again after one that lacked people, and tell everybody. Raises :class:`Refused`: too soon (ten days'
    notice, Organic Law art. 21), or an objection is to be overruled and the supervision committee has said nothing."""
    if body not in quorum.PROFILES:
        raise Refused("请选开什么会", "body")
    if not place.strip():
        raise Refused("请写在哪儿开", "place")
    if len(place.strip()) > 20:
        raise Refused("地点请写短些，要放进短信里", "place")
    if members < 1:
        raise Refused("请写应到多少", "members")
    zone, now = c.zone, clock.now()
    days = (starts_at.astimezone(zone).date() - now.astimezone(zone).date()).days
    if days < c.rules.assembly_notice_days:
        raise Refused(f"开会要提前{c.rules.assembly_notice_days}天通知，最早{_earliest(c, now)}", "starts_at")
    if c.state == "OBJECTED" and not _noted(s, c):
        raise Refused(guards.NEEDS_NOTE.said, code=guards.NEEDS_NOTE.code)
    must(s, c, "escalate", actor, called_by.strip())
    c.publicity_left = None
    for before in of(s, c):
        before.outcome = before.outcome or "cancelled"  # called, and overtaken before it sat
    meeting = Assembly(
        consultation_id=c.id, body=body, starts_at=starts_at, place=place.strip(), members=members,
        called_by=called_by.strip(),
    )  # fmt: skip
    s.add(meeting)
    s.flush()
    c.due_at = clock.end_of_day(starts_at.astimezone(zone).date() + timedelta(days=1), zone)
    area = s.get_one(Area, c.area_id)
    sms, voice = texts.assembly_sms(c, area, meeting), texts.assembly_voice(c, area, meeting)
    steps.tell_again(s, c, "assembly", sms, voice, actor)
    return meeting


def _earliest(c: Consultation, now: datetime) -> str:
    local = now.astimezone(c.zone) + timedelta(days=c.rules.assembly_notice_days)
    return f"{local.month}月{local.day}日"


def note(s: Session, c: Consultation, actor: str, words: str) -> None:
    """The supervision committee's word on an objection that is to be overruled (domain.md §2)."""
    if len(words.strip()) < 2:
        raise Refused("请写下监督委员会的意见", "words")
    lifecycle.record(s, c, "note", actor, before=c.state, to=c.state, reason=words.strip())


def _noted(s: Session, c: Consultation) -> bool:
    noted, objected = guards.happened(s, c, "note"), guards.happened(s, c, "object")
    return noted is not None and (objected is None or noted.id > objected.id)


def verdict(meeting: Assembly, count: Count) -> quorum.Verdict:
    """What the law makes of a count; also while it is typed: “still needed: 7”."""
    return quorum.judge(
        meeting.body, members=meeting.members, present=count.present, agree=count.agree,
        members_area=count.members_area, present_area=count.present_area, agree_area=count.agree_area,
    )  # fmt: skip


def count(
    s: Session, c: Consultation, meeting: Assembly, actor: str, given: Count, *, minutes: str, approved_by: str = ""
) -> quorum.Verdict:  # fmt: skip
    """Enter what came out: passed (it may be published), rejected, or too few came (it is called again).
    Raises :class:`Refused` for numbers that can't be."""
    if meeting.outcome:
        raise Refused("这次会已经记过了", code="moved")
    if clock.now() < meeting.starts_at:
        raise Refused("会还没开", "present")
    if min(given.present, given.agree, given.against, given.abstain) < 0:
        raise Refused("人数不能是负的", "present")
    if given.present > meeting.members:
        raise Refused(f"到会{given.present}，比应到的{meeting.members}还多", "present")
    if given.agree + given.against + given.abstain > given.present:
        raise Refused("同意、不同意、弃权加起来，比到会的还多", "agree")
    if given.agree_area > given.present_area or given.present_area > given.members_area:
        raise Refused("面积不对：同意的不能比到会的多，到会的不能比总面积多", "agree_area")
    if len(minutes.strip()) < 2:
        raise Refused("请写会议记录", "minutes")
    found = verdict(meeting, given)
    if found.passed and meeting.body == "land_to_outsiders" and not approved_by.strip():
        raise Refused("包给外人的地，还要乡镇政府批准，请写批准文号（土地承包法第52条）", "approved_by")
    for name in ("present", "agree", "against", "abstain"):
        setattr(meeting, name, getattr(given, name))
    if given.members_area:
        meeting.members_area, meeting.present_area = given.members_area, given.present_area
        meeting.agree_area = given.agree_area
    meeting.minutes, meeting.approved_by, meeting.counted_by = minutes.strip(), approved_by.strip(), actor
    event = "pass" if found.passed else "reject" if found.quorum else "fail_quorum"
    meeting.outcome = {"pass": "passed", "reject": "rejected", "fail_quorum": "no_quorum"}[event]
    must(s, c, event, actor, _in_words(given), f"assembly:{meeting.id}")
    _tell(s, c, event, given, found, actor)
    return found


def _in_words(given: Count) -> str:
    return f"到会{given.present}，同意{given.agree}，不同意{given.against}，弃权{given.abstain}"


def _tell(s: Session, c: Consultation, event: str, given: Count, found: quorum.Verdict, actor: str) -> None:
    area = s.get_one(Area, c.area_id)
    if event == "fail_quorum":
        missing = found.missing_present
        steps.tell_again(
            s, c, "no_quorum", texts.no_quorum_sms(c, area, missing), texts.no_quorum_voice(c, area, missing), actor
        )  # fmt: skip
    elif event == "reject":
        sms = texts.rejected_sms(c, area, given.agree, given.present)
        voice = texts.rejected_voice(c, area, given.agree, given.present)
        steps.settle_all(s, c, "会上没通过，这事就不办了")
        steps.tell(s, c, "rejected", sms, voice, actor)
