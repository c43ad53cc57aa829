"""Retry ladders, as organizers write them."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from gateway.outreach import ladder

ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 11, 25, 4, 0, tzinfo=UTC)


def test_each_further_try_has_its_rung_and_then_there_is_none() -> None:
    waits = [ladder.after("15m, 2h, next day", n, NOW, ZONE) for n in (1, 2, 3, 4)]
    assert waits == [NOW + timedelta(minutes=15), NOW + timedelta(hours=2), NOW + timedelta(days=1), None]


def test_next_day_is_the_same_hour_also_where_clocks_change() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    evening = datetime(2026, 10, 24, 18, 0, tzinfo=berlin)  # clocks go back that night
    due = ladder.after("next day", 1, evening.astimezone(UTC), berlin)
    assert due is not None and due.astimezone(berlin).hour == 18


@pytest.mark.parametrize("text", ["soon", "15", "2h next day", "m"])
def test_an_unreadable_rung_is_named(text: str) -> None:
    with pytest.raises(ValueError, match="is not a wait"):
        ladder.steps(text)


def test_an_empty_ladder_never_tries_again() -> None:
    assert ladder.steps("") == [] and ladder.after("", 1, NOW, ZONE) is None
