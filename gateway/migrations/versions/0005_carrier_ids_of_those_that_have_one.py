"""the carrier's ids are indexed where there is one: planning and claiming write one index less"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None

KNOWN = sa.text("carrier_id IS NOT NULL")


def upgrade() -> None:
    op.drop_index("ix_deliveries_carrier_id", "deliveries")
    op.create_index(
        "ix_deliveries_carrier_id", "deliveries", ["carrier_id"], sqlite_where=KNOWN, postgresql_where=KNOWN
    )


def downgrade() -> None:
    op.drop_index("ix_deliveries_carrier_id", "deliveries")
    op.create_index("ix_deliveries_carrier_id", "deliveries", ["carrier_id"])
