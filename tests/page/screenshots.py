"""Makes the pictures of the page in docs/: light, dark, and at the width of a phone.

python tests/page/screenshots.py [FOLDER]
"""

import asyncio
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

from aiohttp import ClientSession
from playwright.async_api import Browser, Page, async_playwright

from gateway.config import read
from gateway.lab import Lab

DOCS = Path(__file__).parents[2] / "docs"
DEMO = "/lab/services/demo"


class Story:
    """What has happened in the lab before the pictures are made."""

    def __init__(self, lab: Lab, session: ClientSession) -> None:
        self._lab = lab
        self._session = session

    async def call(self, method: str, path: str, body: Any) -> Any:
        async with self._session.request(method, self._lab.base_url + path, json=body) as response:
            assert response.status < 300, await response.text()
            return await response.json()

    async def code(self, number: str) -> str:
        inbox = f"{self._lab.base_url}/lab/handsets/%2B{number[1:]}/messages?wait=10s&extract=code"
        async with self._session.get(inbox) as response:
            return str((await response.json())["code"])

    async def tell(self) -> None:
        for place in (3, 5):
            await self.call("POST", f"{DEMO}/confirmations", {"phone_number": f"+70000000{place:03d}"})
        await self.identify("alice", "+70000000002")
        await self.call("PUT", "/lab/operators/beta/behaviour", {"answer": "silent"})
        await self.identify("bob", "+70000000012")
        await self.call("POST", "/lab/clock/advance", {"by": "7m24s"})
        await self.call("PUT", "/lab/handsets/%2B70000000008", {"state": "off"})

    async def identify(self, user: str, number: str) -> None:
        started = await self.call("POST", f"{DEMO}/identifications", {"user_id": user, "phone_number": number})
        path = f"{DEMO}/identifications/{started['id']}/check"
        await self.call("POST", path, {"code": await self.code(number)})


async def open_page(browser: Browser, lab: Lab, **context: Any) -> Page:
    page = await browser.new_page(reduced_motion="reduce", **context)
    await page.goto(lab.base_url)
    await page.locator(".row").first.wait_for()
    return page


async def light(page: Page, base: str) -> None:
    """Open a phone with a code that waits for its answer."""
    await page.goto(f"{base}/#/phones/%2B70000000001")
    await page.locator("#send-code").click()
    await page.locator(".bubble").get_by_role("button", name="Show code").click()


async def dark(page: Page, base: str) -> None:
    """Open the flow of a code, and one of its PDUs."""
    await page.goto(f"{base}/#/phones/%2B70000000004")
    await page.locator("#send-code").click()
    await page.locator(".bubble").wait_for()
    await page.get_by_role("link", name="Flow").first.click()
    await page.locator(".pdu summary").nth(1).click()


async def timeline(page: Page, base: str) -> None:
    """Open an identification whose operator is silent."""
    await page.goto(f"{base}/#/identify")
    await page.get_by_text("The operator has to answer in").wait_for()


async def shoot(folder: Path) -> None:
    """Run a lab, tell its story, and keep the pictures."""
    with tempfile.TemporaryDirectory() as name:
        flags = {"--smpp-port": 0, "--http-port": 0, "--sip-port": 0, "--paused-clock": True}
        empty = Path(name) / "lab.yaml"
        empty.write_text("")
        lab = Lab(read(empty, {}, {"--data": f"{name}/data", **flags}))
        await lab.start()
        async with async_playwright() as playwright, ClientSession() as session:
            browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            wide = {"viewport": {"width": 1360, "height": 800}}
            begun = await open_page(browser, lab, **wide, color_scheme="light")
            await Story(lab, session).tell()
            await light(begun, lab.base_url)
            await save(begun, folder / "page-light.png")
            await timeline(begun, lab.base_url)
            await save(begun, folder / "page-identification.png")
            at_night = await open_page(browser, lab, **wide, color_scheme="dark")
            await dark(at_night, lab.base_url)
            await save(at_night, folder / "page-dark.png")
            narrow = await open_page(browser, lab, viewport={"width": 390, "height": 844}, has_touch=True)
            await narrow.goto(f"{lab.base_url}/#/phones/%2B70000000001")
            await narrow.locator(".pending").wait_for()
            await save(narrow, folder / "page-phone.png")
            await browser.close()
        await lab.stop()


async def save(page: Page, file: Path) -> None:
    """Keep a picture once all is drawn."""
    await page.wait_for_timeout(400)
    picture = await page.screenshot(path=file)
    print(f"{file.name}: {len(picture) // 1024} kB")


if __name__ == "__main__":
    asyncio.run(shoot(Path(sys.argv[1]) if len(sys.argv) > 1 else DOCS))
