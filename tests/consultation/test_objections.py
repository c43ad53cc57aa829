"""Objections that come, go and are answered at the same moment."""

import threading
from datetime import datetime, timedelta

import pytest
import time_machine
from sqlalchemy import select

from gateway import clock
from gateway.consultation import clockwork, matters, objections, steps
from gateway.consultation.refusal import Refused
from gateway.models.answer import Objection
from gateway.models.consultation import Consultation
from gateway.models.organizer import Organizer
from gateway.models.outreach import Broadcast
from gateway.models.person import Person
from gateway.outreach import broadcasts, notices, outbox
from gateway.runtime import Runtime
from tests.outreach.conftest import FakeCarrier, carrier  # noqa: F401


def matter(s, number: int = 16) -> Consultation:  # type: ignore[no-untyped-def]
    found = matters.find(s, number)
    assert found is not None
    return found


def object_(rt: Runtime, *names: str) -> list[int]:
    with rt.db.write() as s:
        people = [s.scalars(select(Person).where(Person.name == name)).one() for name in names]
        return [objections.open_(s, matter(s), p, "太吵", "sms").id for p in people]


def leader(s) -> Organizer:  # type: ignore[no-untyped-def]
    """苗主任, who leads 16号."""
    return s.scalars(select(Organizer).where(Organizer.login == "miaozhuren")).one()


def neighbours(rt: Runtime, n: int) -> list[str]:
    with rt.db.read() as s:
        c = matter(s)
        return [p.name for p in s.scalars(matters.eligible(s, c).order_by(Person.id).limit(n))]


def test_the_two_last_objections_explained_at_once_let_the_countdown_go_on(each_village: Runtime) -> None:
    ids = object_(each_village, *neighbours(each_village, 2))
    together = threading.Barrier(2)

    def explain(id: int) -> None:
        together.wait()
        with each_village.db.write() as s:
            o = leader(s)
            objections.explain(s, s.get_one(Objection, id), "改小音箱", o)

    threads = [threading.Thread(target=explain, args=(id,)) for id in ids]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    with each_village.db.read() as s:
        assert matter(s).state == "EXPLAINED"


def test_a_matter_whose_objections_are_all_settled_never_waits_for_ever(village: Runtime) -> None:
    with village.db.write() as s:
        matter(s).state = "OBJECTED"  # however it came to that
        for o in s.scalars(select(Objection).where(Objection.consultation_id == matter(s).id)):
            o.state = "explained"
        clockwork.tick(s)
        assert matter(s).state == "EXPLAINED"


def test_after_the_resumed_countdown_an_objection_is_late_even_before_the_tick(village: Runtime) -> None:
    (id,) = object_(village, *neighbours(village, 1))
    with village.db.write() as s:
        objections.explain(s, s.get_one(Objection, id), "改小音箱", leader(s))
        ends = matter(s).publicity_ends_at
    assert ends is not None
    with time_machine.travel(ends + timedelta(hours=5), tick=True), pytest.raises(Refused) as late:
        object_(village, *neighbours(village, 2)[1:])
    assert late.value.code == "late"


@pytest.mark.parametrize(
    ("stated", "then"),
    [("2026-12-04T23:59:59", "2026-12-08T23:59:59"), ("2026-12-04T18:30:00", "2026-12-08T22:30:00")],
)
def test_a_countdown_to_the_end_of_a_day_goes_on_to_the_end_of_one(
    village: Runtime, stated: str, then: str
) -> None:
    zone = clock.village_zone()

    def on(moment: str) -> datetime:
        return datetime.fromisoformat(moment).replace(tzinfo=zone)

    with time_machine.travel(on("2026-12-01T10:00:00")):
        with village.db.write() as s:
            matter(s).publicity_ends_at = on(stated)
        (id,) = object_(village, *neighbours(village, 1))
    with time_machine.travel(on("2026-12-05T14:00:00")), village.db.write() as s:
        clerk = leader(s)
        objections.explain(s, s.get_one(Objection, id), "改小音箱", clerk)
        ends = matter(s).publicity_ends_at
    assert ends is not None
    assert abs(ends - on(then)) < timedelta(seconds=2)


def test_a_withdrawn_matter_sends_nothing_more(each_village: Runtime, carrier: FakeCarrier) -> None:  # noqa: F811
    with each_village.db.write() as s:
        now = clock.now()
        from gateway.models.area import Area

        c = matters.create(
            s, number=44, title="种树", area=s.scalars(select(Area).where(Area.code == "NL")).one(),
            options={"1": "同意", "2": "不同意"}, opens_at=now, closes_at=now + timedelta(days=5),
        )  # fmt: skip
        steps.announce(s, c, "cli")
        notices.pick_up(s, each_village.settings)
        steps.withdraw(s, c, "cli", "另有安排")
    outbox.drain(each_village, "bulk")
    outbox.drain(each_village, "calls")
    assert carrier.sent == []
    with each_village.db.write() as s:
        assert len(broadcasts.cancel_outdated(s)) == 1
        assert s.scalars(select(Broadcast.state)).all() == ["cancelled"]


def test_the_board_is_silent_about_what_was_withdrawn_before_it_was_announced(village: Runtime) -> None:
    with village.db.write() as s:
        assert matters.announced(s, matter(s))
        c = matter(s)
        c.state = "WITHDRAWN"
        s.flush()
        from gateway.models.consultation import ConsultationEvent

        for event in s.scalars(select(ConsultationEvent).where(ConsultationEvent.consultation_id == c.id)):
            s.delete(event)
        s.flush()
        assert not matters.announced(s, c)
