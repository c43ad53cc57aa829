"""What else the hotline does: one's own code, notices stopped by key, words for the supervision committee, practice,
scores, a slow voice, and being rung back."""

import re

from sqlalchemy import select

from gateway import codes, inbound, jobs
from gateway.consultation import objections
from gateway.models.answer import Ballot, Opinion, Rating
from gateway.models.consultation import Consultation
from gateway.models.outreach import Delivery
from gateway.models.person import Person
from gateway.outreach import broadcasts
from gateway.people import residents
from gateway.runtime import Runtime
from tests.calls import Call
from tests.conftest import LI, SUN, WANG
from tests.test_replies import text


def person_of(rt: Runtime, phone: str) -> Person:
    with rt.db.read() as s:
        handset = residents.handset(s, phone)
        assert handset is not None
        return residents.people_on(s, handset.id)[0]


def with_code(rt: Runtime, phone: str, digits: str) -> None:
    with rt.db.write() as s:
        codes.keep(s.get_one(Person, person_of(rt, phone).id), digits)


def ballots(rt: Runtime, phone: str) -> list[str]:
    with rt.db.read() as s:
        mine = select(Ballot.option).where(Ballot.person_id == person_of(rt, phone).id)
        return list(s.scalars(mine))


def test_who_set_a_code_is_asked_for_it_before_the_vote_counts(each_village: Runtime) -> None:
    with_code(each_village, SUN.phone, "2468")
    before = ballots(each_village, SUN.phone)
    call = Call(each_village, SUN.phone, "CA-code")
    asked = call.press("1", "1", "1")
    assert "四位密码" in asked and ballots(each_village, SUN.phone) == before
    assert "密码不对" in call.press("1111") and ballots(each_village, SUN.phone) == before
    assert "记下了，谢谢您" in call.press("2468") and len(ballots(each_village, SUN.phone)) == len(before) + 1


def test_three_wrong_codes_end_in_a_promise_and_ten_close_the_phone_to_guessing(
    each_village: Runtime,
) -> None:
    with_code(each_village, SUN.phone, "2468")
    before = ballots(each_village, SUN.phone)
    for n in range(4):
        call = Call(each_village, SUN.phone, f"CA-guess-{n}")
        call.press("1", "1", "1")
        said = call.press("0001", "0002", "0003") if n < 3 else call.press("0001", "2468")
        assert "村里会有人打给您" in said, n
    assert ballots(each_village, SUN.phone) == before


def test_a_code_is_set_by_its_owner_by_phone_and_an_sms_cannot_vote_any_more(village: Runtime) -> None:
    before = ballots(village, SUN.phone)
    call = Call(village, SUN.phone, "CA-set")
    assert "请按四个数" in call.press("2", "2", "3")
    assert "再按一遍" in call.press("1357") and "不一样" in call.press("1358")
    assert "密码设好了" in call.press("1357", "1357")
    assert "您设过密码" in text(village, SUN, "1") and ballots(village, SUN.phone) == before


def test_on_a_shared_handset_nobody_sets_a_code_for_somebody_else(village: Runtime) -> None:
    call = Call(village, WANG.phone, "CA-shared-code")
    assert "请到村部" in call.press("1", "2", "2", "3")


def test_notices_are_stopped_and_resumed_by_key(village: Runtime) -> None:
    call = Call(village, SUN.phone, "CA-stop")
    assert "停短信，请按1" in call.press("2", "3", "1") and "停电话，请按2" in call.said
    assert "以后不打电话了" in call.press("2")
    with village.db.read() as s:
        handset = residents.handset(s, SUN.phone)
        assert handset is not None and handset.voice_stopped_at is not None and handset.sms_stopped_at is None
    call = Call(village, SUN.phone, "CA-resume")
    assert "恢复电话，请按2" in call.press("2", "3", "1")
    assert "恢复好了" in call.press("2")


def test_a_landline_is_not_offered_to_stop_messages_it_never_gets(village: Runtime) -> None:
    call = Call(village, WANG.phone, "CA-landline-stop")
    assert "短信" not in call.press("1", "2", "3", "1") and "停电话" in call.said


def test_words_for_the_supervision_committee_are_kept_apart(village: Runtime) -> None:
    call = Call(village, SUN.phone, "CA-watch")
    assert "只有监督委员会能听到" in call.press("2", "1", "2")
    assert "监督委员会会给您答复" in call.record("RE-watch")
    assert "只有监督委员会能看到" in text(village, SUN, "监督委员会：修路的账没贴出来")
    assert "直接发过来" in text(village, SUN, "监委会")
    assert "只有监督委员会能看到" in text(village, SUN, "村里的地租给了谁")
    with village.db.read() as s:
        kept = s.scalars(select(Opinion).where(Opinion.kind == "supervision").order_by(Opinion.id)).all()
        assert [o.words for o in kept][1:] == ["监督委员会：修路的账没贴出来", "村里的地租给了谁"]


def test_practice_counts_nothing_by_phone_and_by_sms(village: Runtime) -> None:
    before = ballots(village, SUN.phone)
    call = Call(village, SUN.phone, "CA-practice")
    assert "不算数" in call.press("2", "2", "2") and "您选的是：吃面条" in call.press("2")
    assert "按对了" in call.press("1") and call.url == ""
    assert "不算数" in text(village, SUN, "练习") and "回对了" in text(village, SUN, "1")
    assert ballots(village, SUN.phone) == before


def test_who_wants_it_slow_hears_it_slow_the_next_time_too(village: Runtime) -> None:
    call = Call(village, SUN.phone, "CA-slow")
    call.press("2", "3", "3")
    assert "以后这样跟您说话" in call.press("1")
    again = inbound.voice(
        village,
        {"CallSid": "CA-slow-2", "Direction": "inbound", "From": SUN.phone, "To": village.settings.hotline},
        {},
    )
    assert '<prosody rate="80%">' in again


def test_a_score_is_kept_once_a_person_by_phone_or_sms(each_village: Runtime) -> None:
    mine = person_of(each_village, SUN.phone)
    with each_village.db.write() as s:
        road = s.scalars(select(Consultation).where(Consultation.number == 11)).one()
        road.state = "DISCLOSED"
        handset = residents.handset(s, SUN.phone)
        assert handset is not None
        broadcasts.say(s, handset, sms="11号路修好了，用着咋样？", about_id=road.id).state = "delivered"
    assert "您打4分" in text(each_village, SUN, "4")
    assert scores(each_village, mine.id) == [4]
    call = Call(each_village, SUN.phone, "CA-score")
    key = re.search(r"第十一号，[^。]*，请按(\d)", call.press("3"))
    assert key and "说说满意不满意" in call.press(key[1]), call.said
    assert "很满意请按5" in call.press("1") and "很满意请按5" in call.press("7")
    assert "您打的是2分" in call.press("2") and "您说的话记下了" in call.record("RE-why")
    assert scores(each_village, mine.id) == [2]


def test_a_mark_from_a_shared_mobile_is_the_one_persons_who_gave_it(village: Runtime) -> None:
    with village.db.write() as s:
        road = s.scalars(select(Consultation).where(Consultation.number == 11)).one()
        road.state = "DISCLOSED"
        ids = {p.name: p.id for p in s.scalars(select(Person).where(Person.name.in_(("李守田", "赵玉芬"))))}
    assert "11号的分是谁打的" in text(village, LI, "11号5分")
    assert "您打5分" in text(village, LI, "赵玉芬")
    assert scores(village, ids["赵玉芬"]) == [5] and scores(village, ids["李守田"]) == []
    text(village, LI, "11号2分")
    assert "您打2分" in text(village, LI, "老李")
    assert scores(village, ids["李守田"]) == [2] and scores(village, ids["赵玉芬"]) == [5]


def scores(rt: Runtime, person_id: int) -> list[int]:
    with rt.db.read() as s:
        return list(s.scalars(select(Rating.score).where(Rating.person_id == person_id)))


def test_an_objection_is_taken_back_by_key_and_only_by_who_made_it(village: Runtime) -> None:
    with village.db.read() as s:
        public = s.scalars(select(Consultation).where(Consultation.number == 16)).one()
        assert public.in_publicity
    from tests.test_replies import OWNER

    text(village, OWNER, "反对16号，太吵")
    call = Call(village, OWNER.phone, "CA-withdraw")
    said = call.press("3")
    if "请按1" in said and "收回" not in said:
        said = call.press("1")
    assert "收回我的反对，请按3" in said, said
    assert "您的反对收回了" in call.press("3")
    with village.db.read() as s:
        assert not objections.unsettled(s, [person_of(village, OWNER.phone).id])


def test_a_missed_call_is_turned_away_and_rung_back_once(each_village: Runtime) -> None:
    back = next(iter(each_village.settings.ring_back_numbers))
    form = {"CallSid": "CA-missed", "Direction": "inbound", "From": SUN.phone, "To": back}
    for sid in ("CA-missed", "CA-missed", "CA-missed-2"):
        assert "<Reject/>" in inbound.voice(each_village, {**form, "CallSid": sid}, {})
    assert "这就给您打过去" in text(each_village, SUN, "回电")
    with each_village.db.write() as s:
        d = s.scalars(select(Delivery).where(Delivery.script == "ring_back")).one()
        assert (d.channel, d.lane, d.state) == ("voice", "replies", "planned")
        id, d.state, d.tries = d.id, "submitting", 1
    call = Call(each_village, SUN.phone, "CA-back", url=f"/twilio/voice?d={id}&n=1")
    assert "给您打回来了" in call.said and "听正在商量的事" in call.said
    with each_village.db.write() as s:
        s.get_one(Delivery, id).state = "delivered"
    assert "<Reject/>" in inbound.voice(each_village, {**form, "CallSid": "CA-missed-3"}, {})
    with each_village.db.read() as s:
        assert len(s.scalars(select(Delivery).where(Delivery.script == "ring_back")).all()) == 2


def test_hidden_and_foreign_numbers_are_not_rung_back(village: Runtime) -> None:
    back = next(iter(village.settings.ring_back_numbers))
    for n, number in enumerate(("anonymous", "+19005550100")):
        inbound.voice(
            village, {"CallSid": f"CA-odd-{n}", "Direction": "inbound", "From": number, "To": back}, {}
        )
    with village.db.read() as s:
        assert not s.scalars(select(Delivery).where(Delivery.script == "ring_back")).all()


def test_the_duty_phone_hears_who_is_put_through(village: Runtime) -> None:
    Call(village, SUN.phone, "CA-whisper")
    from gateway.models.conversation import Conversation

    with village.db.read() as s:
        c = s.scalars(select(Conversation).where(Conversation.carrier_id == "CA-whisper")).one()
        name = person_of(village, SUN.phone).name
    said = inbound.voice(village, {"CallSid": "CA-other-leg"}, {"w": "1", "c": str(c.id)})
    assert name in said and "协商热线转来的电话" in said and "<Hangup" not in said


def test_a_broken_script_rings_an_alarm_on_the_panel_until_it_is_mended(village: Runtime) -> None:
    from gateway.ivr.faults import Fault, ScriptFaults
    from gateway.people import alarms

    inbound.scripts()
    inbound.scripts.faults = ScriptFaults([Fault("hotline/zh-CN.toml", 9, "[hello] has no text")])
    try:
        jobs.round_(village)
        with village.db.read() as s:
            assert any("hotline/zh-CN.toml第9行：" in words for words in alarms.words(s))
    finally:
        inbound.scripts.faults = None
    jobs.round_(village)
    with village.db.read() as s:
        assert not any("hotline/zh-CN.toml" in words for words in alarms.words(s))
