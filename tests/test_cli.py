"""What the command line makes of nonsense: one sentence, and no row."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select

from gateway.cli import main
from gateway.models.area import Area
from gateway.models.organizer import Organizer
from gateway.runtime import Runtime
from tests.conftest import KEY


@pytest.fixture(autouse=True)
def _umask() -> Iterator[None]:
    """The command line makes its process private; this one is everybody's."""
    before = os.umask(0o022)
    yield
    os.umask(before)


def interpreted(*lines: str | bytes) -> tuple[list[dict[str, object]], int]:
    """What ``interpret`` prints for these lines, and its exit code."""
    given = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
    done = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "interpret"], input=given, env=os.environ, capture_output=True
    )
    assert done.stderr == b""
    return [json.loads(line) for line in done.stdout.splitlines()], done.returncode


BAD = {
    "nope": "not a JSON line: Expecting value at character 1",
    '{"text": "1"': "not a JSON line",
    "[1]": "not a JSON object",
    "5": "not a JSON object",
    "{}": "text must be there",
    '{"text": null}': "text must be there",
    '{"text": 5}': "text must be there",
    '{"text": "1", "context": 5}': "context must be an object",
    '{"text": "1", "context": {"pending": "vote"}}': "context.pending must be an object",
    '{"text": "1", "context": ' + "[" * 100_000 + "]" * 100_000 + "}": "nested too deeply",
    b"\xff\xfe": "no UTF-8 at byte 1",
    "   ": "it is empty",
}


def test_a_line_that_is_none_is_told_with_its_number_and_the_rest_goes_on() -> None:
    good = '{"text": "恢复"}'
    said, code = interpreted(good, *(line for bad in BAD for line in (bad, good)), "", "")
    assert code == 1 and len(said) == 1 + 2 * len(BAD)
    for number, (line, fault) in enumerate(zip(said[1::2], BAD.values(), strict=True), 1):
        assert str(line["error"]).startswith(f"line {2 * number}: ") and fault in str(line["error"]), line
        assert line["intent"] == "clarify"
    assert all(line == {"intent": "opt_in", "fields": {}} for line in said[::2])


def test_a_context_key_that_nobody_knows_is_told_and_changes_nothing() -> None:
    line = '{"text": "2", "context": {"open_vote": [12], "pending": {"kind": "vote", "consultation": 12, "options": {"1": "同意", "2": "不同意"}, "label": 1}}}'
    done = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "interpret"], input=f"{line}\n{line}\n".encode(), env=os.environ, capture_output=True
    )  # fmt: skip
    answers = [json.loads(answer) for answer in done.stdout.splitlines()]
    assert (
        done.returncode == 0
        and answers == [{"intent": "vote", "fields": {"consultation": 12, "option": "2"}}] * 2
    )
    told = done.stderr.decode().splitlines()
    assert len(told) == 2 and all(t.startswith("line 1: ") for t in told)
    assert any("'open_vote'" in t for t in told) and any("'pending.label'" in t for t in told)


def test_half_a_character_and_a_windows_file_are_read() -> None:
    (first, half), code = interpreted(
        b"\xef\xbb\xbf" + '{"text": "恢复"}\r'.encode(), r'{"text": "意见 路\ud800坏了"}'
    )
    assert code == 0
    assert (first["intent"], half["intent"]) == ("opt_in", "opinion")


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["area", "add", "", "新村"], "code"),
        (["area", "add", "X 1", "新村"], "code"),
        (["area", "add", "X%", "新村"], "code"),
        (["area", "add", "X\n", "新村"], "code"),
        (["area", "add", "X" * 33, "新村"], "code"),
        (["area", "add", "XC", "  "], "name"),
        (["area", "add", "XC", "新\x07村"], "control"),
        (["area", "add", "XC", "\u202e村新"], "control"),
        (["area", "add", "XC", "村" * 41], "at most 40"),
        (["area", "add", "XC", "新村", "--level", "hamlet"], "level"),
        (["area", "add", "XC", "新村", "--parent", "nowhere"], "nowhere"),
        (["area", "add", "XC", "新村", "--signature", "【新村】"], "signature"),
        (["area", "add", "XC", "新村", "--signature", "新村村民委员会办公室"], "at most 8"),
        (["area", "add", "XC", "新村", "--duty-phone", "abc"], "duty-phone"),
        (["organizer", "add", "", "--area", "XQ", "--role", "clerk"], "name"),
        (["organizer", "add", "王\x00", "--area", "XQ", "--role", "clerk"], "control"),
        (["organizer", "add", "王", "--area", "XQ", "--role", "mayor"], "role"),
        (["organizer", "add", "王", "--area", "nowhere", "--role", "clerk"], "nowhere"),
    ],
)
def test_an_area_or_an_organizer_that_can_be_none_is_one_sentence(
    village: Runtime, words: list[str], said: str
) -> None:
    before = counted(village)
    done = CliRunner().invoke(main, words, env=as_operator(village))
    assert done.exit_code == 1, done.output
    assert said in done.output and len(done.output.strip().splitlines()) == 1
    assert counted(village) == before


def test_an_area_and_an_organizer_as_people_name_them(village: Runtime) -> None:
    for words in (
        ["area", "add", "XQ-9", " 拟柳村九组 ", "--parent", "XQ", "--level", "group", "--signature", "九组"],
        ["organizer", "add", "阿依古丽·买买提", "--area", "XQ-9", "--role", "clerk"],
    ):
        done = CliRunner().invoke(main, words, env=as_operator(village))
        assert done.exit_code == 0, done.output
    assert (
        "XQ-9  拟柳村九组  group"
        in CliRunner().invoke(main, ["area", "list"], env=as_operator(village)).output
    )


def as_operator(rt: Runtime) -> dict[str, str]:
    """The environment of somebody at this installation's terminal."""
    st = rt.settings
    return {"DATABASE_URL": st.database, "SECRET_KEY": KEY, "DATA_DIR": str(st.data_dir)}


def counted(rt: Runtime) -> tuple[int | None, int | None]:
    with rt.db.read() as s:
        return s.scalar(select(func.count(Area.id))), s.scalar(select(func.count(Organizer.id)))
