"""The browser phone and the panel, as people use them; pictures are kept in artefacts/."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import picture
from tests.servers import Stack

pytestmark = pytest.mark.browser


def sign_in(page: Page, stack: Stack, login: str) -> None:
    password = stack.password(login)
    page.goto(f"{stack.base}/admin/")
    page.get_by_label("账号").fill(login)
    page.get_by_label("密码").fill(password)
    page.get_by_role("button", name="登录").click()
    expect(page.get_by_role("heading", name="在办的事")).to_be_visible()


def test_a_resident_texts_an_answer(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.base}/phone/")
    page.get_by_role("button", name=re.compile("孙长河")).click()
    page.get_by_label("短信", exact=True).last.fill("同意")
    page.get_by_role("button", name="发送").click()
    expect(page.locator("#thread .theirs").last).to_contain_text(re.compile(r"11号，您选“同意”，回执\d+"))
    picture(page, "phone-sms")


def test_a_resident_rings_and_votes_by_key(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.base}/phone/")
    page.get_by_role("button", name=re.compile("王德顺")).click()
    page.get_by_role("button", name="拨打热线").click()
    captions = page.locator("#captions")
    expect(captions).to_contain_text("王德顺，请按1")
    for key, heard in (
        ("1", "听正在商量的事"),
        ("1", "第十一号事"),
        ("1", "您选的是：同意"),
        ("1", "您的回执"),
    ):
        page.locator(f"[data-key='{key}']").click()
        expect(captions).to_contain_text(heard)
    picture(page, "phone-call")
    page.get_by_placeholder("没有话筒").fill("路修宽一点")
    page.get_by_role("button", name="说", exact=True).click()
    expect(captions).to_contain_text("您说的话记下了")
    expect(page.get_by_text("电话挂着。")).to_be_visible()


def test_a_sound_file_becomes_a_recording_the_organizer_can_play(
    page: Page, stack: Stack, tmp_path: Path
) -> None:
    from gateway.simulator.calls import tone

    sound = tmp_path / "said.wav"
    sound.write_bytes(tone(2))
    page.goto(f"{stack.base}/phone/")
    page.get_by_role("button", name=re.compile("丁永福")).click()
    page.get_by_role("button", name="拨打热线").click()
    captions = page.locator("#captions")
    for key, heard in (("2", "提事、留话"), ("1", "提一件新事"), ("1", "嘀一声以后")):
        expect(captions).to_contain_text("请按")
        page.locator(f"[data-key='{key}']").click()
        expect(captions).to_contain_text(heard)
    page.locator("#sound").set_input_files(sound)
    expect(captions).to_contain_text("您说的话记下了")
    sign_in(page, stack, "huwenshu")
    page.goto(f"{stack.base}/admin/inbox/?tab=voice")
    page.wait_for_function(
        "() => document.querySelector('audio') || (setTimeout(() => location.reload(), 1000), false)",
        polling=1500,
    )
    seconds = page.evaluate(
        "async () => { const a = document.querySelector('audio'); a.preload = 'auto'; a.load(); await new Promise((r) => a.onloadedmetadata = r); return a.duration; }"
    )
    assert seconds == pytest.approx(2, abs=0.2)


def test_an_organizer_asks_sees_and_answers_on_a_phones_screen(page: Page, stack: Stack) -> None:
    sign_in(page, stack, "miaozhuren")
    picture(page, "panel-home")
    page.get_by_role("button", name="新建").click()
    page.get_by_label("什么事").fill("楼道装扶手")
    page.get_by_role("button", name="看看发给谁").click()
    expect(page.get_by_text("收到的样子")).to_be_visible()
    picture(page, "panel-preview")
    page.get_by_role("button", name="开始发送").click()
    expect(page.get_by_text("征集中").first).to_be_visible()
    page.get_by_role("link", name="协商通知").click()
    expect(page.locator(".progress dl div", has_text="已送到").locator("dd")).not_to_have_text(
        "0", timeout=20_000
    )
    picture(page, "panel-broadcast")
    phone = page.context.new_page()
    phone.goto(f"{stack.base}/phone/#+8619900000403")
    expect(phone.locator("#thread .theirs").last).to_contain_text("楼道装扶手")
    phone.locator("#words").fill("反对16号 太吵了")
    phone.get_by_role("button", name="发送").click()
    expect(phone.locator("#thread .theirs").last).to_contain_text("您对16号的反对")
    page.goto(f"{stack.base}/admin/inbox/?tab=objections")
    page.get_by_role("button", name="解释").first.click()
    page.get_by_label(re.compile("怎么解释")).fill("晚八点就收，音箱也换小的")
    page.get_by_role("button", name="发给居民").click()
    expect(page.get_by_text("解释记下了，正在告诉居民")).to_be_visible()
    expect(phone.locator("#thread .theirs").last).to_contain_text("音箱也换小的", timeout=20_000)
    picture(page, "panel-inbox")


def test_every_page_fits_a_narrow_screen_and_a_wide_one(page: Page, stack: Stack) -> None:
    sign_in(page, stack, "xuquanzhen")
    paths = ["", "consultations/", "consultations/new", "consultations/1", "consultations/1/publish", "consultations/1/paper?q=王",
             "residents/", "residents/3", "residents/import", "claims/", "broadcasts/", "broadcasts/new", "areas/", "areas/2", "consultations/1/doors", "inbox/", "inbox/?tab=objections", "account", "help"]  # fmt: skip
    for width in (360, 390, 1280):
        page.set_viewport_size({"width": width, "height": 844})
        for path in [f"/admin/{p}" for p in paths] + [
            "/board/",
            "/board/16",
            "/board/receipt",
            "/phone/",
            "/",
        ]:
            page.goto(stack.base + path)
            assert page.evaluate("document.documentElement.scrollWidth") <= width, (path, width)


def test_a_button_pressed_twice_sends_its_form_once(page: Page, stack: Stack) -> None:
    sign_in(page, stack, "qianxiaoman")
    page.goto(f"{stack.base}/admin/broadcasts/new")
    page.get_by_label("短信", exact=True).fill("【拟柳村委会】明天停水")
    sent: list[str] = []
    page.on("request", lambda r: sent.append(r.url) if r.method == "POST" else None)
    page.get_by_role("button", name="看看发给谁").dblclick()
    expect(page.get_by_text("收到的样子")).to_be_visible()
    assert len(sent) == 1
    page.go_back()  # the form may be sent again
    expect(page.get_by_role("button", name="看看发给谁")).to_be_enabled()


def test_the_keyboard_alone_can_ring_and_vote(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.base}/phone/#+8619900000108")
    page.get_by_role("tab", name="电话").focus()
    page.keyboard.press("Enter")
    page.get_by_role("button", name="拨打热线").focus()
    page.keyboard.press("Enter")
    captions = page.locator("#captions")
    expect(captions).to_contain_text("听正在商量的事")
    page.keyboard.press("1")
    expect(captions).to_contain_text(re.compile("第十一号"))
    page.get_by_role("button", name="挂电话").click()  # a handset in a call is engaged for the next test


def test_which_telephone_rings_what_was_not_heard_and_what_was_not_sent_is_seen(
    page: Page, stack: Stack, tmp_path: Path
) -> None:
    page.goto(f"{stack.base}/phone/#+8619900000108")
    expect(page.locator("#who")).to_contain_text("吴凤霞")
    stack.cli(
        "broadcast",
        "new",
        "--area",
        "NL",
        "--text",
        "【拟柳村委会】明天停水",
        "--channel",
        "voice",
        "--start",
    )
    page.set_viewport_size({"width": 1200, "height": 900})
    wang = page.get_by_role("button", name=re.compile("王德顺"))
    expect(wang).to_contain_text("响铃", timeout=20_000)
    page.set_viewport_size({"width": 390, "height": 844})
    page.get_by_role("button", name=re.compile(r"换一部电话（\d+部有新消息）")).click()
    wang.click()
    page.get_by_role("button", name="接电话").click()
    expect(page.locator("#captions")).to_contain_text("明天停水")
    for part in ("#keypad", "#hangup", "#wait"):
        expect(page.locator(part)).to_be_in_viewport(ratio=1)
    page.get_by_role("button", name="挂电话").click()
    page.get_by_role("button", name="拨打热线").click()
    for key, heard in (
        ("2", "王德顺，请按1"),  # after the notice: hung up on before its end, it isn't heard yet
        ("1", "听正在商量的事"),
        ("2", "提事、留话"),
        ("1", "提一件新事"),
        ("1", "嘀一声以后"),
    ):
        page.locator(f"[data-key='{key}']").click()
        expect(page.locator("#captions")).to_contain_text(heard)
    for part in ("#speak", "#keypad", "#hangup"):
        expect(page.locator(part)).to_be_in_viewport(ratio=1)
    page.locator("#sound").set_input_files({"name": "a.wav", "mimeType": "audio/wav", "buffer": b"no sound"})
    expect(page.get_by_text("这段声音打不开")).to_be_visible()
    picture(page, "phone-recording")
    page.locator("[data-key='*']").click()
    expect(page.get_by_text("这段声音打不开")).to_be_hidden()
    page.goto(f"{stack.base}/phone/#+8619900000108")
    page.reload()
    expect(page.locator("#ring")).to_be_visible()
    page.get_by_role("tab", name="短信").click()
    page.route("**/sms", lambda route: route.fulfill(body="a proxy's page"))
    page.locator("#words").fill("意见 路灯太暗")
    page.get_by_role("button", name="发送").click()
    expect(page.get_by_text("没发出去，请再试一次")).to_be_visible()
    expect(page.locator("#words")).to_have_value("意见 路灯太暗")
    page.unroute("**/sms")
    page.get_by_role("button", name="发送").click()
    expect(page.get_by_text("没发出去，请再试一次")).to_be_hidden()


def test_a_missed_call_is_rung_back(page: Page, stack: Stack) -> None:
    page.goto(f"{stack.base}/phone/#+8649900000301")
    page.get_by_role("button", name="响一声，等回电").click()
    expect(page.get_by_text("热线来电，正在响铃……")).to_be_visible(timeout=20_000)
    picture(page, "phone-rung-back")
    page.get_by_role("button", name="接电话").click()
    expect(page.locator("#captions")).to_contain_text("听正在商量的事")
    page.get_by_role("button", name="挂电话").click()
    expect(page.get_by_role("button", name="响一声，等回电")).to_be_visible()
