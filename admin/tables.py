"""Tables as files for a spreadsheet program."""

import csv
import io
from collections.abc import Iterable, Iterator

from gateway.outreach.export import BOM, cell


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
