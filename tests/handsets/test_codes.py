import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsc_emulator.handsets.codes import find_code


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("Your code is 482913", "482913"),
        ("482913 is your code.", "482913"),
        ("Код: 4821. Никому не сообщайте.", "4821"),
        ("Код подтверждения 048213 действует 5 минут", "048213"),
        ("G-482913 is your verification code", "482913"),
        ("<#> Code:482913\nFA+9qCX9VSu", "482913"),
        ("12345678", "12345678"),
        ("first 1111 then 2222", "1111"),
        ("您的验证码是482913请勿泄露", "482913"),
        ("482913 Eurobank", "482913"),
        ("Amateur 482913", "482913"),
        ("Code 4821. 10 minutes", "4821"),
        ("Code ٤٨٢٩١٣ or 482913", "482913"),
    ],
)
def test_the_code_of_a_usual_message_is_found(text: str, code: str) -> None:
    assert find_code(text) == code


@pytest.mark.parametrize(
    "noise",
    [
        "+70000000001",
        "+7 000 000-00-01",
        "8 (800) 000-00-01",
        "8-800-000-0001",
        "(000) 000-0001",
        "000-000-0001",
        "2026-01-31",
        "31.01.2026",
        "31/01/2026",
        "31 January 2026",
        "January 31, 2026",
        "31 мая 2026",
        "1500 RUB",
        "1 500,00 руб.",  # noqa: RUF001
        "12500р.",  # noqa: RUF001
        "1500 рублей",
        "$1500",
        "€ 1500.50",
        "1500.50",
        "*1234",
        "https://example.test/1234567",
        "AB12345",
        "12345678901",
    ],
)
def test_a_number_of_another_kind_before_or_after_the_code_is_passed_over(noise: str) -> None:
    assert find_code(f"{noise} code 482913") == "482913"
    assert find_code(f"482913 is the code. {noise}") == "482913"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Hello",
        "123",
        "12 34 56",
        "12345678901",
        "Call +70000000001 or 8 (800) 000-00-01",
        "Paid 1500 RUB on 31.01.2026",
        "٤٨٢٩١٣",
    ],
)
def test_a_message_without_a_code_has_none(text: str) -> None:
    assert find_code(text) is None


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("pin 1234567890", "1234567890"),
        ("https://example.test/?code=482913", "482913"),
        ("code482913", "482913"),
        ("123456789 and 4821", "4821"),
    ],
)
def test_a_run_that_is_long_or_touches_something_is_the_second_choice(text: str, code: str) -> None:
    assert find_code(text) == code


@given(st.text() | st.text("0123456789 .,-+()₽rub", max_size=300))
def test_what_is_found_in_any_text_is_a_run_of_4_to_10_digits_of_it(text: str) -> None:
    code = find_code(text)
    assert code is None or (code in text and code.isascii() and code.isdigit() and 4 <= len(code) <= 10)


@given(st.integers(0, 10**8 - 1).map(str).filter(lambda digits: len(digits) >= 4))
def test_a_code_of_4_to_8_digits_is_found_in_a_sentence(code: str) -> None:
    assert find_code(f"Your code is {code}. Call +70000000001 if it was not you.") == code


@pytest.mark.timeout(5)
@pytest.mark.parametrize("piece", ["123 ", "1 234 567 ", "(((8", "мая ", "8-", "1.", "1"])
def test_no_long_text_keeps_the_search_busy(piece: str) -> None:
    assert find_code(piece * 10_000 + " code 482913") == "482913"
