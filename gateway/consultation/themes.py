"""The lexicon that suggests what an opinion is about: words an area keeps for each group, and when they don't count.

Suggestions only: a person sorts (domain.md §1 row 14). A topic is named whether it is wanted or not: “没有路灯” is about
lamps. A stance is said only where nothing turns it round: “不贵” finds nothing dear, and neither does “贵倒不贵”.
"""

import re
from collections.abc import Iterable, Sequence
from typing import Any, Protocol

from sqlalchemy import delete, select
from sqlalchemy.orm import Session

from gateway import text
from gateway.consultation.glance import above
from gateway.consultation.refusal import Refused
from gateway.models.answer import Theme
from gateway.models.area import Area

MOST_WORDS = 40  # of one group; more are a heap, not a theme
LONGEST_NAME = 12  # characters: it is a chip on a telephone's screen


class Words(Protocol):
    """What the lexicon says of one group."""

    @property
    def name(self) -> str: ...
    @property
    def words(self) -> list[str]: ...
    @property
    def stance(self) -> bool: ...


# a lexicon to change and add to, from what people said of the sample matters and of everyday ones
USUAL: tuple[dict[str, Any], ...] = (
    {"name": "钱怎么出", "words": ["钱", "收费", "费用", "掏", "摊", "平摊", "补偿", "价", "分期", "免交"]},
    {"name": "嫌贵", "words": ["贵", "拿不出", "交不起", "费劲", "负担重"], "stance": True},
    {"name": "公不公平", "words": ["凭啥", "公平", "偏心", "内定", "回避", "招标", "干部近", "谁家干"]},
    {"name": "排水", "words": ["边沟", "排水", "积水", "灌", "下水", "堵", "井"]},
    {"name": "安全", "words": ["摔", "救护车", "危险", "限重", "路灯", "黑灯瞎火"]},
    {"name": "施工影响", "words": ["施工", "挖", "耽误", "青苗", "采光", "砍", "绕开", "躲开"]},
    {"name": "以后谁管", "words": ["谁管", "维修", "维保", "年检", "坏了", "电费", "管护"]},
    {"name": "吵", "words": ["吵", "噪音", "音箱", "睡不着", "大声放"]},
    {"name": "告诉得够不够", "words": ["公示", "贴出来", "听不懂", "没听懂", "不识字", "上门", "打个电话"]},
    {"name": "赞成", "words": ["赞成", "支持", "同意", "早该", "应该", "盼"], "stance": True},
)  # fmt: skip

_CLAUSE = re.compile(r"[。！？!?；;，,、\s…]+")
# what turns a word round when it stands before it, with what may stand between; 特别贵, 差别大, 别的 are none
_ADVERB = "(?:太|很|怎么|咋|算|是|会|用|要|想|能|可|再|那么|这么|有|嫌|觉得|见得|一定|必|准|敢|就|都|说|啥|什么|那个|多么?|大)*"
_NOT = re.compile(
    rf"(?:不|没|未|无|非|甭|莫|谁|哪(?:儿|里)?|(?<![特差分区个级告辨类])别(?!的|人|处|家)){_ADVERB}$"
)
# two of them make none: 不能不, 不得不, 没有不, 不是不
_TWICE = re.compile(
    rf"(?:不|没|未|无|非)(?:能|得|会|可能|是|有|该|应该|人|谁)*(?:不|没){_ADVERB}$|(?:不|没)(?:光|但|仅|只|止|单){_ADVERB}$"
)


def said(words: str, word: str, stance: bool) -> bool:
    """Whether ``words`` say ``word``; a stance only where it stands unturned, in a clause that doesn't take it back."""
    for clause in _CLAUSE.split(text.normalize(words)):
        found = [m.start() for m in re.finditer(re.escape(word), clause)]
        if found and (not stance or not any(_turned(clause[:at]) for at in found)):
            return True
    return False


def _turned(before: str) -> bool:
    return _NOT.search(before) is not None and _TWICE.search(before) is None


def suggest(words: str, lexicon: Iterable[Words]) -> str:
    """The group whose words are said most, the longest of them where that is equal; empty where none is said."""
    best, name = (0, 0), ""
    for theme in lexicon:
        hits = [word for word in theme.words if said(words, word, theme.stance)]
        score = (len(hits), sum(map(len, hits)))
        if score > best:
            best, name = score, theme.name
    return name


def of(s: Session, area: Area) -> list[Theme]:
    """What an area's suggestions are made of: its own entries first, then those of the areas above it."""
    found = select(Theme).join(Area, Area.id == Theme.area_id).where(Area.path.in_(above([area.path])))
    return list(s.scalars(found.order_by(Area.path.desc(), Theme.id)))


def keep(
    s: Session, area: Area, name: str, words: Sequence[str], by: str, *, stance: bool = False, old: Theme | None = None
) -> Theme:  # fmt: skip
    """A new entry of an area's lexicon, or ``old`` changed. Raises :class:`Refused` naming the field."""
    name = name.strip()
    known = list(dict.fromkeys(text.normalize(word).strip() for word in words if word.strip()))
    if not name or len(name) > LONGEST_NAME:
        raise Refused(f"请写组名，不超过{LONGEST_NAME}个字", "name")
    if not known:
        raise Refused("请写几个词，用空格隔开", "words")
    if len(known) > MOST_WORDS or any(len(word) > LONGEST_NAME for word in known):
        raise Refused(f"最多{MOST_WORDS}个词，每个词不超过{LONGEST_NAME}个字", "words")
    same = s.scalar(select(Theme).where(Theme.area_id == area.id, Theme.name == name))
    if same is not None and (old is None or same.id != old.id):
        raise Refused(f"“{name}”已经有了，请在那一条里改", "name")
    made = old or Theme(area_id=area.id)
    made.name, made.words, made.stance, made.by = name, known, stance, by
    s.add(made)
    s.flush()
    return made


def drop(s: Session, theme: Theme) -> None:
    """Suggest it no more; what was sorted stays where it is."""
    s.execute(delete(Theme).where(Theme.id == theme.id))


def add_usual(s: Session, area: Area, by: str) -> int:
    """The usual entries that the area doesn't have yet; returns how many were added."""
    known = {theme.name for theme in of(s, area)}
    fresh = [entry for entry in USUAL if entry["name"] not in known]
    for entry in fresh:
        keep(s, area, entry["name"], entry["words"], by, stance=entry.get("stance", False))
    return len(fresh)
