"""Finding one's way: search, keyboard, dark and light, the width of a phone, a stream that comes back."""

from typing import Any

import pytest
from playwright.async_api import expect

from smsc_emulator.net.esme import EsmeClient
from smsc_emulator.smpp.constants import Tag
from smsc_emulator.smpp.pdus import SubmitSm

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
    await expect(page.get_by_role("heading", level=1)).to_contain_text("Phones")
    await page.locator(".list .row").first.wait_for()
    await desk.drawn()
    await page.keyboard.press("j")
    await expect(page.locator(".phone")).to_contain_text("+7 000 000 00 01")
    await page.keyboard.press("4")
    await page.locator(".tile").first.wait_for()
    await desk.drawn()
    await page.keyboard.press("j")
    await expect(page.locator(".tile[aria-current]")).to_contain_text("smppclient1")
    await page.locator("main").dispatch_event("keydown", {"key": "з", "code": "KeyP"})  # p, in a Russian layout
    await desk.button("Pause the lab clock").wait_for()
    await page.keyboard.press("p")
    await desk.button("Let the lab clock run").wait_for()


async def test_search_narrows_the_phones_and_keys_do_nothing_while_somebody_types(desk: Any) -> None:
    await desk.visit()
    await desk.page.keyboard.press("/")
    await desk.page.keyboard.type("0000000012")
    rows = desk.page.locator(".list .row")
    await expect(rows).to_have_count(1)
    await expect(rows).to_contain_text("+7 000 000 00 12")


async def test_a_search_that_finds_nothing_says_so_and_is_cleared(desk: Any) -> None:
    await desk.visit("accounts")
    await desk.page.keyboard.press("/")
    await desk.page.keyboard.type("no such thing")
    for view in ("accounts", "phones", "flow", "identify", "faults", "journal"):
        await desk.visit(view)
        await expect(desk.page.locator("main")).to_contain_text("Nothing here fits “no such thing”.")
    await desk.button("Clear the search").click()
    await expect(desk.page.get_by_label("Search numbers, ids and events")).to_have_value("")


async def test_an_address_that_leads_nowhere_says_so(desk: Any) -> None:
    for place, told in (
        ("phones/%", "The lab has no handset %."),
        ("phones/+79990000000", "The lab has no handset +79990000000."),
        ("flow/cnf_none", "Of cnf_none this page knows nothing"),
        ("identify/idn_none", "Of idn_none this page knows nothing"),
    ):
        await desk.visit(place)
        await expect(desk.page.locator("main")).to_contain_text(told)


async def test_a_text_is_shown_as_it_is_whatever_stands_in_it(desk: Any) -> None:
    text = "<img src=x onerror=alert(1)> &amp; 👩‍👩‍👧 שלום\nthe second line " + "x" * 200
    await desk.visit_phone()
    await desk.page.get_by_role("button", name="Show codes and texts").click()
    client = EsmeClient("127.0.0.1", desk.lab.ports["smpp"], "smppclient1", "password", window=1)
    client.start()
    try:
        await client.bound(5)
        await client.submit(
            SubmitSm(
                source_addr="<b>name</b>",
                source_addr_ton=5,
                destination_addr=desk.number[1:],
                data_coding=8,
                tlvs=((Tag.MESSAGE_PAYLOAD, text.encode("utf-16-be")),),
            )
        )
    finally:
        await client.close()
    bubble = desk.page.locator(".bubble")
    await expect(bubble.locator("p .revealed")).to_have_text(text)
    await expect(bubble.locator(".from")).to_have_text("<b>name</b>")
    width = "document.querySelector('.texts').scrollWidth - document.querySelector('.texts').clientWidth"
    assert await desk.page.evaluate(width) == 0


async def test_a_stream_that_was_broken_off_or_left_is_read_on(open_desk: Any) -> None:
    desk = await open_desk()
    refuse = "**/lab/events*"
    await desk.page.route(refuse, lambda route: route.fulfill(status=502, body="bad gateway"))
    await desk.page.goto(f"{desk.lab.base_url}/#/phones/{desk.number}")
    await desk.page.get_by_role("img", name="Not connected").wait_for()
    await desk.page.unroute(refuse)
    await desk.page.get_by_role("img", name="Live").wait_for()
    # What a browser does that keeps the page of an address which somebody leaves, and shows it again.
    for event in ("pagehide", "pageshow"):
        await desk.page.evaluate("name => dispatchEvent(new PageTransitionEvent(name, { persisted: true }))", event)
    await desk.send()
    await expect(desk.page.locator(".bubble")).to_have_count(1)


async def test_a_tab_that_nobody_sees_leaves_its_connection_to_others_until_it_is_seen(open_desk: Any) -> None:
    desk = await open_desk()
    await desk.visit()
    hide = """hidden => {
        Object.defineProperty(document, "hidden", { configurable: true, get: () => hidden });
        document.dispatchEvent(new Event("visibilitychange"));
    }"""
    await desk.page.evaluate(hide, True)
    async with desk.page.expect_popup() as opened:
        await desk.page.evaluate("void open('/')")
    other = await opened.value
    await other.get_by_role("img", name="Live").wait_for()
    await desk.page.get_by_role("img", name="Not connected").wait_for()
    await other.close()
    await desk.page.evaluate(hide, False)
    await desk.page.get_by_role("img", name="Live").wait_for()


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
        for width in (320, 390):
            await desk.page.set_viewport_size({"width": width, "height": 844})
            assert await desk.page.evaluate("document.documentElement.scrollWidth") == width, view


async def test_arrivals_are_told_to_those_who_cannot_see_them_without_the_code(desk: Any) -> None:
    await desk.visit_phone()
    await desk.send()
    await expect(desk.page.get_by_role("status")).to_have_text(f"{desk.shown} has a text from confirmlab")


async def test_a_page_whose_lab_is_gone_says_so_and_shows_the_one_that_comes_in_its_place(
    open_desk: Any, another_lab: Any
) -> None:
    desk = await open_desk("")
    await desk.visit()
    await desk.send()
    await desk.page.locator(".bubble").wait_for()
    await desk.lab.stop()
    await desk.page.get_by_role("img", name="Not connected").wait_for()
    await expect(desk.page.get_by_role("alert")).to_contain_text("The lab does not answer.")
    lab = another_lab(desk.lab.ports["http"])
    await lab.start()
    try:
        await desk.page.get_by_role("img", name="Live").wait_for()
        await expect(desk.page.locator(".bubble")).to_have_count(0)
        await expect(desk.page.get_by_role("alert")).to_have_count(0)
        await expect(desk.page.locator(".list .row").first).to_contain_text("0 texts")
    finally:
        await lab.stop()


async def test_what_the_page_had_not_seen_is_there_when_it_is_opened(desk: Any) -> None:
    await desk.visit_phone()
    await desk.send()
    await desk.page.locator(".pending").wait_for()
    await desk.page.reload()
    await expect(desk.page.locator(".pending")).to_be_visible()
    await desk.page.keyboard.press("2")
    flows = desk.page.get_by_role("region", name="Messages and calls").first
    await expect(flows).to_contain_text("SMS code")
