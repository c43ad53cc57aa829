"""What calls and loudspeakers are going to say: read from what is stored, so that saving a notice or starting a broadcast needs to tell
nobody, and a missed round loses nothing."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import text
from gateway.consultation import matters
from gateway.ivr.clips import BREAK
from gateway.ivr.script import Script
from gateway.models.area import Area
from gateway.models.consultation import GATHERING, Consultation
from gateway.models.outreach import Broadcast, Delivery
from gateway.models.person import Person, PersonHandset
from gateway.outreach import notices
from gateway.settings import Settings
from gateway.turns import Turn, about

# a closed matter is asked about seldom enough that the carrier's voice may say it
_SPOKEN_OF = (
    "ACCEPTED", "NOTICED", *GATHERING, "DRAFTED", "REVISED", "PUBLICITY", "OBJECTED", "EXPLAINED", "EFFECTIVE",
)  # fmt: skip
_MOST_MATTERS, _MOST_NAMES = 200, 300


def loudspeaker(s: Session, c: Consultation) -> str:
    """What a loudspeaker says of a matter: who speaks, then the words of its present stage, without menu and without a
    greeting to one person; at the end what to do about it."""
    area = s.get_one(Area, c.area_id)
    said = BREAK.sub("", matters.spoken_words(notices.spoken(c, notices.stage_of(c))))
    ending = "请大家打协商热线，或者回短信，说说您的意见。" if c.open_for_answers else ""
    return f"{area.name}通知。{matters.stopped(text.without_signature(said))}{ending}"


def texts(s: Session, settings: Settings, script: Script) -> list[str]:
    """Names of villages, live matters, broadcasts under way, and who is going to be called, most urgent first."""
    calls = (
        select(Broadcast).where(Broadcast.state.in_(("waiting", "running", "paused"))).order_by(Broadcast.id)
    )
    found = [matters.spoken_words(text.without_signature(b.voice or "")) for b in s.scalars(calls)]
    turn = Turn(s, settings, script, 0, {"language": script.default_language})
    live = select(Consultation).where(Consultation.state.in_(_SPOKEN_OF)).order_by(Consultation.id.desc())
    for c in s.scalars(live.limit(_MOST_MATTERS)):
        facts = about(turn, c)
        found += [facts["notice"], facts["result"], c.title]
        found += [facts[f"option_{n}"] for n in (1, 2, 3)]
    found += s.scalars(select(Area.name))
    called = (
        select(Person.name)
        .join(PersonHandset, PersonHandset.person_id == Person.id)
        .join(Delivery, Delivery.handset_id == PersonHandset.handset_id)
        .where(Delivery.channel == "voice", Delivery.state == "planned")
        .distinct()
        .limit(_MOST_NAMES)
    )
    found += s.scalars(called)
    return [words for words in found if words]
