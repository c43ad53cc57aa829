"""Answering for somebody of one's household: in writing, for one consultation, made sure of, and ended (domain.md §4).

The law names a written mandate within a household for a collective's assembly (Law on Rural Collective Economic
Organizations); here it is asked for everywhere, the principal is rung (or a clerk vouches, with a witness), and whoever
answers themselves has answered: a proxy never overrules them.
"""

from datetime import datetime

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway import clock
from gateway.consultation import ballots, lifecycle, matters
from gateway.consultation.ballots import Choice
from gateway.consultation.glance import Matter
from gateway.consultation.refusal import Refused
from gateway.models.consultation import Consultation
from gateway.models.participation import Proxy
from gateway.models.person import Person, PersonHandset
from gateway.people import segments
from gateway.people.residents import GONE, Resident

CHANNEL = "proxy"
_ALIVE = ("waiting", "verified")


def give(
    s: Session, c: Consultation, principal: Person, proxy: Person, *, paper: str, until: datetime | None = None,
    by: int | None = None,
) -> Proxy:  # fmt: skip
    """Enter a written mandate; it counts once it is verified. Raises :class:`Refused` naming the field."""
    if c.state in (*lifecycle.OVER, *lifecycle.AFTER) or (c.closes_at and c.closes_at < clock.now()):
        raise Refused(f"{c.number}号已经截止了", code="closed")
    if principal.id == proxy.id:
        raise Refused("不能自己委托自己", "proxy")
    if principal.household_id is None or principal.household_id != proxy.household_id:
        raise Refused("只能委托同一户的人", "proxy")
    if proxy.state in GONE or (proxy.birth_year and proxy.birth_year > clock.now().year - 18):
        raise Refused("受托的人要年满十八岁", "proxy")
    if segments.stays_out(s, c.id, proxy.id):
        raise Refused("受托的人跟这件事有利害关系，已经回避，不能替人表态", "proxy")
    if not matters.may_answer(s, c, principal, wait=True):
        if segments.stays_out(s, c.id, principal.id):
            raise Refused(ballots.RECUSED, "principal")
        raise Refused("这件事本来就不用他表态", "principal")
    if not paper.strip():
        raise Refused("请写委托书的编号或存放处", "paper")
    ends = c.closes_at or clock.now()
    if until is not None and not clock.now() < until <= ends:
        raise Refused("委托的期限要在今天以后、截止以前", "until")
    if now := of_principal(s, c, principal.id):
        if now.proxy_id == proxy.id and now.paper == paper.strip():
            return now  # pressed twice
        raise Refused("他已经委托过人了，要换人先取消那一份", "principal")
    most = c.rules.proxies
    if len(_alive(s, c, proxy_id=proxy.id)) >= most:
        raise Refused(f"一个人最多替{most}个人表态", "proxy")
    made = Proxy(
        consultation_id=c.id, principal_id=principal.id, proxy_id=proxy.id, paper=paper.strip()[:60],
        expires_at=until or ends, entered_by=by,
    )  # fmt: skip
    s.add(made)
    s.flush()
    return made


def of(s: Session, c: Consultation) -> list[Proxy]:
    """All of a consultation, ended ones too, oldest first."""
    return list(s.scalars(select(Proxy).where(Proxy.consultation_id == c.id).order_by(Proxy.id)))


def _alive(s: Session, c: Consultation | Matter, **whose: int) -> list[Proxy]:
    found = select(Proxy).where(Proxy.consultation_id == c.id, Proxy.state.in_(_ALIVE))
    return list(s.scalars(found.where(Proxy.expires_at > clock.now()).filter_by(**whose).order_by(Proxy.id)))


def of_principal(s: Session, c: Consultation | Matter, principal_id: int) -> Proxy | None:
    """The mandate somebody has given and not taken back."""
    return next(iter(_alive(s, c, principal_id=principal_id)), None)


def state(p: Proxy) -> str:
    """As it is now: what is past its day has expired, whatever was written."""
    return "expired" if p.state in _ALIVE and p.expires_at <= clock.now() else p.state


def own_phones(s: Session, p: Proxy) -> list[int]:
    """The principal's handsets that the proxy does not share: only a call there proves anything."""
    theirs = select(PersonHandset.handset_id).where(PersonHandset.person_id == p.proxy_id)
    mine = select(PersonHandset.handset_id).where(PersonHandset.person_id == p.principal_id)
    return list(
        s.scalars(mine.where(PersonHandset.handset_id.not_in(theirs)).order_by(PersonHandset.handset_id))
    )


def settle(s: Session, p: Proxy, verdict: str, *, how: str, witness: str = "") -> None:
    """``verified``, ``refused`` or ``revoked``, by a ``call`` to the principal or a ``clerk``'s note with a witness.
    Raises :class:`Refused`."""
    if state(p) not in _ALIVE:
        raise Refused("这份委托已经了结了", code="moved")
    if verdict == "verified" and how == "clerk" and len(witness.strip()) < 2:
        raise Refused("请写见证人", "witness")
    p.state, p.how, p.witness, p.settled_at = verdict, how, witness.strip()[:30], clock.now()
    s.flush()


def principals(s: Session, c: Consultation | Matter, proxy: Person | Resident) -> list[Person]:
    """For whom this person may answer now: verified, and not yet answered by themselves; nobody who has an interest in the
    matter decides it with another's voice."""
    if segments.stays_out(s, c.id, proxy.id):
        return []
    found = [p.principal_id for p in _alive(s, c, proxy_id=proxy.id) if p.state == "verified"]
    people = [s.get_one(Person, id) for id in found]
    return [p for p in people if not _spoke(s, c, p)]


def _spoke(s: Session, c: Consultation | Matter, person: Person) -> bool:
    ballot = ballots.of(s, c, person)  # type: ignore[arg-type]
    return ballot is not None and ballot.channel != CHANNEL


def named(s: Session, proxies: list[int], name: str) -> list[Proxy]:
    """The verified mandates of people (ids) to answer for somebody of this name, in any consultation."""
    found = select(Proxy).join(Person, Person.id == Proxy.principal_id)
    return list(
        s.scalars(
            found.where(
                Proxy.proxy_id.in_(proxies), Proxy.state == "verified", Proxy.expires_at > clock.now()
            )
            .where(Person.name == name)
            .order_by(Proxy.id)
        )
    )


def cast(
    s: Session, c: Consultation | Matter, proxy: Person | Resident, principal: Person, option: str
) -> Choice:
    """Answer for the principal. Raises :class:`Refused` with code ``no_mandate``, ``own_vote`` or ``recused``, or as
    :func:`ballots.cast` does."""
    if segments.stays_out(s, c.id, proxy.id):
        raise Refused("受托的人已经回避，不能替人表态", code="recused")
    # whatever the principal is answering just now is finished first: their own answer wins
    matters.may_answer(s, c, principal, wait=True)
    mandate = of_principal(s, c, principal.id)
    if mandate is None or mandate.proxy_id != proxy.id or mandate.state != "verified":
        raise Refused("没有这份委托", code="no_mandate")
    if _spoke(s, c, principal):
        raise Refused("本人已经表态了，以本人的为准", code="own_vote")
    return ballots.cast(s, c, principal, option, CHANNEL, proxy=proxy.id, paper=mandate.paper)


def count(s: Session, c: Consultation) -> int:
    """How many mandates of a consultation are in force or wait."""
    alive = select(func.count()).where(Proxy.consultation_id == c.id, Proxy.state.in_(_ALIVE))
    return s.scalar(alive.where(Proxy.expires_at > clock.now())) or 0
