"""a delivery enters the index of its day once it has one: planning and claiming no longer pay for it"""

import sqlalchemy as sa
from alembic import op

revision = "0017"
down_revision = "0016"
branch_labels = None
depends_on = None

_NAME, _ONLY = "ix_deliveries_handset_id_day", sa.text("day IS NOT NULL")


def upgrade() -> None:
    op.drop_index(_NAME, table_name="deliveries")
    op.create_index(_NAME, "deliveries", ["handset_id", "day"], sqlite_where=_ONLY, postgresql_where=_ONLY)


def downgrade() -> None:
    op.drop_index(_NAME, table_name="deliveries")
    op.create_index(_NAME, "deliveries", ["handset_id", "day"])
