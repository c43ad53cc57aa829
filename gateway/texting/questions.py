"""What people ask by SMS: what is open, how it stands, what they answered, whether a receipt is kept."""

from gateway import text
from gateway.consultation import ballots, lifecycle, matters, receipts
from gateway.models.consultation import GATHERING, Consultation
from gateway.texting import attending
from gateway.texting.message import Fields, Message


def query(m: Message, f: Fields) -> str:
    """Answer a question of the kinds of domain.md §3."""
    if f.get("receipt"):
        return _receipt(m, str(f["receipt"]))
    c, what = m.found(f.get("consultation")), f.get("what")
    if what == "meeting":
        return attending.when(m, f.get("consultation"))
    if what == "list" or (c is None and what != "my_vote"):
        return _list(m)
    if what == "my_vote":
        return _my_vote(m, c)
    assert c is not None
    if c.state not in lifecycle.AFTER and (name := attending.outside(m, c)):
        return m.say(name, number=c.number)  # what a few talk over is told to them
    if what == "result" and (c.result or c.sms.get("result")):
        words = text.without_signature(str(c.sms.get("result") or c.result))
        return m.say(
            "result", number=c.number, result=matters.bare_result(words.removeprefix(f"{c.number}号"))
        )
    if what == "status" and (news := next(filter(None, map(c.sms.get, matters.STAGES.get(c.state, ()))), "")):
        words = text.without_signature(news).removeprefix(f"{c.number}号")
        return m.say("result", number=c.number, result=matters.bare_result(words))
    state = m.phrase(f"state_{c.state}")
    if c.open_for_answers and c.closes_at:
        state += m.phrase("until", day=m.day(c.closes_at, c.zone))
    said = m.say("status", number=c.number, title=c.title, state=state)
    if c.lead:  # who leads (policy II(2)), where it still fits one message
        more = m.say("status", number=c.number, title=c.title, state=state + m.phrase("led_by", lead=c.lead))
        said = more if text.segments(more).count == 1 else said
    return said


def _list(m: Message) -> str:
    open_now = [c for c in matters.for_people(m.s, m.people(), GATHERING) if c.open_for_answers]
    if not open_now:
        return m.say("list_none")
    names = m.phrase("and").join(
        m.phrase("listed", number=c.number, title=text.clip(c.title, 16)) for c in open_now[:3]
    )
    return m.say("list", list=names, number=open_now[0].number)


def _my_vote(m: Message, c: Consultation | None) -> str:
    for person in m.people():
        for one in [c] if c else matters.for_people(m.s, [person], GATHERING):
            ballot = ballots.of(m.s, one, person)
            if ballot:
                label = one.options.get(ballot.option, "")
                if one.sensitive or len(m.people()) > 1:
                    return _receipt(m, ballot.receipt)  # others read this handset, too
                return m.say("my_vote", number=one.number, option=label, receipt=ballot.receipt)
    return m.say("my_vote_none", number=c.number) if c else _list(m)


def _receipt(m: Message, code: str) -> str:
    found = receipts.look_up(m.s, code)
    if found is None:
        return m.say("receipt_unknown", receipt=code)
    c = m.s.get(Consultation, found.consultation_id) if found.consultation_id else None
    what = m.phrase(f"what_{found.kind}")
    if c is not None:
        what = m.phrase("what_about", number=c.number, what=what)
    return m.say(
        "receipt",
        receipt=code,
        what=what,
        date=m.day(found.created_at),
        standing=m.phrase(f"standing_{receipts.standing(m.s, found)}"),
    )
