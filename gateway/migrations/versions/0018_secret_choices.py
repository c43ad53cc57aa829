"""choices of a secret matter apart from who took part; by which share owners' ballots decide"""

import sqlalchemy as sa
from alembic import op

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("consultations", sa.Column("decision", sa.String(), nullable=False, server_default=""))
    op.create_table(
        "secret_choices",
        sa.Column(
            "consultation_id",
            sa.Integer(),
            sa.ForeignKey("consultations.id", name="fk_secret_choices_consultation_id"),
            nullable=False,
        ),
        sa.Column("voter", sa.String(), nullable=False),
        sa.Column("choice", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("consultation_id", "voter", name="pk_secret_choices"),
        sqlite_with_rowid=False,
    )


def downgrade() -> None:
    op.drop_table("secret_choices")
    op.drop_column("consultations", "decision")
