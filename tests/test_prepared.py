"""Prepared statements: the columns' types still convert, and refusals are still SQLAlchemy's."""

from typing import Any, NamedTuple

import pytest
from sqlalchemy import select, text
from sqlalchemy.exc import DBAPIError, IntegrityError

from gateway import clock
from gateway.models.conversation import InboundEvent
from gateway.prepared import Prepared, given
from gateway.runtime import Runtime


class Kept(NamedTuple):
    payload: dict[str, str]
    created_at: Any


ROW = {"step": "sms", "handset_id": None, "answer": "", "intent": None, "error": None}
KEEP: Prepared[Any] = Prepared(lambda sql: sql.insert(InboundEvent))
READ = Prepared(
    lambda sql: select(InboundEvent.payload, InboundEvent.created_at).where(
        sql.among(InboundEvent.carrier_id, "ids"), InboundEvent.step == given("step")
    ),
    Kept,
)


def test_sealed_text_and_moments_come_back_as_they_went_and_lie_there_sealed(each_village: Runtime) -> None:
    now = clock.now()
    with each_village.db.write() as s:
        KEEP.all(s, **ROW, carrier_id="SM1", payload={"Body": "百分之百%"}, created_at=now)
        assert READ.all(s, ids=["SM1", "SM2"], step="sms") == [({"Body": "百分之百%"}, now)]
        sealed = s.scalar(text("SELECT payload FROM inbound_events WHERE carrier_id = 'SM1'"))
        assert "百".encode() not in bytes(sealed)  # type: ignore[arg-type]


def test_what_the_session_has_pending_is_written_first(each_village: Runtime) -> None:
    with each_village.db.write() as s:
        s.add(InboundEvent(carrier_id="SM1", step="sms", payload={"Body": "1"}))
        assert [kept.payload for kept in READ.all(s, ids=["SM1"], step="sms")] == [{"Body": "1"}]
    with each_village.db.read() as s:
        assert READ.first(s, ids=["SM2"], step="sms") is None


def test_a_refusal_is_sqlalchemys_and_names_no_personal_data(each_village: Runtime) -> None:
    event = {**ROW, "carrier_id": "SM1", "payload": {"Body": "秘密"}, "created_at": clock.now()}
    with pytest.raises(IntegrityError) as refused, each_village.db.write() as s:
        KEEP.all(s, **event)
        KEEP.all(s, **event)
    assert "秘密" not in str(refused.value)
    with pytest.raises(KeyError), each_village.db.write() as s:
        READ.all(s, step="sms")


def test_a_row_that_does_not_fit_the_columns_dies_at_birth(village: Runtime) -> None:
    wrong = Prepared(lambda sql: select(InboundEvent.id, InboundEvent.step), Kept)
    with pytest.raises(TypeError), village.db.read() as s:
        wrong.all(s)


def test_a_connection_that_died_while_idle_is_replaced_unnoticed(
    postgres_village: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gateway.db._IDLE", 0.0)
    others = "FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()"
    with postgres_village.db.read() as one, postgres_village.db.read() as two:
        one.execute(select(1))
        two.execute(select(1))
    with postgres_village.db.read() as s:
        s.execute(text(f"SELECT pg_terminate_backend(pid) {others}"))
        with postgres_village.db.read() as another:
            another.execute(select(1))


def test_a_connection_lost_in_the_middle_is_not_used_again(postgres_village: Runtime) -> None:
    with postgres_village.db.write() as s:
        mine = s.scalar(text("SELECT pg_backend_pid()"))
        with postgres_village.db.read() as other:
            other.execute(text("SELECT pg_terminate_backend(:pid)"), {"pid": mine})
        with pytest.raises(DBAPIError) as lost:
            READ.all(s, ids=["SM1"], step="sms")
        assert lost.value.connection_invalidated
        s.rollback()
    with postgres_village.db.write() as s:
        assert READ.all(s, ids=["SM1"], step="sms") == []
