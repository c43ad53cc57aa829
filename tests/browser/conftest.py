"""One running product for all browser tests of a worker: starting it costs more than most tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, sync_playwright

from tests.servers import Stack, chromium

BROWSER = chromium()
ARTEFACTS = Path(__file__).parent.parent.parent / "artefacts"


@pytest.fixture(scope="session")
def stack(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stack]:
    """The trial village, up."""
    running = Stack(tmp_path_factory.mktemp("browser")).wait()
    yield running
    running.stop()


@pytest.fixture(
    scope="module"
)  # Playwright keeps an event loop running: other tests of this worker start their own
def browser() -> Iterator[Browser]:
    """One whose microphone hears a beep. .ci/run installs one; elsewhere only these tests are left out, and said to be."""
    if BROWSER is None:
        pytest.skip("no Chromium on this machine: browser tests are left out")
    with sync_playwright() as p:
        found = p.chromium.launch(
            executable_path=BROWSER,
            args=[
                "--no-sandbox", "--disable-background-networking", "--use-fake-device-for-media-stream",
                "--use-fake-ui-for-media-stream",
            ],
        )  # fmt: skip
        yield found
        found.close()


@pytest.fixture
def page(browser: Browser) -> Iterator[Page]:
    """A telephone's screen; a script error, or anything from the internet, is a failure."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, locale="zh-CN")
    page, wrong = context.new_page(), []
    page.on("console", lambda m: wrong.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda e: wrong.append(str(e)))
    page.on(
        "request",
        lambda r: (
            wrong.append(r.url)
            if "127.0.0.1" not in r.url and not r.url.startswith(("blob:", "data:"))
            else None
        ),
    )
    yield page
    context.close()
    assert wrong == []


@pytest.fixture
def plain(browser: Browser, stack: Stack) -> Iterator[Page]:
    """The same without JavaScript, reaching this machine only."""
    context = browser.new_context(
        viewport={"width": 390, "height": 844}, locale="zh-CN", java_script_enabled=False
    )
    page, wanted = context.new_page(), []
    page.on("request", lambda r: None if r.url.startswith((stack.base, "data:")) else wanted.append(r.url))
    yield page
    context.close()
    assert wanted == []


def picture(page: Page, name: str) -> None:
    """Keep what is on the screen in artefacts/."""
    ARTEFACTS.mkdir(exist_ok=True)
    page.screenshot(path=ARTEFACTS / f"{name}.png")
