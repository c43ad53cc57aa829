"""What a tally shows on the panel."""

from typing import Any

from sqlalchemy.orm import Session

from gateway.consultation import ballots, quorum, splits
from gateway.models.consultation import Consultation
from gateway.outreach import notices


def counted(s: Session, c: Consultation) -> dict[str, Any]:
    """The counts, those of each village where several are asked (domain.md §1 row 18), and, once people no longer
    answer, which choice has more than half (policy I(3): 少数服从多数); “none” if none has."""
    found = ballots.tally(s, c)
    over = found.units and not c.open_for_answers
    return {
        "tally": found,
        "split": splits.by_place(s, c)[0] if len(notices.asked(s, c)) > 1 else {},
        "majority": quorum.majority(found.counts, found.units) or "none" if over else "",
    }
