"""which papers were printed, and the numbers on the ballot slips"""

import sqlalchemy as sa
from alembic import op

revision = "0013"
down_revision = "0012"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "printings",
        sa.Column("consultation_id", sa.Integer(), sa.ForeignKey("consultations.id", name="fk_printings_consultation_id"), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("first", sa.Integer(), nullable=True),
        sa.Column("last", sa.Integer(), nullable=True),
        sa.Column("by", sa.Integer(), sa.ForeignKey("organizers.id", name="fk_printings_by"), nullable=True),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_printings"),
        sa.UniqueConstraint("consultation_id", "first", name="uq_printings_consultation_id_first"),
    )  # fmt: skip
    op.create_index("ix_printings_consultation_id", "printings", ["consultation_id"])


def downgrade() -> None:
    op.drop_table("printings")
