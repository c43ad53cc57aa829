"""One message while it is being understood, and the shapes of an answer."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from gateway.ivr import lexicon as words


def said(intent: str, **fields: Any) -> dict[str, Any]:
    """An understood message."""
    return {"intent": intent, "fields": fields}


def clarify(reason: str, **fields: Any) -> dict[str, Any]:
    """Not sure: one short question goes back."""
    return said("clarify", reason=reason, **fields)


def ignore(reason: str) -> dict[str, Any]:
    """Not from a person, or not for us."""
    return said("ignore", reason=reason)


@dataclass
class Said:
    """The normalized text and what is known around it."""

    text: str
    context: Mapping[str, Any]
    pending: Mapping[str, Any]
    registered: bool | None

    @classmethod
    def of(cls, text: str, context: Mapping[str, Any]) -> "Said":
        given = context.get("pending")
        pending: Mapping[str, Any] = given if isinstance(given, Mapping) else {}
        about = pending.get("consultation")
        if about is not None and (not isinstance(about, int) or isinstance(about, bool)):
            number = {"consultation": int(about)} if str(about).isdecimal() else {}
            pending = {k: v for k, v in pending.items() if k != "consultation"} | number
        return cls(text, context, pending, context.get("registered"))

    def list(self, name: str) -> list[int]:
        """A list of consultation numbers from the context."""
        given = self.context.get(name)
        return [int(n) for n in given if str(n).isdecimal()] if isinstance(given, list | tuple) else []

    @property
    def persons(self) -> tuple[str, ...]:
        given = self.context.get("handset_persons")
        return tuple(str(p) for p in given if p) if isinstance(given, list | tuple) else ()

    @property
    def options(self) -> dict[str, str]:
        """Key → label of the pending question."""
        given = self.pending.get("options")
        return {str(k): str(v) for k, v in given.items()} if isinstance(given, Mapping) else {}

    def options_of(self, number: int) -> dict[str, str]:
        """Key → label of any matter the context tells the options of (``options``, or the pending question's)."""
        if number == self.pending.get("consultation"):
            return self.options
        given = self.context.get("options")
        mine = given.get(str(number)) if isinstance(given, Mapping) else None
        return {str(k): str(v) for k, v in mine.items()} if isinstance(mine, Mapping) else {}

    @property
    def other_labels(self) -> dict[str, str]:
        """Key → label in the resident's registered language."""
        given = self.pending.get("labels_ko")
        return {str(k): str(v) for k, v in given.items()} if isinstance(given, Mapping) else {}

    def known(self, number: int) -> bool:
        """Whether anything in the context is about this number."""
        about = self.pending.get("consultation")
        return str(number) == str(about) or any(
            number in self.list(name) for name in ("open_votes", "in_publicity", "closed", "own_objection")
        )

    def default_matter(self) -> int | None:
        """What words without a number are about: the last question, else the only matter there is."""
        about = self.pending.get("consultation")
        if about is not None:
            return int(about)
        for name in ("open_votes", "in_publicity"):
            if len(self.list(name)) == 1:
                return self.list(name)[0]
            if self.list(name):
                return None
        return None

    def opinion(self, about: Any) -> dict[str, Any]:
        """The text as an opinion, with what it is about and whether a name may be shown."""
        fields: dict[str, Any] = {"consultation": int(about)} if about is not None else {}
        if words.ANONYMOUS.search(self.text):
            fields["anonymous"] = True
        return said("opinion", **fields)
