"""Broadcasts and areas on the command line, on the sample township."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import structlog
from click.testing import CliRunner
from sqlalchemy import select, update

from gateway.cli import main
from gateway.models.area import Area
from gateway.models.organizer import Audit
from gateway.models.outreach import LADDER, Broadcast
from gateway.models.person import Person
from gateway.runtime import Runtime
from tests.conftest import KEY

Run = Callable[..., Any]


@pytest.fixture
def xiangyin(village: Runtime, tmp_path: Path) -> Any:
    """Run a command on the township: its JSON with ``--json``, else its lines; ``fails=True`` gives the sentence."""
    env = {"DATABASE_URL": str(village.settings.database), "SECRET_KEY": KEY, "DATA_DIR": str(tmp_path)}

    def run(*args: str, fails: bool = False) -> Any:
        done = CliRunner(env=env).invoke(main, list(args))
        assert (done.exit_code != 0) == fails, done.output
        assert done.exit_code in (0, 1), done.output
        if fails:
            return done.stderr
        return json.loads(done.stdout) if "--json" in args else done.stdout

    yield run
    structlog.reset_defaults()


def kept(rt: Runtime, id: int) -> Broadcast:
    with rt.db.read() as s:
        return s.get_one(Broadcast, id)


def test_an_area_gets_its_rules_when_made_or_later(xiangyin: Run, village: Runtime) -> None:
    made = xiangyin("area", "add", "XJ", "新居村", "--needs-approval", "--monthly-budget", "49.5", "--json")
    assert made == {"code": "XJ", "name": "新居村", "level": "village"}
    with village.db.read() as s:
        area = s.scalars(select(Area).where(Area.code == "XJ")).one()
        assert (area.needs_approval, area.monthly_budget) == (True, 49500)
    now = xiangyin("area", "set", "XJ", "--no-needs-approval", "--json")
    assert now == {"code": "XJ", "needs_approval": False, "monthly_budget": 49.5}
    assert xiangyin("area", "set", "XJ", "--monthly-budget", "none", "--json")["monthly_budget"] is None
    assert "not an amount" in xiangyin("area", "set", "XJ", "--monthly-budget", "viel", fails=True)
    with village.db.read() as s:
        assert (
            len(list(s.scalars(select(Audit).where(Audit.verb == "area_rules", Audit.actor == "cli")))) == 2
        )


def test_a_broadcast_takes_an_audience_and_the_ways(xiangyin: Run, village: Runtime) -> None:
    made = xiangyin(
        "broadcast", "new", "--area", "NL", "--text", "【拟柳村委会】停水", "--also", "FQ", "--group", "一组", "--tag",
        "villager_rep", "--role", "delegate", "--language", "zh-CN", "--consultation", "11", "--standing", "not_yet",
        "--fallback", "voice", "--ladder", "15m, 2h", "--detect", "--json",
    )  # fmt: skip
    assert list(made) == ["id"]
    b = kept(village, made["id"])
    assert (b.state, b.stage, b.fallback, b.ladder, b.detect) == (
        "draft",
        "reminder",
        "voice",
        "15m, 2h",
        True,
    )
    assert len(b.audience.pop("areas")) == 2 and b.audience.pop("consultation") == b.consultation_id
    assert b.audience == {"group": "一组", "tag": "villager_rep", "role": "delegate", "language": "zh-CN",
                          "standing": "not_yet"}  # fmt: skip


def test_without_options_a_broadcast_is_what_it_was(xiangyin: Run, village: Runtime) -> None:
    id = xiangyin("broadcast", "new", "--area", "NL", "--text", "停水", "--start", "--json")["id"]
    b = kept(village, id)
    assert (b.state, b.audience, b.fallback, b.ladder, b.detect) == ("running", {}, "", LADDER, False)
    shown = xiangyin("broadcast", "show", str(id), "--json")
    assert list(shown) == ["id", "state", "counts"] and shown["counts"]["planned"] > 0


def test_a_bad_ladder_and_a_standing_with_nothing_are_sentences(xiangyin: Run) -> None:
    new = ("broadcast", "new", "--area", "NL", "--text", "停水")
    assert "is not a wait" in xiangyin(*new, "--ladder", "bald", fails=True)
    assert "need --consultation" in xiangyin(*new, "--standing", "objected", fails=True)


def test_the_preview_prints_what_it_would_cost(xiangyin: Run) -> None:
    xiangyin("area", "set", "NL", "--monthly-budget", "20")
    id = str(xiangyin("broadcast", "new", "--area", "NL", "--text", "停水", "--json")["id"])
    seen = xiangyin("broadcast", "preview", id, "--json")
    assert (seen["people"], seen["unreachable"], seen["budget_left"]) == (11, 1, 20.0)
    assert seen["handsets"] == seen["sms"] + seen["voice"] and seen["price"] > 0 and len(seen["samples"]) == 3
    assert "停水" in xiangyin("broadcast", "preview", id)


def test_it_is_steered_step_by_step(xiangyin: Run, village: Runtime) -> None:
    id = str(xiangyin("broadcast", "new", "--area", "NL", "--text", "停水", "--json")["id"])
    for verb, state in (
        ("start", "running"),
        ("pause", "paused"),
        ("resume", "running"),
        ("cancel", "cancelled"),
    ):
        assert xiangyin("broadcast", verb, id).strip() == state
    assert "is cancelled" in xiangyin("broadcast", "start", id, fails=True)
    assert "no broadcast 999" in xiangyin("broadcast", "start", "999", fails=True)
    with village.db.read() as s:
        verbs = list(
            s.scalars(select(Audit.verb).where(Audit.subject == f"broadcast:{id}").order_by(Audit.id))
        )
    assert verbs == ["broadcast_start", "broadcast_pause", "broadcast_resume", "broadcast_cancel"]


def test_approval_is_somebody_who_may_act_there(xiangyin: Run, village: Runtime) -> None:
    xiangyin("area", "set", "NL", "--needs-approval")
    new = ("broadcast", "new", "--area", "NL", "--text", "停水", "--start")
    assert "waits for a second organizer" in xiangyin(*new)
    with village.db.read() as s:
        id = str(s.scalars(select(Broadcast.id).order_by(Broadcast.id.desc())).first())
    for login in ("yinwenshu", "xianminzheng"):  # another village's clerk, and one who only looks
        assert "may not approve" in xiangyin("broadcast", "approve", id, "--as", login, fails=True)
    assert xiangyin("broadcast", "approve", id, "--as", "qianxiaoman").strip() == "running"
    assert kept(village, int(id)).approved_by


def test_too_dear_keeps_the_draft(xiangyin: Run, village: Runtime) -> None:
    xiangyin("area", "set", "NL", "--monthly-budget", "0.1")
    said = xiangyin("broadcast", "new", "--area", "NL", "--text", "停水", "--start", "--json", fails=True)
    assert "left this month" in said
    with village.db.read() as s:
        assert s.scalars(select(Broadcast)).one().state == "draft"


def test_the_export_is_a_file(xiangyin: Run, tmp_path: Path) -> None:
    id = str(xiangyin("broadcast", "new", "--area", "NL", "--text", "停水", "--start", "--json")["id"])
    file = tmp_path / "out.csv"
    xiangyin("broadcast", "export", id, str(file))
    text = file.read_bytes().decode("utf-8")
    assert text.startswith("\ufeff姓名,电话") and "孙长河" in text and "+86" not in text and "\r\n" in text
    xiangyin("broadcast", "export", id, str(file), "--no-names")
    assert "孙长河" not in file.read_text("utf-8")
    assert "No such file" in xiangyin("broadcast", "export", id, str(tmp_path / "no" / "x.csv"), fails=True)


def test_a_past_matter_is_shown_with_the_turnout_of_its_day(xiangyin: Run, village: Runtime) -> None:
    with village.db.write() as s:
        s.execute(update(Person).values(state="left"))
    shown = xiangyin("consultation", "show", "16", "--json")
    assert (shown["answered"], shown["eligible"]) == (10, 10)
    assert "10 of 10 people answered" in xiangyin("consultation", "show", "16")
