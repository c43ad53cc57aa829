"""Nobody is disturbed who should not be: caps, hours, money, consent of two, and who is in an audience."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from gateway import clock
from gateway.models.outreach import Broadcast, Spending
from gateway.models.person import Handset
from gateway.outreach import broadcasts, outbox
from gateway.outreach.audience import Audience
from gateway.runtime import Runtime
from tests.conftest import LI, SUN, WANG
from tests.outreach.conftest import FakeCarrier
from tests.outreach.lanes import counts, delivery, told, village_of

# ---- caps, hours, money ------------------------------------------------------------------------------


def test_a_third_broadcast_in_a_day_waits_for_tomorrow(each_village: Runtime, carrier: FakeCarrier) -> None:
    object.__setattr__(each_village.settings, "__pydantic_fields_set__", {"attempts_per_day"})
    noon = clock.now().replace(hour=4, minute=0)  # 12:00 in the village
    with time_machine.travel(noon, tick=True):
        for _ in range(2):
            told(each_village)
            outbox.drain(each_village, "bulk")
        sent = len(carrier.sent)
        third = told(each_village)
        outbox.drain(each_village, "bulk")
        assert len(carrier.sent) == sent
        d = delivery(each_village, third, SUN.phone)
        assert d.state == "planned" and d.due_at.astimezone(clock.village_zone()).hour == 8
    with time_machine.travel(noon + timedelta(days=1), tick=True):
        outbox.drain(each_village, "bulk")
        assert counts(each_village, third).keys() == {"accepted"}


def test_an_area_elsewhere_is_asleep_while_the_village_is_awake(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    each_village.settings.twilio_account_sid = "ACreal"  # hours hold with a real carrier
    each_village.settings.twilio_auth_token = "x"
    with each_village.db.write() as s:
        village_of(s).timezone = "America/New_York"
    id = told(each_village)
    with time_machine.travel(clock.now().replace(hour=4, minute=0), tick=True):  # noon in China, 23:00 there
        assert outbox.drain(each_village, "bulk") == 0
    with time_machine.travel(clock.now().replace(hour=18, minute=0) + timedelta(days=1), tick=True):
        outbox.drain(each_village, "bulk")
    assert counts(each_village, id).keys() == {"accepted"}
    assert all(0 < int(str(a["valid"])) <= 8 * 3600 for a in carrier.asked)


def test_a_budget_stops_a_broadcast_before_it_starts_and_while_it_runs(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    with each_village.db.write() as s:
        village_of(s).monthly_budget = 10
    with pytest.raises(broadcasts.OverBudget) as no:
        told(each_village)
    assert no.value.left == 10 and no.value.price > 10
    with each_village.db.write() as s:
        village_of(s).monthly_budget = 1_000_000
    id = told(each_village)
    with each_village.db.write() as s:
        village_of(s).monthly_budget = 0
        assert broadcasts.hold_over_budget(s, each_village.settings) == [id]
    assert outbox.drain(each_village, "bulk") == 0
    with each_village.db.write() as s:
        village_of(s).monthly_budget = 1_000_000
        broadcasts.hold_over_budget(s, each_village.settings)
    outbox.drain(each_village, "bulk")
    assert counts(each_village, id).keys() == {"accepted"}
    with each_village.db.read() as s:
        spent = s.scalars(select(Spending.amount)).one()
        assert spent == 50 * len(carrier.sent)  # 0.05 yuan a segment


def test_a_handset_always_hears_from_the_same_number(each_village: Runtime, carrier: FakeCarrier) -> None:
    each_village.settings.senders = "+8649900000013,+8649900000014"
    for _ in range(2):
        told(each_village)
        outbox.drain(each_village, "bulk")
    by_handset: dict[str, set[str]] = {}
    for f in carrier.sent:
        by_handset.setdefault(f.to, set()).add(f.sender)
    assert all(len(senders) == 1 for senders in by_handset.values())
    assert len({next(iter(senders)) for senders in by_handset.values()}) > 1


def test_a_second_organizer_has_to_agree_where_the_area_wants_that(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    from gateway.models.organizer import Organizer

    with each_village.db.write() as s:
        area = village_of(s)
        area.needs_approval = True
        first, second = list(s.scalars(select(Organizer).order_by(Organizer.id).limit(2)))
        b = broadcasts.create(s, area=area, sms="【拟柳村委会】明天停水", by=f"organizer:{first.id}")
        assert broadcasts.start(s, each_village.settings, b) == 0 and b.state == "waiting"
        with pytest.raises(broadcasts.SamePerson):
            broadcasts.approve(s, each_village.settings, b, first)
    assert outbox.drain(each_village, "bulk") == 0
    with each_village.db.write() as s:
        broadcasts.approve(s, each_village.settings, s.get_one(Broadcast, b.id), second)
    assert outbox.drain(each_village, "bulk") > 0


# ---- audience ------------------------------------------------------------------------------------------


def reached(rt: Runtime, **to: object) -> set[str]:
    from gateway.outreach import audience

    with rt.db.read() as s:
        b = Broadcast(
            area_id=village_of(s).id, channel="auto", sms="x", voice="x", audience=Audience(**to).to_json()
        )  # type: ignore[arg-type]
        ids = [row.handset_id for row in s.execute(audience.handsets(s, b))]
        return set(s.scalars(select(Handset.number).where(Handset.id.in_(ids))))


def test_an_audience_can_be_narrowed_by_tag_role_language_and_standing(each_village: Runtime) -> None:
    from gateway.consultation import ballots, matters
    from gateway.models.person import Person

    everybody = reached(each_village)
    assert {SUN.phone, LI.phone, WANG.phone} <= everybody
    with each_village.db.write() as s:
        sun = s.scalars(select(Person).where(Person.name == SUN.name)).one()
        sun.tags = [*sun.tags, "老党员"]
        sun.language = "ko"
        matter = matters.find(s, 11)
        assert matter is not None
        ballots.cast(s, matter, sun, "1", "sms")
        area_id, matter_id = sun.area_id, matter.id
    here = (area_id,)
    assert reached(each_village, areas=here, tag="老党员") == {SUN.phone}
    assert reached(each_village, areas=here, language="ko") == {SUN.phone}
    household = reached(each_village, areas=here, consultation=matter_id, standing="answered")
    assert SUN.phone in household and len(household) == 2  # 11 counts households: his wife's phone, too
    left = reached(each_village, areas=here, consultation=matter_id, standing="not_yet")
    assert SUN.phone not in left and WANG.phone in left
    assert reached(each_village, areas=here, role="delegate") < everybody
