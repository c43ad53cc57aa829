"""Walking through a script: every key, silence and hang-up, at every step."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.actions import ACTIONS
from gateway.inbound import scripts
from gateway.ivr import render
from gateway.ivr.engine import advance, begin
from gateway.ivr.load import load_folder
from gateway.ivr.script import Hangup, Heard, Key, Outcome, Place, Recording, Script, Silence, Text, Turn
from gateway.simulator import twiml
from gateway.turns import FACTS as FACTS_OF_ACTIONS

MARKET = load_folder(Path(__file__).parent / "scripts" / "market", {"cast_ballot"})
FACTS = {"village": "拟柳村", "number": "第十一", "option_1": "同意", "option_2": "不同意", "option_3": ""}
heards = st.one_of(
    st.builds(Key, st.sampled_from([*"0123456789*#", "star", "40278", "", "x"])),
    st.builds(Text, st.text(max_size=12)),
    st.builds(Recording, st.sampled_from(["RE1", ""]), st.integers(0, 120)),
    st.just(Silence()),
    st.just(Hangup()),
    st.builds(Outcome, st.sampled_from(["ok", "closed", "answered", "no-answer"])),
)


def test_it_begins_by_speaking_and_waits_at_the_first_choice() -> None:
    turn = begin(MARKET)
    assert [line.step for line in turn.lines] == ["hello", "ask"]
    assert turn.place == Place("ask") and turn.wants == "key" and not turn.over


def test_a_key_is_learnt_with_its_label_and_asks_for_the_action() -> None:
    turn = advance(MARKET, Place("ask"), Key("2"), FACTS)
    assert turn.learned["ask"] == "2" and turn.learned["ask_said"] == "不同意"
    assert turn.action and turn.action.name == "cast_ballot"


def test_an_option_that_does_not_exist_here_is_not_offered_and_its_key_is_wrong() -> None:
    turn = advance(MARKET, Place("ask"), Key("3"), FACTS)
    assert turn.place == Place("ask", 1)
    assert [line.part for line in turn.lines] == ["wrong", "text"]


def test_outcomes_lead_where_the_script_says_and_unheard_of_ones_to_else() -> None:
    assert advance(MARKET, Place("confirm"), Outcome("ok"), FACTS).wants == "record"
    assert advance(MARKET, Place("confirm"), Outcome("thunder"), FACTS).wants == "digits"


def test_hearing_it_again_is_no_failure_and_silence_three_times_leads_to_a_person() -> None:
    place = Place("ask")
    for _ in range(20):
        place = advance(MARKET, place, Key("9"), FACTS).place
    assert place.misses == 0
    for misses in (1, 2):
        turn = advance(MARKET, place, Silence(), FACTS)
        assert turn.lines[0].part == "silent" and turn.place.misses == misses
        place = turn.place
    ended = advance(MARKET, place, Silence(), {**FACTS, "duty_phone": "+8649900000001"})
    assert ended.wants == "connect"


def test_words_by_sms_mean_their_digit_or_their_label() -> None:
    for said in ("1", "１", "一", "同意", "同意。"):
        assert advance(MARKET, Place("ask"), Text(said), FACTS).learned["ask"] == "1"


def test_a_hang_up_ends_without_a_word_and_silence_does_not() -> None:
    assert advance(MARKET, Place("ask"), Hangup(), FACTS).over
    assert not advance(MARKET, Place("ask"), Silence(), FACTS).over


@given(st.lists(heards, max_size=25))
def test_whatever_is_heard_it_never_falls_over_and_always_waits_acts_or_ends(said: list) -> None:  # type: ignore[type-arg]
    turn, facts = begin(MARKET), dict(FACTS)
    for heard in said:
        if turn.over:
            break
        turn = advance(MARKET, turn.place, heard, facts)
        facts |= turn.learned
        assert turn.over or turn.wants or turn.action
        assert turn.place.step in MARKET.steps


@pytest.fixture(scope="module")
def hotline() -> Script:
    return scripts()["hotline"]


def _outcomes(script: Script, step: str) -> list[str]:
    then = script.steps[step].then
    return list(then) if isinstance(then, dict) else ["ok"]


def _sayable(script: Script, turn: Turn, facts: dict[str, str]) -> None:
    """In every language there are words for it, and a carrier can read them."""
    filled = dict.fromkeys(FACTS_OF_ACTIONS, "甲") | {f"{name}_said": "甲" for name in script.steps} | facts
    for step in script.steps.values():
        filled.setdefault(step.name, "3")
    for language in script.words:
        document = render.voice(script, language, turn, filled, action_url="https://x.example/?c=1")
        verbs = [verb["verb"] for verb in twiml.read(document.encode(), "text/xml")]
        assert turn.action or verbs[-1] in ("Redirect", "Hangup", "Dial"), (turn.place, verbs)
        render.sms(script, language, turn, filled)


def test_the_hotline_has_no_dead_end_at_any_key_silence_or_hang_up(hotline: Script) -> None:
    kinds = ("option", "name", "matter", "language")
    everything = {f"{name}_{n}": "甲" for name in kinds for n in (1, 2, 3)}
    switches = {f"{name}_switch": "停" for name in ("sms", "voice", "all")}
    facts = {
        **everything,
        **switches,
        "agree": "听明白了",
        "object": "我要反对",
        "withdraw": "收回",
        "rate": "打分",
        **{"speak": "发言", "meetings": "开会", "assessed": "论证", "room": "r1", "anew": "从头听"},
    }
    facts["duty_phone"] = "+8649900000001"
    reached, waiting = (
        set(),
        [begin(hotline, entry).place.step for entry in (hotline.start, *hotline.entries)],
    )
    while waiting:
        name = waiting.pop()
        if name in reached:
            continue
        reached.add(name)
        step = hotline.steps[name]
        heard: list[Heard] = [Outcome(o) for o in _outcomes(hotline, name)] if step.is_action else []
        heard += [Key(k) for k in "0123456789*#"] + [Silence(), Hangup(), Recording("RE1", 3)]
        heard += [Outcome("no-answer"), Outcome("completed")] if step.does in ("connect", "join") else []
        for one in heard:
            for misses in (0, 2):
                turn = advance(hotline, Place(name, misses), one, facts)
                assert turn.over or turn.wants or turn.action, (name, one)
                _sayable(hotline, turn, {**facts, **turn.learned})
                if turn.over and not isinstance(one, Hangup) and step.does != "end":
                    # a call ends only at a step that says so
                    assert hotline.steps[turn.place.step].does == "end", (name, one, turn.place)
                if not turn.over:
                    waiting.append(turn.place.step)
    silent = {n for n, s in hotline.steps.items() if s.does in ("say", "end")}
    assert set(hotline.steps) - silent <= reached


def test_every_action_a_script_names_exists(hotline: Script) -> None:
    assert {s.does for s in hotline.steps.values() if s.is_action} <= set(ACTIONS)


def test_a_vote_takes_at_most_three_keys_and_no_menu_is_longer_than_three_choices(hotline: Script) -> None:
    # 1 open matters, 1 agree, 1 confirm
    steps = [hotline.steps[name] for name in ("menu", "ask", "confirm")]
    assert all("1" in s.keys for s in steps)
    for step in hotline.steps.values():
        assert len([k for k in step.keys if k not in ("9", "0", "star")]) <= 3


def test_turns_are_plain_data() -> None:
    assert Place.from_json(Place("ask", 2).to_json()) == Place("ask", 2)
    assert Turn(Place("ask")).lines == ()
