"""Rows: planning, claiming and settling, importing; beside the least a database can do for the same rows."""

import csv
import gc
import io
import json
import statistics
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from sqlalchemy import func, select, text

from bench import village
from gateway import clock
from gateway.carriers.base import Accepted
from gateway.db import vault
from gateway.models.area import Area
from gateway.models.outreach import Broadcast, Delivery
from gateway.models.person import Person
from gateway.outreach import claiming, settling
from gateway.people import roster, rosterfile
from gateway.runtime import Runtime

ROWS, ROUNDS, CHUNK = 100_000, 3, 400  # a chunk as the outbox takes it, 100 at once


def timed(what: Callable[[], object]) -> float:
    begin = time.perf_counter()
    what()
    return time.perf_counter() - begin


def main() -> None:
    """Both databases, one after the other."""
    with village.databases() as urls:
        for name, url in urls.items():
            print(f"\n{name}: {ROWS} rows, median of {ROUNDS} rounds")
            with tempfile.TemporaryDirectory() as folder:
                rt = village.runtime(Path(folder), url)
                _import(rt)
                area_id = _only_area(rt)
                _planning(rt, area_id)
                _claiming(rt, area_id)
                rt.close()


def _only_area(rt: Runtime) -> int:
    with rt.db.read() as s:
        return s.scalars(select(Area.id)).one()


def _name(n: int) -> str:
    """A made-up name; a few dozen people share each."""
    return "王李张刘陈杨赵黄周吴"[n % 10] + chr(0x4E00 + n // 10 % 60) + chr(0x4E00 + n // 600 % 60)


def _import(rt: Runtime) -> None:
    """A roster of that many people, read, checked against what is known and stored, beside the least a database can
    do: rows that were prepared before (numbers sealed, keys known) into the same four tables with their indexes and
    foreign keys, by executemany on SQLite and COPY on PostgreSQL, in one transaction. The tables are empty before
    every round of either."""
    out = io.StringIO()
    table = csv.writer(out)
    table.writerow(["姓名", "电话", "村", "户号"])
    table.writerows(
        [[_name(n), number[3:], "拟柳村", f"H{n // 3}"] for n, number in enumerate(village.numbers(ROWS))]
    )
    data = out.getvalue().encode()
    with rt.db.write() as s:
        s.add(Area(code="B", name="拟柳村", path="/B/", signature="拟柳村委会"))
    with rt.db.read() as s:
        area = s.scalars(select(Area)).one()
    prepared = _prepared(rt, area.id)
    gc.freeze()  # the floor's million objects must not slow the import's garbage collections

    def floor() -> None:
        with rt.db.write() as s:
            connection = s.connection()
            cursor = connection.connection.cursor()
            for name, columns, rows in prepared:
                if rt.db.sqlite:
                    marks = ", ".join("?" for _ in columns)
                    cursor.executemany(f"INSERT INTO {name} ({', '.join(columns)}) VALUES ({marks})", rows)
                else:
                    with cursor.copy(f"COPY {name} ({', '.join(columns)}) FROM STDIN") as copy:
                        for row in rows:
                            copy.write_row(row)

    def ours() -> None:
        plan = roster.apply(rt.db, rosterfile.read(data, "roster.csv"), area, "cli")
        assert len(plan.rejected) == 0

    bare_times, our_times = [], []
    for _ in range(ROUNDS):
        _emptied(rt)
        bare_times.append(timed(floor))
        _emptied(rt)
        our_times.append(timed(ours))
    again = timed(ours)
    with rt.db.read() as s:
        assert s.scalar(select(func.count()).select_from(Person)) == ROWS
    bare, first = statistics.median(bare_times), statistics.median(our_times)
    print(
        f"roster import {first:6.2f} s, again {again:5.2f} s   prepared rows into the same tables {bare:5.2f} s   ratio {first / bare:4.1f} ×"
    )


def _prepared(rt: Runtime, area_id: int) -> list[tuple[str, tuple[str, ...], list[tuple[object, ...]]]]:
    """(table, columns, rows) of the whole roster, as the driver takes them."""
    now = str(clock.now().replace(tzinfo=None)) if rt.db.sqlite else clock.now()
    numbers, seal, index = village.numbers(ROWS), vault().seal, vault().index
    told = ("sex", "birth_year", "group_name", "language", "registered", "prefers", "sms_consent")
    same = ("lives", "state", "needs", "tags", "owner", "floor_area", "voice_consent", "created_at")
    of_all = ("local", "rostered", "[]", "[]", False, None, True, now)
    said = (None, None, "", "zh-CN", True, "sms", True)
    return [
        (
            "households", ("id", "area_id", "code", "created_at"),
            [(n + 1, area_id, f"H{n}", now) for n in range(ROWS // 3 + 1)],
        ),
        (
            "people", ("id", "area_id", "household_id", "name", *told, *same),
            [(n + 1, area_id, n // 3 + 1, _name(n), *said, *of_all) for n in range(ROWS)],
        ),
        (
            "handsets", ("id", "number", "number_index", "tail", "kind", "created_at"),
            [(n + 1, seal(x), index(x), x[-4:], "mobile", now) for n, x in enumerate(numbers)],
        ),
        ("person_handsets", ("person_id", "handset_id"), [(n + 1, n + 1) for n in range(ROWS)]),
    ]  # fmt: skip


def _emptied(rt: Runtime) -> None:
    with rt.db.write() as s:
        if rt.db.sqlite:
            s.execute(text("UPDATE households SET delegate_id = NULL"))
            for name in ("person_handsets", "handsets", "people", "households"):
                s.execute(text(f"DELETE FROM {name}"))
        else:
            s.execute(text("TRUNCATE person_handsets, handsets, people, households CASCADE"))


def _planning(rt: Runtime, area_id: int) -> None:
    """One INSERT … SELECT of the whole audience, beside one that takes every handset as it is."""
    bare_times, our_times = [], []
    bare = text(
        "INSERT INTO deliveries (broadcast_id, handset_id, channel, lane, state, attempts, day_attempts, tries, due_at)"
        " SELECT :b, id, 'sms', 'bulk', 'planned', 0, 0, 0, :now FROM handsets"
    )

    def floor_of(draft: int) -> None:
        with rt.db.write() as s:
            s.execute(bare, {"b": draft, "now": clock.now().isoformat()})

    for _ in range(ROUNDS):
        draft = village.broadcast(rt, area_id, start=False)
        _cleared(rt)
        bare_times.append(timed(lambda draft=draft: floor_of(draft)))  # type: ignore[misc]
        _cleared(rt)
        our_times.append(timed(lambda: village.broadcast(rt, area_id)))
        with rt.db.read() as s:
            assert s.scalar(select(func.count()).select_from(Delivery)) == ROWS
    ours, floor = statistics.median(our_times), statistics.median(bare_times)
    print(f"planning      {ours:6.2f} s   bare INSERT … SELECT {floor:5.2f} s   ratio {ours / floor:4.1f} ×")


def _cleared(rt: Runtime) -> None:
    """No delivery, and nothing left over that the next transaction would have to tidy up."""
    with rt.db.write() as s:
        s.execute(text("UPDATE broadcasts SET state = 'done'"))
        s.execute(text("DELETE FROM deliveries" if rt.db.sqlite else "TRUNCATE deliveries, delivery_events"))
    if rt.db.sqlite:
        with rt.db.read() as s:
            s.execute(text("PRAGMA wal_checkpoint(TRUNCATE)")).all()


def _claiming(rt: Runtime, area_id: int) -> None:
    """Claim (and submit) and settle every row, without a carrier: microseconds a row; then once more for the memory."""
    spent, _, _ = _cycle(rt, area_id)
    tracemalloc.start()  # makes everything two to four times slower: never while a clock is read
    _, first, peak = _cycle(rt, area_id)
    tracemalloc.stop()
    each = "  ".join(f"{name} {seconds / ROWS * 1e6:4.1f}" for name, seconds in spent.items())
    ours, bare = sum(spent.values()), _bare_cycle(rt, area_id)
    print(
        f"µs a row      {each}  sum {ours / ROWS * 1e6:4.1f}   memory peak {peak / 1e6:.1f} MB (after five chunks {first / 1e6:.1f})"
    )
    print(
        f"              the two UPDATEs and their commits alone {bare / ROWS * 1e6:4.1f}   ratio {ours / bare:4.1f} ×"
    )


_TAKE = """
UPDATE deliveries SET state = 'submitting', lease_until = :then, leased_by = 'bench:1', tries = tries + 1,
  submitted_at = :now, sender = :sender
WHERE id {in_} (SELECT id FROM deliveries WHERE state = 'planned' AND lane = 'bulk' AND broadcast_id = :b
             ORDER BY due_at LIMIT :size){end}
RETURNING id, tries
"""
_SETTLE = """
UPDATE deliveries SET state = 'accepted', carrier_id = r.sid, day = '2026-01-01', day_attempts = 1,
  attempts = attempts + 1, lease_until = :then
FROM ({rows}) AS r WHERE deliveries.id = r.id AND tries = r.n
"""


def _bare_cycle(rt: Runtime, area_id: int) -> float:
    """Seconds for the least that the same rows in the same table with the same indexes can cost: one writer, no
    consent, no numbers, no look at what came before."""
    _cleared(rt)
    b = village.broadcast(rt, area_id)
    # PostgreSQL: the sub-select once, then the rows by their key, see gateway.lists.once
    once = {"in_": "IN", "end": ""} if rt.db.sqlite else {"in_": "= ANY (ARRAY", "end": ")"}
    taking = text(_TAKE.format(**once))
    settle = text(_SETTLE.format(rows=settling.ROWS["sqlite" if rt.db.sqlite else "postgresql"]))
    now, then = str(clock.now()), str(clock.now() + settling.LOOK_AGAIN)
    take = {"b": b, "size": CHUNK, "now": now, "then": then, "sender": village.HOTLINE}
    spent, done = 0.0, 0
    while True:
        begin = time.perf_counter()
        with rt.db.write() as s:
            rows = s.execute(taking, take).all()
        spent += time.perf_counter() - begin
        if not rows:
            assert done == ROWS
            return spent
        answers = json.dumps([(id, n, f"SM{id:032d}") for id, n in rows])
        begin = time.perf_counter()
        with rt.db.write() as s:
            s.execute(settle, {"rows": answers, "then": then})
        spent += time.perf_counter() - begin
        done += len(rows)


def _cycle(rt: Runtime, area_id: int) -> tuple[dict[str, float], int, int]:
    """Seconds spent in each step; traced memory at its highest after two batches, and at the end."""
    _cleared(rt)
    village.broadcast(rt, area_id)
    spent = dict.fromkeys(("claim", "settle"), 0.0)
    peak_first = 0
    done = 0
    while True:
        with rt.db.read() as s:
            sources = claiming.sources(s, rt.settings, "bulk")
        if not sources:
            break
        begin = time.perf_counter()
        items = claiming.claim(rt, sources[0], CHUNK, straight=True) or []
        spent["claim"] += time.perf_counter() - begin
        outcomes = [settling.Outcome(i, accepted=Accepted(f"SM{i.id:032d}", "queued")) for i in items]
        begin = time.perf_counter()
        settling.settle(rt, outcomes)
        spent["settle"] += time.perf_counter() - begin
        done += len(items)
        if done <= 5 * CHUNK:
            peak_first = tracemalloc.get_traced_memory()[1]
    peak = tracemalloc.get_traced_memory()[1]
    assert done == ROWS
    with rt.db.read() as s:
        assert s.scalar(select(func.count()).where(Delivery.state == "accepted")) == ROWS
        assert s.scalar(select(Broadcast.id).order_by(Broadcast.id.desc()).limit(1))
    return spent, peak_first, peak


if __name__ == "__main__":
    main()
