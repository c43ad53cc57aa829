"""The hotline and its answers in other languages: English is spoken, Korean waits for somebody to read it."""

import re
import shutil
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest
from sqlalchemy import select

from admin import answers
from gateway import clock, replies, text
from gateway.actions import ACTIONS
from gateway.consultation import ballots
from gateway.ivr import render
from gateway.ivr.faults import ScriptFaults
from gateway.ivr.interpret import interpret
from gateway.ivr.load import load_all, load_folder
from gateway.ivr.script import Script, Words, fill
from gateway.models.answer import Objection, Opinion
from gateway.models.outreach import Delivery
from gateway.models.person import Handset, Person
from gateway.outreach import broadcasts
from gateway.people import residents
from gateway.runtime import Runtime
from gateway.settings import SCRIPTS, BadSetting, Settings
from gateway.texting.tongues import in_chinese
from gateway.turns import FACTS
from tests.calls import Call
from tests.conftest import LI, OWNER, STRANGER, SUN, Resident
from tests.resident import text as sms

HAN = re.compile("[\u4e00-\u9fff]")
PAUSE = re.compile("（停(?:一秒)?）")


def hotline() -> Script:
    return load_all(SCRIPTS, ACTIONS, FACTS)["hotline"]


def handset(rt: Runtime, who: Resident) -> Handset:
    with rt.db.read() as s:
        found = residents.handset(s, who.phone)
        assert found is not None
        return found


def today() -> str:
    return text.written_day(clock.now().astimezone(clock.village_zone()).date(), "en")


# ---- the files ---------------------------------------------------------------------------------


def test_every_language_loads_and_only_what_somebody_has_read_is_offered() -> None:
    script = hotline()
    assert {"zh-CN", "en", "ko"} <= set(script.words) and script.words["ko"].draft
    assert script.offered == ("zh-CN", "en")
    assert replies.offered() == ("en", "zh-CN")


def test_a_draft_is_no_language_to_begin_a_call_in() -> None:
    assert Settings.load(default_language="en", secret_key="x" * 32).default_language == "en"
    with pytest.raises(BadSetting, match="there are en, zh-CN"):
        Settings.load(default_language="ko", secret_key="x" * 32)


@pytest.mark.parametrize("language", ["en", "ko"])
def test_nothing_chinese_is_said_in_another_language_but_facts(language: str) -> None:
    words = hotline().words[language]
    for name, said in {**words.steps, "menus": words.menus, "phrases": words.phrases}.items():
        for part, sentence in said.items():
            assert not HAN.search(PAUSE.sub("", sentence)), f"[{name}] {part}"
            assert not re.search("[，。：；！？]", sentence), f"[{name}] {part}: that language's own marks"


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_step_says_what_the_chinese_one_says(language: str) -> None:
    """The same facts, pauses and keys: whoever leaves out a receipt or a choice leaves people without it."""
    script = hotline()
    for name, chinese in script.words["zh-CN"].steps.items():
        other = script.words[language].steps[name]
        assert chinese.keys() == other.keys(), name
        for part, sentence in chinese.items():
            named = set(re.findall(r"\{\w+\}", sentence))
            assert named == set(re.findall(r"\{\w+\}", other[part])), f"[{name}] {part}"
            assert bool(PAUSE.search(sentence)) == bool(PAUSE.search(other[part])) or name == "confirm"


@pytest.mark.parametrize("language", ["en", "ko"])
def test_every_answer_fits_two_messages_and_most_fit_one(language: str) -> None:
    def phrase(name: str, **facts: object) -> str:
        return fill(words.phrases[name], facts)

    words = replies._words()[language]
    day = text.written_day(date(2026, 11, 30), language)
    choices = ("同意", "不同意", "没想好")
    facts = {
        "sig": "【拟柳村委会】", "number": 11, "who": phrase("you"), "option": "不同意", "receipt": "40278", "days": 5,
        "name": "王德顺", "names": phrase("names_between").join(["李守田", "赵玉芬"]), "name_1": "李守田",
        "options": phrase("options_between").join(phrase("option", label=c, key=n) for n, c in enumerate(choices, 1)),
        "when": phrase("another_day", day=day, half=phrase("before_noon")), "list": phrase("listed", number=11, title="屯中路修水泥路"),
        "title": "屯中路修水泥路", "state": phrase("state_OPEN") + phrase("until", day=day), "result": "修路，困难户免交",
        "what": phrase("what_about", number=11, what=phrase("what_ballot")), "date": day, "score": 5,
        "words": "困难户名单里已经加上您家。", "delegate": "王德顺", "place": "火星村", "ended": 17, "why": "钱不够，明年再商量",
        "where": "虚泉镇", "standing": phrase("standing_replaced"), "whose": phrase("you"), "verdict": phrase("verdict_partly"), "languages": "中文, English",
        "form": phrase("a_meeting"), "author": "县水务局", "principal": "刘桂兰",
    }  # fmt: skip
    lengths = {name: text.segments(fill(own["text"], facts)) for name, own in words.steps.items()}
    assert all(one.count <= 2 for one in lengths.values()), lengths
    assert sum(one.count == 1 for one in lengths.values()) > len(lengths) / 2


def test_keys_with_a_name_are_named_in_the_language_and_a_language_without_menus_is_a_fault(
    tmp_path: Path,
) -> None:
    market = load_folder(Path(__file__).parent / "scripts" / "market", {"cast_ballot"})
    own = {"words": {"text": "Speak.", "star": "To end", "hash": "To go on"}}
    named = {"voice": "{choice}, press {key}.", "star": "star"}
    script = replace(market, words={**market.words, "en": Words("en", menus=named, steps=own)})
    assert render.menu_of(script, "en", "words", {}, "voice") == ["To end, press star."]
    unnamed = replace(
        market, words={"zh-CN": Words("zh-CN", menus={"voice": "{choice}，请按{key}"}, steps=own)}
    )
    assert render.menu_of(unnamed, "zh-CN", "words", {}, "voice") == ["To end，请按星号"]

    root = Path(shutil.copytree(SCRIPTS, tmp_path / "ivr_scripts"))
    english = root / "hotline" / "en.toml"
    english.write_text(english.read_text().replace("[menus]\n", "[hello_menus]\n"))
    with pytest.raises(ScriptFaults) as wrong:
        load_all(root, ACTIONS, FACTS)
    assert any("[menus] 缺 silent" in str(fault) for fault in wrong.value.faults)


# ---- on the telephone -------------------------------------------------------------------------------


def test_a_stranger_is_asked_in_each_languages_own_words_and_then_hears_english_throughout(
    village: Runtime,
) -> None:
    call = Call(village, STRANGER.phone, "CA-en")
    assert ("cmn-CN", "普通话，请按1。") in call.spoken
    assert ("en-US", "For English, press 2.") in call.spoken and "한국어" not in call.said
    assert "You are not registered yet" in call.press("2") and "To register, press 1." in call.said
    assert "please say your name" in call.press("1")
    assert "We have noted your registration" in call.record("RE-en") and not HAN.search(call.said)

    again = Call(village, STRANGER.phone, "CA-en-2")
    assert "You are not registered yet" in again.said and "普通话" not in again.said
    assert "There is no such choice" in again.press("7")
    assert "Somebody from the village will call you" in again.press("2")


def test_a_stranger_who_presses_nothing_is_spoken_to_in_chinese(village: Runtime) -> None:
    call = Call(village, STRANGER.phone, "CA-mute")
    for _ in range(3):
        call.url += "&silence=1"
        call._ask({})
    assert "您还没登记" in call.said
    assert handset(village, STRANGER).language is None  # and is asked again the next time


def test_what_a_hidden_number_chose_is_nobodys_the_next_time(village: Runtime) -> None:
    call = Call(village, "anonymous", "CA-hidden-en")
    assert "not registered" in call.press("2") and "hides its number" in call.press("2")
    assert "普通话，请按1" in Call(village, "Restricted", "CA-hidden-zh").said


def test_a_resident_changes_the_language_by_key_and_votes_in_it(each_village: Runtime) -> None:
    call = Call(each_village, SUN.phone, "CA-change")
    assert "For English, press 2" in call.press("2", "3", "2")
    assert (
        f"Hello, {SUN.name}" in call.press("2") and "To hear what is being discussed, press 1." in call.said
    )
    assert "同意, press 1." in call.press("1")
    assert "You chose:" in call.press("1") and ("cmn-CN", "同意.") in call.spoken
    said = call.press("1")
    found = re.search(r"Your receipt is ((?:\d ?)+)\.", said)
    assert found and "just hang up" in said
    checked = Call(each_village, SUN.phone, "CA-check").press("2", "2", "1", found[1].replace(" ", ""))
    assert (
        "It is about matter 11." in checked and f"An answer, noted on {today()}. It still stands." in checked
    )
    with each_village.db.read() as s:
        person = s.scalars(select(Person).where(Person.name == SUN.name)).one()
        assert (person.language, handset(each_village, SUN).language) == ("en", "en")


def test_a_chinese_notice_in_an_english_call_is_read_by_the_chinese_voice(village: Runtime) -> None:
    with village.db.write() as s:
        s.get_one(Handset, handset(village, SUN).id).language = "en"
    call = Call(village, SUN.phone, "CA-voices")
    call.press("1")
    for language, words in call.spoken:
        assert (language == "cmn-CN") == bool(HAN.search(words)), (language, words)
    assert ("en-US", "To hear this again, press 9.") in call.spoken
    assert any(language == "cmn-CN" and "第十一号事" in words for language, words in call.spoken)


def test_a_voice_changes_at_the_end_of_a_sentence_and_no_word_is_lost() -> None:
    said = render.say_document("This is matter 11. 屯中路修水泥路. You may answer. 4 0 2 7 8. 谢谢。再见。")
    assert re.findall(r'language="([^"]+)">([^<]+)<', said) == [
        ("en-US", "This is matter 11."),
        ("cmn-CN", "屯中路修水泥路."),
        ("en-US", "You may answer. 4 0 2 7 8."),
        ("cmn-CN", "谢谢。再见。"),
    ]


@pytest.mark.parametrize("tongue", ["mn", "ko", "fr", ""])
def test_whoever_speaks_a_language_we_have_no_words_in_hears_and_reads_chinese(
    village: Runtime, tongue: str
) -> None:
    with village.db.write() as s:
        for person in s.scalars(select(Person).where(Person.name == SUN.name)):
            person.language = tongue
    assert f"{SUN.name}，您好" in Call(village, SUN.phone, "CA-other").said
    reply = sms(village, SUN, "1")
    assert "您选“同意”" in reply
    receipt = reply.partition("回执")[2][:5]
    assert "日记下的" in sms(village, SUN, f"回执{receipt}")  # 11月30日, not 11월 30일


def test_people_who_speak_different_languages_on_one_handset_are_spoken_to_in_chinese(
    village: Runtime,
) -> None:
    with village.db.write() as s:
        s.scalars(select(Person).where(Person.name == LI.name)).one().language = "en"
    assert "这部电话登记了几个人" in Call(village, LI.phone, "CA-both").said


# ---- by SMS ---------------------------------------------------------------------------------------------


def english(rt: Runtime, who: Resident) -> None:
    assert "we text and speak English to you" in sms(rt, who, "language: english")


def test_whoever_chose_english_is_answered_in_english_with_english_dates(each_village: Runtime) -> None:
    english(each_village, SUN)
    reply = sms(each_village, SUN, "1")
    found = re.search(r"Matter 11: you chose 同意\. Receipt (\d+)\.", reply)
    assert found, reply
    assert f"answer on matter 11, {today()}, it stands" in sms(each_village, SUN, f"receipt {found[1]}")
    assert re.search(r"open for answers until [A-Z][a-z]+ \d+\.", sms(each_village, SUN, "status 11"))
    assert "This did not count. For matter 11 reply one number: 1 同意, 2 不同意" in sms(
        each_village, SUN, "1 2"
    )
    assert "以后短信和电话都说普通话" in sms(each_village, SUN, "Chinese please")


def test_dates_are_written_as_the_language_writes_them() -> None:
    day = date(2026, 6, 20)
    assert [text.written_day(day, tongue) for tongue in ("en", "ko", "zh-CN", "mn")] == [
        "June 20",
        "6월 20일",
        "6月20日",
        "6月20日",
    ]
    assert [text.spoken_day(day, tongue) for tongue in ("en", "zh-CN")] == ["June 20", "六月二十号"]


def test_a_language_that_is_a_draft_is_not_to_be_had(village: Runtime) -> None:
    assert "中文" in sms(village, SUN, "한국어") and handset(village, SUN).language is None
    english(village, SUN)
    assert "We have English, 中文." in sms(village, SUN, "language: Korean")


def test_what_english_answers_ask_people_to_write_is_understood(village: Runtime) -> None:
    english(village, OWNER)
    assert "You object to matter 16" in sms(village, OWNER, "object 16, it is too loud")
    assert "Your objection stands" in sms(village, OWNER, "“comment” 16 I mean at night")
    explained(village)
    assert "your objection is taken back" in sms(village, OWNER, "withdraw 16")
    assert "Your words on matter 13 are kept" in sms(village, OWNER, "comment the lift is slow")
    assert "Your proposal is noted" in sms(village, OWNER, "propose a bench by the gate")
    assert "We call you, too" in sms(village, OWNER, "there is a fire")
    assert "nothing counts" in sms(village, OWNER, "practice") and "Well done" in sms(village, OWNER, "1")
    assert "Stopped" in sms(village, OWNER, "T") and "hear from us again" in sms(village, OWNER, "start")
    with village.db.read() as s:  # what is kept is what was written
        kept = set(s.scalars(select(Opinion.words)))
        assert {"“comment” 16 I mean at night", "propose a bench by the gate"} <= kept


def explained(rt: Runtime) -> None:
    """The village answers an objection: in the objector's language around the clerk's own words."""
    with rt.db.write() as s:
        objection = s.scalars(select(Objection).order_by(Objection.id.desc())).first()
        assert objection is not None and objection.words == "it is too loud"
        assert answers.explained(s, objection, "晚上十点以后停用")
        told = s.scalars(select(Delivery).where(Delivery.subject == f"objection:{objection.id}")).one()
        assert "Matter 16, you objected. Answer: 晚上十点以后停用。 Understood?" in told.body


@pytest.mark.parametrize(
    ("language", "words", "intent"),
    [
        ("en", "object", "object"), ("en", "I object to matter 16: noise", "object"), ("en", "Withdraw", "withdraw_objection"),
        ("en", "register 王德顺 拟柳村", "register"), ("en", "my data", "data_request"), ("en", "list", "query"),
        ("en", "call me", "callback"), ("en", "no more calls", "opt_out"), ("en", "resume", "opt_in"), ("en", "help", "help"),
        ("en", "objects are cheap here", "clarify"), ("zh-CN", "object 16 noise", "clarify"),
        ("ko", "반대 시끄럽습니다", "object"), ("ko", "철회 16", "withdraw_objection"), ("ko", "목록", "query"),
        ("ko", "등록 王德顺 拟柳村", "register"), ("ko", "내 정보", "data_request"), ("ko", "다시", "opt_in"),
        ("ko", "의견 길이 좁습니다", "opinion"),
    ],
)  # fmt: skip
def test_a_command_is_read_in_the_language_of_the_handset_and_nothing_else_is_changed(
    language: str, words: str, intent: str
) -> None:
    around = {
        "registered": True,
        "in_publicity": [16],
        "own_objection": [16],
        "pending": {"kind": "publicity", "consultation": 16},
    }
    assert interpret(in_chinese(words, language), around)["intent"] == intent


def test_whoever_waits_because_of_a_fault_of_ours_is_told_so_in_their_language(
    village: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    english(village, SUN)
    call = Call(village, SUN.phone, "CA-broken")
    monkeypatch.setattr(ballots, "cast", broken)
    assert "We got your message" in sms(village, SUN, "1")
    assert "we will call you back soon" in call.press("1", "1", "1")


def test_a_registration_is_confirmed_in_the_language_of_the_handset(village: Runtime) -> None:
    english(village, STRANGER)
    assert "We will check it and tell you" in sms(village, STRANGER, "register 孙长河 拟柳村")
    from gateway.models.person import Claim

    with village.db.write() as s:
        claim = s.scalars(select(Claim).where(Claim.handset_id == handset(village, STRANGER).id)).one()
        answers.claim_decided(s, claim, s.scalars(select(Person).where(Person.name == SUN.name)).one())
        told = s.scalars(select(Delivery).where(Delivery.subject == f"claim:{claim.id}")).one()
        assert "you are registered now" in told.body


def test_a_message_in_chinese_stands_between_english_words_in_a_call_of_ours(village: Runtime) -> None:
    with village.db.write() as s:
        mine = s.get_one(Handset, handset(village, SUN).id)
        mine.language = "en"
        told = broadcasts.say(s, mine, sms="", channel="voice", voice="明天上午停电")
        told.state, told.tries = "submitting", 1
        s.flush()
        id = told.id
    call = Call(village, SUN.phone, "CA-told", url=f"/twilio/voice?d={id}&n=1")
    assert ("cmn-CN", "明天上午停电") in call.spoken and "This call is free for you." in call.said
    assert "Thank you. Goodbye." in call.press("1")
