"""Which column of a roster is which: the headings clerks write. The exact word wins over one that only contains it."""

import re
import unicodedata

# our field ← the very words, and what else may mean it; the first field in this order wins
_HEADINGS: tuple[tuple[str, str, str], ...] = (
    ("household", "户号|户编号|户编码|家庭编号|户", r"户(?:号|编号|编码|代码)|家庭编号|门牌号"),
    ("role", "与户主关系", r"关系|身份类别"),
    ("id_number", "身份证|身份证号|身份证号码|公民身份号码", r"身份证|证件号|公民身份号码"),
    ("name", "姓名|居民姓名|村民姓名|名字|name", r"姓名|名字|^户主$|^居民$|^村民$"),
    ("phone", "电话|手机|手机号|手机号码|联系电话|电话号码|座机|固定电话|联系方式|本人电话", r"电话|手机|座机|联系方式|固话|号码|^phone$|^tel"),
    ("group", "组|村民小组|小组|组别", r"组|队|屯|楼|单元"),  # before the village: “村民小组” is a group
    ("area", "村|社区|行政村|村名", r"^村|社区|所在村|行政村|村名|村委会|辖区"),
    ("birth", "出生日期|出生年月|年龄", r"出生|生日|年龄"),
    ("sex", "性别", r"性别"),
    ("language", "语言", r"语言"),
    ("registered", "户籍|户口", r"户籍|户口|是否本[地村]"),
    ("owner", "业主|是否业主", r"是否业主|是否产权人"),
    ("floor_area", "面积|建筑面积|房屋面积", r"(?:建筑|房屋|专有|产权|住房|套内)面积"),
    ("prefers", "通知方式", r"通知方式|接收方式|偏好"),
)  # fmt: skip
_READ = tuple(
    (name, re.compile(exact, re.IGNORECASE), re.compile(like, re.IGNORECASE))
    for name, exact, like in _HEADINGS
)
# somebody else's name or number, whatever else the heading says; and columns of addresses and kinds of hukou, which
# say nothing of whether somebody is registered here
_NOT_THEIRS = re.compile(
    r"紧急|家属|亲属|子女|儿子|女儿|配偶|老伴|父亲|母亲|监护|担保|委托|代理|网格|包[片户]|帮扶|干部|负责人|队长|组长|楼长|填表|经办"
    r"|车牌|银行|卡号|账号|社保|医保|联系人姓名|户口性质|户籍性质|(?:户籍|户口)(?:地|所在)|人数|口数"
)
# “户主姓名”, “联系人电话”: used only where there is no column of the person's own
_PERHAPS_THEIRS = re.compile(r"户主(?!关系)|联系人")
_EXACT, _LIKE, _PERHAPS = range(3)


def columns(row: list[str]) -> dict[int, str]:
    """Column index → our field, in the order of the columns; several columns may hold telephones."""
    best: dict[str, tuple[int, list[int]]] = {}
    for index, cell in enumerate(row):
        meant = _means(cell)
        if meant is None:
            continue
        name, rank = meant
        of_phone = name == "phone" and rank < _PERHAPS
        held = best.get(name)
        if held is None or (rank < held[0] and not (of_phone and held[0] < _PERHAPS)):
            best[name] = (rank, [index])
        elif of_phone and held[0] < _PERHAPS:
            held[1].append(index)
    found = {index: name for name, (_, indices) in best.items() for index in indices}
    return dict(sorted(found.items()))


def plain(cell: str) -> str:
    """A heading without what clerks put around it: “姓 名*（必填）” is 姓名."""
    bare = re.sub(r"\s+", "", unicodedata.normalize("NFKC", cell))
    return re.sub(r"[*:(].*$", "", bare) or bare


def _means(cell: str) -> tuple[str, int] | None:
    word = plain(cell)
    if not word or len(word) > 12 or _NOT_THEIRS.search(word):
        return None
    for name, exact, _ in _READ:
        if exact.fullmatch(word):
            return name, _EXACT
    for name, _, like in _READ:
        if like.search(word):
            return name, _PERHAPS if _PERHAPS_THEIRS.search(word) else _LIKE
    return None
