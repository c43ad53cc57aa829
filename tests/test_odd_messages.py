"""Messages that are no plain text from a person: services, hidden numbers, pictures, mere faces."""

import pytest
from sqlalchemy import func, select

from gateway.models.conversation import InboundEvent
from gateway.runtime import Runtime
from tests.conftest import SUN, Resident
from tests.resident import tally, text


@pytest.mark.parametrize("sender", ["10086", "VILLAGE", "anonymous", "", "+266696687"])
def test_a_service_or_a_hidden_number_is_kept_and_not_answered(each_village: Runtime, sender: str) -> None:
    # a bill of the network's would otherwise be answered, and its answer too (error 14107)
    assert text(each_village, Resident("", sender), "您的话费余额不足") == ""
    with each_village.db.read() as s:
        assert s.scalar(select(func.count()).select_from(InboundEvent)) == 1


def test_a_picture_without_words_is_said_to_be_no_use_and_one_with_words_is_read(village: Runtime) -> None:
    photo = {"NumMedia": "1", "MediaUrl0": "https://api.twilio.com/M", "MediaContentType0": "image/jpeg"}
    assert "图片看不到" in text(village, SUN, "", **photo)
    assert "您选“同意”" in text(village, SUN, "11 1", **photo)
    assert "没看明白" in text(village, SUN, "", NumMedia="many")


@pytest.mark.parametrize("words", ["", " ", "👍", "😀😀", "🙏🏻"])
def test_an_empty_message_or_a_mere_face_counts_for_nothing(each_village: Runtime, words: str) -> None:
    before = tally(each_village, 11)
    assert "没看明白" in text(each_village, SUN, words)
    assert tally(each_village, 11) == before
