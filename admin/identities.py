"""The sealed part of a consultation's archive: who the codes of the open part are (domain.md §4: identity reads need a
reason and are logged)."""

from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Any

from sqlalchemy import func, select

from admin import words
from admin.records import CHUNK, Records
from admin.tables import table
from gateway import phones
from gateway.bundle import File
from gateway.consultation import lifecycle, meetings, proxies
from gateway.models.answer import Ballot, Objection, Opinion
from gateway.models.area import Area
from gateway.models.organizer import Organizer
from gateway.models.person import Handset, Household, Person, PersonHandset


def _chunks(rows: Iterable[Any]) -> Iterator[list[Any]]:
    rows = iter(rows)
    while some := list(islice(rows, CHUNK)):
        yield some


class Identities:
    """The sealed part: who the codes are, who took part (never what they chose), which organizer did what; of people
    in the areas ``within`` only."""

    def __init__(self, records: Records, within: list[int]) -> None:
        self.r, self.s, self.c, self.within = records, records.s, records.c, within

    def files(self, sheets: Iterable[tuple[str, str, str]]) -> Iterator[File]:
        heading = ["姓名", "村、社区", "组", "户号", "电话", "方式", "日期", "纸票和见证人"]
        yield File("participants.csv", "谁表了态（不写选了什么）", table(heading, self._participants()))
        heading = ["编号", "姓名", "户号", "原话"]
        yield File("opinions.csv", "意见是谁说的，原话", table(heading, self._said(self.r.opinions())))
        yield File("objections.csv", "谁反对，原话", table(heading, self._said(self.r.objections())))
        yield File(
            "organizers.csv", "经过里每一步是谁办的", table(["序号", "姓名", "职务"], self._organizers())
        )
        heading = ["什么会", "时间", "姓名", "哪一方", "来不来", "要不要发言"]
        yield File("invitations.csv", "会上请了谁", table(heading, self._invited()))
        for n, m in enumerate(meetings.of(self.s, self.c), 1):
            if m.minutes:
                yield File(f"minutes-{n:02d}.txt", f"会议记录，原话：{m.kind.name}", [m.minutes + "\n"])
        heading = ["谁委托", "委托给谁", "委托书放在哪儿", "怎样了"]
        yield File("mandates.csv", "谁替谁表态", table(heading, self._mandates()))
        for name, title, html in sheets:
            yield File(f"papers/{name}.html", title, [html])

    def _participants(self) -> Iterator[tuple[object, ...]]:
        taken = self.r.each(select(Ballot).where(Ballot.consultation_id == self.c.id), Ballot.id)
        for some in _chunks(taken):
            known = self._known(b.person_id for b in some)
            numbers = self._numbers(known)
            for b in some:
                if b.person_id in known:
                    area, group, home, name = known[b.person_id]
                    day = self.r.day(b.changed_at or b.created_at)
                    way = words.CHANNELS.get(b.channel, b.channel)
                    yield name, area, group, home, "、".join(numbers.get(b.person_id, [])), way, day, b.paper

    def _known(self, ids: Iterable[int | None]) -> dict[int, tuple[str, str, str, str]]:
        """Area, group, household and name of those of them who live ``within``; some hundred at a time."""
        found = self.s.execute(
            select(Person.id, Area.name, Person.group, func.coalesce(Household.code, ""), Person.name)
            .join(Area, Area.id == Person.area_id)
            .outerjoin(Household, Household.id == Person.household_id)
            .where(Person.id.in_({id for id in ids if id}), Person.area_id.in_(self.within))
        )
        return {id: (area, group, home, name) for id, area, group, home, name in found}

    def _numbers(self, ids: Iterable[int]) -> dict[int, list[str]]:
        found: dict[int, list[str]] = {}
        phones_ = (
            select(PersonHandset.person_id, Handset.number)
            .join(Handset, Handset.id == PersonHandset.handset_id)
            .where(PersonHandset.person_id.in_(list(ids)))
            .order_by(Handset.id)
        )
        for person, number in self.s.execute(phones_):
            found.setdefault(person, []).append(phones.mask(number))
        return found

    def _said(self, said: Iterable[tuple[str, Opinion | Objection]]) -> Iterator[tuple[object, ...]]:
        for some in _chunks(said):
            known = self._known(x.person_id for _code, x in some)
            for code, x in some:
                # who asked not to be named is named to nobody: the promise is older than the archive
                if isinstance(x, Opinion) and x.anonymous:
                    yield code, "不具名", "", x.words
                elif x.person_id is None:
                    yield code, "未登记", "", x.words
                elif x.person_id in known:
                    _area, _group, home, name = known[x.person_id]
                    yield code, name, home, x.words

    def _invited(self) -> Iterator[tuple[object, ...]]:
        for m in meetings.of(self.s, self.c):
            asked = meetings.invited(self.s, m)
            known = self._known(p.person_id for _i, p in asked)
            for i, p in asked:
                if p.person_id is not None and p.person_id not in known:
                    continue
                name = known[p.person_id][3] if p.person_id is not None else p.name
                side = words.SUBJECTS.get(p.subject, p.subject)
                yield m.kind.name, self.r.day(m.starts_at), name, side, i.answer, "要" if i.speaks else ""

    def _mandates(self) -> Iterator[tuple[object, ...]]:
        for p in proxies.of(self.s, self.c):
            known = self._known((p.principal_id, p.proxy_id))
            if len(known) == len({p.principal_id, p.proxy_id}):
                yield known[p.principal_id][3], known[p.proxy_id][3], p.paper, p.state

    def _organizers(self) -> Iterator[tuple[object, ...]]:
        for n, e in enumerate(lifecycle.history(self.s, self.c), 1):
            kind, _colon, id = e.actor.partition(":")
            if kind == "organizer" and id.isdigit() and (o := self.s.get(Organizer, int(id))):
                yield n, o.name, words.ROLES.get(o.role, o.role)
