"""“Which matter?”: what somebody said about none of several is kept until they name the one, by number or by title."""

import re
from typing import Any

from gateway import text
from gateway.ivr.interpret import interpret
from gateway.ivr.reading import clarify
from gateway.texting.context import Asked
from gateway.texting.message import Message, ask

_SAYABLE = 200  # longer words than these are no answer that waits for its number
_SHOWN = 3  # as many as one message can name
_NUMBER = re.compile(r"(?:我说的?)?(?:是|就是)?第?(\d{2,4})(?:号|번)?(?:的?那?[个件]?事?)?(?:吧|啊)?")
_AROUND = re.compile(
    r"^(?:我说的?)?(?:就?是)?(?:说)?|(?:的?那[个件条](?:事儿?)?|的?这[个件](?:事儿?)?|的事儿?|那事儿?)(?:吧|啊)?$"
)


def ask_which(m: Message, numbers: list[int], words: str = "") -> str | None:
    """Ask which of these matters is meant; ``words`` (what they texted) then count for the one they name. None where
    there is nothing to choose from, or several people who would have to say their name as well."""
    named = [c for n in numbers if (c := m.glimpsed(n)) is not None]
    words = words or m.words
    if len(named) < 2 or len(m.people()) != 1 or len(words) > _SAYABLE:
        return None
    ask(m, "which", None, words=words, numbers=[c.number for c in named])
    listed = (m.phrase("listed", number=c.number, title=text.clip(c.title, 8)) for c in named[:_SHOWN])
    return m.say("which_matter", list=m.phrase("names_between").join(listed))


def named(m: Message, asked: Asked | None) -> dict[str, Any] | None:
    """What the kept words mean, now that this message names their matter; it then stands for what they wrote. None where
    it names none: then it is read for itself."""
    if asked is None or asked.kind != "which":
        return None
    among = [int(n) for n in (asked.data or {}).get("numbers", ())]
    said = text.normalize(m.words).strip("，,。.！!“”\"' ")
    match = _NUMBER.fullmatch(said)
    number = int(match[1]) if match else _titled(m, said, among)
    if number not in among and match is None:
        return None
    m.words = str((asked.data or {}).get("words", ""))
    if number not in among:
        return clarify("which_consultation")  # asked again, and the words still wait
    return interpret(f"{number}号{m.read}", m.context)


def _titled(m: Message, said: str, among: list[int]) -> int | None:
    """“修路那个”: the only matter with all these characters in its title. Two of them, or one with “that” behind it;
    “中” alone may be a yes."""
    core = _AROUND.sub("", said)
    if not re.fullmatch(r"[\u4e00-\u9fff]{1,6}", core) or (len(core) < 2 and core == said):
        return None
    found = [c.number for n in among if (c := m.glimpsed(n)) is not None and set(core) <= set(c.title)]
    return found[0] if len(found) == 1 else None
