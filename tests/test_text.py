"""Segments, normalization, and how numbers and dates are said."""

from datetime import date

import pytest
import smsutil
from hypothesis import given
from hypothesis import strategies as st

from gateway import text

texts = st.text(
    alphabet=st.one_of(st.characters(codec="utf-8"), st.sampled_from("中文【】aé€^{}😀")), max_size=400
)


@given(texts)
def test_segments_are_counted_as_an_independent_counter_counts_them(words: str) -> None:
    ours, theirs = text.segments(words), smsutil.split(words)
    assert ours.count == max(1, len(theirs.parts))


def test_seventy_chinese_characters_are_one_message_and_seventy_one_are_two() -> None:
    assert text.segments("中" * 70) == text.Segments("UCS-2", 70, 1)
    assert text.segments("中" * 71).count == 2
    assert text.segments("中" * 134).count == 2
    assert text.segments("中" * 135).count == 3


def test_an_emoji_on_the_border_of_two_segments_is_not_torn() -> None:
    # 66 characters, then a pair that would need units 67 and 68
    assert text.segments("中" * 66 + "😀" + "中" * 66).count == 3


@given(texts)
def test_normalizing_twice_changes_nothing_more(words: str) -> None:
    once = text.normalize(words)
    assert text.normalize(once) == once


@pytest.mark.parametrize(
    ("typed", "meant"),
    [("２", "2"), ("2️⃣", "2"), ("②", "2"), ("  同 意\n", "同 意"), ("後天開會", "后天开会"), ("ＴＤ", "TD")],
)
def test_what_people_type_gets_one_spelling(typed: str, meant: str) -> None:
    assert text.normalize(typed) == meant


@pytest.mark.parametrize(
    ("number", "said"),
    [
        (0, "零"),
        (10, "十"),
        (11, "十一"),
        (200, "二百"),
        (205, "二百零五"),
        (2100, "二千一百"),
        (10010, "一万零一十"),
    ],
)
def test_numbers_are_said_as_people_say_them(number: int, said: str) -> None:
    assert text.spoken_number(number) == said


def test_dates_money_matters_and_codes_are_said_as_people_say_them() -> None:
    assert text.spoken_date(date(2026, 6, 20)) == "六月二十号"
    assert text.short_date(date(2026, 6, 20)) == "6月20日"
    assert text.spoken_money(200) == "二百块钱"
    assert text.spoken_money(12.5) == "十二块五"
    assert text.spoken_ordinal_matter(11) == "第十一号"
    assert text.digits_one_by_one("40278") == "四，零，二，七，八"


def test_a_signature_is_for_reading_not_for_hearing() -> None:
    assert text.without_signature("【拟柳村委会】明天停电") == "明天停电"


def test_clipping_never_exceeds_the_room_there_is() -> None:
    assert text.clip("屯中路修水泥路", 5) == "屯中路修…"
    assert text.segments_units(text.clip("😀😀😀😀", 5)) <= 5


@pytest.mark.parametrize(
    ("written", "heard"),
    [
        (
            "【样例里】16号公示：晚8点前收。11月26日至12月2日，反对请回“反对”加原因",
            "晚8点前收。11月26日至12月2日。",
        ),
        ("16号结果：早7点后才放。不明白回0", "早7点后才放。"),
        ("15号：东线主管已铺3.2公里。路口晚上有灯，请慢行", "东线主管已铺3.2公里。路口晚上有灯，请慢行。"),
        ("路修好了，请回村里看看", "路修好了，请回村里看看。"),
    ],
)
def test_a_text_message_is_read_out_without_how_to_text_back(written: str, heard: str) -> None:
    assert text.for_ears(written) == heard
