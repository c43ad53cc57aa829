"""What people text, through the carrier's own door: signed, answered in a sentence, and nothing of it lost."""

import itertools
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import Any
from xml.etree import ElementTree

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import select

from gateway import clock
from gateway.consultation import ballots, matters
from gateway.models.answer import Objection, Opinion, Rating
from gateway.models.consultation import ConsultationArea
from gateway.models.conversation import InboundEvent
from gateway.models.followup import Task
from gateway.models.outreach import Delivery
from gateway.models.person import Person
from gateway.people import residents
from gateway.text import segments
from tests.conftest import SUN, Resident
from tests.web.test_webhooks import app, client, kind, post  # noqa: F401

LIU_JIA = Resident("", "+8619900000103")  # 李守田 and 赵玉芬 share it
_sids = itertools.count()


def texts(client: FlaskClient, who: Resident, words: str, **more: str) -> str:  # noqa: F811
    """The one sentence that comes back."""
    form = {
        "MessageSid": f"SM{next(_sids)}",
        "From": who.phone,
        "To": "+8649900000012",
        "Body": words,
        **more,
    }
    answer = post(client, "/twilio/sms", form)
    assert answer.status_code == 200, (words[:20], answer.status_code)
    found = ElementTree.fromstring(answer.data).findall("Message")
    assert len(found) == 1, words[:20]
    return found[0].text or ""


def counted(app: Flask, number: int) -> dict[str, int]:  # noqa: F811
    with app.extensions["xiangyin"].db.read() as s:
        c = matters.find(s, number)
        assert c
        return {key: n for key, n in ballots.tally(s, c).counts.items() if n}


def two_open(app: Flask, who: Resident) -> None:  # noqa: F811
    """12 is open to these people as well."""
    with app.extensions["xiangyin"].db.write() as s:
        other, handset = matters.find(s, 12), residents.handset(s, who.phone)
        assert other and handset
        area = residents.people_on(s, handset.id)[0].area_id
        s.add(ConsultationArea(consultation_id=other.id, area_id=area))
        other.group, other.unit, other.options = "", "person", {"1": "同意", "2": "不同意"}
        other.state, other.opens_at, other.closes_at = "OPEN", clock.now(), clock.now() + timedelta(days=2)


def test_what_was_not_clear_is_asked_in_one_sentence_and_one_digit_answers_it(
    client: FlaskClient,  # noqa: F811
    app: Flask,  # noqa: F811
) -> None:
    for unclear, short, option in (
        ("1和2", "2", "2"),
        ("1不同意", "同意", "1"),
        ("9", "3", "3"),
        ("同意？", "2", "2"),
        ("要是不收钱我就同意", "1", "1"),
        ("찬성 반대 반반", "2", "2"),
        ("I might agree", "1", "1"),
    ):
        before = counted(app, 11)
        asked = texts(client, SUN, unclear)
        assert "11号" in asked and segments(asked).count == 1
        assert "同意回1" in asked or "要改再回一个数" in asked
        assert counted(app, 11) == before  # half a sentence is no vote
        assert "收到：11号" in texts(client, SUN, short)
        assert counted(app, 11) == {option: 1}


def test_which_of_two_matters_is_answered_by_its_number_or_by_its_name(
    client: FlaskClient,  # noqa: F811
    app: Flask,  # noqa: F811
) -> None:
    two_open(app, SUN)
    for words, name, option in (("同意", "11", "1"), ("2", "11号", "2"), ("同意，早该修了", "修路那个", "1")):
        asked = texts(client, SUN, words)
        assert "哪件事" in asked and "11号" in asked and "12号" in asked and segments(asked).count == 1
        assert "收到：11号" in texts(client, SUN, name)
        assert counted(app, 11) == {option: 1}
    # a number that was not among them is asked again, and what was said still waits; other words complete nothing
    texts(client, SUN, "不同意")
    assert "哪件事" in texts(client, SUN, "13") and counted(app, 11) == {"1": 1}
    assert "收到：11号" in texts(client, SUN, "11") and counted(app, 11) == {"2": 1}
    texts(client, SUN, "同意")
    texts(client, SUN, "中不中啊这路")
    assert counted(app, 11) == {"2": 1}


def test_a_shared_handset_answers_the_question_who_with_a_name(client: FlaskClient, app: Flask) -> None:  # noqa: F811
    assert "李守田、赵玉芬" in texts(client, LIU_JIA, "同意") and not counted(app, 11)
    assert "李守田选“同意”" in texts(client, LIU_JIA, "守田")
    assert counted(app, 11) == {"1": 1}


def test_words_and_marks_on_a_matter_that_is_over_are_kept_and_said_to_be(
    client: FlaskClient,  # noqa: F811
    app: Flask,  # noqa: F811
) -> None:
    db = app.extensions["xiangyin"].db
    reply = texts(client, SUN, "15号意见：井盖没盖严，孩子掉进去咋整")
    assert "15号已经截止" in reply and "记下了" in reply and segments(reply).count == 1
    assert "不打分" in (early := texts(client, SUN, "15号打1分，才仨月就漏了")) and "记下了" in early
    assert "截止" in texts(client, SUN, "15号1")
    with db.write() as s:
        c = matters.find(s, 15)
        assert c
        kept = [o.words for o in s.scalars(select(Opinion).where(Opinion.consultation_id == c.id))]
        assert any("井盖没盖严" in w for w in kept) and any("才仨月就漏了" in w for w in kept)
        assert not s.scalar(select(Rating.score).where(Rating.consultation_id == c.id))
        c.state = "DISCLOSED"
    assert "15号" in texts(client, SUN, "15号打1分，原因是管子还漏")
    with db.read() as s:
        c = matters.find(s, 15)
        assert c
        assert s.scalars(select(Rating.score).where(Rating.consultation_id == c.id)).one() == 1
        assert s.scalars(select(Task).where(Task.consultation_id == c.id, Task.why == "rating")).one()
        assert "管子还漏" in [o.words for o in s.scalars(select(Opinion).order_by(Opinion.id))][-1]


def test_a_mark_that_is_none_is_asked_for_again_and_a_digit_answers(client: FlaskClient, app: Flask) -> None:  # noqa: F811
    db = app.extensions["xiangyin"].db
    with db.write() as s:
        c, handset = matters.find(s, 15), residents.handset(s, SUN.phone)
        assert c and handset
        c.state = "DISCLOSED"
        told = Delivery(handset_id=handset.id, channel="sms", lane="bulk", state="delivered", about_id=c.id, due_at=clock.now())  # fmt: skip
        s.add(told)
    for unclear in ("5分？", "9", "1分，非常满意"):
        assert (
            "15号" in (asked := texts(client, SUN, unclear))
            and "很满意5" in asked
            and segments(asked).count == 1
        )
    assert "15号" in texts(client, SUN, "四分") and not counted(app, 11)
    with db.read() as s:
        assert s.scalars(select(Rating.score)).one() == 4


ODD: dict[str, dict[str, Any]] = {
    "absurd digits": {"Body": "9" * 400},
    "sixteen hundred digits": {"Body": "1" * 1600},
    "sixteen hundred characters": {"Body": ("路太窄，车错不开，老人走道都贴着墙根。" * 90)[:1600]},
    "sixteen hundred with a condition at the end": {"Body": "这路早该修了。" * 220 + "不收钱我就同意"},
    "faces": {"Body": "😀😀🙏🏻👩‍👩‍👧‍👦"},
    "a number in many scripts": {"Body": "١٢٣ ⅷ ¾"},
    "empty": {"Body": ""},
    "spaces": {"Body": " \n\t　"},
    "a picture": {"Body": "", "NumMedia": "1", "MediaUrl0": "https://api.twilio.com/M", "MediaContentType0": "image/jpeg"},
    "no such media": {"Body": "", "NumMedia": "many"},
    "ten pictures and no more": {"Body": "", "NumMedia": "99999999999999999999"},
    "signs that hide": {"Body": "\u202e\u200b\u2066"},
    "a byte of nothing": {"Body": "同\x00意？"},
    "markup": {"Body": "<Response><Dial>110</Dial></Response>"},
    "half a character": {"Body": "\ufffd\ufffd"},
}  # fmt: skip


def test_whatever_a_handset_sends_gets_a_sentence_and_is_kept_as_it_came(
    client: FlaskClient,  # noqa: F811
    app: Flask,  # noqa: F811
) -> None:
    db = app.extensions["xiangyin"].db
    for name, form in ODD.items():
        reply = texts(
            client, SUN, **{"words": form["Body"], **{k: v for k, v in form.items() if k != "Body"}}
        )
        assert reply.startswith("【拟柳村委会】") and reply.endswith(("。", "0", "”")), (name, reply)
        assert segments(reply).count <= 2, (name, reply)
        with db.read() as s:
            last = s.scalars(select(InboundEvent).order_by(InboundEvent.id.desc()).limit(1)).one()
            assert last.payload["Body"].replace("\x00", "") == form["Body"].replace("\x00", ""), name
            assert last.error is None, name
    assert not counted(app, 11)  # and none of it was a vote


def test_a_call_and_an_sms_at_the_same_moment_are_both_answered_and_count_once(
    client: FlaskClient,  # noqa: F811
    app: Flask,  # noqa: F811
) -> None:
    call = {"CallSid": "CAboth", "From": SUN.phone, "To": "+8649900000012", "Direction": "inbound"}

    def rings(_: int) -> int:
        return post(app.test_client(), "/twilio/voice", call).status_code

    with ThreadPoolExecutor(4) as pool:
        ringing = list(pool.map(rings, range(3)))
        written = list(pool.map(lambda n: texts(app.test_client(), SUN, "12"[n % 2]), range(6)))
    assert set(ringing) == {200} and all("回执" in reply for reply in written)
    assert sum(counted(app, 11).values()) == 1


@pytest.mark.parametrize("tongue", ["mn-MN", "tlh", "", "zh"])
def test_whoever_is_said_to_speak_a_language_we_have_no_words_in_is_answered_in_ours(
    client: FlaskClient,  # noqa: F811
    app: Flask,  # noqa: F811
    tongue: str,
) -> None:
    with app.extensions["xiangyin"].db.write() as s:
        for person in s.scalars(select(Person).where(Person.name == SUN.name)):
            person.language = tongue
        handset = residents.handset(s, SUN.phone)
        assert handset
        handset.language = tongue or None
    assert "您选“同意”" in texts(client, SUN, "同意")
    call = {"CallSid": f"CA{tongue}", "From": SUN.phone, "To": "+8649900000012", "Direction": "inbound"}
    heard = post(client, "/twilio/voice", call)
    assert heard.status_code == 200 and "请按1" in heard.get_data(as_text=True)


def test_an_objection_without_a_number_waits_for_it_and_keeps_its_reason(
    client: FlaskClient,  # noqa: F811
    app: Flask,  # noqa: F811
) -> None:
    db = app.extensions["xiangyin"].db
    with db.write() as s:
        for number in (11, 15):
            c = matters.find(s, number)
            assert c
            c.state, c.publicity_ends_at = "PUBLICITY", clock.now() + timedelta(days=3)
    asked = texts(client, SUN, "我反对，账没算清")
    assert "哪件事" in asked and "11号" in asked and "15号" in asked
    assert "15号的反对" in texts(client, SUN, "15")
    with db.read() as s:
        assert "账没算清" in s.scalars(select(Objection).order_by(Objection.id.desc()).limit(1)).one().words
