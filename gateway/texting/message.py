"""One SMS being answered."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from gateway import clock
from gateway.actions import Turn
from gateway.consultation import matters
from gateway.db import insert_into
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.conversation import Question
from gateway.models.person import Person
from gateway.replies import reply_text

_QUESTION_DAYS = 3  # how long a question of ours may be answered (script format: expires sms = "3d")
Fields = dict[str, Any]


@dataclass
class Message(Turn):
    """One SMS being answered: what an action gets, the words, and where they came from."""

    words: str = ""
    context: Mapping[str, Any] = field(default_factory=dict)
    area: Area = field(default_factory=lambda: Area(code="-", name="村里", path="/", signature="协商热线"))

    def say(self, name: str, /, **facts: Any) -> str:
        return reply_text(name, sig=self.area.signed, **facts)

    def found(self, number: Any) -> Consultation | None:
        return matters.find(self.s, int(number)) if str(number or "").isdigit() else None

    def named(self, name: str | None) -> Person | None:
        """The person of that name on this handset."""
        return next((p for p in self.people() if p.name == name), None) if name else None


def ask(m: Message, kind: str, c: Consultation | None, /, **data: Any) -> None:
    """Remember what this handset was asked, in place of any earlier question."""
    row = {
        "kind": kind,
        "consultation_id": c.id if c else None,
        "data": data,
        "expires_at": clock.now() + timedelta(days=_QUESTION_DAYS),
    }
    put = insert_into(m.s, Question).values(handset_id=m.handset.id, created_at=clock.now(), **row)
    m.s.execute(put.on_conflict_do_update(index_elements=[Question.handset_id], set_=row))
