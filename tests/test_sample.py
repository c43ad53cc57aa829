"""The township is right on any day."""

from datetime import date, timedelta

import pytest
from sqlalchemy import select

from gateway import clock, sample
from gateway.consultation import clockwork, matters
from gateway.models.consultation import ConsultationEvent
from gateway.runtime import Runtime
from gateway.text import segments

STATES = {11: "OPEN", 12: "CLOSED", 13: "OPEN", 14: "IMPLEMENTING", 15: "IMPLEMENTING", 16: "PUBLICITY"}


def states(rt: Runtime) -> dict[int, str]:
    with rt.db.read() as s:
        return {n: matters.find(s, n).state for n in STATES}  # type: ignore[union-attr]


@pytest.mark.parametrize("today", [date(2026, 1, 1), date(2026, 12, 29), date(2028, 2, 28)])
def test_on_any_day_something_is_open_in_publicity_and_being_done(empty: Runtime, today: date) -> None:
    sample.load(empty.db, empty.settings, today)
    assert states(empty) == STATES
    with empty.db.read() as s:
        for number in STATES:
            c = matters.find(s, number)
            assert c and all(segments(words).count == 1 for words in c.sms.values())
        road = matters.find(s, 11)
        assert road and road.closes_at
        closes = road.closes_at.astimezone(empty.settings.zone).date()
        assert closes == today + timedelta(days=6)
        assert f"{closes.month}月{closes.day}日止" in road.sms["notice"]
        assert "result" not in road.sms  # nothing is decided before people answered


def test_what_happened_to_a_sample_matter_stands_in_its_order_and_on_the_days_it_names(
    village: Runtime,
) -> None:
    with village.db.read() as s:
        for number in STATES:
            c = matters.find(s, number)
            assert c
            events = list(
                s.scalars(
                    select(ConsultationEvent)
                    .where(ConsultationEvent.consultation_id == c.id)
                    .order_by(ConsultationEvent.id)
                )
            )
            moments = [e.created_at for e in events]
            assert moments == sorted(moments) and moments[-1] <= clock.now(), number
            effect = [e.created_at for e in events if e.event == "take_effect"]
            assert effect in ([], [c.publicity_ends_at]), number


def test_loading_twice_changes_nothing_and_a_year_later_it_is_open_again(village: Runtime) -> None:
    first = sample.load(village.db, village.settings)
    assert sample.load(village.db, village.settings) == first
    later = clock.now() + timedelta(days=365)
    with village.db.write() as s:
        clockwork.tick(s, later)
    assert states(village)[11] == "DRAFTED"
    sample.load(village.db, village.settings, later.date())
    assert states(village) == STATES


def test_somebodys_own_village_is_left_alone(empty: Runtime) -> None:
    from gateway.models.area import Area

    with empty.db.write() as s:
        s.add(Area(code="A", name="某村", path="/A/"))
    assert sample.load(empty.db, empty.settings) == []
