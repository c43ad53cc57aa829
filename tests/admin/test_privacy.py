"""Who may see whom: one of the cast must see nothing."""

import pytest
from sqlalchemy import select

from gateway.models.answer import Opinion
from gateway.models.area import Area
from gateway.models.person import Person
from gateway.runtime import Runtime
from tests.admin.panel import Panel


def words_about(rt: Runtime, number: int, code: str) -> list[str]:
    """What people of one village said about a matter."""
    from gateway.consultation import matters

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
    from gateway.consultation import matters

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
