"""who takes part: segments, participants, meetings and invitations, proxies, assessments; paper behind written opinions"""

import sqlalchemy as sa
from alembic import op

revision = "0014"
down_revision = "0013"
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


def _sealed(name: str) -> sa.Column:
    return sa.Column(name, sa.LargeBinary(), nullable=False)


def _text(*names: str) -> list[sa.Column]:
    return [sa.Column(name, sa.String(), nullable=False) for name in names]


def upgrade() -> None:
    op.add_column("consultations", sa.Column("tag", sa.String(), nullable=False, server_default=""))
    op.add_column("consultations", sa.Column("named", sa.Boolean(), nullable=False, server_default=sa.false()))
    op.add_column("consultations", sa.Column("sides", sa.JSON(), nullable=False, server_default="[]"))
    op.add_column("opinions", sa.Column("paper", sa.String(), nullable=False, server_default=""))
    for table in ("ballots", "ballot_log"):
        op.add_column(table, sa.Column("proxy_id", sa.Integer(), nullable=True))
    op.create_table(
        "consultation_people",
        _to("consultation_people", "consultation_id", "consultations"),
        _to("consultation_people", "person_id", "people"),
        sa.PrimaryKeyConstraint("consultation_id", "person_id", name="pk_consultation_people"),
    )
    op.create_table(
        "participants",
        *_row("participants"),
        _to("participants", "consultation_id", "consultations"),
        _to("participants", "person_id", "people", null=True),
        _sealed("name"),
        *_text("subject"),
        _to("participants", "handset_id", "handsets", null=True),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.UniqueConstraint("consultation_id", "person_id", name="uq_participants_consultation_id_person_id"),
    )
    op.create_table(
        "meetings",
        *_row("meetings"),
        _to("meetings", "consultation_id", "consultations"),
        *_text("form", "place", "state", "room", "by"),
        _sealed("minutes"),
        sa.Column("starts_at", MOMENT, nullable=False),
        sa.Column("everybody", sa.Boolean(), nullable=False),
        sa.Column("listen", sa.Boolean(), nullable=False),
        _to("meetings", "hall_id", "handsets", null=True),
        sa.Column("attendance", sa.Integer(), nullable=True),
        sa.Column("began_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
    )
    op.create_table(
        "invitations",
        *_row("invitations"),
        _to("invitations", "meeting_id", "meetings"),
        _to("invitations", "participant_id", "participants"),
        sa.Column("asked", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("speaks", sa.Boolean(), nullable=False, server_default=sa.false()),
        *_text("answer", "how"),
        sa.Column("answered_at", MOMENT, nullable=True),
        sa.UniqueConstraint("meeting_id", "participant_id", name="uq_invitations_meeting_id_participant_id"),
    )
    op.create_table(
        "proxies",
        *_row("proxies"),
        _to("proxies", "consultation_id", "consultations"),
        _to("proxies", "principal_id", "people"),
        _to("proxies", "proxy_id", "people"),
        *_text("paper", "state", "how"),
        _sealed("witness"),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("settled_at", MOMENT, nullable=True),
        _to("proxies", "entered_by", "organizers", null=True),
    )
    op.create_table(
        "assessments",
        *_row("assessments"),
        _to("assessments", "consultation_id", "consultations"),
        *_text("author", "summary", "file_name", "by"),
        sa.Column("file", sa.String(), nullable=True),
    )
    for table, column in (
        ("participants", "consultation_id"), ("meetings", "consultation_id"), ("meetings", "state"), ("invitations", "participant_id"),
        ("proxies", "consultation_id"), ("proxies", "principal_id"), ("proxies", "proxy_id"), ("assessments", "consultation_id"),
    ):  # fmt: skip
        op.create_index(f"ix_{table}_{column}", table, [column])


def downgrade() -> None:
    for table in ("assessments", "proxies", "invitations", "meetings", "participants", "consultation_people"):
        op.drop_table(table)
    for table in ("ballot_log", "ballots"):
        op.drop_column(table, "proxy_id")
    op.drop_column("opinions", "paper")
    for column in ("sides", "named", "tag"):
        op.drop_column("consultations", column)
