"""The doors: signatures byte for byte, and no request that leaves a trace without one."""

import base64
import hashlib
import hmac
from collections.abc import Iterator
from urllib.parse import quote

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import func, select

from gateway.app import create_app
from gateway.models.conversation import InboundEvent
from gateway.models.outreach import Delivery
from gateway.runtime import Runtime
from tests.conftest import SUN, settings_for

PUBLIC = "https://village.example"


def sign(token: str, url: str, form: dict[str, str]) -> str:
    payload = url + "".join(k + form[k] for k in sorted(form))
    return base64.b64encode(hmac.new(token.encode(), payload.encode(), hashlib.sha1).digest()).decode()


@pytest.fixture
def kind() -> str:
    return "sqlite"


on_both = pytest.mark.parametrize("kind", ["sqlite", "postgresql"])


@pytest.fixture
def app(tmp_path, new_database, kind: str) -> Iterator[Flask]:  # type: ignore[no-untyped-def]
    st = settings_for(
        tmp_path, new_database(kind, "township"), public_url=PUBLIC, twilio_account_sid="AC1",
        twilio_auth_token="the secret", hotline_number="+8649900000012", twilio_api_url="http://127.0.0.1:1", xiangyin_part="hotline",
    )  # fmt: skip
    rt = Runtime.open(st, migrated=True)
    rt.wake = lambda *lanes: None  # type: ignore[method-assign]
    yield create_app(runtime=rt)
    rt.close()


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    return app.test_client()


def post(
    client: FlaskClient,
    path: str,
    form: dict[str, str],
    signature: str | None = None,
    token: str = "the secret",
):  # type: ignore[no-untyped-def]
    headers = {"X-Twilio-Signature": sign(token, PUBLIC + path, form) if signature is None else signature}
    return client.post(path, data=form, headers=headers)


def stored(app: Flask) -> int:
    with app.extensions["xiangyin"].db.read() as s:
        return s.scalar(select(func.count()).select_from(InboundEvent)) or 0


SMS = {"MessageSid": "SM1", "From": SUN.phone, "To": "+8649900000012", "Body": "1"}


def test_a_signed_message_is_answered_as_xml_and_stored(client: FlaskClient, app: Flask) -> None:
    answer = post(client, "/twilio/sms", SMS)
    assert answer.status_code == 200 and answer.mimetype == "text/xml"
    assert answer.data.startswith(b"<?xml") and "回执".encode() in answer.data
    assert stored(app) == 1


@pytest.mark.parametrize(
    "path",
    ["/twilio/sms", "/twilio/voice", "/twilio/status/message", "/twilio/status/call", "/twilio/recording"],
)
@pytest.mark.parametrize("how", ["missing", "forged", "another token", "another path"])
def test_without_the_right_signature_nothing_happens(
    client: FlaskClient, app: Flask, path: str, how: str
) -> None:
    form = {**SMS, "CallSid": "CA1", "MessageStatus": "sent", "CallStatus": "ringing"}
    signatures = {
        "missing": "",
        "forged": "bm8=",
        "another token": sign("guess", PUBLIC + path, form),
        "another path": sign("the secret", PUBLIC + path + "?a=1", form),
    }
    assert post(client, path, form, signatures[how]).status_code == 403
    assert stored(app) == 0


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "OPTIONS", "HEAD"])
@pytest.mark.parametrize("path", ["/twilio/sms", "/twilio/status/call", "/twilio/nothing-here"])
def test_whoever_is_not_the_carrier_learns_nothing_by_another_method_or_address(
    client: FlaskClient, method: str, path: str
) -> None:
    assert client.open(path, method=method).status_code == 403


def test_the_carrier_itself_is_told_that_it_must_post(client: FlaskClient) -> None:
    headers = {"X-Twilio-Signature": sign("the secret", PUBLIC + "/twilio/sms", {})}
    assert client.get("/twilio/sms", headers=headers).status_code == 405


NONSENSE = [
    "SM\0",
    "x" * 3000,
    "二" * 3000,
    "\0",
    "",
    "SM'; --",
    "\ud800".encode("utf-8", "replace").decode(),
]
DOORS = {
    "/twilio/sms": {"MessageSid": "SMn", "From": SUN.phone, "Body": "11 1"},
    "/twilio/voice": {"CallSid": "CAn", "From": SUN.phone, "Digits": "1", "RecordingDuration": "3"},
    "/twilio/status/message": {"MessageSid": "SMn", "MessageStatus": "failed", "ErrorCode": "30003"},
    "/twilio/status/call": {"CallSid": "CAn", "CallStatus": "completed"},
    "/twilio/recording": {"RecordingSid": "REn", "RecordingUrl": "http://127.0.0.1:1/R", "RecordingStatus": "completed"},
}  # fmt: skip


@on_both
@pytest.mark.parametrize("path", DOORS)
def test_signed_nonsense_is_answered_sensibly(client: FlaskClient, path: str) -> None:
    for field in DOORS[path]:
        for value in NONSENSE:
            answer = post(client, path, {**DOORS[path], field: value})
            assert answer.status_code in (200, 204, 400), (field, value[:9])


@on_both
@pytest.mark.parametrize("number", ["9" * 19, "9" * 30, "-1", "²", "1e3", "9" * 3000, "%00", "９"])
def test_numbers_in_an_address_that_no_key_can_be_change_nothing(client: FlaskClient, number: str) -> None:
    for path in ("/twilio/voice", "/twilio/status/call", "/twilio/status/message"):
        query = (
            f"?d={quote(number, '%')}&n={quote(number, '%')}&c={quote(number, '%')}&t={quote(number, '%')}"
        )
        assert post(client, path + query, DOORS[path]).status_code in (200, 204)


@pytest.mark.parametrize("path", ["/twilio/sms", "/twilio/voice"])
def test_what_has_no_id_is_not_said_to_be_kept(client: FlaskClient, app: Flask, path: str) -> None:
    form = {"From": SUN.phone, "Body": "11 1", "Digits": "1"}
    assert post(client, path, form).status_code == 400 and stored(app) == 0


@pytest.mark.parametrize("query", ["?a=%E4%B8%AD&b=%41", "?b=2&a=1", "?x=a+b%20c", "?empty="])
def test_the_signature_covers_the_address_byte_for_byte(client: FlaskClient, query: str) -> None:
    assert post(client, "/twilio/sms" + query, SMS).status_code == 200


def test_empty_unknown_and_chinese_parameters_are_signed_too(client: FlaskClient) -> None:
    form = {**SMS, "Body": "同意 & <好>", "FromCity": "", "NewParameter": "x"}
    assert post(client, "/twilio/sms", form).status_code == 200


def test_callbacks_about_nothing_of_ours_are_acknowledged(client: FlaskClient) -> None:
    assert (
        post(
            client, "/twilio/status/message?d=99999&n=1", {"MessageSid": "SMx", "MessageStatus": "delivered"}
        ).status_code
        == 204
    )
    assert (
        post(client, "/twilio/status/call", {"CallSid": "CAx", "CallStatus": "completed"}).status_code == 204
    )
    assert (
        post(client, "/twilio/recording", {"RecordingSid": "REx", "RecordingStatus": "absent"}).status_code
        == 204
    )


def test_status_callbacks_only_ever_move_forward(client: FlaskClient, app: Flask) -> None:
    rt = app.extensions["xiangyin"]
    from gateway.outreach import broadcasts
    from gateway.people import residents

    with rt.db.write() as s:
        handset = residents.handset(s, SUN.phone)
        d = broadcasts.say(s, handset, sms="您好")
        d.state, d.tries = "submitting", 1
        id = d.id
    for status in ("delivered", "sent", "delivered", "queued"):
        post(client, f"/twilio/status/message?d={id}&n=1", {"MessageSid": "SM9", "MessageStatus": status})
    with rt.db.read() as s:
        after = s.get_one(Delivery, id)
        assert (after.state, after.carrier_id) == ("delivered", "SM9")


def test_the_hotline_process_has_no_panel_and_no_simulator(client: FlaskClient) -> None:
    assert client.get("/admin/").status_code == 404
    assert client.get("/phone/").status_code == 404
    assert client.get("/simulator/2010-04-01/Accounts/AC1/Messages.json").status_code == 404


def test_the_board_shows_matters_and_nobody(client: FlaskClient) -> None:
    page = client.get("/board/").get_data(as_text=True)
    assert "广场舞噪音" in page and "正在征集" in page
    one = client.get("/board/16").get_data(as_text=True)
    assert "晚八点前收" in one and "公示到" in one
    open_one = client.get("/board/11").get_data(as_text=True)
    assert "已经表态" in open_one and "<table" not in open_one  # no running count while people answer
    for text in (page, one, open_one, client.get("/board/12").get_data(as_text=True)):
        assert not any(name in text for name in ("王德顺", "郭亮", "方淑琴", "1990000", "朴英子"))
    assert client.get("/board/99").status_code == 404


def test_the_board_finds_a_receipt_and_never_says_the_choice(client: FlaskClient, app: Flask) -> None:
    import re

    answer = post(client, "/twilio/sms", SMS).get_data(as_text=True)
    code = re.search(r"回执(\d+)", answer)
    assert code
    page = client.post("/board/receipt", data={"code": code[1]}).get_data(as_text=True)
    assert "11号" in page and "还在" in page and "同意" not in page


def test_health_is_told_without_a_signature(client: FlaskClient) -> None:
    assert client.get("/healthz").data == b"ok"
    assert client.get("/readyz").status_code == 503  # no Redis and no clock here
    assert b"xiangyin_deliveries" in client.get("/metrics").data
