"""Calls that broke off, and taking them up again when the resident rings back."""

from datetime import timedelta

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import clock
from gateway.ivr.script import Script
from gateway.models.conversation import Conversation
from gateway.models.outreach import Broadcast, Delivery
from gateway.outreach import aftermath
from gateway.turns import Turn

_OURS = timedelta(hours=24)  # after a call of ours broke off: an elder rings back when the cows are in
_THEIRS = timedelta(minutes=30)
_NEWS = timedelta(days=3)  # after which a notice that nobody heard is no news any more
# where a call may break off, and the question that is gone back to (gateway.actions.take_up)
_ASKED = {
    "ask": "ask", "confirm": "ask", "publicity": "result", "rating": "result", "score": "result", "heard_result": "result",
    "ask_for": "others", "confirm_for": "others", "explanation": "explanation", "invitation": "invitation",
    "ask_mandate": "mandate", "tell": "tell",
}  # fmt: skip
# the same where a personal code was asked for: by what it was asked for
_CODES = {"cast": "ask", "object": "result", "withdraw": "result", "cast_for": "others", "mandate": "mandate"}
_PRESSED = (
    "confirm",
    "confirm_for",
    "score",
    "ask_code",
    "wrong_code",
)  # something was chosen, and nothing counted


def ended(s: Session, call: str) -> None:
    """The call is over; what it still asked may be answered when the resident rings back."""
    c = s.scalar(select(Conversation).where(Conversation.carrier_id == call))
    if c is not None and not c.over:
        c.expires_at = clock.now() + (_OURS if c.delivery_id else _THEIRS)


def missed(s: Session, handset_id: int) -> Delivery | None:
    """The notice that a machine took on this handset, or that was hung up on at once: who rings back hears it. Only one
    that was written for itself; a matter's is in the menu."""
    found = (
        select(Delivery)
        .join(Broadcast, Broadcast.id == Delivery.broadcast_id)
        .where(Delivery.handset_id == handset_id, aftermath.NOT_HEARD, Broadcast.consultation_id.is_(None))
        .where(Delivery.settled_at > clock.now() - _NEWS)
    )
    return s.scalar(found.order_by(Delivery.id.desc()).limit(1))


def broken_off(s: Session, script: Script, handset_id: int, people: int) -> Conversation | None:
    """The call to take up again, or None: one that broke off at a question about a matter.

    Only where the handset is one known person's: on a shared one, or with a hidden number, whoever rings now may be
    somebody else.
    Taken up once; the caller marks it by making the next conversation.
    """
    last = s.scalar(
        select(Conversation)
        .where(Conversation.handset_id == handset_id, Conversation.channel == "voice")
        .order_by(Conversation.id.desc())
        .limit(1)
    )
    if (
        last is None
        or last.over
        or last.expires_at < clock.now()
        or people != 1
        or last.script != script.name
    ):
        return None
    return last if _question(last) and (last.facts or {}).get("matter_id") else None


def taken_up(act: Turn, before: Conversation) -> dict[str, str]:
    """What is said of the call that broke off: about which matter, and whether something pressed did not count yet."""
    c, back = act.matter, _question(before)
    assert c is not None
    pressed = str(before.place["step"]) in _PRESSED
    return {
        "broke_off": back,
        "left": act.phrase("notice", matter=act.matter_called(c), title=c.title),
        "not_counted": act.phrase("not_counted") if pressed else "",
        "anew": act.phrase("anew") if back in ("ask", "result") else "",
        "code_ok": "",  # whoever rings now says it again
    }


def _question(c: Conversation) -> str:
    """What the call was asking when it broke off; “” for nothing that could be gone back to."""
    step = str(c.place.get("step", ""))
    return _CODES.get(c.facts.get("after_code", ""), "") if "_code" in step else _ASKED.get(step, "")
