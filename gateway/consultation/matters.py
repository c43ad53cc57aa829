"""Making a consultation, finding it, and knowing whom it asks."""

import re
from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, Integer, Select, String, delete, func, literal, or_, select
from sqlalchemy.orm import Session, aliased

from gateway import clock, text
from gateway.consultation import profiles
from gateway.consultation.glance import Matter, above, is_for
from gateway.consultation.refusal import Refused
from gateway.models.area import ABOVE_VILLAGES, Area
from gateway.models.consultation import KINDS, UNITS, Consultation, ConsultationArea, ConsultationEvent
from gateway.models.person import Person
from gateway.people import segments
from gateway.people.residents import GONE, Resident
from gateway.prepared import Prepared, Sql, given

# what is told of a matter that is in force: the newest that was written
STAGES = {
    "EFFECTIVE": ("effective",),
    "IMPLEMENTING": ("implementation", "progress", "effective"),
    "DISCLOSED": ("implementation", "effective"),
    "EVALUATED": ("evaluation", "implementation", "effective"),
    "CLOSED": ("evaluation", "implementation", "effective"),
}


def next_number(s: Session) -> int:
    """The next free number; two digits from the start, so that “1” is always an answer, never a matter."""
    return max(10, s.scalar(select(func.max(Consultation.number))) or 10) + 1


def find(s: Session, number: int) -> Consultation | None:
    return s.scalar(select(Consultation).where(Consultation.number == number))


def create(
    s: Session,
    *,
    number: int | None = None,
    title: str,
    area: Area,
    area_ids: list[int] | None = None,
    unit: str = "person",
    options: dict[str, str],
    opens_at: datetime,
    closes_at: datetime,
    sms: str = "",
    voice: str = "",
    group: str = "",
    kind: str = "public_affairs",
    lead: str = "",
    by: str = "cli",
    raised_by: str = "",
    raised_at: datetime | None = None,
    **topic: Any,
) -> Consultation:
    """A new consultation in state ACCEPTED, under the rules its area has today for its kind. ``topic``: what it asks of
    the procedure (``wide_impact``, ``technical``, ``assembly`` … as in :class:`Consultation`). With ``raised_by`` it is
    only PROPOSED, and its lead has to decide.

    Raises :class:`Refused` naming the field that won't do.
    """
    number = number or next_number(s)
    title = headline(title)
    if not title:
        raise Refused("请写上这件事的题目", "title")
    if len(title) > 60:
        raise Refused("题目太长，电话里念不清，请不要超过六十个字", "title")
    if number < 10 or number > 9999:
        raise Refused("编号要在10到9999之间（一位数是留给按键的）", "number")
    if find(s, number):
        raise Refused(f"{number}号已经用过了，请换一个编号", "number")
    if kind not in KINDS:
        raise Refused("请选择是哪一类事", "kind")
    if unit not in UNITS:
        raise Refused("请选择怎样计票", "unit")
    _check_options(options)
    if closes_at <= opens_at:
        raise Refused("截止要晚于开始", "closes_at")
    if closes_at <= clock.now():
        raise Refused("截止时间已经过去了", "closes_at")
    sms = sms.strip() or default_sms(area, number, title, options, closes_at)
    voice = voice.strip() or default_voice(area, number, title, options, closes_at)
    fits(sms, "sms")
    fits(voice, "voice")
    rules = profiles.choose(s, area, kind)
    topic.setdefault("sides", list(rules.sides))
    made = Consultation(
        number=number,
        title=title,
        area_id=area.id,
        unit=unit,
        options=options,
        opens_at=opens_at,
        closes_at=closes_at,
        sms={"notice": sms},
        voice={"notice": voice},
        group=group.strip(),
        kind=kind,
        lead=lead.strip(),
        state="PROPOSED" if raised_by else "ACCEPTED",
        profile=rules.to_json(),
        due_at=clock.end_of_day(
            clock.now().astimezone(area.zone).date()
            + timedelta(days=rules.decide_days if raised_by else rules.announce_days),
            area.zone,
        ),
        scope=topic.pop("scope", "") or _scope(area, area_ids or [], group),
        **topic,
        created_by=int(by.split(":")[1]) if by.startswith("organizer:") else None,
    )
    s.add(made)
    s.flush()
    for area_id in area_ids or [area.id]:
        s.add(ConsultationArea(consultation_id=made.id, area_id=area_id))
    event = "raise" if raised_by else "create"
    at = raised_at or clock.now()
    s.add(
        ConsultationEvent(
            consultation_id=made.id, event=event, to_state=made.state, actor=raised_by or by, created_at=at
        )
    )
    s.flush()
    return made


def _scope(area: Area, area_ids: list[int], group: str) -> str:
    """How far a matter reaches, as far as its areas tell (policy II(2))."""
    if len(area_ids) > 1 or area.level in ABOVE_VILLAGES:
        return "villages"
    return "group" if group else "community" if area.level == "community" else "village"


def _check_options(options: dict[str, str]) -> None:
    if not 2 <= len(options) <= 3:
        raise Refused("请给出两个或三个选项，多了电话里记不住", "options")
    if sorted(options) != [str(n + 1) for n in range(len(options))]:
        raise Refused("选项要从1开始连着编号", "options")
    if any(not label.strip() or len(label) > 12 for label in options.values()):
        raise Refused("每个选项要写字，不超过十二个字", "options")
    if len(set(options.values())) < len(options):
        raise Refused("有两个选项是一样的", "options")


TOPIC = (
    "kind", "three_important", "wide_impact", "technical", "assembly", "commissioned_by", "topic_id", "sensitive", "decision",
)  # fmt: skip
EDITABLE = (
    *TOPIC,
    "title",
    "area_id",
    "options",
    "opens_at",
    "closes_at",
    "group",
    "unit",
    "lead",
    "sms",
    "voice",
)


def edit(s: Session, c: Consultation, *, areas: Sequence[int] = (), **fields: Any) -> None:
    """Change a consultation that nobody has been told of yet; ``areas``, if given, are those it asks from now on.
    Raises :class:`Refused`."""
    if c.state not in ("PROPOSED", "ACCEPTED"):
        raise Refused("通知已经发出，不能再改；可以撤回后重新发起", code="moved")
    if "options" in fields:
        _check_options(fields["options"])
    for field in ("sms", "voice"):
        for words in fields.get(field, {}).values():
            fits(words, field)
    if "title" in fields:
        fields["title"] = headline(fields["title"])
    for name, value in fields.items():
        if name not in EDITABLE:
            raise ValueError(name)
        setattr(c, name, {**getattr(c, name), **value} if name in ("sms", "voice") else value)
    if areas:
        s.execute(delete(ConsultationArea).where(ConsultationArea.consultation_id == c.id))
        s.add_all(ConsultationArea(consultation_id=c.id, area_id=id) for id in areas)
        c.scope = _scope(s.get_one(Area, c.area_id), list(areas), c.group)
        s.info.pop("area_ids", None)


def area_ids(s: Session, c: Consultation) -> list[int]:
    """The areas asked, with everything below them."""
    known: dict[int, list[int]] = s.info.setdefault("area_ids", {})  # asked several times in one transaction
    if c.id not in known:
        asked = aliased(Area)
        rows = s.scalars(
            select(Area.id)
            .join(asked, Area.path.startswith(asked.path))
            .join(ConsultationArea, ConsultationArea.area_id == asked.id)
            .where(ConsultationArea.consultation_id == c.id)
        )
        known[c.id] = sorted(set(rows))
    return known[c.id]


def eligible(s: Session, c: Consultation, *, unit: str = "") -> Select[Person]:
    """Those of the :func:`asked` who may vote: not whoever has an interest in the matter (domain.md §5: 应回避人员不计)."""
    return asked(s, c, unit=unit).where(Person.id.not_in(segments.recused(c.id)))


def asked(s: Session, c: Consultation, *, unit: str = "") -> Select[Person]:
    """Adults of the areas (and group) asked; where owners decide, only owners (Civil Code art. 278), and where groups do,
    those who represent one (Organic Law of Residents' Committees art. 10). ``unit``: as if these were counted instead."""
    rules = _rules(literal(c.group), literal(unit or c.unit), literal(_adult_before()))
    return select(Person).where(Person.area_id.in_(area_ids(s, c)), *rules, *segments.rules(c))


def voices(s: Session, c: Consultation) -> int:
    """How many voices there could be: people, or households where these count (whoever lives alone as far as the
    roster knows is one). Once gathering has ended it is the number of that day, whoever moves in or away later."""
    return present_voices(s, c) if c.voices is None else c.voices


def present_voices(s: Session, c: Consultation) -> int:
    """The same with the people of today, whatever day the matter stands at."""
    people = eligible(s, c).subquery()
    if c.unit == "person":
        return s.scalar(select(func.count()).select_from(people)) or 0
    if c.unit == "group":
        groups = select(people.c.area_id, people.c.group_name).distinct().subquery()
        return s.scalar(select(func.count()).select_from(groups)) or 0
    homes = s.scalar(select(func.count(func.distinct(people.c.household_id)))) or 0
    alone = s.scalar(select(func.count()).select_from(people).where(people.c.household_id.is_(None))) or 0
    return homes + alone


def _rules(group: Any, unit: Any, adult_before: Any) -> tuple[ColumnElement[bool], ...]:
    """What a person of the areas asked has to be."""
    return (
        Person.state.not_in(GONE),
        or_(Person.birth_year.is_(None), Person.birth_year <= adult_before),
        or_(group == "", Person.group == group),
        or_(unit != "owner", Person.owner),
        or_(unit != "group", segments.represents_group()),
    )


def _adult_before() -> int:
    return clock.now().year - 18


def _may(sql: Sql) -> Select[Any]:
    asked, own = aliased(Area), aliased(Area)
    lives_there = (
        select(ConsultationArea.area_id)
        .join(asked, asked.id == ConsultationArea.area_id)
        .join(own, own.path.startswith(asked.path))
        .where(ConsultationArea.consultation_id == given("consultation"), own.id == Person.area_id)
    )
    rules = _rules(given("group", String), given("unit", String), given("adult_before", Integer))
    free = Person.id.not_in(segments.recused(given("consultation")))
    return select(Person.id).where(Person.id == given("person"), lives_there.exists(), free, *rules)


_MAY: Prepared[Any] = Prepared(_may)
_MAY_AND_WAIT: Prepared[Any] = Prepared(lambda sql: _may(sql).with_for_update(of=Person))


def may_answer(
    s: Session, c: Consultation | Matter, person: Person | Resident, *, wait: bool = False
) -> bool:
    """Whether this person is one of the :func:`eligible`. With ``wait``, whatever else this person is
    answering just now is finished first, and waits for this transaction's end."""
    statement = _MAY_AND_WAIT if wait else _MAY
    found = statement.first(
        s, consultation=c.id, person=person.id, group=c.group, unit=c.unit, adult_before=_adult_before()
    )
    return found is not None and segments.inside(s, c, [person.id])


def concerns(s: Session, c: Consultation, person: Person | Resident) -> bool:
    """Whether the person belongs to those asked or affected, whoever may vote."""
    if person.area_id not in area_ids(s, c):
        return False
    return is_for(s, c, [person])


def was_announced() -> Any:
    """The condition that people were told of a matter: one withdrawn before that is nobody's business."""
    told = select(ConsultationEvent.consultation_id).where(ConsultationEvent.event == "announce")
    return (Consultation.state != "WITHDRAWN") | Consultation.id.in_(told)


def announced(s: Session, c: Consultation) -> bool:
    return s.scalar(select(Consultation.id).where(Consultation.id == c.id, was_announced())) is not None


def for_people(
    s: Session, people: Sequence[Person | Resident], states: tuple[str, ...]
) -> list[Consultation]:
    """Consultations in these states that concern one of these people, oldest number first."""
    if not people:
        return []
    own = {p.area_id for p in people}
    paths = list(s.scalars(select(Area.path).where(Area.id.in_(own))))
    asked = (
        select(ConsultationArea.consultation_id)
        .join(Area, Area.id == ConsultationArea.area_id)
        .where(Area.path.in_(above(paths)))
    )
    found = s.scalars(
        select(Consultation)
        .where(Consultation.state.in_(states), Consultation.id.in_(asked))
        .order_by(Consultation.number)
    )
    return [c for c in found if is_for(s, c, people)]


def default_sms(area: Area, number: int, title: str, options: dict[str, str], closes_at: datetime) -> str:
    """A notice that fits one segment (70 units) where the title allows it."""
    choices = "，".join(f"{label}回{key}" for key, label in options.items())
    until = text.short_date(closes_at.astimezone(area.zone).date())
    return f"{area.signed}{number}号事：{title}。{choices}。{until}止，问人回0"


def default_voice(area: Area, number: int, title: str, options: dict[str, str], closes_at: datetime) -> str:
    """The spoken notice without the menu: the script speaks the choices itself, so they can't disagree."""
    until = text.spoken_date(closes_at.astimezone(area.zone).date())
    return (
        f"您好，这里是{area.name}协商热线，您不用花话费。（停一秒）"
        f"{text.spoken_ordinal_matter(number)}事：{title}。（停一秒）{until}截止。"
    )


LONGEST = (
    1600  # what one chain of SMS carries (twilio.com/docs/api/errors/21617), and more than anybody listens to
)
_LABEL = re.compile(
    r"^(?:【[^】]*】)?\s*(?:\d{1,4}号事?)?\s*(?:协商|表决|最终)?(?:结果)?(?:公示|公布|通知)?(?:结果)?\s*[：:]\s*"
)


def headline(title: str) -> str:
    """A title without the full stop people like to end it with: sentences are built around it."""
    return title.strip().rstrip("。．.，,；;、 ")


def bare_result(words: str) -> str:
    """A result without “17号公示：” or “结果：” before it: every text that carries it says so itself."""
    return _LABEL.sub("", words.strip()).strip()


def fits(words: str, field: str, wrapping: int = 0) -> None:
    """Raises :class:`Refused` with the count when no chain of SMS could carry these words and ``wrapping`` more."""
    if len(words) + wrapping > LONGEST:
        raise Refused(f"写了{len(words)}个字，太长了，最多{LONGEST - wrapping}个字", field)


def sentence(words: str) -> str:
    """Words without the full stop at their end, for texts that go on with one of their own."""
    return words.strip().rstrip("。．.；;，, ")


def stopped(words: str) -> str:
    """Words with one stop at their end, whatever somebody wrote there."""
    bare = sentence(words)
    return bare if bare.endswith(("？", "?", "！", "!")) else f"{bare}。"


def effective_day(c: Consultation) -> date:
    """The first day after the publicity period, as villagers count: a period “to the 7th” takes effect on the 8th."""
    ends = c.publicity_ends_at or clock.now()
    return (ends + timedelta(seconds=1)).astimezone(c.zone).date()


def signed(area: Area, sms: str) -> str:
    """Somebody's own words with the village's name before them: an SMS without 【…】 is not delivered in China."""
    words = sms.strip()
    return f"{area.signed}{words}" if words and not words.startswith("【") else words


_GREETING = re.compile(r"^您好，这里是[^。]*热线，您不用花话费。(?:（停一秒）|（停）)*")
# “同意修，请按1。（停）”, and nothing but such sentences to the end: “请按二组的办法办。” is no menu
_MENU = re.compile(
    r"(?:[^。（）]{1,24}，请按[0-9一二三四五六七八九](?:，[^。（）]*)?。(?:（停一秒）|（停）)*)+$"
)
_REST = re.compile(r"(?:（停一秒）|（停）)+$")


def spoken_words(notice: str) -> str:
    """A spoken notice without the greeting and the menu an editor may have typed around it: the script greets and
    speaks the choices by itself, so that words and keys can't disagree."""
    return _REST.sub("", _MENU.sub("", _GREETING.sub("", notice)))
