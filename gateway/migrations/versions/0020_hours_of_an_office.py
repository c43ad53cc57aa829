"""when somebody sits beside an area's duty telephone"""

import sqlalchemy as sa
from alembic import op

revision = "0020"
down_revision = "0019"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("areas", sa.Column("office_hours", sa.String(), nullable=False, server_default=""))
    op.add_column("areas", sa.Column("office_weekends", sa.Boolean(), nullable=False, server_default=sa.false()))


def downgrade() -> None:
    op.drop_column("areas", "office_weekends")
    op.drop_column("areas", "office_hours")
