"""Finding one's way: search, keyboard, dark and light, the width of a phone, a stream that comes back."""

from typing import Any

import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")  # one browser, and so one loop, for all


async def test_each_view_has_a_key_and_the_list_of_keys_is_under_the_question_mark(desk: Any) -> None:
    await desk.visit()
    page = desk.page
    for key, title in enumerate(("Phones", "Flow", "Identifications", "Accounts", "Faults", "Load", "Journal"), 1):
        await page.keyboard.press(str(key))
        await expect(page.get_by_role("heading", level=1)).to_contain_text(title)
    await page.keyboard.press("?")
    await expect(page.get_by_role("dialog")).to_contain_text("Turn the lab clock to the next deadline")
    await page.keyboard.press("Escape")
    await expect(page.get_by_role("dialog")).to_have_count(0)
    await page.keyboard.press("1")
    await page.locator(".list .row").first.wait_for()
    await page.keyboard.press("j")
    await expect(page.locator(".phone")).to_contain_text("+7 000 000 00 01")
    await page.keyboard.press("p")
    await desk.button("Pause the lab clock").wait_for()


async def test_search_narrows_the_phones_and_keys_do_nothing_while_somebody_types(desk: Any) -> None:
    await desk.visit()
    await desk.page.keyboard.press("/")
    await desk.page.keyboard.type("0000000012")
    rows = desk.page.locator(".list .row")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("+7 000 000 00 12")


async def test_the_theme_follows_the_system_until_somebody_chooses_and_the_choice_is_kept(open_desk: Any) -> None:
    desk = await open_desk(color_scheme="dark")
    await desk.visit()
    root = desk.page.locator("html")
    await expect(root).to_have_attribute("data-theme", "dark")
    await desk.page.keyboard.press("t")
    await expect(root).to_have_attribute("data-theme", "light")
    await desk.page.reload()
    await expect(root).to_have_attribute("data-theme", "light")


async def test_at_the_width_of_a_phone_nothing_is_cut_off_and_a_code_is_two_taps_away(open_desk: Any) -> None:
    desk = await open_desk(viewport={"width": 390, "height": 844})
    await desk.page.goto(desk.lab.base_url)
    await desk.send()
    await desk.page.locator(".bubble").wait_for()
    for view in ("phones", "flow", "identify", "accounts", "faults", "load", "journal"):
        await desk.page.goto(f"{desk.lab.base_url}/#/{view}")
        await desk.page.get_by_role("heading", level=1).wait_for()
        assert await desk.page.evaluate("document.documentElement.scrollWidth") == 390, view


async def test_arrivals_are_told_to_those_who_cannot_see_them_without_the_code(desk: Any) -> None:
    await desk.visit()
    await desk.send()
    await expect(desk.page.get_by_role("status")).to_have_text("+7 000 000 00 01 has a text from confirmlab")


async def test_a_page_whose_lab_is_gone_says_so_and_shows_the_one_that_comes_in_its_place(
    desk: Any, another_lab: Any
) -> None:
    await desk.visit()
    await desk.send()
    await desk.page.locator(".bubble").wait_for()
    await desk.lab.stop()
    await desk.page.get_by_role("img", name="Not connected").wait_for()
    lab = another_lab(desk.lab.ports["http"])
    await lab.start()
    try:
        await desk.page.get_by_role("img", name="Live").wait_for()
        await expect(desk.page.locator(".bubble")).to_have_count(0)
        await expect(desk.page.locator(".list .row").first).to_contain_text("0 texts")
    finally:
        await lab.stop()


async def test_what_the_page_had_not_seen_is_there_when_it_is_opened(desk: Any) -> None:
    await desk.visit()
    await desk.send()
    await desk.page.locator(".pending").wait_for()
    await desk.page.reload()
    await expect(desk.page.locator(".pending")).to_be_visible()
    await desk.page.keyboard.press("2")
    flows = desk.page.get_by_role("region", name="Messages and calls").first
    await expect(flows).to_contain_text("SMS code")
