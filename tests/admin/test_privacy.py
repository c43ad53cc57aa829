"""Who may see whom: one of the cast must see nothing."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from gateway import clock
from gateway.consultation import matters, opinions, steps
from gateway.models.answer import Opinion, Recording
from gateway.models.area import Area
from gateway.models.outreach import Broadcast
from gateway.models.person import Person
from gateway.outreach import broadcasts
from gateway.people import claims, residents
from gateway.runtime import Runtime
from tests.admin.panel import Panel
from tests.conftest import ELSEWHERE, SUN


def words_about(rt: Runtime, number: int, code: str) -> list[str]:
    """What people of one village said about a matter."""
    with rt.db.read() as s:
        c = matters.find(s, number)
        assert c is not None
        found = s.scalars(
            select(Opinion)
            .join(Person, Person.id == Opinion.person_id)
            .join(Area, Area.id == Person.area_id)
            .where(Opinion.consultation_id == c.id, Area.code == code)
        )
        return [o.words for o in found if o.words]


def page_of(panel: Panel, number: int) -> str:
    with panel.rt.db.read() as s:
        c = matters.find(s, number)
        assert c is not None
        return panel.get(f"/admin/consultations/{c.id}")


def test_a_village_reads_its_own_peoples_words_about_the_townships_matter(village: Runtime) -> None:
    mine, theirs = words_about(village, 15, "NL"), words_about(village, 15, "FQ")
    assert mine and theirs
    page = page_of(Panel(village, "qianxiaoman"), 15)
    assert all(words in page for words in mine) and not any(words in page for words in theirs)
    whole = page_of(Panel(village, "xuquanzhen"), 15)
    assert all(words in whole for words in [*mine, *theirs])


@pytest.mark.parametrize(
    "path", ["residents/", "claims/", "inbox/", "inbox/?tab=voice", "broadcasts/1/doors"]
)
def test_the_county_sees_statistics_only(village: Runtime, path: str) -> None:
    county = Panel(village, "xianminzheng")
    county.get(f"/admin/{path}", status=403)
    page = page_of(county, 11)
    assert not any(words in page for words in words_about(village, 11, "NL"))
    assert "/admin/residents/" not in page and "票数" in page


@pytest.fixture
def shared(village: Runtime) -> int:
    """丁永福 of 虚岭村 answers 孙长河's telephone of 拟柳村, too; returns 孙长河's id."""
    with village.db.write() as s:
        phone = residents.handset(s, SUN.phone)
        stranger, sun = (
            s.scalars(select(Person).where(Person.name == n.name)).one() for n in (ELSEWHERE, SUN)
        )
        assert phone
        residents.connect(s, stranger, phone)
        opinions.add(
            s, consultation=None, person=stranger, handset_id=phone.id, words="村头那家有问题", channel="sms"
        )
        return sun.id


def test_who_else_answers_a_telephone_in_another_village_has_no_name_here(
    village: Runtime, shared: int
) -> None:
    with village.db.write() as s:
        phone = residents.handset(s, SUN.phone)
        area = s.scalars(select(Area).where(Area.code == "NL")).one()
        assert phone
        claims.claim(s, phone, "孙长江", "拟柳", "sms")
        b = broadcasts.create(s, area=area, sms="【拟柳村委会】明天停水")
        broadcasts.start(s, village.settings, b)
        broadcast = b.id
    qian = Panel(village, "qianxiaoman")
    for path in (f"residents/{shared}", "claims/", f"broadcasts/{broadcast}"):
        page = qian.get(f"/admin/{path}")
        assert "外村一人" in page and ELSEWHERE.name not in page, path
    assert ELSEWHERE.name not in qian.get(f"/admin/broadcasts/{broadcast}/export.csv")
    assert "村头那家有问题" not in qian.get("/admin/inbox/")
    officer = Panel(village, "xuquanzhen")
    assert ELSEWHERE.name in officer.get(f"/admin/residents/{shared}")
    assert "村头那家有问题" in Panel(village, "huwenshu").get("/admin/inbox/")


def test_no_single_telephone_and_no_voice_for_those_who_only_judge(village: Runtime) -> None:
    with village.db.write() as s:
        area = s.scalars(select(Area).where(Area.code == "NL")).one()
        b = broadcasts.create(s, area=area, sms="【拟柳村委会】明天停水")
        broadcasts.start(s, village.settings, b)
        id = b.id
        kept = Recording(carrier_id="RE1", state="kept", file="1.wav", seconds=3)
        s.add(kept)
        s.flush()
        who = s.scalars(select(Person).where(Person.name == SUN.name)).one()
        opinions.add(
            s, consultation=None, person=who, handset_id=None, words="", channel="voice", recording_id=kept.id
        )
    county, evaluator = Panel(village, "xianminzheng"), Panel(village, "pinggu")
    assert "****" not in county.get(f"/admin/broadcasts/{id}")
    county.get(f"/admin/broadcasts/{id}/export.csv", status=403)
    for state in ("draft", "waiting"):  # before it goes, a preview shows what some of them would get
        with village.db.write() as s:
            s.get_one(Broadcast, id).state = state
        assert "发给谁" in county.get(f"/admin/broadcasts/{id}") and "****" not in county.page
        assert "****" in Panel(village, "qianxiaoman").get(f"/admin/broadcasts/{id}")
    assert SUN.name not in evaluator.get(f"/admin/broadcasts/{id}")
    assert SUN.name not in evaluator.get(f"/admin/broadcasts/{id}/export.csv")
    page = evaluator.get("/admin/inbox/?tab=voice")
    assert "<audio" not in page and SUN.name not in page
    evaluator.get(f"/admin/recordings/{kept.id}.wav", status=403)
    for path in ("residents/", "claims/"):
        evaluator.get(f"/admin/{path}", status=403)


def test_what_was_withdrawn_before_anybody_heard_of_it_is_not_on_the_board(village: Runtime) -> None:
    qian = Panel(village, "qianxiaoman")
    with village.db.write() as s:
        area = s.scalars(select(Area).where(Area.code == "NL")).one()
        for number, told in ((51, False), (52, True)):
            now = clock.now()
            c = matters.create(
                s, number=number, title=f"第{number}件", area=area, options={"1": "同意", "2": "不同意"},
                opens_at=now, closes_at=now + timedelta(days=3),
            )  # fmt: skip
            if told:
                steps.announce(s, c, "cli")
            steps.withdraw(s, c, "cli", "另有安排")
    qian.get("/board/51", status=404)
    index = qian.get("/board/")
    assert "第51件" not in index and "第52件" in index and "已撤回" in qian.get("/board/52")
