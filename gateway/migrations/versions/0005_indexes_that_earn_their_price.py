"""the carrier's ids indexed only where there is one, objections also by person: every SMS asks for its sender's"""

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


    op.create_index("ix_objections_person_id", "objections", ["person_id"])


def downgrade() -> None:
    op.drop_index("ix_objections_person_id", "objections")
    op.drop_index("ix_deliveries_carrier_id", "deliveries")
    op.create_index("ix_deliveries_carrier_id", "deliveries", ["carrier_id"])
