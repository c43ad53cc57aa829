"""Organizers' accounts, their sessions, and the record of what they did."""

from datetime import datetime

from sqlalchemy import ForeignKey
from sqlalchemy.orm import Mapped, Session, mapped_column

from gateway.db import insert_into
from gateway.models.base import Base, Row

# What there is to be done in a consultation, from writing down to deciding.
ENTER = "enter"  # hear people and write it down for them: paper ballots, call-backs, what was read
KEEP = "keep"  # the roster: bring it in, say who a caller is, which numbers work
WRITE = "write"  # put a matter or a broadcast on paper; nobody hears of it yet
LEAD = "lead"  # tell people, stop gathering, publish, answer objections, withdraw
AGREE = "agree"  # be the second pair of eyes for a broadcast
HEAR = "hear"  # deal with what residents tell the supervision committee and nobody else
JUDGE = "judge"  # say, from outside, how something was carried out (policy II(5))
RULE = "rule"  # an area's rules: its money, two people's consent, its time zone

# Role → what it may do. Who holds nothing looks (domain.md §1 rows 20, 25 and 28 say at what); a helper who is paid
# for enters and rings back, and never decides (row 35).
MAY: dict[str, tuple[str, ...]] = {
    "village_organizer": (ENTER, KEEP, WRITE, LEAD, AGREE),
    "clerk": (ENTER, KEEP, WRITE),
    "approver": (AGREE,),
    "township_officer": (ENTER, KEEP, WRITE, LEAD, AGREE, RULE),
    "supervision_member": (HEAR,),
    "third_party_evaluator": (JUDGE,),
    "social_worker": (ENTER,),
    "county_viewer": (),
    "administrator": (ENTER, KEEP, WRITE, LEAD, AGREE, RULE),
}
ROLES = tuple(MAY)


class Organizer(Row, Base):
    """A panel account: a role in an area and everything below it."""

    __tablename__ = "organizers"

    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    role: Mapped[str]
    area_id: Mapped[int] = mapped_column(ForeignKey("areas.id"))
    password: Mapped[str]  # argon2id
    active: Mapped[bool] = mapped_column(default=True)
    failures: Mapped[int] = mapped_column(default=0)
    locked_until: Mapped[datetime | None]
    language: Mapped[str] = mapped_column(default="zh")

    def may(self, *powers: str) -> bool:
        """Whether this role holds one of these powers."""
        return any(power in MAY.get(self.role, ()) for power in powers)

    @property
    def acts(self) -> bool:
        """Whether this role may change anything at all."""
        return bool(MAY.get(self.role))


class PanelSession(Row, Base):
    """A signed-in browser. Only the token's hash is kept."""

    __tablename__ = "panel_sessions"

    token_hash: Mapped[str] = mapped_column(unique=True)
    organizer_id: Mapped[int] = mapped_column(ForeignKey("organizers.id"), index=True)
    expires_at: Mapped[datetime]
    last_seen_at: Mapped[datetime]
    agent: Mapped[str] = mapped_column(default="")


class Audit(Row, Base):
    """Append-only: who did what in which area. No personal data in ``details``."""

    __tablename__ = "audit"

    actor: Mapped[str]  # "organizer:3", "clock", "cli"
    area_id: Mapped[int | None] = mapped_column(ForeignKey("areas.id"), index=True)
    verb: Mapped[str]
    subject: Mapped[str] = mapped_column(default="")  # "consultation:11"
    details: Mapped[str] = mapped_column(default="")


class Heartbeat(Base):
    """When each long-running process last did its round."""

    __tablename__ = "heartbeats"

    name: Mapped[str] = mapped_column(primary_key=True)
    at: Mapped[datetime]


class Fact(Base):
    """A single stored value: first start, what the carrier was last asked, alarms."""

    __tablename__ = "facts"

    name: Mapped[str] = mapped_column(primary_key=True)
    value: Mapped[str]

    @classmethod
    def put(cls, s: Session, name: str, value: str) -> None:
        """Set it, whether it was there or not. Two processes may do so at once: nobody's transaction is lost."""
        row = insert_into(s, cls).values(name=name, value=value)
        s.execute(row.on_conflict_do_update(index_elements=[cls.name], set_={"value": value}))
