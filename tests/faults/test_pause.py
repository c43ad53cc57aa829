"""Somebody presses pause in the middle: it stops within one batch, and goes on where it was."""

import json
from pathlib import Path

from tests.faults.township import eventually, prove, township
from tests.stories.village import Panel

WORDS = "【样例村委会】写错了，等一下"


def test_pause_stops_within_one_batch_and_resume_goes_on(tmp_path: Path) -> None:
    # the usual lease, not the short one of these tests: on a busy machine that one runs out, which is another story
    with township(tmp_path, SEND_CONCURRENCY="10", LEASE_SECONDS="60") as town:
        town.carrier.behave(latency=0.2)
        town.people("A", 400)
        made = town.stack.cli(
            "organizer", "add", "吴凤霞", "--area", "A", "--role", "village_organizer", "--json"
        )
        panel = Panel(town.stack, **json.loads(made))
        id = town.tell("A", WORDS)
        here = f"/admin/broadcasts/{id}"
        town.carrier.taken(WORDS, atleast=60, seconds=60)
        panel.get(here)
        panel.post(f"{here}/pause")
        at_pause = len(town.carrier.taken(WORDS))
        counts = eventually(
            lambda: (lambda c: c if not c["submitting"] and not c["claimed"] else None)(town.counts(id))
        )
        stopped = len(town.carrier.taken(WORDS))
        # a chunk of 4 × SEND_CONCURRENCY, as many waiting for a sender as there are, and as many at the carrier
        assert stopped - at_pause <= 6 * 10
        assert counts["planned"] == 400 - stopped > 0 and town.shown(id)["state"] == "paused"
        assert len(town.carrier.taken(WORDS)) == stopped
        panel.get(here)
        panel.post(f"{here}/resume")
        prove(town, id, WORDS, 400, town.settled(id))
