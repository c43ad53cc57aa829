"""meetings that decide, doors that were knocked at, and what an objector says of the explanation"""

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("objections", sa.Column("outcome", sa.String(), nullable=False, server_default=""))
    op.add_column("objections", sa.Column("answered_at", sa.DateTime(timezone=True), nullable=True))
    op.create_table(
        "assemblies",
        sa.Column("consultation_id", ID, sa.ForeignKey("consultations.id", name="fk_assemblies_consultation_id"), nullable=False),
        sa.Column("body", sa.String(), nullable=False),
        sa.Column("starts_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("place", sa.String(), nullable=False),
        sa.Column("called_by", sa.String(), nullable=False),
        sa.Column("members", sa.Integer(), nullable=False),
        *(sa.Column(name, sa.Integer(), nullable=True) for name in ("present", "agree", "against", "abstain")),
        *(sa.Column(name, sa.Float(), nullable=True) for name in ("members_area", "present_area", "agree_area")),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("outcome", "minutes", "approved_by", "counted_by")),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_assemblies"),
    )  # fmt: skip
    op.create_index("ix_assemblies_consultation_id", "assemblies", ["consultation_id"])
    op.create_table(
        "visits",
        sa.Column("consultation_id", ID, sa.ForeignKey("consultations.id", name="fk_visits_consultation_id"), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("home", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_visits"),
        sa.UniqueConstraint("consultation_id", "round", "home", name="uq_visits_consultation_id_round_home"),
    )  # fmt: skip


def downgrade() -> None:
    op.drop_table("visits")
    op.drop_table("assemblies")
    op.drop_column("objections", "answered_at")
    op.drop_column("objections", "outcome")
