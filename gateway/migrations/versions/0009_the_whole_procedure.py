"""what a topic asks of the procedure, the rules a matter began with, whose turn it is until when, and rule profiles"""

import sqlalchemy as sa
from alembic import op

revision = "0009"
down_revision = "0008"
branch_labels = None
depends_on = None

_TEXTS = ("assembly", "commissioned_by", "count_by", "resumes")
_FLAGS = ("wide_impact", "technical")


def upgrade() -> None:
    add = [sa.Column(name, sa.String(), nullable=False, server_default="") for name in _TEXTS]
    add += [sa.Column(name, sa.Boolean(), nullable=False, server_default=sa.false()) for name in _FLAGS]
    add += [
        sa.Column("scope", sa.String(), nullable=False, server_default="village"),
        sa.Column("three_important", sa.JSON(), nullable=False, server_default="[]"),
        sa.Column("profile", sa.JSON(), nullable=False, server_default="{}"),
        sa.Column("due_at", sa.DateTime(timezone=True), nullable=True),
    ]
    for column in add:
        op.add_column("consultations", column)
    op.add_column(
        "consultation_events", sa.Column("evidence", sa.String(), nullable=False, server_default="")
    )
    op.create_table(
        "rule_profiles",
        sa.Column("area_id", sa.Integer(), sa.ForeignKey("areas.id", name="fk_rule_profiles_area_id"), nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("valid_from", sa.Date(), nullable=False),
        sa.Column("valid_until", sa.Date(), nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("changes", sa.JSON(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_rule_profiles"),
    )  # fmt: skip
    op.create_index("ix_rule_profiles_area_id", "rule_profiles", ["area_id"])


def downgrade() -> None:
    op.drop_table("rule_profiles")
    op.drop_column("consultation_events", "evidence")
    for name in (*_TEXTS, *_FLAGS, "scope", "three_important", "profile", "due_at"):
        op.drop_column("consultations", name)
