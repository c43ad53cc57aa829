"""`make bench`: what is measured, each beside something else in the same run; `make bench ONLY=webhooks` for a part.

Prints ratios: these machines are noisy, so only two things measured together can be compared.
"""

import json
import sys
import time
from pathlib import Path


def interpret_speed() -> None:
    """Milliseconds a message, beside normalizing it alone."""
    from gateway.ivr.interpret import interpret
    from gateway.text import normalize

    here = Path(__file__).parent.parent / "tests" / "ivr"
    contexts = json.loads((here / "interpret_contexts.json").read_text(encoding="utf-8"))
    cases = [
        json.loads(line)
        for line in (here / "interpret_corpus.jsonl").read_text(encoding="utf-8").splitlines()
    ]
    for case in cases:
        interpret(case["text"], contexts[case["context"]])

    def timed(what) -> float:  # type: ignore[no-untyped-def]
        begin = time.perf_counter()
        for _ in range(5):
            for case in cases:
                what(case)
        return (time.perf_counter() - begin) / (5 * len(cases)) * 1e3

    whole = timed(lambda c: interpret(c["text"], contexts[c["context"]]))
    part = timed(lambda c: normalize(c["text"]))
    print(
        f"interpretation: {whole:.3f} ms a message over {len(cases)} cases; normalizing alone {part:.3f} ms, ratio {whole / part:.1f} ×"
    )


def main(parts: list[str]) -> None:
    """Run these parts, in this order; all of them when none is named."""
    from bench import celery_floor, latency, outbound, planning, webhooks, whole

    known = {
        "interpret": interpret_speed, "webhooks": webhooks.main, "planning": planning.main, "outbound": outbound.main,
        "whole": whole.main, "celery": celery_floor.main, "latency": latency.main,
    }  # fmt: skip
    strange = [part for part in parts if part not in known]
    if strange:
        sys.exit(f"no such part: {', '.join(strange)}; there are {', '.join(known)}")
    for part in parts or known:
        known[part]()


if __name__ == "__main__":
    main(sys.argv[1:])
