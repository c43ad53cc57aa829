"""Matters that ask only some: nobody else is rung, texted or counted, and whoever asks is told kindly (policy row 9)."""

from datetime import timedelta
from typing import Any

import pytest
from sqlalchemy import select

from gateway import clock
from gateway.consultation import matters, steps
from gateway.models.outreach import Broadcast, Delivery
from gateway.models.person import Handset, Person, PersonHandset
from gateway.outreach import audience, notices
from gateway.outreach.audience import Audience
from gateway.people import segments
from gateway.runtime import Runtime
from tests.calls import Call
from tests.conftest import ELSEWHERE, SUN, WANG, Resident
from tests.consultation.procedure import area
from tests.meeting import person
from tests.resident import tally
from tests.resident import text as send

CHEN = Resident("陈国富", "+8619900000107")  # 二组
WU = Resident("吴凤霞", "+8619900000108")  # 二组, of the women's federation


def small(rt: Runtime, *named: Resident, **whom: Any) -> int:
    """A matter that asks these only; told already. Returns its number."""
    with rt.db.write() as s:
        now = clock.now()
        c = matters.create(
            s, title="挪两家的猪圈", area=area(s, "NL"), options={"1": "同意", "2": "不同意"},
            opens_at=now, closes_at=now + timedelta(days=8),
        )  # fmt: skip
        segments.choose(s, c, people=[person(s, w).id for w in named], **whom)
        steps.announce(s, c, "cli")
        notices.pick_up(s, rt.settings)
        return c.number


def told(rt: Runtime, number: int) -> set[str]:
    """Whose telephones the notice goes to."""
    with rt.db.read() as s:
        c = matters.find(s, number)
        assert c
        found = (
            select(Person.name)
            .join(PersonHandset, PersonHandset.person_id == Person.id)
            .join(Delivery, Delivery.handset_id == PersonHandset.handset_id)
            .join(Broadcast, Broadcast.id == Delivery.broadcast_id)
            .where(Broadcast.consultation_id == c.id)
        )
        return set(s.scalars(found))


SEGMENTS = [
    ((SUN, CHEN), {}, {"孙长河", "陈国富"}),
    ((), {"tag": "women_federation"}, {"吴凤霞"}),
    ((), {"group": "二组"}, {"陈国富", "吴凤霞", "马建军", "马占奎"}),
]


@pytest.mark.parametrize(("named", "whom", "expected"), SEGMENTS)
def test_only_the_segment_is_told_and_only_it_may_answer(
    each_village: Runtime, named: tuple[Resident, ...], whom: dict[str, str], expected: set[str]
) -> None:
    number = small(each_village, *named, **whom)
    assert told(each_village, number) == expected
    with each_village.db.read() as s:
        c = matters.find(s, number)
        assert c and c.for_some
        assert set(s.scalars(matters.eligible(s, c).with_only_columns(Person.name))) >= expected
    inside = next(w for w in (SUN, CHEN, WU) if w.name in expected)
    assert "“同意”，回执" in send(each_village, inside, f"{number}号1")
    outside = next(w for w in (WU, SUN) if w.name not in expected)
    for words in (f"{number} 1", f"{number}号同意", f"{number}号咋样了", f"{number}号结果"):
        reply = send(each_village, outside, words)
        assert "只和一部分人家商量，没有问到您这边" in reply and "猪圈" not in reply and len(reply) <= 70, (
            words,
            reply,
        )
    assert "猪圈" not in send(each_village, ELSEWHERE, f"{number}号咋样了")
    assert sum(tally(each_village, number).values()) == 1


def test_the_hotline_offers_it_to_nobody_else(village: Runtime) -> None:
    small(village, CHEN)
    assert "猪圈" in Call(village, CHEN.phone, "CA-in").press("1")
    assert "猪圈" not in Call(village, SUN.phone, "CA-out").press("1")
    call = Call(village, WANG.phone, "CA-shared")
    assert "猪圈" not in call.press("1", "1")


def test_a_message_about_it_reaches_nobody_else_whatever_was_ticked(village: Runtime) -> None:
    """An organizer's own broadcast about the matter, sent to the whole village by mistake."""
    number = small(village, CHEN)
    with village.db.write() as s:
        c = matters.find(s, number)
        assert c
        b = Broadcast(area_id=c.area_id, consultation_id=c.id, channel="auto", sms="明天到村部谈", voice="",
                      audience=Audience(areas=(c.area_id,)).to_json())  # fmt: skip
        s.add(b)
        s.flush()
        reached = [row.handset_id for row in s.execute(audience.handsets(s, b))]
        assert [s.get_one(Handset, id).tail for id in reached] == ["0107"]
        assert audience.preview(s, village.settings, b).people == 1


def test_words_from_outside_are_kept_all_the_same(village: Runtime) -> None:
    number = small(village, CHEN)
    assert "回执" in send(village, SUN, f"意见 {number}号 猪圈味大，早该挪了")
