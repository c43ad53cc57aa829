"""Key 0: the office's own telephone in its own hours, else words are taken and a time is promised."""

from collections.abc import Iterator
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import select

from gateway.models.answer import Opinion
from gateway.models.area import Area
from gateway.people import areas
from gateway.phones import BadPhone
from gateway.runtime import Runtime
from tests.admin.panel import Panel, area_id
from tests.calls import Call
from tests.conftest import SUN
from tests.resident import text

DUTY = "+8649900000001"
CST = ZoneInfo("Asia/Shanghai")


@pytest.fixture
def office(village: Runtime) -> Iterator[Runtime]:
    """A village whose office is attended from half past eight to half past eleven, and from two to half past four."""
    with village.db.write() as s:
        nl = s.scalars(select(Area).where(Area.code == "NL")).one()
        areas.set_office(s, nl, DUTY, areas.hours("8:30-11:30，14点到16:30"), False)
    yield village


def at(day: int, hour: int, minute: int = 0) -> time_machine.travel:
    """A moment of June 2026, in which the first is a Monday."""
    return time_machine.travel(datetime(2026, 6, day, hour, minute, tzinfo=CST).astimezone(UTC), tick=False)


def zero(rt: Runtime, sid: str) -> Call:
    call = Call(rt, SUN.phone, sid)
    call.press("0")
    return call


def waiting(rt: Runtime) -> list[Opinion]:
    with rt.db.read() as s:
        return list(s.scalars(select(Opinion).where(Opinion.kind == "callback")))


def test_in_its_hours_the_office_is_rung_and_told_who_calls(office: Runtime) -> None:
    with at(2, 8, 30):
        call = zero(office, "CA-open")
        assert "这就给您接村里的人" in call.said and f">{DUTY}</Number>" in call.document
        assert "w=1" in call.document
        call._ask({"DialCallStatus": "completed", "DialBridged": "true"})
        assert "谢谢您，再见" in call.said and call.url == ""


@pytest.mark.parametrize(
    "status", [{"DialCallStatus": x} for x in ("no-answer", "busy", "failed", "canceled")]
    + [{"DialCallStatus": "completed", "DialBridged": "false"}],
    ids=lambda s: "-".join(s.values()),
)  # fmt: skip
def test_whom_the_office_does_not_speak_to_is_promised_a_call(
    office: Runtime, status: dict[str, str]
) -> None:
    with at(2, 10):
        call = zero(office, "CA-missed")
        before = len(waiting(office))
        assert "会有人打给您" in call._ask(status) and len(waiting(office)) == before + 1
        assert "今天下午四点半前有人给您打电话" in call.record("RE-missed")


@pytest.mark.parametrize(
    ("day", "hour", "minute", "said"),
    [
        (2, 8, 29, "今天下午四点半前"),
        (2, 12, 0, "今天下午四点半前"),  # the office is at lunch
        (2, 16, 30, "明天上午"),
        (2, 21, 0, "明天上午"),
        (5, 17, 0, "六月八号上午"),  # a Friday
        (6, 10, 0, "六月八号上午"),
        (7, 10, 0, "明天上午"),
    ],
)
def test_outside_them_the_time_is_said_as_people_say_it(
    office: Runtime, day: int, hour: int, minute: int, said: str
) -> None:
    with at(day, hour, minute):
        call = zero(office, "CA-shut")
        assert "<Dial" not in call.document and "会有人打给您" in call.said
        assert f"好的，{said}有人给您打电话" in call.record("RE-shut")


def test_an_office_that_is_attended_at_weekends_by_its_own_clock(office: Runtime) -> None:
    with office.db.write() as s:
        nl = s.scalars(select(Area).where(Area.code == "NL")).one()
        areas.set_office(s, nl, DUTY, "14:00-17:00", True)
        areas.set_zone(s, nl, "Asia/Urumqi")  # two hours behind
    with at(6, 17, 30):
        assert "这就给您接" in zero(office, "CA-saturday").said
    with at(6, 15, 30):
        assert "<Dial" not in zero(office, "CA-early").document
    with at(6, 20):
        assert "明天下午有人给您打电话" in text(office, SUN, "让人给我打电话")


@pytest.mark.parametrize(
    ("typed", "kept"),
    [("", ""), ("8-12", "08:00-12:00"), (" 8：30 到 11：30、14点—17:00 ", "08:30-11:30,14:00-17:00")],
)
def test_hours_are_read_as_people_type_them(typed: str, kept: str) -> None:
    assert areas.hours(typed) == kept


@pytest.mark.parametrize("typed", ["上午", "8:30", "12-8", "8:61-9", "25-26", "8-9-10"])
def test_what_is_no_hours_is_refused(typed: str) -> None:
    with pytest.raises(ValueError):
        areas.hours(typed)


@pytest.mark.parametrize("typed", ["12345", "13800", "村部", "+8657100000000"])
def test_what_the_hotline_can_not_dial_is_refused(typed: str) -> None:
    with pytest.raises(BadPhone):
        areas.duty_phone(typed, "+8657100000000")


def test_the_office_is_set_in_the_panel_and_a_slip_costs_nothing_typed(village: Runtime) -> None:
    panel = Panel(village, "xuquanzhen")
    id = area_id(village, "NL")
    path = f"/admin/areas/{id}"
    page = panel.get(path)
    assert "值班电话" in page
    said = panel.send(path, 422, budget="", zone="", duty="0499-0000", hours="早上", weekends="1")
    assert "几点到几点，比如" in said and 'value="早上"' in said and 'value="0499-0000"' in said
    panel.send(path, budget="", zone="", duty="0499-00000001", hours="8-12，14:00-17:00", weekends="1")
    with village.db.read() as s:
        nl = s.get_one(Area, id)
        assert nl.office_hours == "08:00-12:00,14:00-17:00" and nl.office_weekends and nl.duty_phone == DUTY
    assert "08:00-12:00，14:00-17:00" in panel.get(path)
