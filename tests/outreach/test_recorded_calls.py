"""Calls that we place play the recording, too."""

from gateway.consultation import matters
from gateway.inbound import scripts
from gateway.runtime import Runtime
from gateway.turns import nobodys, spoken_notice
from tests.calls import Call
from tests.conftest import SUN, WANG
from tests.outreach.conftest import FakeCarrier
from tests.outreach.test_calls import notice
from tests.test_prompts import of_matter, record


def test_a_call_of_ours_plays_the_recording_and_asks_with_the_machines_voice(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    made = record(each_village, of_matter(each_village))
    _, url = notice(each_village, carrier, SUN.phone, 11)
    call = Call(each_village, SUN.phone, "CA-1", url)
    assert [played.rpartition("/")[2] for played in call.played] == [made.file]
    assert "屯中路" not in call.said and "同意，请按1" in call.said


def test_where_a_call_only_tells_of_a_matter_the_recording_is_played_all_the_same(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    with each_village.db.write() as s:
        c = matters.find(s, 11)
        assert c is not None
        words, c.state = (
            spoken_notice(nobodys(s, each_village.settings, scripts()["hotline"], "zh-CN"), c),
            "NOTICED",
        )
    made = record(each_village, of_matter(each_village, words=words))
    _, url = notice(each_village, carrier, WANG.phone, 11)
    call = Call(each_village, WANG.phone, "CA-1", url)
    assert [played.rpartition("/")[2] for played in call.played] == [made.file]


def test_a_machine_is_still_told_its_one_sentence(each_village: Runtime, carrier: FakeCarrier) -> None:
    record(each_village, of_matter(each_village))
    _, url = notice(each_village, carrier, SUN.phone, 11)
    call = Call(each_village, SUN.phone, "CA-1", url, AnsweredBy="machine_end_beep")
    assert call.played == [] and "第十一号事" in call.said
