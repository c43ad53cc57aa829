"""What free SMS mean: a corpus in the words people use, measured."""

import json
import time
from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gateway.ivr.interpret import interpret

HERE = Path(__file__).parent
CONTEXTS = json.loads((HERE / "interpret_contexts.json").read_text(encoding="utf-8"))

MORE_CONTEXTS = {
    name: context
    for file in ("variants", "seventh")
    for name, context in json.loads(
        (HERE / f"interpret_contexts_{file}.json").read_text(encoding="utf-8")
    ).items()
}


def cases(name: str) -> list[dict]:  # type: ignore[type-arg]
    lines = (HERE / name).read_text(encoding="utf-8").splitlines()
    found = [json.loads(line) for line in lines if line]
    for case in found:
        if isinstance(case["context"], str):
            case["context"] = (CONTEXTS | MORE_CONTEXTS)[case["context"]]
    return found


# the first was written with the interpreter; the second by somebody who had not seen it (then 91.7 % right); the
# third after a review: what must not be a vote, an objection or silence, and the plain answers beside it; the fourth
# again by somebody who had not seen it (then 88.2 %, and one “동의 안 합니다” taken for a yes). The variants are nine
# sets in the spirit of the fourth, each written before it was run (then 91, 96, 85, 92, 93, 85, 95, 83 and 96 %,
# the sixth and the eighth being wishes and hardly any votes). The fifth and the sixth were again unseen when first
# scored (92.3 and 98.7 %, no false vote, no false opt-out). The seventh found 90.6 % and five English half-sentences taken
# for votes (Korean and English are read as whole sentences since), the eighth, terse numbers, young relatives and texts
# of 1,600 characters, 97.4 % and one stammer taken for a vote, the ninth, 320 texts that only look like a vote, a stop
# or an objection, 98.7 %, one false vote and one false objection. The tenth, half of it Korean and English, found 96.5 %,
# no false vote, no false stop, and two cries for help in English not heard. The author of these had read the
# interpreter after the seventh. The eleventh, traps for what was built since, found 98.2 % and three false votes (a
# sign behind a digit, Korean that asks others to agree).
# Every one of them has been tuned against since, so only a new one says how good the interpreter is
CORPORA = {
    name: cases(f"interpret_corpus{name}.jsonl")
    for name in (
        "",
        "_second",
        "_third",
        "_fourth",
        "_fifth",
        "_sixth",
        "_seventh",
        "_eighth",
        "_ninth",
        "_tenth",
        "_eleventh",
        "_variants",
    )
}


def meets(said: dict, wanted: dict) -> bool:  # type: ignore[type-arg]
    if said["intent"] != wanted["intent"]:
        return False
    for name, value in wanted.get("fields", {}).items():
        if name == "actions":
            given = said["fields"].get("actions", [])
            if len(given) != len(value) or not all(any(meets(g, w) for g in given) for w in value):
                return False
        elif name.endswith("_contains"):
            if str(value) not in str(said["fields"].get(name.removesuffix("_contains"), "")):
                return False
        elif said["fields"].get(name) != value:
            return False
    return True


def right(said: dict, case: dict) -> bool:  # type: ignore[type-arg]
    return any(
        meets(said, w) for w in (case["expect"], *case.get("accept", []), *case.get("accept_also", []))
    )


def voted(said: dict) -> list[tuple]:  # type: ignore[type-arg]
    acts = said["fields"].get("actions", [said])
    return [
        (a["fields"].get("consultation"), a["fields"].get("option"), a["fields"].get("person"))
        for a in acts
        if a["intent"] == "vote"
    ]


@pytest.mark.parametrize("name", list(CORPORA))
def test_the_corpus_is_understood_without_one_false_vote_objection_or_opt_out(name: str) -> None:
    hit, expected, given_, wrong = Counter(), Counter(), Counter(), []  # type: ignore[var-annotated]
    for case in CORPORA[name]:
        said, intent = interpret(case["text"], case["context"]), case["expect"]["intent"]
        expected[intent] += 1
        given_[said["intent"]] += 1
        if right(said, case):
            hit[intent] += 1
        else:
            wrong.append((case["text"], case["expect"], said))
            # a vote nobody cast is the worst of all mistakes; so is one for another matter or option
            assert not set(voted(said)) - set(voted(case["expect"])), f"a false vote: {wrong[-1]}"
        allowed = [case["expect"], *case.get("accept", []), *case.get("accept_also", [])]
        actions = [said, *said["fields"].get("actions", [])]
        acts = {a["intent"] for a in actions}
        for grave in ("opt_out", "object", "withdraw_objection"):
            if grave in acts:
                meant = [a for w in allowed for a in w.get("fields", {}).get("actions", [w])]
                assert any(a["intent"] == grave for a in meant), f"a false {grave}: {case} → {said}"
        for forbidden in case.get("must_not", []):
            barred = {"intent": forbidden} if isinstance(forbidden, str) else forbidden
            assert not any(meets(a, barred) for a in actions), (
                f"{barred} is what it must not be: {case} → {said}"
            )
        if intent == "emergency":
            assert said["intent"] == "emergency", f"a missed emergency: {case} → {said}"
    for intent in sorted(expected):
        precision = hit[intent] / given_[intent] if given_[intent] else 0.0
        print(
            f"{intent:20} n={expected[intent]:3} recall {hit[intent] / expected[intent]:.2f} precision {precision:.2f}"
        )
    for one in wrong:
        print("wrong:", *one)
    total = len(CORPORA[name])
    assert total >= 300
    assert sum(hit.values()) / total >= 0.98


@given(st.text(max_size=200), st.sampled_from(sorted(CONTEXTS)))
def test_nothing_anybody_types_makes_it_fall_over(words: str, context: str) -> None:
    said = interpret(words, CONTEXTS[context])
    assert isinstance(said["intent"], str) and isinstance(said["fields"], dict)
    json.dumps(said, ensure_ascii=False)


@pytest.mark.parametrize(
    "context",
    [
        {"pending": {"kind": "vote", "consultation": "abc", "options": {"1": "同意"}}},
        {"pending": {"kind": ["vote"], "consultation": {}, "options": [1, 2]}},
        {"pending": {"kind": "rating", "consultation": True}, "closed": ["²", None, -1, "17"]},
        {"open_votes": 12, "handset_persons": "孙长河", "in_publicity": {"13": 1}},
        {"handset_persons": [None, 5, "(((", ""], "options": {"11": None}, "open_votes": [11, "13"]},
    ],
)
def test_a_context_that_is_none_makes_nothing_fall_over(context: dict) -> None:  # type: ignore[type-arg]
    for words in (
        "1",
        "同意",
        "11 1",
        "反对，太吵",
        "5分",
        "I agree",
        "찬성합니다",
        "王德顺1，刘桂兰2",
        "17号很满意",
    ):
        assert isinstance(interpret(words, context)["intent"], str)


def test_a_thousand_messages_take_less_than_a_second_of_processor_time() -> None:
    texts = [c["text"] for corpus in CORPORA.values() for c in corpus]
    texts = texts[
        :: len(texts) // 1000
    ]  # warming all of them would take ten times as long as what is measured
    for words in texts:
        interpret(words, CONTEXTS["one"])  # pinyin and converter are warm
    begin = time.process_time()
    for n in range(1000):
        interpret(texts[n % len(texts)], CONTEXTS["one"])
    assert time.process_time() - begin < 1.0


@pytest.mark.parametrize(
    "filler", ["这是", "还要", "哦", "可以", "我是", "手滑", "你们求求", "村里的", "很满意", "的一二三四"]
)
def test_nobody_keeps_a_worker_busy_with_filler_words(filler: str) -> None:
    words = (filler * 40)[:70] + "哪"
    for context in CONTEXTS.values():
        interpret("1", context)
    begin = time.process_time()
    for context in CONTEXTS.values():
        interpret(words, context)
    assert time.process_time() - begin < 0.05 * len(CONTEXTS)


@pytest.mark.parametrize(
    "words",
    [
        "注册 王德顺 虚泉镇拟柳村",
        "注册王德顺虚泉镇拟柳村",
        "注册 王德顺（儿子） 拟柳村",
        "注册 王德顺 拟柳村一组",
        "注\u200b册 王德顺 拟柳\u200b村",
        "我是虚泉镇拟柳村的王德顺",
        "我叫王德顺，家住虚泉镇拟柳村一组",
    ],
)
def test_a_town_before_the_village_a_group_behind_it_and_a_remark_behind_the_name_are_no_hindrance(
    words: str,
) -> None:
    said = interpret(words, {"registered": False})
    assert said == {"intent": "register", "fields": {"name": "王德顺", "area": "拟柳村"}}
