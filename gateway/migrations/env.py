"""Alembic's door: runs the versions against the engine that gateway.db.migrate hands over."""

from alembic import context
from sqlalchemy import LargeBinary, create_engine
from sqlalchemy.types import TypeDecorator

from gateway.models.tables import Base


def render_item(kind: str, item: object, _context: object) -> str | bool:
    """Write our column types as the plain ones underneath, so that an old version never imports new code."""
    if kind == "type" and isinstance(item, TypeDecorator):
        return "sa.LargeBinary()" if isinstance(item.impl, LargeBinary) else "sa.DateTime(timezone=True)"
    return False


engine = context.config.attributes.get("engine")
if engine is None:  # called by the alembic command, while writing a new version
    engine = create_engine(context.config.get_main_option("sqlalchemy.url") or "sqlite://")

with engine.connect() as connection:
    context.configure(
        connection=connection,
        target_metadata=Base.metadata,
        render_as_batch=True,
        compare_type=True,
        render_item=render_item,
    )
    with context.begin_transaction():
        context.run_migrations()
    connection.commit()
