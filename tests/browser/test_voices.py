"""Recording what residents hear: in the panel with a microphone, from a file, and by telephone with a code."""

import json
import re
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import picture
from tests.browser.test_phone_and_panel import sign_in
from tests.servers import Stack
from tests.stories.village import Phone, eventually

pytestmark = pytest.mark.browser


def open_voice(page: Page, stack: Stack) -> None:
    sign_in(page, stack, "qianxiaoman")
    page.goto(f"{stack.base}/admin/consultations/")
    page.get_by_role("link", name=re.compile("屯中路修水泥路")).first.click()
    page.get_by_role("link", name=re.compile("通知.*第十一号事")).click()
    expect(page.get_by_role("heading", name="电话里的声音：通知")).to_be_visible()


def fits_the_screen(page: Page) -> None:
    assert page.evaluate("document.documentElement.scrollWidth") <= 390


def test_a_notice_is_recorded_with_the_telephones_own_microphone(page: Page, stack: Stack) -> None:
    open_voice(page, stack)
    fits_the_screen(page)
    picture(page, "voice-before")
    page.get_by_role("button", name="开始录").click()
    expect(page.get_by_role("button", name=re.compile(r"正在录，念完按这里（2秒）"))).to_be_visible(
        timeout=15_000
    )
    picture(page, "voice-recording")
    page.get_by_role("button", name=re.compile("正在录")).click()
    expect(page.get_by_text("听一听，满意就按下面的按钮")).to_be_visible()
    picture(page, "voice-listen")
    page.get_by_role("button", name="就用这一段").click()
    expect(page.get_by_text("换好了，从现在起电话里放这段录音")).to_be_visible()
    expect(page.get_by_text("在这里录的")).to_be_visible()
    fits_the_screen(page)
    picture(page, "voice-after")
    page.get_by_role("link", name=re.compile("11号")).first.click()
    expect(page.get_by_text("真人录音")).to_be_visible()
    picture(page, "voice-consultation")


def test_a_file_is_turned_into_wav_before_it_is_sent_and_the_page_says_what_it_cant_read(
    page: Page,
    stack: Stack,
    tmp_path: Path,
) -> None:
    import io

    import soundfile

    from gateway.simulator.calls import tone

    samples, rate = soundfile.read(io.BytesIO(tone(2)))
    sound = tmp_path / "said.ogg"
    soundfile.write(sound, samples, rate, format="OGG")
    open_voice(page, stack)
    chosen = page.get_by_label(re.compile("或者选一个录音文件"))
    chosen.set_input_files(sound)
    expect(page.get_by_text("听一听，满意就按下面的按钮")).to_be_visible()
    assert chosen.evaluate("f => f.files[0].name + f.files[0].type") == "recording.wavaudio/wav"
    page.get_by_role("button", name="就用这一段").click()
    expect(page.get_by_text("传上来的").first).to_be_visible()
    chosen.set_input_files(
        {"name": "a.m4a", "mimeType": "audio/mp4", "buffer": b"\0\0\0\x18ftypM4A no sound"}
    )
    expect(page.get_by_text("这个文件在这里打不开")).to_be_visible()
    picture(page, "voice-refused")


def test_an_organizer_takes_a_code_and_records_by_telephone(page: Page, stack: Stack) -> None:
    open_voice(page, stack)
    page.get_by_role("button", name="给我一个录音码").click()
    told = page.get_by_text(re.compile(r"录音码 \d{3} \d{3}"))
    expect(told).to_be_visible()
    picture(page, "voice-code")
    code = re.sub(r"\D", "", re.findall(r"录音码 (\d{3} \d{3})", told.inner_text())[0])
    sounds = stack.folder / "data" / "sounds"
    before = len(list(sounds.glob("*.wav")))
    phone = Phone(stack, "+8619900000998")
    phone.dial()
    assert "六位录音码" in phone.press("*")
    assert "您要录的是，第十一号事，通知" in phone.press(*code)
    assert "正在取" in phone.say("照着念")

    eventually(lambda: len(list(sounds.glob("*.wav"))) > before)

    def heard_back() -> bool:
        phone._post("silence")
        said = "".join(c["words"] for c in phone.state["call"]["captions"])
        return "您录的是" in said

    eventually(heard_back)
    addresses = re.findall(r"/sound/[0-9a-f]{32}\.wav", json.dumps(phone.state["call"]["captions"]))
    assert page.request.get(stack.base + addresses[-1]).headers["content-type"] == "audio/wav"
    assert "记下了，从现在起" in phone.press("1")
    phone.hangup()
    page.reload()
    expect(page.get_by_text("用电话录的").first).to_be_visible()
    picture(page, "voice-by-phone")
    page.get_by_role("button", name="撤下").click()
    expect(page.get_by_text("撤下了，电话里念文字")).to_be_visible()


def test_the_hotlines_sentences_in_mongolian(page: Page, stack: Stack) -> None:
    sign_in(page, stack, "xuquanzhen")
    page.goto(f"{stack.base}/admin/spoken/")
    fits_the_screen(page)
    picture(page, "voice-languages")
    page.get_by_role("link", name=re.compile("蒙古语")).click()
    expect(page.get_by_role("link", name=re.compile("听正在商量的事"))).to_be_visible()
    fits_the_screen(page)
    picture(page, "voice-mongolian")
    page.get_by_role("link", name=re.compile("听正在商量的事")).click()
    expect(page.get_by_text("这种语言没有合成的声音")).to_be_visible()
    fits_the_screen(page)
    picture(page, "voice-sentence")
