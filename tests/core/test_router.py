import pytest

from smsc_emulator.core.router import Router, ToAccount
from smsc_emulator.core.settings import AccountSettings
from smsc_emulator.handsets.handsets import Handsets


def account(system_id: str, *serves: str, takes_unserved: bool = True) -> AccountSettings:
    return AccountSettings(system_id=system_id, password="", serves=list(serves), takes_unserved=takes_unserved)


HANDSETS = Handsets(["+70000000001"])
ROUTER = Router(
    [account("first", "1234"), account("second", "1234", "+70000000055"), account("own", takes_unserved=False)],
    HANDSETS,
)


@pytest.mark.parametrize("address", ["70000000001", "+70000000001", "0070000000001"])
def test_a_number_with_a_handset_leads_to_it_however_it_is_written(address: str) -> None:
    assert ROUTER.terminated(address) is HANDSETS["+70000000001"]


def test_a_served_number_leads_to_the_first_account_that_serves_it() -> None:
    assert ROUTER.terminated("1234") == ToAccount("first")
    assert ROUTER.terminated("70000000055") == ToAccount("second")


def test_any_other_number_leads_nowhere() -> None:
    assert ROUTER.terminated("70000000002") is None


@pytest.mark.parametrize(
    ("to", "receiving", "account"),
    [
        ("1234", set(), "first"),
        ("+70000000055", {"first"}, "second"),
        ("777", {"second", "first"}, "first"),
        ("777", {"second", "own"}, "second"),
        ("777", {"own"}, None),
        ("777", set(), None),
    ],
)
def test_a_handsets_message_goes_to_who_serves_the_number_or_takes_it(
    to: str, receiving: set[str], account: str | None
) -> None:
    assert ROUTER.originated(to, receiving) == account
