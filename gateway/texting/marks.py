"""Marks from 1 to 5 by SMS: how somebody finds what was carried out (policy row 20)."""

import re

from gateway import text
from gateway.consultation import followup, matters, ratings
from gateway.consultation.refusal import Refused
from gateway.texting.message import Fields, Message, ask, keep
from gateway.texting.publicity import speaker

_MARK = re.compile(r"[\W\d_]|号|[我给打评个分吧了]|很?不?满意|一般|谢谢|辛苦|好的?|不错|[很太真]?差")


def rate(m: Message, f: Fields) -> str:
    """Keep a mark and the words that came with it. On a shared handset it must be clear whose mark it is: the next one
    would replace it."""
    c = m.found(f.get("consultation"))
    if c is None:
        return m.say("no_such", number=f.get("consultation", ""))
    words = str(f.get("words") or m.words)  # a name that answers our question is no reason
    concerned = [p for p in m.people() if matters.concerns(m.s, c, p)]
    who = speaker(m, f, concerned) if concerned else None
    if who is None and concerned:
        ask(m, "who", c, intent="rate", consultation=c.number, score=f.get("score"), words=words)
        return m.say("whose_mark", names=m.names(), number=c.number)
    said = text.normalize(words).replace(who.name, "") if who else text.normalize(words)
    reasoned = len(_MARK.sub("", said)) > 1  # more than a mark: why they think so, be it “太慢”
    if who is None and not reasoned:
        return m.say("not_yours", number=c.number) if m.people() else m.say("register_first")
    try:
        if who is None:
            raise Refused("这件事没有涉及您登记的村组", code="stranger")
        score = ratings.rate(m.s, c, who, str(f.get("score", "")), "sms")
    except Refused as no:
        if reasoned:  # no mark, and yet words
            return m.say("rating_kept", number=c.number, receipt=keep(m, c, "opinion", who, words))
        return m.say("rating_how" if no.code == "score" else "rating_not_now", number=c.number)
    if reasoned:
        keep(m, c, "opinion", who, words)
    followup.bad_mark(m.s, c, words if reasoned and score == 1 else "")
    return m.say("rating", number=c.number, score=score)
