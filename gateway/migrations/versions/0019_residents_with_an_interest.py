"""a resident with an interest in a matter stays out of deciding it, as an organizer does"""

import sqlalchemy as sa
from alembic import op

revision = "0019"
down_revision = "0018"
branch_labels = None
depends_on = None


def upgrade() -> None:
    with op.batch_alter_table("recusals") as table:
        table.add_column(sa.Column("person_id", sa.Integer(), nullable=True))
        table.create_foreign_key("fk_recusals_person_id", "people", ["person_id"], ["id"])
        table.alter_column("organizer_id", existing_type=sa.Integer(), nullable=True)


def downgrade() -> None:
    op.execute("DELETE FROM recusals WHERE organizer_id IS NULL")
    with op.batch_alter_table("recusals") as table:
        table.alter_column("organizer_id", existing_type=sa.Integer(), nullable=False)
        table.drop_constraint("fk_recusals_person_id", type_="foreignkey")
        table.drop_column("person_id")
