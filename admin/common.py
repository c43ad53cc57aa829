"""What every page of the panel needs: the runtime, who is looking, times as villagers write them."""

import re
from collections.abc import Iterable
from contextlib import AbstractContextManager
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from flask import Blueprint, current_app, g
from flask_babel import gettext as _
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import clock
from gateway.models.answer import Recording
from gateway.models.consultation import Consultation
from gateway.models.organizer import Organizer
from gateway.models.person import Person
from gateway.outreach import stuck
from gateway.outreach.watching import ELSEWHERE
from gateway.people import residents, rights
from gateway.people.alarms import Alarm, seen_by
from gateway.runtime import Runtime

panel = Blueprint(
    "admin",
    __name__,
    url_prefix="/admin",
    template_folder="templates",
    static_folder="static",
    static_url_path="/static",
)

# these roles judge how it went, not who said what
NAMELESS = ("county_viewer", "third_party_evaluator")


def runtime() -> Runtime:
    """The process's runtime, put there by the app factory."""
    found: Runtime = current_app.extensions["xiangyin"]
    return found


def reading() -> AbstractContextManager[Session]:
    """A session for looking."""
    return runtime().db.read()


def writing() -> AbstractContextManager[Session]:
    """A transaction, committed when the block ends without an exception."""
    return runtime().db.write()


def me() -> Organizer:
    """Who is signed in; pages behind the login only."""
    found: Organizer = g.organizer
    return found


def actor() -> str:
    """``organizer:3``: how histories name whoever is signed in."""
    return f"organizer:{me().id}"


class ReasonFirst(Exception):
    """The supervision committee opens a matter by saying why."""

    def __init__(self, id: int) -> None:
        super().__init__(id)
        self.id = id


def consultation(s: Session, id: int, *, change: bool = False) -> Consultation:
    """A visible consultation; raises NotVisible. With ``change``, only those whose area leads it
    (NotAllowed for others: residents may be asked from above). Raises ReasonFirst where it takes a reason to look."""
    found = rights.get(s, rights.consultations(s, me()), Consultation, id)
    if change and not leads(s, found):
        raise rights.NotAllowed
    if not rights.may_open(s, me(), found):
        raise ReasonFirst(id)
    return found


def leads(s: Session, c: Consultation) -> bool:
    """Whether the organizer's areas lead it; what this role may do about it says :mod:`admin.roles`."""
    return c.area_id in rights.area_ids(s, me())


def zone() -> ZoneInfo:
    """Where whoever is signed in works: the panel's days and hours are theirs."""
    return g.get("zone") or runtime().settings.zone


def local(moment: datetime) -> datetime:
    return moment.astimezone(zone())


def when(moment: datetime | None) -> str:
    """11月24日 18:40, with the year only when it is another one."""
    if moment is None:
        return ""
    here, now = local(moment), local(clock.now())
    year = f"{here.year}年" if here.year != now.year else ""
    return f"{year}{here.month}月{here.day}日 {here:%H:%M}"


def day(moment: datetime | None) -> str:
    return f"{local(moment).month}月{local(moment).day}日" if moment else ""


def left(moment: datetime) -> str:
    """How long until then, roughly; or that it is past."""
    rest = moment - clock.now()
    if rest <= timedelta():
        return _("已超时")
    hours = int(rest.total_seconds() // 3600)
    if hours >= 48:
        return _("还剩 %(n)s 天", n=hours // 24)
    return _("还剩 %(n)s 小时", n=hours) if hours else _("不到 1 小时")


def lasting(seconds: float) -> str:
    """How long something takes, as people say it: 不到1分钟, 大约3分钟, 大约1小时20分钟."""
    minutes = round(seconds / 60)
    if minutes < 1:
        return _("不到1分钟")
    hours, rest = divmod(minutes, 60)
    if hours >= 48:
        return _("大约%(n)s天", n=round(hours / 24))
    if hours and rest:
        return _("大约%(h)s小时%(m)s分钟", h=hours, m=rest)
    return _("大约%(n)s小时", n=hours) if hours else _("大约%(n)s分钟", n=minutes)


def yuan(thousandths: int | None) -> str:
    """An amount in 厘 as yuan: 12.50."""
    return f"{(thousandths or 0) / 1000:.2f}"


def for_input(moment: datetime | None) -> str:
    """The value of a datetime-local field."""
    return f"{local(moment):%Y-%m-%dT%H:%M}" if moment else ""


# pages that are about who somebody is, and about what single people said
_OF_PEOPLE = ("/admin/residents", "/admin/claims", "/admin/recordings")  # a voice tells who it is
_OF_WORDS = (
    "/admin/inbox",
    "/admin/opinions",
    "/admin/objections",
    "/admin/proposals",
    "/admin/flags",
    "/admin/referrals",
)
_OF_SINGLE_PHONES = ("/export.csv",)


def closed_to(organizer: Organizer, path: str) -> bool:
    """Whether a page is none of this role's business: the county sees statistics only, an evaluator no names
    (domain.md §1 rows 20 and 25)."""
    if organizer.role not in NAMELESS:
        return False
    if organizer.role == "county_viewer" and (path.startswith(_OF_WORDS) or path.endswith(_OF_SINGLE_PHONES)):
        return True
    if organizer.role == "county_viewer" and re.fullmatch(r"/admin/consultations/\d+/opinions(/.*)?", path):
        return True
    return path.startswith(_OF_PEOPLE) or path.endswith("/doors")


def sees_words() -> bool:
    """Whether whoever is signed in may read what single people said, and what became of single messages."""
    return me().role != "county_viewer"


def sees_names() -> bool:
    """Whether whoever is signed in may see who people are."""
    return me().role not in NAMELESS


def alarms(s: Session) -> list[Alarm]:
    """What is wrong behind the panel: somebody waits for a call, the carrier refuses us, or something stands still.
    Nothing for those who only judge: they can't see what it points to."""
    if not sees_names():
        return []
    return [*seen_by(s, me()), *(Alarm("", words) for words in stuck.alarms(s, runtime().settings))]


def shown_name(person: Person | None) -> str:
    """The person's name, or only the surname for roles that may not see names; nobody learns another area's people
    from a handset that is shared with one of theirs."""
    if person is None:
        return _("未登记的居民")
    if person.area_id not in g.area_ids:
        return ELSEWHERE
    return person.name[:1] + "某" if me().role in NAMELESS else person.name


def sharing(s: Session, handset_id: int | None) -> str:
    """Who may have said it, where several share the handset it came from and nobody said who; “” for an unknown one."""
    there = residents.people_on(s, handset_id) if handset_id else []
    names = dict.fromkeys(map(shown_name, there))
    return _("%(names)s合用的电话", names="、".join(names)) if names else ""


def people(s: Session, ids: Iterable[int | None]) -> dict[int, Person]:
    """These people by id, for showing names beside what was said."""
    return {p.id: p for p in s.scalars(select(Person).where(Person.id.in_({i for i in ids if i})))}


def recordings(s: Session, ids: Iterable[int | None]) -> dict[int, Recording]:
    """These recordings by id: kept, on their way, or lost."""
    return {r.id: r for r in s.scalars(select(Recording).where(Recording.id.in_({i for i in ids if i})))}
