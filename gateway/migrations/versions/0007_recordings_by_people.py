"""recordings by people instead of synthetic speech; a resident's recording knows its copy, its draft and its deletion"""

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None

ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def _belongs(table: str, column: str, to: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint([column], [f"{to}.id"], name=op.f(f"fk_{table}_{column}"))


def upgrade() -> None:
    op.create_table(
        "prompts",
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("consultation_id", ID, nullable=True),
        sa.Column("area_id", ID, nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("way", sa.String(), nullable=False),
        sa.Column("file", sa.String(), nullable=True),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("recording_id", ID, nullable=True),
        sa.Column("made_by", ID, nullable=False),
        sa.Column("live_at", MOMENT, nullable=True),
        sa.Column("ended_at", MOMENT, nullable=True),
        sa.Column("ended_by", ID, nullable=True),
        _belongs("prompts", "consultation_id", "consultations"),
        _belongs("prompts", "area_id", "areas"),
        _belongs("prompts", "recording_id", "recordings"),
        _belongs("prompts", "made_by", "organizers"),
        _belongs("prompts", "ended_by", "organizers"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prompts")),
    )
    op.create_index("ix_prompts_state_language_consultation_id", "prompts", ["state", "language", "consultation_id"])
    for column in ("digest", "consultation_id", "file"):
        op.create_index(op.f(f"ix_prompts_{column}"), "prompts", [column])
    op.create_table(
        "prompt_codes",
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("code_index", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("words", sa.Text(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("part", sa.String(), nullable=False),
        sa.Column("consultation_id", ID, nullable=True),
        sa.Column("area_id", ID, nullable=False),
        sa.Column("organizer_id", ID, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("used_at", MOMENT, nullable=True),
        _belongs("prompt_codes", "consultation_id", "consultations"),
        _belongs("prompt_codes", "area_id", "areas"),
        _belongs("prompt_codes", "organizer_id", "organizers"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prompt_codes")),
    )
    op.create_index(op.f("ix_prompt_codes_code_index"), "prompt_codes", ["code_index"])
    op.create_table(
        "prompt_guesses",
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.Column("handset_id", ID, nullable=False),
        _belongs("prompt_guesses", "handset_id", "handsets"),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_prompt_guesses")),
    )
    op.create_index(op.f("ix_prompt_guesses_handset_id"), "prompt_guesses", ["handset_id"])
    with op.batch_alter_table("recordings") as table:
        table.add_column(sa.Column("copy", sa.String(), nullable=True))
        table.add_column(sa.Column("forgotten_at", MOMENT, nullable=True))
        table.add_column(sa.Column("forget_tries", sa.Integer(), nullable=False, server_default="0"))
        table.add_column(sa.Column("forget_due_at", MOMENT, nullable=True))
        table.add_column(sa.Column("draft", sa.LargeBinary(), nullable=True))
        table.add_column(sa.Column("draft_state", sa.String(), nullable=False, server_default=""))


def downgrade() -> None:
    # never: going back is restoring the backup made before the upgrade
    raise NotImplementedError("which recording a resident heard would be forgotten")
