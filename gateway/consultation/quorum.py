"""Who has to come, and how many have to agree: the law's fractions, exactly.

“以上” includes the number itself, so that two thirds of 30 are 20; “过半数” is more than half (Civil Code art. 1259).
Heads are people or households, as the body counts; floor areas are square metres, compared as decimal fractions and
never as floats: 481.5 of 642 is three quarters to the last digit.
"""

from dataclasses import dataclass
from fractions import Fraction

HALF, TWO_THIRDS, THREE_QUARTERS = Fraction(1, 2), Fraction(2, 3), Fraction(3, 4)


@dataclass(frozen=True)
class Profile:
    """One body's rule. ``attend`` of the members have to be there; ``agree`` of ``of`` have to say yes. ``over``: more
    than that share, otherwise at least it. ``by_area``: the same of the floor area."""

    name: str
    attend: Fraction
    attend_over: bool
    agree: Fraction
    agree_over: bool
    of: str = "present"  # present | members
    by_area: bool = False
    unit: str = "人"
    source: str = ""
    may_call: str = ""  # who else may have it called


PROFILES: dict[str, Profile] = {
    "villagers": Profile(
        "村民会议（到会过半数的成年村民）", HALF, True, HALF, True,
        source="村民委员会组织法第21-22条", may_call="十分之一以上的村民，或者三分之一以上的村民代表",
    ),
    "household_delegates": Profile(
        "村民会议（到会三分之二以上的户代表）", TWO_THIRDS, False, HALF, True, unit="户",
        source="村民委员会组织法第22条", may_call="十分之一以上的村民，或者三分之一以上的村民代表",
    ),
    "representatives": Profile(
        "村民代表会议", TWO_THIRDS, False, HALF, True,
        source="村民委员会组织法第26条", may_call="五分之一以上的村民代表",
    ),
    "group": Profile(
        "村民小组会议（三分之二以上的成年村民或户）", TWO_THIRDS, False, HALF, True, source="村民委员会组织法第28条"
    ),
    "land_to_outsiders": Profile(
        "村民代表会议（地包给外人：全体代表三分之二以上同意，再报乡镇政府批准）", TWO_THIRDS, False, TWO_THIRDS, False,
        of="members", source="农村土地承包法第52条",
    ),
    "collective": Profile(
        "集体经济组织成员大会", TWO_THIRDS, False, TWO_THIRDS, False, of="members",
        source="农村集体经济组织法第27条",
    ),
    "residents": Profile(
        "居民会议", HALF, True, HALF, True,
        source="居民委员会组织法第10条", may_call="五分之一以上的居民或户，或者三分之一以上的居民小组",
    ),
    "owners_ordinary": Profile(
        "业主大会（一般事项）", TWO_THIRDS, False, HALF, True, by_area=True, unit="户", source="民法典第278条"
    ),
    "owners_major": Profile(
        "业主大会（改建、加装电梯等）", TWO_THIRDS, False, THREE_QUARTERS, False, by_area=True, unit="户",
        source="民法典第278条",
    ),
}  # fmt: skip


@dataclass(frozen=True)
class Verdict:
    """Whether enough came, whether it passed, and how many more it would take of each: heads, and where floors count, too,
    square metres, rounded up to a tenth."""

    quorum: bool
    passed: bool
    missing_present: int
    missing_agree: int
    missing_present_area: float = 0.0
    missing_agree_area: float = 0.0


def needed(whole: int, share: Fraction, over: bool) -> int:
    """The least number that is ``share`` of ``whole``: at least it, or more than it where ``over``."""
    exact = whole * share
    return exact.numerator // exact.denominator + 1 if over else -(-exact.numerator // exact.denominator)


def judge(
    body: str, *, members: int, present: int, agree: int,
    members_area: float = 0, present_area: float = 0, agree_area: float = 0,
) -> Verdict:  # fmt: skip
    """What one count comes to under a profile of :data:`PROFILES`; raises KeyError for another."""
    rule = PROFILES[body]
    come = needed(members, rule.attend, rule.attend_over)
    yes = needed(present if rule.of == "present" else members, rule.agree, rule.agree_over)
    there, agreed = present >= come, agree >= yes
    short, wanting = 0.0, 0.0
    if rule.by_area:
        whole, came, said = (_exact(x) for x in (members_area, present_area, agree_area))
        there = there and _share(came, whole, rule.attend, rule.attend_over)
        of = came if rule.of == "present" else whole
        agreed = agreed and _share(said, of, rule.agree, rule.agree_over)
        short = _missing(came, whole * rule.attend, rule.attend_over)
        wanting = _missing(said, of * rule.agree, rule.agree_over)
    return Verdict(there, there and agreed, max(0, come - present), max(0, yes - agree), short, wanting)


def _missing(part: Fraction, least: Fraction, over: bool) -> float:
    """Square metres that are missing: exactly “more than” takes a tenth more."""
    if part > least or (part == least and not over):
        return 0.0
    tenths = (least - part) * 10
    return (
        tenths.numerator // tenths.denominator + 1 if over else -(-tenths.numerator // tenths.denominator)
    ) / 10


def _exact(square_metres: float) -> Fraction:
    """As it was written down: 481.5, not its nearest binary number."""
    return Fraction(repr(float(square_metres)))


def _share(part: Fraction, whole: Fraction, share: Fraction, over: bool) -> bool:
    return whole > 0 and (part > whole * share if over else part >= whole * share)


def majority(counts: dict[str, int], voices: int) -> str | None:
    """The option that more than half of the ``voices`` chose, if any: exactly half is none (少数服从多数, policy I(3))."""
    return next((option for option, n in counts.items() if 2 * n > voices), None)
