"""What organizers are told about a broadcast, the same on both databases."""

from datetime import timedelta

from sqlalchemy import select

from gateway import clock
from gateway.models.area import Area
from gateway.models.outreach import Delivery
from gateway.outreach import audience, broadcasts, export, stuck, watching
from gateway.outreach.audience import Audience
from gateway.runtime import Runtime


def test_a_broadcast_is_counted_explained_and_exported(each_village: Runtime) -> None:
    rt, now = each_village, clock.now()
    with rt.db.write() as s:
        area = s.scalars(select(Area).where(Area.code == "XQ")).one()
        b = broadcasts.create(s, area=area, sms="【虚泉镇政府】停水")
        planned = broadcasts.start(s, rt.settings, b)
        rows = list(s.scalars(select(Delivery).where(Delivery.broadcast_id == b.id).order_by(Delivery.id)))
        assert len(rows) == planned
        for row, (state, error) in zip(
            rows, (("delivered", None), ("failed", "21211"), ("undelivered", "21217")), strict=False
        ):
            row.state, row.error, row.submitted_at = state, error, now
        rows[3].due_at, rows[3].error = now + timedelta(hours=1), "no-answer"
        s.flush()
        seen = watching.progress(s, b)
        assert (seen.counts["planned"], seen.counts["delivered"]) == (planned - 3, 1)
        assert seen.per_minute > 0 and seen.seconds_left and seen.seconds_left > 0
        assert [(t.words, n) for t, n in watching.troubles(s, b)] == [
            ("号码不对", 2)
        ]  # two codes, one meaning
        waits = {w.words: w.count for w in watching.waiting(s, rt.settings, b)}
        assert waits.pop("排着队，马上就发") == planned - 4
        assert [(words[:4], n) for words, n in waits.items()] == [("没人接，", 1)]
        assert stuck.alarms(s, rt.settings) == []
        rows[5].lease_until, rows[5].state = now - timedelta(minutes=6), "claimed"
        s.flush()
        assert len(stuck.alarms(s, rt.settings)) == 1
        text = "".join(export.lines(s, rt.settings.zone, b, names=True))
        assert text.count("\r\n") == planned + 1 and "no-answer" in text


def test_choices_and_doors_come_from_the_rosters(each_village: Runtime) -> None:
    with each_village.db.write() as s:
        area = s.scalars(select(Area).where(Area.code == "FQ")).one()
        found = audience.choices(s, [area.id])
        assert found.groups == ["一组", "二组"] and found.languages == ["ko", "zh-CN"]
        assert "villager_rep" in found.tags
        top = s.scalars(select(Area).where(Area.code == "XQ")).one()
        b = broadcasts.create(s, area=top, sms="停水", channel="sms", to=Audience(group="一组"))
        doors = watching.doors(s, b)
        assert [(d.area, d.household, d.name) for d in doors if d.area == "拟柳村"] == [
            ("拟柳村", "H01", "王德顺"), ("拟柳村", "H01", "刘桂兰"),
        ]  # fmt: skip
        assert {d.why for d in doors} == {"电话不能通知"}
        assert all(d.area == "仿桥村" for d in watching.doors(s, b, within=[area.id]))
