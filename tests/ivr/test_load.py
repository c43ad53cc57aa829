"""Every fault at once, in an editor's words."""

import ast
import re
import shutil
import tomllib
from pathlib import Path

import pytest

from gateway.actions import ACTIONS
from gateway.ivr.faults import ScriptFaults
from gateway.ivr.load import load_all, load_folder
from gateway.settings import SCRIPTS
from gateway.turns import FACTS, FILLED
from tests.servers import ROOT

MARKET = Path(__file__).parent / "scripts" / "market"


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(MARKET, tmp_path / "market"))


def faults(folder: Path, facts: set[str] | None = None) -> list[str]:
    with pytest.raises(ScriptFaults) as wrong:
        load_folder(folder, {"cast_ballot"}, facts)
    return [str(f) for f in wrong.value.faults]


def test_several_faults_are_told_at_once_with_file_and_line(copy: Path) -> None:
    script = (copy / "script.toml").read_text()
    (copy / "script.toml").write_text(
        script.replace('then = "ask"', 'then = "aks"').replace('does = "cast_ballot"', 'does = "cast_balot"')
        + '[orphan]\ndoes = "end"\n'
    )
    found = faults(copy)
    assert any("要去“aks”" in f and "script.toml:" in f for f in found)
    assert any("cast_balot" in f for f in found)
    assert any("[orphan] 从哪儿都走不到" in f for f in found)
    assert any("缺 [orphan]" in f and "zh-CN.toml" in f for f in found)


def test_a_missing_label_an_unknown_key_and_a_word_for_no_key_are_faults(copy: Path) -> None:
    words = (copy / "zh-CN.toml").read_text()
    (copy / "zh-CN.toml").write_text(
        words.replace('2 = "{option_2}"\n', "").replace("[words]\n", '[words]\n5 = "五"\n')
    )
    found = faults(copy)
    assert any("[ask] 没写按2" in f for f in found)
    assert any("[words] 写了按5" in f for f in found)


def test_more_than_three_choices_and_a_loop_that_never_waits_are_faults(copy: Path) -> None:
    script = (copy / "script.toml").read_text()
    script = (
        script.replace('9 = "ask"', '4 = "confirm"\n9 = "ask"')
        .replace('then = "code"', 'then = "hello"')
        .replace('then = "ask"', 'then = "closed"')
    )
    (copy / "script.toml").write_text(script)
    found = faults(copy)
    assert any("有4个选择" in f for f in found)
    assert any("转圈" in f for f in found)


def test_a_second_language_must_say_everything_and_invent_no_placeholder(copy: Path) -> None:
    words = (copy / "zh-CN.toml").read_text()
    (copy / "en.toml").write_text(words.replace("[closed]\n", "[close]\n").replace("{village}", "{vilage}"))
    found = faults(copy)
    assert any("en.toml" in f and "缺 [closed]" in f for f in found)
    assert any("en.toml" in f and "{vilage}" in f for f in found)


def test_a_file_that_is_not_toml_names_its_line(copy: Path) -> None:
    (copy / "script.toml").write_text("start = \n")
    assert any("script.toml:1" in f for f in faults(copy))


def test_the_digest_changes_with_every_word(copy: Path) -> None:
    before = load_folder(copy, {"cast_ballot"}).digest
    path = copy / "zh-CN.toml"
    path.write_text(path.read_text().replace("再见。", "再见！"))
    assert load_folder(copy, {"cast_ballot"}).digest != before


KNOWN = {"village", "number", "option_1", "option_2", "option_3"}


def test_a_placeholder_that_nothing_fills_in_is_a_fault_in_every_language(copy: Path) -> None:
    words = (copy / "zh-CN.toml").read_text()
    (copy / "zh-CN.toml").write_text(words.replace("{number}号事", "{nummer}号事"))
    (copy / "en.toml").write_text(words.replace('9 = "再听一遍"', '9 = "again, {ask_said}, {agian}"'))
    found = faults(copy, KNOWN)
    assert any("zh-CN.toml" in f and "{nummer} 没有东西可填" in f for f in found)
    assert any("en.toml" in f and "{agian} 没有东西可填" in f for f in found)
    assert not any("{ask_said} 没有" in f for f in found)  # what was pressed at [ask] is known


@pytest.mark.parametrize(
    ("file", "was", "slip"),
    [
        ("script.toml", 'start = "hello"', "start = 5"),
        ("script.toml", 'start = "hello"', 'start = "hello"\nentries = "ask"'),
        ("script.toml", 'expires = { voice = "10m", sms = "3d" }', "expires = 10"),
        ("script.toml", '[everywhere]\n0 = "person"', "[everywhere]\n0 = 7"),
        ("script.toml", 'does = "say"\nthen = "ask"', 'does = ["say"]\nthen = 3'),
        ("script.toml", "[words.keys]\nstar", "[words.key]\nstar"),
        ("script.toml", 'wait = 8', 'wait = "8"\nkeys_ = 1'),
        ("zh-CN.toml", 'text = "再见。"', "text = 1"),
        ("zh-CN.toml", 'text = "再见。"', '[bye.text]\nlong = "再见。"'),
        ("zh-CN.toml", '[menus]\nvoice', 'menus = "a"\n[menu]\nvoice'),
    ],
)  # fmt: skip
def test_a_value_of_the_wrong_kind_is_a_fault_and_no_crash(
    copy: Path, file: str, was: str, slip: str
) -> None:
    text = (copy / file).read_text()
    assert was in text
    (copy / file).write_text(text.replace(was, slip, 1))
    assert any(file in f for f in faults(copy))


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Our own scripts, to be spoilt."""
    return Path(shutil.copytree(SCRIPTS, tmp_path / "ivr_scripts"))


def faults_below(root: Path) -> list[str]:
    with pytest.raises(ScriptFaults) as wrong:
        load_all(root, ACTIONS, FACTS, FILLED)
    return [str(f) for f in wrong.value.faults]


def test_replies_are_proof_read_in_every_language(root: Path) -> None:
    words = (root / "replies" / "zh-CN.toml").read_text()
    (root / "replies" / "zh-CN.toml").write_text(words.replace("收到：{number}号", "收到：{numbr}号"))
    (root / "replies" / "en.toml").write_text(
        words.replace("[thanks]", "[thank]").replace("{score}分", "{receipt}分")
    )
    found = faults_below(root)
    assert any("replies/zh-CN.toml:" in f and "[vote] 里的 {numbr}" in f for f in found)
    assert any("replies/en.toml" in f and "[rating] 里的 {receipt}" in f for f in found)
    assert any("replies/en.toml" in f and "缺 [thanks]" in f for f in found)
    assert any("replies/en.toml" in f and "[thank] 没有这条回复" in f for f in found)


SLIPS = {
    "a field that is none": ("hotline/script.toml", 'tries  = 3\nsilent = "leave_word"', 'tries = 3\nsilnt = "leave_word"', "[who] 里写了“silnt”，没有这一项"),
    "a step that is none": ("hotline/script.toml", 'then = "language"', 'then = "langage"', "[hello] 要去“langage”，可是没有这一步"),
    "four choices": ("hotline/script.toml", "[menu.keys]\n", '[menu.keys]\n4 = "other"\n', "[menu] 有4个选择"),
    "nobody gets there": ("hotline/script.toml", "[bye]\n", '[lonely]\ndoes = "end"\n[bye]\n', "[lonely] 从哪儿都走不到"),
    "a number in quotation marks": ("hotline/script.toml", "wait   = 10", 'wait   = "10"', "[ask] 的 wait 要写大于0的整数，不加引号"),
    "an action that leads to itself": ("hotline/script.toml", 'then = "switched"', 'then = "switch"', "switch → switch 转圈"),
    "a fact that is none": ("hotline/zh-CN.toml", "{village}协商热线，您不", "{vilage}协商热线，您不", "{vilage} 没有东西可填"),
    "one in a phrase": ("hotline/zh-CN.toml", '"{person}，您好。"', '"{persn}，您好。"', "[phrases] 的 hail 里的 {persn} 没有东西可填"),
    "an open quotation mark": ("hotline/zh-CN.toml", '谢谢您，再见。"', "谢谢您，再见。", "引号没有关上"),
    "Chinese quotation marks": ("hotline/zh-CN.toml", 'text = "谢谢您，再见。"', "text = “谢谢您，再见。”", "要加英文引号"),
    "an open bracket": ("hotline/zh-CN.toml", "[bye]", "[bye", "方括号没有关上"),
    "a step twice": ("hotline/zh-CN.toml", "[bye]\n", '[bye]\ntext = "慢走。"\n[bye]\n', "这一步写了两遍"),
    "an SMS too long": ("replies/zh-CN.toml", "[vote]\ntext = \"", "[vote]\ntext = \"" + "好" * 71, "[vote] 太长"),
}  # fmt: skip


def test_every_slip_of_the_pen_is_told_at_once_in_chinese_with_its_line(root: Path) -> None:
    """All in one go, but for those that make a file unreadable: they hide nothing of the other files."""
    readable = {name: slip for name, slip in SLIPS.items() if slip[3][:1] in "[{s"}
    for file, was, slip, _ in readable.values():
        text = (root / file).read_text()
        assert was in text, slip
        (root / file).write_text(text.replace(was, slip, 1))
    found = faults_below(root)
    for name, (file, *_, told) in readable.items():
        where = [one for one in found if told in one]
        assert where and re.match(rf"{re.escape(file)}:\d+: ", where[0]), (name, found)
    assert not any(re.search("[a-z] [a-z]", one.partition(": ")[2]) for one in found), found
    for name in SLIPS.keys() - readable.keys():
        file, was, slip, told = SLIPS[name]
        text = (SCRIPTS / file).read_text()
        (root / file).write_text(text.replace(was, slip, 1))
        found = faults_below(root)
        line = text[: text.index(was)].count("\n") + 1
        (where,) = [one for one in found if told in one]
        assert abs(int(where.split(":")[1]) - line) <= 2, (name, where, line)
        assert any("langage" in one for one in found)


def test_a_folder_without_mandarin_is_no_script(root: Path) -> None:
    (root / "hotline" / "zh-CN.toml").unlink()
    assert any("hotline/zh-CN.toml: 缺这个文件" in one for one in faults_below(root))


def test_a_list_of_facts_that_is_none_is_a_fault_and_no_crash(root: Path) -> None:
    facts = root / "replies" / "facts.toml"
    facts.write_text(facts.read_text().replace('proposal = ["receipt"]', "proposal = 5"))
    assert any("“proposal”要写成" in f for f in faults_below(root))


def test_a_folder_whose_script_has_another_name_and_an_empty_one_are_faults(root: Path) -> None:
    (root / "hotline" / "script.toml").rename(root / "hotline" / "Script.toml")
    assert any("hotline/script.toml: 缺这个文件" in f for f in faults_below(root))
    shutil.rmtree(root / "hotline")
    assert any("没有“hotline”" in f for f in faults_below(root))


def test_replies_are_given_what_editors_are_promised() -> None:
    """Every ``say("name", fact=…)`` of ours against facts.toml."""
    promised = tomllib.loads((SCRIPTS / "replies" / "facts.toml").read_text())
    for file in (*ROOT.glob("gateway/**/*.py"), *ROOT.glob("admin/**/*.py")):
        for call in ast.walk(ast.parse(file.read_text())):
            if not isinstance(call, ast.Call) or not call.args or not isinstance(call.args[0], ast.Constant):
                continue
            name = getattr(call.func, "attr", None) or getattr(call.func, "id", None)
            given = {keyword.arg for keyword in call.keywords}
            if name in ("say", "reply_text") and None not in given:  # **facts: not to be seen here
                assert set(promised[call.args[0].value]) <= given, f"{file.name}:{call.lineno}"


def test_our_own_scripts_have_no_fault() -> None:
    assert "hotline" in load_all(SCRIPTS, ACTIONS, FACTS)
