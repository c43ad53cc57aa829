"""Whom a broadcast reaches: counted before sending, written as deliveries when it starts."""

from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Select, and_, case, func, literal, or_, select
from sqlalchemy.orm import Session

from gateway import phones, text
from gateway.models.area import Area
from gateway.models.person import Handset, Household, Person, PersonHandset
from gateway.people.residents import GONE

CHANNELS = ("auto", "sms", "voice")


@dataclass
class Preview:
    """What would happen: counts, who can't be reached, and three samples (masked number, channel, text)."""

    people: int
    handsets: int
    sms_handsets: int
    voice_handsets: int
    unreachable: list[tuple[str, str, str]]  # name, household number, group
    segments_each: int
    segments_total: int
    samples: list[tuple[str, str, str]] = field(default_factory=list)


def _people(area_ids: list[int], group: str) -> Any:
    wanted: list[Any] = [Person.area_id.in_(area_ids), Person.state.not_in(GONE)]
    if group:
        wanted.append(Person.group == group)
    return and_(*wanted)


def handsets(area_ids: list[int], group: str, channel: str) -> Select[Any]:
    """One row a reachable handset: (id, channel). A broadcast's whole audience as one SELECT.

    ``auto``: a call to landlines and where anybody on the handset asked for calls, an SMS to the rest;
    the other way round where only that was agreed to. Opt-outs and numbers known to be bad are left out.
    """
    sms_ok = func.max(case((Person.sms_consent, 1), else_=0)) == 1
    voice_ok = func.max(case((Person.voice_consent, 1), else_=0)) == 1
    wants_voice = func.max(case((Person.prefers == "voice", 1), else_=0)) == 1
    can_sms = and_(Handset.kind != "landline", Handset.sms_stopped_at.is_(None), sms_ok)
    can_call = and_(Handset.voice_stopped_at.is_(None), voice_ok)
    if channel == "sms":
        chosen = case((can_sms, literal("sms")))
    elif channel == "voice":
        chosen = case((can_call, literal("voice")))
    else:
        first_call = or_(Handset.kind == "landline", wants_voice)
        chosen = case(
            (and_(first_call, can_call), literal("voice")),
            (can_sms, literal("sms")),
            (can_call, literal("voice")),
        )
    grouped = (
        select(Handset.id.label("handset_id"), chosen.label("channel"))
        .join(PersonHandset, PersonHandset.handset_id == Handset.id)
        .join(Person, Person.id == PersonHandset.person_id)
        .where(_people(area_ids, group), Handset.bad_reason.is_(None))
        .group_by(Handset.id, Handset.kind, Handset.sms_stopped_at, Handset.voice_stopped_at)
        .subquery()
    )
    return select(grouped.c.handset_id, grouped.c.channel).where(grouped.c.channel.is_not(None))


def subtree(s: Session, area_ids: list[int]) -> list[int]:
    """These areas and all below them."""
    paths = list(s.scalars(select(Area.path).where(Area.id.in_(area_ids))))
    found: set[int] = set()
    for path in paths:
        found |= set(s.scalars(select(Area.id).where(Area.path.startswith(path))))
    return sorted(found)


def preview(
    s: Session, *, area_ids: list[int], group: str = "", channel: str = "auto", sms: str, voice: str
) -> Preview:
    """Count people and handsets, list who can't be reached, and show three sample texts. Sends nothing."""
    ids = subtree(s, area_ids)
    reached = handsets(ids, group, channel).subquery()
    by_channel: dict[str, int] = dict(
        s.execute(select(reached.c.channel, func.count()).group_by(reached.c.channel)).all()
    )
    people = s.scalar(select(func.count()).select_from(Person).where(_people(ids, group))) or 0
    told = select(PersonHandset.person_id).where(PersonHandset.handset_id.in_(select(reached.c.handset_id)))
    left_out = s.execute(
        select(Person.name, func.coalesce(Household.code, ""), Person.group)
        .outerjoin(Household, Household.id == Person.household_id)
        .where(_people(ids, group), Person.id.not_in(told))
        .order_by(Household.code, Person.id)
    )
    segments = text.segments(sms).count if sms else 0
    sms_count, voice_count = by_channel.get("sms", 0), by_channel.get("voice", 0)
    samples = [
        (phones.mask(number), way, sms if way == "sms" else voice)
        for number, way in s.execute(
            select(Handset.number, reached.c.channel)
            .join(Handset, Handset.id == reached.c.handset_id)
            .order_by(reached.c.channel, Handset.id)
        ).fetchmany(3)
    ]
    return Preview(
        people=people,
        handsets=sms_count + voice_count,
        sms_handsets=sms_count,
        voice_handsets=voice_count,
        unreachable=[(name, code, group_name) for name, code, group_name in left_out],
        segments_each=segments,
        segments_total=segments * sms_count,
        samples=samples,
    )
