"""Words without the people in them: what residents said, fit for an archive that others read (PIPL art. 25, 51)."""

import re
from collections.abc import Iterable

# telephone and identity-card numbers as people write them; dates and sums are shorter or have other marks
_NUMBER = re.compile(
    r"(?<![\d.])(?:(?:\+?86[- ]?)?1\d{2}[- ]?\d{4}[- ]?\d{4}|0\d{2,3}[- ]?\d{7,8}|\d{17}[\dXx]|\d{7,8})(?![\d.])"
)


class Discreet:
    """Takes names on a roster and telephone numbers out of words. Errs on the side of taking out: a name that is also
    a word (和平, 建设) goes, too."""

    def __init__(self, names: Iterable[str]) -> None:
        self.names = frozenset(name for name in names if len(name) >= 2)
        self.lengths = sorted({len(name) for name in self.names}, reverse=True)

    def __call__(self, words: str) -> str:
        """``words`` with 王德顺 as 王某 and numbers as （号码）."""
        words, out, at = _NUMBER.sub("（号码）", words), [], 0
        while at < len(words):
            found = next((n for n in self.lengths if words[at : at + n] in self.names), 0)
            out.append(f"{words[at]}某" if found else words[at])
            at += found or 1
        return "".join(out)
