"""Whose voice residents hear: recorded, changed, listened to and taken back on the panel."""

import io
import re

import pytest
from sqlalchemy import select

from gateway import clock, prompts
from gateway.app import create_app
from gateway.inbound import scripts
from gateway.models.consultation import Consultation
from gateway.models.organizer import Organizer
from gateway.models.prompt import Prompt
from gateway.people import organizers
from gateway.runtime import Runtime
from gateway.simulator.tone import tone
from tests.admin.panel import Panel, area, verbs
from tests.calls import Call
from tests.conftest import STRANGER, SUN

TONE = tone(2)


def matter(rt: Runtime, number: int = 11) -> int:
    with rt.db.read() as s:
        return s.scalars(select(Consultation.id).where(Consultation.number == number)).one()


def page_of(rt: Runtime, part: str = "notice", language: str = "zh-CN", number: int = 11) -> str:
    return f"/admin/spoken/{language}/c{matter(rt, number)}-{part}"


def upload(
    panel: Panel, path: str, data: bytes = TONE, status: int = 200, name: str = "喇叭.wav", **more: str
) -> str:
    panel.get(path)
    return panel.send(path, status, sound=(io.BytesIO(data), name), **more)


def played(rt: Runtime, sid: str) -> list[str]:
    call = Call(rt, SUN.phone, sid)
    call.press("2" if "刚才电话断了" in call.said else "1")  # a call before broke off at this question
    return call.played


def test_a_recording_is_uploaded_heard_by_residents_listened_to_and_taken_back(qian: Panel) -> None:
    rt = qian.rt
    page = qian.get(f"/admin/consultations/{matter(rt)}")
    assert "电话里的声音" in page and "合成的声音" in page
    assert "屯中路" in qian.get(page_of(rt)) and "现在电话里用合成的声音念" in qian.page
    assert "换好了" in upload(qian, page_of(rt)) and "电话里放的是" in qian.page
    (url,) = played(rt, "CA-1")
    answer = qian.http.get(url.removeprefix(rt.settings.base_url))
    assert answer.data[:4] == b"RIFF" and "immutable" in answer.headers["Cache-Control"]
    assert "真人录音" in qian.get(f"/admin/consultations/{matter(rt)}")
    qian.get(page_of(rt))
    sound = re.search(r'src="(/admin/prompts/\d+\.wav)"', qian.page)
    assert sound and qian.http.get(sound[1]).data == answer.data
    assert qian.http.get(sound[1], headers={"Range": "bytes=0-3"}).status_code == 206
    assert "撤下了，电话里念文字" in qian.send(sound[1].replace(".wav", "/withdraw"))
    assert "合成的声音" in qian.page and played(rt, "CA-2") == []
    assert "撤下了" in qian.get(page_of(rt))
    qian.get(page_of(rt))
    assert "早就不放了" in qian.send(sound[1].replace(".wav", "/withdraw"))
    assert {"prompt_live", "prompt_withdraw"} <= set(verbs(rt))


def test_a_button_pressed_twice_makes_one_version(qian: Panel) -> None:
    for _ in range(2):
        upload(qian, page_of(qian.rt))
    with qian.rt.db.read() as s:
        assert s.scalars(select(Prompt.state)).all() == ["live"]


def test_the_page_says_when_the_text_was_changed_and_the_recording_no_longer_fits(qian: Panel) -> None:
    upload(qian, page_of(qian.rt))
    with qian.rt.db.write() as s:
        c = s.get_one(Consultation, matter(qian.rt))
        c.voice = {**c.voice, "notice": "改了，只修一半"}
    assert "录音对不上了" in qian.get(f"/admin/consultations/{matter(qian.rt)}")
    page = qian.get(page_of(qian.rt))
    assert "对不上，已经不放了" in page and "只修一半" in page and "当时念的：" in page
    assert played(qian.rt, "CA-1") == []
    upload(qian, page_of(qian.rt), tone(3))
    assert len(played(qian.rt, "CA-2")) == 1 and "换掉了" in qian.page


@pytest.mark.parametrize(
    ("data", "why"),
    [
        (b"", "请先录一段"), (b"<!doctype html><title>x</title>", "不是声音"), (b"\0\0\0\x18ftypM4A " + bytes(99), "m4a"),
        (TONE[:44] + bytes(40_000), "听不到声音"), (bytes(15_000_001), "文件太大"),
    ],
)  # fmt: skip
def test_what_is_no_sound_is_refused_and_nothing_changes(qian: Panel, data: bytes, why: str) -> None:
    assert why in upload(qian, page_of(qian.rt), data, 422)
    assert played(qian.rt, "CA-1") == []


def test_a_code_is_shown_once_and_records_the_text_of_its_page(qian: Panel) -> None:
    qian.get(page_of(qian.rt))
    page = qian.send(page_of(qian.rt) + "/code")
    found = re.search(r"录音码 (\d{3}) (\d{3})。15分钟", page)
    assert found and "按星号键" in page
    assert found[1] + " " + found[2] not in qian.get(page_of(qian.rt))
    said = Call(qian.rt, STRANGER.phone, "CA-1").press("*", found[1] + found[2])
    assert "您要录的是，第十一号事，通知" in said


def test_a_drafted_result_is_recorded_before_anybody_is_told_of_it(village: Runtime) -> None:
    qian = Panel(village, "qianxiaoman")
    with village.db.write() as s:
        c = s.get_one(Consultation, matter(village))
        c.state = "DRAFTED"
        c.draft = {
            "result": "修",
            "sms": "【拟柳村委会】修",
            "voice": "您好，这里是拟柳村协商热线，您不用花话费。（停一秒）大家说修。",
        }
    assert "大家说修" in qian.get(page_of(village, "result"))
    assert "您不用花话费" not in qian.page  # the greeting is the script's
    upload(qian, page_of(village, "result"))
    with village.db.write() as s:
        c = s.get_one(Consultation, matter(village))
        c.state, c.voice = "PUBLICITY", {**c.voice, "result": c.draft["voice"]}
    call = Call(village, SUN.phone, "CA-1")
    call.press("3")
    while not call.played and "第十一号" in call.said:  # others of this village have results, too
        key = re.search(r"第十一号，[^。]*，请按(\d)", call.said)
        assert key
        call.press(key[1])
    assert len(call.played) == 1 and "大家说修" not in call.said


def test_only_who_leads_a_matter_changes_its_voice_and_nobody_elsewhere_sees_it(village: Runtime) -> None:
    upload(Panel(village, "qianxiaoman"), page_of(village))
    with village.db.read() as s:
        id = s.scalars(select(Prompt.id)).one()
    for login, sees in (("yinwenshu", 404), ("xianminzheng", 200), ("shegong", 200)):
        other = Panel(village, login)
        other.get(page_of(village), sees)
        assert other.http.get(f"/admin/prompts/{id}.wav").status_code == sees
        other.get("/admin/account")
        assert other.post(page_of(village), sound=(io.BytesIO(TONE), "a.wav")).status_code in (403, 404)
        other.get("/admin/account")
        assert other.post(f"/admin/prompts/{id}/withdraw").status_code in (403, 404)
    assert len(played(village, "CA-1")) == 1


def test_the_hotlines_own_sentences_belong_to_who_answers_for_all(village: Runtime, officer: Panel) -> None:
    page = officer.get("/admin/spoken/mn")
    assert "请说蒙古语" in page and "没录" in page
    key = re.findall(r"/admin/spoken/mn/(s-[0-9a-f]{32})", page)
    assert "没有合成的声音" in officer.get(f"/admin/spoken/mn/{key[-1]}")
    assert "换好了" in upload(officer, f"/admin/spoken/mn/{key[-1]}") and "下一句没录的" in officer.page
    assert "录了 1 句" in officer.get("/admin/spoken/")
    qian = Panel(village, "qianxiaoman")
    for path in ("/admin/spoken/", "/admin/spoken/mn", f"/admin/spoken/mn/{key[-1]}"):
        qian.get(path, 403)
    with village.db.write() as s:  # an officer of one village isn't asked for all either
        organizers.add(
            s,
            name="驻村",
            area=area(s, "NL"),
            role="township_officer",
            login="zhucun",
            password="long enough, too",
        )
    Panel(village, "zhucun", "long enough, too").get("/admin/spoken/mn", 403)
    officer.get("/admin/spoken/xx", 404)
    officer.get("/admin/spoken/mn/s-" + "0" * 32, 404)


def test_a_recording_of_a_sentence_the_script_no_longer_says_is_shown_as_such(
    village: Runtime, officer: Panel
) -> None:
    with village.db.write() as s:
        s.add(
            Prompt(
                language="zh-CN", digest="0" * 32, words="从前这样说", part="script", area_id=1, state="live", way="upload",
                file="0" * 32 + ".wav", made_by=1, live_at=clock.now(),
            )
        )  # fmt: skip
    assert "对不上了的录音" in officer.get("/admin/spoken/zh-CN") and "从前这样说" in officer.page
    with village.db.read() as s:
        id = s.scalars(select(Prompt.id)).one()
    assert "从前这样说" not in officer.send(f"/admin/prompts/{id}/withdraw")


def test_the_villages_greeting_is_recorded_as_one_sentence(village: Runtime, officer: Panel) -> None:
    page = officer.get("/admin/spoken/zh-CN")
    found = re.search(
        r'(/admin/spoken/zh-CN/s-[0-9a-f]{32})"[^>]*><span>您好，这里是拟柳村协商热线，您不用花话费', page
    )
    assert found
    upload(officer, found[1])
    call = Call(village, SUN.phone, "CA-1")
    assert len(call.played) == 1 and "您好，这里是" not in call.said


def test_an_address_that_was_never_played_gives_nothing(village: Runtime) -> None:
    client = create_app(runtime=village).test_client()
    for name in ("0" * 32 + ".wav", "..%2f..%2fsecret.key", "1.wav", "x" * 300):
        assert client.get(f"/sound/{name}").status_code == 404


def test_every_sentence_of_the_script_can_be_found_under_its_address(
    village: Runtime, officer: Panel
) -> None:
    keys = set(re.findall(r"/admin/spoken/mn/s-([0-9a-f]{32})", officer.get("/admin/spoken/mn")))
    assert {one.digest for one in prompts.wanted(scripts()["hotline"], "mn")} <= keys


def test_the_maker_is_named(qian: Panel) -> None:
    upload(qian, page_of(qian.rt), way="browser")
    with qian.rt.db.read() as s:
        name = s.scalars(select(Organizer.name).where(Organizer.login == "qianxiaoman")).one()
    assert name in qian.page and "在这里录的" in qian.page
