"""What the make-believe carrier remembers: its own SQLite file, so that several threads and restarts agree."""

import json
import secrets
import sqlite3
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any

from gateway import clock

_TABLES = """
CREATE TABLE IF NOT EXISTS messages (n INTEGER PRIMARY KEY, sid TEXT UNIQUE, direction TEXT, sender TEXT, receiver TEXT,
  body TEXT, status TEXT, error TEXT, callback TEXT, created TEXT, read INTEGER DEFAULT 0);
CREATE INDEX IF NOT EXISTS messages_by_receiver ON messages (receiver, n);
CREATE INDEX IF NOT EXISTS messages_by_sender ON messages (sender, n);
CREATE INDEX IF NOT EXISTS messages_unread ON messages (receiver) WHERE read = 0 AND direction != 'inbound';
CREATE TABLE IF NOT EXISTS calls (n INTEGER PRIMARY KEY, sid TEXT UNIQUE, direction TEXT, sender TEXT, receiver TEXT,
  status TEXT, url TEXT, callback TEXT, events TEXT, created TEXT, answered TEXT, ended TEXT, sequence INTEGER DEFAULT 0,
  live TEXT);
CREATE INDEX IF NOT EXISTS calls_by_receiver ON calls (receiver, n);
CREATE TABLE IF NOT EXISTS captions (n INTEGER PRIMARY KEY, call TEXT, kind TEXT, words TEXT, parts TEXT);
CREATE INDEX IF NOT EXISTS captions_by_call ON captions (call, n);
CREATE TABLE IF NOT EXISTS recordings (sid TEXT PRIMARY KEY, call TEXT, seconds INTEGER, data BLOB);
CREATE TABLE IF NOT EXISTS callbacks (n INTEGER PRIMARY KEY, shard INTEGER, url TEXT, form TEXT, due REAL, state INTEGER DEFAULT 0);
CREATE INDEX IF NOT EXISTS callbacks_due ON callbacks (state, shard, due);
CREATE TABLE IF NOT EXISTS facts (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS errors (n INTEGER PRIMARY KEY, at TEXT, code TEXT, detail TEXT);
"""
Row = dict[str, Any]


def new_sid(kind: str) -> str:
    """``SM`` + 32 hex digits, as the real one's."""
    return kind + secrets.token_hex(16)


class Store:
    """One connection a thread; every method is one short transaction."""

    def __init__(self, path: Path) -> None:
        path.parent.mkdir(parents=True, exist_ok=True)
        self._path, self._local = path, threading.local()
        with self.write() as db:
            db.executescript(_TABLES)
            if "parts" not in {row["name"] for row in db.execute("PRAGMA table_info(captions)")}:
                db.execute(
                    "ALTER TABLE captions ADD COLUMN parts TEXT"
                )  # a file from before there were clips

    def _connection(self) -> sqlite3.Connection:
        found: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if found is None:
            found = sqlite3.connect(self._path, timeout=30, isolation_level=None, check_same_thread=False)
            found.row_factory = sqlite3.Row
            found.execute("PRAGMA journal_mode=WAL")
            found.execute("PRAGMA synchronous=NORMAL")
            self._local.connection = found
        return found

    @contextmanager
    def write(self) -> Iterator[sqlite3.Connection]:
        db = self._connection()
        db.execute("BEGIN IMMEDIATE")
        try:
            yield db
        except BaseException:
            if db.in_transaction:
                db.execute("ROLLBACK")
            raise
        if db.in_transaction:
            db.execute("COMMIT")

    def all(self, query: str, *values: Any) -> list[Row]:
        return [dict(row) for row in self._connection().execute(query, values)]

    def one(self, query: str, *values: Any) -> Row | None:
        row = self._connection().execute(query, values).fetchone()
        return dict(row) if row else None

    def add(self, table: str, **values: Any) -> None:
        names, marks = ", ".join(values), ", ".join("?" * len(values))
        with self.write() as db:
            db.execute(f"INSERT INTO {table} ({names}) VALUES ({marks})", tuple(values.values()))

    def change(self, table: str, sid: str, **values: Any) -> None:
        sets = ", ".join(f"{name} = ?" for name in values)
        with self.write() as db:
            db.execute(f"UPDATE {table} SET {sets} WHERE sid = ?", (*values.values(), sid))

    # -- what every table writes the same way --------------------------------------------

    def message(
        self,
        direction: str,
        sender: str,
        receiver: str,
        body: str,
        status: str,
        callback: str = "",
        error: str = "",
    ) -> Row:
        sid = new_sid("SM")
        self.add(
            "messages", sid=sid, direction=direction, sender=sender, receiver=receiver, body=body, status=status,
            callback=callback, error=error, created=now(),
        )  # fmt: skip
        found = self.one("SELECT * FROM messages WHERE sid = ?", sid)
        assert found
        return found

    def call(self, sid: str) -> Row | None:
        found = self.one("SELECT * FROM calls WHERE sid = ?", sid)
        if found:
            found["live"] = json.loads(found["live"] or "{}")
        return found

    def caption(self, call: str, kind: str, words: str, parts: str | None = None) -> None:
        self.add("captions", call=call, kind=kind, words=words, parts=parts)

    def error(self, code: str, detail: str) -> None:
        """What the real carrier would put into its debugger."""
        self.add("errors", at=now(), code=code, detail=detail[:500])

    def fact(self, name: str) -> Any:
        found = self.one("SELECT value FROM facts WHERE name = ?", name)
        return json.loads(found["value"]) if found else None

    def set_fact(self, name: str, value: Any) -> None:
        with self.write() as db:
            db.execute("INSERT OR REPLACE INTO facts VALUES (?, ?)", (name, json.dumps(value)))


def now() -> str:
    """The village's time, which a trial clock may have moved."""
    return clock.now().isoformat()


def rfc2822(iso: str | None) -> str | None:
    """``Tue, 24 Nov 2026 12:00:00 +0000``, as the REST API writes dates."""
    return datetime.fromisoformat(iso).strftime("%a, %d %b %Y %H:%M:%S +0000") if iso else None
