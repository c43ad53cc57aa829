"""Deciding who rang: the person on the roster is found by name, and nobody gets a second voice by a slip."""

from sqlalchemy import func, select

from gateway.models.person import Claim, Person, PersonHandset
from gateway.people import claims, residents
from gateway.phones import normalize
from gateway.runtime import Runtime
from tests.admin.panel import Panel, area_id

NEPHEW = "+8619900000996"


def spoken(rt: Runtime, name: str = "") -> int:
    """Somebody registered from an unknown phone, by voice unless a name is given; returns the claim."""
    with rt.db.write() as s:
        handset = residents.handset_for(s, normalize(NEPHEW))
        return claims.claim(s, handset, name, "拟柳村" if name else "", "sms" if name else "voice").id


def people_named(rt: Runtime, name: str) -> int:
    with rt.db.read() as s:
        return s.scalar(select(func.count()).select_from(Person).where(Person.name == name)) or 0


def test_a_spoken_name_is_found_on_the_roster(village: Runtime) -> None:
    panel, claim = Panel(village, "xuquanzhen"), spoken(village)
    panel.get("/admin/claims/")
    said = panel.send(
        f"/admin/claims/{claim}/accept", person="named", name="孙长河", area=area_id(village, "NL")
    )
    assert "孙长河登记好了" in said and people_named(village, "孙长河") == 1
    with village.db.read() as s:
        made = s.get_one(Claim, claim)
        assert made.state == "accepted"
        assert s.scalar(select(PersonHandset.handset_id).where(PersonHandset.handset_id == made.handset_id))


def test_a_name_that_is_not_there_is_asked_for_again(village: Runtime) -> None:
    panel, claim = Panel(village, "xuquanzhen"), spoken(village)
    panel.get("/admin/claims/")
    said = panel.send(
        f"/admin/claims/{claim}/accept", person="named", name="孙常河", area=area_id(village, "NL")
    )
    assert "名册上没有找到孙常河" in said
    with village.db.read() as s:
        assert s.get_one(Claim, claim).state == "waiting"


def test_nobody_becomes_a_second_person_by_a_slip(village: Runtime) -> None:
    panel, claim = Panel(village, "xuquanzhen"), spoken(village, "李守田")
    panel.get("/admin/claims/")
    form = {"person": "new", "name": "李守田", "area": area_id(village, "NL")}
    assert "名册上已经有李守田" in panel.send(f"/admin/claims/{claim}/accept", **form)
    assert people_named(village, "李守田") == 1
    assert "登记好了" in panel.send(f"/admin/claims/{claim}/accept", **form, another="1")
    assert people_named(village, "李守田") == 2
