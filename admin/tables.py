"""Tables as files for a spreadsheet program."""

import csv
import io
from collections.abc import Iterable, Iterator
from typing import IO, Any

import xlsxwriter

from gateway.outreach.export import BOM, cell

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# what we hand to Excel is words and numbers; it is never to run or to link anything
_PLAIN = {
    "constant_memory": True,
    "strings_to_formulas": False,
    "strings_to_urls": False,
    "strings_to_numbers": False,
    "default_format_properties": {"font_name": "微软雅黑", "font_size": 11},
}


def table(heading: list[str], rows: Iterable[Iterable[object]]) -> Iterator[str]:
    """CSV as Excel opens it with Chinese in it, row by row; nothing in it can become a formula."""
    out = io.StringIO()
    write = csv.writer(out, lineterminator="\r\n").writerow
    out.write(BOM)
    write(heading)
    for row in rows:
        write([cell("" if value is None else value) for value in row])
        yield out.getvalue()
        out.seek(0)
        out.truncate()
    yield out.getvalue()


class Book:
    """A workbook with headings that stay in sight, and A4 sheets when printed."""

    def __init__(self, out: IO[bytes]) -> None:
        self.book = xlsxwriter.Workbook(out, _PLAIN)
        bold = {"bold": True, "text_wrap": True, "valign": "vcenter", "border": 1, "font_name": "微软雅黑"}
        self.heading = self.book.add_format(bold)
        self.percent = self.book.add_format({"num_format": "0.0%", "font_name": "微软雅黑"})
        self.yuan = self.book.add_format({"num_format": "0.00", "font_name": "微软雅黑"})

    def sheet(self, name: str, heading: list[str], rows: Iterable[Iterable[Any]]) -> None:
        """One sheet. A share is ``("%", part, whole)``, money ``("元", 厘)``; None stays empty."""
        sheet = self.book.add_worksheet(name)
        sheet.set_landscape()
        sheet.set_paper(9)  # A4
        sheet.fit_to_pages(1, 0)
        sheet.repeat_rows(0)
        sheet.freeze_panes(1, 0)
        for n, title in enumerate(heading):
            sheet.set_column(n, n, max(9, 2.2 * len(title)) if n else 24)
            sheet.write_string(0, n, title, self.heading)
        for y, row in enumerate(rows, 1):
            for x, value in enumerate(row):
                self._put(sheet, y, x, value)

    def _put(self, sheet: Any, y: int, x: int, value: Any) -> None:
        if isinstance(value, tuple):
            kind, *given = value
            if kind == "元":
                sheet.write_number(y, x, given[0] / 1000, self.yuan)
            elif given[1]:
                sheet.write_number(y, x, given[0] / given[1], self.percent)
        elif isinstance(value, int | float):
            sheet.write_number(y, x, value)
        elif value is not None and str(value):
            sheet.write_string(y, x, cell(value))
