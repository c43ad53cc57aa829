"""The short answers people get by SMS. The words belong to editors: ``ivr_scripts/replies``."""

from functools import cache
from typing import Any

from gateway.ivr.load import DEFAULT_LANGUAGE, REPLIES, load_replies
from gateway.ivr.script import Words, fill
from gateway.settings import SCRIPTS


@cache
def _words() -> dict[str, Words]:
    return load_replies(SCRIPTS / REPLIES)


def reply_text(name: str, /, language: str = "zh-CN", **facts: Any) -> str:
    """The reply of that name with its placeholders filled.

    Raises KeyError for an unknown name, MissingFact for a fact nobody gave.
    """
    words = _words().get(language) or _words()[DEFAULT_LANGUAGE]
    return fill(words.steps[name]["text"], facts)
