"""The site: every page is on it, it asks no other host for anything, and the lab serves it under a strict policy."""

import re
import zipfile
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any
from urllib.parse import unquote

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from chromium import chromium, listen
from pages import DOCS
from playwright.async_api import expect

from gateway.api import site

EXPECTED = {"page", "testing", "capture", "metrics", "cli", "load", "performance", "first", "reference/events"}


@pytest.fixture(scope="module")
def shipped(built: Any, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the site as it is in the wheel."""
    folder = tmp_path_factory.mktemp("wheel")
    with zipfile.ZipFile(built.wheel) as wheel:
        wheel.extractall(folder, [name for name in wheel.namelist() if name.startswith("gateway/site/")])
    return folder / "gateway/site"


@pytest.fixture
async def browse(shipped: Path) -> AsyncIterator[Callable[[Path | None], Any]]:
    clients = []

    async def start(files: Path | None = None) -> TestClient[Any, Any]:
        app = web.Application()
        site.add_to(app, files or shipped)
        clients.append(TestClient(TestServer(app)))
        await clients[-1].start_server()
        return clients[-1]

    yield start
    for client in clients:
        await client.close()


def named() -> list[str]:
    """Return what the navigation names."""
    trees = re.findall(r"```{toctree}\n(.*?)```", (DOCS / "index.md").read_text(), flags=re.DOTALL)
    return [line for tree in trees for line in tree.splitlines() if line and not line.startswith(":")]


def test_every_page_of_docs_is_in_the_navigation_once() -> None:
    pages = {str(page.relative_to(DOCS).with_suffix("")) for page in DOCS.rglob("*.md")} - {"index"}
    assert pages <= set(named()), f"not named in docs/index.md: {sorted(pages - set(named()))}"
    assert set(named()) >= EXPECTED
    assert len(named()) == len(set(named()))


def test_the_site_has_each_page_and_nothing_inline_or_from_elsewhere(shipped: Path) -> None:
    pages = sorted(shipped.rglob("*.html"))
    assert len(pages) >= len(list(DOCS.rglob("*.md")))
    for page in pages:
        text = page.read_text()
        assert not re.search(r"<script(?![^>]* src=)|<style| style=\"| on[a-z]+=\"", text), page
        loaded = re.findall(r"<(?:script|link|img|iframe|form)[^>]*?(?:src|href|action)=\"([^\"]+)\"", text)
        assert loaded
        assert 'role="main"' in text, f"the search finds no text on {page}"
        assert not [address for address in loaded if re.match(r"https?:|//|data:", address)], page
    for style in shipped.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:|//)|@import", style.read_text()), style


def test_no_link_of_the_site_is_dead(shipped: Path) -> None:
    for page in shipped.rglob("*.html"):
        for address in re.findall(r"(?:href|src)=\"([^\"]+)\"", page.read_text()):
            path, _, fragment = unquote(address).partition("#")
            if re.match(r"[a-z]+:", address):
                continue
            target = (page.parent / path.partition("?")[0]).resolve() if path else page
            assert target.is_file(), f"{page.relative_to(shipped)} links to {address}"
            if fragment and target.suffix == ".html":
                assert f'id="{fragment}"' in target.read_text(), f"{page.relative_to(shipped)} links to {address}"


async def test_the_lab_serves_it_and_lets_nothing_else_in(browse: Any) -> None:
    client = await browse()
    front = await client.get("/docs")
    assert front.url.path == "/docs/"
    assert "confirmlab" in await front.text()
    policy = front.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    for path, kind in (("howto/test-an-esme.html", "text/html"), ("_static/site.css", "text/css")):
        answer = await client.get(f"/docs/{path}")
        assert (answer.status, answer.content_type) == (200, kind)
    drawing = await client.get("/docs/_images/binding.svg")
    assert drawing.content_type == "image/svg+xml"


@pytest.mark.parametrize("path", ["..%2f..%2flab.py", "%2e%2e/lab.py", "nothing.html", "_static", "a%00b"])
async def test_nothing_beside_the_site_is_served(browse: Any, path: str) -> None:
    client = await browse()
    assert (await client.get(f"/docs/{path}")).status == 404


async def test_where_it_is_not_built_the_address_says_how_to_build_it(browse: Any, tmp_path: Path) -> None:
    client = await browse(tmp_path / "nothing")
    answer = await client.get("/docs/")
    assert answer.status == 404
    assert "make site" in await answer.text()


async def test_in_a_browser_the_search_finds_a_page_links_lead_on_and_the_dark_is_dark(browse: Any) -> None:
    client = await browse()
    own = str(client.make_url("/"))
    async with chromium() as browser:
        page = await browser.new_page(color_scheme="dark")
        errors = listen(page, own)
        await page.goto(f"{own}docs/howto/test-an-esme.html")
        for part in ("body", "main div.highlight"):
            assert await page.evaluate(BRIGHTNESS, [part, "backgroundColor"]) < 80, part
            assert await page.evaluate(BRIGHTNESS, [f"{part} span, {part} p", "color"]) > 120, part
        await page.emulate_media(color_scheme="light")
        assert await page.evaluate(BRIGHTNESS, ["main div.highlight", "backgroundColor"]) > 200
        await page.get_by_role("searchbox", name="Search the documentation").fill("receipt_storm")
        await page.keyboard.press("Enter")
        await page.locator("#search-results").get_by_role("link", name=re.compile("SMSC fail.*receipt_storm")).click()
        await expect(page.get_by_role("heading", level=1)).to_contain_text("How to make the SMSC fail")
        await page.set_viewport_size({"width": 390, "height": 844})
        assert await page.evaluate("document.documentElement.scrollWidth") == 390
        await page.get_by_role("link", name=re.compile("^Next: ")).click()
        await expect(page.get_by_role("heading", level=1)).not_to_contain_text("SMSC fail")
        await page.goto(f"{own}docs/reference/api.html")
        assert await page.evaluate("document.documentElement.scrollWidth") == 390
        assert errors == []


BRIGHTNESS = """([where, what]) => {
    const [red, green, blue] = getComputedStyle(document.querySelector(where))[what].match(/[0-9.]+/g).map(Number);
    return 0.3 * red + 0.6 * green + 0.1 * blue;
}"""
"""How bright a colour of the first element that fits is, from 0 to 255."""
