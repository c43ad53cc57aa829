"""tasks, evaluations, and what a government answered"""

import sqlalchemy as sa
from alembic import op

revision = "0012"
down_revision = "0011"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def _table(name: str, texts: tuple[str, ...], moments: tuple[str, ...], *more: sa.Column, unique: bool = False) -> None:  # type: ignore[type-arg]
    """A table about consultations: texts must be there, moments may."""
    one = [sa.UniqueConstraint("consultation_id", name=f"uq_{name}_consultation_id")] if unique else []
    op.create_table(
        name,
        sa.Column("consultation_id", ID, sa.ForeignKey("consultations.id", name=f"fk_{name}_consultation_id"), nullable=False),
        *(sa.Column(text, sa.String(), nullable=False) for text in texts),
        *(sa.Column(moment, MOMENT, nullable=moment != "due_at") for moment in moments),
        *more,
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{name}"),
        *one,
    )  # fmt: skip
    if not unique:
        op.create_index(f"ix_{name}_consultation_id", name, ["consultation_id"])


def upgrade() -> None:
    _table("tasks", ("what", "owner", "why", "proof", "done_by"), ("due_at", "done_at"))
    reported = sa.Column("reported", sa.JSON(), nullable=False)
    _table("evaluations", ("evaluator", "findings", "summary", "by"), (), reported)
    _table("commissions", ("body", "answer", "by"), ("due_at", "answered_at"), unique=True)


def downgrade() -> None:
    for name in ("commissions", "evaluations", "tasks"):
        op.drop_table(name)
