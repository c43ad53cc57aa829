"""the catalogue of topics, and what becomes of what residents propose"""

from datetime import timedelta

import sqlalchemy as sa
from alembic import op

revision = "0011"
down_revision = "0010"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    topics = op.create_table(
        "topic_types",
        sa.Column("area_id", ID, sa.ForeignKey("areas.id", name="fk_topic_types_area_id"), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("three_important", sa.JSON(), nullable=False),
        *(sa.Column(name, sa.Boolean(), nullable=False) for name in ("wide_impact", "technical", "errand")),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("assembly", "unit", "by")),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("replaces", ID, sa.ForeignKey("topic_types.id", name="fk_topic_types_replaces"), nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_topic_types"),
    )  # fmt: skip
    assert topics is not None
    op.create_index("ix_topic_types_area_id", "topic_types", ["area_id"])
    proposals = op.create_table(
        "proposals",
        sa.Column("opinion_id", ID, sa.ForeignKey("opinions.id", name="fk_proposals_opinion_id"), nullable=False),
        *(sa.Column(name, sa.String(), nullable=False) for name in ("state", "reason", "decided_by")),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("consultation_id", ID, sa.ForeignKey("consultations.id", name="fk_proposals_consultation_id"), nullable=True),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_proposals"),
        sa.UniqueConstraint("opinion_id", name="uq_proposals_opinion_id"),
    )  # fmt: skip
    assert proposals is not None
    op.create_index("ix_proposals_state", "proposals", ["state"])
    op.create_index("ix_proposals_consultation_id", "proposals", ["consultation_id"])
    # 0 is no topic of the catalogue; SQLite can't add a foreign key to a table that is there
    op.add_column("consultations", sa.Column("topic_id", sa.Integer(), nullable=False, server_default="0"))
    # what was proposed before is waiting, too
    opinions = sa.table("opinions", sa.column("id"), sa.column("kind"), sa.column("created_at", MOMENT))
    rows = op.get_bind().execute(sa.select(opinions.c.id, opinions.c.created_at).where(opinions.c.kind == "proposal"))
    waiting = [
        {"opinion_id": id, "state": "raised", "reason": "", "decided_by": "", "due_at": at + timedelta(days=15), "created_at": at}
        for id, at in rows
    ]  # fmt: skip
    if waiting:
        op.bulk_insert(proposals, waiting)


def downgrade() -> None:
    op.drop_column("consultations", "topic_id")
    op.drop_table("proposals")
    op.drop_table("topic_types")
