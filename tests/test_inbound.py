"""Messages and calls from residents, as the carrier brings them; on SQLite and on PostgreSQL."""

import re
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import func, select

from gateway import inbound
from gateway.consultation import ballots, matters
from gateway.models.answer import Ballot, BallotLog, Objection, Opinion, Recording
from gateway.models.consultation import Consultation
from gateway.models.conversation import InboundEvent
from gateway.models.person import Claim, Person
from gateway.people import residents
from gateway.runtime import Runtime
from tests.conftest import LI, OWNER, STRANGER, SUN, WANG, Resident
from tests.resident import Call, _count, rows, tally, text


@pytest.mark.parametrize(
    "words", ["1", "１", "一", "同意", "同意。", "我选1", "ty", "tongyi", "11 1", "11号同意", "1️⃣"]
)
def test_a_vote_counts_in_any_sensible_spelling_and_gets_a_receipt(village: Runtime, words: str) -> None:
    reply = text(village, SUN, words)
    assert re.search(r"11号.*“同意”，回执\d{4,6}", reply), reply
    assert tally(village, 11) == {"1": 1, "2": 0, "3": 0}


def test_the_last_answer_counts_and_only_once(each_village: Runtime) -> None:
    text(each_village, SUN, "1")
    text(each_village, SUN, "2")
    assert tally(each_village, 11) == {"1": 0, "2": 1, "3": 0}
    with each_village.db.read() as s:
        c = matters.find(s, 11)
        assert c
        log = list(
            s.scalars(
                select(BallotLog.option).where(BallotLog.consultation_id == c.id).order_by(BallotLog.id)
            )
        )
    assert log == ["1", "2"]  # nothing is forgotten


def test_a_repeated_sms_gets_the_same_answer_and_changes_nothing(each_village: Runtime) -> None:
    first = text(each_village, SUN, "1", sid="SM-twice")
    before = rows(each_village, BallotLog)
    assert text(each_village, SUN, "1", sid="SM-twice") == first
    assert rows(each_village, BallotLog) == before
    with each_village.db.read() as s:
        events = select(func.count()).select_from(InboundEvent).where(InboundEvent.carrier_id == "SM-twice")
        assert s.scalar(events) == 1


def test_a_message_repeated_while_it_is_being_answered_is_one_vote_with_one_answer(
    each_village: Runtime,
) -> None:
    from concurrent.futures import ThreadPoolExecutor

    for who, sid in ((SUN, "SM-known"), (Resident("", "+8619900000992"), "SM-stranger")):
        words = "1" if who is SUN else "意见 路灯太少了"
        with ThreadPoolExecutor(6) as pool:
            replies = set(pool.map(lambda _, a=(who, words, sid): text(each_village, *a), range(12)))
        assert len(replies) == 1 and "回执" in replies.pop()
    assert sum(tally(each_village, 11).values()) == 1
    with each_village.db.read() as s:
        sids = InboundEvent.carrier_id.in_(("SM-known", "SM-stranger"))
        assert sorted(s.scalars(select(InboundEvent.error).where(sids)), key=str) == [None, None]
        assert len([o for o in s.scalars(select(Opinion)) if o.words.endswith("路灯太少了")]) == 1


@pytest.mark.parametrize(
    "words", ["要是不收钱我就同意", "不是不同意", "同意个屁", "我妈同意", "1还是2呢？", "听说大家都同意"]
)
def test_a_half_sentence_is_never_a_vote(village: Runtime, words: str) -> None:
    assert text(village, SUN, words)
    assert sum(tally(village, 11).values()) == 0


def test_a_shared_mobile_is_asked_whose_answer_it_is(each_village: Runtime) -> None:
    assert "李守田、赵玉芬" in text(each_village, LI, "1")
    assert "李守田选“同意”" in text(each_village, LI, "李守田")
    assert "赵玉芬选“不同意”" in text(each_village, LI, "赵玉芬2")
    with each_village.db.read() as s:
        c = matters.find(s, 11)
        assert c
        found = ballots.tally(s, c)
    # one household, one voice: the delegate's; the difference is shown
    assert found.counts == {"1": 1, "2": 0, "3": 0}
    assert found.conflicts == ["H02"]


def test_nobody_answers_a_matter_that_is_not_theirs(village: Runtime) -> None:
    assert "没有问到您这边" in text(village, SUN, "13 1")
    assert sum(tally(village, 13).values()) == 0


def test_an_answer_after_closing_is_refused_kindly(village: Runtime) -> None:
    from datetime import timedelta

    from gateway import clock

    clock.use_trial_clock(village.settings.data_dir)
    clock.move_trial_clock(timedelta(days=10))
    assert "截止" in text(village, SUN, "11 1")
    assert sum(tally(village, 11).values()) == 0


def test_a_stranger_may_speak_but_not_vote(each_village: Runtime) -> None:
    assert "注册" in text(each_village, STRANGER, "1")
    assert "回执" in text(each_village, STRANGER, "意见 路灯太少了")
    assert sum(tally(each_village, 11).values()) == 0


def test_registering_by_sms_waits_for_an_organizer_unless_the_roster_knows_the_handset(
    each_village: Runtime,
) -> None:
    assert "村里核对后告诉您" in text(each_village, STRANGER, "注册 王德顺 拟柳村")
    assert "您已登记" in text(each_village, SUN, "我是拟柳村的孙长河，要注册")
    with each_village.db.read() as s:
        waiting = list(s.scalars(select(Claim).where(Claim.state == "waiting")))
        assert [c.name for c in waiting] == ["王德顺"]
        handset = residents.handset(s, STRANGER.phone)
        assert handset and residents.people_on(s, handset.id) == []  # a name alone takes nobody's place


@pytest.mark.parametrize("words", ["T", "td", "退订", "STOP", "别再给我发短信了"])
def test_stopping_is_understood_and_confirmed_and_can_be_undone(village: Runtime, words: str) -> None:
    assert "已停发" in text(village, SUN, words)
    with village.db.read() as s:
        handset = residents.handset(s, SUN.phone)
        assert handset and handset.sms_stopped_at
    assert "收到" in text(village, SUN, "1")  # opting out costs no right
    assert "已恢复" in text(village, SUN, "恢复")
    with village.db.read() as s:
        handset = residents.handset(s, SUN.phone)
        assert handset and not handset.sms_stopped_at


def test_the_carriers_own_stop_is_noted_and_not_answered_twice(village: Runtime) -> None:
    assert text(village, SUN, "STOP", OptOutType="STOP") == ""
    with village.db.read() as s:
        handset = residents.handset(s, SUN.phone)
        assert handset and handset.sms_stopped_at


@pytest.mark.parametrize(
    ("words", "part"),
    [
        ("帮助", "回数字表态"),
        ("0", "给您打电话"),
        ("着火了快来人", "119"),
        ("asdf", "没看明白"),
        ("有啥事", "11号"),
        ("你们是骗子吧", "不要钱"),
        ("我的信息", "打电话"),
        ("", "没看明白"),
    ],
)
def test_everything_else_gets_a_short_sensible_answer(village: Runtime, words: str, part: str) -> None:
    reply = text(village, SUN, words)
    assert part in reply
    assert len(reply) <= 70


def test_a_machines_answer_is_not_answered(village: Runtime) -> None:
    assert text(village, SUN, "您好，我正在开会，稍后给您回复") == ""
    assert text(village, SUN, "【某商城】优惠券到账，点击链接 http://x.cn") == ""


def test_a_receipt_can_be_checked_by_sms(village: Runtime) -> None:
    found = re.search(r"回执(\d+)", text(village, SUN, "1"))
    assert found
    assert "还在" in text(village, SUN, f"查回执 {found[1]}")
    assert "没查到" in text(village, SUN, "查回执 10000")


def test_an_objection_takes_its_reason_in_the_next_message(each_village: Runtime) -> None:
    assert "为啥反对" in text(each_village, OWNER, "反对16号")
    assert "原因记下了" in text(each_village, OWNER, "太晚了孩子要睡觉")
    with each_village.db.read() as s:
        made = s.scalars(select(Objection).where(Objection.state == "open")).one()
        assert made.words == "太晚了孩子要睡觉"
        c = matters.find(s, 16)
        assert c and c.state == "OBJECTED"
    assert "已撤回" in text(each_village, OWNER, "不反对了")
    assert "收到您对16号的反对" in text(each_village, OWNER, "反对16号 太吵，还晚")
    with each_village.db.read() as s:  # as they wrote it, with the marks of Chinese
        assert s.scalars(select(Objection.words).order_by(Objection.id.desc())).first() == "太吵，还晚"


def test_a_bare_digit_is_a_vote_even_while_a_reason_is_waited_for(each_village: Runtime) -> None:
    before = tally(each_village, 13)["1"]
    text(each_village, OWNER, "反对16号")
    assert "13号" in text(each_village, OWNER, "1") and tally(each_village, 13)["1"] == before + 1
    assert "原因记下了" in text(each_village, OWNER, "喇叭正对着我家窗户")
    with each_village.db.read() as s:
        assert (
            s.scalars(select(Objection.words).order_by(Objection.id.desc())).first() == "喇叭正对着我家窗户"
        )


def test_a_landline_votes_by_key_reads_back_and_hears_a_receipt(each_village: Runtime) -> None:
    call = Call(each_village, WANG)
    assert "王德顺，请按1" in call.heard and "刘桂兰，请按2" in call.heard
    assert "听正在商量的事，请按1" in call.press("1")
    assert "第十一号事" in call.press("1")
    assert "您选的是：不同意" in call.press("2")
    heard = call.press("1")
    receipt = re.search(r"回执((?:\d ?){4,6})", heard)
    assert receipt, heard
    assert tally(each_village, 11) == {"1": 0, "2": 1, "3": 0}
    assert "您说的话记下了" in call.speak()
    with each_village.db.read() as s:
        said = s.scalars(select(Opinion).where(Opinion.recording_id.is_not(None))).one()
        assert said.person_id
    again = Call(each_village, WANG)
    again.press("1")
    for key in ("2", "2", "1"):
        again.press(key)
    assert "第十一号事" in again.press(receipt[1].replace(" ", ""))


def test_a_repeated_key_press_votes_once_and_says_the_same(each_village: Runtime) -> None:
    call = Call(each_village, WANG)
    for key in ("1", "1", "1"):
        call.press(key)
    at = dict(call.next)
    first, before = call.press("1"), rows(each_village, BallotLog)
    assert call.press("1", **at) == first
    assert rows(each_village, BallotLog) == before
    assert tally(each_village, 11)["1"] == 1


def test_silence_a_wrong_key_and_another_calls_address_are_different_things(village: Runtime) -> None:
    call = Call(village, WANG)
    call.press("1")
    assert "没听到您按键" in call.silence()
    assert "没有这个选择" in call.press("8")
    # three failures lead to a person or a promise, never to a dead line
    assert "会有人打给您" in call.press("8")
    foreign = Call(village, SUN)
    # the address of another call leads nowhere but into one's own
    assert "第十一号事" in foreign.press("1", c=call.next["c"], t="0")
    assert "说的话记下了" in call.speak() or "有人给您打电话" in call.heard


def test_a_stranger_registers_by_voice(village: Runtime) -> None:
    call = Call(village, STRANGER)
    assert "普通话，请按1" in call.heard
    assert "还没登记" in call.press("1")
    assert "请说您的姓名" in call.press("1")
    assert "村里核对以后告诉您" in call.speak()
    with village.db.read() as s:
        made = s.scalars(select(Claim).where(Claim.state == "waiting")).one()
        assert made.recording_id


def test_key_two_on_a_result_opens_an_objection_before_anything_is_said(each_village: Runtime) -> None:
    call = Call(each_village, OWNER)
    call.press("3")
    heard = call.heard
    assert "第十六号事" in heard and "我要反对，请按2" in heard
    assert "您的反对记下了，回执" in call.press("2")
    with each_village.db.read() as s:
        assert s.scalars(select(Objection).where(Objection.state == "open")).one().recording_id is None
    assert "有人给您回话" in call.speak()
    with each_village.db.read() as s:
        assert s.scalars(select(Objection).where(Objection.state == "open")).one().recording_id


def test_what_could_not_be_processed_is_kept_and_somebody_rings_back(
    village: Runtime, monkeypatch: pytest.MonkeyPatch
) -> None:
    def broken(*_: object) -> None:
        raise RuntimeError("a fault of ours")

    monkeypatch.setattr(ballots, "cast", broken)
    assert "收到了" in text(village, SUN, "1")
    with village.db.read() as s:
        event = s.scalars(select(InboundEvent).where(InboundEvent.error.is_not(None))).one()
        assert event.payload["Body"] == "1"
        assert s.scalars(select(Opinion).where(Opinion.kind == "callback")).one().words == "1"
        assert village.alarms(s)


@pytest.mark.parametrize(
    "words", ["9" * 1600, "😀😀", "\u0000\u202e", "'; DROP TABLE ballots;--", "<Response/>", "11 " * 400]
)
def test_absurd_messages_are_answered_and_harm_nothing(village: Runtime, words: str) -> None:
    assert text(village, SUN, words)
    assert sum(tally(village, 11).values()) == 0


def test_messages_and_recordings_that_arrive_at_once_disturb_nobody(each_village: Runtime) -> None:
    """One person's SMS twelve times at once, from a number nobody knew and from one that votes."""
    from concurrent.futures import ThreadPoolExecutor

    with ThreadPoolExecutor(6) as pool:
        replies = list(pool.map(lambda n: text(each_village, SUN, "12"[n % 2]), range(12)))
        strangers = list(
            pool.map(lambda n: text(each_village, Resident("", "+8619900000991"), "你好"), range(6))
        )
        sid = f"RE{next(_count):032d}"
        form = {"RecordingSid": sid, "RecordingUrl": "http://127.0.0.1/R", "RecordingStatus": "completed"}
        list(pool.map(lambda n: inbound.recording_reported(each_village, form), range(6)))
    assert all("回执" in r for r in replies) and all("注册" in r for r in strangers)
    assert sum(tally(each_village, 11).values()) == 1
    with each_village.db.read() as s:
        assert not list(s.scalars(select(InboundEvent).where(InboundEvent.error.is_not(None))))
        assert s.scalar(select(func.count()).select_from(Recording).where(Recording.carrier_id == sid)) == 1


def test_an_objection_from_a_shared_handset_is_the_one_persons_who_said_it(each_village: Runtime) -> None:
    with each_village.db.write() as s:
        handset = residents.handset(s, OWNER.phone)
        assert handset is not None
        from gateway.models.person import Person

        first = residents.people_on(s, handset.id)[0]
        wife = Person(
            area_id=first.area_id, household_id=first.household_id, group=first.group, name="冯桂英"
        )
        wife.state, wife.owner = "verified", True
        s.add(wife)
        s.flush()
        residents.connect(s, wife, handset)
        wife_id, first_id = wife.id, first.id
    assert "冯桂英" in text(each_village, OWNER, "反对16号，气味大")  # whose is it?
    assert "您对16号的反对" in text(each_village, OWNER, "冯桂英")
    assert "您对16号的反对" in text(each_village, OWNER, f"{OWNER.name}反对16号，太吵")
    with each_village.db.read() as s:
        by = {
            o.person_id: o.words
            for o in s.scalars(select(Objection).where(Objection.person_id.in_([wife_id, first_id])))
        }
        assert set(by) == {wife_id, first_id} and "气味大" in by[wife_id] and "太吵" in by[first_id]
    text(each_village, OWNER, "冯桂英撤回反对")
    with each_village.db.read() as s:
        states = {
            o.person_id: o.state
            for o in s.scalars(select(Objection).where(Objection.person_id.in_([wife_id, first_id])))
        }
        assert states[wife_id] == "withdrawn" and states[first_id] == "open"


def test_an_emergency_is_an_entry_of_its_own(village: Runtime) -> None:
    text(village, SUN, "请给我回电话")
    text(village, SUN, "救命着火了")
    with village.db.read() as s:
        kinds = [o.kind for o in s.scalars(select(Opinion).order_by(Opinion.id.desc()).limit(2))]
        assert kinds == ["emergency", "callback"]


def test_a_call_and_an_sms_from_one_handset_at_the_same_moment_are_both_answered_once(
    each_village: Runtime,
) -> None:
    call = Call(each_village, SUN)
    call.press("1")
    call.press("2")
    with ThreadPoolExecutor(2) as pool:
        spoken = pool.submit(call.press, "1")
        written = pool.submit(text, each_village, SUN, "1")
    assert "记下了" in spoken.result() and "收到：11号" in written.result()
    with each_village.db.read() as s:
        mine = s.scalars(
            select(Ballot).join(Person, Person.id == Ballot.person_id).join(Consultation, Consultation.id == Ballot.consultation_id)
            .where(Person.name == SUN.name, Consultation.number == 11)
        ).all()  # fmt: skip
        assert len(mine) == 1 and mine[0].option in ("1", "2")
