"""Scripts that an editor changes while residents ring."""

import shutil
from pathlib import Path

import pytest

from gateway.actions import ACTIONS
from gateway.ivr.faults import ScriptFaults
from gateway.ivr.fresh import Fresh
from gateway.ivr.load import load_all
from gateway.ivr.script import Script
from gateway.settings import SCRIPTS
from gateway.turns import FACTS


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(SCRIPTS, tmp_path / "ivr_scripts"))


@pytest.fixture
def scripts(folder: Path) -> Fresh[dict[str, Script]]:
    found: Fresh[dict[str, Script]] = Fresh(folder, lambda: load_all(folder, ACTIONS, FACTS))
    found()
    return found


def edit(folder: Path, old: str, new: str, scripts: Fresh[dict[str, Script]]) -> dict[str, Script]:
    words = folder / "hotline" / "zh-CN.toml"
    said = words.read_text()
    assert old in said
    words.write_text(said.replace(old, new))
    scripts._look_at = 0  # a second later
    return scripts()


def test_a_changed_sentence_is_said_without_a_restart(
    folder: Path, scripts: Fresh[dict[str, Script]]
) -> None:
    before = scripts()["hotline"].digest
    after = edit(folder, "谢谢您，再见。", "谢谢您，慢走。", scripts)["hotline"]
    assert after.words["zh-CN"].steps["bye"]["text"] == "谢谢您，慢走。"
    assert after.digest != before and scripts.faults is None


def test_a_broken_script_is_not_used_and_the_one_before_stays(
    folder: Path, scripts: Fresh[dict[str, Script]]
) -> None:
    before = scripts()["hotline"]
    assert edit(folder, "{village}协商热线", "{vilage}协商热线", scripts)["hotline"] is before
    assert scripts.faults is not None and "{vilage}" in str(scripts.faults.faults[0])
    assert edit(folder, "{vilage}", "{village}", scripts)["hotline"] is not before and scripts.faults is None


def test_half_a_file_is_a_fault_like_any_other(folder: Path, scripts: Fresh[dict[str, Script]]) -> None:
    (folder / "hotline" / "script.toml").write_text("[hello")
    scripts._look_at = 0
    assert "hello" in scripts()["hotline"].steps and scripts.faults is not None


def test_at_the_start_there_is_nothing_to_fall_back_on(folder: Path) -> None:
    (folder / "hotline" / "script.toml").write_text("[hello")
    with pytest.raises(ScriptFaults):
        Fresh(folder, lambda: load_all(folder, ACTIONS, FACTS))()
