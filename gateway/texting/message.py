"""One SMS being answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from sqlalchemy import delete
from sqlalchemy.orm import Session

from gateway import clock, text
from gateway.consultation import glance, matters, opinions
from gateway.consultation.glance import Matter
from gateway.models.consultation import Consultation
from gateway.models.conversation import Question
from gateway.models.person import Handset
from gateway.people.residents import Resident
from gateway.prepared import Prepared, Sql, given
from gateway.replies import reply_phrase, reply_text
from gateway.settings import Settings
from gateway.texting.tongues import in_chinese

_QUESTION_DAYS = 3  # how long a question of ours may be answered (script format: expires sms = "3d")
Fields = dict[str, Any]


@dataclass
class Message:
    """One SMS being answered: the words, where they came from, and what they may be about."""

    s: Session
    settings: Settings
    handset_id: int
    words: str
    residents: list[Resident]
    matters: list[Matter]  # that concern them
    context: Mapping[str, Any] = field(default_factory=dict)
    signed: str = "【协商热线】"  # how the village that answers opens its SMS
    intent: str | None = None  # what was understood
    language: str = "zh-CN"  # in which they are answered

    @property
    def handset(self) -> Handset:
        return self.s.get_one(Handset, self.handset_id)

    @property
    def read(self) -> str:
        """The words as the interpreter reads them: a command of another language in Chinese. Kept are ``words``."""
        return in_chinese(self.words, self.language)

    def people(self) -> list[Resident]:
        return self.residents

    def say(self, name: str, /, **facts: Any) -> str:
        return reply_text(name, language=self.language, sig=self.signed, **facts)

    def phrase(self, name: str, /, **facts: Any) -> str:
        """Something to be filled into a reply."""
        return reply_phrase(name, language=self.language, **facts)

    def day(self, moment: datetime, zone: ZoneInfo | None = None) -> str:
        """A day as it is written in the language of the answer."""
        return text.written_day(moment.astimezone(zone or self.settings.zone).date(), self.language)

    def found(self, number: Any) -> Consultation | None:
        return matters.find(self.s, int(number)) if str(number or "").isdigit() else None

    def glimpsed(self, number: Any) -> Matter | None:
        """The same, light."""
        if not str(number or "").isdigit():
            return None
        mine = next((c for c in self.matters if c.number == int(number)), None)
        return mine or glance.numbered(self.s, int(number))

    def named(self, name: str | None) -> Resident | None:
        """The person of that name on this handset."""
        return next((p for p in self.residents if p.name == name), None) if name else None

    def called(self, name: str) -> Resident | None:
        """The one who is called so at home: by the whole name, the given name, or 老孙 and 小孙."""
        known = [
            p
            for p in self.residents
            if name and name in (p.name, p.name[1:], f"老{p.name[0]}", f"小{p.name[0]}")
        ]
        return known[0] if len(known) == 1 else self.named(name)

    def names(self) -> str:
        """Who shares this handset, as far as a short message can list them."""
        return self.phrase("names_between").join(p.name for p in self.residents[:3])


def keep(
    m: Message,
    c: Consultation | Matter | None,
    kind: str,
    person: Resident | None = None,
    words: str = "",
    anonymous: bool = False,
) -> str:
    """Keep the words as they came; returns the receipt."""
    if person is None and len(m.residents) == 1:
        person = m.residents[0]
    kept = opinions.add(
        m.s,
        consultation=c,
        person=person,
        handset_id=m.handset_id,
        words=words or m.words,
        channel="sms",
        kind=kind,
        anonymous=anonymous,
    )
    return kept.receipt


@Prepared
def _ASK(sql: Sql) -> Any:
    put = sql.insert(Question)
    fresh = {name: put.excluded[name] for name in ("kind", "consultation_id", "data", "expires_at")}
    return put.on_conflict_do_update(index_elements=["handset_id"], set_=fresh)


_FORGET: Prepared[Any] = Prepared(lambda sql: delete(Question).where(Question.handset_id == given("handset")))


def ask(m: Message, kind: str, c: Consultation | Matter | None, /, **data: Any) -> None:
    """Remember what this handset was asked, in place of any earlier question."""
    now, about = clock.now(), c.id if c else None
    row = {"kind": kind, "consultation_id": about, "data": data}
    _ASK.all(
        m.s, **row, handset_id=m.handset_id, created_at=now, expires_at=now + timedelta(days=_QUESTION_DAYS)
    )


def forget(m: Message) -> None:
    """What this handset was asked is no longer waited for."""
    _FORGET.all(m.s, handset=m.handset_id)
