import pytest
from hypothesis import given
from hypothesis import strategies as st

from smsc_emulator.base import msisdn


def test_a_number_as_people_write_it_becomes_e164() -> None:
    assert msisdn.parse("+7 (000) 000-00-01") == "+70000000001"


@pytest.mark.parametrize(
    "text", ["70000000001", "+0123456789", "+7000", "+7000000000000001", "+7000x000001", "+70000000001\n", ""]
)
def test_what_is_no_number_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="international form"):
        msisdn.parse(text)


@pytest.mark.parametrize(
    ("address", "number"),
    [("70000000001", "+70000000001"), ("+70000000001", "+70000000001"), ("0070000000001", "+70000000001")],
)
def test_an_smpp_address_of_digits_means_a_number(address: str, number: str) -> None:
    assert msisdn.from_address(address) == number


@pytest.mark.parametrize("address", ["1234", "confirmlab", ""])
def test_short_codes_and_names_stay_what_they_are(address: str) -> None:
    assert msisdn.from_address(address) == address


def test_a_masked_number_keeps_its_country_and_its_end() -> None:
    assert msisdn.mask("+70000000001") == "+7000*****01"


# Numbers as they arrive in calls

PLAN = msisdn.DialPlan()


@pytest.mark.parametrize(
    ("dialled", "number"),
    [
        ("+70000000001", "+70000000001"),
        ("0070000000001", "+70000000001"),
        ("80000000001", "+70000000001"),
        ("70000000001", "+70000000001"),
        ("0000000001", "+70000000001"),
        ("81070000000001", "+70000000001"),
        ("+7 (000) 000-00-01", "+70000000001"),
        ("+70000000001;npdi", "+70000000001"),
        ("999000000001", "+999000000001"),
        ("810999000000001", "+999000000001"),
    ],
)
def test_a_number_as_a_call_shows_it_is_read_by_the_plan(dialled: str, number: str) -> None:
    assert msisdn.from_dialled(dialled, PLAN) == number


@pytest.mark.parametrize(
    "dialled", ["anonymous", "", "+", "112", "alice", "+7000x000001", "+0000000001", "\u0660" * 10]
)
def test_what_a_call_shows_and_is_no_number_is_none(dialled: str) -> None:
    assert msisdn.from_dialled(dialled, PLAN) is None


@given(
    plan=st.builds(
        msisdn.DialPlan,
        country_code=st.sampled_from(["7", "1", "44", "999"]),
        trunk_prefix=st.sampled_from(["", "8", "0"]),
        international_prefixes=st.sampled_from([("00",), ("00", "810"), ("011",)]),
        national_digits=st.integers(9, 11),
    ),
    digits=st.text("0123456789", min_size=11, max_size=11),
)
def test_every_spelling_of_a_national_number_means_one_number(plan: msisdn.DialPlan, digits: str) -> None:
    national = digits[: plan.national_digits]
    number = plan.country_code + national
    abroad = [prefix + number for prefix in plan.international_prefixes]
    for spelling in ("+" + number, plan.trunk_prefix + national, national, *abroad):
        assert msisdn.from_dialled(spelling, plan) == "+" + number


@given(st.text("0123456789", min_size=11, max_size=11))
def test_a_foreign_number_is_the_same_with_plus_and_with_every_international_prefix(rest: str) -> None:
    number = "999" + rest
    for prefix in ("+", "", "00", "810"):
        assert msisdn.from_dialled(prefix + number, PLAN) == "+" + number


@given(st.text())
def test_reading_never_raises_and_gives_a_number_or_none(text: str) -> None:
    number = msisdn.from_dialled(text, PLAN)
    assert number is None or msisdn.parse(number) == number
