"""A notice for the village's loudspeakers: a button, a file made where nobody waits, and what to do without the extra."""

import pytest
from sqlalchemy import select

from gateway.models.organizer import Audit
from gateway.runtime import Runtime
from gateway.sound import ending
from gateway.spoken import kokoro
from tests.admin.panel import Panel
from tests.spoken.test_shelf import Hum

MATTER = "/admin/consultations/1"  # 11号，拟柳村, open


@pytest.fixture
def qian(village: Runtime, monkeypatch: pytest.MonkeyPatch) -> Panel:
    """钱小满 of 拟柳村, on a machine with the voice."""
    monkeypatch.setattr(kokoro, "installed", lambda: True)
    monkeypatch.setattr(village, "wake_speaker", lambda: None)
    return Panel(village, "qianxiaoman")


def test_the_notice_is_rendered_by_a_job_and_then_offered(village: Runtime, qian: Panel) -> None:
    page = qian.get(MATTER)
    assert "录成村村响录音" in page and "拟柳村通知。" in page and "请按" not in page.split("blockquote")[1]
    page = qian.send(f"{MATTER}/loudspeaker")
    assert "正在录" in page and 'hx-get="/admin/consultations/1/loudspeaker"' in page
    assert (
        "正在录" in qian.get(f"{MATTER}/loudspeaker")
        and qian.http.get(f"{MATTER}/loudspeaker.wav").status_code == 404
    )
    hum = Hum()
    assert village.prompts.shelf.render(lambda: hum) == 1
    assert hum.said[0].startswith("拟柳村通知。第十一号事") and "停一秒" not in hum.said[0]
    card = qian.get(f"{MATTER}/loudspeaker")
    assert "下载 WAV" in card and "hx-get" not in card
    answer = qian.http.get(f"{MATTER}/loudspeaker.wav")
    assert answer.mimetype == "audio/wav" and ending(answer.data) == "wav"
    assert "attachment" in answer.headers["Content-Disposition"]
    with village.db.read() as s:
        assert s.scalars(select(Audit).where(Audit.verb == "loudspeaker")).one().subject == "consultation:1"


def test_without_the_extra_it_is_said_in_chinese_what_to_do(
    qian: Panel, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(kokoro, "installed", lambda: False)
    page = qian.get(MATTER)
    assert "还没装念稿子的声音" in page and ".[voice]" in page and "录成村村响录音" not in page
    qian.send(f"{MATTER}/loudspeaker")
    assert qian.rt.prompts.shelf.wanted() == []


def test_another_village_gets_neither_the_card_nor_the_file(village: Runtime, qian: Panel) -> None:
    qian.get(MATTER)
    qian.send(f"{MATTER}/loudspeaker")
    village.prompts.shelf.render(Hum)
    yin = Panel(village, "yinwenshu")
    for path in ("loudspeaker", "loudspeaker.wav"):
        assert yin.http.get(f"{MATTER}/{path}").status_code in (403, 404)
    assert yin.http.get("/admin/login").status_code in (200, 302)
    for wrong in ("loudspeaker.key", "loudspeaker..%2fwav"):
        assert qian.http.get(f"{MATTER}/{wrong}").status_code == 404
