"""Fetching what residents said on the telephone: only a sound is kept, and what isn't one yet is asked for again."""

import struct
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import time_machine
from sqlalchemy import select

from gateway import clock, inbound, jobs, sound
from gateway.models.answer import Recording
from gateway.models.person import Claim
from gateway.people import residents
from gateway.runtime import Runtime
from gateway.simulator.calls import tone
from tests.admin.panel import Panel
from tests.conftest import SUN, settings_for

MP3 = b"ID3\x04\x00\x00\x00\x00\x00\x02??" + bytes([0xFF, 0xFB, 0x90, 0x00]) + bytes(100)
SOUND = tone(2)
STREAMED = SOUND[:4] + struct.pack("<I", 0xFFFFFFFF) + SOUND[8:]  # whoever streams doesn't know the size yet
PAGE = b"<!doctype html><title>Sign in</title>"
ANSWERS = {
    "a page": (200, "text/html", PAGE), "a page called sound": (200, "audio/x-wav", PAGE), "nothing": (200, "audio/x-wav", b""),
    "not there yet": (404, "application/json", b"{}"), "a file without sound": (200, "audio/x-wav", SOUND[:44]),
    "the beginning of a file": (200, "audio/x-wav", SOUND[:20]), "too busy": (503, "text/html", PAGE),
}  # fmt: skip


class Media:
    """The carrier's storage, answering as it is told."""

    def __init__(self) -> None:
        self.answer = (200, "audio/x-wav", SOUND)
        self.asked = 0
        self.deleted: list[str] = []
        self.delete_answer = 204
        media = self

        class Door(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                media.asked += 1
                status, kind, data = media.answer
                self.send_response(status)
                self.send_header("Content-Type", kind)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def do_DELETE(self) -> None:
                media.deleted.append(self.path.rpartition("/")[2])
                assert self.headers["Authorization"].startswith("Basic ")
                self.send_response(media.delete_answer)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def media() -> Iterator[Media]:
    found = Media()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def behind(tmp_path: Path, new_database, media: Media) -> Iterator[Runtime]:  # type: ignore[no-untyped-def]
    """The sample township behind that carrier."""
    st = settings_for(
        tmp_path, new_database("sqlite", "township"), twilio_account_sid="AC1", twilio_auth_token="the secret",
        hotline_number="+8649900000012", twilio_api_url=media.url,
    )  # fmt: skip
    rt = Runtime.open(st, migrated=True)
    rt.wake = lambda *lanes: None  # type: ignore[method-assign]
    yield rt
    rt.close()


def reported(rt: Runtime, media: Media, **more: str) -> None:
    form = {
        **more,
        "RecordingSid": "RE1",
        "RecordingStatus": "completed",
        "RecordingUrl": f"{media.url}/2010-04-01/R/RE1",
    }
    inbound.recording_reported(rt, form)


def kept(rt: Runtime) -> Recording:
    with rt.db.read() as s:
        return s.scalars(select(Recording)).one()


@pytest.mark.parametrize("what", ANSWERS)
def test_what_is_no_sound_is_asked_for_again_and_the_panel_says_so(
    behind: Runtime, media: Media, what: str
) -> None:
    reported(behind, media)
    with behind.db.write() as s:
        handset = residents.handset(s, SUN.phone)
        assert handset is not None
        r = s.scalars(select(Recording)).one()
        area = residents.people_on(s, handset.id)[0].area_id
        s.add(
            Claim(
                handset_id=handset.id, name="", area_said="", area_id=area, channel="voice", recording_id=r.id
            )
        )
    media.answer = ANSWERS[what]
    assert jobs.fetch_recordings(behind) == 0
    assert kept(behind).state == "pending" and not list((behind.settings.data_dir / "recordings").glob("*"))
    panel = Panel(behind, "qianxiaoman")
    page = panel.get("/admin/claims/")
    assert "录音正在取回来" in page and "<audio" not in page
    media.answer = (200, "audio/x-wav", SOUND)
    assert jobs.fetch_recordings(behind) == 0 and media.asked == 1  # not at once
    with time_machine.travel(clock.now() + timedelta(minutes=1), tick=True):
        assert jobs.fetch_recordings(behind) == 1
    assert "<audio" in panel.get("/admin/claims/")
    assert panel.http.get(f"/admin/recordings/{kept(behind).id}.wav").data == SOUND


def test_a_recording_in_which_nobody_spoke_is_not_fetched(behind: Runtime, media: Media) -> None:
    reported(behind, media, RecordingDuration="0")
    assert jobs.fetch_recordings(behind) == 0 and media.asked == 0


@pytest.mark.parametrize(
    ("data", "ending"), [(SOUND, "wav"), (STREAMED, "wav"), (MP3, "mp3"), (MP3[12:], "mp3")]
)
def test_sounds_are_known_by_their_bytes(data: bytes, ending: str) -> None:
    assert sound.ending(data) == ending


@pytest.mark.parametrize("data", [b"", b"RIFF", SOUND[:40], PAGE, MP3[:12], b"\xff\xff\xff\xff\xff", b"ID3"])
def test_nothing_else_is_taken_for_one(data: bytes) -> None:
    assert sound.ending(data) == ""
