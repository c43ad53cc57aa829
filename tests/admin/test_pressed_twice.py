"""Forms pressed twice, left open, or filled in on a phone: the page as it now is, never a scolding."""

import html
import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from gateway import clock, sample
from gateway.consultation import matters, objections
from gateway.models.answer import BallotLog, Objection, Recording
from gateway.models.consultation import Consultation
from gateway.models.conversation import Question
from gateway.models.person import Person
from gateway.people import claims, organizers, residents
from gateway.runtime import Runtime
from tests.admin.panel import Panel, area, area_id, organizer
from tests.conftest import OWNER, STRANGER, SUN

RED = 'class="flash error"'


def id_of(rt: Runtime, number: int) -> int:
    with rt.db.read() as s:
        found = matters.find(s, number)
        assert found is not None
        return found.id


def new_matter(panel: Panel, **more: object) -> dict[str, object]:
    panel.get("/admin/consultations/new")
    closes = (clock.now() + timedelta(days=8)).date().isoformat()
    return {
        "go": "save", "number": "51", "title": "村口装路灯", "area": area_id(panel.rt, "NL"), "unit": "person",
        "option1": "同意", "option2": "不同意", "closes": closes, **more,
    }  # fmt: skip


def test_a_matter_whose_form_was_pressed_twice_exists_once(qian: Panel) -> None:
    form = new_matter(qian)
    first, second = (qian.post("/admin/consultations/new", **form) for _ in range(2))
    assert first.status_code == second.status_code == 302 and first.location == second.location
    with qian.rt.db.read() as s:
        assert s.scalar(select(func.count()).where(Consultation.number == 51)) == 1
    other = qian.send("/admin/consultations/new", 422, **{**form, "title": "别的事"})
    assert "51号已经用过了" in other


def test_every_step_of_a_matter_pressed_twice_shows_it_as_it_is(qian: Panel) -> None:
    qian.send("/admin/consultations/new", **new_matter(qian))
    here = f"/admin/consultations/{id_of(qian.rt, 51)}"
    until = f"{(clock.now() + timedelta(days=9)).date()}T23:59"
    result = {"go": "send", "result": "装三盏", "until": until, "sms": "", "voice": ""}
    for step, form, state in (
        ("announce", {}, "征集中"),
        ("close", {"reason": "都答完了"}, "待公布结果"),
        ("publish", result, "公示中"),
        ("withdraw", {"reason": "另有安排"}, "已撤回"),
    ):
        qian.get(here)
        assert RED not in qian.send(f"{here}/{step}", **form), step
        again = qian.send(f"{here}/{step}", **form)
        assert f"这件事现在是“{state}”" in again and RED not in again, step


def test_the_form_of_a_result_is_not_offered_while_people_answer(qian: Panel) -> None:
    page = qian.get(f"/admin/consultations/{id_of(qian.rt, 11)}/publish")
    assert "这件事现在是“征集中”" in page and "协商结果" not in page


def objection(rt: Runtime, words: str = "") -> int:
    with rt.db.write() as s:
        phone = residents.handset(s, OWNER.phone)
        who = s.scalars(select(Person).where(Person.name == OWNER.name)).one()
        c = matters.find(s, 16)
        assert phone and c
        return objections.open_(s, c, who, words, "sms", handset_id=phone.id).id


def test_an_explanation_pressed_twice_is_sent_once_and_another_one_is_kept_in_the_form(miao: Panel) -> None:
    id = objection(miao.rt, "太早")
    path, words = f"/admin/objections/{id}/explain", "改成八点半"
    for _ in range(2):
        miao.get(f"/admin/objections/{id}")
        page = miao.send(path, explanation=words, back=f"/admin/objections/{id}")
        assert RED not in page and 'role="alert"' not in page and "已解释" in page
    late = miao.send(path, 422, explanation="我写的另一个解释")
    assert "已经处理过" in late and "我写的另一个解释" in late


def test_a_paper_ballot_pressed_twice_is_one_with_one_receipt(qian: Panel) -> None:
    here = f"/admin/consultations/{id_of(qian.rt, 11)}/paper"
    with qian.rt.db.read() as s:
        who = s.scalars(select(Person.id).where(Person.name == SUN.name)).one()
    receipts = set()
    for _ in range(2):
        qian.get(f"{here}?person={who}")
        page = qian.send(here, person=who, option="1", paper="3号票", witness="吴凤霞")
        receipts.add(re.findall(r"的纸票记下了，回执 (\d+)", page)[0])
    assert len(receipts) == 1
    with qian.rt.db.read() as s:
        kept = select(func.count()).where(BallotLog.person_id == who, BallotLog.channel == "clerk")
        assert s.scalar(kept) == 1


def gathered(qian: Panel) -> tuple[str, str]:
    """A matter whose answers are in: its address, and a day until which a result may be shown."""
    qian.send("/admin/consultations/new", **new_matter(qian))
    here = f"/admin/consultations/{id_of(qian.rt, 51)}"
    for step, form in (("announce", {}), ("close", {"reason": "都答完了"})):
        qian.get(here)
        qian.send(f"{here}/{step}", **form)
    return here, f"{(clock.now() + timedelta(days=9)).date()}T23:59"


def test_a_result_too_long_to_be_sent_is_named_before_anything_is_sent(qian: Panel) -> None:
    here, until = gathered(qian)
    page = qian.send(f"{here}/publish", 422, go="preview", result="长" * 1600, until=until, sms="", voice="")
    assert "太长了，最多1600个字" in page and "收到的样子" not in page


def test_a_result_being_written_outlives_back_reload_and_another_day(qian: Panel) -> None:
    here, until = gathered(qian)
    form = {"result": "装三盏", "until": until, "sms": "【拟柳村委会】路灯装三盏", "voice": ""}
    shown = qian.post(f"{here}/publish", go="preview", **form)
    assert shown.status_code == 302
    assert "收到的样子" in qian.get(shown.location) and "路灯装三盏" in qian.get(shown.location)
    left = qian.get(f"{here}/publish")
    assert "存着的草稿" in left and "路灯装三盏" in left and until in left and "收到的样子" not in left
    with qian.rt.app.test_client() as passer_by:  # type: ignore[attr-defined]
        assert "装三盏" not in passer_by.get("/board/51").get_data(as_text=True)
    form = dict(re.findall(r'name="(auto_\w+)" value="([^"]*)"', html.unescape(left)), **form)
    qian.send(f"{here}/publish", go="send", **form)
    with qian.rt.db.read() as s:
        c = matters.find(s, 51)
        assert c and c.draft == {} and c.sms["result"] == "【拟柳村委会】路灯装三盏"


def test_a_claim_decided_twice_is_no_fault(qian: Panel) -> None:
    with qian.rt.db.write() as s:
        phone = residents.handset_for(s, residents.Phone(STRANGER.phone, "mobile"))
        id = claims.claim(s, phone, "周秀英", "拟柳", "sms").id
    qian.get("/admin/claims/")
    qian.send(f"/admin/claims/{id}/reject")
    page = qian.send(f"/admin/claims/{id}/reject")
    assert "已经核对过了" in page and RED not in page


def test_limits_of_a_field_are_attributes_and_a_new_matter_has_a_week(qian: Panel) -> None:
    page = qian.get("/admin/consultations/new")
    assert re.search(r'name="number"[^>]* min="10" max="9999"', page) and "&#34;" not in page
    assert re.search(r'name="option1"[^>]* maxlength="12"', page)
    week = clock.now().astimezone(qian.rt.settings.zone) + timedelta(days=7)
    assert f'value="{week:%Y-%m-%d}"' in page


def test_a_reason_that_may_still_come_is_waited_for(miao: Panel) -> None:
    id = objection(miao.rt)
    assert "没说原因" in miao.get(f"/admin/objections/{id}")
    with miao.rt.db.write() as s:
        o = s.get_one(Objection, id)
        s.add(
            Question(
                handset_id=o.handset_id, kind="reason", consultation_id=o.consultation_id, data={"objection": id},
                expires_at=clock.now() + timedelta(days=1),
            )
        )  # fmt: skip
    for path in (
        f"objections/{id}",
        "inbox/?tab=objections",
        f"consultations/{id_of(miao.rt, 16)}",
    ):
        page = miao.get(f"/admin/{path}")
        assert "问了原因，等居民回话" in page and "没说原因" not in page, path
    with miao.rt.db.write() as s:
        kept = Recording(carrier_id="RE9", state="pending")
        s.add(kept)
        s.flush()
        s.get_one(Objection, id).recording_id = kept.id
    page = miao.get(f"/admin/objections/{id}")
    assert "录音正在取回来" in page and "<audio" not in page


def test_long_words_are_folded_and_short_ones_are_not(miao: Panel) -> None:
    words = "音箱太响，" * 60
    id = objection(miao.rt, words)
    for path in (f"objections/{id}", "inbox/?tab=objections"):
        page = html.unescape(miao.get(f"/admin/{path}"))
        assert page.count(words) == 1 and "看全部" in page, path
    with miao.rt.db.write() as s:
        s.get_one(Objection, id).words = "太早"
    assert "看全部" not in miao.get(f"/admin/objections/{id}")


@pytest.mark.parametrize("typed", ["Qianxiaoman", " QIANXIAOMAN ", "ｑｉａｎｘｉａｏｍａｎ"])
def test_a_login_is_the_same_however_a_phones_keyboard_writes_it(village: Runtime, typed: str) -> None:
    password = next(a.password for a in sample.load(village.db, village.settings) if a.login == "qianxiaoman")
    assert organizers.check(village.db, typed, password).id == organizer(village, "qianxiaoman").id
    with village.db.write() as s, pytest.raises(ValueError, match="taken"):
        organizers.add(s, name="另一位", area=area(s, "NL"), role="clerk", login="QianXiaoman")
