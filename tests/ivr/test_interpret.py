"""What free SMS mean: a corpus in the words people use, measured."""

import json
import time
from collections import Counter
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from gateway.ivr.interpret import interpret

HERE = Path(__file__).parent
CONTEXTS = json.loads((HERE / "interpret_contexts.json").read_text(encoding="utf-8"))
CASES = [
    json.loads(line)
    for line in (HERE / "interpret_corpus.jsonl").read_text(encoding="utf-8").splitlines()
    if line
]


def right(said: dict, case: dict) -> bool:  # type: ignore[type-arg]
    wanted = [case["expect"], *case.get("accept", [])]
    for one in wanted:
        if said["intent"] != one["intent"]:
            continue
        if all(said["fields"].get(k) == v for k, v in one.get("fields", {}).items()):
            return True
    return False


def votes_in(said: dict) -> int:  # type: ignore[type-arg]
    if said["intent"] == "multi":
        return sum(votes_in(a) for a in said["fields"]["actions"])
    return int(said["intent"] == "vote")


def test_the_corpus_is_understood_without_one_false_vote_or_opt_out() -> None:
    hit, expected, given_, wrong = Counter(), Counter(), Counter(), []  # type: ignore[var-annotated]
    for case in CASES:
        said = interpret(case["text"], CONTEXTS[case["context"]])
        intent = case["expect"]["intent"]
        expected[intent] += 1
        given_[said["intent"]] += 1
        if right(said, case):
            hit[intent] += 1
        else:
            wrong.append((case["text"], case["context"], case["expect"], said))
        if intent not in ("vote", "multi") and not any(
            a["intent"] in ("vote", "multi") for a in case.get("accept", [])
        ):
            assert votes_in(said) == 0, f"a false vote: {case} → {said}"
        if intent != "opt_out":
            assert said["intent"] != "opt_out", f"a false opt-out: {case} → {said}"
    for intent in sorted(expected):
        recall = hit[intent] / expected[intent]
        precision = hit[intent] / given_[intent] if given_[intent] else 0.0
        print(f"{intent:20} n={expected[intent]:3} recall {recall:.2f} precision {min(1.0, precision):.2f}")
    for one in wrong:
        print("wrong:", *one)
    assert len(CASES) >= 150
    assert sum(hit.values()) / len(CASES) >= 0.97


@given(st.text(max_size=200), st.sampled_from(sorted(CONTEXTS)))
def test_nothing_anybody_types_makes_it_fall_over(words: str, context: str) -> None:
    said = interpret(words, CONTEXTS[context])
    assert isinstance(said["intent"], str) and isinstance(said["fields"], dict)
    json.dumps(said, ensure_ascii=False)


def test_a_thousand_messages_take_less_than_a_second_of_processor_time() -> None:
    texts = [c["text"] for c in CASES]
    for words in texts:
        interpret(words, CONTEXTS["one"])  # pinyin and converter are warm
    begin = time.process_time()
    for n in range(1000):
        interpret(texts[n % len(texts)], CONTEXTS["one"])
    assert time.process_time() - begin < 1.0
