"""The table of the procedure: what may follow what, by whom, and until when."""

from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import time_machine
from sqlalchemy import select, update
from sqlalchemy.orm import Session

from gateway import clock
from gateway.consultation import ballots, clockwork, lifecycle, matters, profiles, steps
from gateway.consultation.refusal import Refused
from gateway.models.consultation import Consultation, ConsultationEvent, Notice
from gateway.models.person import Person
from gateway.models.rules import Rules
from gateway.runtime import Runtime
from tests.admin.panel import Panel
from tests.conftest import OWNER
from tests.consultation.procedure import (
    MIAO,
    OFFICER,
    QIAN,
    area,
    by,
    drafted,
    end_of,
    new,
    path,
    publish,
    published,
)  # fmt: skip


def heard(s: Session, c: Consultation) -> list[str]:
    return list(s.scalars(select(Notice.stage).where(Notice.consultation_id == c.id).order_by(Notice.id)))


# ---- the table itself ------------------------------------------------------------------------


def test_every_state_has_an_owner_and_a_deadline_or_is_an_end() -> None:
    for name, state in lifecycle.STATES.items():
        leads_on = [
            e for e, step in lifecycle.TABLE.items() if name in step.starts and e != "order_correction"
        ]
        assert bool(state.owner) == bool(leads_on), name
        if state.owner in ("lead", "township"):
            assert getattr(Rules(), state.days) >= 1


def test_every_state_can_be_reached() -> None:
    reached = {step.target for step in lifecycle.TABLE.values()} | {"PROPOSED", "ACCEPTED"}
    assert set(lifecycle.STATES) <= reached


def test_nobody_leaves_an_end_but_a_closed_file_the_law_reopens() -> None:
    for event, step in lifecycle.TABLE.items():
        ends = set(step.starts) & set(lifecycle.OVER)
        assert ends == ({"CLOSED"} if event == "order_correction" else set()), event


@pytest.mark.parametrize("state", lifecycle.STATES)
def test_an_impossible_event_changes_nothing(village: Runtime, state: str) -> None:
    with village.db.write() as s:
        c = new(s)
        c.state = state
        s.flush()
        before = len(lifecycle.history(s, c))
        for event, step in lifecycle.TABLE.items():
            if state not in step.starts:
                assert not lifecycle.move(s, c, event, "cli", "为了试试")
        assert c.state == state
        assert len(lifecycle.history(s, c)) == before


# ---- who may -----------------------------------------------------------------------------------


def test_only_whoever_leads_takes_a_step(village: Runtime) -> None:
    with village.db.write() as s:
        c = new(s)
        for login in (QIAN, "shegong", "xianminzheng", "zhengfulai"):
            with pytest.raises(Refused, match="这一步不归您办"):
                steps.announce(s, c, by(s, login))
        steps.announce(s, c, by(s, MIAO))
        assert c.state == "OPEN"


def test_only_the_township_orders_a_correction(village: Runtime) -> None:
    with village.db.write() as s:
        c = published(s)
        with pytest.raises(Refused, match="只有乡镇、街道能办"):
            lifecycle.must(s, c, "order_correction", by(s, MIAO), "村民委员会组织法第27条")
        lifecycle.must(s, c, "order_correction", by(s, OFFICER), "村民委员会组织法第27条")
        assert c.state == "CORRECTION_ORDERED"


def test_of_two_who_act_at_once_one_wins_and_the_other_is_told(village: Runtime) -> None:
    with village.db.write() as s:
        c = new(s)
        steps.announce(s, c, by(s, MIAO))
        with pytest.raises(Refused) as late:
            steps.announce(s, c, by(s, OFFICER))
        assert late.value.code == "moved"


def test_who_looked_before_somebody_else_moved_it_moves_nothing(each_village: Runtime) -> None:
    """What was read is old: the row is claimed, not looked at."""
    with each_village.db.write() as s:
        c = new(s)
        assert c.state == "ACCEPTED"
        elsewhere = update(Consultation).where(Consultation.id == c.id).values(state="WITHDRAWN")
        s.execute(elsewhere.execution_options(synchronize_session=False))
        with pytest.raises(Refused) as late:
            steps.announce(s, c, by(s, MIAO))
        assert late.value.code == "moved" and c.state == "WITHDRAWN"
        assert heard(s, c) == [] and [e.event for e in lifecycle.history(s, c)] == ["create"]


def test_what_a_rule_forbids_is_said_with_the_rule_and_kept(village: Runtime) -> None:
    with village.db.write() as s:
        c = drafted(s, "YL")
        c.state = "HEARING"
        id, actor = c.id, by(s, MIAO)
    miao = Panel(village, MIAO)
    miao.get(f"/admin/consultations/{id}")
    page = miao.send(f"/admin/consultations/{id}/close", reason="散会了")
    assert "会还没有记录" in page
    with village.db.read() as s:
        last = s.scalars(select(ConsultationEvent).where(ConsultationEvent.consultation_id == id)).all()[-1]
        assert (last.event, last.actor, last.to_state) == ("refused", actor, "HEARING")
        assert "会还没有记录" in last.reason


# ---- deadlines ---------------------------------------------------------------------------------


def test_a_deadline_is_the_end_of_the_stated_day_where_people_live(village: Runtime) -> None:
    with village.db.write() as s:
        c = drafted(s)
        ends = lifecycle.deadline(c)
        assert ends is not None
        local = ends.astimezone(clock.village_zone())
        assert f"{local:%H:%M:%S}" == "23:59:59"
        today = clock.now().astimezone(clock.village_zone()).date()
        assert (local.date() - today).days == Rules().draft_days


def test_an_area_two_hours_west_ends_its_days_two_hours_later(village: Runtime) -> None:
    """样例里社区 lives by Ürümqi's clock, the installation by Beijing's."""
    west = ZoneInfo("Asia/Urumqi")
    with (
        time_machine.travel(
            datetime.fromisoformat("2026-03-01T17:00+00:00"), tick=False
        ),  # 23:00 there, still the 1st
        village.db.write() as s,
    ):
        area(s, "YL").timezone = "Asia/Urumqi"
        c = new(s)
        c.closes_at = clock.end_of_day(date(2026, 3, 9), west)
        assert c.zone == west and f"{c.due_at.astimezone(west):%H:%M:%S}" == "23:59:59"
        assert lifecycle.due(c, "OBJECTED", clock.now()) == clock.end_of_day(date(2026, 3, 6), west)
        # “to the 9th” is said of the day there, though it is the 10th in Beijing by then
        assert "3月9日止" in matters.default_sms(area(s, "YL"), 21, c.title, c.options, c.closes_at)
        c.publicity_ends_at = clock.end_of_day(date(2026, 3, 12), west)
        assert matters.effective_day(c) == date(2026, 3, 13)
        area(s, "YL").timezone = None
        assert lifecycle.due(c, "OBJECTED", clock.now()) == clock.end_of_day(
            date(2026, 3, 7), clock.village_zone()
        )


@pytest.mark.parametrize(
    ("at", "last"),
    [
        (
            "2026-03-01T15:30",
            "2026-03-06",
        ),  # half past eleven at night in the village, and still the first there
        ("2026-03-01T16:30", "2026-03-07"),  # half past midnight, and the second
        ("2026-02-28T15:59", "2026-03-05"),
    ],
)
def test_days_are_counted_from_the_villages_day_and_to_its_end(at: str, last: str) -> None:
    begins = datetime.fromisoformat(f"{at}+00:00")
    ends = lifecycle.due(Consultation(profile={"explain_days": 5}), "OBJECTED", begins)
    assert ends == datetime.fromisoformat(f"{last}T23:59:59+08:00")


def test_what_is_discussed_without_end_is_on_the_list(village: Runtime) -> None:
    with village.db.write() as s:
        c = drafted(s)
        id, ends = c.id, lifecycle.deadline(c)
        assert ends is not None and not lifecycle.overdue(c)
    with time_machine.travel(ends + timedelta(hours=1), tick=True):
        with village.db.read() as s:
            found = s.scalars(lifecycle.which_are_overdue(select(Consultation))).all()
            assert id in [c.id for c in found]
        page = Panel(village, MIAO).get("/admin/")
        assert "过期没办的" in page and "村口装路灯" in page


def test_a_clock_two_days_late_catches_up_in_order_with_the_times_things_fell_due(village: Runtime) -> None:
    with village.db.write() as s:
        first = new(s, days=3, opens_at=clock.now() + timedelta(days=1))
        second = new(s, days=2, opens_at=clock.now() + timedelta(days=2))
        for c in (first, second):
            steps.announce(s, c, "cli")
    with time_machine.travel(end_of(3) + timedelta(days=2), tick=True), village.db.write() as s:
        clockwork.tick(s)
        mine = select(ConsultationEvent).where(
            ConsultationEvent.consultation_id.in_((first.id, second.id)), ConsultationEvent.actor == "clock"
        )
        events = s.scalars(mine.order_by(ConsultationEvent.id)).all()
        times = [e.created_at for e in events]
        assert times == sorted(times)
        assert [(e.consultation_id, e.event) for e in events] == [
            (first.id, "start"), (second.id, "start"), (second.id, "close"), (first.id, "close"),
        ]  # fmt: skip
        assert times[-1] == s.get_one(Consultation, first.id).closes_at


# ---- hearings, talks, minutes --------------------------------------------------------------------


def test_answers_count_while_a_hearing_sits(village: Runtime) -> None:
    with village.db.write() as s:
        c = new(s)
        steps.announce(s, c, "cli")
        steps.hear(s, c, "cli")
        guo = s.scalars(select(Person).where(Person.name == OWNER.name)).one()
        ballots.cast(s, c, guo, "1", "sms")
        assert ballots.tally(s, c).counts["1"] == 1


def test_what_concerns_many_needs_a_hearing_and_its_minutes(village: Runtime) -> None:
    with village.db.write() as s:
        c = drafted(s, wide_impact=True)
        with pytest.raises(Refused, match="听证会或议事会"):
            publish(s, c)
        steps.hear(s, c, "cli")
        with pytest.raises(Refused, match="会还没有记录"):
            steps.close_early(s, c, "cli", "散会了")
        steps.keep_minutes(s, c, "cli", "郭亮说灯要朝路")
        assert c.state == "DRAFTED"
        publish(s, c)
        assert path(s, c) == ["ACCEPTED", "NOTICED", "OPEN", "DRAFTED", "HEARING", "DRAFTED", "PUBLICITY"]


def test_what_the_government_asked_for_is_reported_first(village: Runtime) -> None:
    with village.db.write() as s:
        c = drafted(s, commissioned_by="镇民政办")
        with pytest.raises(Refused, match="先把结果报给政府"):
            publish(s, c)
        steps.report(s, c, "cli", "送到民政办")
        assert (c.state, lifecycle.owner(c)) == ("REPORTED_TO_GOV", "township")
        publish(s, c)
        own = drafted(s)
        with pytest.raises(Refused, match="不是政府委托的"):
            steps.report(s, own, "cli", "送到民政办")


def test_what_only_a_meeting_may_decide_is_not_published_without_one(village: Runtime) -> None:
    with village.db.write() as s:
        c = drafted(s, assembly="representatives")
        with pytest.raises(Refused, match="代表会议表决"):
            publish(s, c)


def test_several_villages_are_led_from_above_them(village: Runtime) -> None:
    with village.db.write() as s:
        both = [area(s, "NL").id, area(s, "FQ").id]
        with pytest.raises(Refused, match="由乡镇、街道党委来牵头"):
            steps.announce(s, new(s, "NL", area_ids=both), "cli")
        steps.announce(s, new(s, "XQ", area_ids=both), "cli")


# ---- stopping and going on -----------------------------------------------------------------------


def test_a_suspended_matter_goes_on_with_the_days_it_had_left(village: Runtime) -> None:
    with village.db.write() as s:
        c = new(s, days=8)
        steps.announce(s, c, "cli")
        closes, id = c.closes_at, c.id
        steps.suspend(s, c, by(s, MIAO), "要等镇里的图纸")
        assert c.state == "SUSPENDED" and closes
    with time_machine.travel(clock.now() + timedelta(days=20), tick=True), village.db.write() as s:
        c = s.get_one(Consultation, id)
        assert clockwork.tick(s) == [] or c.state == "SUSPENDED"
        steps.resume(s, c, by(s, MIAO))
        assert c.state == "OPEN" and c.closes_at == closes + timedelta(days=20)
        assert heard(s, c) == ["notice", "suspended", "resumed"]


def test_a_publicity_period_stands_still_while_suspended(village: Runtime) -> None:
    with village.db.write() as s:
        c = published(s)
        ends, id = c.publicity_ends_at, c.id
        steps.suspend(s, c, "cli", "有人告到镇里")
    with time_machine.travel(clock.now() + timedelta(days=3), tick=True), village.db.write() as s:
        c = s.get_one(Consultation, id)
        steps.resume(s, c, "cli")
        assert c.state == "PUBLICITY" and ends and c.publicity_ends_at == ends + timedelta(days=3)


@pytest.mark.parametrize("state", ["OPEN", "DRAFTED", "PUBLICITY", "SUSPENDED"])
def test_withdrawing_is_told_with_the_reason(village: Runtime, state: str) -> None:
    with village.db.write() as s:
        c = published(s) if state == "PUBLICITY" else drafted(s) if state == "DRAFTED" else new(s)
        if c.state == "ACCEPTED":
            steps.announce(s, c, "cli")
        if state == "SUSPENDED":
            steps.suspend(s, c, "cli", "要等图纸")
        steps.withdraw(s, c, by(s, MIAO), "另有安排")
        assert c.state == "WITHDRAWN" and "withdrawn" in heard(s, c)


def test_what_nobody_heard_of_stops_silently(village: Runtime) -> None:
    with village.db.write() as s:
        c = new(s)
        steps.suspend(s, c, "cli", "要等图纸")
        steps.withdraw(s, c, "cli", "另有安排")
        assert heard(s, c) == []


def test_a_changed_result_is_published_anew(village: Runtime) -> None:
    with village.db.write() as s:
        c = published(s)
        lifecycle.must(s, c, "amend", by(s, MIAO), "门洞改到东边")
        publish(s, c, result="装两盏")
        assert (c.round, c.state, heard(s, c)) == (2, "PUBLICITY", ["notice", "result", "result"])


# ---- rules --------------------------------------------------------------------------------------


def test_a_running_matter_keeps_the_rules_it_began_with(village: Runtime) -> None:
    with village.db.write() as s:
        today = clock.now().astimezone(clock.village_zone()).date()
        profiles.decide(s, area(s, "XQ"), {"explain_days": 3}, valid_from=today)
        c = new(s)
        profiles.decide(s, area(s, "YL"), {"explain_days": 9}, valid_from=today)
        assert (c.rules.explain_days, new(s).rules.explain_days) == (3, 9)


def test_the_nearest_and_narrowest_profile_in_force_counts(village: Runtime) -> None:
    with village.db.write() as s:
        today = clock.now().astimezone(clock.village_zone()).date()
        day = timedelta(days=1)

        def decide(code: str | None, changes: dict[str, Any], **more: Any) -> None:
            profiles.decide(s, area(s, code) if code else None, changes, **{"valid_from": today, **more})

        decide(None, {"publicity_days": 10, "draft_days": 20})
        decide("YL", {"publicity_days": 12})
        decide("YL", {"publicity_days": 14}, kind="urgent_difficulty")
        decide("YL", {"publicity_days": 30}, valid_from=today + day)
        decide("YL", {"publicity_days": 40}, valid_from=today - 9 * day, valid_until=today - day)
        decide("NL", {"publicity_days": 50})
        yl = area(s, "YL")
        assert profiles.choose(s, yl, "public_affairs").publicity_days == 12
        assert profiles.choose(s, yl, "urgent_difficulty").publicity_days == 14
        assert profiles.choose(s, yl, "public_affairs", today + day).publicity_days == 30
        assert profiles.choose(s, yl, "public_affairs").draft_days == 20


@pytest.mark.parametrize(
    "changes", [{"assembly_notice_days": 9}, {"reach_percent": 101}, {"explain_days": 0}, {}]
)
def test_a_rule_out_of_bounds_is_refused(village: Runtime, changes: dict[str, Any]) -> None:
    with village.db.write() as s, pytest.raises(Refused):
        profiles.decide(s, None, changes, valid_from=clock.now().date())


def test_least_days_are_kept_where_an_area_has_decided_them(village: Runtime) -> None:
    with village.db.write() as s:
        today = clock.now().astimezone(clock.village_zone()).date()
        least = {"notice_days": 3, "least_open_days": 7, "least_publicity_days": 7}
        profiles.decide(s, area(s, "YL"), least, valid_from=today)
        with pytest.raises(Refused, match="天数不够"):
            steps.announce(s, new(s), "cli")
        c = new(s, opens_at=clock.now() + timedelta(days=3), days=11)
        steps.announce(s, c, "cli")
        c.state = "DRAFTED"
        with pytest.raises(Refused, match="至少公示7天"):
            publish(s, c, public=4)
        publish(s, c, public=7)


# ---- the sample ---------------------------------------------------------------------------------


def test_the_samples_histories_follow_the_table(village: Runtime) -> None:
    with village.db.read() as s:
        for number in (11, 12, 13, 14, 15, 16):
            c = matters.find(s, number)
            assert c is not None
            for e in lifecycle.history(s, c)[1:]:
                step = lifecycle.TABLE[e.event]
                assert e.from_state in step.starts and e.to_state in (step.target, e.from_state), (
                    number,
                    e.event,
                )
