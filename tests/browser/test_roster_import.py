"""The import page on a cadre's own telephone."""

from pathlib import Path

import pytest
from playwright.sync_api import Page

from tests.browser.conftest import picture
from tests.servers import Stack

pytestmark = pytest.mark.browser


def test_every_column_fits_a_narrow_screen_and_a_double_click_shows_one_result(
    stack: Stack,
    page: Page,
    tmp_path: Path,
) -> None:
    page.goto(stack.base + "/admin/login")
    page.fill("[name=login]", "qianxiaoman")
    page.fill("[name=password]", stack.password("qianxiaoman"))
    page.click("main button")
    file = tmp_path / "名册.csv"
    file.write_text(
        "姓名,电话,户号\n钱多多,19900000990 / 0499-0000990,H90\n钱来来,110,H90\n孙长河,19900000881,H03\n",
        encoding="utf-8",
    )
    page.goto(stack.base + "/admin/residents/import")
    page.set_input_files("#file", str(file))
    page.click("main button")
    page.wait_for_selector(".roster")
    assert page.evaluate("document.documentElement.scrollWidth") == 390
    right = "Math.max(...[...document.querySelectorAll('.roster td')].map(td => td.getBoundingClientRect().right))"
    assert page.evaluate(right) <= 390
    picture(page, "roster-preview")
    page.get_by_role("button", name="导入", exact=True).dblclick()
    page.wait_for_selector("text=新增 1 人，已有 1 人，不收 1 行")
