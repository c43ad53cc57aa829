"""One line of a roster, read into what we would keep of it. No database: this is done while nobody waits for a lock."""

import re
import unicodedata
from dataclasses import dataclass, field

from gateway import clock, phones
from gateway.db import vault
from gateway.models.area import Area

_NONE = {"无", "没有", "无电话", "-", "—", "/", "0", "none", "暂无"}
_LANGUAGES = {"朝": "ko", "韩": "ko", "蒙": "mn"}
_PARTS = re.compile(r"[/、;；,，]|\s+(?=(?:\+|0\d{2,3}-|1\d{10}))")
_ENDING = re.compile(r"(?:村委会|居委会|村民委员会|社区|村|屯)$")
_OUTSIDER = re.compile(r"非|外|否")
_ADULT = 18


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


# columns of a person that a roster fills in, besides area, name and household
FACTS = (
    "sex",
    "birth_year",
    "group_name",
    "language",
    "registered",
    "prefers",
    "sms_consent",
)


class Reader:
    """Reads the lines of one file, which is about ``area`` or, line by line, about one of ``areas``."""

    def __init__(self, area: Area, areas: list[Area]) -> None:
        self.area, self.areas = area, areas
        self.by_said: dict[str, Area | None] = {}
        self.year = clock.now().year

    def read(self, fields: dict[str, str]) -> Row:
        row = Row(int(fields["_row"]), _name(fields.get("name", "")), _plain(fields.get("household", "")))
        try:
            self._fill(row, fields)
        except No as no:
            row.why = str(no)
        return row

    def _fill(self, row: Row, fields: dict[str, str]) -> None:
        row.numbers = _numbers(fields.get("phone", ""))
        if not row.name:
            raise No("没写姓名")
        if len(row.name) > 30:
            raise No("姓名太长，像是填错了列")
        born = self._birth_year(fields)
        if born and self.year - born < _ADULT:
            raise No("未满18岁，不入表决名册")
        row.area_id = self._area_of(fields.get("area", "")).id
        reads = not row.numbers or any(n.kind != phones.LANDLINE for n in row.numbers.values())
        prefers = fields.get("prefers", "")
        row.facts = (
            _sex(fields),
            born,
            fields.get("group", "")[:40],
            _language(fields.get("language", "")),
            not _OUTSIDER.search(fields.get("registered", "")),
            "voice" if not reads or "电话" in prefers or "语音" in prefers else "sms",
            reads,
        )

    def _area_of(self, said: str) -> Area:
        if not said:
            if self.area.level in ("village", "community") or len(self.areas) == 1:
                return self.area
            raise No("没写是哪个村")
        if said not in self.by_said:
            plain = _place(said)
            found = [a for a in self.areas if plain in (_place(a.name), a.code.lower())]
            self.by_said[said] = found[0] if len(found) == 1 else None
        area = self.by_said[said]
        if area is None:
            raise No(f"“{said}”不在{self.area.name}里")
        return area

    def _birth_year(self, fields: dict[str, str]) -> int | None:
        id_number = _id_number(fields)
        if id_number:
            return int(id_number[6:10])  # only the year is taken from it, the number is not kept
        said = fields.get("birth")
        if not said:
            return None
        found = re.search(r"(19|20)\d{2}", said)
        if found:
            return int(found[0])
        age = re.fullmatch(r"(\d{1,3})岁?", said)
        return self.year - int(age[1]) if age else None


def _language(said: str) -> str:
    return next((code for sign, code in _LANGUAGES.items() if sign in said), "zh-CN") if said else "zh-CN"


def _plain(raw: str) -> str:
    return raw if raw.isascii() else unicodedata.normalize("NFKC", raw).strip()


def _name(raw: str) -> str:
    return "".join(unicodedata.normalize("NFKC", raw).split())


def _place(name: str) -> str:
    return _ENDING.sub("", name.strip()).lower()


def _numbers(raw: str) -> dict[str, phones.Phone]:
    found: dict[str, phones.Phone] = {}
    for part in [raw] if raw.isdigit() else _PARTS.split(raw):
        part = part.strip()
        if not part or part.lower() in _NONE:
            continue
        try:
            phone = phones.normalize(part)
        except phones.BadPhone as bad:
            raise No(f"电话{bad.why}") from None
        found[vault().index(phone.e164)] = phone
    return found


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
