"""Every fault at once, in an editor's words."""

import shutil
from pathlib import Path

import pytest

from gateway.ivr.load import ScriptFaults, load_all, load_folder

MARKET = Path(__file__).parent / "scripts" / "market"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MARKET, tmp_path / "market"))


def faults(folder: Path) -> list[str]:
    with pytest.raises(ScriptFaults) as wrong:
        load_folder(folder, {"cast_ballot"})
    return [str(f) for f in wrong.value.faults]


def test_several_faults_are_told_at_once_with_file_and_line(copy: Path) -> None:
    script = (copy / "script.toml").read_text()
    (copy / "script.toml").write_text(
        script.replace('then = "ask"', 'then = "aks"').replace('does = "cast_ballot"', 'does = "cast_balot"')
        + '[orphan]\ndoes = "end"\n'
    )
    found = faults(copy)
    assert any("leads to “aks”" in f and "script.toml:" in f for f in found)
    assert any("cast_balot" in f for f in found)
    assert any("[orphan] can't be reached" in f for f in found)
    assert any("[orphan] is missing" in f and "zh-CN.toml" in f for f in found)


def test_a_missing_label_an_unknown_key_and_a_word_for_no_key_are_faults(copy: Path) -> None:
    words = (copy / "zh-CN.toml").read_text()
    (copy / "zh-CN.toml").write_text(
        words.replace('2 = "{option_2}"\n', "").replace("[words]\n", '[words]\n5 = "五"\n')
    )
    found = faults(copy)
    assert any("[ask] has no words for key 2" in f for f in found)
    assert any("[words] has words for key 5" in f for f in found)


def test_more_than_three_choices_and_a_loop_that_never_waits_are_faults(copy: Path) -> None:
    script = (copy / "script.toml").read_text()
    script = (
        script.replace('9 = "ask"', '4 = "confirm"\n9 = "ask"')
        .replace('then = "code"', 'then = "hello"')
        .replace('then = "ask"', 'then = "closed"')
    )
    (copy / "script.toml").write_text(script)
    found = faults(copy)
    assert any("4 choices" in f for f in found)
    assert any("without ever waiting" in f for f in found)


def test_a_second_language_must_say_everything_and_invent_no_placeholder(copy: Path) -> None:
    words = (copy / "zh-CN.toml").read_text()
    (copy / "en.toml").write_text(words.replace("[closed]\n", "[close]\n").replace("{village}", "{vilage}"))
    found = faults(copy)
    assert any("en.toml" in f and "[closed] is missing" in f for f in found)
    assert any("en.toml" in f and "{vilage}" in f for f in found)


def test_a_file_that_is_not_toml_names_its_line(copy: Path) -> None:
    (copy / "script.toml").write_text("start = \n")
    assert any("script.toml:1" in f for f in faults(copy))


def test_the_digest_changes_with_every_word(copy: Path) -> None:
    before = load_folder(copy, {"cast_ballot"}).digest
    path = copy / "zh-CN.toml"
    path.write_text(path.read_text().replace("再见。", "再见！"))
    assert load_folder(copy, {"cast_ballot"}).digest != before


def test_our_own_scripts_have_no_fault() -> None:
    from gateway.actions import ACTIONS
    from gateway.settings import SCRIPTS

    assert "hotline" in load_all(SCRIPTS, ACTIONS)
