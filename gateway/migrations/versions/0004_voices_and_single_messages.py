"""how many voices there were when gathering ended; what a single message belongs to"""

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

SINGLE = sa.text("subject IS NOT NULL")


def upgrade() -> None:
    # matters that ended before this have no number: the clock's next round writes down what is true now
    with op.batch_alter_table("consultations") as table:
        table.add_column(sa.Column("voices", sa.Integer(), nullable=True))
    with op.batch_alter_table("deliveries") as table:
        table.add_column(sa.Column("subject", sa.String(), nullable=True))
    op.create_index(
        "ix_deliveries_subject", "deliveries", ["subject"], sqlite_where=SINGLE, postgresql_where=SINGLE
    )


def downgrade() -> None:
    # never: going back is restoring the backup made before the upgrade
    raise NotImplementedError("the turnout of past matters would be lost")
