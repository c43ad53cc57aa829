"""From the effect to the closed file, as organizers do it and residents hear it."""

from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import clock
from gateway.consultation import clockwork, followup, guards, lifecycle, matters, ratings
from gateway.consultation.refusal import Refused
from gateway.models.answer import Opinion
from gateway.models.consultation import Consultation, Notice
from gateway.models.followup import Evaluation, Task
from gateway.models.outreach import Delivery
from gateway.models.person import Person
from gateway.outreach import notices
from gateway.runtime import Runtime
from gateway.text import segments
from tests.admin.panel import Panel
from tests.conftest import SUN
from tests.consultation.procedure import MIAO, OFFICER, QIAN, by, drafted, end_of, knock, publish, published
from tests.resident import Call, text


def in_force(s: Session, code: str = "NL") -> Consultation:
    """A result that took effect."""
    c = published(s, code)
    knock(s, c)
    assert c.publicity_ends_at
    c.publicity_ends_at = clock.now() - timedelta(hours=1)
    clockwork.tick(s)
    assert c.state == "EFFECTIVE"
    return c


def disclosed(s: Session, code: str = "NL") -> Consultation:
    c = in_force(s, code)
    followup.finish(s, followup.plan(s, c, "cli", "装灯", "电工", end_of(5)), "cli", "三盏都亮了")
    followup.disclose(s, c, "cli", "三盏灯装好了", ["board", "sms"])
    return c


def told(s: Session, c: Consultation, stage: str) -> Notice:
    return s.scalars(select(Notice).where(Notice.consultation_id == c.id, Notice.stage == stage)).one()


def test_from_effect_to_the_closed_file(village: Runtime) -> None:
    with village.db.write() as s:
        id = in_force(s).id
    here = f"/admin/consultations/{id}"
    qian = Panel(village, QIAN)
    assert "还没安排谁来办" in qian.get(here) or "安排一项" in qian.page
    qian.send(here + "/tasks", what="装三盏灯", owner="电工老赵", due=f"{end_of(20):%Y-%m-%d}")
    assert "装三盏灯" in qian.page and "电工老赵" in qian.page
    assert "正在告诉大家" in qian.send(here + "/progress", progress="杆子立好了，后天接线")
    assert "还有没办完的" in qian.page  # not to be made public yet
    assert "还有没办完的" in qian.send(here + "/disclose", words="灯亮了", channels=["board"])
    with village.db.read() as s:
        task = s.scalars(select(Task).where(Task.consultation_id == id)).one()
    assert "记下了" in qian.send(here + "/tasks/done", task=str(task.id), proof="三盏都亮，发票在村部")
    assert "请选在哪儿公开的" in qian.send(here + "/disclose", words="灯亮了")
    assert "公开了" in qian.send(here + "/disclose", words="三盏灯装好了", channels=["board", "sms"])
    judge = Panel(village, "pinggu")
    judge.get(here)
    form = {"evaluator": "县农大", "findings": "两盏偏暗", "summary": "灯都亮，有两盏偏暗"}
    more = {"mend": "换两个灯泡", "owner": "电工老赵", "due": f"{end_of(9):%Y-%m-%d}"}
    assert "正在告诉居民" in judge.send(here + "/evaluate", **form, **more)
    qian.get(here)
    assert "四家都报了才能归档" in qian.page or "还有没办完的" in qian.page
    with village.db.read() as s:
        mend = s.scalars(select(Task).where(Task.why == "evaluation")).one()
    qian.send(here + "/tasks/done", task=str(mend.id), proof="换了")
    assert "四家都报了才能归档" in qian.page
    for whom in ("party", "committee", "supervision"):
        qian.send(here + "/evaluation/reported", whom=whom)
    assert "办结归档了" in qian.send(here + "/file")
    with village.db.read() as s:
        c = s.get_one(Consultation, id)
        assert c.state == "CLOSED"
        for stage in ("progress", "implementation", "evaluation"):
            assert segments(told(s, c, stage).sms).count == 1


def test_residents_hear_how_far_it_is_and_may_say_what_they_think(village: Runtime) -> None:
    with village.db.write() as s:
        c = in_force(s)
        followup.plan(s, c, "cli", "装灯", "电工", end_of(5))
        followup.progress(s, c, "cli", "杆子立好了")
        number = c.number
    call = Call(village, SUN)
    heard = call.heard
    for _ in range(3):
        if "请按3" in heard and "结果" in heard:
            break
        heard = call.press("1")
    assert "杆子立好了" in call.press("3") + call.press("1")
    assert "记下了" in text(village, SUN, f"意见{number}号杆子立歪了")


@pytest.mark.parametrize("late", [False, True])
def test_what_nobody_has_done_by_its_day_is_on_the_first_page(village: Runtime, late: bool) -> None:
    with village.db.write() as s:
        followup.plan(s, in_force(s), "cli", "接电线", "电工", end_of(3))
    with time_machine.travel(end_of(4 if late else 2), tick=True):
        assert ("接电线" in Panel(village, QIAN).get("/admin/")) == late


def rate(s: Session, c: Consultation, *scores: int) -> None:
    people = s.scalars(select(Person).where(Person.area_id == c.area_id).order_by(Person.id)).all()
    for person, score in zip(people, scores, strict=False):
        ratings.rate(s, c, person, score, "sms")
        followup.bad_mark(s, c)


@pytest.mark.parametrize(
    ("scores", "asked"), [((3, 3, 3), False), ((3, 3, 2), True), ((1, 1), False), ((5, 1, 1, 4), True)]
)
def test_a_mean_below_three_asks_somebody_to_look_after_it(
    village: Runtime, scores: tuple[int, ...], asked: bool
) -> None:
    with village.db.write() as s:
        c = disclosed(s)
        rate(s, c, *scores)
        found = s.scalars(select(Task).where(Task.consultation_id == c.id, Task.why == "rating")).all()
        assert len(found) == (1 if asked else 0)  # one, however many bad marks


@pytest.mark.parametrize("words", ["1分，灯装歪了照不着路", "1 太慢"])
def test_a_one_with_its_reason_is_looked_after_at_once(village: Runtime, words: str) -> None:
    with village.db.write() as s:
        disclosed(s)
        notices.pick_up(s, village.settings)
        for d in s.scalars(select(Delivery).where(Delivery.broadcast_id.is_not(None))):
            d.state = "delivered"
    assert "1分" in text(village, SUN, words)
    with village.db.read() as s:
        task = s.scalars(select(Task).where(Task.why == "rating")).one()
        assert "说了原因" in task.what and task.owner


@pytest.mark.parametrize("mark", ["{number}号1分", "{number}号1分，太差"])
def test_a_bare_mark_with_its_matters_number_is_no_reason_and_no_opinion(village: Runtime, mark: str) -> None:
    with village.db.write() as s:
        number = disclosed(s).number
    assert "1分" in text(village, SUN, mark.format(number=number))
    with village.db.read() as s:
        assert s.scalars(select(Task).where(Task.why == "rating")).all() == []
        about = select(Opinion).join(Consultation, Consultation.id == Opinion.consultation_id)
        assert s.scalars(about.where(Consultation.number == number)).all() == []


def test_what_the_government_asked_for_is_reported_answered_and_told(village: Runtime) -> None:
    with village.db.write() as s:
        id = drafted(s, "NL", commissioned_by="镇民政办").id
    here = f"/admin/consultations/{id}"
    qian = Panel(village, QIAN)
    assert "还没报" in qian.get(here)
    qian.send(here + "/step/report", reason="纸送到民政办，老周收的")
    assert "等答复" in qian.page
    assert "答复记下了" in qian.send(here + "/answer", answer="同意，下月补上两户")
    with village.db.write() as s:
        c = s.get_one(Consultation, id)
        assert "已报给镇民政办" in told(s, c, "reported").sms
        assert "镇民政办答复：同意" in told(s, c, "replied").sms
        publish(s, c)
    assert "下面是现在的样子" in qian.send(here + "/answer", answer="同意，下月补上两户")


def test_an_unanswered_report_is_overdue_and_the_townships(village: Runtime) -> None:
    with village.db.write() as s:
        c = drafted(s, "NL", commissioned_by="镇民政办")
        followup.report(s, c, "cli", "送到民政办")
        id = c.id
    with time_machine.travel(end_of(16), tick=True), village.db.read() as s:
        c = s.get_one(Consultation, id)
        assert lifecycle.overdue(c) and lifecycle.owner(c) == "township"
        assert "村口装路灯" in Panel(village, OFFICER).get("/admin/")


@pytest.mark.parametrize(
    ("what", "owner", "days"),
    [("", "电工", 5), ("装灯", "", 5), ("装灯", "电工", -1), ("装灯", "电工", None)],
)
def test_a_task_needs_a_deed_an_owner_and_a_day_to_come(
    village: Runtime, what: str, owner: str, days: int | None
) -> None:
    with village.db.write() as s:
        c = in_force(s)
        with pytest.raises(Refused):
            followup.plan(s, c, "cli", what, owner, end_of(days) if days is not None else None)
        assert c.state == "EFFECTIVE"


def test_nothing_is_carried_out_that_is_not_in_force(village: Runtime) -> None:
    with village.db.write() as s, pytest.raises(Refused, match="还没生效"):
        followup.plan(s, published(s), "cli", "装灯", "电工", end_of(5))


def test_a_closed_file_is_reopened_by_law_only(village: Runtime) -> None:
    with village.db.write() as s:
        c = matters.find(s, 12)
        assert c and c.state == "CLOSED"
        assert s.scalars(select(Evaluation).where(Evaluation.consultation_id == c.id)).one().reported
        assert lifecycle.allowed(c) == ["order_correction"]
        with pytest.raises(Refused):
            lifecycle.move(s, c, "order_correction", by(s, MIAO), "土地承包法第52条")


@pytest.mark.parametrize(
    "state", ["ASSEMBLY", "REJECTED", "SUSPENDED", "CORRECTION_ORDERED", "ANNULLED", "REVISED"]
)
def test_residents_can_ask_how_it_stands_in_every_state(village: Runtime, state: str) -> None:
    with village.db.write() as s:
        c = drafted(s, "NL")
        c.state, number = state, c.number
    reply = text(village, SUN, f"{number}号办得咋样了")
    assert state not in reply and "村口装路灯" in reply
    call = Call(village, SUN)
    heard = call.press("3")
    for _ in range(4):
        if "村口装路灯" in heard:
            break
        heard = call.press("3") if "别的" in heard else call.press("1")
    assert "村口装路灯" in heard


def test_guards_name_their_source() -> None:
    rules = [rule for rule in vars(guards).values() if isinstance(rule, guards.Rule)]
    assert len(rules) > 10
    assert all(rule.source or rule is guards.NO_REASON for rule in rules)


def test_the_area_leads_what_is_reopened(village: Runtime) -> None:
    with village.db.write() as s:
        c = disclosed(s)
        lifecycle.must(s, c, "order_correction", by(s, OFFICER), "招标投标法第4条")
        assert (c.state, lifecycle.owner(c)) == ("CORRECTION_ORDERED", "lead")
        assert {"revise", "annul"} <= set(lifecycle.allowed(c))
