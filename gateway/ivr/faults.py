"""What is wrong with a script, in an editor's words."""

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

    def add(self, file: str, why: str, heading: str = "") -> None:
        """Note a fault, at the line of ``[heading]`` if the file has it."""
        line = None
        if heading:
            wanted = {f"[{heading}]", heading}
            text = (self.folder / file).read_text(encoding="utf-8") if (self.folder / file).exists() else ""
            for number, found in enumerate(text.splitlines(), 1):
                if found.split("#")[0].strip() in wanted:
                    line = number
                    break
        self.append(Fault(f"{self.folder.name}/{file}", line, why))
