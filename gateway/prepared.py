"""Statements compiled once a process and run straight on the driver, in the session's own transaction.

For the few that every message needs: SQLAlchemy's building, caching and loading costs ten times the statement
itself. Column types still convert on the way in and out, so sealed text stays sealed. Everything else is ORM.
"""

from collections.abc import Callable
from typing import Any, Generic, TypeVar

from sqlalchemy import ARRAY, JSON, any_, bindparam, func, select
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.engine import Connection, Dialect
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from gateway.lists import element_of, once

T = TypeVar("T", bound=tuple[Any, ...])


def given(name: str, type_: Any = None) -> Any:
    """A value of that name, to be passed at every run; what it is compared with tells its type."""
    return bindparam(
        name, type_=type_, required=False
    )  # "required" ones can't be compiled beside a constant list


class Sql:
    """What the two databases say differently, for whoever writes a statement."""

    def __init__(self, dialect: Dialect) -> None:
        self._sqlite = dialect.name == "sqlite"

    def insert(self, table: Any) -> Any:
        """An INSERT of all columns but the key, that can say ON CONFLICT. Defaults are the ORM's: give every value."""
        return (sqlite if self._sqlite else postgresql).insert(table).inline()

    def among(self, column: Any, name: str) -> Any:
        """``column IN (the strings or whole numbers passed as a list under name)``, see :func:`gateway.lists.among`."""
        if self._sqlite:
            return column.in_(select(func.json_each(given(name, JSON)).table_valued("value").c.value))
        return column == any_(given(name, ARRAY(element_of(column))))

    def once(self, column: Any, rows: Any) -> Any:
        """``column IN (rows)``, see :func:`gateway.lists.once`."""
        return once("sqlite" if self._sqlite else "postgresql", column, rows)


class Prepared(Generic[T]):
    """One statement. ``row`` is a NamedTuple whose fields are the statement's columns, in their order."""

    def __init__(self, write: Callable[[Sql], Any], row: type[T] = tuple) -> None:  # type: ignore[assignment]
        self._write, self._row = write, row
        self._ready: dict[str, _Ready] = {}

    def all(self, s: Session, /, **values: Any) -> list[T]:
        """Run it with these values; its rows. What the session has pending is written first.

        Raises KeyError for a value that is missing, DBAPIError for what the database refuses.
        """
        s.flush()
        connection, cursor = s.info.get("driver") or open_cursor(s)
        ready = self._ready.get(connection.dialect.name) or self._prepare(connection.dialect)
        return ready.run(connection, cursor, values)

    def first(self, s: Session, /, **values: Any) -> T | None:
        """The first row, or None."""
        rows = self.all(s, **values)
        return rows[0] if rows else None

    def _prepare(self, dialect: Dialect) -> "_Ready":
        ready = self._ready[dialect.name] = _Ready(self._write(Sql(dialect)), dialect, self._row)
        return ready


class _Ready:
    """A statement in one database's words."""

    def __init__(self, statement: Any, dialect: Dialect, row: Any) -> None:
        columns = statement.exported_columns
        if getattr(row, "_fields", None) not in (None, tuple(columns.keys())):
            raise TypeError(f"{row.__name__} does not fit {columns.keys()}")
        keys = [c.key for c in statement.table.columns if not c.primary_key] if statement.is_insert else None
        compiled = statement.compile(
            dialect=dialect, column_keys=keys, compile_kwargs={"render_postcompile": True}
        )
        self.text = str(compiled)
        self.order: tuple[str, ...] | None = tuple(compiled.positiontup) if compiled.positional else None
        # constants written into the statement are anonymous; what the caller gives has its own name
        named = {name: bind for bind, name in compiled.bind_names.items() if not bind.unique}
        self.fixed = {n: v for n, v in compiled.construct_params(_check=False).items() if n not in named}
        self.convert = [
            (name, into)
            for name, bind in named.items()
            if (into := bind.type.dialect_impl(dialect).bind_processor(dialect)) is not None
        ]
        self.returns = bool(columns)
        self.make = getattr(row, "_make", tuple)
        self.restore = [
            (at, out)
            for at, column in enumerate(columns)
            if (out := column.type.dialect_impl(dialect).result_processor(dialect, None)) is not None
        ]

    def run(self, connection: Connection, cursor: Any, values: dict[str, Any]) -> list[Any]:
        for name, into in self.convert:
            values[name] = into(values[name])
        values |= self.fixed
        parameters: Any = [values[name] for name in self.order] if self.order is not None else values
        try:
            cursor.execute(self.text, parameters)
            rows = cursor.fetchall() if self.returns else []
        except connection.dialect.loaded_dbapi.Error as error:
            raise refused(connection, error, cursor) from error
        if not self.restore:
            return [self.make(row) for row in rows]
        return [self.make(self._restored(row)) for row in rows]

    def _restored(self, row: Any) -> list[Any]:
        values = list(row)
        for at, out in self.restore:
            values[at] = out(values[at])
        return values


def open_cursor(s: Session) -> tuple[Connection, Any]:
    """The session's connection and a cursor of the driver. Good until its transaction ends: who knows when that
    is may keep it as ``s.info["driver"]``, so that statements share it."""
    connection = s.connection()
    return connection, connection.connection.cursor()


def refused(connection: Connection, error: Any, cursor: Any = None) -> BaseException:
    """The driver's error as SQLAlchemy's; a connection that is gone is not put back into the pool."""
    dialect = connection.dialect
    lost = dialect.is_disconnect(error, connection.connection.dbapi_connection, cursor)
    if lost:
        connection.invalidate(error)
    # the parameters are personal data: never in a message
    return DBAPIError.instance(
        None,
        None,
        error,
        dialect.loaded_dbapi.Error,
        hide_parameters=True,
        connection_invalidated=lost,
        dialect=dialect,
    )
