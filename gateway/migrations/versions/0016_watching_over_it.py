"""flags of the supervision committee, referrals, registers; how far an area is, and a broadcast's own hours"""

import sqlalchemy as sa
from alembic import op

revision = "0016"
down_revision = "0015"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def _to(table: str, column: str, to: str, null: bool = False) -> sa.Column:
    return sa.Column(column, sa.Integer(), sa.ForeignKey(f"{to}.id", name=f"fk_{table}_{column}"), nullable=null)


def _row(table: str) -> tuple:
    return (
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
    )


def _text(*names: str) -> list[sa.Column]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def upgrade() -> None:
    op.add_column("areas", sa.Column("rollout", sa.String(), nullable=False, server_default=""))
    op.add_column("broadcasts", sa.Column("call_hours", sa.String(), nullable=False, server_default=""))
    op.create_table(
        "flags",
        *_row("flags"),
        _to("flags", "consultation_id", "consultations"),
        _to("flags", "area_id", "areas"),
        _to("flags", "event_id", "consultation_events", null=True),
        *_text("words", "state", "by", "answer", "answered_by"),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.Column("settled_at", MOMENT, nullable=True),
        _to("flags", "follows", "flags", null=True),
    )
    op.create_table(
        "referrals",
        *_row("referrals"),
        _to("referrals", "consultation_id", "consultations"),
        _to("referrals", "from_id", "areas"),
        _to("referrals", "to_id", "areas"),
        *_text("reason", "state", "by", "answer", "answered_by"),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("answered_at", MOMENT, nullable=True),
    )
    op.create_table(
        "register_entries",
        *_row("register_entries"),
        _to("register_entries", "area_id", "areas"),
        *_text("kind", "title", "by"),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("amount", sa.Integer(), nullable=True),
        sa.Column("fields", sa.LargeBinary(), nullable=False),
        _to("register_entries", "replaces", "register_entries", null=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("published_at", MOMENT, nullable=True),
    )
    op.create_index("ix_register_entries_area_id_kind_day", "register_entries", ["area_id", "kind", "day"])
    for table, columns in (("flags", ("consultation_id", "state")), ("referrals", ("consultation_id", "from_id", "to_id", "state"))):
        for column in columns:
            op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    for table in ("register_entries", "referrals", "flags"):
        op.drop_table(table)
    op.drop_column("broadcasts", "call_hours")
    op.drop_column("areas", "rollout")
