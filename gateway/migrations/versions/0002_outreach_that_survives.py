"""outreach that survives: audiences, approval, budgets, senders, ladders, attempts"""

import sqlalchemy as sa
from alembic import op

revision = "0002"
down_revision = "0001"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
PLANNED, LEASED = sa.text("state = 'planned'"), sa.text("lease_until IS NOT NULL")


def upgrade() -> None:
    with op.batch_alter_table("areas") as table:
        table.add_column(sa.Column("timezone", sa.String(), nullable=True))
        table.add_column(sa.Column("needs_approval", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("monthly_budget", sa.Integer(), nullable=True))
    with op.batch_alter_table("handsets") as table:
        table.add_column(sa.Column("sender", sa.String(), nullable=True))
    with op.batch_alter_table("broadcasts") as table:
        table.add_column(sa.Column("why", sa.String(), nullable=False, server_default=""))
        table.add_column(sa.Column("audience", sa.JSON(), nullable=False, server_default="{}"))
        table.add_column(sa.Column("ladder", sa.String(), nullable=False, server_default="15m, 2h, next day"))
        table.add_column(sa.Column("fallback", sa.String(), nullable=False, server_default=""))
        table.add_column(sa.Column("detect", sa.Boolean(), nullable=False, server_default=sa.false()))
        table.add_column(sa.Column("price", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("approved_by", ID, nullable=True))
        table.create_foreign_key("fk_broadcasts_approved_by", "organizers", ["approved_by"], ["id"])
    op.create_table(
        "spending",
        sa.Column("area_id", ID, nullable=False),
        sa.Column("month", sa.String(), nullable=False),
        sa.Column("amount", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name="fk_spending_area_id"),
        sa.PrimaryKeyConstraint("area_id", "month", name="pk_spending"),
    )
    with op.batch_alter_table("delivery_events") as table:
        table.add_column(sa.Column("attempt", sa.Integer(), nullable=False, server_default="0"))
        table.create_index("ix_delivery_events_carrier_id", ["carrier_id"])
    with op.batch_alter_table("deliveries") as table:
        table.add_column(sa.Column("sender", sa.String(), nullable=True))
        table.add_column(sa.Column("day", sa.String(), nullable=True))
        table.add_column(sa.Column("day_attempts", sa.Integer(), nullable=False, server_default="0"))
        table.drop_index("ix_deliveries_lane_state_due_at")
        table.drop_index("ix_deliveries_state_lease_until")
        table.drop_index("ix_deliveries_handset_id")
        table.create_index("ix_deliveries_handset_id_day", ["handset_id", "day"])
    for name, columns, rows in (
        ("planned", ["broadcast_id", "lane", "due_at"], PLANNED),
        ("leased", ["lease_until"], LEASED),
    ):
        op.create_index(
            f"ix_deliveries_{name}", "deliveries", columns, sqlite_where=rows, postgresql_where=rows
        )


def downgrade() -> None:
    # never: going back is restoring the backup made before the upgrade
    raise NotImplementedError("audiences and attempts would be lost")
