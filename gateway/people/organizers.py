"""Organizers' accounts: making one, signing in, and staying signed in."""

import hashlib
import re
import secrets
import threading
import unicodedata
from datetime import UTC, datetime, timedelta

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError
from pypinyin import lazy_pinyin
from sqlalchemy import delete, func, select, update
from sqlalchemy.orm import Session

from gateway import text
from gateway.db import Database
from gateway.models.area import Area
from gateway.models.organizer import ROLES, Organizer, PanelSession

SESSION_HOURS = 12
_hasher = PasswordHasher()
# checked when the login is unknown, so that the answer takes as long as for a known one
_DUMMY = _hasher.hash("nobody")


class WrongPassword(Exception):
    """The login or the password is not right; which of them is never said."""


class Busy(Exception):
    """Too many people sign in at this moment, or somebody guesses; whether the password is right was not looked at."""


class Locked(Exception):
    """Too many wrong passwords."""

    def __init__(self, until: datetime) -> None:
        super().__init__(until)
        self.until = until


def _real_now() -> datetime:
    # sessions and locks run on real time: moving the trial village a day on must not sign anybody out
    return datetime.now(UTC)


def add(
    s: Session, *, name: str, area: Area, role: str, login: str | None = None, password: str | None = None
) -> tuple[Organizer, str]:
    """A new account and its password (made up if not given).

    Raises ValueError for an unknown role, a taken login or a name that is none.
    """
    name = text.name(name)
    if role not in ROLES:
        raise ValueError(f"unknown role {role!r}; one of {', '.join(ROLES)}")
    base = login or re.sub(r"[^a-z0-9]", "", "".join(lazy_pinyin(name)).lower()) or "organizer"
    chosen, n = base, 1
    while s.scalar(select(Organizer.id).where(func.lower(Organizer.login) == chosen.lower())):
        if login:
            raise ValueError(f"the login {login!r} is taken")
        n += 1
        chosen = f"{base}{n}"
    password = password or "-".join(secrets.token_hex(2) for _ in range(3))
    organizer = Organizer(
        login=chosen, name=name, role=role, area_id=area.id, password=_hasher.hash(password)
    )
    s.add(organizer)
    s.flush()
    return organizer, password


def _as_typed(login: str) -> str:
    """A login as a phone's keyboard writes it: a capital first letter and full-width ones mean the same."""
    return unicodedata.normalize("NFKC", login).strip().lower()


def check(db: Database, login: str, password: str) -> Organizer:
    """The organizer who signs in; raises :class:`WrongPassword`, :class:`Locked` or :class:`Busy`.

    Five wrong passwords lock the account for a minute, each further one doubles that (at most a day). The password
    is compared between two transactions: it takes a tenth of a second, and residents' messages wait for a lock.
    """
    named = select(Organizer).where(func.lower(Organizer.login) == _as_typed(login), Organizer.active)
    with db.read() as s:
        organizer = s.scalar(named)
    if organizer and organizer.locked_until and organizer.locked_until > _real_now():
        raise Locked(organizer.locked_until)
    # somebody unknown takes as long as somebody with a wrong password
    right = _matches(organizer.password if organizer else _DUMMY, password)
    if organizer is None:
        raise WrongPassword
    with db.write() as s:
        organizer = s.get_one(Organizer, organizer.id)
        if right:
            organizer.failures, organizer.locked_until = 0, None
            return organizer
        # counted by the database, so that guesses in parallel all count
        s.execute(
            update(Organizer)
            .where(Organizer.id == organizer.id)
            .values(failures=Organizer.failures + 1)
            .execution_options(synchronize_session=False)
        )
        s.refresh(organizer)
        if organizer.failures >= 5:
            minutes = min(2 ** (organizer.failures - 5), 24 * 60)
            organizer.locked_until = _real_now() + timedelta(minutes=minutes)
    raise WrongPassword


# each comparison fills a core, and who waits for one holds a thread of the web server: a flood of guesses must leave
# residents both
_comparing = threading.BoundedSemaphore(1)
_in_line = threading.BoundedSemaphore(4)


def _matches(stored: str, password: str) -> bool:
    if not _in_line.acquire(blocking=False):
        raise Busy
    try:
        with _comparing:
            return _hasher.verify(stored, password)
    except (VerifyMismatchError, InvalidHashError):
        return False
    finally:
        _in_line.release()


def _hash(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()


def sign_in(s: Session, organizer: Organizer, agent: str) -> str:
    """Open a session for a browser; returns the token for its cookie."""
    token, now = secrets.token_urlsafe(32), _real_now()
    s.execute(delete(PanelSession).where(PanelSession.expires_at < now))
    s.add(
        PanelSession(
            token_hash=_hash(token),
            organizer_id=organizer.id,
            expires_at=now + timedelta(hours=SESSION_HOURS),
            last_seen_at=now,
            agent=agent[:200],
        )
    )
    return token


def who(s: Session, token: str) -> Organizer | None:
    """Whose session this is, or None when it is unknown, over, or the account was closed."""
    return s.scalar(
        select(Organizer)
        .join(PanelSession, PanelSession.organizer_id == Organizer.id)
        .where(PanelSession.token_hash == _hash(token), PanelSession.expires_at > _real_now())
        .where(Organizer.active)
    )


def sign_out(s: Session, token: str) -> None:
    s.execute(delete(PanelSession).where(PanelSession.token_hash == _hash(token)))


def change_password(db: Database, organizer: Organizer, old: str, new: str) -> None:
    """Raises :class:`WrongPassword` for the old one, :class:`Busy`, ValueError for a new one under ten characters."""
    if len(new) < 10:
        raise ValueError("at least ten characters")
    if not _matches(organizer.password, old):
        raise WrongPassword
    sealed = _hasher.hash(new)
    with db.write() as s:
        s.get_one(Organizer, organizer.id).password = sealed
