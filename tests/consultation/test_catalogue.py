"""The catalogue of topics: five kinds, what each asks of the procedure, versions, and the gate for offices' errands."""

import re

import pytest
from sqlalchemy import select

from gateway.consultation import catalogue, quorum
from gateway.consultation.refusal import Refused
from gateway.models.consultation import KINDS, Consultation
from gateway.models.topic import TopicType
from gateway.runtime import Runtime
from tests.admin.panel import Panel, area, area_id
from tests.conftest import SUN
from tests.consultation.procedure import MIAO, OFFICER, QIAN, end_of
from tests.resident import text


def topic(village: Runtime, name: str) -> TopicType:
    with village.db.read() as s:
        found = select(TopicType).where(TopicType.name == name, TopicType.ended_at.is_(None))
        return s.scalars(found).one()


def form(village: Runtime, **more: object) -> dict[str, object]:
    """The form of a new matter of 拟柳村, as a clerk fills it in."""
    facts = {
        "number": 31, "title": "屯西头修桥", "area": area_id(village, "NL"), "unit": "household", "option1": "同意",
        "option2": "不同意", "option3": "", "opens": "", "closes": f"{end_of(9):%Y-%m-%d}", "sms": "", "voice": "", "go": "save",
    }  # fmt: skip
    return {**facts, **more}


def made(village: Runtime) -> Consultation:
    with village.db.read() as s:
        return s.scalars(select(Consultation).order_by(Consultation.id.desc()).limit(1)).one()


def test_the_usual_catalogue_has_all_five_kinds_and_names_meetings_there_are() -> None:
    assert {entry["kind"] for entry in catalogue.USUAL} == set(KINDS)
    assert {entry.get("assembly", "") for entry in catalogue.USUAL} <= {"", *quorum.PROFILES}


def test_the_list_shows_one_kind_of_matters_or_all(village: Runtime) -> None:
    qian = Panel(village, QIAN)
    assert {"11号", "15号"} <= set(re.findall(r"\d\d号", qian.get("/admin/consultations/")))
    for page in (
        "/admin/consultations/?kind=policy_implementation",
        "/admin/consultations/live?kind=policy_implementation",
    ):
        assert "15号" in qian.get(page) and "11号" not in qian.page
    assert "11号" in qian.get("/admin/consultations/?kind=nothing")


def test_a_village_uses_the_townships_catalogue_and_its_own(village: Runtime) -> None:
    with village.db.write() as s:
        catalogue.add(s, area(s, "NL"), "水渠清淤", "cli", kind="public_affairs")
        assert {"水渠清淤", "修路修桥"} <= {t.name for t in catalogue.of(s, area(s, "NL"))}
        assert "水渠清淤" not in {t.name for t in catalogue.of(s, area(s, "FQ"))}


def test_a_change_is_a_new_version_and_running_matters_keep_theirs(village: Runtime) -> None:
    qian = Panel(village, QIAN)
    qian.get("/admin/consultations/new")
    qian.send("/admin/consultations/new", **form(village, topic=topic(village, "修路修桥").id))
    before = made(village)
    assert before.wide_impact and before.assembly == "representatives"
    officer = Panel(village, OFFICER)
    old = topic(village, "修路修桥")
    officer.get(f"/admin/catalogue/{old.id}")
    page = officer.send(
        f"/admin/catalogue/{old.id}", name="修路修桥", kind="public_affairs", unit="household"
    )
    assert "第2版" in page
    now = topic(village, "修路修桥")
    assert (now.version, now.replaces, now.wide_impact) == (2, old.id, False)
    assert made(village).wide_impact and made(village).topic_id == old.id
    assert "改过或去掉了" in officer.send(f"/admin/catalogue/{old.id}/end")


def test_what_the_catalogue_demands_cannot_be_unticked_but_more_may_be_asked(village: Runtime) -> None:
    qian = Panel(village, QIAN)
    qian.get("/admin/consultations/new")
    demands = {
        "topic": topic(village, "上下水、管网").id,
        "kind": "urgent_difficulty",
        "three": "large_funds",
    }
    qian.send("/admin/consultations/new", **form(village, **demands, commissioned_by="镇水利站"))
    c = made(village)
    assert (c.kind, c.technical, c.wide_impact) == ("policy_implementation", True, True)
    assert c.three_important == ["large_funds", "project"] and c.commissioned_by == "镇水利站"


def test_an_offices_errand_goes_back_to_it_unless_the_township_admitted_it(village: Runtime) -> None:
    qian = Panel(village, QIAN)
    qian.get("/admin/consultations/new")
    errand = form(village, title="填迎检报表", topic=topic(village, "迎检、报表、台账").id)
    page = qian.send("/admin/consultations/new", 422, **errand)
    assert "部门自己该办的事" in page and 'value="填迎检报表"' in page
    page = qian.send("/admin/consultations/new", **{**errand, "admitted": "虚政办〔2026〕7号"})
    assert made(village).title == "填迎检报表"


@pytest.mark.parametrize(
    ("code", "more", "lead"),
    [("NL", {}, "村党组织、村委会"), ("NL", {"group": "一组"}, "村民小组，村党组织领导"), ("YL", {}, "社区党组织、居委会")],
)  # fmt: skip
def test_who_leads_follows_from_how_far_it_reaches(
    village: Runtime, code: str, more: dict[str, str], lead: str
) -> None:
    who = Panel(village, QIAN if code == "NL" else MIAO)
    who.get("/admin/consultations/new")
    who.send("/admin/consultations/new", **form(village, area=area_id(village, code), **more))
    assert made(village).lead == lead


def test_several_villages_are_led_by_the_townships_party_committee_and_residents_hear_who_leads(
    village: Runtime,
) -> None:
    officer = Panel(village, OFFICER)
    officer.get("/admin/consultations/new")
    both = [area_id(village, "NL"), area_id(village, "FQ")]
    officer.send("/admin/consultations/new", **form(village, area=area_id(village, "XQ"), also=both))
    c = made(village)
    assert (c.lead, c.scope) == ("虚泉镇党委", "villages")
    officer.send(f"/admin/consultations/{c.id}/announce")
    assert "牵头的是虚泉镇党委" in text(village, SUN, f"{c.number}号办得咋样了")


@pytest.mark.parametrize(
    ("flags", "field"),
    [
        ({"name": "路", "kind": "public_affairs"}, "name"), ({"name": "修路修桥", "kind": "public_affairs"}, "name"),
        ({"name": "修水渠", "kind": ""}, "kind"), ({"name": "修水渠", "kind": "public_affairs", "assembly": "x"}, "assembly"),
        ({"name": "修水渠", "kind": "public_affairs", "unit": "x"}, "unit"),
    ],
)  # fmt: skip
def test_an_entry_that_will_not_do_is_refused_with_the_field(
    village: Runtime, flags: dict[str, str], field: str
) -> None:
    with village.db.write() as s, pytest.raises(Refused) as no:
        catalogue.add(s, area(s, "XQ"), by="cli", **flags)
    assert no.value.field == field


def test_only_the_township_edits_the_catalogue(village: Runtime) -> None:
    qian = Panel(village, QIAN)
    assert "修路修桥" in qian.get("/admin/catalogue/")
    qian.send("/admin/catalogue/", 403, name="修水渠", kind="public_affairs")
