"""What a tester does on the page, from the button to the outcome."""

import re
from typing import Any

import pytest
from playwright.async_api import expect

pytestmark = pytest.mark.asyncio(loop_scope="session")  # one browser, and so one loop, for all


async def test_a_code_arrives_by_one_button_is_hidden_until_a_click_and_confirms_when_it_is_typed(desk: Any) -> None:
    await desk.visit()
    await expect(desk.page.locator("main")).to_contain_text(f"binds to 127.0.0.1:{desk.lab.ports['smpp']},")
    await desk.send()
    bubble = desk.page.locator(".bubble").first
    await bubble.get_by_role("button", name="Show code").wait_for()
    assert not re.search(r"\d{6}", await bubble.inner_text())

    await bubble.get_by_role("button", name="Show code").click()
    code = await bubble.locator(".code .revealed").inner_text()
    await desk.type_code("000000" if code != "000000" else "000001")
    await desk.page.get_by_text("Wrong code: 2 tries left").wait_for()
    await desk.type_code(code)
    await expect(desk.badge("confirmed")).to_be_visible()


async def test_a_flash_call_rings_is_rejected_and_its_last_digits_confirm(desk: Any) -> None:
    await desk.visit_phone()
    await desk.send("flash_call")
    ringing = desk.page.locator(".ringing")
    await ringing.get_by_role("button", name="Show caller").click()
    caller = re.sub(r"\D", "", await ringing.locator(".revealed").inner_text())
    await ringing.get_by_role("button", name="Reject").click()
    await expect(ringing).to_have_count(0)
    await expect(desk.page.locator(".call.missed")).to_contain_text("rejected")
    await desk.type_code(caller[-4:])
    await expect(desk.badge("confirmed")).to_be_visible()
    await desk.page.get_by_role("link", name="Flow").click()
    steps = desk.page.get_by_role("listitem")
    await expect(steps.filter(has_text="Handset to Voice switch: rejected, SIP 603")).to_be_visible()
    await expect(desk.page.locator(".list")).not_to_contain_text("cll_")


async def test_a_user_calls_the_access_number_from_the_keypad_and_is_confirmed(desk: Any) -> None:
    await desk.visit_phone()
    await desk.send("call_in")
    await expect(desk.page.get_by_label("Number to call")).to_have_value(re.compile(r"^\+7000200000[1-4]$"))
    await desk.button("Call").click()
    await expect(desk.badge("confirmed")).to_be_visible()
    await expect(desk.page.locator(".call")).to_contain_text("busy")


async def test_a_user_sends_the_text_that_is_asked_of_him_and_is_confirmed(desk: Any) -> None:
    await desk.visit_phone()
    await desk.send("mo_sms")
    await desk.button("Send it").click()
    await expect(desk.badge("confirmed")).to_be_visible()
    await desk.page.get_by_role("link", name="Flow").click()
    steps = desk.page.get_by_role("listitem")
    for said in ("Handset to SMSC: a text to 3434", "deliver_sm, message", "confirmed by the user's SMS"):
        await expect(steps.filter(has_text=said)).to_be_visible()
    await expect(desk.page.locator(".pdu").first).to_contain_text("deliver_sm")


async def test_a_user_answers_from_the_phone(desk: Any) -> None:
    await desk.visit_phone()
    await desk.page.get_by_label("Text to send").fill("Yes")
    await desk.button("Send the text").click()
    await desk.page.locator(".bubble.own").get_by_role("button", name="Show text").click()
    await expect(desk.page.locator(".bubble.own")).to_contain_text("Yes")


async def test_an_identification_is_refused_when_the_stepped_clock_passes_twenty_minutes(open_desk: Any) -> None:
    desk = await open_desk("")  # in which no other test's deadline is the next
    await desk.visit("identify")
    page = desk.page
    await page.get_by_label("Number", exact=True).select_option("+70000000011")
    await desk.button("Identify").click()
    await page.get_by_label("Beta Telecom").select_option("silent")
    await desk.badge("CONFIRMING").wait_for()
    await desk.type_code(re.findall(r"\d{6}", await desk.text("+70000000011"))[0])
    await page.get_by_text("The operator has to answer in").wait_for()
    await expect(page.locator(".deadline .countdown")).to_contain_text("20m 00s")

    await page.get_by_label("Step of the lab clock").select_option("10s")
    await desk.button("+10s").click()
    await expect(page.locator(".deadline .countdown")).to_contain_text("19m 50s")
    await page.get_by_role("button", name="To the next deadline").click()
    await expect(desk.badge("REFUSED")).to_be_visible()
    await expect(page.locator(".timeline")).to_contain_text("no answer, the doing of the operator")
    await expect(page.locator(".line .wait").last).to_contain_text("20m")


async def test_a_handset_that_is_off_gets_its_text_when_it_is_switched_on(desk: Any) -> None:
    await desk.visit_phone()
    page = desk.page
    await page.get_by_role("tab", name="Handset").click()
    await desk.button("Switch off").click()
    await desk.button("Switch on").wait_for()
    await desk.send()
    row = desk.row
    await expect(row).to_contain_text("1 waiting")
    await expect(row).to_contain_text("0 texts")

    await page.get_by_role("tab", name="Handset").click()
    await desk.button("Switch on").click()
    await expect(row).to_contain_text("1 text · confirmlab")
    await page.get_by_role("tab", name="Messages").click()
    await expect(page.locator(".bubble")).to_have_count(1)


async def test_a_handset_whose_memory_is_filled_takes_no_text_until_it_has_room(desk: Any) -> None:
    await desk.visit_phone()
    page = desk.page
    await desk.send()
    await page.locator(".bubble").wait_for()
    await page.get_by_role("tab", name="Handset").click()
    await desk.button("Fill it").click()
    await page.get_by_text("1 of 1 places taken").wait_for()
    await page.get_by_label("Step of the lab clock").select_option("1m")
    await desk.button("+1m").click()
    await desk.button("Send again").click()
    await expect(desk.row).to_contain_text("1 waiting")
    await page.get_by_role("tab", name="Handset").click()
    await desk.button("Any number of texts").click()
    await expect(desk.row).to_contain_text("2 texts")


async def test_the_flow_of_a_code_shows_its_steps_and_its_pdus_field_by_field_with_the_text_hidden(desk: Any) -> None:
    await desk.visit_phone()
    await desk.send()
    await desk.page.locator(".bubble").wait_for()
    await desk.page.get_by_role("link", name="Flow").click()
    steps = desk.page.get_by_role("listitem")
    for said in ("Service to Gateway", "submit_sm", "a text from confirmlab", "deliver_sm, receipt"):
        await expect(steps.filter(has_text=said).first).to_be_visible()
    submitted = desk.page.locator(".pdu").first
    await submitted.locator("summary").click()
    fields = submitted.locator("tr")
    await expect(fields.filter(has_text="destination_addr").last).to_contain_text(desk.number[1:])
    await expect(fields.filter(has_text="registered_delivery")).to_contain_text("final")
    assert not re.search(r"\D\d{6}\D", await fields.filter(has_text="short_message").inner_text())
    await fields.filter(has_text="short_message").get_by_role("button", name="Show text").click()
    assert re.search(r"\D\d{6}\D", await fields.filter(has_text="short_message").inner_text())


async def test_a_fault_is_switched_on_for_an_account_and_off_again(desk: Any) -> None:
    await desk.visit("faults")
    switch = desk.page.get_by_role("switch", name="Latency")
    await desk.page.get_by_label("For").select_option("gateway")
    await switch.click()
    await expect(switch).to_be_checked()
    rules = desk.lab.operator_side.smsc.faults
    assert [rule.fault.fault for rule in rules.rules()] == ["latency"]
    assert rules.rules()[0].fault.when.account == "gateway"
    await desk.page.get_by_label("For").select_option("smppclient1")
    await expect(switch).not_to_be_checked()
    await desk.page.get_by_label("For").select_option("")
    await expect(switch).to_be_checked()
    await switch.click()
    await expect(switch).not_to_be_checked()
    assert rules.rules() == []


async def test_the_lab_takes_each_fault_as_the_page_offers_it(desk: Any) -> None:
    await desk.visit("faults")
    answers = await desk.page.evaluate(
        """async () => {
            const { KINDS } = await import("/ui/views/fault_kinds.js");
            const { post } = await import("/ui/api.js");
            const when = { account: "nobody" };
            const ask = ({ fault, needs }) =>
                post("/lab/faults", { fault, ...needs, when }).then(() => "taken", String);
            return Promise.all(KINDS.map(ask));
        }"""
    )
    assert set(answers) == {"taken"}
    await desk.button("All off").click()
    await expect(desk.page.get_by_role("heading", level=1)).to_contain_text("0 rules")


async def test_a_lab_with_a_token_is_entered_by_the_address_that_it_prints(open_desk: Any) -> None:
    token = "a-token-of-enough-characters"
    desk = await open_desk(f"server: {{lab_token: {token}}}\n")
    wrong = desk.page.get_by_text("This is not the lab's token")
    await desk.page.goto(f"{desk.lab.base_url}/#/faults")
    await desk.page.get_by_label("Token").fill("something else")
    await expect(wrong).to_be_hidden()
    await desk.button("Log in").click()
    await wrong.wait_for()
    await desk.page.get_by_label("Token").fill(token)
    await desk.button("Log in").click()
    await expect(desk.page.get_by_role("heading", level=1)).to_contain_text("Faults")
    # A page without its cookie leads on to the login by itself, and the login with the token to the page: neither is
    # to break off what the test goes to.
    await desk.page.goto("about:blank")
    await desk.page.context.clear_cookies()
    await desk.page.goto(f"{desk.lab.base_url}/login#{token}", wait_until="commit")
    await desk.page.get_by_role("img", name="Live").wait_for()
    assert token not in desk.page.url


async def test_a_lab_may_say_that_codes_and_texts_are_shown_at_once(open_desk: Any) -> None:
    desk = await open_desk("page: {reveal: true}\n")
    await desk.visit()
    await desk.send()
    await expect(desk.page.locator(".code .revealed")).to_have_text(re.compile(r"^\d{6}$"))
