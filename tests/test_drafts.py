# ruff: noqa: F811
"""What a machine heard: a draft beside the recording, labelled as one, and nothing without the extra."""

from pathlib import Path

import pytest
from sqlalchemy import select

from gateway import asr, drafts, jobs, processes, queue
from gateway.models.answer import Objection, Opinion, Recording
from gateway.runtime import Runtime
from tests.admin.panel import Panel
from tests.conftest import settings_for
from tests.test_keeping import proposed
from tests.test_recordings import SOUND, Media, behind, kept, media  # noqa: F401

LABEL = "机器听写草稿，以录音为准"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the extra is installed."""
    monkeypatch.setattr(asr, "available", lambda: True)


def test_a_draft_stands_beside_the_recording_and_decides_nothing(
    behind: Runtime, media: Media, installed: None
) -> None:
    heard: list[bytes] = []
    proposed(behind, media)
    jobs.fetch_recordings(behind)

    def hear(data: bytes) -> str:
        heard.append(data)
        return "我反对十一号事，投票给二"

    assert drafts.write_all(behind, hear) == 1 and heard == [SOUND]
    page = Panel(behind, "qianxiaoman").get("/admin/inbox/?tab=voice")
    assert page.index("<audio") < page.index(LABEL) < page.index("投票给二")
    with behind.db.read() as s:
        said = s.scalars(select(Opinion).where(Opinion.recording_id.is_not(None))).one()
        assert said.words == "" and said.kind == "proposal"
        assert s.scalars(select(Objection).where(Objection.recording_id.is_not(None))).first() is None
    assert drafts.write_all(behind, hear) == 0 and len(heard) == 1


def test_a_draft_is_sealed_like_other_words_of_residents(
    behind: Runtime, media: Media, installed: None
) -> None:
    proposed(behind, media)
    jobs.fetch_recordings(behind)
    drafts.write_all(behind, lambda data: "unmistakable")
    for file in behind.settings.data_dir.rglob("*"):
        assert not file.is_file() or b"unmistakable" not in file.read_bytes()


def test_a_sound_on_which_the_machine_fails_is_tried_twice_and_holds_up_nobody(
    behind: Runtime, media: Media, installed: None
) -> None:
    proposed(behind, media)
    jobs.fetch_recordings(behind)
    tries: list[bytes] = []

    def hear(data: bytes) -> str:
        tries.append(data)
        raise RuntimeError("out of memory")

    assert drafts.write_all(behind, hear) == 0 and len(tries) == 2
    assert kept(behind).draft_state == "none" and LABEL not in Panel(behind, "qianxiaoman").get(
        "/admin/inbox/?tab=voice"
    )


def test_without_the_extra_nothing_waits_and_no_worker_is_started(
    behind: Runtime, media: Media, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(asr, "available", lambda: False)
    proposed(behind, media)
    jobs.fetch_recordings(behind)
    with behind.db.read() as s:
        assert drafts.due(s) is None
    assert processes.all_lanes() == list(queue.LANES)
    monkeypatch.setattr(asr, "available", lambda: True)
    assert processes.all_lanes() == [*queue.LANES, "drafts"]


def test_weights_of_which_a_byte_was_changed_are_not_used(
    tmp_path: Path,
    new_database,
    monkeypatch: pytest.MonkeyPatch,  # type: ignore[no-untyped-def]
) -> None:
    (tmp_path / "data").mkdir()
    for name in ("model.bin.part1", "model.bin.part2", "config.json", "tokenizer.json", "vocabulary.json"):
        (tmp_path / "data" / name).write_bytes(b"somebody else's")
    monkeypatch.setattr(asr, "_data_of", lambda package, name: tmp_path / "data" / name)
    with pytest.raises(asr.NoModel):
        asr._put_together(tmp_path / "models")
    assert not list((tmp_path / "models").glob("*"))
    rt = Runtime.open(settings_for(tmp_path, new_database("sqlite", "township")), migrated=True)

    def changed(_folder: Path) -> None:
        raise asr.NoModel("model.bin is not the one we know")

    monkeypatch.setattr(asr, "model", changed)
    with rt.db.write() as s:
        s.add(Recording(carrier_id="RE1", state="kept", file="1.wav", draft_state="waiting"))
    assert drafts.write_all(rt) == 0
    assert kept(rt).draft_state == ""  # and nobody asks again every five seconds
    rt.close()
