"""How hard the hotline is: every task's key presses, prompts and seconds, measured on real calls to the sample village.

``python -m tests.ease`` writes the table to docs/ease.md; tests/test_ease.py holds it to its goals.
"""

import re
import tempfile
from dataclasses import dataclass
from pathlib import Path

from gateway.ivr.render import split_speech
from gateway.runtime import Runtime
from tests.calls import Call
from tests.conftest import OWNER, STRANGER, SUN, WANG

PACE = 4.0  # syllables a second: an unhurried Mandarin speaker
PRESS = 1.0  # seconds between the words and the key
TABLE = Path(__file__).parent.parent / "docs" / "ease.md"


@dataclass(frozen=True)
class Task:
    """Something a resident wants: who rings, the keys they press, and the same by SMS."""

    name: str
    phone: str
    keys: tuple[str, ...]
    sms: str
    done: str  # words by which it shows that they got there


TASKS = (
    Task("answer an open matter", SUN.phone, ("1", "1", "1"), "1", "记下了"),
    Task("answer on a shared landline", WANG.phone, ("1", "1", "1", "1"), "王德顺1", "记下了"),
    Task("hear a result", OWNER.phone, ("3",), "16号结果", "我要反对"),
    Task("object", OWNER.phone, ("3", "2"), "反对16号，太吵", "您的反对记下了"),
    Task("take an objection back", OWNER.phone, ("3", "3"), "撤回16号反对", "您的反对收回了"),
    Task("propose a matter", SUN.phone, ("2", "1", "1"), "提议 修个凉亭", "大伙商量的事"),
    Task("words for the supervision committee", SUN.phone, ("2", "1", "2"), "监督委员会：账没贴", "只有监督委员会"),
    Task("be rung by a person", SUN.phone, ("2", "1", "3"), "0", "有人给您打电话"),
    Task("a person, now", SUN.phone, ("0",), "0", "村里"),
    Task("check a receipt", SUN.phone, ("2", "2", "1"), "回执40278", "请按您的回执号"),
    Task("practise", SUN.phone, ("2", "2", "2"), "练习", "明天中午想吃啥"),
    Task("set one's own code", SUN.phone, ("2", "2", "3", "1"), "—", "请按四个数"),
    Task("stop calls", SUN.phone, ("2", "3", "1", "2"), "别打电话", "以后不打电话了"),
    Task("be spoken to slowly", SUN.phone, ("2", "3", "3", "1"), "—", "这样跟您说话"),
    Task("register", STRANGER.phone, ("1",), "注册 姓名 村名", "请说您的姓名"),
)  # fmt: skip


@dataclass(frozen=True)
class Row:
    """What a task took: seconds of listening and pressing until the last key, and how many prompts were heard."""

    task: Task
    presses: int
    prompts: int
    seconds: float
    longest: int  # choices in the longest menu on the way, without 9 and 0


def seconds_of(said: str, until: str = "") -> float:
    """How long these words take; with ``until``, a key, only up to where it is named."""
    named = re.search(rf"请按{until}。", said) if until else None
    words = said[: named.end()] if named else said
    assert split_speech(words), "nothing was said"
    return len(re.sub(r"[，。、：；？！\s]", "", words)) / PACE + 0.4 * len(
        re.findall(r"[。，？！：]", words)
    )


def measure(rt: Runtime, task: Task, sid: str) -> Row:
    """Ring, press, and see that it leads where it should. Raises AssertionError when it doesn't."""
    call = Call(rt, task.phone, sid)
    if task.phone == STRANGER.phone and "English" in call.said:
        call.press("1")  # the language is chosen once
    spent, longest = 0.0, 0
    for key in task.keys:
        longest = max(longest, len(set(re.findall(r"请按(\d)。", call.said)) - {"9", "0"}))
        spent += seconds_of(call.said, key) + PRESS
        call.press(key)
    assert task.done in call.said, (task.name, call.said)
    return Row(task, len(task.keys), len(task.keys), spent, longest)


def table(rows: list[Row]) -> str:
    """The document."""
    lines = [
        "# How easy the hotline is",
        "",
        "Measured by `python -m tests.ease` on calls to the sample village: until the last key is pressed, at "
        f"{PACE:.0f} syllables a second, {PRESS:.0f} s for each press; keys may be pressed before a sentence ends. "
        "Goals: an open matter is answered with at most 3 presses in at most 45 s; no menu has more than 3 choices "
        "beside 9 (again) and 0 (a person); everything begins within 3 presses.",
        "",
        "| task | presses | prompts | seconds | longest menu | by SMS |",
        "|--|--:|--:|--:|--:|--|",
    ]
    for row in rows:
        lines.append(
            f"| {row.task.name} | {row.presses} | {row.prompts} | {row.seconds:.0f} | {row.longest} | {row.task.sms} |"
        )
    return "\n".join(lines) + "\n"


def main() -> None:
    from gateway.db import migrate
    from tests.conftest import fill_township, settings_for

    with tempfile.TemporaryDirectory() as folder:
        url = f"sqlite:///{folder}/village.db"
        migrate(url)
        fill_township(url)
        rt = Runtime.open(settings_for(Path(folder), url))
        TABLE.write_text(table([measure(rt, task, f"CA-{n}") for n, task in enumerate(TASKS)]))
        rt.close()
    print(TABLE.read_text())


if __name__ == "__main__":
    main()
