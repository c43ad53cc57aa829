"""a result that is being written and not yet published: it outlives the browser's Back button, and a house visit"""

import sqlalchemy as sa
from alembic import op

revision = "0006"
down_revision = "0005"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("consultations", sa.Column("draft", sa.JSON(), nullable=False, server_default="{}"))


def downgrade() -> None:
    op.drop_column("consultations", "draft")
