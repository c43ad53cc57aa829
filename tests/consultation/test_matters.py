"""Making a consultation, and who is asked."""

from datetime import timedelta

import pytest
from sqlalchemy import select, update

from gateway import clock
from gateway.consultation import ballots, clockwork, lifecycle, matters, objections, steps
from gateway.consultation.refusal import Refused
from gateway.models.area import Area
from gateway.models.consultation import Notice
from gateway.models.organizer import Organizer
from gateway.models.person import Household, Person
from gateway.outreach import notices
from gateway.runtime import Runtime
from gateway.text import segments
from tests.admin.panel import Panel

YES_NO = {"1": "同意", "2": "不同意"}


def make(s, **more):  # type: ignore[no-untyped-def]
    now = clock.now()
    given = {
        "title": "村口装路灯", "area": s.scalar(select(Area).where(Area.code == "NL")), "options": YES_NO,
        "opens_at": now - timedelta(minutes=1), "closes_at": now + timedelta(days=3), **more,
    }  # fmt: skip
    return matters.create(s, **given)


def somebody(s, name: str) -> Person:  # type: ignore[no-untyped-def]
    return s.scalars(select(Person).where(Person.name == name)).one()


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"title": " "}, "title"), ({"title": "长" * 61}, "title"), ({"number": 11}, "number"), ({"number": 5}, "number"),
        ({"options": {"1": "同意"}}, "options"), ({"options": {"1": "同意", "2": "同意"}}, "options"),
        ({"options": {str(n): f"第{n}" for n in range(1, 5)}}, "options"), ({"unit": "dog"}, "unit"),
        ({"closes_at": clock.now() - timedelta(days=1), "opens_at": clock.now() - timedelta(days=2)}, "closes_at"),
    ],
)  # fmt: skip
def test_what_will_not_do_is_named(village: Runtime, wrong: dict, field: str) -> None:  # type: ignore[type-arg]
    with village.db.write() as s, pytest.raises(Refused) as no:
        make(s, **wrong)
    assert no.value.field == field and no.value.why


def test_the_default_notice_fits_one_message_and_names_every_option(village: Runtime) -> None:
    with village.db.write() as s:
        c = make(s)
        assert segments(c.sms["notice"]).count == 1
        assert "同意回1，不同意回2" in c.sms["notice"] and c.sms["notice"].startswith("【拟柳村委会】")
        assert "请按" not in matters.spoken_words(c.voice["notice"])


def test_announcing_tells_everybody_once_and_opens(each_village: Runtime) -> None:
    with each_village.db.write() as s:
        c = make(s)
        steps.announce(s, c, "cli")
        assert c.state == "OPEN"
        assert len(notices.pick_up(s, each_village.settings)) == 1
        assert notices.pick_up(s, each_village.settings) == []
        with pytest.raises(Refused):
            steps.announce(s, c, "cli")


def test_only_owners_of_the_staircase_decide_about_its_lift(village: Runtime) -> None:
    with village.db.read() as s:
        c = matters.find(s, 13)
        assert c
        assert matters.may_answer(s, c, somebody(s, "郭亮"))
        assert not matters.may_answer(s, c, somebody(s, "林晓雨"))  # a tenant: may speak, not vote
        assert not matters.may_answer(s, c, somebody(s, "丁永福"))
        assert ballots.tally(s, c).eligible == 8


def test_a_household_has_one_voice_its_delegates_and_a_difference_is_shown(village: Runtime) -> None:
    with village.db.write() as s:
        c = matters.find(s, 11)
        assert c
        for name, option in (("吴凤霞", "1"), ("陈国富", "2"), ("孙小磊", "1")):
            ballots.cast(s, c, somebody(s, name), option, "sms")
        found = ballots.tally(s, c)
        assert found.counts == {"1": 1, "2": 1, "3": 0} and found.units == 2
        assert found.conflicts == ["H05"]


def test_the_samples_past_matters_add_up_as_they_were_counted(village: Runtime) -> None:
    wanted = {
        12: {},  # secret, and fewer than five chose one of them
        14: {"1": 2, "2": 4, "3": 2},
        15: {"1": 8, "2": 2, "3": 2},
        16: {"1": 5, "2": 3, "3": 2},
    }
    with village.db.read() as s:
        for number, counts in wanted.items():
            c = matters.find(s, number)
            assert c and ballots.tally(s, c).counts == counts


def move_in(s, *names: str) -> None:  # type: ignore[no-untyped-def]
    home = Household(area_id=s.scalar(select(Area.id).where(Area.code == "NL")), code="H90")
    s.add(home)
    s.flush()
    for name in names:
        s.add(Person(area_id=home.area_id, household_id=home.id, name=name, state="rostered"))
    s.flush()


@pytest.mark.parametrize(("unit", "more"), [("person", 2), ("household", 1)])
def test_the_turnout_of_a_past_matter_stays_whoever_moves_in_later(
    each_village: Runtime, unit: str, more: int
) -> None:
    with each_village.db.write() as s:
        c = make(s, unit=unit)
        steps.announce(s, c, "cli")
        before = ballots.tally(s, c).eligible
        move_in(s, "甲", "乙")
        assert ballots.tally(s, c).eligible == before + more  # still open: they are asked, too
        steps.close_early(s, c, "cli", "都答完了")
        s.execute(update(Person).where(Person.name.in_(("甲", "乙"))).values(state="left"))
        assert ballots.tally(s, c).eligible == before + more


def test_panel_and_board_tell_the_same_turnout_years_later(village: Runtime) -> None:
    with village.db.write() as s:
        c = matters.find(s, 16)
        assert c and c.voices == 10
        id = c.id
        s.execute(update(Person).values(state="left"))
    panel = Panel(village, "miaozhuren")
    assert "/ 10 人已表态" in panel.get(f"/admin/consultations/{id}")
    assert "10/10 人已表态" in panel.get("/admin/consultations/")
    assert "该问 10 人，答了 10 人" in panel.get("/board/16")


def test_a_matter_the_clock_closed_and_one_that_ended_long_ago_keep_their_turnout(village: Runtime) -> None:
    with village.db.write() as s:
        lift, old = matters.find(s, 13), matters.find(s, 14)
        assert lift and old
        old.voices = None  # ended before this number was kept; 罗卫东 stays out of it
        clockwork.tick(s, clock.now() + timedelta(days=30))
        assert (lift.voices, old.voices) == (8, 8)
        s.execute(update(Person).values(state="left"))
        assert (ballots.tally(s, lift).eligible, ballots.tally(s, old).eligible) == (8, 8)


def test_an_objection_stops_the_countdown_and_an_explanation_lets_it_go_on(each_village: Runtime) -> None:
    with each_village.db.write() as s:
        c = matters.find(s, 16)
        assert c and c.publicity_ends_at
        left = c.publicity_ends_at - clock.now()
        made = objections.open_(s, c, somebody(s, "郭亮"), "太晚", "sms")
        assert c.state == "OBJECTED"
        # a long time passes: nothing takes effect while somebody waits for an answer
        assert clockwork.tick(s, clock.now() + timedelta(days=30)) == [
            matters.find(s, 11).id,
            matters.find(s, 13).id,
        ]  # type: ignore[union-attr]
        assert c.state == "OBJECTED"
        officer = s.scalars(select(Organizer).where(Organizer.login == "miaozhuren")).one()
        objections.explain(s, made, "音箱改小，八点前收", officer)
        assert c.state == "EXPLAINED"
        assert abs((c.publicity_ends_at - clock.now()) - left) < timedelta(seconds=5)
        with pytest.raises(Refused):
            objections.explain(s, made, "再说一遍", officer)


def test_a_result_takes_effect_by_itself_however_late_the_clock_looks(each_village: Runtime) -> None:
    with each_village.db.write() as s:
        c = matters.find(s, 16)
        assert c
        clockwork.tick(s, clock.now() + timedelta(days=30))
        assert c.state == "EFFECTIVE"
        told = s.scalars(
            select(Notice).where(
                Notice.consultation_id == c.id, Notice.stage == "effective", Notice.by == "clock"
            )
        ).one()
        assert "生效" in told.sms or "起" in told.sms
        late = lifecycle.history(s, c)[-1]
        assert (
            late.actor == "clock" and late.created_at == c.publicity_ends_at
        )  # when it fell due, not when we looked


def test_a_late_objection_and_a_foreign_one_are_refused_with_the_reason(village: Runtime) -> None:
    with village.db.write() as s:
        c = matters.find(s, 16)
        assert c
        with pytest.raises(Refused) as no:
            objections.open_(s, c, somebody(s, "丁永福"), "反对", "sms")
        assert no.value.code == "stranger"
        clockwork.tick(s, clock.now() + timedelta(days=30))
        with pytest.raises(Refused) as no:
            objections.open_(s, c, somebody(s, "郭亮"), "反对", "sms")
        assert no.value.code == "late"


def test_only_a_menu_is_cut_from_a_spoken_notice() -> None:
    said = matters.spoken_words
    assert (
        said("修路。（停一秒）同意修，请按1。（停）不同意，请按2，您说的话替您保密。（停）再听一遍，请按9。")
        == "修路。"
    )
    for kept in ("通过。请按二组方案执行。每户补二百。", "请按1号通知来领米。带上户口本。", "有事请按门铃。"):
        assert said(kept) == kept
