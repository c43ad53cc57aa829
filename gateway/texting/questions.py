"""What people ask by SMS: what is open, how it stands, what they answered, whether a receipt is kept."""

from gateway import text
from gateway.consultation import ballots, matters, receipts
from gateway.models.consultation import Consultation
from gateway.texting.message import Fields, Message

_WHAT = {"ballot": "表态", "opinion": "意见", "objection": "反对", "claim": "登记"}

STATE = {
    "ACCEPTED": "还没开始", "NOTICED": "已经通知，还没开始征集", "OPEN": "正在征集意见", "DRAFTED": "征集结束，正在拿协商意见",
    "PUBLICITY": "结果正在公示", "OBJECTED": "有人反对，正在解释", "EXPLAINED": "结果正在公示", "EFFECTIVE": "已经生效",
    "IMPLEMENTING": "正在落实", "DISCLOSED": "落实情况已公开", "EVALUATED": "已经评估", "CLOSED": "已经办完",
    "WITHDRAWN": "已经撤回",
}  # fmt: skip


def query(m: Message, f: Fields) -> str:
    """Answer a question of the kinds of domain.md §3."""
    if f.get("receipt"):
        return _receipt(m, str(f["receipt"]))
    c, what = m.found(f.get("consultation")), f.get("what")
    if what == "list" or (c is None and what != "my_vote"):
        return _list(m)
    if what == "my_vote":
        return _my_vote(m, c)
    assert c is not None
    if what == "result" and (c.result or c.sms.get("result")):
        words = text.without_signature(str(c.sms.get("result") or c.result))
        return m.say(
            "result", number=c.number, result=matters.bare_result(words.removeprefix(f"{c.number}号"))
        )
    state = STATE.get(c.state, c.state)
    if c.state == "OPEN" and c.closes_at:
        state += f"，{text.short_date(c.closes_at.astimezone(m.settings.zone).date())}截止"
    return m.say("status", number=c.number, title=c.title, state=state)


def _list(m: Message) -> str:
    open_now = [c for c in matters.for_people(m.s, m.people(), ("OPEN",))]
    if not open_now:
        return m.say("list_none")
    names = "；".join(f"{c.number}号{text.clip(c.title, 16)}" for c in open_now[:3])
    return m.say("list", list=names, number=open_now[0].number)


def _my_vote(m: Message, c: Consultation | None) -> str:
    for person in m.people():
        for one in [c] if c else matters.for_people(m.s, [person], ("OPEN",)):
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
    what = f"{c.number}号{_WHAT.get(found.kind, '')}" if c else _WHAT.get(found.kind, "")
    day = text.short_date(found.created_at.astimezone(m.settings.zone).date())
    return m.say("receipt", receipt=code, what=what, date=day, standing=receipts.standing(m.s, found))
