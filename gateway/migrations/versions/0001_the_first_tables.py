"""the first tables"""

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


ID = sa.BigInteger().with_variant(sa.Integer(), "sqlite")
MOMENT = sa.DateTime(timezone=True)


def upgrade() -> None:
    op.create_table(
        "areas",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("level", sa.String(), nullable=False),
        sa.Column("parent_id", ID, nullable=True),
        sa.Column("path", sa.String(), nullable=False),
        sa.Column("signature", sa.String(), nullable=False),
        sa.Column("duty_phone", sa.String(), nullable=True),
        sa.Column("languages", sa.JSON(), nullable=False),
        sa.Column("profile", sa.JSON(), nullable=False),
        sa.Column("stats", sa.JSON(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["parent_id"], ["areas.id"], name="fk_areas_parent_id"),
        sa.PrimaryKeyConstraint("id", name="pk_areas"),
        sa.UniqueConstraint("code", name="uq_areas_code"),
    )
    op.create_index("ix_areas_path", "areas", ["path"], unique=False)
    op.create_table(
        "delivery_events",
        sa.Column("delivery_id", ID, nullable=False),
        sa.Column("status", sa.String(), nullable=False),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("carrier_id", sa.String(), nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_delivery_events"),
    )
    op.create_index("ix_delivery_events_delivery_id", "delivery_events", ["delivery_id"], unique=False)
    op.create_table(
        "facts",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("value", sa.String(), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_facts"),
    )
    op.create_table(
        "handsets",
        sa.Column("number", sa.LargeBinary(), nullable=False),
        sa.Column("number_index", sa.String(), nullable=False),
        sa.Column("tail", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("sms_stopped_at", MOMENT, nullable=True),
        sa.Column("voice_stopped_at", MOMENT, nullable=True),
        sa.Column("bad_reason", sa.String(), nullable=True),
        sa.Column("language", sa.String(), nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_handsets"),
        sa.UniqueConstraint("number_index", name="uq_handsets_number_index"),
    )
    op.create_index("ix_handsets_tail", "handsets", ["tail"], unique=False)
    op.create_table(
        "heartbeats",
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("at", MOMENT, nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_heartbeats"),
    )
    op.create_table(
        "audit",
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("area_id", ID, nullable=True),
        sa.Column("verb", sa.String(), nullable=False),
        sa.Column("subject", sa.String(), nullable=False),
        sa.Column("details", sa.String(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name="fk_audit_area_id"),
        sa.PrimaryKeyConstraint("id", name="pk_audit"),
    )
    op.create_index("ix_audit_area_id", "audit", ["area_id"], unique=False)
    op.create_table(
        "conversations",
        sa.Column("handset_id", ID, nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("carrier_id", sa.String(), nullable=True),
        sa.Column("script", sa.String(), nullable=False),
        sa.Column("digest", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("place", sa.JSON(), nullable=False),
        sa.Column("facts", sa.LargeBinary(), nullable=False),
        sa.Column("turn", sa.Integer(), nullable=False),
        sa.Column("delivery_id", sa.Integer(), nullable=True),
        sa.Column("over", sa.Boolean(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["handset_id"], ["handsets.id"], name="fk_conversations_handset_id"),
        sa.PrimaryKeyConstraint("id", name="pk_conversations"),
        sa.UniqueConstraint("carrier_id", name="uq_conversations_carrier_id"),
    )
    op.create_index("ix_conversations_handset_id_over", "conversations", ["handset_id", "over"], unique=False)
    op.create_table(
        "households",
        sa.Column("area_id", ID, nullable=False),
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("delegate_id", ID, nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name="fk_households_area_id"),
        sa.PrimaryKeyConstraint("id", name="pk_households"),
        sa.UniqueConstraint("area_id", "code", name="uq_households_area_id_code"),
    )
    op.create_table(
        "inbound_events",
        sa.Column("carrier_id", sa.String(), nullable=False),
        sa.Column("step", sa.String(), nullable=False),
        sa.Column("handset_id", ID, nullable=True),
        sa.Column("payload", sa.LargeBinary(), nullable=False),
        sa.Column("answer", sa.Text(), nullable=False),
        sa.Column("intent", sa.String(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["handset_id"], ["handsets.id"], name="fk_inbound_events_handset_id"),
        sa.PrimaryKeyConstraint("id", name="pk_inbound_events"),
        sa.UniqueConstraint("carrier_id", "step", name="uq_inbound_events_carrier_id_step"),
    )
    op.create_index("ix_inbound_events_handset_id", "inbound_events", ["handset_id"], unique=False)
    op.create_table(
        "organizers",
        sa.Column("login", sa.String(), nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("role", sa.String(), nullable=False),
        sa.Column("area_id", ID, nullable=False),
        sa.Column("password", sa.String(), nullable=False),
        sa.Column("active", sa.Boolean(), nullable=False),
        sa.Column("failures", sa.Integer(), nullable=False),
        sa.Column("locked_until", MOMENT, nullable=True),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name="fk_organizers_area_id"),
        sa.PrimaryKeyConstraint("id", name="pk_organizers"),
        sa.UniqueConstraint("login", name="uq_organizers_login"),
    )
    op.create_table(
        "recordings",
        sa.Column("carrier_id", sa.String(), nullable=False),
        sa.Column("url", sa.LargeBinary(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("file", sa.String(), nullable=True),
        sa.Column("seconds", sa.Integer(), nullable=False),
        sa.Column("handset_id", ID, nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["handset_id"], ["handsets.id"], name="fk_recordings_handset_id"),
        sa.PrimaryKeyConstraint("id", name="pk_recordings"),
        sa.UniqueConstraint("carrier_id", name="uq_recordings_carrier_id"),
    )
    op.create_index("ix_recordings_state", "recordings", ["state"], unique=False)
    op.create_table(
        "consultations",
        sa.Column("number", sa.Integer(), nullable=False),
        sa.Column("title", sa.String(), nullable=False),
        sa.Column("area_id", ID, nullable=False),
        sa.Column("lead", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("unit", sa.String(), nullable=False),
        sa.Column("group_name", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("options", sa.JSON(), nullable=False),
        sa.Column("opens_at", MOMENT, nullable=True),
        sa.Column("closes_at", MOMENT, nullable=True),
        sa.Column("publicity_ends_at", MOMENT, nullable=True),
        sa.Column("publicity_left", sa.Integer(), nullable=True),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("result", sa.String(), nullable=False),
        sa.Column("sms", sa.JSON(), nullable=False),
        sa.Column("voice", sa.JSON(), nullable=False),
        sa.Column("sensitive", sa.Boolean(), nullable=False),
        sa.Column("created_by", ID, nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name="fk_consultations_area_id"),
        sa.ForeignKeyConstraint(["created_by"], ["organizers.id"], name="fk_consultations_created_by"),
        sa.PrimaryKeyConstraint("id", name="pk_consultations"),
        sa.UniqueConstraint("number", name="uq_consultations_number"),
    )
    op.create_index("ix_consultations_area_id", "consultations", ["area_id"], unique=False)
    op.create_index("ix_consultations_state", "consultations", ["state"], unique=False)
    op.create_table(
        "panel_sessions",
        sa.Column("token_hash", sa.String(), nullable=False),
        sa.Column("organizer_id", ID, nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("last_seen_at", MOMENT, nullable=False),
        sa.Column("agent", sa.String(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["organizer_id"], ["organizers.id"], name="fk_panel_sessions_organizer_id"),
        sa.PrimaryKeyConstraint("id", name="pk_panel_sessions"),
        sa.UniqueConstraint("token_hash", name="uq_panel_sessions_token_hash"),
    )
    op.create_index("ix_panel_sessions_organizer_id", "panel_sessions", ["organizer_id"], unique=False)
    op.create_table(
        "people",
        sa.Column("area_id", ID, nullable=False),
        sa.Column("household_id", ID, nullable=True),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("sex", sa.String(), nullable=True),
        sa.Column("birth_year", sa.Integer(), nullable=True),
        sa.Column("group_name", sa.String(), nullable=False),
        sa.Column("language", sa.String(), nullable=False),
        sa.Column("registered", sa.Boolean(), nullable=False),
        sa.Column("lives", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("prefers", sa.String(), nullable=False),
        sa.Column("needs", sa.JSON(), nullable=False),
        sa.Column("tags", sa.JSON(), nullable=False),
        sa.Column("owner", sa.Boolean(), nullable=False),
        sa.Column("floor_area", sa.Double(), nullable=True),
        sa.Column("sms_consent", sa.Boolean(), nullable=False),
        sa.Column("voice_consent", sa.Boolean(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name="fk_people_area_id"),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name="fk_people_household_id"),
        sa.PrimaryKeyConstraint("id", name="pk_people"),
    )
    op.create_index("ix_people_area_id_name", "people", ["area_id", "name"], unique=False)
    op.create_index("ix_people_household_id", "people", ["household_id"], unique=False)
    op.create_index("ix_people_state", "people", ["state"], unique=False)
    op.create_table(
        "ballot_log",
        sa.Column("consultation_id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("option", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("receipt", sa.String(), nullable=False),
        sa.Column("entered_by", sa.Integer(), nullable=True),
        sa.Column("paper", sa.String(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["consultation_id"], ["consultations.id"], name="fk_ballot_log_consultation_id"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_ballot_log_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_ballot_log"),
    )
    op.create_index("ix_ballot_log_consultation_id", "ballot_log", ["consultation_id"], unique=False)
    op.create_table(
        "ballots",
        sa.Column("consultation_id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=False),
        sa.Column("household_id", ID, nullable=True),
        sa.Column("option", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("receipt", sa.String(), nullable=False),
        sa.Column("entered_by", ID, nullable=True),
        sa.Column("paper", sa.String(), nullable=False),
        sa.Column("changed_at", MOMENT, nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["consultation_id"], ["consultations.id"], name="fk_ballots_consultation_id"),
        sa.ForeignKeyConstraint(["entered_by"], ["organizers.id"], name="fk_ballots_entered_by"),
        sa.ForeignKeyConstraint(["household_id"], ["households.id"], name="fk_ballots_household_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_ballots_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_ballots"),
        sa.UniqueConstraint("consultation_id", "person_id", name="uq_ballots_consultation_id_person_id"),
    )
    op.create_table(
        "broadcasts",
        sa.Column("area_id", ID, nullable=False),
        sa.Column("consultation_id", ID, nullable=True),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("sms", sa.String(), nullable=False),
        sa.Column("voice", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("started_at", MOMENT, nullable=True),
        sa.Column("finished_at", MOMENT, nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name="fk_broadcasts_area_id"),
        sa.ForeignKeyConstraint(
            ["consultation_id"], ["consultations.id"], name="fk_broadcasts_consultation_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_broadcasts"),
    )
    op.create_index("ix_broadcasts_area_id", "broadcasts", ["area_id"], unique=False)
    op.create_index("ix_broadcasts_consultation_id", "broadcasts", ["consultation_id"], unique=False)
    op.create_index("ix_broadcasts_state", "broadcasts", ["state"], unique=False)
    op.create_table(
        "claims",
        sa.Column("handset_id", ID, nullable=False),
        sa.Column("name", sa.String(), nullable=False),
        sa.Column("area_said", sa.String(), nullable=False),
        sa.Column("area_id", ID, nullable=True),
        sa.Column("person_id", ID, nullable=True),
        sa.Column("recording_id", ID, nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("decided_by", ID, nullable=True),
        sa.Column("decided_at", MOMENT, nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name="fk_claims_area_id"),
        sa.ForeignKeyConstraint(["decided_by"], ["organizers.id"], name="fk_claims_decided_by"),
        sa.ForeignKeyConstraint(["handset_id"], ["handsets.id"], name="fk_claims_handset_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_claims_person_id"),
        sa.ForeignKeyConstraint(["recording_id"], ["recordings.id"], name="fk_claims_recording_id"),
        sa.PrimaryKeyConstraint("id", name="pk_claims"),
    )
    op.create_index("ix_claims_area_id", "claims", ["area_id"], unique=False)
    op.create_index("ix_claims_handset_id", "claims", ["handset_id"], unique=False)
    op.create_index("ix_claims_state", "claims", ["state"], unique=False)
    op.create_table(
        "consents",
        sa.Column("handset_id", ID, nullable=False),
        sa.Column("person_id", ID, nullable=True),
        sa.Column("scope", sa.String(), nullable=False),
        sa.Column("given", sa.Boolean(), nullable=False),
        sa.Column("how", sa.String(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["handset_id"], ["handsets.id"], name="fk_consents_handset_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_consents_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_consents"),
    )
    op.create_index("ix_consents_handset_id", "consents", ["handset_id"], unique=False)
    op.create_table(
        "consultation_areas",
        sa.Column("consultation_id", ID, nullable=False),
        sa.Column("area_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["area_id"], ["areas.id"], name="fk_consultation_areas_area_id"),
        sa.ForeignKeyConstraint(
            ["consultation_id"], ["consultations.id"], name="fk_consultation_areas_consultation_id"
        ),
        sa.PrimaryKeyConstraint("consultation_id", "area_id", name="pk_consultation_areas"),
    )
    op.create_index("ix_consultation_areas_area_id", "consultation_areas", ["area_id"], unique=False)
    op.create_table(
        "consultation_events",
        sa.Column("consultation_id", ID, nullable=False),
        sa.Column("event", sa.String(), nullable=False),
        sa.Column("from_state", sa.String(), nullable=False),
        sa.Column("to_state", sa.String(), nullable=False),
        sa.Column("actor", sa.String(), nullable=False),
        sa.Column("reason", sa.String(), nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["consultation_id"], ["consultations.id"], name="fk_consultation_events_consultation_id"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_consultation_events"),
    )
    op.create_index(
        "ix_consultation_events_consultation_id", "consultation_events", ["consultation_id"], unique=False
    )
    op.create_table(
        "notices",
        sa.Column("consultation_id", ID, nullable=False),
        sa.Column("stage", sa.String(), nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("sms", sa.String(), nullable=False),
        sa.Column("voice", sa.String(), nullable=False),
        sa.Column("by", sa.String(), nullable=False),
        sa.Column("broadcast_id", sa.Integer(), nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(["consultation_id"], ["consultations.id"], name="fk_notices_consultation_id"),
        sa.PrimaryKeyConstraint("id", name="pk_notices"),
        sa.UniqueConstraint(
            "consultation_id", "stage", "round", name="uq_notices_consultation_id_stage_round"
        ),
    )
    op.create_table(
        "objections",
        sa.Column("consultation_id", ID, nullable=False),
        sa.Column("round", sa.Integer(), nullable=False),
        sa.Column("person_id", ID, nullable=True),
        sa.Column("handset_id", ID, nullable=True),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("recording_id", ID, nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("receipt", sa.String(), nullable=False),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("explanation", sa.String(), nullable=False),
        sa.Column("explained_at", MOMENT, nullable=True),
        sa.Column("explained_by", ID, nullable=True),
        sa.Column("closed_at", MOMENT, nullable=True),
        sa.Column("entered_by", ID, nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["consultation_id"], ["consultations.id"], name="fk_objections_consultation_id"
        ),
        sa.ForeignKeyConstraint(["entered_by"], ["organizers.id"], name="fk_objections_entered_by"),
        sa.ForeignKeyConstraint(["explained_by"], ["organizers.id"], name="fk_objections_explained_by"),
        sa.ForeignKeyConstraint(["handset_id"], ["handsets.id"], name="fk_objections_handset_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_objections_person_id"),
        sa.ForeignKeyConstraint(["recording_id"], ["recordings.id"], name="fk_objections_recording_id"),
        sa.PrimaryKeyConstraint("id", name="pk_objections"),
    )
    op.create_index(
        "ix_objections_consultation_id_state", "objections", ["consultation_id", "state"], unique=False
    )
    op.create_index("ix_objections_handset_id", "objections", ["handset_id"], unique=False)
    op.create_table(
        "opinions",
        sa.Column("consultation_id", ID, nullable=True),
        sa.Column("person_id", ID, nullable=True),
        sa.Column("handset_id", ID, nullable=True),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("words", sa.LargeBinary(), nullable=False),
        sa.Column("recording_id", ID, nullable=True),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("receipt", sa.String(), nullable=False),
        sa.Column("anonymous", sa.Boolean(), nullable=False),
        sa.Column("done_at", MOMENT, nullable=True),
        sa.Column("done_by", ID, nullable=True),
        sa.Column("entered_by", ID, nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["consultation_id"], ["consultations.id"], name="fk_opinions_consultation_id"
        ),
        sa.ForeignKeyConstraint(["done_by"], ["organizers.id"], name="fk_opinions_done_by"),
        sa.ForeignKeyConstraint(["entered_by"], ["organizers.id"], name="fk_opinions_entered_by"),
        sa.ForeignKeyConstraint(["handset_id"], ["handsets.id"], name="fk_opinions_handset_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_opinions_person_id"),
        sa.ForeignKeyConstraint(["recording_id"], ["recordings.id"], name="fk_opinions_recording_id"),
        sa.PrimaryKeyConstraint("id", name="pk_opinions"),
    )
    op.create_index("ix_opinions_consultation_id", "opinions", ["consultation_id"], unique=False)
    op.create_index("ix_opinions_handset_id", "opinions", ["handset_id"], unique=False)
    op.create_table(
        "person_handsets",
        sa.Column("person_id", ID, nullable=False),
        sa.Column("handset_id", ID, nullable=False),
        sa.ForeignKeyConstraint(["handset_id"], ["handsets.id"], name="fk_person_handsets_handset_id"),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_person_handsets_person_id"),
        sa.PrimaryKeyConstraint("person_id", "handset_id", name="pk_person_handsets"),
    )
    op.create_index("ix_person_handsets_handset_id", "person_handsets", ["handset_id"], unique=False)
    op.create_table(
        "questions",
        sa.Column("handset_id", ID, nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("consultation_id", ID, nullable=True),
        sa.Column("data", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", MOMENT, nullable=False),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["consultation_id"], ["consultations.id"], name="fk_questions_consultation_id"
        ),
        sa.ForeignKeyConstraint(["handset_id"], ["handsets.id"], name="fk_questions_handset_id"),
        sa.PrimaryKeyConstraint("id", name="pk_questions"),
        sa.UniqueConstraint("handset_id", name="uq_questions_handset_id"),
    )
    op.create_table(
        "receipts",
        sa.Column("code", sa.String(), nullable=False),
        sa.Column("kind", sa.String(), nullable=False),
        sa.Column("consultation_id", ID, nullable=True),
        sa.Column("person_id", ID, nullable=True),
        sa.Column("id", ID, nullable=False),
        sa.Column("created_at", MOMENT, nullable=False),
        sa.ForeignKeyConstraint(
            ["consultation_id"], ["consultations.id"], name="fk_receipts_consultation_id"
        ),
        sa.ForeignKeyConstraint(["person_id"], ["people.id"], name="fk_receipts_person_id"),
        sa.PrimaryKeyConstraint("id", name="pk_receipts"),
        sa.UniqueConstraint("code", name="uq_receipts_code"),
    )
    op.create_table(
        "deliveries",
        sa.Column("id", ID, nullable=False),
        sa.Column("broadcast_id", ID, nullable=True),
        sa.Column("handset_id", ID, nullable=False),
        sa.Column("channel", sa.String(), nullable=False),
        sa.Column("lane", sa.String(), nullable=False),
        sa.Column("body", sa.LargeBinary(), nullable=True),
        sa.Column("script", sa.String(), nullable=True),
        sa.Column("about_id", sa.Integer(), nullable=True),
        sa.Column("state", sa.String(), nullable=False),
        sa.Column("attempts", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("due_at", MOMENT, nullable=False),
        sa.Column("lease_until", MOMENT, nullable=True),
        sa.Column("leased_by", sa.String(), nullable=True),
        sa.Column("submitted_at", MOMENT, nullable=True),
        sa.Column("carrier_id", sa.String(), nullable=True),
        sa.Column("error", sa.String(), nullable=True),
        sa.Column("settled_at", MOMENT, nullable=True),
        sa.Column("heard", sa.String(), nullable=True),
        sa.ForeignKeyConstraint(["broadcast_id"], ["broadcasts.id"], name="fk_deliveries_broadcast_id"),
        sa.ForeignKeyConstraint(["handset_id"], ["handsets.id"], name="fk_deliveries_handset_id"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint(
            "broadcast_id", "handset_id", "channel", name="uq_deliveries_broadcast_id_handset_id_channel"
        ),
    )
    op.create_index("ix_deliveries_carrier_id", "deliveries", ["carrier_id"], unique=False)
    op.create_index("ix_deliveries_handset_id", "deliveries", ["handset_id"], unique=False)
    op.create_index(
        "ix_deliveries_lane_state_due_at", "deliveries", ["lane", "state", "due_at"], unique=False
    )
    op.create_index("ix_deliveries_state_lease_until", "deliveries", ["state", "lease_until"], unique=False)
    # households name a delegate and people a household: SQLite can't add the second key afterwards
    if op.get_bind().dialect.name != "sqlite":
        op.create_foreign_key("fk_households_delegate_id", "households", "people", ["delegate_id"], ["id"])


def downgrade() -> None:
    # never: going back is restoring the backup made before the upgrade
    raise NotImplementedError("there is nothing before the first tables")
