"""Debian's chromium, driven by playwright."""

import os
import shutil
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
from playwright.async_api import Browser, Page, async_playwright


@asynccontextmanager
async def chromium() -> AsyncIterator[Browser]:
    """Run it while the context is entered; skip the test where it is not installed, which in CI is a failure."""
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


def listen(page: Page, own: str) -> list[str]:
    """Return a list that grows by each error of a page, and by each request that it sends to another place than `own`.

    What breaks the page's Content-Security-Policy is such an error. A refusal by the lab is shown on the page, and is
    none, though the browser notes it too.
    """
    found: list[str] = []
    page.on("pageerror", lambda error: found.append(str(error)))
    page.on(
        "console",
        lambda told: (
            found.append(told.text) if told.type == "error" and "Failed to load resource" not in told.text else None
        ),
    )
    page.on("request", lambda sent: None if sent.url.startswith(own) else found.append(f"a request to {sent.url}"))
    return found
