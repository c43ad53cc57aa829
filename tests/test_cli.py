"""What the command line makes of nonsense: one sentence, and no row."""

import json
import os
import subprocess
import sys

import pytest


def interpreted(*lines: str | bytes) -> tuple[list[dict[str, object]], int]:
    """What ``interpret`` prints for these lines, and its exit code."""
    given = b"\n".join(line if isinstance(line, bytes) else line.encode() for line in lines)
    done = subprocess.run(
        [sys.executable, "-m", "gateway.cli", "interpret"], input=given, env=os.environ, capture_output=True
    )
    assert done.stderr == b""
    return [json.loads(line) for line in done.stdout.splitlines()], done.returncode


@pytest.mark.parametrize(
    "line",
    [
        "nope",
        "[1]",
        "{}",
        '{"text": null}',
        '{"text": 5}',
        '{"text": "1", "context": 5}',
        '{"text": "1", "context": ' + "[" * 100_000 + "]" * 100_000 + "}",
        b"\xff\xfe",
    ],
)
def test_a_line_that_is_none_is_told_and_the_rest_goes_on(line: str | bytes) -> None:
    (bad, good), code = interpreted(line, '{"text": "恢复"}')
    assert code == 1
    assert "not a JSON line" in str(bad["error"])
    assert good["intent"] == "opt_in" and "error" not in good


def test_half_a_character_and_a_windows_file_are_read() -> None:
    (first, half), code = interpreted(
        b"\xef\xbb\xbf" + '{"text": "恢复"}\r'.encode(), r'{"text": "意见 路\ud800坏了"}'
    )
    assert code == 0
    assert (first["intent"], half["intent"]) == ("opt_in", "opinion")
