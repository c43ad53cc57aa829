"""The database: one engine, two ways in (read, write), column types, and migration under a lock."""

import fcntl
import json
import os
import sqlite3
import threading
import time
from base64 import b64decode, b64encode
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Engine,
    create_engine,
    event,
    inspect,
    text,
)  # fmt: skip
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect, make_url
from sqlalchemy.exc import ArgumentError, InvalidatePoolError, SQLAlchemyError
from sqlalchemy.orm import Session
from sqlalchemy.pool import NullPool
from sqlalchemy.types import DateTime, LargeBinary, Text, TypeDecorator

from gateway.prepared import refused
from gateway.settings import CannotStart, concealed
from gateway.vault import Vault

MIGRATIONS = Path(__file__).parent / "migrations"
_LOCK_ID = 770_077  # one PostgreSQL advisory lock for migrating, any constant
_IDLE = 1.0  # seconds
_SEALED_WITH = "sealed-with"  # the fact that names the key
_vault: Vault | None = None
_SEAL = "sealed:"  # before sealed text in a column that also holds open text


def use_vault(vault: Vault) -> None:
    """Set the keys with which this process seals and opens :class:`Sealed` columns."""
    global _vault
    _vault = vault


def vault() -> Vault:
    """This process's keys; raises RuntimeError when :func:`use_vault` was not called."""
    if _vault is None:
        raise RuntimeError("no keys: call gateway.db.use_vault first")
    return _vault


class Moment(TypeDecorator[datetime]):
    """An instant, kept in UTC and always handed out with a zone (SQLite forgets zones)."""

    impl = DateTime(timezone=True)
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> datetime | None:
        if value is None:
            return None
        if value.tzinfo is None:
            raise ValueError("a moment without a time zone")
        value = value.astimezone(UTC)
        return value.replace(tzinfo=None) if dialect.name == "sqlite" else value

    def process_result_value(self, value: datetime | None, dialect: Any) -> datetime | None:
        return value.replace(tzinfo=UTC) if value is not None and value.tzinfo is None else value


class Sealed(TypeDecorator[str]):
    """Personal text, encrypted at rest; can't be searched."""

    impl = LargeBinary
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> bytes | None:
        return None if value is None else vault().seal(value)

    def process_result_value(self, value: bytes | None, dialect: Any) -> str | None:
        return None if value is None else vault().open(value)


class SealedText(TypeDecorator[str]):
    """The same in a text column that was once open: what was written before is read as it is."""

    impl = Text
    cache_ok = True

    def process_bind_param(self, value: str | None, dialect: Any) -> str | None:
        return None if value is None else _SEAL + b64encode(vault().seal(value)).decode()

    def process_result_value(self, value: str | None, dialect: Any) -> str | None:
        if value is None or not value.startswith(_SEAL):
            return value
        return vault().open(b64decode(value[len(_SEAL) :]))


class SealedJson(Sealed):
    """A JSON value, encrypted at rest."""

    cache_ok = True

    def process_bind_param(self, value: Any, dialect: Any) -> bytes | None:
        return None if value is None else vault().seal(json.dumps(value, ensure_ascii=False))

    def process_result_value(self, value: bytes | None, dialect: Any) -> Any:
        return None if value is None else json.loads(vault().open(value))


class Database:
    """An engine with the settings Xiangyin relies on, and its two doors: :meth:`read` and :meth:`write`."""

    def __init__(self, url: str) -> None:
        parsed = make_url(url)
        self.sqlite = parsed.get_backend_name() == "sqlite"
        options: dict[str, Any] = {"hide_parameters": True}
        if self.sqlite:
            if parsed.database:
                Path(parsed.database).parent.mkdir(parents=True, exist_ok=True)
            options["connect_args"] = {"timeout": 30, "check_same_thread": False}
        else:
            options |= {"pool_size": 10, "max_overflow": 20}
        self.engine: Engine = create_engine(url, **options)
        if self.sqlite:
            event.listen(self.engine, "connect", _prepare_sqlite)
            event.listen(self.engine, "begin", _begin_sqlite)
        else:
            event.listen(self.engine, "checkin", _left)
            event.listen(self.engine, "checkout", partial(_ask_after, self.engine.dialect))
        self._writing = self.engine.execution_options(xiangyin_writes=True)
        # SQLite's own waiting polls and starves: threads of one process take turns instead
        self._turn: AbstractContextManager[object] = threading.Lock() if self.sqlite else nullcontext()

    @contextmanager
    def write(self) -> Iterator[Session]:
        """One transaction, committed at the end of the block or rolled back by an exception.

        On SQLite it takes the write lock at once: a reader that turns writer half-way can't be
        made to wait, it fails.
        """
        # the transaction is the connection's, and the session joins it when first asked for an object: most messages
        # never do, and its own bookkeeping costs a tenth of one
        with (
            self._turn,
            self._writing.connect() as connection,
            connection.begin(),
            Session(connection, expire_on_commit=False, join_transaction_mode="rollback_only") as session,
        ):
            session.info["driver"] = connection, connection.connection.cursor()
            yield session
            session.flush()

    @contextmanager
    def read(self) -> Iterator[Session]:
        """A consistent view for reading; nothing done in the block is kept."""
        with Session(self.engine, expire_on_commit=False) as session:
            yield session

    def close(self) -> None:
        self.engine.dispose()


def insert_into(s: Session, table: Any) -> Any:
    """An INSERT that can say ON CONFLICT, whichever of the two databases this is."""
    dialect: Any = sqlite if s.get_bind().dialect.name == "sqlite" else postgresql
    return dialect.insert(table)


def _prepare_sqlite(connection: Any, _record: Any) -> None:
    connection.isolation_level = None  # we say BEGIN ourselves, see _begin_sqlite
    for pragma in (
        "journal_mode=WAL",
        "synchronous=NORMAL",
        "foreign_keys=ON",
        "busy_timeout=30000",
        "cache_size=-16000",
    ):
        connection.execute(f"PRAGMA {pragma}")


def _begin_sqlite(connection: Any) -> None:
    writes = connection.get_execution_options().get("xiangyin_writes")
    try:  # straight on the driver: every transaction begins here
        connection.connection.dbapi_connection.execute("BEGIN IMMEDIATE" if writes else "BEGIN")
    except sqlite3.Error as error:
        raise refused(connection, error) from error


def _left(_connection: Any, record: Any) -> None:
    record.info["left"] = time.monotonic()


def _ask_after(dialect: Dialect, connection: Any, record: Any, _proxy: Any) -> None:
    """Look whether a connection that lay idle still lives; one used a moment ago isn't worth a round trip."""
    if time.monotonic() - record.info.get("left", time.monotonic()) < _IDLE:
        return
    try:
        alive = dialect.do_ping(connection)
    except dialect.loaded_dbapi.Error:
        alive = False
    if not alive:
        raise InvalidatePoolError  # the server was restarted: the others are gone, too


def is_ready(url: str) -> bool:
    """Whether the tables are there and the newest; cheap, changes nothing.

    Raises :class:`CannotStart` in words when this can't be our database: nobody answers, it isn't one, it is somebody
    else's, or a newer version's.
    """
    try:
        where = make_url(url)
    except (ArgumentError, ValueError) as error:
        raise _unusable(url, f"不是一个数据库地址 / not a database address: {error}") from None
    sqlite_file = where.database if where.get_backend_name() == "sqlite" else None
    if sqlite_file and not _is_there(Path(sqlite_file), url):
        return False
    # looked at as it is: our own settings (WAL) would already change somebody else's file
    patience = {"timeout": 30} if sqlite_file else {"connect_timeout": 5}
    engine = create_engine(where, poolclass=NullPool, connect_args=patience)
    try:
        with engine.connect() as connection:
            tables = set(inspect(connection).get_table_names())
            version, key = None, None
            if "alembic_version" in tables:
                version = connection.scalar(text("SELECT version_num FROM alembic_version"))
            if "facts" in tables and "handsets" in tables:
                key = _key_of(connection)
    except SQLAlchemyError as error:
        raise _unusable(url, f"打不开 / can't be opened: {_said(error)}") from None
    finally:
        engine.dispose()
    known = {path.name.split("_")[0] for path in (MIGRATIONS / "versions").glob("[0-9]*.py")}
    if version and version not in known:
        raise _unusable(
            url, f"是更新的版本留下的，请装新版本 / made by a newer version ({version}): install that one"
        )
    if sqlite_file and tables and "alembic_version" not in tables:
        raise _unusable(url, "里面是别的程序的数据 / holds some other program's data")
    if key and _vault and not _vault.opens(key):
        raise CannotStart(
            "数据是用另一把钥匙封的，请放回原来的 SECRET_KEY 或 secret.key / the data is sealed with another key: "
            "put back the SECRET_KEY or the secret.key it was made with"
        )
    return version == max(known) and key is not None


def _key_of(connection: Connection) -> str | None:
    """The id of the key that sealed what is here; with another one, residents would become strangers."""
    noted: str | None = connection.scalar(
        text("SELECT value FROM facts WHERE name = :name"), {"name": _SEALED_WITH}
    )
    if noted is None:  # from before it was noted
        sealed = connection.scalar(text("SELECT number FROM handsets LIMIT 1"))
        return bytes(sealed)[:4].hex() if sealed else None
    return noted


def _is_there(file: Path, url: str) -> bool:
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise _unusable(url, f"打不开 / can't be opened: {error.strerror}") from None
    if not all(os.access(path, os.W_OK) for path in (file.parent, file) if path.exists()):
        raise _unusable(url, "写不进去 / can't be written")
    return file.exists()


def _unusable(url: str, why: str) -> CannotStart:
    return CannotStart(f"数据库 DATABASE_URL ({concealed(url)}) {why}")


def _said(error: Exception) -> str:
    """The driver's own reason: one line of it, without the statement around it."""
    lines = str(getattr(error, "orig", None) or error).strip().splitlines()
    return lines[0].strip() if lines else type(error).__name__


def migrate(url: str) -> None:
    """Bring the database to the newest tables; safe to call from many processes at once.

    Raises :class:`CannotStart` in words when that can't be done.
    """
    if is_ready(url):
        return  # the usual start: half a second of imports saved in every process
    from alembic import command
    from alembic.config import Config

    database = Database(url)
    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS))
    config.attributes["engine"] = database.engine
    try:
        if database.sqlite:
            path = make_url(url).database
            with Path(f"{path}.migrating").open("w") as lock:
                fcntl.flock(lock, fcntl.LOCK_EX)
                command.upgrade(config, "head")
                _note_key(database)
        else:
            with database.engine.connect() as holder:
                holder.execute(text("SELECT pg_advisory_lock(:id)"), {"id": _LOCK_ID})
                try:
                    command.upgrade(config, "head")
                    _note_key(database)
                finally:
                    holder.execute(text("SELECT pg_advisory_unlock(:id)"), {"id": _LOCK_ID})
                    holder.commit()
    except (SQLAlchemyError, OSError) as error:
        raise _unusable(url, f"建不了表 / the tables can't be made: {_said(error)}") from None
    finally:
        database.close()
    is_ready(url)  # somebody with another key may have been first


def _note_key(database: Database) -> None:
    if _vault is None:
        return
    with database.engine.begin() as connection:
        put = text("INSERT INTO facts (name, value) VALUES (:name, :key) ON CONFLICT DO NOTHING")
        connection.execute(put, {"name": _SEALED_WITH, "key": _vault.current_key_id})
