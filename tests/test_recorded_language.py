"""A language that no machine speaks: offered, chosen and heard once every sentence was recorded in it."""

import pytest

from gateway import prompts
from gateway.inbound import scripts
from gateway.models.organizer import Organizer
from gateway.runtime import Runtime
from gateway.simulator.calls import tone
from tests.calls import Call
from tests.conftest import STRANGER, SUN
from tests.test_prompts import of_matter, of_script, qian, record


@pytest.fixture
def mongolian(each_village: Runtime) -> Runtime:
    """The township with every sentence of the hotline in Mongolian."""
    sound, seconds = prompts.keep_sound(each_village.store, tone(1), "")
    with each_village.db.write() as s:
        by = s.get_one(Organizer, qian(each_village).id)
        for sentence in prompts.wanted(scripts()["hotline"], "mn"):
            made = prompts.offer(s, of_script(each_village, sentence.words, "mn"), by, "upload")
            made.file, made.seconds, made.state = sound, seconds, "live"
    return each_village


def test_it_is_offered_in_the_menu_and_spoken_from_then_on(mongolian: Runtime) -> None:
    call = Call(mongolian, STRANGER.phone, "CA-1")
    assert "普通话，请按1" in call.said and len(call.played) == 1  # each in itself
    call.press("3")  # behind Chinese and English
    assert len(call.played) > 3 and "登记" not in call.said
    again = Call(mongolian, STRANGER.phone, "CA-2")  # the handset keeps what it chose
    assert len(again.played) > 3 and "请按" not in again.said


def test_a_matters_text_has_its_own_recording_in_it(mongolian: Runtime) -> None:
    made = record(mongolian, of_matter(mongolian, language="mn"))
    with mongolian.db.write() as s:
        from gateway.people import residents

        handset = residents.handset(s, SUN.phone)
        assert handset
        handset.language = "mn"
    call = Call(mongolian, SUN.phone, "CA-1")
    call.press("1")
    assert str(made.file) in "".join(call.played) and "屯中路" not in call.said
    assert "同意" in call.said  # what is filled in and was not recorded is said by the machine


def test_one_sentence_taken_back_takes_the_language_off_the_menu(mongolian: Runtime) -> None:
    with mongolian.db.write() as s:
        one = prompts.live_in(s, "mn")
        from sqlalchemy import select

        from gateway.models.prompt import Prompt

        made = s.scalars(select(Prompt).where(Prompt.digest == next(iter(one)))).one()
        assert prompts.withdraw(s, made, qian(mongolian))
    assert "蒙古语" not in Call(mongolian, STRANGER.phone, "CA-1").said
