"""What people are told when somebody else spoke or wrote for them, so that who didn't want it can say so (domain.md §4)."""

from gateway import text
from gateway.consultation.texts import greeting
from gateway.models.area import Area
from gateway.models.consultation import Consultation


def answered_for_sms(c: Consultation, area: Area, proxy: str, receipt: str) -> str:
    """To a principal: never what was chosen, since others may read it."""
    return f"{area.signed}{proxy}受您委托，替您对{c.number}号表态了，回执{receipt}。您自己表态，就以您的为准"


def entered_sms(c: Consultation, area: Area, name: str, what: str, receipt: str) -> str:
    """To somebody whose paper a clerk entered; ``what`` is 纸票 or 书面意见."""
    return f"{area.signed}{name}对{c.number}号的{what}，村里代录了，回执{receipt}。不是您写的，请回0"


def entered_voice(c: Consultation, area: Area, name: str, what: str, receipt: str) -> str:
    matter, spoken = text.spoken_ordinal_matter(c.number), " ".join(receipt)
    return (
        f"{greeting(area)}{matter}事，{c.title}。{name}的{what}，村里代录了，回执{spoken}。（停一秒）"
        "不是本人写的，请按0，找人说。"
    )
