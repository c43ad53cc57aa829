"""Meetings as residents meet them: invited by SMS and by call, answering, speaking, listening (policy rows 8 and 16)."""

from datetime import timedelta

import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import clock, invitations, text
from gateway.consultation import assemblies, assessments, guards, meetings, subjects
from gateway.models.answer import Opinion
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.participation import FORMS, Invitation, Meeting
from gateway.models.person import Handset
from gateway.outreach import broadcasts, singles
from gateway.people import residents
from gateway.runtime import Runtime
from tests.calls import Call
from tests.conftest import ELSEWHERE, LI, LIU, STRANGER, SUN, WANG, ZHAO, Resident
from tests.consultation.procedure import QIAN, by, drafted
from tests.meeting import answer_of, hearing, in_days, matter, person, run, rung, sent
from tests.resident import tally
from tests.resident import text as send

GUEST = Resident("县水务局", "+8619900000777")


# ---- by SMS ---------------------------------------------------------------------------------------


def test_an_invitation_fits_one_sms_and_is_answered_with_a_digit(each_village: Runtime) -> None:
    with each_village.db.write() as s:
        c = matter(s)
        m = meetings.plan(s, c, form="hearing", starts_at=in_days(3), place="村部会议室")
        asked = meetings.participant(s, c, person(s, SUN))
        assert invitations.send(s, m, c, [(meetings.invite(s, m, asked), asked)]) == []
    (invitation,) = sent(each_village)
    words = invitation.body or ""
    assert invitation.channel == "sms" and invitation.lane == "bulk"  # nobody is woken at night
    assert (
        "请您参加11号听证会" in words and "上午9点，村部会议室。回1参加，回2不参加，想发言回“听证”" in words
    )
    assert text.segments(words).count == 1, words
    reply = send(each_village, SUN, "1")
    assert "11号听证会，记下您来" in reply and "村部会议室" in reply and len(reply) <= 70
    assert answer_of(each_village, SUN) == ("yes", False, "sms")
    assert sum(tally(each_village, 11).values()) == 0  # it answered the newest question, which was no vote
    assert "记下您不来" in send(each_village, SUN, "2")
    assert answer_of(each_village, SUN) == ("no", False, "sms")


@pytest.mark.parametrize(
    ("words", "speaks"), [("听证", True), ("我要发言", True), ("参加", False), ("一定去", False)]
)
def test_who_wants_to_speak_says_so_and_who_only_comes_does_not(
    village: Runtime, words: str, speaks: bool
) -> None:
    hearing(village, SUN)
    assert ("还要发言" in send(village, SUN, words)) == speaks
    assert answer_of(village, SUN) == ("yes", speaks, "sms")


def test_whoever_it_concerns_signs_up_without_being_invited(village: Runtime) -> None:
    hearing(village)
    assert "还要发言" in send(village, SUN, "听证")
    with village.db.read() as s:
        (only,) = s.scalars(select(Invitation))
        assert only.speaks and not only.asked
    assert "没有请您去的会" in send(
        village, Resident("韩树林", "+8619900000304"), "报名听证"
    )  # another village
    assert "注册" in send(village, STRANGER, "听证")


def test_a_label_of_the_vote_is_a_vote_even_after_an_invitation(village: Runtime) -> None:
    hearing(village, SUN)
    assert "“同意”" in send(village, SUN, "同意")
    assert tally(village, 11)["1"] == 1 and answer_of(village, SUN) == ("", False, "")


def test_what_is_neither_yes_nor_no_is_asked_again(village: Runtime) -> None:
    hearing(village, SUN)
    assert "您来不来" in send(village, SUN, "有事")
    assert answer_of(village, SUN)[0] == ""
    assert "村部会议室" in send(village, SUN, "几点开会")


def test_on_a_shared_mobile_it_is_asked_who_comes(village: Runtime) -> None:
    hearing(village, LI, ZHAO)  # both of them on one mobile; 李守田 prefers calls, 赵玉芬 too
    with village.db.write() as s:
        c = matter(s)
        m = s.scalars(select(Meeting)).one()
        phone = residents.handsets_of(s, person(s, LI).id)[0]
        words = meetings.invitation_sms(m, c, _area(s, c))
        broadcasts.say(s, phone, sms=words, channel="sms", about_id=c.id, subject=f"meeting:{m.id}")
    sent(village)
    assert "是谁来" in send(village, LI, "1")
    assert "记下您来" in send(village, LI, "赵玉芬")
    assert answer_of(village, ZHAO)[0] == "yes" and answer_of(village, LI)[0] == ""


def _area(s: Session, c: Consultation) -> Area:
    return s.get_one(Area, c.area_id)


def test_a_guest_from_outside_the_roster_answers_by_sms(village: Runtime) -> None:
    with village.db.write() as s:
        c = matter(s)
        m = meetings.plan(s, c, form="hearing", starts_at=in_days(3), place="村部会议室")
        phone = residents.handset_for(s, residents.Phone(GUEST.phone, "mobile"))
        guest = meetings.guest(s, c, "县水务局张科长", "government", phone.id)
        invitations.send(s, m, c, [(meetings.invite(s, m, guest), guest)])
    sent(village)
    assert "记下您来" in send(village, GUEST, "1")
    with village.db.read() as s:
        assert s.scalars(select(Invitation.answer)).all() == ["yes"]


def test_a_meeting_that_was_held_takes_no_answer_any_more(village: Runtime) -> None:
    id = hearing(village, SUN)
    run(village, id, "held")
    assert "没有请您去的会" in send(village, SUN, "参加听证")
    with village.db.read() as s:
        assert s.scalars(select(Opinion).where(Opinion.kind == "message")).one().words == "参加听证"


def test_who_stopped_messages_is_asked_at_the_door(village: Runtime) -> None:
    send(village, SUN, "T")
    send(village, SUN, "别打电话")
    with village.db.write() as s:
        c = matter(s)
        m = meetings.plan(s, c, form="home_visit", starts_at=in_days(1), place="孙家")
        p = meetings.participant(s, c, person(s, SUN))
        assert singles.way_to(s, person(s, SUN)) is None
        assert invitations.send(s, m, c, [(meetings.invite(s, m, p), p)]) == ["孙长河"]
        no_phone = meetings.participant(s, c, person(s, "周秀英"))
        assert invitations.send(s, m, c, [(meetings.invite(s, m, no_phone), no_phone)]) == ["周秀英"]
    assert sent(village) == []


@pytest.mark.parametrize("form", FORMS)
def test_there_is_a_meeting_of_every_form_and_its_invitation_is_short(village: Runtime, form: str) -> None:
    """Policy II(3) names them one by one."""
    with village.db.write() as s:
        c = matter(s)
        m = meetings.plan(s, c, form=form, starts_at=in_days(12, 14), place="村部会议室")
        words = meetings.invitation_sms(m, c, _area(s, c))
        assert FORMS[form].name in words and "下午2点" in words and text.segments(words).count == 1, words


# ---- by telephone -----------------------------------------------------------------------------------


def test_a_landline_is_rung_and_answered_by_key(each_village: Runtime) -> None:
    with each_village.db.write() as s:
        c = matter(s)
        m = meetings.plan(s, c, form="hearing", starts_at=in_days(3), place="村部会议室")
        asked = [
            (meetings.invite(s, m, p), p)
            for p in (meetings.participant(s, c, person(s, w)) for w in (WANG, LIU))
        ]
        invitations.send(s, m, c, asked[:1])
    (call_of_ours,) = sent(each_village)
    assert (call_of_ours.channel, call_of_ours.lane) == ("voice", "calls")
    call = rung(each_village, call_of_ours, WANG.phone, "CA-invited")
    assert "请问您是哪一位" in call.said and "王德顺" in call.said  # two were invited on this telephone
    call.press("1")
    assert (
        "第十一号事" in call.said
        and "上午九点在村部会议室开听证会" in call.said
        and "参加，还要发言，请按3" in call.said
    )
    assert "还要发言" in call.press("3") and answer_of(each_village, WANG) == ("yes", True, "voice")
    assert answer_of(each_village, LIU)[0] == ""


def test_who_rings_hears_the_invitation_first_and_the_menu_after(village: Runtime) -> None:
    hearing(village, SUN)
    call = Call(village, SUN.phone, "CA-first")
    assert "开听证会" in call.said and "来，请按1" in call.said
    assert "记下了，您来" in call.press("1")
    assert answer_of(village, SUN) == ("yes", False, "voice")
    assert "听正在商量的事" in Call(village, SUN.phone, "CA-second").said  # answered: not asked again
    again = Call(village, SUN.phone, "CA-third").press("3")  # and may be changed beside the results
    assert "听开会的事，请按2" in again
    third = Call(village, SUN.phone, "CA-fourth")
    assert "您不来" in third.press("3", "2", "2") and answer_of(village, SUN)[0] == "no"


def test_silence_at_an_invitation_leads_on_to_the_menu(village: Runtime) -> None:
    hearing(village, SUN)
    call = Call(village, SUN.phone, "CA-silent")
    for _ in range(3):
        call.wait()
    assert "听正在商量的事" in call.said and answer_of(village, SUN)[0] == ""


def test_a_running_hearing_may_be_listened_to_muted_by_whoever_it_concerns(each_village: Runtime) -> None:
    id = hearing(each_village, SUN)
    room = run(each_village, id).room
    call = Call(each_village, SUN.phone, "CA-listens")
    assert "现在正在开" in call.said and "听一听，请按1" in call.said
    document = call.press("1")
    assert "会场听不到" in document
    verbs = call.document
    assert (
        f'muted="true" startConferenceOnEnter="false" endConferenceOnExit="false" beep="false">{room}</Conference>'
        in verbs
    )
    assert 'hangupOnStar="true"' in verbs and call.url
    left = call._ask({"DialCallStatus": "answered"})
    assert "会场那边听完了" in left and "听正在商量的事" in left


def test_nobody_else_is_let_into_the_room(village: Runtime) -> None:
    id = hearing(village)
    run(village, id)
    for who in (ELSEWHERE, STRANGER):
        assert "正在开" not in Call(village, who.phone, f"CA-{who.phone}").said
    call = Call(village, SUN.phone, "CA-late")
    assert "现在正在开" in call.said
    run(village, id, "held")  # it ended while they thought about it
    assert "会场那边听完了" in call.press("1") and "Conference" not in call.document


def test_a_talk_with_a_few_is_offered_to_nobody_else(village: Runtime) -> None:
    id = hearing(village, SUN, form="appointment")
    run(village, id)
    assert "正在开" in Call(village, SUN.phone, "CA-invited-to-talk").said
    assert "正在开" not in Call(village, Resident("陈国富", "+8619900000107").phone, "CA-not-invited").said


def test_the_telephone_in_the_room_is_heard_and_begins_the_conference(village: Runtime) -> None:
    id = hearing(village)
    with village.db.write() as s:
        m = s.get_one(Meeting, id)
        meetings.begin(s, m, matter(s), "cli")
        invitations.ring_room(s, m, residents.handset_for(s, residents.Phone("+8649900000001", "landline")))
    (ring,) = sent(village)
    assert ring.lane == "replies"
    call = rung(village, ring, "+8649900000001", "CA-room")
    assert 'muted="false" startConferenceOnEnter="true" endConferenceOnExit="true"' in call.document
    with village.db.read() as s:
        assert matter(s).state == "HEARING"  # the hearing is a step of the matter's own


def test_minutes_end_the_meeting_and_are_the_matters_minutes(village: Runtime) -> None:
    id = hearing(village)
    with village.db.write() as s:
        m, c = s.get_one(Meeting, id), matter(s)
        meetings.begin(s, m, c, "cli")
        meetings.keep_minutes(s, m, c, "cli", "王德顺说困难户要免，大家同意", 23)
        assert (m.state, m.attendance) == ("held", 23)
        event = guards.happened(s, c, "minutes")
        assert event and event.evidence == f"meeting:{id}" and "困难户" in event.reason
        assert c.open_for_answers  # answers go on being counted until the stated close


def test_a_meeting_that_nobody_closed_is_not_offered_for_ever(village: Runtime) -> None:
    run(village, hearing(village, SUN))
    clock.use_trial_clock(village.settings.data_dir)
    clock.move_trial_clock(timedelta(days=4))
    assert "正在开" not in Call(village, SUN.phone, "CA-days-later").said


# ---- what experts said ----------------------------------------------------------------------------


def test_an_assessment_is_told_in_one_sentence_by_sms_and_by_voice(each_village: Runtime) -> None:
    assert "没有您这边的专家论证" in send(each_village, SUN, "论证")
    with each_village.db.write() as s:
        assessments.add(s, matter(s), "县交通局", "路基厚度够，排水沟要加深二十公分。")
    for words in ("论证", "11号论证", "11号专家怎么说", "评估报告"):
        reply = send(each_village, SUN, words)
        assert (
            "11号论证，县交通局：路基厚度够，排水沟要加深二十公分。" in reply
            and text.segments(reply).count == 1
        )
    assert "没有您这边的专家论证" in send(each_village, ELSEWHERE, "论证")
    call = Call(each_village, SUN.phone, "CA-assessed")
    assert "听专家怎么说，请按3" in call.press("3") and "听开会的事" not in call.said
    assert "县交通局看过，说" in call.press("3")


def test_a_bad_number_reaches_nobody(village: Runtime) -> None:
    with village.db.write() as s:
        phone = s.scalars(select(Handset).where(Handset.tail == "0104")).one()
        phone.bad_reason = "空号"
        assert singles.way_to(s, person(s, SUN)) is None


def test_who_was_told_of_an_assembly_hears_when_it_is(village: Runtime) -> None:
    with village.db.write() as s:
        c = drafted(s, "NL", title="修井", assembly="representatives")
        assemblies.call(
            s, c, by(s, QIAN), body="representatives", starts_at=in_days(11), place="村部", members=28
        )
        number = c.number
    for words in ("啥时候开会", f"{number}号啥时候开会", "开会吗"):
        reply = send(village, SUN, words)
        assert f"{number}号" in reply and "9点在村部开村民代表会议决定" in reply, words
    assert "没有请您去的会" in send(village, Resident("韩树林", "+8619900000304"), "啥时候开会")


def test_a_resident_who_is_asked_and_comes_counts_once(village: Runtime) -> None:
    with village.db.write() as s:
        c = matter(s)
        before = {side.subject: side.heads for side in subjects.coverage(s, c)}
        meetings.participant(s, c, person(s, SUN))
        assert {side.subject: side.heads for side in subjects.coverage(s, c)} == before
