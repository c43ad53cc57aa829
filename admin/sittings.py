"""Who sat together about a matter, for its archive: meetings with their minutes, sides, mandates, assessments."""

from collections import Counter
from collections.abc import Iterator
from typing import Any

from admin import words
from admin.tables import table
from gateway.bundle import File
from gateway.consultation import assessments, meetings, proxies, subjects


def files(r: Any) -> Iterator[File]:
    """What of it may leave the office; ``r`` is the :class:`admin.records.Records` that asks."""
    held = meetings.of(r.s, r.c)
    heading = [
        "序号",
        "什么会",
        "时间",
        "地点",
        "怎样了",
        "请了几人",
        "说来的",
        "要发言的",
        "到场",
        "能不能在电话里听",
    ]
    yield File("meetings/meetings.csv", "协商会：听证、恳谈、议事", table(heading, _meetings(r, held)))
    for n, m in enumerate(held, 1):
        if m.minutes and not m.kind.small:  # a talk with one or a few tells who they are: sealed
            yield File(
                f"meetings/minutes-{n:02d}.txt", f"会议记录：{m.kind.name}", [r.hush(m.minutes) + "\n"]
            )
    sides = (
        [
            words.SUBJECTS.get(side.subject, side.subject),
            "是" if side.affected else "",
            side.asked,
            side.invited,
        ]
        for side in subjects.coverage(r.s, r.c)
    )
    yield File(
        "meetings/sides.csv", "哪些方面有人参加", table(["哪一方", "受影响", "问了几人", "请了几人"], sides)
    )
    found = reversed(assessments.of(r.s, r.c))
    rows = ([r.day(a.created_at), a.author, a.summary, a.file_name] for a in found)
    yield File(
        "meetings/assessments.csv", "专家和第三方论证", table(["日期", "谁论证的", "一句话", "文件"], rows)
    )
    states = Counter(p.state for p in proxies.of(r.s, r.c))
    yield File(
        "meetings/mandates.csv", "委托：几份、怎样了", table(["怎样了", "几份"], sorted(states.items()))
    )


def _meetings(r: Any, held: list[Any]) -> Iterator[list[object]]:
    for n, m in enumerate(held, 1):
        asked = [i for i, _p in meetings.invited(r.s, m)]
        yield [
            n, m.kind.name, r.time(m.starts_at), m.place, words.MEETINGS.get(m.state, m.state), len(asked),
            sum(i.answer == "yes" for i in asked), sum(i.speaks for i in asked), m.attendance, "能" if m.listen else "",
        ]  # fmt: skip
