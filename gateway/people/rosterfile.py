"""Reads a roster as villages keep them: Excel or CSV, any encoding, messy headings. Bounded, and never guessed silently."""

import csv
import io
import re
import zipfile
from dataclasses import dataclass, field

from gateway.people import rosterheads

_MOST_BYTES = 20 * 1024 * 1024
_MOST_UNPACKED = 300 * 1024 * 1024  # a zip bomb unpacks to more
_MOST_ROWS, _MOST_COLUMNS, _MOST_CELL, _MOST_SHEETS = 200_000, 100, 500, 50
_MOST_FILLED = 2_000_000  # cells under merged ones: ranges may lie over each other
_ENCODINGS = ("utf-8-sig", "gb18030", "big5")
# what nobody can see, and copying from a web page or a chat leaves behind
_INVISIBLE = re.compile("[\u00ad\u200b-\u200f\u202a-\u202e\u2060-\u2064\ufe00-\ufe0f\ufeff]")
# what stands between and below the people: totals, remarks, who filled it in, and the title of a part
_NOBODY = re.compile(
    r"(?:[本全][页村组户乡镇])?(?:小\s*计|合\s*计|总\s*计|共\s*计|累\s*计)|(?:备\s*注|说\s*明|填表说明|注意?)\d*[:：]"
    r"|(?:填表|制表|填报|审核|经办|负责|统计|联系)(?:人|单位|时间|日期)?[:：]|[本全以]?[村组上]?共\d"
)
_PART = re.compile(r"\S*[一二三四五六七八九十\d](?:组|小组|村民小组|队|屯)|\S{2,}(?:村|社区)")


class BadRoster(ValueError):
    """A file that can't be read as a roster; ``why`` is a Chinese sentence."""

    def __init__(self, why: str) -> None:
        super().__init__(why)
        self.why = why


@dataclass
class Sheet:
    """A read roster. ``rows`` are our fields → text, with ``_row``, the spreadsheet's own row number."""

    rows: list[dict[str, str]]
    columns: dict[str, str] = field(default_factory=dict)  # our field → their heading
    encoding: str = ""
    name: str = ""  # the worksheet that was read; a CSV has none
    others: list[str] = field(default_factory=list)  # worksheets that were not
    unread: list[str] = field(default_factory=list)  # headings of columns that nobody reads
    no_people: list[int] = field(default_factory=list)  # rows with a total, a remark, a title


@dataclass
class _Table:
    rows: list[list[str]]
    name: str = ""


def read(data: bytes, filename: str, sheet: str = "") -> Sheet:
    """Read an ``.xlsx``/``.xls`` workbook (the worksheet of that name; else the first with a heading, those in sight
    before hidden ones) or a CSV. Raises :class:`BadRoster`."""
    if not data:
        raise BadRoster("文件是空的")
    if len(data) > _MOST_BYTES:
        raise BadRoster("文件超过20兆，请分开传")
    if data[:4] == b"PK\x03\x04" or data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return _from_workbook(_workbook(data), sheet)
    if filename.lower().endswith((".xlsx", ".xls")):
        raise BadRoster("这不是Excel文件，可能没有存好，请另存一次再传")
    if sheet:
        raise BadRoster("CSV文件没有工作表，不用选")
    text, encoding = _decode(data)
    return _from_tables([_Table(_csv(text))], encoding)


def _from_workbook(tables: list[_Table], wanted: str) -> Sheet:
    names = [t.name for t in tables if t.rows]
    if wanted and wanted not in names:
        raise BadRoster(f"没有“{wanted}”这张工作表，有的是：{'、'.join(names)}")
    found = _from_tables([t for t in tables if not wanted or t.name == wanted], "excel")
    found.others = [name for name in names if name != found.name]
    return found


def _workbook(data: bytes) -> list[_Table]:
    from python_calamine import CalamineWorkbook, SheetTypeEnum, SheetVisibleEnum

    try:
        if data[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                if sum(item.file_size for item in archive.infolist()) > _MOST_UNPACKED:
                    raise BadRoster("这个文件解开以后太大，不收")
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        worksheets = [m for m in book.sheets_metadata if m.typ == SheetTypeEnum.WorkSheet]
        sheets = sorted(worksheets, key=lambda m: m.visible != SheetVisibleEnum.Visible)
        tables = []
        for meta in sheets[:_MOST_SHEETS]:
            sheet = book.get_sheet_by_name(meta.name)
            raw = sheet.to_python(skip_empty_area=False)[: _MOST_ROWS + 20]
            rows = [[_cell(value) for value in row[:_MOST_COLUMNS]] for row in raw]
            _fill_down(rows, sheet.merged_cell_ranges or [])
            tables.append(_Table(rows, meta.name))
        return tables
    except BadRoster:
        raise
    except Exception as error:  # the reader has many errors of its own, and all mean this to a clerk
        raise BadRoster("这个Excel文件打不开，请另存为.xlsx再传") from error


def _fill_down(rows: list[list[str]], merged: list[tuple[tuple[int, int], tuple[int, int]]]) -> None:
    """What stands in a merged cell holds for all its rows: one 户号 beside a whole household."""
    left = _MOST_FILLED
    for (top, column), (bottom, _) in merged:
        below = rows[top + 1 : bottom + 1]
        left -= len(below)
        if left < 0:
            raise BadRoster("合并的单元格太多，请另存为CSV再传")
        for row in below:
            if column < len(row) and not row[column]:
                row[column] = rows[top][column]


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # a phone kept as a number: 19900000103.0
    if isinstance(value, bool):
        return "是" if value else "否"
    return _INVISIBLE.sub("", str(value)).strip()[:_MOST_CELL] if value else ""


def _decode(data: bytes) -> tuple[str, str]:
    if data[:2] in (b"\xff\xfe", b"\xfe\xff"):
        return data.decode("utf-16", "replace"), "utf-16"
    for encoding in _ENCODINGS:
        try:
            return data.decode(encoding), encoding
        except UnicodeDecodeError:
            continue
    raise BadRoster("文字编码认不出来，请在Excel里另存为“CSV UTF-8”")


def _csv(text: str) -> list[list[str]]:
    if text.count("\0") * 10 > len(text):  # a single one is a fault of its row, see rosterrows
        raise BadRoster("这不是表格文件")
    text = _INVISIBLE.sub("", text)
    first = text[:4000]
    delimiter = max(",\t;，", key=first.count)
    if not first.count(delimiter):
        delimiter = ","
    if delimiter == "，":
        text = text.replace("，", ",")
        delimiter = ","
    try:
        lines = csv.reader(io.StringIO(text), delimiter=delimiter)
        return [[cell.strip()[:_MOST_CELL] for cell in row[:_MOST_COLUMNS]] for row in lines]
    except csv.Error as error:
        raise BadRoster("这个CSV文件读不下去，请另存一次再传") from error


def _from_tables(tables: list[_Table], encoding: str) -> Sheet:
    for table in tables:
        for number, row in enumerate(table.rows[:20]):
            if any(len(re.sub(r"\D", "", cell)) >= 7 for cell in row):
                continue  # a number that long is somebody's: no heading, whatever a remark beside it says
            columns = rosterheads.columns(row)
            # a title line may hold one such word; a heading has the name and something else
            alone = sum(1 for cell in row if cell) == 1
            if "name" in columns.values() and (len(columns) > 1 or alone):
                return _people(table, number, columns, encoding)
    raise BadRoster("没找到“姓名”这一列，请在第一行写上：姓名、电话、村、户号")


def _people(table: _Table, heading: int, columns: dict[int, str], encoding: str) -> Sheet:
    titles = table.rows[heading]
    theirs: dict[str, str] = {}
    for index, name in columns.items():
        theirs[name] = f"{theirs[name]}、{titles[index]}" if name in theirs else titles[index]
    unread = [title for index, title in enumerate(titles) if title and index not in columns]
    sheet = Sheet([], theirs, encoding, table.name, unread=unread)
    name_at = next(index for index, name in columns.items() if name == "name")
    for number, row in enumerate(table.rows[heading + 1 :], heading + 2):
        fields: dict[str, str] = {}
        for index, name in columns.items():
            cell = row[index] if index < len(row) else ""
            if cell:
                fields[name] = f"{fields[name]} / {cell}" if name == "phone" and name in fields else cell
        if not fields:
            continue
        if _is_nobody(row, fields, titles[name_at]):
            sheet.no_people.append(number)
            continue
        fields["_row"] = str(number)
        sheet.rows.append(fields)
        if len(sheet.rows) > _MOST_ROWS:
            raise BadRoster("超过二十万行，请分开传")
    if not sheet.rows:
        raise BadRoster("只有表头，没有人")
    return sheet


def _is_nobody(row: list[str], fields: dict[str, str], title: str) -> bool:
    name, first = fields.get("name", ""), next(filter(None, row))
    if name == title:
        return True  # the heading again, as it is printed on every page
    if _NOBODY.match(first) or _NOBODY.match(name):
        return True
    alone = len(fields) == 1 and len(row) > 1 and sum(map(bool, row)) == 1
    return alone and _PART.fullmatch(first) is not None
