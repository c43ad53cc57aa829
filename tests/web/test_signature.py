"""The signature covers the public address byte for byte, wherever the product is reached, and every parameter."""

import base64
import hashlib
import hmac
from collections.abc import Callable, Iterator

import pytest
from flask.testing import FlaskClient

from gateway.app import create_app
from gateway.runtime import Runtime
from tests.conftest import settings_for

TOKEN = "the secret"
PATH = "/twilio/status/message"
Fields = list[tuple[str, str]]
FORM: Fields = [("MessageSid", "SM1"), ("MessageStatus", "sent")]


def sign(url: str, fields: Fields) -> str:
    """As Twilio's documentation tells it: the address, then each name with its different values, all in order."""
    payload = url + "".join(name + value for name, value in sorted(set(fields)))
    return base64.b64encode(hmac.new(TOKEN.encode(), payload.encode(), hashlib.sha1).digest()).decode()


@pytest.fixture
def at(tmp_path, new_database) -> Iterator[Callable[[str], FlaskClient]]:  # type: ignore[no-untyped-def]
    """The product with that PUBLIC_URL."""
    opened: list[Runtime] = []

    def reached(public: str) -> FlaskClient:
        st = settings_for(
            tmp_path, new_database("sqlite", "empty"), public_url=public, twilio_account_sid="AC1",
            twilio_auth_token=TOKEN, hotline_number="+8649900000012", xiangyin_part="hotline",
        )  # fmt: skip
        opened.append(Runtime.open(st, migrated=True))
        return create_app(runtime=opened[-1]).test_client()

    yield reached
    for rt in opened:
        rt.close()


def arrives(client: FlaskClient, signed: str, fields: Fields = FORM, path: str = PATH) -> bool:
    """Whether a webhook to ``path`` here is let in that the carrier signed as ``signed``."""
    form: dict[str, list[str]] = {}
    for name, value in fields:
        form.setdefault(name, []).append(value)
    status = client.post(
        path,
        data=form,
        headers={"X-Twilio-Signature": sign(signed, fields)},
        environ_overrides={"RAW_URI": path},
    ).status_code
    assert status in (204, 403)
    return status == 204


@pytest.mark.parametrize(
    ("public", "signed"),
    [
        ("https://village.example", "https://village.example"),
        ("https://village.example/", "https://village.example"),
        ("https://village.example:8443", "https://village.example:8443"),
        ("https://village.example:8443", "https://village.example"),  # some carriers leave the port out
        ("https://village.example", "https://village.example:443"),
        ("http://127.0.0.1:8000", "http://127.0.0.1:8000"),
        # a proxy gives us what is below its path
        ("https://county.example/xiangyin", "https://county.example/xiangyin"),
        ("https://county.example/xiangyin/", "https://county.example/xiangyin"),
        ("https://county.example:8443/a/b-%E4%B8%AD", "https://county.example:8443/a/b-%E4%B8%AD"),
    ],
)
def test_the_address_is_the_public_one(at: Callable[[str], FlaskClient], public: str, signed: str) -> None:
    client = at(public)
    assert arrives(client, signed + PATH)
    for other in ("http://localhost", "https://other.example", signed + "/x", signed.upper()):
        assert not arrives(client, other + PATH), other


QUERIES = ["?d=1&n=2", "?n=2&d=1", "?a=%E4%B8%AD&b=%41", "?a=%e4%b8%ad", "?x=a+b%20c", "?empty=", "?", "?a=1&a=2", "?a=%26%3D"]  # fmt: skip


@pytest.mark.parametrize("query", QUERIES)
def test_a_query_counts_as_it_was_written(at: Callable[[str], FlaskClient], query: str) -> None:
    client = at("https://village.example/x")
    here = "https://village.example/x" + PATH
    assert arrives(client, here + query, path=PATH + query)
    assert not any(arrives(client, here + other, path=PATH + query) for other in QUERIES if other != query)


@pytest.mark.parametrize(
    "more",
    [
        [("Event", "ringing"), ("Event", "answered")],
        [("Event", "answered"), ("Event", "ringing")],
        [("Event", "same"), ("Event", "same")],
        [("Empty", ""), ("FromCity", "")],
        [("Body", "同意 & <好>+ 1\r\n\t😀")],
        [("messagesid", "lower"), ("Z", "1"), ("a", "2")],
    ],
)
def test_every_parameter_counts_also_repeated_and_empty_ones(
    at: Callable[[str], FlaskClient], more: Fields
) -> None:
    client, here = at("https://village.example"), "https://village.example" + PATH
    assert arrives(client, here, FORM + more)
    headers = {"X-Twilio-Signature": sign(here, FORM)}
    added = {**dict(FORM), **dict(more)}
    assert client.post(PATH, data=added, headers=headers).status_code == 403
