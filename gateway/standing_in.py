"""Proxies by telephone: the principal is rung and asked, and a proxy presses for whoever gave them a mandate."""

from sqlalchemy.orm import Session

from gateway import codes
from gateway.consultation import ballots, onbehalf, proxies
from gateway.consultation.refusal import Refused
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.outreach import Delivery
from gateway.models.participation import Proxy
from gateway.models.person import Handset, Person
from gateway.outreach import broadcasts
from gateway.turns import Result, Turn, about, action, known_as

SCRIPT = "proxy"
_VERDICTS = {"1": "verified", "2": "refused"}


def ring(s: Session, p: Proxy) -> Delivery | None:
    """Ring the principal and ask whether they gave this mandate; None where every handset of theirs is the proxy's,
    too, or takes no calls: then a clerk must make sure, with a witness."""
    for id in proxies.own_phones(s, p):
        phone = s.get_one(Handset, id)
        if phone.voice_stopped_at or phone.bad_reason:
            continue
        return broadcasts.say(
            s,
            phone,
            sms="",
            voice="委托",
            channel="voice",
            script=SCRIPT,
            about_id=p.consultation_id,
            subject=f"proxy:{p.id}",
        )
    return None


def tell_principal(s: Session, c: Consultation, proxy_name: str, mandate: Proxy, receipt: str) -> None:
    """Who was answered for hears of it at once, on a handset of their own; never what was chosen."""
    area = s.get_one(Area, c.area_id)
    for id in proxies.own_phones(s, mandate):
        phone = s.get_one(Handset, id)
        if phone.kind == "landline" or phone.sms_stopped_at or phone.bad_reason:
            continue
        sms = onbehalf.answered_for_sms(c, area, proxy_name, receipt)
        broadcasts.say(s, phone, sms=sms, channel="sms", about_id=c.id, subject=f"proxy:{mandate.id}")
        return


def _asked_about(turn: Turn) -> Proxy | None:
    kind, _colon, id = ((turn.delivery.subject if turn.delivery else "") or "").partition(":")
    return turn.s.get(Proxy, int(id)) if kind == "proxy" and id.isdigit() else None


@action
def start_proxy(turn: Turn) -> Result:
    p = _asked_about(turn)
    c = turn.s.get(Consultation, p.consultation_id) if p else None
    if p is None or c is None or proxies.state(p) != "waiting":
        return "told", {"message": turn.phrase("mandate_over")}
    principal, proxy = turn.s.get_one(Person, p.principal_id), turn.s.get_one(Person, p.proxy_id)
    asked = {
        "principal": principal.name,
        "proxy": proxy.name,
        "matter": turn.matter_called(c),
        "title": c.title,
    }
    return "ask", {**known_as(turn, principal), "mandate": turn.phrase("mandate", **asked)}


@action
def settle_mandate(turn: Turn) -> Result:
    """What the principal said. Their own code is asked for where they have one: anybody may pick up."""
    p, verdict = _asked_about(turn), _VERDICTS.get(turn.facts.get("ask_mandate", ""), "")
    if p is None or not verdict:
        return "ok", {"message": turn.phrase("mandate_later")}
    principal = turn.s.get_one(Person, p.principal_id)
    if code := codes.wanted(turn, principal, "mandate"):
        return code
    try:
        proxies.settle(turn.s, p, verdict, how="call")
    except Refused:
        return "ok", {"message": turn.phrase("mandate_over")}
    if turn.delivery is not None:
        turn.delivery.heard = "understood"
    return "ok", {"message": turn.phrase(f"mandate_{verdict}")}


# ---- a proxy presses -----------------------------------------------------------------------------


@action
def next_principal(turn: Turn) -> Result:
    """Whom else this caller answers for in the same matter, one after the other."""
    c, person = turn.matter, turn.person
    if c is None or person is None:
        return "none", {}
    done = (turn.facts.get("answered_for") or "").split(",")
    left = [p for p in proxies.principals(turn.s, c, person) if str(p.id) not in done]
    if not left:
        return ("none" if turn.facts.get("receipt_spoken") else "done"), {}
    return "some", {**about(turn, c), "principal": left[0].name, "principal_id": str(left[0].id)}


@action
def cast_for(turn: Turn) -> Result:
    c, person, id = turn.matter, turn.person, turn.facts.get("principal_id")
    principal = turn.s.get(Person, int(id)) if id else None
    if c is None or person is None or principal is None:
        return "ok", {"kept_for": ""}
    if code := codes.wanted(turn, person, "cast_for"):
        return code
    done = ",".join(filter(None, [turn.facts.get("answered_for", ""), str(principal.id)]))
    mandate = proxies.of_principal(turn.s, c, principal.id)
    before = ballots.of(turn.s, c, principal)
    try:
        ballot = proxies.cast(turn.s, c, person, principal, turn.facts.get("ask_for", ""))
    except Refused as no:
        why = {"own_vote": "for_own_vote", "recused": "for_recused"}.get(no.code, "for_not_now")
        return "ok", {"answered_for": done, "kept_for": turn.phrase(why, principal=principal.name)}
    if mandate is not None and (before is None or before.receipt != ballot.receipt):
        tell_principal(turn.s, c, person.name, mandate, ballot.receipt)
    said = turn.phrase("for_kept", principal=principal.name, receipt=" ".join(ballot.receipt))
    return "ok", {"answered_for": done, "kept_for": said}


@action
def skip_for(turn: Turn) -> Result:
    """This principal is left for another time."""
    done = ",".join(filter(None, [turn.facts.get("answered_for", ""), turn.facts.get("principal_id", "")]))
    return "ok", {"answered_for": done}
