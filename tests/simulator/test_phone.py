"""The browser phone needs no sign-in, so it is for numbers that are nobody's."""

import io
from typing import Any

import pytest
import requests
from flask.testing import FlaskClient
from sqlalchemy import select

from gateway import phones
from gateway.app import create_app
from gateway.models.area import Area
from gateway.people import roster, rosterfile
from gateway.runtime import Runtime
from tests.conftest import LI, SUN, WANG
from tests.meeting import hearing, run
from tests.servers import Web, eventually

REAL = "+8613800138000"


@pytest.fixture
def browser(village: Runtime) -> FlaskClient:
    """A browser beside a township into which somebody imported a real person, before and after the first look."""
    return create_app(runtime=village).test_client()


def take_in(rt: Runtime, name: str, number: str) -> None:
    sheet = rosterfile.read(f"姓名,手机,村\n{name},{number},拟柳村\n".encode(), "a.csv")
    with rt.db.read() as s:
        area = s.scalars(select(Area).where(Area.code == "XQ")).one()
    roster.apply(rt.db, sheet, area, "cli")


def test_only_sample_handsets_are_offered_whoever_was_imported(
    village: Runtime, browser: FlaskClient
) -> None:
    take_in(village, "真人甲", REAL)
    offered = {h["number"] for h in browser.get("/phone/api/handsets").get_json()["handsets"]}
    assert {SUN.phone, LI.phone, WANG.phone} <= offered and REAL not in offered
    take_in(village, "真人乙", "13900139000")
    take_in(village, "样例丙", "19900000777")
    again = {h["number"] for h in browser.get("/phone/api/handsets").get_json()["handsets"]}
    assert again - offered == {"+8619900000777"}
    page = browser.get("/phone/").get_data(as_text=True)
    assert REAL not in page and "真人" not in page and "导入的真实号码不能在这里试" in page


@pytest.mark.parametrize(
    "number", [REAL, "13800138000", "008613800138000", "+12025550123", "10086", "anonymous"]
)
@pytest.mark.parametrize("path", ["state", "sms", "dial", "answer", "keys", "silence", "record", "hangup"])
def test_nobody_acts_for_a_real_number(browser: FlaskClient, number: str, path: str) -> None:
    address = f"/phone/api/handset/{number}/{path}"
    answer = browser.get(address) if path == "state" else browser.post(address, json={"body": "1"})
    assert answer.status_code == 403 and "样例" in answer.get_data(as_text=True)


def test_a_sample_number_in_any_spelling_may_be_tried() -> None:
    for number in (SUN.phone, "19900000104", "0499-0000101", WANG.phone, "+8619900000998"):
        assert phones.is_sample(number)


def test_other_handsets_say_that_they_ring_or_got_a_message(village: Runtime, browser: FlaskClient) -> None:
    st = village.settings
    carrier = f"/simulator/2010-04-01/Accounts/{st.account_sid}"
    who = (st.account_sid, st.auth_token)
    for number in (SUN.phone, SUN.phone, REAL):
        form = {"To": number, "From": st.hotline, "Body": "明天停水"}
        assert browser.post(f"{carrier}/Messages.json", data=form, auth=who).status_code == 201
    form = {"To": WANG.phone, "From": st.hotline, "Url": "http://127.0.0.1:1/"}
    assert browser.post(f"{carrier}/Calls.json", data=form, auth=who).status_code == 201

    def news() -> dict[str, dict[str, object]]:
        found: dict[str, dict[str, object]] = browser.get("/phone/api/news").get_json()
        return found

    eventually(lambda: news().get(WANG.phone) == {"unread": 0, "ringing": True})
    assert news()[SUN.phone] == {"unread": 2, "ringing": False} and REAL not in news()
    browser.get(f"/phone/api/handset/{SUN.phone}/state")
    assert SUN.phone not in news()


@pytest.mark.parametrize(
    "given", [[], "x", 1, None, {"repeat": "x", "seconds": "²", "digits": 5, "body": None}]
)
@pytest.mark.parametrize("path", ["sms", "dial", "answer", "keys", "silence", "record", "hangup"])
def test_nonsense_from_a_browser_breaks_nothing(browser: FlaskClient, path: str, given: object) -> None:
    answer = browser.post(f"/phone/api/handset/{SUN.phone}/{path}", json=given)
    assert answer.status_code in (200, 409)  # 409: no call at the moment


def test_what_is_no_sound_is_not_taken_for_a_recording(browser: FlaskClient) -> None:
    form = {"sound": (io.BytesIO(b"<html>"), "said.wav")}
    assert browser.post(f"/phone/api/handset/{SUN.phone}/record", data=form).status_code == 400


def test_a_hearing_is_joined_from_the_browser_phone_and_left_with_the_star(village: Runtime) -> None:
    run(village, hearing(village, SUN))
    with Web(village) as base:
        phone = f"{base}/phone/api/handset/{SUN.phone}"

        def do(what: str, **data: str) -> dict[str, Any]:
            call: dict[str, Any] = requests.post(f"{phone}/{what}", json=data, timeout=20).json()["call"]
            return call

        assert "现在正在开" in _said(do("dial"))
        call = do("keys", digits="1")
        assert "接进会场，只能听" in _said(call) and call["wants"] == "conference"
        assert do("silence")["status"] == "in-progress"  # people sit there and listen
        assert do("keys", digits="5")["wants"] == "conference"  # nothing but the star leads out
        call = do("keys", digits="*")
        assert "会场那边听完了" in _said(call) and call["wants"] == "keys"


def _said(call: dict[str, Any]) -> str:
    return "".join(c["words"] for c in call["captions"])
