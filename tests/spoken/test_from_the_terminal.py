"""A loudspeaker's notice from the command line."""

from pathlib import Path

import pytest
from click.testing import CliRunner

from gateway.cli import main
from gateway.runtime import Runtime
from gateway.sound import ending
from gateway.spoken import kokoro
from tests.spoken.test_shelf import Hum
from tests.test_cli import _umask, as_operator  # noqa: F401


def said(rt: Runtime, *words: str) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["consultation", "loudspeaker", *words], env=as_operator(rt))
    return done.exit_code, done.output


def test_a_notice_is_written_as_a_sound(
    village: Runtime, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kokoro, "installed", lambda: True)
    monkeypatch.setattr(kokoro, "voice", lambda threads=1: Hum())
    code, output = said(village, "11", str(tmp_path / "notice.wav"), "--json")
    assert code == 0 and "拟柳村通知。第十一号事" in output
    assert ending((tmp_path / "notice.wav").read_bytes()) == "wav"


@pytest.mark.parametrize(
    ("words", "why"),
    [
        (("11", "notice.ogg"), "must end in .wav or .mp3"),
        (("11", "notice.wav"), "the voice is not installed"),
        (("999", "notice.wav"), "999"),
    ],
)
def test_what_can_not_be_written_is_one_sentence(
    village: Runtime, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...], why: str
) -> None:
    monkeypatch.setattr(kokoro, "installed", lambda: words[0] == "999")
    code, output = said(village, *words)
    assert code == 1 and why in output and len(output.strip().splitlines()) == 1
    assert not Path(words[1]).exists()
