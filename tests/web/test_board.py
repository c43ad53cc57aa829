"""The public page says what the papers say: to anybody, on an old telephone, without a name."""

import re
from datetime import timedelta
from pathlib import Path

import pytest
from flask.testing import FlaskClient
from sqlalchemy import select

from gateway import clock, phones
from gateway.app import create_app
from gateway.consultation import followup, matters, objections, opinions
from gateway.models.answer import Rating
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.followup import Task
from gateway.models.outreach import Delivery
from gateway.models.person import Handset, Person
from gateway.outreach import broadcasts
from gateway.runtime import Runtime
from tests.admin.panel import Panel
from tests.servers import chromium

NUMBERS = (11, 12, 13, 14, 15, 16)


@pytest.fixture
def anybody(village: Runtime) -> FlaskClient:
    return create_app(runtime=village).test_client()


def page(anybody: FlaskClient, number: int) -> str:
    answer = anybody.get(f"/board/{number}")
    assert answer.status_code == 200
    return answer.get_data(as_text=True)


def told(rt: Runtime, number: int, stage: str) -> int:
    """Everybody with a telephone gets this matter's notice; returns how many handsets there were."""
    with rt.db.write() as s:
        c = matters.find(s, number)
        assert c
        b = broadcasts.create(
            s,
            area=s.get_one(Area, c.area_id),
            sms="【村】通知",
            voice="通知",
            consultation_id=c.id,
            stage=stage,
        )
        broadcasts.start(s, rt.settings, b)
        sent = list(s.scalars(select(Delivery).where(Delivery.broadcast_id == b.id)))
        for d in sent:
            d.state, d.heard = "delivered", "to_end" if d.channel == "voice" else None
        return len(sent)


def test_a_result_stands_there_with_its_votes_its_reach_and_how_to_object(
    village: Runtime, anybody: FlaskClient
) -> None:
    assert told(village, 16, "result")
    with village.db.write() as s:
        c = matters.find(s, 16)
        assert c
        objections.open_(s, c, s.scalars(matters.eligible(s, c)).first(), "太吵", "sms")
    shown = page(anybody, 16)
    for words in (
        "早7点后才放",
        "晚八点前收",
        "该问 10 人，答了 10 人",
        "另有意见 10 条",
        "公示期里有 1 条反对，正在解释 1 条",
        "反对16号",
    ):
        assert words in shown, words
    reached = re.search(r"结果告诉到了 (\d+) 户，共 (\d+) 户", shown)
    assert reached and 0 < int(reached[1]) <= int(reached[2])
    assert phones.dialled(village.settings.hotline) in shown and "太吵" not in shown


def facts(html: str) -> set[str]:
    """Every figure with what it counts."""
    return set(re.findall(r"\d+ (?:人|户|条)", re.sub(r"<[^>]+>", "", html)))


@pytest.mark.parametrize(
    ("number", "kind", "login"), [(16, "result", "miaozhuren"), (14, "effect", "xuquanzhen")]
)
def test_the_paper_and_the_page_agree(village: Runtime, number: int, kind: str, login: str) -> None:
    told(village, number, "result")
    who = Panel(village, login)
    with village.db.read() as s:
        id = s.scalars(select(Consultation.id).where(Consultation.number == number)).one()
    who.get(f"/admin/consultations/{id}/papers")
    paper = facts(who.send(f"/admin/consultations/{id}/papers/{kind}"))
    board = facts(who.get(f"/board/{number}"))
    counts = {x for x in paper if x.endswith("人") and x not in board}
    assert {x for x in paper if x not in board} <= counts  # the votes stand in a table of bars there
    assert all(f'class="n">{x.split()[0]}<' in who.page for x in counts)


def test_how_satisfied_people_are_is_told_of_five_and_more(village: Runtime, anybody: FlaskClient) -> None:
    with village.db.write() as s:
        c = matters.find(s, 14)
        assert c
        people = list(s.scalars(matters.eligible(s, c).order_by(Person.id)))
        for person in people[:4]:
            s.add(Rating(consultation_id=c.id, person_id=person.id, score=5, channel="sms"))
    assert "人打了分" not in page(anybody, 14)
    with village.db.write() as s:
        s.add(Rating(consultation_id=c.id, person_id=people[4].id, score=2, channel="sms"))
    assert "5 人打了分，平均 4.4 分" in page(anybody, 14)


def test_what_is_to_be_done_stands_there_but_not_what_a_bad_mark_asked_for(
    village: Runtime, anybody: FlaskClient
) -> None:
    with village.db.write() as s:
        c = matters.find(s, 14)
        assert c
        followup.plan(s, c, "cli", "合同贴公开栏", "村会计", clock.now() + timedelta(days=3))
        s.add(
            Task(consultation_id=c.id, what="去看看谁不满意", owner="村委", due_at=clock.now(), why="rating")
        )
    shown = page(anybody, 14)
    assert "合同贴公开栏" in shown and "前办完" in shown and "去看看谁不满意" not in shown
    officer = Panel(village, "xuquanzhen")
    officer.get(f"/admin/consultations/{c.id}/papers")
    paper = officer.send(f"/admin/consultations/{c.id}/papers/progress")
    assert "合同贴公开栏" in paper and "去看看谁不满意" not in paper


def test_nobody_is_named_and_nobodys_words_stand_there(village: Runtime, anybody: FlaskClient) -> None:
    with village.db.write() as s:
        c = matters.find(s, 11)
        opinions.add(s, consultation=c, person=None, handset_id=None, words="账目贴出来", channel="sms")
        names = set(s.scalars(select(Person.name)))
        numbers = {h.number[-8:] for h in s.scalars(select(Handset))} - {village.settings.hotline[-8:]}
    for number in NUMBERS:
        shown = page(anybody, number)
        assert not [x for x in names | numbers | {"账目贴出来"} if x in shown], number


def test_while_people_answer_it_says_how_and_how_many_never_what(anybody: FlaskClient) -> None:
    shown = page(anybody, 11)
    assert "同意回 <b>11 1</b>" in shown and "已经表态" in shown and "票数</h2>" not in shown


def test_an_old_telephones_browser_can_show_it(anybody: FlaskClient) -> None:
    css = (Path(__file__).parents[2] / "gateway/web/static/board.css").read_text()
    assert "var(" not in css and "grid" not in css and not re.search(r"[{;\s]gap:", css)
    for number in NUMBERS:
        shown = page(anybody, number)
        assert "<script" not in shown and len(shown) < 20_000  # a few seconds on 2G


@pytest.mark.browser
@pytest.mark.skipif(chromium() is None, reason="no Chromium on this machine")
def test_it_prints_on_one_sheet(village: Runtime, anybody: FlaskClient) -> None:
    from tests.admin.printing import A4, printer, sizes

    told(village, 16, "result")
    with printer() as chrome:
        for number in NUMBERS:
            assert sizes(chrome.pdf(page(anybody, number))) == [A4], number


def test_a_matter_that_ended_without_effect_still_says_what_happened(
    village: Runtime, anybody: FlaskClient
) -> None:
    with village.db.write() as s:
        c = matters.find(s, 11)
        assert c
        c.state, c.closes_at = "NO_CONSENSUS", clock.now()
    assert "没有谈拢" in page(anybody, 11)
