"""The public board as anybody's old telephone shows it: no script, no internet, nobody's name."""

import json
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.servers import Stack

pytestmark = pytest.mark.browser

TOWNSHIP = json.loads((Path(__file__).parents[2] / "gateway/data/township.json").read_text(encoding="utf-8"))
PATHS = (
    "/",
    "/board/",
    *(f"/board/{c['no']}" for c in TOWNSHIP["consultations"]),
    "/board/receipt",
    "/board/99",
)


def test_every_page_of_the_board_fits_and_names_nobody(plain: Page, stack: Stack) -> None:
    people = [r["name"] for r in TOWNSHIP["residents"]] + [o["name"] for o in TOWNSHIP["organizers"]]
    numbers = {r["phone"].removeprefix("+86") for r in TOWNSHIP["residents"] if r.get("phone")}
    said = [o["text"] for c in TOWNSHIP["consultations"] for o in c["opinions"] if o.get("text")]
    for path in PATHS:
        plain.goto(stack.base + path)
        words = plain.content()
        assert not [secret for secret in [*people, *numbers, *said] if secret in words], path
        widest = max(
            box["x"] + box["width"]
            for box in (each.bounding_box() for each in plain.locator("body *").all())
            if box
        )
        assert widest <= 390, path


def test_the_board_hides_counts_of_secret_matters_and_open_ones(plain: Page, stack: Stack) -> None:
    for number, shown in ((16, True), (14, True), (12, False), (11, False)):
        plain.goto(f"{stack.base}/board/{number}")
        expect(plain.get_by_role("heading", name="票数")).to_have_count(int(shown))
    plain.goto(f"{stack.base}/board/12")
    expect(plain.get_by_text("这件事不公开分项票数")).to_be_visible()


def test_a_receipt_is_looked_up_without_a_script(plain: Page, stack: Stack) -> None:
    plain.goto(f"{stack.base}/board/receipt")
    plain.get_by_label("回执号").fill("00000")
    plain.get_by_role("button", name="查").click()
    expect(plain.get_by_text("没查到回执 00000")).to_be_visible()
