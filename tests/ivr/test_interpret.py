"""What residents write, and what is made of it: the corpus, and promises no message may break."""

import json
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gateway.ivr.interpret import interpret

CORPUS = [
    json.loads(line)
    for line in (Path(__file__).parent / "interpret_corpus.jsonl").read_text(encoding="utf-8").splitlines()
]
OPEN = {
    "registered": True,
    "handset_persons": ["孙长河"],
    "pending": {"kind": "vote", "consultation": 12, "options": {"1": "同意", "2": "不同意", "3": "弃权"}},
    "open_votes": [12],
}


def _meets(got: Any, wanted: Any) -> bool:
    """Every wanted field is there; ``x_contains`` is a part of x."""
    if isinstance(wanted, Mapping):
        return isinstance(got, Mapping) and all(
            value in str(got.get(key.removesuffix("_contains"), ""))
            if key.endswith("_contains")
            else key in got and _meets(got[key], value)
            for key, value in wanted.items()
        )
    if isinstance(wanted, list):
        return len(got) == len(wanted) and all(map(_meets, got, wanted))
    return bool(got == wanted)


def _acts(answer: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    yield answer
    yield from answer["fields"].get("actions", [])


def _right(case: Mapping[str, Any], answer: Mapping[str, Any]) -> bool:
    wanted = [case["expect"], *case.get("accept_also", [])]
    forbidden = {act["intent"] for act in _acts(answer)} & set(case.get("must_not", []))
    return not forbidden and any(_meets(answer, one) for one in wanted)


def _vote(act: Mapping[str, Any]) -> tuple[Any, ...]:
    fields = act["fields"]
    return fields.get("consultation"), fields.get("option"), fields.get("person")


def _false_votes(case: Mapping[str, Any], answer: Mapping[str, Any]) -> bool:
    wanted = [case["expect"], *case.get("accept_also", [])]
    meant = {_vote(act) for one in wanted for act in _acts(one) if act["intent"] == "vote"}
    return any(act["intent"] == "vote" and _vote(act) not in meant for act in _acts(answer))


def _false_opt_out(case: Mapping[str, Any], answer: Mapping[str, Any]) -> bool:
    return answer["intent"] == "opt_out" and case["expect"]["intent"] != "opt_out"


def test_the_corpus_is_understood() -> None:
    right: Counter[str] = Counter()
    wanted: Counter[str] = Counter()
    given_: Counter[str] = Counter()
    wrong = []
    for case in CORPUS:
        answer, intent = interpret(case["text"], case["context"]), case["expect"]["intent"]
        wanted[intent] += 1
        if _right(case, answer):
            right[intent] += 1
            given_[intent] += 1
        else:
            given_[answer["intent"]] += 1
            wrong.append((case["text"], case["expect"], answer))
    print(f"\n{'intent':20} cases precision recall")
    for intent, count in sorted(wanted.items()):
        precision = right[intent] / given_[intent] if given_[intent] else 0.0
        print(f"{intent:20} {count:5} {precision:9.2f} {right[intent] / count:6.2f}")
    for text, expected, answer in wrong:
        print("wrong:", json.dumps([text, expected, answer], ensure_ascii=False))
    assert len(CORPUS) >= 300
    assert sum(right.values()) / len(CORPUS) >= 0.97


def test_nothing_in_the_corpus_becomes_a_vote_or_a_stop_that_was_not_meant() -> None:
    answers = [(case, interpret(case["text"], case["context"])) for case in CORPUS]
    assert [(c["text"], a) for c, a in answers if _false_votes(c, a)] == []
    assert [(c["text"], a) for c, a in answers if _false_opt_out(c, a)] == []
