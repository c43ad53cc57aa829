"""What residents are told when a matter stops or goes on, short enough for one SMS where the title allows it."""

from gateway import text
from gateway.models.area import Area
from gateway.models.consultation import Consultation


def _matter(c: Consultation) -> str:
    return f"{text.spoken_ordinal_matter(c.number)}事，{c.title}"


def greeting(area: Area) -> str:
    """How every call of ours begins: who speaks, and that it costs nothing."""
    return f"您好，这里是{area.name}协商热线，您不用花话费。（停一秒）"


def suspended_sms(c: Consultation, area: Area, why: str) -> str:
    return f"{area.signed}{c.number}号“{text.clip(c.title, 16)}”先停一停，原因：{why}。接着办时再告诉您"


def suspended_voice(c: Consultation, area: Area, why: str) -> str:
    return f"{greeting(area)}{_matter(c)}，先停一停。（停一秒）原因是，{why}。接着办的时候再告诉您。"


def resumed_sms(c: Consultation, area: Area) -> str:
    return f"{area.signed}{c.number}号“{text.clip(c.title, 16)}”接着办了，以前说的都算数，不用再说一遍"


def resumed_voice(c: Consultation, area: Area) -> str:
    return f"{greeting(area)}{_matter(c)}，接着办了。（停一秒）以前说的都算数，不用再说一遍。"
