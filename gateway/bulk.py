"""Many rows at once: the driver's executemany on SQLite, COPY on PostgreSQL."""

import gc
import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from sqlalchemy import JSON, BigInteger, String, bindparam, cast, func, select, update
from sqlalchemy.orm import Session

from gateway.prepared import refused


@contextmanager
def uncollected() -> Iterator[None]:
    """Many rows that make no cycles: they are gone before the garbage collector needs to look. Otherwise it walks the
    whole process once every few thousand rows, a quarter of an import's time. The price: other threads' cycles wait."""
    was = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was:
            gc.enable()


def fresh_ids(s: Session, table: Any, n: int) -> list[int]:
    """``n`` ids for new rows of a table, ascending; to be used in this transaction."""
    if not n:
        return []
    if s.get_bind().dialect.name == "sqlite":  # nobody else writes meanwhile
        first = (s.scalar(select(func.max(table.id))) or 0) + 1
        return list(range(first, first + n))
    drawn = select(func.nextval(f"{table.__tablename__}_id_seq"))
    return sorted(s.scalars(drawn.select_from(func.generate_series(1, n).alias())))


def bulk_insert(
    s: Session, table: Any, columns: tuple[str, ...], rows: list[tuple[Any, ...]], same: dict[str, Any]
) -> None:
    """Insert many rows as fast as the driver can. ``rows`` hold what it takes as it is (text, numbers, truth values,
    bytes, None); ``same`` is what all rows have in common, converted by its column's type. Defaults are the ORM's:
    give every value. Raises DBAPIError for what the database refuses."""
    if not rows:
        return
    s.flush()
    connection = s.connection()
    dialect: Any = connection.dialect
    of = table.__table__.c
    names = [of[name].name for name in (*columns, *same)]
    shared = tuple(_as_driven(of[name].type, dialect, value) for name, value in same.items())
    if dialect.name == "sqlite":
        marks = ", ".join("?" for _ in names)
        statement = f"INSERT INTO {table.__tablename__} ({', '.join(names)}) VALUES ({marks})"
        connection.exec_driver_sql(statement, [row + shared for row in rows])
        return
    copied = f"COPY {table.__tablename__} ({', '.join(names)}) FROM STDIN"
    cursor: Any = connection.connection.cursor()
    try:
        with cursor.copy(copied) as copy:
            for row in rows:
                copy.write_row(row + shared)
    except dialect.loaded_dbapi.Error as error:
        raise refused(connection, error, cursor) from error


def bulk_set(s: Session, column: Any, values: dict[int, int]) -> None:
    """Give ``column`` of many rows, by their ids, a number each: one statement."""
    given = bindparam(None, json.dumps(values), type_=String)
    if s.get_bind().dialect.name == "sqlite":
        each = func.json_each(given).table_valued("key", "value")
    else:
        each = func.json_each_text(cast(given, JSON)).table_valued("key", "value")
    table = column.class_
    change = update(table).where(table.id == cast(each.c.key, BigInteger))
    to = {column.key: cast(each.c.value, BigInteger)}
    s.execute(change.values(to), execution_options={"synchronize_session": False})


def _as_driven(type_: Any, dialect: Any, value: Any) -> Any:
    convert = type_.dialect_impl(dialect).bind_processor(dialect)
    return convert(value) if convert else value
