"""A resident's own code, set in their presence; and what only the supervision committee hears."""

import pytest
from sqlalchemy import select

from gateway.models.answer import Opinion
from gateway.models.organizer import Audit
from gateway.models.person import Person
from gateway.people import organizers
from gateway.runtime import Runtime
from tests.admin.panel import Panel, area
from tests.conftest import SUN
from tests.test_replies import text


def sun(rt: Runtime) -> Person:
    with rt.db.read() as s:
        return s.scalars(select(Person).where(Person.name == SUN.name)).one()


def test_a_clerk_sets_and_forgets_a_code_and_never_sees_it(village: Runtime) -> None:
    clerk, id = Panel(village, "qianxiaoman"), sun(village).id
    page = clerk.get(f"/admin/residents/{id}")
    assert "个人密码" in page and "没设" in page
    assert "密码是四个数字" in clerk.send(f"/admin/residents/{id}/code", code="12a4")
    page = clerk.send(f"/admin/residents/{id}/code", code="2468")
    assert "密码设好了" in page and "2468" not in page and sun(village).code not in (None, "2468")
    assert "您设过密码" in text(village, SUN, "1")
    assert "密码去掉了" in clerk.send(f"/admin/residents/{id}/code", forget="1")
    assert sun(village).code is None
    with village.db.read() as s:
        said = s.scalars(select(Audit.details).where(Audit.verb == "personal_code")).all()
        assert len(said) == 2 and not any("2468" in one for one in said)


def test_words_for_the_supervision_committee_reach_its_member_and_nobody_else(village: Runtime) -> None:
    text(village, SUN, "监督委员会：修路的账没贴出来")
    with village.db.write() as s:
        for role in ("supervision_member", "village_organizer", "township_officer", "administrator"):
            organizers.add(
                s, name=role, area=area(s, "NL"), role=role, login=role, password="long enough, too"
            )
    member = Panel(village, "supervision_member", "long enough, too")
    page = member.get("/admin/inbox/?tab=opinions")
    assert "修路的账没贴出来" in page and "给监督委员会的" in page
    for other in ("village_organizer", "township_officer", "administrator"):
        assert "修路的账没贴出来" not in Panel(village, other, "long enough, too").get(
            "/admin/inbox/?tab=opinions"
        ), other
    with village.db.read() as s:
        kept = s.scalars(select(Opinion).where(Opinion.kind == "supervision")).one()
        ordinary = s.scalars(
            select(Opinion).where(Opinion.kind == "opinion", Opinion.done_at.is_(None)).limit(1)
        ).first()
    member.send(f"/admin/opinions/{kept.id}/heard")
    if ordinary is not None:
        member.get("/admin/account")
        assert member.post(f"/admin/opinions/{ordinary.id}/done").status_code == 403
        assert member.post(f"/admin/opinions/{ordinary.id}/heard").status_code == 404
    with village.db.read() as s:
        assert s.get_one(Opinion, kept.id).done_at is not None


def test_the_township_hears_that_words_for_the_committee_reach_nobody(village: Runtime) -> None:
    officer = Panel(village, "xuquanzhen")
    assert "没有监督委员的账号" not in officer.get("/admin/")
    assert "只有监督委员会能看到" in text(village, SUN, "监督委员会：修路的账没贴出来")
    page = officer.get("/admin/")
    assert "拟柳村有人给监督委员会留了话" in page and "修路的账" not in page
    assert "没有监督委员的账号" not in Panel(village, "qianxiaoman").get("/admin/")
    with village.db.write() as s:
        organizers.add(
            s,
            name="监督",
            area=area(s, "NL"),
            role="supervision_member",
            login="watches",
            password="long enough, too",
        )
    assert "没有监督委员的账号" not in officer.get("/admin/")


@pytest.mark.parametrize(
    "words", ["举报村书记吃回扣", "我要投诉村委会", "两委干部贪污", "会计做假账，11号的钱对不上"]
)
def test_who_accuses_the_village_is_not_read_by_it(village: Runtime, words: str) -> None:
    assert "只有监督委员会能看到" in text(village, SUN, words)
    assert words not in Panel(village, "qianxiaoman").get("/admin/inbox/?tab=opinions")


@pytest.mark.parametrize("words", ["会计说每户出二百太多", "书记人不错，就是道修得慢", "1 干部别贪污就行"])
def test_who_only_speaks_of_cadres_is_read_by_them(village: Runtime, words: str) -> None:
    assert "监督委员会" not in text(village, SUN, words)
