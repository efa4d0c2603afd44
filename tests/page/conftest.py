"""The page in Debian's chromium, on a lab in this process whose clock stands still."""

import os
import shutil
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from playwright.async_api import Browser, Locator, Page, async_playwright, expect

from gateway.config import read
from gateway.lab import Lab

NUMBER = "+70000000001"
SHOWN = "+7 000 000 00 01"


expect.set_options(timeout=15_000)


@dataclass
class Desk:
    """What a tester sees of one lab."""

    lab: Lab
    page: Page

    async def visit(self, place: str = "") -> None:
        """Open a view, such as phones/+7000..., and wait until the page lives."""
        await self.page.goto(f"{self.lab.base_url}/#/{place}")
        await self.page.get_by_role("img", name="Live").wait_for()

    async def send(self, method: str = "") -> None:
        """Press the button that starts a confirmation."""
        if method:
            await self.page.locator(".starter").get_by_label("By").select_option(method)
        await self.page.locator("#send-code").click()

    async def type_code(self, code: str) -> None:
        await self.page.locator(".code-input").fill(code)
        await self.page.get_by_role("button", name="Check").click()

    async def text(self, number: str) -> str:
        """Return the text that a handset has received, once it has."""
        journal = self.lab.ground.journal
        received = await journal.wait(0, 10, 1, lambda e: e.type == "handset.received" and e.subject == number)
        assert received, f"nothing came to {number}"
        return self.lab.operator_side.handsets[number].inbox[-1].text

    def button(self, name: str) -> Locator:
        return self.page.get_by_role("button", name=name, exact=True)

    def badge(self, state: str) -> Locator:
        return self.page.locator("main .badge", has_text=state).first


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    path = shutil.which("chromium")
    if path is None:
        assert not os.environ.get("CI"), "chromium is not installed"
        pytest.skip("chromium is not installed")
    # Its sandbox does not work for root.
    options = ["--no-sandbox"] if os.geteuid() == 0 else []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(executable_path=path, args=options)
        yield browser
        await browser.close()


def make_lab(folder: Path, name: str, settings: str = "", *, http_port: int = 0) -> Lab:
    """Return a lab with data of its own, not started yet."""
    file = folder / f"{name}.yaml"
    file.write_text(settings, encoding="utf-8")
    flags = {"--smpp-port": 0, "--http-port": http_port, "--sip-port": 0, "--paused-clock": True}
    return Lab(read(file, {}, {"--data": str(folder / name), **flags}))


@pytest.fixture
def another_lab(tmp_path: Path) -> Callable[[int], Lab]:
    """Return a function that makes a lab that will listen on the given HTTP port."""
    return lambda http_port: make_lab(tmp_path, "another", http_port=http_port)


OpenDesk = Callable[..., Awaitable[Desk]]


@pytest_asyncio.fixture(loop_scope="session")
async def open_desk(tmp_path: Path, browser: Browser) -> AsyncIterator[OpenDesk]:
    """Return a function that starts a lab with settings as YAML and opens a browser; errors of the page fail a test."""
    errors: list[str] = []
    async with AsyncExitStack() as stack:

        async def start(settings: str = "", **context: object) -> Desk:
            lab = make_lab(tmp_path, "lab", settings)
            stack.push_async_callback(lab.stop)
            await lab.start()
            page = await browser.new_page(**{"viewport": {"width": 1360, "height": 820}, **context})
            page.set_default_timeout(15_000)
            page.on("pageerror", lambda error: errors.append(str(error)))
            page.on("console", lambda told: errors.append(told.text) if told.type == "error" else None)
            stack.push_async_callback(page.close)
            return Desk(lab, page)

        yield start
    # A refusal by the lab is shown on the page, and the browser notes it too.
    assert [error for error in errors if "Failed to load resource" not in error] == []


@pytest_asyncio.fixture(loop_scope="session")
async def desk(open_desk: OpenDesk) -> Desk:
    return await open_desk()
