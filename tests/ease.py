"""How hard the hotline is: every task's key presses, prompts and seconds, measured on real calls to the sample village,
and the same tasks by SMS.

``python -m tests.ease`` writes the table to docs/ease.md; tests/test_ease.py holds it to its goals.
"""

import re
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import select, update

from admin import answers
from gateway import clock
from gateway.consultation import matters, objections
from gateway.ivr.render import split_speech
from gateway.models.area import Area
from gateway.models.consultation import Consultation
from gateway.models.conversation import Conversation
from gateway.models.outreach import Delivery
from gateway.outreach import broadcasts
from gateway.people import residents
from gateway.runtime import Runtime
from gateway.text import segments
from tests.calls import Call
from tests.conftest import OWNER, STRANGER, SUN, WANG, Resident
from tests.resident import text

PACE = 4.0  # syllables a second: an unhurried Mandarin speaker
PRESS = 1.0  # seconds between the words and the key
TABLE = Path(__file__).parent.parent / "docs" / "ease.md"
FAN = Resident("范长生", "+8649900000401")  # a landline of the community whose matter 16 is in publicity

Prepare = Callable[
    [Runtime, str], str
]  # what must have happened before; the address a call of ours begins at, or “”


def nothing(rt: Runtime, phone: str) -> str:
    return ""


def called(number: int, stage: str) -> Prepare:
    """We ring about a matter."""

    def ring(rt: Runtime, phone: str) -> str:
        with rt.db.write() as s:
            c = matters.find(s, number)
            handset = residents.handset(s, phone)
            assert c is not None and handset is not None
            b = broadcasts.create(
                s, area=s.get_one(Area, c.area_id), sms="有事", channel="voice", consultation_id=c.id, stage=stage,
            )  # fmt: skip
            d = Delivery(
                broadcast_id=b.id, handset_id=handset.id, channel="voice", lane="calls", state="submitting", tries=1, due_at=clock.now(),
            )  # fmt: skip
            s.add(d)
            s.flush()
            return f"/twilio/voice?d={d.id}&n=1"

    return ring


def explained(rt: Runtime, phone: str) -> str:
    """They objected by telephone, and are rung with the answer."""
    with rt.db.write() as s:
        c = matters.find(s, 16)
        handset = residents.handset(s, phone)
        assert c is not None and handset is not None
        who = residents.people_on(s, handset.id)[0]
        made = objections.open_(s, c, who, "太吵", "voice", handset_id=handset.id)
        assert answers.explained(s, made, "晚上八点以后不放了")
        d = s.scalars(select(Delivery).where(Delivery.subject == f"objection:{made.id}")).one()
        d.state, d.tries = "submitting", 1
        return f"/twilio/voice?d={d.id}&n=1"


def carried_out(rt: Runtime, phone: str) -> str:
    """The pipes of matter 15 are laid, and residents are asked how they find them."""
    with rt.db.write() as s:
        s.scalars(select(Consultation).where(Consultation.number == 15)).one().state = "DISCLOSED"
    return ""


@dataclass(frozen=True)
class Task:
    """Something a resident wants: who rings, the keys they press, and the same by SMS."""

    name: str
    who: Resident
    keys: tuple[str, ...]
    done: str  # words by which it shows that they got there
    reached: int  # after how many of the keys it is about nothing else
    sms: str = ""  # “” where a call of ours is answered: its SMS is another task
    told: str = ""  # words of the answer
    before: Prepare = nothing
    first: str = ""  # an SMS that must have been sent before that one


TASKS = (
    Task("answer an open matter", SUN, ("1", "1", "1"), "记下了，谢谢您。您的回执", 1, "1", "收到：11号"),
    Task("answer on a shared landline", WANG, ("1", "1", "1", "1"), "您的回执", 2, "刘桂兰1", "收到：11号"),
    Task("say who one is on a shared handset", WANG, ("1",), "王德顺，您好", 0, "我是谁", "登记的是王德顺、刘桂兰"),
    Task("hear a result", OWNER, ("3",), "我要反对", 1, "16号结果", "16号：早7点"),
    Task("results and progress of past matters", SUN, ("3",), "第十五号事", 1, "以前的事", "有结果的：15号"),
    Task("object", OWNER, ("3", "2"), "您的反对记下了", 1, "反对16号，太吵", "收到您对16号的反对"),
    Task("take an objection back", OWNER, ("3", "3"), "您的反对收回了", 1, "撤回16号反对", "您的反对已撤回", first="反对16号，太吵"),
    Task("check a receipt", SUN, ("2", "2", "1"), "请按您的回执号", 3, "回执40278", "40278"),
    Task("propose a matter", SUN, ("2", "1", "1"), "大伙商量的事", 3, "提议 修个凉亭", "您提的事记下了"),
    Task("rate what was carried out", SUN, ("3", "1", "4"), "您打的是4分", 1, "15号4分", "您打4分", before=carried_out),
    Task("be rung by a person", SUN, ("2", "1", "3"), "有人给您打电话", 3, "让人给我打电话", "有人给您打电话"),
    Task("words for the supervision committee", SUN, ("2", "1", "2"), "只有监督委员会", 3, "监督委员会：账没贴", "只有监督委员会能看到"),
    Task("stop calls", SUN, ("2", "3", "1", "2"), "以后不打电话了", 3, "停电话", "以后不打电话了"),
    Task("stop texts", SUN, ("2", "3", "1", "1"), "以后不发短信了", 3, "停短信", "已停发短信"),
    Task("stop both", SUN, ("2", "3", "1", "3"), "恢复", 3, "都停", "已停发"),
    Task("resume both", SUN, ("2", "3", "1", "3"), "恢复好了", 3, "都恢复", "已恢复"),
    Task("practise", SUN, ("2", "2", "2"), "明天中午想吃啥", 3, "练习", "咱们练一练"),
    Task("a person, now", SUN, ("0",), "村里", 1, "0", "有人给您打电话"),
    Task("set one's own code", SUN, ("2", "2", "3"), "请按四个数", 3, "设密码", "按2、再按2、再按3"),
    Task("be spoken to slowly", SUN, ("2", "3", "3", "1"), "这样跟您说话", 3, "说慢点", "跟您说慢点"),
    Task("be spoken to louder", SUN, ("2", "3", "3", "2"), "这样跟您说话", 3, "大声点", "跟您大点声"),
    Task("change the language", SUN, ("2", "3", "2"), "For English", 3, "语言", "能说"),
    Task("register (language first)", STRANGER, ("1", "1"), "请说您的姓名", 2, "注册 王小二 拟柳村", "收到王小二的登记"),
    Task("register somebody else, too", SUN, ("2", "2", "3", "*"), "请说您的姓名", 3, "再登记一个人", "注册 姓名 村名"),
    Task("answer when we ring (notice)", SUN, ("1", "1"), "您的回执", 0, before=called(11, "notice")),
    Task("answer when we ring again (reminder)", SUN, ("1", "1"), "您的回执", 0, before=called(11, "reminder")),
    Task("say that a result is clear (we ring)", OWNER, ("1",), "再见", 0, before=called(16, "result")),
    Task("object to a result (we ring)", OWNER, ("2",), "您的反对记下了", 0, before=called(16, "result")),
    Task("hear our answer to an objection (we ring)", FAN, ("1",), "再见", 0, before=explained),
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """What a task took: seconds of listening and pressing until the last key, and how many prompts were heard."""

    task: Task
    prompts: int
    seconds: float
    longest: int  # choices in the longest menu on the way, without 9 and 0
    answer: str  # to the SMS


def until_named(said: str, key: str) -> str:
    """What is said up to where a key is named; all of it where it isn't."""
    named = re.search(rf"请按{key}。", said) if key else None
    return said[: named.end()] if named else said


def seconds_of(said: str, until: str = "") -> float:
    """How long these words take; with ``until``, a key, only up to where it is named."""
    words = until_named(said, until)
    assert split_speech(words), "nothing was said"
    return len(re.sub(r"[，。、：；？！\s]", "", words)) / PACE + 0.4 * len(
        re.findall(r"[。，？！：]", words)
    )


def measure(rt: Runtime, task: Task, sid: str) -> Row:
    """Ring or be rung, press, and text the same. Raises AssertionError where that doesn't lead where it should."""
    call = Call(rt, task.who.phone, sid, task.before(rt, task.who.phone))
    spent, longest, prompts = 0.0, 0, 0
    for key in task.keys:
        longest = max(longest, len(set(re.findall(r"请按(\d)。", call.said)) - {"9", "0"}))
        spoken = "星号键" if key == "*" else key
        spent += seconds_of(call.said, spoken) + PRESS
        prompts += until_named(call.said, spoken).count("。")
        call.press(key)
    assert task.done in call.said, (task.name, call.said)
    with rt.db.write() as s:  # the next task is nothing to go on with
        s.execute(update(Conversation).values(over=True))
    if task.first:
        text(rt, task.who, task.first)
    answer = text(rt, task.who, task.sms) if task.sms else ""
    assert task.told in answer, (task.name, answer)
    return Row(task, prompts, spent, longest, answer)


def table(rows: list[Row]) -> str:
    """The document."""
    lines = [
        "# How easy the hotline is",
        "",
        "Measured by `python -m tests.ease` on calls to the sample village: until the last key is pressed, at "
        f"{PACE:.0f} syllables a second, {PRESS:.0f} s for each press; keys may be pressed before a sentence ends. "
        "*Reached* is after how many keys the call is about nothing else, *done* after how many it is done or something "
        "is to be said or typed; *prompts* are the sentences heard until then. Every SMS of the last column was sent, and "
        "answered in at most 70 characters.",
        "",
        "Goals: an open matter is answered with at most 3 presses in at most 45 s; every task is reached within 3 presses (4 "
        "on a shared handset, where the first says who it is); no menu has more than 3 choices beside 9 (again) and 0 (a person).",
        "",
        "| task | reached | done | prompts | seconds | longest menu | by SMS |",
        "|--|--:|--:|--:|--:|--:|--|",
    ]
    for row in rows:
        t = row.task
        lines.append(
            f"| {t.name} | {t.reached} | {len(t.keys)} | {row.prompts} | {row.seconds:.0f} | {row.longest} "
            f"| {t.sms or '(the answer above)'} |"
        )
    return "\n".join(lines) + "\n"


def measured(rt: Runtime) -> list[Row]:
    """Every task, one after the other, in one village."""
    rows = [measure(rt, task, f"CA-ease-{n}") for n, task in enumerate(TASKS)]
    assert all(segments(row.answer).count == 1 for row in rows), "an answer needs two messages"
    return rows


def main() -> None:
    from gateway.db import migrate
    from tests.conftest import fill_township, settings_for

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/village.db"
        migrate(url)
        fill_township(url)
        rt = Runtime.open(settings_for(Path(folder), url))
        TABLE.write_text(table(measured(rt)))
        rt.close()
    print(TABLE.read_text())


if __name__ == "__main__":
    main()
