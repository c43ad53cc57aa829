"""Papers: what a village without screens reads, ticks and signs."""

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from gateway import clock, phones
from gateway.consultation import matters, meetings
from gateway.models.answer import Ballot
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.organizer import Audit
from gateway.models.paper import Printing
from gateway.models.person import Person
from gateway.runtime import Runtime
from tests.admin.panel import Panel
from tests.conftest import LI, SUN, WANG
from tests.servers import chromium


def id_of(rt: Runtime, number: int) -> int:
    with rt.db.read() as s:
        return s.scalars(select(Consultation.id).where(Consultation.number == number)).one()


def printed(who: Panel, number: int, kind: str, **form: object) -> str:
    """Press “print” on the page of papers; returns the paper."""
    home = f"/admin/consultations/{id_of(who.rt, number)}/papers"
    who.get(home)
    return who.send(f"{home}/{kind}", **form)


def names(rt: Runtime) -> set[str]:
    with rt.db.read() as s:
        return set(s.scalars(select(Person.name)))


@pytest.mark.parametrize(
    ("login", "number", "kind", "words"),
    [
        ("qianxiaoman", 11, "notice", ("屯中路修水泥路", "12月4日", "11 1", "每户一票")),
        ("miaozhuren", 16, "result", ("早7点后才放", "晚八点前收", "反对16号")),
        ("xuquanzhen", 14, "effect", ("起生效", "每亩450元")),
        ("xuquanzhen", 14, "progress", ("租金13.5万元已到账",)),
    ],
)
def test_a_paper_for_the_board_says_what_is_public_and_names_nobody(
    village: Runtime, login: str, number: int, kind: str, words: tuple[str, ...]
) -> None:
    page = printed(Panel(village, login), number, kind)
    shown = re.sub(r"\d+月\d+日", "12月4日", page) if kind == "notice" else page  # the sample's days move on
    assert all(w in shown for w in words)
    assert phones.dialled(village.settings.hotline) in page and "<svg" in page and "扫一扫" in page
    assert not [name for name in names(village) if name in page]


def test_what_was_printed_is_on_record_with_who_and_when(qian: Panel) -> None:
    printed(qian, 11, "notice")
    page = printed(qian, 11, "ballots", slips="6")
    assert page.count('class="slip"') == 6 and "11-0001" in page and "11-0006" in page
    assert "11-0007" in printed(qian, 11, "ballots", slips="2") and "11-0006" not in qian.page
    page = qian.get(f"/admin/consultations/{id_of(qian.rt, 11)}/papers")
    assert "11-0007到11-0008" in page and "钱小满" in page
    with qian.rt.db.read() as s:
        kept = [(a.verb, a.details) for a in s.scalars(select(Audit).where(Audit.verb.startswith("print_")))]
    assert kept == [
        ("print_notice", ""),
        ("print_ballots", "11-0001..11-0006"),
        ("print_ballots", "11-0007..11-0008"),
    ]


def test_reloading_a_paper_prints_no_new_numbers(qian: Panel) -> None:
    home = f"/admin/consultations/{id_of(qian.rt, 11)}/papers"
    qian.get(home)
    there = qian.post(f"{home}/ballots", slips="4").headers["Location"]
    assert qian.get(there) == qian.get(there)
    with qian.rt.db.read() as s:
        assert len(list(s.scalars(select(Printing)))) == 1


@pytest.mark.parametrize("slips", ["", "0", "很多", "99999999999999999999", "2001", "-3"])
def test_a_mistyped_number_of_slips_is_told_and_prints_nothing(qian: Panel, slips: str) -> None:
    home = f"/admin/consultations/{id_of(qian.rt, 11)}/papers"
    qian.get(home)
    page = qian.send(f"{home}/ballots", status=422, slips=slips)
    assert "纸票一次印1张到2000张" in page
    with qian.rt.db.read() as s:
        assert s.scalars(select(Printing)).first() is None


def test_a_paper_that_says_nothing_yet_is_not_printed(qian: Panel) -> None:
    home = f"/admin/consultations/{id_of(qian.rt, 11)}/papers"
    assert "/papers/result" not in qian.get(home)
    assert "还没有内容可印" in qian.send(f"{home}/result", status=422)


@pytest.mark.parametrize(
    ("state", "there"),
    [("CORRECTION_ORDERED", False), ("REVISED", False), ("REJECTED", True), ("OBJECTED", True)],
)
def test_a_result_that_does_not_stand_is_not_put_on_the_board(miao: Panel, state: str, there: bool) -> None:
    with miao.rt.db.write() as s:
        c = matters.find(s, 16)
        assert c
        c.state = state
    page = miao.get(f"/admin/consultations/{id_of(miao.rt, 16)}/papers")
    assert ("/papers/result" in page) == there
    if state == "REJECTED":
        assert "会上没有通过" in printed(miao, 16, "result") and "早7点后才放" not in miao.page


def enter(qian: Panel, name: str, slip: str, status: int = 200) -> str:
    with qian.rt.db.read() as s:
        person = s.scalars(select(Person.id).where(Person.name == name)).one()
    path = f"/admin/consultations/{id_of(qian.rt, 11)}/paper"
    qian.get(f"{path}?person={person}")
    return qian.send(path, status, person=person, option="2", paper=slip, witness="郑福来")


def test_a_printed_slip_counts_once(qian: Panel) -> None:
    printed(qian, 11, "ballots", slips="4")
    assert "纸票记下了" in enter(qian, WANG.name, "11-2")
    page = enter(qian, LI.name, "11-0002", 422)
    assert "11-0002这张票已经录给别人了" in page and 'value="11-0002"' in page
    assert "没有印过11-0005这张票" in enter(qian, SUN.name, "11－5", 422)
    assert "纸票记下了" in enter(qian, WANG.name, "11-2")  # corrected for the same person
    assert "纸票记下了" in enter(qian, SUN.name, "文件柜第三格")  # a paper of another kind
    with qian.rt.db.read() as s:
        c = matters.find(s, 11)
        assert c
        kept = s.scalars(
            select(Ballot.paper).where(Ballot.consultation_id == c.id, Ballot.channel == "clerk")
        )
        assert {"11-0002，见证人郑福来", "文件柜第三格，见证人郑福来"} <= set(kept)


def test_lists_of_names_are_for_those_who_knock_and_only_of_their_own_people(village: Runtime) -> None:
    qian, officer = Panel(village, "qianxiaoman"), Panel(village, "xuquanzhen")
    assert "周秀英" in printed(qian, 11, "visits") and "不要张贴" in qian.page
    whole, mine = printed(officer, 15, "attendance"), printed(qian, 15, "attendance")
    assert WANG.name in whole and WANG.name in mine
    with village.db.read() as s:
        theirs = select(Person.name).join(Area, Area.id == Person.area_id).where(Area.code == "FQ")
        elsewhere = [name for name in s.scalars(theirs) if name in whole]
    assert elsewhere and not [name for name in elsewhere if name in mine]


@pytest.mark.parametrize("login", ["pinggu", "xianminzheng"])
def test_who_may_see_no_names_gets_no_list_of_them(village: Runtime, login: str) -> None:
    printed(Panel(village, "qianxiaoman"), 11, "visits")
    home = f"/admin/consultations/{id_of(village, 11)}/papers"
    other = Panel(village, login)
    assert "/papers/visits" not in other.get(home)
    other.get("/admin/account")
    assert other.post(f"{home}/visits").status_code == 403
    other.get(f"{home}/visits/1", status=403)


def test_the_attendance_of_a_household_matter_has_one_line_a_household(qian: Panel) -> None:
    page = printed(qian, 11, "attendance")
    homes = re.findall(r"<td>(H\d+)</td>", page)
    assert len(homes) == len(set(homes)) == 6


def test_the_sheet_of_a_private_talk_lists_who_was_asked(qian: Panel) -> None:
    with qian.rt.db.write() as s:
        c = matters.find(s, 11)
        assert c
        sun = s.scalars(select(Person).where(Person.name == SUN.name)).one()
        m = meetings.plan(s, c, form="open_talk", starts_at=clock.now() + timedelta(days=2), place="村部二楼")
        meetings.invite(s, m, meetings.participant(s, c, sun))
        meetings.invite(s, m, meetings.guest(s, c, "县交通局", "government"))
    page = printed(qian, 11, "attendance")
    assert SUN.name in page and "县交通局" in page and "村部二楼" in page and "民情恳谈日" in page
    assert WANG.name not in page and "应到 <b>2</b> 人" in page


@pytest.mark.browser
@pytest.mark.skipif(chromium() is None, reason="no Chromium on this machine")
def test_every_paper_fills_the_number_of_a4_sheets_it_should(village: Runtime) -> None:
    from tests.admin.printing import A4, printer, sizes

    with village.db.write() as s:  # the worst that fits: the longest title and options
        c = matters.find(s, 13)
        assert c
        c.title, c.options = "这" * 60, {"1": "十二个字的选项不能再长了", "2": "不同意", "3": "没想好"}
        home = s.scalars(select(Person).where(Person.name == WANG.name)).one()
        for n in range(60):  # and a village of many without a telephone
            s.add(Person(area_id=home.area_id, name=f"村民{n:02d}", group="一组", state="rostered"))
    officer = Panel(village, "xuquanzhen")
    with printer() as chrome:
        for number, kind, slips, pages in (
            (11, "notice", "", 1), (11, "ballots", "1", 1), (11, "ballots", "4", 1), (13, "ballots", "9", 3),
            (13, "notice", "", 1), (16, "result", "", 1), (14, "effect", "", 1), (14, "progress", "", 1),
            (11, "visits", "", 3), (11, "attendance", "", 4),
        ):  # fmt: skip
            pdf = chrome.pdf(printed(officer, number, kind, slips=slips))
            assert sizes(pdf) == [A4] * pages, (number, kind, slips)
