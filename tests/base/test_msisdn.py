import pytest

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
