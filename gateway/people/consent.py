"""Stopping and resuming messages. Refusing them never costs a right (design §4.6)."""

from collections.abc import Iterable

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import clock
from gateway.models.person import Consent, Handset

SCOPES = ("sms", "voice", "all")


def stop(s: Session, phone: Handset, scope: str, how: str) -> bool:
    """Send nothing more to this handset over ``scope``; False if it was stopped before.

    Source: PIPL art. 15, withdrawing must be as easy as agreeing. Replies to the resident's own
    messages still go out.
    """
    now, changed = clock.now(), False
    if scope in ("sms", "all") and phone.sms_stopped_at is None:
        phone.sms_stopped_at, changed = now, True
    if scope in ("voice", "all") and phone.voice_stopped_at is None:
        phone.voice_stopped_at, changed = now, True
    if changed:
        s.add(Consent(handset_id=phone.id, scope=scope, given=False, how=how))
    return changed


def resume(s: Session, phone: Handset, scope: str, how: str) -> bool:
    """The other way round; False if nothing was stopped."""
    changed = False
    if scope in ("sms", "all") and phone.sms_stopped_at is not None:
        phone.sms_stopped_at, changed = None, True
    if scope in ("voice", "all") and phone.voice_stopped_at is not None:
        phone.voice_stopped_at, changed = None, True
    if changed:
        s.add(Consent(handset_id=phone.id, scope=scope, given=True, how=how))
    return changed


def stopped_how(s: Session, phones: Iterable[Handset]) -> dict[int, str]:
    """How each of these handsets came to be stopped, by its newest refusal: ``sms``, ``keypad``, ``carrier``…"""
    ids = [phone.id for phone in phones]
    refusals = select(Consent.handset_id, Consent.how).where(
        Consent.handset_id.in_(ids), Consent.given.is_(False)
    )
    return {handset_id: how for handset_id, how in s.execute(refusals.order_by(Consent.id))}
