"""The short answers people get by SMS. The words belong to editors: ``ivr_scripts/replies``."""

from functools import cache
from typing import Any

from gateway.ivr.load import load_words
from gateway.ivr.script import Words, fill
from gateway.settings import SCRIPTS


@cache
def _words(language: str) -> Words:
    path = SCRIPTS / "replies" / f"{language}.toml"
    return load_words(path if path.exists() else SCRIPTS / "replies" / "zh-CN.toml")


def reply_text(name: str, /, language: str = "zh-CN", **facts: Any) -> str:
    """The reply of that name with its placeholders filled.

    Raises KeyError for an unknown name, MissingFact for a fact nobody gave.
    """
    return fill(str(_words(language).steps[name]["text"]), facts)
