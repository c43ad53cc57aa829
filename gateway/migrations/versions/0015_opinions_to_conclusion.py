"""every opinion grouped and answered; secret choices apart from who took part; recusal; what ballots decide"""

import sqlalchemy as sa
from alembic import op

revision = "0015"
down_revision = "0014"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)
_OPINION = ("group_id", "verdict", "why", "answered_at", "answered_by")


def _row(table: str) -> tuple:
    return (
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name=f"pk_{table}"),
    )


def _text(*names: str) -> list[sa.Column]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def _to(table: str, column: str, to: str, null: bool = False) -> sa.Column:
    return sa.Column(column, sa.Integer(), sa.ForeignKey(f"{to}.id", name=f"fk_{table}_{column}"), nullable=null)


def upgrade() -> None:
    op.add_column("opinions", sa.Column("group_id", sa.Integer(), nullable=True))
    op.create_index("ix_opinions_group_id", "opinions", ["group_id"])
    for name in ("verdict", "why", "answered_by"):
        op.add_column("opinions", sa.Column(name, sa.String(), nullable=False, server_default=""))
    op.add_column("opinions", sa.Column("answered_at", MOMENT, nullable=True))
    op.create_table(
        "opinion_groups",
        *_row("opinion_groups"),
        _to("opinion_groups", "consultation_id", "consultations"),
        *_text("name", "by"),
        sa.UniqueConstraint("consultation_id", "name", name="uq_opinion_groups_consultation_id_name"),
    )
    op.create_table(
        "themes",
        *_row("themes"),
        _to("themes", "area_id", "areas"),
        *_text("name", "by"),
        sa.Column("words", sa.JSON(), nullable=False),
        sa.Column("stance", sa.Boolean(), nullable=False),
        sa.UniqueConstraint("area_id", "name", name="uq_themes_area_id_name"),
    )
    op.create_table(
        "recusals",
        *_row("recusals"),
        _to("recusals", "consultation_id", "consultations"),
        _to("recusals", "organizer_id", "organizers"),
        *_text("reason", "by", "ended_by", "end_reason"),
        sa.Column("ended_at", MOMENT, nullable=True),
    )
    op.create_index("ix_recusals_consultation_id", "recusals", ["consultation_id"])


def downgrade() -> None:
    for table in ("recusals", "themes", "opinion_groups"):
        op.drop_table(table)
    op.drop_index("ix_opinions_group_id", "opinions")
    for column in _OPINION:
        op.drop_column("opinions", column)
