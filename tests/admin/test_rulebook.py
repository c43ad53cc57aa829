"""What an area decides about the procedure, at the panel: presets by kind of place, versions, and what can't be undercut."""

from datetime import date, timedelta

import pytest
import time_machine
from sqlalchemy import select

from gateway import clock
from gateway.consultation import presets, profiles, steps
from gateway.consultation.refusal import Refused
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.outreach import Broadcast
from gateway.models.participation import SUBJECTS
from gateway.models.rules import RuleProfile, Rules
from gateway.outreach import broadcasts, claiming, notices, watching
from gateway.people.decided import today
from gateway.runtime import Runtime
from tests.admin.panel import Panel, area, area_id
from tests.consultation.procedure import MIAO, OFFICER, QIAN, new


def rules(rt: Runtime, code: str, on: date | None = None) -> Rules:
    with rt.db.read() as s:
        return profiles.choose(s, area(s, code), "public_affairs", on)


def page(who: Panel, code: str) -> str:
    path = f"/admin/areas/{area_id(who.rt, code)}/rules"
    who.get(path)
    return path


def test_a_kind_of_place_sets_hours_windows_languages_and_sides_from_a_day_on(officer: Panel) -> None:
    rt, tomorrow = officer.rt, today() + timedelta(days=1)
    with rt.db.write() as s:
        running = new(s, "FQ").id
    path = page(officer, "FQ").replace("/rules", "/preset")
    form = {"presets": ["left_behind", "ethnic"], "preset_language": ["ko"], "valid_from": f"{tomorrow}"}
    assert "起新办的事照这个来" in officer.send(path, **form)
    assert "留守人员多、民族地区" in officer.page and "还没到日子" in officer.page
    assert rules(rt, "FQ") == Rules()
    then = rules(rt, "FQ", tomorrow)
    assert (then.open_days, then.publicity_days, then.proxies) == (10, 10, 3)
    assert then.call_hours == "08:30-11:30,14:00-20:30" and then.languages == ("ko",)
    with time_machine.travel(clock.now() + timedelta(days=1), tick=True):
        with rt.db.write() as s:
            c = new(s, "FQ")
            assert c.rules == then and c.sides == ["registered_residents", "social_organization"]
            assert area(s, "FQ").profile == ["left_behind", "ethnic"]
            assert new(s, "NL").rules == Rules()  # the next village is another place
            old, id = s.get_one(Consultation, running), c.id
            assert old.rules == Rules() and old.sides == []
        # the notice is to be recorded in its language, too
        assert "朝鲜语" in Panel(rt, OFFICER).get(f"/admin/consultations/{id}")


def test_the_forms_offer_the_days_of_the_place(officer: Panel) -> None:
    path = page(officer, "YL").replace("/rules", "/preset")
    officer.send(path, presets=["remote"], valid_from=f"{today()}")
    miao = Panel(officer.rt, MIAO)
    closes = (clock.now().astimezone(clock.village_zone()) + timedelta(days=15)).date()
    assert f'value="{closes}"' in miao.get("/admin/consultations/new")


def test_calls_of_a_place_ring_in_its_own_hours(village: Runtime) -> None:
    with village.db.write() as s:
        presets.apply(s, area(s, "FQ"), ["migrant_in"], valid_from=today(), by="cli")
    noon = clock.start_of_day(today(), clock.village_zone()) + timedelta(hours=12)
    with time_machine.travel(noon + timedelta(days=1), tick=True), village.db.write() as s:
        b = broadcasts.create(s, area=area(s, "FQ"), sms="【仿桥村委会】明天停水", channel="voice")
        broadcasts.start(s, village.settings, b)
        id = b.id
    for hour, rings in ((3, False), (6, True)):  # 15:00 is working time, 18:00 isn't
        with time_machine.travel(noon + timedelta(days=1, hours=hour), tick=True), village.db.write() as s:
            found = [x for x in claiming.sources(s, village.settings, "calls") if x.broadcast_id == id]
            assert bool(found) == rings
            said = watching.Reasons(s, village.settings, s.get_one(Broadcast, id)).closed["calls"]
            assert (said == 0) == rings and (rings or said == 150)


def test_what_did_not_arrive_in_a_remote_village_goes_the_other_way(village: Runtime) -> None:
    with village.db.write() as s:
        presets.apply(s, area(s, "XL"), ["remote"], valid_from=today(), by="cli")
        c = new(s, "XL")
        steps.announce(s, c, "cli")
        notices.pick_up(s, village.settings)
        b = s.scalars(select(Broadcast).where(Broadcast.consultation_id == c.id)).one()
        assert b.fallback == "both"


def test_a_version_is_listed_with_who_decided_it_and_what_is_in_force_says_since_when(officer: Panel) -> None:
    path = page(officer, "XQ")
    form = {
        "name": "虚泉镇2026年办法",
        "valid_from": f"{today()}",
        "kind": "",
        "least_publicity_days": "7",
        "explain_days": "3",
    }
    officer.send(path, **form)
    assert (
        "虚泉镇2026年办法" in officer.page
        and "正在用" in officer.page
        and "结果最少公示几天：7天" in officer.page
    )
    qian = Panel(officer.rt, QIAN)
    seen = qian.get("/admin/rules")  # a village sees what the township decided, and can't change it
    assert "虚泉镇2026年办法" in seen and f"虚泉镇 {today()}" in seen and "存成新的一版" not in seen
    assert qian.post(path, **form).status_code == 403
    with officer.rt.db.read() as s:
        assert s.scalars(select(RuleProfile.by)).one().startswith("organizer:")


@pytest.mark.parametrize(
    ("form", "said"),
    [
        ({"assembly_notice_days": "9"}, "法律规定开村民会议要提前10天通知"),
        ({"call_hours": "07:30-11:30"}, "早上8点到晚上9点之间"),
        ({"call_hours": "上午"}, "钟点请这样写"),
        ({"explain_days": "三天"}, "请写数字"),
        ({"explain_days": "3", "valid_from": "2020-01-01"}, "今天或以后"),
        ({"explain_days": "3", "valid_until": "昨天"}, "这个日期看不懂"),
        ({}, "没有要改的"),
    ],
)
def test_what_the_law_or_sense_forbids_is_said_and_nothing_typed_is_lost(
    officer: Panel, form: dict[str, str], said: str
) -> None:
    path = page(officer, "XQ")
    answer = officer.send(path, 422, **{"name": "我写的名字", "valid_from": f"{today()}", **form})
    assert said in answer and "我写的名字" in answer
    assert all(f'value="{typed}"' in answer for typed in form.values())
    assert rules(officer.rt, "XQ") == Rules()


def test_a_village_may_ask_for_more_than_the_township_and_not_for_less(village: Runtime) -> None:
    with village.db.write() as s:
        profiles.decide(s, area(s, "XQ"), {"least_publicity_days": 7}, valid_from=today())
        with pytest.raises(Refused, match="虚泉镇定了最少7天"):
            profiles.decide(s, area(s, "NL"), {"least_publicity_days": 3}, valid_from=today())
        profiles.decide(s, area(s, "NL"), {"least_publicity_days": 10}, valid_from=today())
    assert rules(village, "NL").least_publicity_days == 10


def test_a_preset_needs_a_kind_of_place_and_a_minority_its_language(officer: Panel) -> None:
    path = page(officer, "FQ").replace("/rules", "/preset")
    assert "请选是什么样的地方" in officer.send(path, 422, valid_from=f"{today()}")
    assert "请选说哪种话" in officer.send(path, 422, presets=["ethnic"], valid_from=f"{today()}")
    assert "今天或以后" in officer.send(path, 422, presets=["dense"], valid_from="2020-01-01")


def test_every_preset_is_made_of_rules_there_are_alone_and_together(village: Runtime) -> None:
    for names in (*([name] for name in presets.PRESETS), list(presets.PRESETS)):
        made = Rules.of(presets.together(names, ["mn"]))
        assert made != Rules() and set(made.sides) <= set(SUBJECTS)
    every = Rules.of(presets.together(presets.PRESETS, ["mn"]))
    assert every.call_hours == "08:30-13:30,14:00-20:30" and every.open_days == 15
    assert set(presets.PRESETS) == {"dense", "migrant_in", "left_behind", "remote", "ethnic"}
    with village.db.read() as s:  # the sample's areas are named by the same words
        assert {key for a in s.scalars(select(Area)) for key in a.profile} <= set(presets.PRESETS)


def test_another_areas_rules_are_nobodys_business(village: Runtime) -> None:
    Panel(village, QIAN).get(f"/admin/areas/{area_id(village, 'FQ')}/rules", 404)
