"""Papers for the notice board and the door: which there are at each stage, and what was printed (policy I(4) “书面协商”,
step 2 and step 4: 公示 by paper, too)."""

import re

from sqlalchemy import func, select
from sqlalchemy.orm import Session

from gateway import text
from gateway.consultation.refusal import Refused
from gateway.models.answer import BallotLog
from gateway.models.consultation import GATHERING, IN_FORCE, Consultation
from gateway.models.paper import Printing

BALLOTS = "ballots"
KINDS = ("notice", BALLOTS, "result", "effect", "progress", "visits", "attendance")
WITH_NAMES = ("visits", "attendance")  # never on the board, never in the open part of the archive
ENDED = ("DECLINED", "WITHDRAWN", "ANNULLED")
SEPARATOR = "，"  # between a slip's number and its witness in what is kept with a ballot
MOST_SLIPS = 2000  # at a time; more is a mistyped number


def printable(c: Consultation) -> list[str]:
    """The papers that say something at this stage, in the order they are needed."""
    there = {
        "notice": c.state not in ("PROPOSED", *ENDED),
        BALLOTS: c.state in ("ACCEPTED", "NOTICED", *GATHERING, "ASSEMBLY") and bool(c.options),
        "result": (bool(c.result) and (c.in_publicity or c.state in IN_FORCE)) or c.state == "REJECTED",
        "effect": c.state in IN_FORCE,
        "progress": c.state in IN_FORCE,
        "visits": c.state not in ("PROPOSED", *ENDED),
        "attendance": c.state not in ("PROPOSED", *ENDED),
    }
    return [kind for kind in KINDS if there[kind]]


def printed(s: Session, c: Consultation, kind: str, by: int | None, slips: int = 0) -> Printing:
    """Write down that a paper is printed; ballot slips get numbers that no other slip of this matter has.

    Raises :class:`Refused` for a paper that says nothing yet, and for no slips or too many.
    """
    if kind not in printable(c):
        raise Refused("这张纸现在还没有内容可印", "kind")
    first = last = None
    if kind == BALLOTS:
        if not 1 <= slips <= MOST_SLIPS:
            raise Refused(f"纸票一次印1张到{MOST_SLIPS}张", "slips")
        # two people may print at once: the second waits, so that no number is on two slips
        s.execute(select(Consultation.id).where(Consultation.id == c.id).with_for_update())
        used = s.scalar(select(func.max(Printing.last)).where(Printing.consultation_id == c.id)) or 0
        first, last = used + 1, used + slips
    row = Printing(consultation_id=c.id, kind=kind, first=first, last=last, by=by)
    s.add(row)
    s.flush()
    return row


def history(s: Session, c: Consultation) -> list[Printing]:
    """What was printed, newest first."""
    found = select(Printing).where(Printing.consultation_id == c.id)
    return list(s.scalars(found.order_by(Printing.id.desc())))


def slip(c: Consultation, typed: str) -> str:
    """The number of a slip of this matter as somebody typed it (``11-42``, ``№11-0042``); empty when it is none."""
    found = re.fullmatch(rf"\D*{c.number}\s*[-－—–]\s*(\d{{1,6}})\D*", text.normalize(typed))
    return serial(c, int(found[1])) if found else ""


def check_slip(s: Session, c: Consultation, number: str, person_id: int) -> None:
    """Raises :class:`Refused` for a slip that was never printed, and for one that somebody else's ballot was
    entered from: a slip counts once."""
    printed = select(Printing.id).where(
        Printing.consultation_id == c.id, Printing.first <= _of(number), Printing.last >= _of(number)
    )
    if s.scalar(printed.limit(1)) is None:
        raise Refused(f"没有印过{number}这张票，请看看号码", "paper")
    used = select(BallotLog.id).where(
        BallotLog.consultation_id == c.id,
        BallotLog.person_id != person_id,
        BallotLog.paper.startswith(number + SEPARATOR),
    )
    if s.scalar(used.limit(1)) is not None:
        raise Refused(f"{number}这张票已经录给别人了，一张票只算一次", "paper")


def _of(number: str) -> int:
    return int(number.partition("-")[2])


def serial(c: Consultation, number: int) -> str:
    """What stands on a slip: ``11-0042``."""
    return f"{c.number}-{number:04d}"
