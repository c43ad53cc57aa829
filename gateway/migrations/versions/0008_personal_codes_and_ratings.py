"""a person's own code and way of being spoken to; how residents find what was carried out"""

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("people", sa.Column("speech", sa.String(), nullable=False, server_default=""))
    op.add_column("people", sa.Column("code", sa.String(), nullable=True))
    op.add_column("people", sa.Column("code_misses", sa.Integer(), nullable=False, server_default="0"))
    op.create_table(
        "ratings",
        sa.Column("consultation_id", sa.Integer(), sa.ForeignKey("consultations.id", name="fk_ratings_consultation_id"), nullable=False),
        sa.Column("person_id", sa.Integer(), sa.ForeignKey("people.id", name="fk_ratings_person_id"), nullable=False),
        sa.Column("score", sa.Integer(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_ratings"),
        sa.UniqueConstraint("consultation_id", "person_id", name="uq_ratings_consultation_id_person_id"),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("ratings")
    for column in ("code_misses", "code", "speech"):
        op.drop_column("people", column)
