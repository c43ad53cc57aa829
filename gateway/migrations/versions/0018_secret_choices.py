"""choices of a secret matter apart from who took part; by which share owners' ballots decide"""

import sqlalchemy as sa
from alembic import op

from gateway.db import vault

revision = "0018"
down_revision = "0017"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("consultations", sa.Column("decision", sa.String(), nullable=False, server_default=""))
    op.create_table(
        "secret_choices",
        sa.Column(
            "consultation_id",
            sa.Integer(),
            sa.ForeignKey("consultations.id", name="fk_secret_choices_consultation_id"),
            nullable=False,
        ),
        sa.Column("voter", sa.String(), nullable=False),
        sa.Column("choice", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("consultation_id", "voter", name="pk_secret_choices"),
        sqlite_with_rowid=False,
    )
    _part()


def _part() -> None:
    """What was chosen in secret matters so far, out of the ballots. Without the keys (a schema made by hand) it stays
    where it is, and is counted there."""
    try:
        keys = vault()
    except RuntimeError:
        return
    bind = op.get_bind()
    said = bind.execute(
        sa.text(
            "SELECT b.consultation_id, b.person_id, b.option FROM ballots b JOIN consultations c ON c.id = b.consultation_id"
            " WHERE c.sensitive AND b.option <> ''"
        )
    ).all()
    for matter, person, option in said:
        row = {"matter": matter, "voter": keys.index(f"ballot {matter} {person}"), "choice": keys.seal(option)}
        put = "INSERT INTO secret_choices (consultation_id, voter, choice) VALUES (:matter, :voter, :choice)"
        bind.execute(sa.text(put), row)
    for table in ("ballots", "ballot_log"):
        secret = "SELECT id FROM consultations WHERE sensitive"
        bind.execute(sa.text(f"UPDATE {table} SET option = '' WHERE consultation_id IN ({secret})"))


def downgrade() -> None:
    op.drop_table("secret_choices")
    op.drop_column("consultations", "decision")
