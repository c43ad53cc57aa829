"""Whom a broadcast reaches: counted before sending, written as deliveries when it starts."""

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass, field
from typing import Any

from sqlalchemy import Select, String, and_, case, cast, func, literal, or_, select
from sqlalchemy.orm import Session

from gateway import clock, phones, text
from gateway.models.answer import Ballot, Objection
from gateway.models.area import Area
from gateway.models.consultation import Consultation, ConsultationArea
from gateway.models.outreach import Broadcast, Delivery
from gateway.models.person import Handset, Household, Person, PersonHandset
from gateway.people import segments
from gateway.people.residents import GONE
from gateway.settings import Settings

CHANNELS = ("auto", "sms", "voice")
ROLES = ("", "delegate", "owner")
STANDINGS = ("", "not_yet", "answered", "objected")  # where somebody stands with a consultation


@dataclass(frozen=True)
class Audience:
    """Whom a broadcast is for. ``areas`` are ids and mean everything below them, too; what is empty is not asked."""

    areas: tuple[int, ...] = ()
    group: str = ""
    tag: str = ""
    named: int = 0  # a consultation's id: only those it asks by name
    role: str = ""  # one of ROLES: the household's delegate, or an owner
    language: str = ""
    consultation: int = 0  # its id, for ``standing``
    standing: str = ""  # one of STANDINGS
    untold: bool = False  # only handsets that no earlier broadcast of this consultation and stage reached

    @classmethod
    def of(cls, b: Broadcast) -> "Audience":
        """The audience kept with a broadcast. Raises ValueError for a role or standing that doesn't exist."""
        known = {k: v for k, v in b.audience.items() if k in cls.__dataclass_fields__}
        found = cls(**{**known, "areas": tuple(known.get("areas") or [b.area_id])})
        if found.role not in ROLES or found.standing not in STANDINGS:
            raise ValueError("no such role or standing")
        return found

    def to_json(self) -> dict[str, Any]:
        return {k: v for k, v in asdict(self).items() if v}


@dataclass
class Preview:
    """What would happen: counts, who can't be reached, three samples (masked number, channel, text), the price
    in 厘 (a thousandth of a yuan), and how many seconds it takes at the configured pace."""

    people: int
    handsets: int
    sms_handsets: int
    voice_handsets: int
    unreachable: list[tuple[str, str, str]]  # name, household number, group
    segments_each: int
    segments_total: int
    samples: list[tuple[str, str, str]] = field(default_factory=list)
    price: int = 0
    seconds: float = 0.0

    @property
    def yuan(self) -> str:
        return f"{self.price / 1000:.2f}"


def people(s: Session, b: Broadcast, *, by_handset: bool = False) -> Any:
    """The condition on people; consent and opt-out are questions of the handset, asked later.

    ``by_handset``: for a statement that groups by handset. SQLite would find the people by their area and then sort
    them all; told that the area has no index (“+ 0”) it walks the handsets in order instead, five times as fast for
    whole places. The price is half a microsecond for each resident who is not asked.
    """
    a = Audience.of(b)
    walk = by_handset and s.get_bind().dialect.name == "sqlite"
    place: Any = Person.area_id + 0 if walk else Person.area_id
    wanted: list[Any] = [place.in_(subtree(s, list(a.areas))), Person.state.not_in(GONE)]
    if a.group:
        wanted.append(Person.group == a.group)
    if a.tag:
        wanted.append(segments.tagged(a.tag))
    if a.named:
        wanted.append(Person.id.in_(segments.names(a.named)))
    if a.role == "delegate":
        wanted.append(Person.id.in_(select(Household.delegate_id).where(Household.delegate_id.is_not(None))))
    if a.role == "owner":
        wanted.append(Person.owner)
    if a.language:
        wanted.append(Person.language == a.language)
    if a.standing in ("not_yet", "answered"):
        c = s.get(Consultation, a.consultation)
        cast_here = Ballot.consultation_id == a.consultation
        answered: Any = Person.id.in_(select(Ballot.person_id).where(cast_here))
        if c is not None and c.unit == "household":
            # when one member has answered, the others needn't be asked again
            homes = select(Ballot.household_id).where(cast_here, Ballot.household_id.is_not(None))
            answered = or_(answered, and_(Person.household_id.is_not(None), Person.household_id.in_(homes)))
        wanted.append(answered if a.standing == "answered" else ~answered)
        if c is not None and a.standing == "not_yet":
            wanted += _asked(s, c)
    if a.standing == "objected":
        objectors = select(Objection.person_id).where(
            Objection.consultation_id == a.consultation, Objection.person_id.is_not(None)
        )
        wanted.append(Person.id.in_(objectors))
    about = s.get(Consultation, b.consultation_id) if b.consultation_id else None
    if (
        about is not None and about.for_some
    ):  # whatever was ticked: it is nobody else's business (policy II(3))
        wanted += [*([Person.group == about.group] if about.group else []), *segments.rules(about)]
    if a.untold and b.consultation_id:
        told = select(PersonHandset.person_id).where(PersonHandset.handset_id.in_(_told(b)))
        wanted.append(Person.id.not_in(told))
    return and_(*wanted)


def _asked(s: Session, c: Consultation) -> list[Any]:
    """Only whom the matter asks has still to answer it (the rules of gateway.consultation.matters.eligible)."""
    places = select(ConsultationArea.area_id).where(ConsultationArea.consultation_id == c.id)
    rules: list[Any] = [
        Person.area_id.in_(subtree(s, list(s.scalars(places)))),
        or_(Person.birth_year.is_(None), Person.birth_year <= clock.now().year - 18),
        Person.id.not_in(segments.recused(c.id)),
    ]
    if c.group:
        rules.append(Person.group == c.group)
    if c.unit == "owner":
        rules.append(Person.owner)
    if c.unit == "group":
        rules.append(segments.represents_group())
    return [*rules, *segments.rules(c)]


def _told(b: Broadcast) -> Select[Any]:
    """Handsets that an earlier broadcast of the same consultation and stage reached."""
    return (
        select(Delivery.handset_id)
        .join(Broadcast, Broadcast.id == Delivery.broadcast_id)
        .where(
            Broadcast.consultation_id == b.consultation_id, Broadcast.stage == b.stage, Broadcast.id != b.id
        )
        .where(Delivery.state.in_(("accepted", "sent", "delivered")))
    )


def handsets(s: Session, b: Broadcast) -> Select[Any]:
    """One row a reachable handset: (handset_id, channel). A broadcast's whole audience as one SELECT.

    ``auto``: a call to landlines and where anybody on the handset asked for calls, an SMS to the rest;
    the other way round where only that was agreed to. Opt-outs and numbers known to be bad are left out.
    """
    a = Audience.of(b)
    sms_ok = func.max(case((Person.sms_consent, 1), else_=0)) == 1
    voice_ok = func.max(case((Person.voice_consent, 1), else_=0)) == 1
    wants_voice = func.max(case((Person.prefers == "voice", 1), else_=0)) == 1
    # the handset's own, the same in all rows of its group
    kind = func.max(Handset.kind)
    can_sms = and_(kind != "landline", func.max(Handset.sms_stopped_at).is_(None), sms_ok)
    can_call = and_(func.max(Handset.voice_stopped_at).is_(None), voice_ok)
    if b.channel == "sms":
        chosen = case((can_sms, literal("sms")))
    elif b.channel == "voice":
        chosen = case((can_call, literal("voice")))
    else:
        first_call = or_(kind == "landline", wants_voice)
        chosen = case(
            (and_(first_call, can_call), literal("voice")),
            (can_sms, literal("sms")),
            (can_call, literal("voice")),
        )
    wanted = [people(s, b, by_handset=True), Handset.bad_reason.is_(None)]
    if a.untold and b.consultation_id:
        wanted.append(Handset.id.not_in(_told(b)))
    grouped = (
        # grouped by the one column that has an index, so that no database has to sort the township
        select(PersonHandset.handset_id, chosen.label("channel"))
        .join(Person, Person.id == PersonHandset.person_id)
        .join(Handset, Handset.id == PersonHandset.handset_id)
        .where(*wanted)
        .group_by(PersonHandset.handset_id)
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


def price_of(settings: Settings, b: Broadcast, sms_handsets: int, voice_handsets: int) -> int:
    """What it would cost if everybody is reached at the first try, in 厘 (a thousandth of a yuan)."""
    return sms_handsets * sms_price(settings, b.sms) + voice_handsets * call_price(settings)


def sms_price(settings: Settings, words: str) -> int:
    """One message, in 厘: its segments at ``SMS_PRICE``."""
    return round(settings.sms_price * 1000) * text.segments(words).count


def call_price(settings: Settings) -> int:
    """One call, in 厘."""
    return round(settings.call_price * 1000)


def preview(s: Session, settings: Settings, b: Broadcast) -> Preview:
    """Count people and handsets, list who can't be reached, and show three sample texts. Sends nothing."""
    reached = handsets(s, b).subquery()
    by_channel: dict[str, int] = dict(
        s.execute(select(reached.c.channel, func.count()).group_by(reached.c.channel)).all()
    )
    count = s.scalar(select(func.count()).select_from(Person).where(people(s, b))) or 0
    segments = text.segments(b.sms).count if b.sms else 0
    sms_count, voice_count = by_channel.get("sms", 0), by_channel.get("voice", 0)
    samples = [
        (phones.mask(number), way, b.sms if way == "sms" else b.voice)
        for way in ("sms", "voice")
        for number in s.scalars(
            select(Handset.number)
            .join(reached, Handset.id == reached.c.handset_id)
            .where(reached.c.channel == way)
            .order_by(Handset.id)
            .limit(3)
        )
    ]
    return Preview(
        people=count,
        handsets=sms_count + voice_count,
        sms_handsets=sms_count,
        voice_handsets=voice_count,
        unreachable=list(unreachable(s, b)),
        segments_each=segments,
        segments_total=segments * sms_count,
        samples=_mixed(samples),
        price=price_of(settings, b, sms_count, voice_count),
        seconds=seconds_for(settings, segments * sms_count, voice_count),
    )


def _mixed(samples: list[tuple[str, str, str]]) -> list[tuple[str, str, str]]:
    """Three of them, with a call among them where there are calls."""
    calls = [one for one in samples if one[1] == "voice"]
    texts = [one for one in samples if one[1] == "sms"][: 3 - min(1, len(calls))]
    return texts + calls[: 3 - len(texts)]


def unreachable(s: Session, b: Broadcast) -> Iterator[tuple[str, str, str]]:
    """Whose door somebody has to knock at: (name, household number, group) of those no handset reaches."""
    reached = handsets(s, b).subquery()
    told = select(PersonHandset.person_id).where(PersonHandset.handset_id.in_(select(reached.c.handset_id)))
    yield from s.execute(
        select(Person.name, func.coalesce(Household.code, ""), Person.group)
        .outerjoin(Household, Household.id == Person.household_id)
        .where(people(s, b), Person.id.not_in(told))
        .order_by(Person.group, Household.code, Person.id)
    )


def seconds_for(settings: Settings, segments: int, calls: int) -> float:
    """How long handing over takes at the configured pace: SMS and calls go side by side; no cap counts as
    a carrier that takes a tenth of a second for each request."""
    rate = settings.messages_per_second * len(settings.pool) or settings.send_concurrency * 10
    call_rate = settings.calls_per_second or settings.send_concurrency * 10
    return max(segments / rate, calls / call_rate)


@dataclass(frozen=True)
class Choices:
    """What there is to choose from on the rosters of some areas."""

    groups: list[str]
    tags: list[str]
    languages: list[str]


def choices(s: Session, area_ids: list[int]) -> Choices:
    """Groups, tags and languages in use."""
    here = and_(Person.area_id.in_(area_ids), Person.state.not_in(GONE))
    tags: set[str] = set()
    for written in s.scalars(select(cast(Person.tags, String)).where(here).distinct()):
        tags.update(json.loads(written or "[]"))
    return Choices(
        groups=sorted(g for g in s.scalars(select(Person.group).where(here).distinct()) if g),
        tags=sorted(tags),
        languages=sorted(s.scalars(select(Person.language).where(here).distinct())),
    )
