"""What each role may do: every form of the panel, walked by every role."""

import html
import re

import pytest

from admin.roles import NEEDS, OWN
from gateway import clock
from gateway.models.answer import OpinionGroup
from gateway.models.meeting import Assembly
from gateway.models.organizer import MAY
from gateway.outreach import broadcasts
from gateway.people import claims, organizers, residents
from gateway.runtime import Runtime
from tests.admin.panel import Panel, area
from tests.conftest import STRANGER

# what a route's address is filled with; there is one of each in the township below
_ROW = {
    "id": 1,
    "row": 1,
    "how": "revoke",
    "phone": 1,
    "group": 1,
    "verb": "explain",
    "name": "nothing",
    "language": "zh-CN",
    "key": "c1-notice",
    "event": "suspend",
    "kind": "notice",
}


@pytest.fixture
def staffed(village: Runtime) -> Runtime:
    """The township with an account for every role, a claim and a draft."""
    with village.db.write() as s:
        for role in MAY:
            organizers.add(
                s, name=role, area=area(s, "XQ"), role=role, login=role, password="long enough, too"
            )
        phone = residents.handset_for(s, residents.Phone(STRANGER.phone, "mobile"))
        s.add(OpinionGroup(consultation_id=1, name="边沟"))
        s.add(Assembly(consultation_id=1, body="representatives", starts_at=clock.now(), place="村部"))
        claims.claim(s, phone, "周秀英", "拟柳", "sms")
        broadcasts.create(s, area=area(s, "NL"), sms="【拟柳村委会】明天停水")
        broadcasts.say(s, phone, sms="【拟柳村委会】记下了")
    return village


def forms(rt: Runtime) -> dict[str, str]:
    """Every POST route of the panel: its name, and an address."""
    found = {}
    adapter = rt.app.url_map.bind("localhost")  # type: ignore[attr-defined]
    for rule in rt.app.url_map.iter_rules():  # type: ignore[attr-defined]
        if rule.endpoint.startswith("admin.") and "POST" in rule.methods:
            row = {name: _ROW[name] for name in rule.arguments}
            if verbs := re.search(r"any\(([^)]*)\)", rule.rule):
                row["verb"] = verbs[1].split(", ")[-1]
            found[rule.endpoint.removeprefix("admin.")] = adapter.build(rule.endpoint, row, method="POST")
    return found


@pytest.mark.parametrize("role", MAY)
def test_every_form_is_open_to_those_the_table_names_and_to_nobody_else(staffed: Runtime, role: str) -> None:
    who = Panel(staffed, role, "long enough, too")
    for name, path in forms(staffed).items():
        if name in OWN:
            continue
        who.get("/admin/account")  # a page with a form on it, open to everybody
        open_ = bool(set(MAY[role]) & set(NEEDS[name]))
        answer = who.post(path)
        assert (answer.status_code != 403) == open_, (role, name, answer.status_code)


def test_no_form_is_missing_in_the_table(staffed: Runtime) -> None:
    Panel(staffed, "clerk", "long enough, too")
    assert set(forms(staffed)) == {name for name in NEEDS if name in forms(staffed)} | set(OWN)


def test_a_helper_who_is_paid_for_enters_and_never_decides(staffed: Runtime) -> None:
    assert MAY["social_worker"] == ("enter",)
    helper = Panel(staffed, "social_worker", "long enough, too")
    page = helper.get("/admin/consultations/1")
    for closed in ("提前结束征集", "撤回这件事"):  # shown, greyed out, and the reason below
        assert f'aria-disabled="true">{closed}' in page
    assert "/close" not in page and "/withdraw" not in page and "/paper" in page
    assert "您的账号是社工，这一步要村组织员、乡镇干部来办" in page
    assert "是本人" not in helper.get("/admin/claims/")
    helper.get("/admin/consultations/1/paper")
    assert "这一步要村组织员、乡镇干部来办" in helper.get("/admin/consultations/1/publish", status=403)


def test_what_another_area_leads_says_so(village: Runtime) -> None:
    page = Panel(village, "qianxiaoman").get("/admin/consultations/5")  # 15号, the township's
    assert "15号" in page and "撤回这件事" not in page


def test_the_help_page_shows_the_table(village: Runtime) -> None:
    page = Panel(village, "shegong").get("/admin/help")
    assert "谁能办什么" in page and page.count("只看，不办") == sum(not held for held in MAY.values())


@pytest.mark.parametrize("login", ["xianminzheng", "pinggu", "shegong", "zhengfulai"])
def test_the_first_page_leads_nowhere_that_is_closed(village: Runtime, login: str) -> None:
    who = Panel(village, login)
    for path in set(re.findall(r'href="(/admin/[^"#]*)"', who.get("/admin/"))):
        who.get(html.unescape(path))
