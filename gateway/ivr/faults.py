"""What is wrong with a script, in an editor's words."""

import re
from dataclasses import dataclass
from pathlib import Path

from gateway.settings import CannotStart


@dataclass(frozen=True, slots=True)
class Fault:
    """One thing an editor has to mend. ``line`` is 1-based where it is known."""

    file: str
    line: int | None
    why: str

    def __str__(self) -> str:
        return f"{self.file}:{self.line}: {self.why}" if self.line else f"{self.file}: {self.why}"

    @property
    def said(self) -> str:
        """The same for whoever doesn't read compilers."""
        return f"{self.file}第{self.line}行：{self.why}" if self.line else f"{self.file}：{self.why}"


class ScriptFaults(CannotStart):
    """Scripts that can't be used, with every fault found in them; nothing starts on half of them."""

    def __init__(self, faults: list[Fault]) -> None:
        super().__init__("\n".join(["台词文件有错，改好再来 / the scripts have faults:", *map(str, faults)]))
        self.faults = faults


class Faults(list[Fault]):
    """Everything found wrong in one folder so far."""

    def __init__(self, folder: Path) -> None:
        super().__init__()
        self.folder = folder

    def add(self, file: str, why: str, heading: str = "", inside: str = "") -> None:
        """Note a fault, at the line of ``[heading]`` if the file has it, or of ``inside`` below it."""
        line = _line(self.folder / file, heading, inside) if heading else None
        self.append(Fault(f"{self.folder.name}/{file}", line, why))


def _line(path: Path, heading: str, inside: str) -> int | None:
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        return None
    first = next((n for n, line in enumerate(lines) if line.lstrip().startswith("[")), len(lines))
    section, field = rf"\s*\[{re.escape(heading)}[].]", rf"\s*{re.escape(heading)}\s*="
    at = next((n for n, line in enumerate(lines) if re.match(section, line)), None)
    if at is None:  # one of the lines above all steps
        return next((n + 1 for n, line in enumerate(lines[:first]) if re.match(field, line)), None)
    for n in range(at, len(lines)):
        title = re.match(r"\s*\[([^].\s]+)", lines[n])
        if n > at and title and title[1] != heading:
            break
        if inside and inside in lines[n].partition(" #")[0] and not title:
            return n + 1
    return at + 1


# what Python's reader says of a slip of the pen, in words of who made it
_SLIPS = (
    ("Illegal character", "引号没有关上，或者话里夹了换行"),
    ("Unterminated string", "引号没有关上"),
    ('Expected \'"""\'', "引号没有关上"),
    ("Invalid value", "等号后面没写好：话和名字要加英文引号"),
    ("Expected '=' after a key", "名字后面要有等号；一行只写一项"),
    ("Expected ']'", "方括号没有关上，要写成 [步名]"),
    ("Expected newline or end of document", "这一行后面多了东西；一行只写一项，话里不能有英文引号"),
    ("Cannot declare", "这一步写了两遍"),
    ("Cannot overwrite a value", "同一项写了两遍"),
    ("Invalid statement", '这一行看不懂，要写成 名字 = "话" 这样'),
    ("Invalid initial character for a key part", "等号前面的名字不对，要用字母、数字，不能用中文标点"),
    ("Unescaped '\\'", "话里不能有反斜杠"),
)


def unreadable(error: str) -> str:
    """What ``tomllib`` complains of, in Chinese."""
    return next((said for began, said in _SLIPS if error.startswith(began)), f"读不懂（{error}）")
