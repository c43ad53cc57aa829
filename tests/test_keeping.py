# ruff: noqa: F811
"""What residents said is kept by us, whole, and only then deleted at the carrier; none is without an owner."""

import io
import re
import threading
from collections.abc import Iterator
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest
import soundfile
import time_machine
from sqlalchemy import select

from gateway import clock, inbound, jobs
from gateway.models.answer import Opinion, Recording
from gateway.runtime import Runtime
from gateway.settings import BadSetting, Settings
from gateway.store import Folder, open_store
from tests.admin.panel import Panel
from tests.calls import Call
from tests.conftest import SUN, settings_for
from tests.test_recordings import SOUND, Media, behind, kept, media, reported  # noqa: F401

STARTED = {"twilio_account_sid": "AC1", "twilio_auth_token": "the secret", "hotline_number": "+8649900000012"}


def proposed(rt: Runtime, media: Media, sid: str = "CA-1", **more: str) -> Call:
    """孙长河 proposes something by telephone; the caller's request about it carries ``more``."""
    call = Call(rt, SUN.phone, sid)
    call.press("2", "1", "1")
    form = {
        "RecordingSid": "RE1",
        "RecordingUrl": f"{media.url}/2010-04-01/R/RE1",
        "RecordingDuration": "2",
        "Digits": "#",
    }
    call._ask({**form, **more})
    return call


def ulaw(seconds: int = 2) -> bytes:
    """A recording as some carriers give it: G.711, which not every browser plays."""
    samples, rate = soundfile.read(io.BytesIO(SOUND))
    out = io.BytesIO()
    soundfile.write(out, samples, rate, format="WAV", subtype="ULAW")
    return out.getvalue()


def later(hours: float) -> time_machine.travel:
    return time_machine.travel(clock.now() + timedelta(hours=hours), tick=True)


# -- kept ----------------------------------------------------------------------------------------------------------


def test_who_hangs_up_while_speaking_is_heard_all_the_same(behind: Runtime, media: Media) -> None:
    proposed(behind, media, Digits="hangup")
    assert jobs.fetch_recordings(behind) == 1
    with behind.db.read() as s:
        said = s.scalars(select(Opinion).where(Opinion.recording_id.is_not(None))).one()
        assert said.kind == "proposal" and said.person_id


def test_a_recording_of_which_only_the_carriers_report_came_is_found_in_the_inbox(
    behind: Runtime,
    media: Media,
) -> None:
    Call(behind, SUN.phone, "CA-1").press("2", "1", "1")  # and the line is dead
    reported(behind, media, CallSid="CA-1")
    assert (
        jobs.fetch_recordings(behind) == 1 and jobs.find_owners(behind) == 0
    )  # its own request may still come
    with later(0.5):
        assert jobs.find_owners(behind) == 1 and jobs.find_owners(behind) == 0
    page = Panel(behind, "qianxiaoman").get("/admin/inbox/?tab=voice")
    assert "<audio" in page and "孙长河" in page


def test_a_recording_that_was_taken_in_gets_no_second_owner(behind: Runtime, media: Media) -> None:
    proposed(behind, media)
    reported(behind, media, CallSid="CA-1")
    jobs.fetch_recordings(behind)
    with later(1):
        assert jobs.find_owners(behind) == 0


def test_what_a_browser_cant_play_is_kept_as_it_came_with_a_copy_beside_it(
    behind: Runtime,
    media: Media,
) -> None:
    media.answer = (200, "audio/x-wav", ulaw())
    proposed(behind, media)
    assert jobs.fetch_recordings(behind) == 1
    row = kept(behind)
    assert behind.store.get(f"recordings/{row.file}") == media.answer[2]
    heard = Panel(behind, "qianxiaoman").http.get(f"/admin/recordings/{row.id}.wav")
    assert soundfile.info(io.BytesIO(heard.data)).subtype == "PCM_16" and heard.mimetype == "audio/wav"


def test_what_is_kept_is_nobody_elses_to_read(behind: Runtime, media: Media) -> None:
    proposed(behind, media)
    jobs.fetch_recordings(behind)
    (file,) = (behind.settings.data_dir / "recordings").glob("*")
    assert file.stat().st_mode & 0o777 == 0o600 and file.parent.stat().st_mode & 0o777 == 0o700
    page = Panel(behind, "qianxiaoman").get("/admin/inbox/?tab=voice")
    assert media.url not in page and "2010-04-01" not in page


# -- deleted there -------------------------------------------------------------------------------------------------


def test_the_carrier_deletes_its_copy_once_ours_is_safe(behind: Runtime, media: Media) -> None:
    proposed(behind, media)
    assert jobs.forget_recordings(behind) == 0 and media.deleted == []  # not copied yet
    jobs.fetch_recordings(behind)
    assert jobs.forget_recordings(behind) == 1 and media.deleted == ["RE1.json"]
    assert jobs.forget_recordings(behind) == 0 and kept(behind).forgotten_at
    panel = Panel(behind, "qianxiaoman")
    assert panel.http.get(f"/admin/recordings/{kept(behind).id}.wav").data == SOUND


def test_what_a_resident_wanted_not_recorded_is_deleted_there_and_never_fetched(
    behind: Runtime,
    media: Media,
) -> None:
    proposed(behind, media, Digits="*")
    assert kept(behind).state == "refused"
    assert jobs.fetch_recordings(behind) == 0 and media.asked == 0
    assert jobs.forget_recordings(behind) == 1 and media.deleted == ["RE1.json"]


@pytest.mark.parametrize("status", [500, 401, 429, 403])
def test_a_carrier_that_wont_delete_is_asked_again_later_and_ours_stays(
    behind: Runtime,
    media: Media,
    status: int,
) -> None:
    media.delete_answer = status
    proposed(behind, media)
    jobs.fetch_recordings(behind)
    assert jobs.forget_recordings(behind) == 0 and len(media.deleted) == 1
    assert jobs.forget_recordings(behind) == 0 and len(media.deleted) == 1  # not at once
    assert behind.store.get(f"recordings/{kept(behind).file}") == SOUND
    media.delete_answer = 204
    with later(1):
        assert jobs.forget_recordings(behind) == 1


def test_one_that_is_gone_there_already_is_done_with(behind: Runtime, media: Media) -> None:
    media.delete_answer = 404
    proposed(behind, media)
    jobs.fetch_recordings(behind)
    assert jobs.forget_recordings(behind) == 1


def test_nothing_is_deleted_there_while_our_own_copy_is_missing(behind: Runtime, media: Media) -> None:
    proposed(behind, media)
    jobs.fetch_recordings(behind)
    (behind.settings.data_dir / "recordings" / str(kept(behind).file)).unlink()
    assert jobs.forget_recordings(behind) == 0 and media.deleted == []


def test_deleting_can_be_left_off(tmp_path: Path, new_database, media: Media) -> None:  # type: ignore[no-untyped-def]
    st = settings_for(
        tmp_path,
        new_database("sqlite", "township"),
        twilio_api_url=media.url,
        delete_at_carrier=False,
        **STARTED,
    )
    rt = Runtime.open(st, migrated=True)
    proposed(rt, media)
    jobs.fetch_recordings(rt)
    assert jobs.forget_recordings(rt) == 0 and media.deleted == []
    rt.close()


# -- S3 ------------------------------------------------------------------------------------------------------------


class Bucket:
    """Something that speaks S3's protocol, as far as we do, and refuses what isn't signed."""

    def __init__(self) -> None:
        self.held: dict[str, bytes] = {}
        self.down = False
        bucket = self

        class Door(BaseHTTPRequestHandler):
            def _answer(self, status: int, data: bytes = b"") -> None:
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def _refused(self) -> bool:
                signed = self.headers.get("Authorization", "")
                known = re.match(
                    r"AWS4-HMAC-SHA256 Credential=our-key/\d{8}/cn-north-1/s3/aws4_request, SignedHeaders=\S*host\S*, Signature=[0-9a-f]{64}$",
                    signed,
                )
                if bucket.down or not known or not self.headers.get("x-amz-date"):
                    self._answer(503 if bucket.down else 403)
                    return True
                return False

            def do_PUT(self) -> None:
                data = self.rfile.read(int(self.headers["Content-Length"]))
                if not self._refused():
                    bucket.held[self.path] = data
                    self._answer(200)

            def do_GET(self) -> None:
                if self._refused():
                    return
                if self.path not in bucket.held:
                    missing = (
                        b"<?xml version='1.0'?><Error><Code>NoSuchKey</Code><Message>no</Message></Error>"
                    )
                    self._answer(404, missing)
                else:
                    self._answer(200, bucket.held[self.path])

            def log_message(self, *_: object) -> None: ...

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Door)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()


@pytest.fixture
def bucket(monkeypatch: pytest.MonkeyPatch) -> Iterator[Bucket]:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "our-key")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "our-secret")
    found = Bucket()
    yield found
    found.server.shutdown()
    found.server.server_close()


@pytest.fixture
def in_s3(tmp_path: Path, new_database, media: Media, bucket: Bucket) -> Iterator[Runtime]:  # type: ignore[no-untyped-def]
    where = f"s3://xiangyin/village?endpoint={bucket.url}&region=cn-north-1"
    st = settings_for(
        tmp_path,
        new_database("sqlite", "township"),
        twilio_api_url=media.url,
        recordings_url=where,
        **STARTED,
    )
    rt = Runtime.open(st, migrated=True)
    rt.wake = lambda *lanes: None  # type: ignore[method-assign]
    yield rt
    rt.close()


def test_recordings_lie_in_s3_and_are_heard_from_there(in_s3: Runtime, media: Media, bucket: Bucket) -> None:
    proposed(in_s3, media)
    assert jobs.fetch_recordings(in_s3) == 1
    id = kept(in_s3).id
    assert bucket.held == {f"/xiangyin/village/recordings/{id}.wav": SOUND}
    assert not list(in_s3.settings.data_dir.glob("recordings/*"))
    assert Panel(in_s3, "qianxiaoman").http.get(f"/admin/recordings/{id}.wav").data == SOUND
    assert jobs.forget_recordings(in_s3) == 1


def test_while_s3_is_away_the_carrier_keeps_it_and_it_is_fetched_again(
    in_s3: Runtime,
    media: Media,
    bucket: Bucket,
) -> None:
    bucket.down = True
    proposed(in_s3, media)
    assert jobs.fetch_recordings(in_s3) == 0 and kept(in_s3).state == "pending"
    assert jobs.forget_recordings(in_s3) == 0 and media.deleted == []
    bucket.down = False
    with later(0.1):
        assert jobs.fetch_recordings(in_s3) == 1


def test_what_lay_in_the_folder_before_is_still_found(in_s3: Runtime, bucket: Bucket) -> None:
    Folder(in_s3.settings.data_dir).put("recordings/7.wav", SOUND)
    assert in_s3.store.get("recordings/7.wav") == SOUND
    with pytest.raises(FileNotFoundError):
        in_s3.store.get("recordings/8.wav")


@pytest.mark.parametrize(
    "name", ["../secret.key", "recordings/../secret.key", "recordings/.hidden", "secret.key", "sounds/a/b"]
)
def test_only_sounds_can_be_had_from_the_store(tmp_path: Path, name: str) -> None:
    with pytest.raises(FileNotFoundError):
        open_store(settings_for(tmp_path, "")).get(name)


@pytest.mark.parametrize("url", ["/recordings", "s3:/x", "s3://", "https://s3.example/x", "s3://B U"])
def test_a_store_that_is_none_is_refused_by_name(tmp_path: Path, url: str) -> None:
    with pytest.raises(BadSetting, match="RECORDINGS_URL"):
        Settings.load(data_dir=tmp_path, recordings_url=url)


def test_the_report_of_an_unknown_call_is_no_error(behind: Runtime, media: Media) -> None:
    inbound.recording_reported(
        behind, {"RecordingSid": "RE9", "RecordingStatus": "absent", "CallSid": "CA-nobody"}
    )
    with behind.db.read() as s:
        assert s.scalars(select(Recording)).all() == []
