"""The page in Debian's chromium, on a lab in this process whose clock stands still."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path

import pytest
import pytest_asyncio
from chromium import chromium, listen
from playwright.async_api import Browser, Locator, Page, expect

from gateway.config import read
from gateway.lab import Lab

expect.set_options(timeout=15_000)
WIDE = {"width": 1360, "height": 820}
NUMBERS = [f"+70000010{place:03d}" for place in range(30)]


DRAWN = "() => new Promise((drawn) => requestAnimationFrame(() => requestAnimationFrame(drawn)))"
"""Ends when the page shows what the address says: where only its end has changed, nothing is loaded."""


@dataclass
class Desk:
    """What a tester sees of one lab. `number` is that of a handset that no other test of the same lab uses."""

    lab: Lab
    page: Page
    number: str

    async def visit(self, place: str = "") -> None:
        """Open a view, such as phones/+7000..., and wait until the page lives."""
        await self.page.goto(f"{self.lab.base_url}/#/{place}")
        await self.page.get_by_role("img", name="Live").wait_for()
        await self.drawn()

    async def drawn(self) -> None:
        """Wait until the page shows what it was last told to."""
        await self.page.evaluate(DRAWN)

    async def visit_phone(self) -> None:
        await self.visit(f"phones/{self.number}")
        await self.page.locator(".starter.big").wait_for(state="detached")  # that of the first view

    async def send(self, method: str = "") -> None:
        """Press the button that starts a confirmation, of the number of this desk."""
        choice = self.page.locator(".starter.big").get_by_label("To")
        if await choice.count():
            await choice.select_option(self.number)
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

    @property
    def shown(self) -> str:
        """The number as the page writes it."""
        digits = self.number
        return " ".join((digits[:2], digits[2:5], digits[5:8], digits[8:10], digits[10:]))

    @property
    def row(self) -> Locator:
        """The handset in the list."""
        return self.page.locator(".list .row", has_text=self.shown)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as browser:
        yield browser


def make_lab(folder: Path, name: str, settings: str = "", *, http_port: int = 0) -> Lab:
    """Return a lab with data of its own, not started yet."""
    file = folder / f"{name}.yaml"
    file.write_text(settings, encoding="utf-8")
    flags = {"--smpp-port": 0, "--http-port": http_port, "--sip-port": 0, "--paused-clock": True}
    return Lab(read(file, {}, {"--data": str(folder / name), **flags}))


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def common_lab(tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Lab]:
    """Return the lab of all tests that leave it as it was but for what happened to their own handset."""
    handsets = [f'{{phone_number: "{number}"}}' for number in NUMBERS]
    lab = make_lab(tmp_path_factory.mktemp("page"), "common", f"handsets: [{', '.join(handsets)}]\n")
    await lab.start()
    yield lab
    await lab.stop()


@pytest.fixture(scope="session")
def numbers() -> Iterator[str]:
    """Return the numbers of the common lab, one after the other."""
    return iter(NUMBERS)


@pytest.fixture
def another_lab(tmp_path: Path) -> Callable[[int], Lab]:
    """Return a function that makes a lab that will listen on the given HTTP port."""
    return lambda http_port: make_lab(tmp_path, "another", http_port=http_port)


OpenDesk = Callable[..., Awaitable[Desk]]


@pytest_asyncio.fixture(loop_scope="session")
async def open_desk(
    tmp_path: Path, common_lab: Lab, browser: Browser, numbers: Iterator[str]
) -> AsyncIterator[OpenDesk]:
    """Return a function that opens a browser of its own, on a lab of its own if there are settings as YAML.

    Errors of the page fail a test, and so does whatever it asks of another host.
    """
    errors: list[list[str]] = []
    async with AsyncExitStack() as stack:

        async def start(settings: str | None = None, **own: object) -> Desk:
            lab = common_lab
            if settings is not None:
                lab = make_lab(tmp_path, "lab", settings)
                stack.push_async_callback(lab.stop)
                await lab.start()
            page = await browser.new_page(**{"viewport": WIDE, **own})
            stack.push_async_callback(page.close)
            page.set_default_timeout(15_000)
            errors.append(listen(page, lab.base_url))
            return Desk(lab, page, next(numbers) if lab is common_lab else "+70000000001")

        yield start
    assert [error for each in errors for error in each] == []


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def common_page(browser: Browser) -> Page:
    """Return the page of all tests that use the common lab: to load it takes longer than to use it."""
    page = await browser.new_page(viewport=WIDE, reduced_motion="reduce")
    page.set_default_timeout(15_000)
    return page


@pytest_asyncio.fixture(loop_scope="session")
async def desk(common_lab: Lab, common_page: Page, numbers: Iterator[str]) -> AsyncIterator[Desk]:
    """Return a desk at the common lab, as if its page had just been opened; errors of the page fail a test."""
    desk = Desk(common_lab, common_page, next(numbers))
    errors = listen(common_page, common_lab.base_url)
    if not await common_page.get_by_role("img", name="Live").is_visible():
        await common_page.goto("about:blank")  # the test before has failed, or there was none
    await desk.visit()
    await common_page.evaluate(AS_OPENED)
    yield desk
    assert errors == []


AS_OPENED = """async () => {
    const { set } = await import("/ui/store.js");
    set({ search: "", reveal: false, error: "", help: false });
    document.activeElement.blur();
}"""
