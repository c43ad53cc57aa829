"""TwiML a carrier accepts, and SMS that fit."""

from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ivr import render
from gateway.ivr.engine import advance, begin
from gateway.ivr.load import load_folder
from gateway.ivr.script import Key, MissingFact, Place
from gateway.replies import _words, reply_text
from gateway.simulator import twiml
from gateway.text import segments

MARKET = load_folder(Path(__file__).parent / "scripts" / "market", {"cast_ballot"})
FACTS = {"village": "拟柳村", "number": "第十一", "option_1": "同意", "option_2": "不同意", "option_3": ""}
URL = "https://example.org/twilio/voice?c=1&t=2"


def shown(turn, facts=FACTS) -> str:  # type: ignore[no-untyped-def]
    return render.voice(
        MARKET, "zh-CN", turn, facts, action_url=URL, recording_url="https://example.org/twilio/recording"
    )


def test_a_menu_is_gathered_one_key_at_a_time_and_silence_falls_through_to_a_redirect() -> None:
    document = shown(begin(MARKET))
    assert document.startswith("<?xml")
    gather, redirect = ElementTree.fromstring(document)
    assert (gather.tag, gather.get("numDigits"), gather.get("timeout"), gather.get("finishOnKey")) == (
        "Gather",
        "1",
        "8",
        "",
    )
    assert gather.get("action") == URL and redirect.text == URL + "&silence=1"
    said = [e.text for e in gather.iter("Say")]
    assert (
        "同意，请按1。不同意，请按2。再听一遍，请按9。找人说话，请按0。" in said
    )  # nothing for the empty option
    assert all(e.get("language") == "cmn-CN" and e.get("voice") for e in gather.iter("Say"))
    assert gather.find("Say/break") is not None and "停" not in document


def test_nothing_is_said_that_only_twilio_understands() -> None:
    # Somleng takes nothing but Say and Play in a Gather, knows no Pause, and hears a Say's text alone
    document = ElementTree.fromstring(shown(begin(MARKET)))
    gather = document.find("Gather")
    assert gather is not None and {e.tag for e in gather} == {"Say"} and document.find(".//Pause") is None
    for say in gather:
        assert say.text and "".join(say.itertext()) == say.text
    paused = ElementTree.fromstring(render.say_document("（停）甲。（停一秒）（停）乙（停）"))
    assert [(e.text, len(e)) for e in paused.iter("Say")] == [("甲。", 2), ("乙", 1)]


def test_a_recording_has_a_tone_two_end_keys_and_a_way_on() -> None:
    from gateway.ivr.script import Outcome

    record = ElementTree.fromstring(shown(advance(MARKET, Place("confirm"), Outcome("ok"), FACTS))).find(
        "Record"
    )
    assert record is not None
    assert (record.get("finishOnKey"), record.get("maxLength"), record.get("playBeep")) == (
        "#*",
        "60",
        "true",
    )


def test_the_carrier_accepts_every_document() -> None:
    for turn in (
        begin(MARKET),
        advance(MARKET, Place("ask"), Key("0"), FACTS),
        begin(MARKET, "code"),
        begin(MARKET, "bye"),
    ):
        assert twiml.read(shown(turn).encode(), "text/xml; charset=utf-8")


@given(st.text(max_size=3000))
def test_speech_is_split_under_the_carriers_limit_and_nothing_is_lost(words: str) -> None:
    pieces = render.split_speech(words)
    assert all(len(quote(p, safe="")) <= 4500 and len(p) <= 500 for p in pieces if not p.isascii())
    document = render.say_document(words)
    ElementTree.fromstring(document)


def test_a_sentence_without_its_fact_is_an_error_not_a_gap() -> None:
    with pytest.raises(MissingFact, match="village"):
        shown(begin(MARKET), {})


def test_an_sms_turn_joins_its_choices_and_fits_one_message() -> None:
    turn = begin(MARKET)
    said = render.sms(MARKET, "zh-CN", turn, FACTS)
    assert said.endswith("第十一号事。同意回1，不同意回2，再听一遍回9，找人说话回0")
    assert segments(said).count == 1


def test_every_reply_fits_one_message_with_ordinary_facts() -> None:
    facts = {
        "sig": "【拟柳村委会】", "number": 11, "who": "您", "option": "不同意", "receipt": "40278", "days": 5, "name": "王德顺",
        "names": "李守田、赵玉芬", "name_1": "李守田", "options": "同意回1，不同意回2，没想好回3", "when": "今天下午五点前",
        "list": "11号屯中路修水泥路", "title": "屯中路修水泥路", "state": "正在征集意见，11月30日截止", "result": "修路，困难户免交",
        "what": "11号表态", "date": "11月24日", "score": 5, "words": "困难户名单里已经加上您家", "delegate": "王德顺",
        "place": "火星村", "ended": 17, "why": "钱不够，明年再商量", "standing": "后来改过，以后来的为准", "whose": "您", "languages": "中文、English",
        "form": "座谈会", "author": "县水务局", "principal": "赵玉芬", "verdict": "采纳了一部分", "where": "样例里社区",
    }  # fmt: skip
    for name in _words()["zh-CN"].steps:
        assert segments(reply_text(name, **facts)).count == 1, name
