"""What stands between a matter and those who would hurry it: rules, offices, the other organizer, and the clock."""

import threading
from datetime import timedelta
from pathlib import Path

import pytest

from gateway import clock
from gateway.runtime import Runtime
from gateway.text import short_date
from tests.stories.here import Here, Matter, announced, closed, published

QIAN, MIAO, OFFICER, YIN, HELPER = "qianxiaoman", "miaozhuren", "xuquanzhen", "yinwenshu", "shegong"


@pytest.fixture
def here(village: Runtime, tmp_path: Path) -> Here:
    return Here(village, tmp_path)


def wanted(matter: Matter) -> list[str]:
    return [why for _actor, why in matter.refusals()]


def test_an_impossible_step_is_refused_with_the_reason_and_kept(here: Here) -> None:
    matter = announced(here)
    page = matter.does(QIAN, "disclose", words="灯亮了", channels=["board"])
    assert "这件事现在是“征集中”" in page
    assert wanted(matter) == ["disclose：现在是“征集中”，办不了这一步"]
    seen = matter.seen_by(QIAN)
    assert "没办成" in seen and "公开落实情况。现在是“征集中”，办不了这一步" in seen
    assert "disclose：" not in seen
    matter.publishes(QIAN, "装三盏灯")
    assert wanted(matter)[1:] == ["publish：现在是“征集中”，办不了这一步"]
    assert matter.state == "OPEN" and not [b for b in here.phone("孙长河").inbox if "公示" in b]


def test_what_a_rule_forbids_is_refused_with_its_source_and_kept(here: Here) -> None:
    matter = announced(here, assembly="representatives")
    closed(here, matter)
    page = matter.publishes(QIAN, "装三盏灯", status=422)
    assert "表决，通过了才能公示（依据：村民委员会组织法第24条）" in page and "装三盏灯" in page
    assert wanted(matter) == [
        "publish：这件事要开村（居）民会议或代表会议表决，通过了才能公示（依据：村民委员会组织法第24条）"
    ]


def test_what_is_not_ones_own_to_do_is_refused_with_the_rule_and_kept(here: Here) -> None:
    also = [here.area("NL"), here.area("FQ")]
    matter = announced(here, OFFICER, "XQ", also=also)
    page = matter.does(QIAN, "close", 403, reason="都答完了")  # asked, but not the lead
    assert "这一步不归您办（依据：实施意见二（二），谁牵头谁来办）" in page
    matter.does(QIAN, "correction", 403, basis="第27条", explanation="不合法")
    matter.does(HELPER, "close", 403, reason="都答完了")
    kept = matter.refusals()
    assert [why.partition("：")[0] for _who, why in kept] == ["close", "order_correction", "close"]
    assert "只有乡镇、街道能办" in kept[1][1] and len({who for who, _why in kept}) == 2
    matter.does(MIAO, "close", 404, reason="都答完了")  # another place: it doesn't even see the matter
    assert matter.refusals() == kept and matter.state == "OPEN"


def test_a_button_pressed_twice_is_no_refusal(here: Here) -> None:
    matter = announced(here)
    for _ in range(2):
        matter.does(QIAN, "close", reason="都答完了")
    for _ in range(2):
        matter.publishes(QIAN, "装三盏灯")
    assert matter.state == "PUBLICITY" and wanted(matter) == []


def test_of_two_who_publish_at_the_same_moment_one_wins_and_the_other_is_told(
    postgres_village: Runtime, tmp_path: Path
) -> None:
    here = Here(postgres_village, tmp_path)
    matter = announced(here)
    closed(here, matter)
    together, pages = threading.Barrier(2), {}
    ends = f"{here.day(7)}T23:59"

    def publish(login: str, result: str) -> None:
        panel = here.panel(login)
        form = {"go": "send", "result": result, "until": ends, "sms": "", "voice": ""}
        together.wait()
        pages[result] = panel.send(f"{matter.page}/publish", **form)

    both = [threading.Thread(target=publish, args=who) for who in ((QIAN, "装三盏灯"), (OFFICER, "装五盏灯"))]
    for one in both:
        one.start()
    for one in both:
        one.join()
    won = matter.now.result
    lost = ({"装三盏灯", "装五盏灯"} - {won}).pop()
    assert "结果公布了" in pages[won] and "这件事现在是“公示中”" in pages[lost]
    here.carry()
    told = [b for b in here.phone("孙长河").inbox if "公示：" in b]
    assert len(told) == 1 and won in told[0] and matter.path().count("PUBLICITY") == 1


def test_while_the_clock_is_away_nothing_is_late_but_the_clock(here: Here) -> None:
    """Two days nobody looked: a late objection is late all the same, and what people hear names the true day."""
    matter, sun = published(here), here.phone("孙长河")
    second = announced(here, number=22, title="村口种树", days=6)
    matter.knocks(QIAN)
    ends, closes = matter.now.publicity_ends_at, second.now.closes_at
    assert ends and closes and closes < ends
    clock.move_trial_clock(ends - clock.now() + timedelta(days=2))
    assert "公示期已过" in sun.text("反对21号，太亮")
    assert "截止" in sun.text("22号1") and second.tally.units == 0
    here.carry()
    by_clock = [e for m in (matter, second) for e in m.history() if e.actor == "clock"]
    happened = [(e.event, e.created_at) for e in sorted(by_clock, key=lambda e: e.id)[-2:]]
    assert happened == [("close", closes), ("take_effect", ends)]
    first_day = (ends + timedelta(seconds=1)).astimezone(clock.village_zone()).date()
    assert f"{short_date(first_day)}起生效" in sun.got("21号公示期满")
    assert matter.state == "EFFECTIVE" and second.state == "DRAFTED"
