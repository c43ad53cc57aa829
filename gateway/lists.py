"""``IN`` with many values or with a sub-select, said so that each of the two databases does it well."""

import json
from typing import Any

from sqlalchemy import ARRAY, BigInteger, String, any_, bindparam, func, select
from sqlalchemy.orm import Session


def among(s: Session, column: Any, values: Any) -> Any:
    """``column IN (values)`` with all ids or strings in one parameter: a thousand of them cost a statement no more than
    one, and on PostgreSQL the index is used whatever its statistics say just then."""
    if s.get_bind().dialect.name == "sqlite":
        given = bindparam(None, json.dumps(list(values)), type_=String)
        return column.in_(select(func.json_each(given).table_valued("value").c.value))
    return column == any_(bindparam(None, list(values), type_=ARRAY(element_of(column))))


def element_of(column: Any) -> Any:
    """The type of one value of a list that is compared with this column: a string, or a whole number of 64 bits."""
    return String() if isinstance(column.type, String) else BigInteger()


def once(dialect: str, column: Any, rows: Any) -> Any:
    """``column IN (rows)`` of a sub-select that PostgreSQL shall run once, before anything else. Left to itself it may
    run one that locks what it finds anew for every row of the table: just after a large broadcast was planned its
    statistics know of no planned row, and a claim of 400 of 100,000 was seen to take longer than nine minutes."""
    return column.in_(rows) if dialect == "sqlite" else column == any_(func.array(rows.scalar_subquery()))
