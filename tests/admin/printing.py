"""Printing a page as a village office does: Chromium, A4. Returns what comes out of the printer."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

from tests.servers import chromium

ROOT = Path(__file__).parents[2]
A4 = (595, 842)  # points
_PAGE = re.compile(rb"/Type\s*/Page\b")
_BOX = re.compile(rb"/MediaBox\s*\[0 0 ([\d.]+) ([\d.]+)\]")


class Printer:
    """A Chromium that prints."""

    def __init__(self, browser: Any) -> None:
        self.browser = browser

    def pdf(self, html: str) -> bytes:
        """What Ctrl-P makes of a page; its style sheet is put in, since there is no server."""
        for name, folder in (("papers.css", "admin/static"), ("board.css", "gateway/web/static")):
            css = (ROOT / folder / name).read_text()
            html = re.sub(
                rf'<link rel="stylesheet" href="[^"]*{name}">',
                lambda _m, css=css: f"<style>{css}</style>",
                html,
            )
        page = self.browser.new_page()
        try:
            page.set_content(html)
            made: bytes = page.pdf(prefer_css_page_size=True, print_background=False)
        finally:
            page.close()
        return made


@contextmanager
def printer() -> Iterator[Printer]:
    with sync_playwright() as p:
        browser = p.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        yield Printer(browser)
        browser.close()


def sizes(pdf: bytes) -> list[tuple[int, int]]:
    """Width and height of every page, in points."""
    boxes = [(round(float(w)), round(float(h))) for w, h in _BOX.findall(pdf)]
    assert len(boxes) == len(_PAGE.findall(pdf))
    return boxes
