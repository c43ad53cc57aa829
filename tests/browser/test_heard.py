"""The browser phone plays recordings one after the other, and a key cuts them off."""

import re

import pytest
from playwright.sync_api import Page, expect

from tests.servers import Stack

pytestmark = pytest.mark.browser


def test_clips_are_heard_in_order_and_a_key_cuts_them_off(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.base}/phone/")
    page.get_by_role("button", name=re.compile("王德顺")).click()
    page.get_by_role("button", name="拨打热线").click()
    expect(page.locator("#captions")).to_contain_text("您好，这里是拟柳村协商热线")
    # a name has no clip here, and this machine no voice of its own: the clips around it are heard all the same
    page.wait_for_function("() => heard.length >= 2 && current && current.currentTime > 0.2", timeout=20_000)
    first = page.evaluate("() => [...heard]")
    assert len(set(first)) == len(first) and all(path.startswith("/audio/") for path in first)
    assert page.evaluate("() => current.duration") > 0.3  # µ-law, decoded
    assert page.evaluate("() => waiting.length") > 2
    page.locator("[data-key='1']").click()
    before = page.evaluate("() => heard.length")  # the press has cut off what was waiting by now
    expect(page.locator("#captions")).to_contain_text("听正在商量的事")
    page.wait_for_function(f"() => heard.length > {before} + 1", timeout=20_000)
    rest = page.evaluate("() => [...heard]")[before:]
    listed = page.evaluate(
        "() => fetch(`/phone/api/handset/${encodeURIComponent(number)}/state`).then((r) => r.json()).then((s) => s.call.captions)"
    )
    pressed = next(i for i, c in enumerate(listed) if c["kind"] == "key")
    after = {p["sound"] for c in listed[pressed:] for p in c["parts"]}
    assert set(rest) <= after
    page.get_by_role("button", name="挂电话").click()
    assert page.evaluate("() => waiting.length === 0 && current === null")


def test_switching_the_sound_off_silences_what_is_playing(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.base}/phone/")
    page.get_by_role("button", name=re.compile("丁永福")).click()
    page.get_by_role("button", name="拨打热线").click()
    page.wait_for_function("() => heard.length >= 1", timeout=20_000)
    page.get_by_role("button", name="声音：开").click()
    assert page.evaluate("() => waiting.length === 0 && current === null && playing === 0")
    page.get_by_role("button", name="挂电话").click()  # the telephone is free for the next test
    expect(page.get_by_role("button", name="拨打热线")).to_be_visible()
