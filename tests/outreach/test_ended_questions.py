"""What is said about a matter after it is over: never counted for another one, and told how it stands."""

from datetime import timedelta

import pytest
from sqlalchemy import select

from gateway import clock
from gateway.consultation import matters, objections, steps
from gateway.models.answer import Objection
from gateway.models.area import Area
from gateway.models.organizer import Organizer
from gateway.models.outreach import Broadcast, Delivery
from gateway.outreach import broadcasts, notices, outbox
from gateway.people import residents
from gateway.runtime import Runtime
from tests.conftest import OWNER, SUN
from tests.outreach.conftest import FakeCarrier
from tests.resident import tally, text


def told_of_one_that_ended(rt: Runtime, carrier: FakeCarrier) -> None:
    """孙长河's newest SMS is the notice of matter 17, which was closed early; matter 11 is still open."""
    with rt.db.write() as s:
        now = clock.now()
        c = matters.create(
            s, number=17, title="路灯几点关", area=s.scalars(select(Area).where(Area.code == "NL")).one(),
            options={"1": "十点关", "2": "整夜亮"}, opens_at=now, closes_at=now + timedelta(days=5),
        )  # fmt: skip
        steps.announce(s, c, "cli")
        notices.pick_up(s, rt.settings)
    outbox.drain(rt, "bulk")
    assert any(a["to"] == SUN.phone and "17号" in str(a["body"]) for a in carrier.asked)
    with rt.db.write() as s:
        c = matters.find(s, 17)
        assert c
        steps.close_early(s, c, "cli", "都答完了")


def test_a_bare_number_is_not_counted_for_another_matter(each_village: Runtime, carrier: FakeCarrier) -> None:
    told_of_one_that_ended(each_village, carrier)
    before = tally(each_village, 11)
    reply = text(each_village, SUN, "2")
    assert "17号已经截止了" in reply and "您是答11号" in reply and len(reply) <= 70
    assert tally(each_village, 11) == before
    assert "11号，您选“不同意”" in text(each_village, SUN, "2")  # now he was asked about 11


def test_a_number_with_its_matter_needs_no_question(each_village: Runtime, carrier: FakeCarrier) -> None:
    told_of_one_that_ended(each_village, carrier)
    assert "11号，您选“不同意”" in text(each_village, SUN, "11号 2")
    assert "17号已经截止了" in text(each_village, SUN, "17号 2")


def test_notices_of_what_is_closed_stop_and_results_of_what_is_in_force(
    each_village: Runtime, carrier: FakeCarrier
) -> None:
    told_of_one_that_ended(each_village, carrier)
    with each_village.db.write() as s:
        (notice,) = (b for b in notices.of(s, matters.find(s, 17)) if b.stage == "notice")  # type: ignore[arg-type]
        phone = residents.handset(s, SUN.phone)
        assert phone
        s.query(Broadcast).filter_by(id=notice.id).update({"state": "running"})
        s.query(Delivery).filter_by(broadcast_id=notice.id, handset_id=phone.id).update({"state": "planned"})
    sent = len(carrier.asked)
    outbox.drain(each_village, "bulk")
    assert len(carrier.asked) == sent
    with each_village.db.write() as s:
        assert notice.id in broadcasts.cancel_outdated(s)


@pytest.mark.parametrize("words", ["反对16号", "16号我反对，还是太吵", "反对 还是太吵"])
def test_an_objection_after_the_period_is_told_that_it_is_late(each_village: Runtime, words: str) -> None:
    with each_village.db.write() as s:
        c = matters.find(s, 16)
        assert c
        c.state = "EFFECTIVE"
        phone = residents.handset(s, OWNER.phone)
        assert phone
        broadcasts.say(s, phone, sms="16号起生效", about_id=c.id).state = "accepted"
    reply = text(each_village, OWNER, words)
    assert "16号公示期已过" in reply and "会有人给您解释" in reply


@pytest.mark.parametrize(
    "words", ["反对不作数了", "我收回", "反对收回", "16号的反对我收回", "不反对了", "撤回反对"]
)
def test_an_objection_is_taken_back_in_the_words_people_use(each_village: Runtime, words: str) -> None:
    text(each_village, OWNER, "反对16号，太吵")
    assert "您的反对已撤回" in text(each_village, OWNER, words)


@pytest.mark.parametrize(
    "words", ["算了，我没意见了", "16号的反对能不能收回？", "16号那音箱昨天又响到半夜，实在睡不着"]
)
def test_whoever_may_mean_it_is_told_how(each_village: Runtime, words: str) -> None:
    text(each_village, OWNER, "反对16号，太吵")
    text(each_village, OWNER, "音箱太响")  # the reason that was waited for
    reply = text(each_village, OWNER, words)
    assert "反对还算数" in reply and "不反对了" in reply and len(reply) <= 70


@pytest.mark.parametrize("words", ["反对 还是不行", "反对，还是太吵", "我还是反对"])
def test_whoever_was_answered_may_object_again(each_village: Runtime, words: str) -> None:
    text(each_village, OWNER, "反对16号，太吵")
    with each_village.db.write() as s:
        mine = s.scalars(select(Objection).order_by(Objection.id.desc())).first()
        phone = residents.handset(s, OWNER.phone)
        assert mine and phone
        objections.explain(
            s, mine, "音箱改小", s.scalars(select(Organizer).where(Organizer.login == "miaozhuren")).one()
        )
        told = "16号，您的反对，村里回话：音箱改小。"
        broadcasts.say(s, phone, sms=told, about_id=mine.consultation_id).state = "sent"
    assert "收到您对16号的反对" in text(each_village, OWNER, words)


@pytest.mark.parametrize("words", ["16号反对还是不反对？", "16号反对还有用吗"])
def test_a_question_about_objecting_is_no_objection(each_village: Runtime, words: str) -> None:
    assert "收到您对16号的反对" not in text(each_village, OWNER, words)
