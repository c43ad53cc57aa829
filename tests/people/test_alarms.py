"""Alarms: raised by many at once, seen by those who can do something about it, and over when that is done."""

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

from sqlalchemy import select

from gateway import actions
from gateway.models.answer import Opinion
from gateway.models.organizer import Audit, Fact
from gateway.people import alarms, residents
from gateway.runtime import Runtime
from tests.admin.panel import Panel, organizer
from tests.conftest import ELSEWHERE, SUN
from tests.resident import text


def test_processes_that_note_the_same_fact_at_once_lose_nothing(each_village: Runtime) -> None:
    together = Barrier(6)

    def note(n: int) -> None:
        together.wait()
        with each_village.db.write() as s:
            Fact.put(s, "alarm:carrier", f"第{n}个")
            Fact.put(s, f"note:{n}", "kept")

    for _ in range(5):
        with ThreadPoolExecutor(6) as pool:
            list(pool.map(note, range(6)))
        with each_village.db.write() as s:
            facts = dict(s.execute(select(Fact.name, Fact.value)).all())
            assert facts["alarm:carrier"].startswith("第")
            assert [facts[f"note:{n}"] for n in range(6)] == ["kept"] * 6
            alarms.clear(s, "carrier")


def test_an_emergency_is_seen_where_it_happened_and_ends_when_somebody_has_rung(
    each_village: Runtime,
) -> None:
    text(each_village, SUN, "着火了快来人")
    text(each_village, ELSEWHERE, "着火了快来人")
    qian, hu = organizer(each_village, "qianxiaoman"), organizer(each_village, "huwenshu")
    with each_village.db.read() as s:
        assert [a.name for a in alarms.seen_by(s, qian)] == ["emergency"]
        assert [a.name for a in alarms.seen_by(s, organizer(each_village, "miaozhuren"))] == []
        mine = s.scalars(select(Opinion).where(Opinion.kind == "emergency").order_by(Opinion.id)).first()
        assert mine
    panel = Panel(each_village, "qianxiaoman")
    assert "急事短信" in panel.get("/admin/")
    panel.get("/admin/inbox/")
    panel.send(f"/admin/opinions/{mine.id}/done", back="/admin/")
    assert "急事短信" not in panel.page
    with each_village.db.read() as s:
        assert alarms.seen_by(s, qian) == []
        assert [a.name for a in alarms.seen_by(s, hu)] == ["emergency"]  # the other village's still waits


def test_an_alarm_can_be_put_away_which_is_written_down_and_comes_back_when_it_happens_again(
    village: Runtime,
) -> None:
    village.raise_alarm("carrier", "运营商不认这个账号")
    panel = Panel(village, "qianxiaoman")
    assert "运营商不认这个账号" in panel.get("/admin/")
    assert "运营商不认这个账号" not in panel.send("/admin/alarms/carrier/dismiss")
    with village.db.read() as s:
        done = s.scalars(select(Audit).where(Audit.verb == "alarm_dismiss")).one()
        assert done.subject == "alarm:carrier" and done.actor.startswith("organizer:")
    village.raise_alarm("carrier", "运营商不认这个账号")
    assert "运营商不认这个账号" in panel.get("/admin/")


def test_who_only_looks_puts_no_alarm_away(village: Runtime) -> None:
    with village.db.write() as s:
        phone = residents.handset(s, SUN.phone)
        assert phone
        alarms.ring(s, "inbound", "请回电", actions.call_back(s, phone, None, "喂", "voice"))
    evaluator = Panel(village, "pinggu")
    assert "请回电" not in evaluator.get(
        "/admin/"
    )  # nor told of it: what it points to is closed to those who judge
    evaluator.get("/admin/account")
    assert evaluator.post("/admin/alarms/inbound/dismiss").status_code == 403
    with village.db.read() as s:
        assert Runtime.alarms(s) == ["请回电"]
