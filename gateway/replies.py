"""The short answers people get by SMS. The words belong to editors: ``ivr_scripts/replies``."""

from typing import Any

from gateway.ivr.fresh import Fresh
from gateway.ivr.load import DEFAULT_LANGUAGE, REPLIES, load_replies
from gateway.ivr.script import Words, fill
from gateway.settings import SCRIPTS

_words: Fresh[dict[str, Words]] = Fresh(SCRIPTS / REPLIES, lambda: load_replies(SCRIPTS / REPLIES))


def offered() -> tuple[str, ...]:
    """The languages in which people can be answered; a draft is none."""
    return tuple(sorted(tongue for tongue, words in _words().items() if not words.draft))


def _in(language: str) -> Words:
    words = _words().get(language)
    return words if words is not None and not words.draft else _words()[DEFAULT_LANGUAGE]


def reply_text(name: str, /, language: str = DEFAULT_LANGUAGE, **facts: Any) -> str:
    """The reply of that name with its placeholders filled; in the default language where there is none in this one.

    Raises KeyError for an unknown name, MissingFact for a fact nobody gave.
    """
    return fill(_in(language).steps[name]["text"], facts)


def reply_phrase(name: str, /, language: str = DEFAULT_LANGUAGE, **facts: Any) -> str:
    """A phrase that is filled into a reply, such as how a matter stands. Raises as :func:`reply_text`."""
    return fill(_in(language).phrases[name], facts)


def called(language: str) -> str:
    """What a language calls itself."""
    return _in(language).called
