"""axe-core, which was not written here, finds nothing above minor on any view, in either theme."""

import asyncio
import hashlib
import os
import shutil
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio

pytestmark = pytest.mark.asyncio(loop_scope="session")  # one browser, and so one loop, for all

VERSION = "4.14.1"
SHA256 = "29348999450cdf2849a8e70b7912fc2da85a849da39c0d0d5394f51d4a9ed95c"
VIEWS = ["phones", "phones/+70000000001", "flow", "identify", "accounts", "faults", "load", "journal"]


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def axe(tmp_path_factory: pytest.TempPathFactory) -> str:
    """Return axe-core as npm has it."""
    folder: Path = tmp_path_factory.mktemp("npm")
    missing = "axe-core cannot be had without npm"
    if shutil.which("npm") is None:
        assert not os.environ.get("CI"), missing
        pytest.skip(missing)
    options = ["--silent", "--no-audit", "--no-fund", "--no-package-lock", "--ignore-scripts"]
    npm = await asyncio.create_subprocess_exec(
        *("npm", "install", *options, "--prefix", str(folder), f"axe-core@{VERSION}"),
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.DEVNULL,
    )
    if await npm.wait():
        assert not os.environ.get("CI"), "npm cannot install axe-core"
        pytest.skip("npm cannot install axe-core")
    source = (folder / "node_modules/axe-core/axe.min.js").read_bytes()
    assert hashlib.sha256(source).hexdigest() == SHA256
    return source.decode()


# The themes differ in their colours alone, so the second is looked at for contrast alone.
@pytest.mark.parametrize(("theme", "rules"), [("light", None), ("dark", ["color-contrast"])])
async def test_axe_finds_nothing_above_minor_on_any_view(
    open_desk: Any, axe: str, theme: str, rules: list[str] | None
) -> None:
    desk = await open_desk(color_scheme=theme, reduced_motion="reduce")
    await desk.visit()
    await desk.send()
    await desk.page.locator(".bubble").wait_for()
    await desk.page.evaluate(axe)
    options = {"resultTypes": ["violations"], **({"runOnly": rules} if rules else {})}
    found = []
    for view in VIEWS:
        await desk.page.evaluate("view => { location.hash = `/${view}` }", view)
        await desk.page.get_by_role("heading").first.wait_for()
        result = await desk.page.evaluate("options => axe.run(document, options)", options)
        found += [
            (view, rule["id"], node["html"][:200], node["failureSummary"][:300])
            for rule in result["violations"]
            if rule["impact"] != "minor"
            for node in rule["nodes"]
        ]
    assert found == []
