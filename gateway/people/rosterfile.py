"""Reads a roster as villages keep them: Excel or CSV, any encoding, messy headings. Bounded, and never guessed silently."""

import csv
import io
import re
import unicodedata
import zipfile
from dataclasses import dataclass, field

_MOST_BYTES = 20 * 1024 * 1024
_MOST_UNPACKED = 300 * 1024 * 1024  # a zip bomb unpacks to more
_MOST_ROWS, _MOST_COLUMNS, _MOST_CELL = 200_000, 100, 500
_ENCODINGS = ("utf-8-sig", "gb18030", "big5")

# our field ← headings people write; the first match in this order wins
_HEADINGS: tuple[tuple[str, str], ...] = (
    ("household", r"户(?:号|编号|编码|代码)|家庭编号|门牌号|^户$"),
    ("role", r"与户主关系|关系|身份类别"),
    ("id_number", r"身份证|证件号"),
    ("name", r"姓\s*名|名字|户主姓名|^户主$|^name$|^居民$"),
    ("phone", r"电话|手机|座机|联系方式|固话|号码|^phone$|^tel"),
    ("group", r"组|队|屯|楼|单元"),  # before the village: “村民小组” is a group
    ("area", r"^村|社区|所在村|行政村|村名|村委会|辖区"),
    ("birth", r"出生|生日|年龄|出生年"),
    ("sex", r"性别"),
    ("language", r"语言|民族语言"),
    ("registered", r"户籍|户口|是否本地"),
    ("prefers", r"通知方式|接收方式|偏好"),
)


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


def read(data: bytes, filename: str) -> Sheet:
    """Read an ``.xlsx``/``.xls`` workbook (first sheet with a heading) or a CSV. Raises :class:`BadRoster`."""
    if not data:
        raise BadRoster("文件是空的")
    if len(data) > _MOST_BYTES:
        raise BadRoster("文件超过20兆，请分开传")
    if data[:4] == b"PK\x03\x04" or data[:8] == b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1":
        return _from_tables(_workbook(data), "excel")
    if filename.lower().endswith((".xlsx", ".xls")):
        raise BadRoster("这不是Excel文件，可能没有存好，请另存一次再传")
    text, encoding = _decode(data)
    return _from_tables([_csv(text)], encoding)


def _workbook(data: bytes) -> list[list[list[str]]]:
    from python_calamine import CalamineWorkbook

    try:
        if data[:2] == b"PK":
            with zipfile.ZipFile(io.BytesIO(data)) as archive:
                if sum(item.file_size for item in archive.infolist()) > _MOST_UNPACKED:
                    raise BadRoster("这个文件解开以后太大，不收")
        book = CalamineWorkbook.from_filelike(io.BytesIO(data))
        tables = []
        for name in book.sheet_names[:20]:
            rows = book.get_sheet_by_name(name).to_python(skip_empty_area=False)
            tables.append(
                [[_cell(value) for value in row[:_MOST_COLUMNS]] for row in rows[: _MOST_ROWS + 20]]
            )
        return tables
    except BadRoster:
        raise
    except Exception as error:  # the reader has many errors of its own, and all mean this to a clerk
        raise BadRoster("这个Excel文件打不开，请另存为.xlsx再传") from error


def _cell(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))  # a phone kept as a number: 19900000103.0
    if isinstance(value, bool):
        return "是" if value else "否"
    return str(value or "").strip()[:_MOST_CELL]


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
    if "\0" in text:
        raise BadRoster("这不是表格文件")
    first = text[:4000]
    delimiter = max(",\t;，", key=first.count)
    if not first.count(delimiter):
        delimiter = ","
    if delimiter == "，":
        text = text.replace("，", ",")
        delimiter = ","
    try:
        rows = [
            [cell.strip()[:_MOST_CELL] for cell in row[:_MOST_COLUMNS]]
            for row in csv.reader(io.StringIO(text), delimiter=delimiter)
        ]
    except csv.Error as error:
        raise BadRoster("这个CSV文件读不下去，请另存一次再传") from error
    return rows


def _from_tables(tables: list[list[list[str]]], encoding: str) -> Sheet:
    for table in tables:
        for number, row in enumerate(table[:20]):
            if any(len(re.sub(r"\D", "", cell)) >= 7 for cell in row):
                continue  # a number that long is somebody's: no heading, whatever a remark beside it says
            columns = _headings(row)
            # a title line may hold one such word; a heading has the name and something else
            alone = sum(1 for cell in row if cell) == 1
            if "name" in columns.values() and (len(columns) > 1 or alone):
                return _rows(table, number, columns, encoding)
    raise BadRoster("没找到“姓名”这一列，请在第一行写上：姓名、电话、村、户号")


def _headings(row: list[str]) -> dict[int, str]:
    """Column index → our field; several columns may hold phones."""
    found: dict[int, str] = {}
    for index, cell in enumerate(row):
        # “姓 名*（必填）”: letters apart, marks and remarks
        plain = re.sub(r"\s+", "", unicodedata.normalize("NFKC", cell))
        plain = re.sub(r"[*:(].*$", "", plain) or plain
        if not plain or len(plain) > 12:
            continue
        for name, pattern in _HEADINGS:
            if re.search(pattern, plain) and (name == "phone" or name not in found.values()):
                found[index] = name
                break
    return found


def _rows(table: list[list[str]], heading: int, columns: dict[int, str], encoding: str) -> Sheet:
    rows = []
    for number, row in enumerate(table[heading + 1 :], heading + 2):
        fields: dict[str, str] = {}
        for index, name in columns.items():
            cell = row[index].strip() if index < len(row) else ""
            if cell:
                fields[name] = f"{fields[name]} / {cell}" if name == "phone" and name in fields else cell
        if not any(fields.values()):
            continue
        fields["_row"] = str(number)
        rows.append(fields)
        if len(rows) > _MOST_ROWS:
            raise BadRoster("超过二十万行，请分开传")
    if not rows:
        raise BadRoster("只有表头，没有人")
    theirs = {name: table[heading][index] for index, name in columns.items()}
    return Sheet(rows, theirs, encoding)
