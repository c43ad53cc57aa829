"""The lexicon that suggests groups: what people say, what they say is not so, and what only looks like it."""

import pytest

from gateway import sample
from gateway.consultation import themes
from gateway.consultation.refusal import Refused
from gateway.consultation.themes import suggest
from gateway.models.answer import Theme
from gateway.runtime import Runtime
from tests.consultation.procedure import area

DEAR = Theme(name="嫌贵", words=["贵", "拿不出", "交不起"], stance=True)
FOR = Theme(name="赞成", words=["同意", "赞成", "支持", "应该"], stance=True)
LAMPS = Theme(name="路灯", words=["路灯", "黑灯瞎火"], stance=False)
LEXICON = [DEAR, FOR, LAMPS]


@pytest.mark.parametrize(
    ("words", "group"),
    [
        ("二百块太贵了", "嫌贵"),
        ("特别贵", "嫌贵"),  # 别 is no “don't” here
        ("差别大，贵", "嫌贵"),
        ("别的都好，就是贵", "嫌贵"),
        ("不光贵，还慢", "嫌贵"),
        ("不能不说贵", "嫌贵"),  # twice no is yes
        ("我这点养老钱拿不出", "嫌贵"),  # a word with a no of its own
        ("不贵", ""),
        ("一点也不算贵", ""),
        ("贵倒不贵，就是来不及", ""),
        ("没觉得贵", ""),
        ("谁说贵了", ""),
        ("不同意", ""),
        ("我不太赞成", ""),
        ("没有不同意的", "赞成"),
        ("不是不支持", "赞成"),
        ("不该修，支持不了", "赞成"),  # turned behind the word: only a suggestion, and a person looks
        ("没有路灯", "路灯"),  # a topic is named whether it is there or not
        ("河边黑灯瞎火的", "路灯"),
        ("路燈", "路灯"),  # as people in some places write it
        ("不贵，同意", "赞成"),
        ("贵，可我同意，也支持", "赞成"),  # the more said of the two
        ("天气不错", ""),
        ("", ""),
    ],
)
def test_a_sentence_is_like_this_group_or_none(words: str, group: str) -> None:
    assert suggest(words, LEXICON) == group


def test_the_usual_words_know_most_of_what_the_sample_villages_said() -> None:
    """Of 60 opinions that nobody wrote for the lexicon at least half get a suggestion; the rest are left to people."""
    lexicon = [Theme(**{"stance": False, **entry}) for entry in themes.USUAL]
    import json

    data = json.loads(sample._DATA.read_text(encoding="utf-8"))
    said = [o.get("text") or o.get("gloss_zh") or "" for c in data["consultations"] for o in c["opinions"]]
    assert len(said) == 60
    assert sum(bool(suggest(words, lexicon)) for words in said) >= 30


def test_an_area_keeps_its_own_words_before_those_of_the_area_above(village: Runtime) -> None:
    with village.db.write() as s:
        own, above = area(s, "NL"), area(s, "XQ")
        assert "嫌贵" in {t.name for t in themes.of(s, own)}  # the township's
        themes.keep(s, own, "屯里的井", ["老井", "井台", "老井"], "cli")
        first = themes.of(s, own)[0]
        assert (first.name, first.words) == ("屯里的井", ["老井", "井台"])
        assert "屯里的井" not in {t.name for t in themes.of(s, above)}
        assert themes.add_usual(s, own, "cli") == 0  # they are there already, from above
        for name, words, field in (
            ("", ["井"], "name"),
            ("屯里的井", ["井"], "name"),
            ("井", [" "], "words"),
        ):
            with pytest.raises(Refused) as no:
                themes.keep(s, own, name, words, "cli")
            assert no.value.field == field
