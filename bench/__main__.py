"""`make bench`: what is measured, each beside something else in the same run; `make bench ONLY=webhooks` for a part.

Prints ratios: these machines are noisy, so only two things measured together can be compared.
"""

import json
import sys
import time
from pathlib import Path


def interpret_speed() -> None:
    """Milliseconds of processor time a message, over all corpora (1,600 characters among them), beside normalizing it alone."""
    from gateway.ivr.interpret import interpret
    from gateway.text import normalize

    here = Path(__file__).parent.parent / "tests" / "ivr"
    contexts = {}
    for file in sorted(here.glob("interpret_contexts*.json")):
        contexts |= json.loads(file.read_text(encoding="utf-8"))
    cases = []
    for file in sorted(here.glob("interpret_corpus*.jsonl")):
        for line in file.read_text(encoding="utf-8").splitlines():
            case = json.loads(line)
            around = case["context"]
            cases.append((case["text"], contexts[around] if isinstance(around, str) else around))
    for text, around in cases:
        interpret(text, around)  # converter, pinyin and what is remembered of words are warm

    def timed(what) -> list[float]:  # type: ignore[no-untyped-def]
        took = []
        for case in cases:
            begin = time.process_time()
            what(*case)
            took.append((time.process_time() - begin) * 1e3)
        return sorted(took)

    whole, part = timed(interpret), timed(lambda text, _: normalize(text))
    mean, alone = sum(whole) / len(whole), sum(part) / len(part)
    print(
        f"interpretation: {mean:.3f} ms a message over {len(cases)} cases, half below {whole[len(whole) // 2]:.3f}, "
        f"99 of 100 below {whole[len(whole) * 99 // 100]:.3f}; normalizing alone {alone:.3f} ms, ratio {mean / alone:.1f} ×"
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
