"""One line of a roster, read into what we would keep of it. No database: this is done while nobody waits for a lock."""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass, field

from gateway import clock, phones
from gateway.db import vault
from gateway.models.area import Area
from gateway.people.places import Places

_NONE = {"无", "没有", "无电话", "-", "—", "/", "0", "none", "暂无", "不详", "未知"}
_LANGUAGES = {"朝": "ko", "韩": "ko", "蒙": "mn"}
_PARTS = re.compile(r"[/、;,|\n]|或者?|和|\s+(?=(?:\+|0\d{2,3}-|1\d{10}))")
_OUTSIDER = re.compile(r"非(?!农)|外(?!出)|否")
_GARBLED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd]")
_REMARK = re.compile(
    r"\((?:[大二三小]?(?:儿子?|女儿?|儿媳妇?|女婿|孙子|孙女)|户主|本人|配偶|妻子?|丈夫|爱人|老伴|父亲?|母亲?|[爸妈哥弟姐妹]"
    r"|家属|亲戚|邻居|新号|旧号|手机|座机|家里)\)"
)
_GONE = re.compile(r"\((?:已?故|已?死亡?|去世|已去世|病故|销户|迁出|已迁出)\)")
_NO_NAME = re.compile(r"\d{2}|[:：，,、。;；!！?？@#/\\|=<>*&+]|^\W*$|^\d+$")
_ADULT, _OLDEST = 18, 120
_LONGEST_NAME, _LONGEST_CODE = 30, 30
_LARGEST = 10_000  # square metres
_YES = frozenset("是有对业√✓vVyY1")


class No(Exception):
    """This row can't be taken in; the message is a Chinese reason."""


@dataclass(slots=True)
class Row:
    """What a line says. ``numbers`` has the look-up key of each telephone; ``why`` is set where it says nothing
    that can be taken in."""

    number: int  # the spreadsheet's own
    name: str
    household: str
    area_id: int = 0
    numbers: dict[str, phones.Phone] = field(default_factory=dict)
    facts: tuple[object, ...] = ()  # as in FACTS
    why: str = ""


# how a clerk calls what a field holds
_CALLED = {
    "name": "姓名",
    "household": "户号",
    "phone": "电话",
    "area": "村名",
    "group": "组",
    "birth": "出生",
    "role": "关系",
}
# columns of a person that a roster fills in, besides area, name and household
FACTS = (
    "sex",
    "birth_year",
    "group_name",
    "language",
    "registered",
    "prefers",
    "sms_consent",
    "owner",
    "floor_area",
)


class Reader:
    """Reads the lines of one file, which is about ``area`` or, line by line, about one of ``areas``."""

    def __init__(self, area: Area, areas: list[Area], tree: Iterable[Area]) -> None:
        self.area, self.areas = area, areas
        self.places = Places(tree)
        self.by_said: dict[str, tuple[Area | None, str]] = {}
        self.year = clock.now().year

    def read(self, fields: dict[str, str]) -> Row:
        row = Row(int(fields["_row"]), _name(fields.get("name", "")), _plain(fields.get("household", "")))
        try:
            self._fill(row, fields)
        except No as no:
            row.why = str(no)
            row.name, row.household = _GARBLED.sub("□", row.name)[:40], _GARBLED.sub("□", row.household)[:40]
        return row

    def _fill(self, row: Row, fields: dict[str, str]) -> None:
        if not "".join(fields.values()).isprintable():
            for name, cell in fields.items():
                if _GARBLED.search(cell):
                    raise No(f"{_CALLED.get(name, '表格')}里有乱码，请重新打一遍")
        if not row.name:
            raise No("没写姓名")
        if len(row.name) > _LONGEST_NAME:
            raise No("姓名太长，像是填错了列")
        if not row.name.isalpha():
            row.name = _person(row.name)
        if len(row.household) > _LONGEST_CODE:
            raise No("户号太长，像是填错了列")
        row.numbers = _numbers(fields.get("phone", ""))
        born = self._birth_year(fields)
        if born and self.year - born < _ADULT:
            raise No("未满18岁，不入表决名册")
        area, group = self._area_of(fields.get("area", ""))
        group = fields.get("group", group)
        if len(group) > _LONGEST_CODE:
            raise No("组名太长，像是填错了列")
        row.area_id = area.id
        reads = not row.numbers or any(n.kind != phones.LANDLINE for n in row.numbers.values())
        prefers = fields.get("prefers", "")
        row.facts = (
            _sex(fields),
            born,
            group,
            _language(fields.get("language", "")),
            not _OUTSIDER.search(fields.get("registered", "")),
            "voice" if not reads or "电话" in prefers or "语音" in prefers else "sms",
            reads,
            fields.get("owner", "")[:1] in _YES,
            _floor_area(fields["floor_area"]) if "floor_area" in fields else None,
        )

    def _area_of(self, said: str) -> tuple[Area, str]:
        if not said:
            if self.area.level in ("village", "community") or len(self.areas) == 1:
                return self.area, ""
            raise No("没写是哪个村")
        if said not in self.by_said:
            self.by_said[said] = self.places.find(said, self.areas)
        area, group = self.by_said[said]
        if area is None:
            raise No(f"“{said[:20]}”不在{self.area.name}里")
        return area, group

    def _birth_year(self, fields: dict[str, str]) -> int | None:
        id_number = _id_number(fields)
        if id_number:
            year = int(id_number[6:10])  # only the year is taken from it, the number is not kept
            if not self._possible(year):
                raise No("身份证号里的出生年份不对")
            return year
        if "birth" not in fields:
            return None
        said = unicodedata.normalize("NFKC", fields["birth"]).strip()
        if said in _NONE:
            return None
        found = re.search(r"(?<!\d)(?:18|19|20)\d{2}", said)
        age = re.fullmatch(r"(\d{1,3})(?:周?岁)?", said)
        told = int(found[0]) if found else self.year - int(age[1]) if age else 0
        if not self._possible(told):
            raise No(f"出生或年龄“{said[:20]}”不对，请写像1956年或68岁这样的数")
        return told

    def _possible(self, year: int) -> bool:
        return 0 <= self.year - year <= _OLDEST


def _language(said: str) -> str:
    return next((code for sign, code in _LANGUAGES.items() if sign in said), "zh-CN") if said else "zh-CN"


def _plain(raw: str) -> str:
    return raw if raw.isascii() else unicodedata.normalize("NFKC", raw).strip()


def _name(raw: str) -> str:
    return "".join(unicodedata.normalize("NFKC", raw).split())


def _person(name: str) -> str:
    """The name without “（儿子）”; raises No for the dead and for what is no name at all."""
    gone = _GONE.search(name)
    if gone:
        raise No(f"姓名后面写着{gone[0]}，不收")
    bare = _REMARK.sub("", name)
    if _NO_NAME.search(bare):
        raise No(f"“{name[:20]}”不像姓名")
    return bare


def _numbers(raw: str) -> dict[str, phones.Phone]:
    found: dict[str, phones.Phone] = {}
    if not raw.isascii():
        raw = _REMARK.sub("", unicodedata.normalize("NFKC", raw))
    for part in [raw] if raw.isdigit() else _PARTS.split(raw):
        part = part.strip()
        if not part or part.lower() in _NONE:
            continue
        try:
            phone = phones.normalize(part)
        except phones.BadPhone as bad:
            raise No(f"电话{bad.why}") from None
        if phone.kind != phones.MOBILE and phones.is_service(phone):
            raise No(f"电话“{part}”是公共号码，或者没写全，不能当居民的电话")
        found[vault().index(phone.e164)] = phone
    return found


def _floor_area(said: str) -> float | None:
    """Square metres; raises No for what no home has."""
    if said in _NONE:
        return None
    plain = unicodedata.normalize("NFKC", said).lower().replace(" ", "")
    found = re.fullmatch(r"(\d+(?:\.\d+)?)(?:平方米|平方|平米|平|m2)?", plain)
    size = float(found[1]) if found else 0.0
    if not 0 < size <= _LARGEST:
        raise No(f"面积“{said[:20]}”不对，请写平方米数，像89.5")
    return size


def _id_number(fields: dict[str, str]) -> str:
    said = fields.get("id_number")
    if not said:
        return ""
    said = re.sub(r"\s", "", said)
    return said if re.fullmatch(r"\d{17}[\dXx]", said) else ""


def _sex(fields: dict[str, str]) -> str | None:
    said = fields.get("sex", "")
    if said[:1] in ("男", "女"):
        return said[:1]
    id_number = _id_number(fields)
    if id_number:
        return "男" if int(id_number[16]) % 2 else "女"
    return None
