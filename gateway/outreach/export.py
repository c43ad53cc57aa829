"""A broadcast as a table for a spreadsheet program. Numbers are masked; cells can't become formulas."""

import csv
import io
from collections.abc import Iterator
from datetime import datetime
from zoneinfo import ZoneInfo

from sqlalchemy import select
from sqlalchemy.orm import Session

from gateway import phones
from gateway.models.outreach import Broadcast, Delivery
from gateway.models.person import Handset
from gateway.outreach import errors
from gateway.outreach.watching import names_on

BOM = "\ufeff"  # Excel takes a file without it for GBK
_CHUNK = 1000
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "＝", "＋", "－", "＠")
_HEADING = [
    "电话",
    "方式",
    "状态",
    "原因",
    "怎么办",
    "运营商代码",
    "次数",
    "交给运营商",
    "有结果",
    "听到哪里",
]
_WAYS = {"sms": "短信", "voice": "电话"}
_STATES = {
    "planned": "排队", "claimed": "排队", "submitting": "正在交出", "unknown": "待核实", "accepted": "已交运营商",
    "sent": "已发出", "delivered": "已送到", "undelivered": "没送到", "failed": "没送到",
}  # fmt: skip
_HEARD = {
    "asked": "接了，不是本人",
    "answered": "接了",
    "machine": "录音电话",
    "to_end": "听完了",
    "understood": "按键了",
}


def cell(value: object) -> str:
    """Text that a spreadsheet program shows and never runs (OWASP, CSV injection)."""
    text = str(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def lines(
    s: Session, zone: ZoneInfo, b: Broadcast, *, names: bool, within: list[int] | None = None
) -> Iterator[str]:
    """CSV text, piece by piece: a heading, then a line for each delivery. ``names`` only for those who may see
    them (and only of people in the areas ``within``, if given); times are the village's."""
    yield BOM + _csv([[*(["姓名"] if names else []), *_HEADING]])
    last = 0
    while rows := s.execute(
        select(Delivery, Handset.number)
        .join(Handset, Handset.id == Delivery.handset_id)
        .where(Delivery.broadcast_id == b.id, Delivery.id > last)
        .order_by(Delivery.id)
        .limit(_CHUNK)
    ).all():
        last = rows[-1][0].id
        people = names_on(s, {d.handset_id for d, _ in rows}, within) if names else {}
        table = [
            [*(["、".join(people.get(d.handset_id, []))] if names else []), *_facts(d, number, zone)]
            for d, number in rows
        ]
        s.expunge_all()  # memory stays flat
        yield _csv(table)


def _facts(d: Delivery, number: str, zone: ZoneInfo) -> list[object]:
    failed = d.state in ("failed", "undelivered")
    trouble = errors.trouble(d.error)
    return [
        phones.mask(number),
        _WAYS.get(d.channel, d.channel),
        _STATES.get(d.state, d.state),
        trouble.words if failed else "",
        trouble.advice if failed else "",
        d.error or "",
        d.attempts,
        _time(d.submitted_at, zone),
        _time(d.settled_at, zone),
        _HEARD.get(d.heard or "", ""),
    ]


def _time(moment: datetime | None, zone: ZoneInfo) -> str:
    return f"{moment.astimezone(zone):%Y-%m-%d %H:%M:%S}" if moment else ""


def _csv(rows: list[list[object]] | list[list[str]]) -> str:
    out = io.StringIO()
    csv.writer(out, lineterminator="\r\n").writerows([[cell(value) for value in row] for row in rows])
    return out.getvalue()
