"""Where the voice switch is, and whose word about a caller counts."""

import pytest

from confirm.ports import CallUnavailableError
from gateway.adapters.voice_link import Route
from gateway.settings import VoiceLinkSettings
from smsc_emulator.sip.calls import Peer, Transport
from smsc_emulator.sip.digest import Credentials

OWN = Peer("127.0.0.1", 5060)


def route(own: Peer | None = OWN, **link: object) -> Route:
    return Route(VoiceLinkSettings.model_validate(link), own, "0.0.0.0")


async def test_the_labs_own_switch_is_called_where_no_other_is_configured() -> None:
    assert await route().find() == OWN
    assert await route(host="192.0.2.1", port=5070, transport="tcp").find() == Peer("192.0.2.1", 5070, "tcp")


async def test_a_name_that_cannot_be_looked_up_makes_calls_unavailable() -> None:
    with pytest.raises(CallUnavailableError, match=r"switch\.invalid"):
        await route(host="switch.invalid").find()
    with pytest.raises(CallUnavailableError):
        await route(None).find()


async def test_a_switch_is_looked_for_among_addresses_that_the_gateway_can_reach() -> None:
    four = Route(VoiceLinkSettings(host="localhost"), None, "127.0.0.1")
    six = Route(VoiceLinkSettings(host="::1"), None, "::1")
    assert (await four.find()).host == "127.0.0.1"
    assert (await six.find()).host == "::1"


@pytest.mark.parametrize(
    ("host", "port", "transport", "trusted"),
    [
        ("127.0.0.1", 5060, "udp", True),
        ("127.0.0.1", 5061, "udp", False),
        ("127.0.0.2", 5060, "udp", False),
        ("127.0.0.1", 5060, "tcp", False),
    ],
)
def test_without_networks_the_switch_alone_is_trusted(
    host: str, port: int, transport: Transport, trusted: bool
) -> None:
    assert route().trusts(Peer(host, port, transport)) is trusted


def test_over_tcp_the_switch_is_known_by_its_address() -> None:
    own = Peer("127.0.0.1", 5060, "tcp")
    assert route(own).trusts(Peer("127.0.0.1", 40_000, "tcp"))
    assert not route(own).trusts(Peer("127.0.0.1", 5060, "udp"))


async def test_a_configured_switch_is_trusted_once_its_address_is_known() -> None:
    elsewhere = route(None, host="192.0.2.1")
    assert not elsewhere.trusts(Peer("192.0.2.1", 5060))
    await elsewhere.find()
    assert elsewhere.trusts(Peer("192.0.2.1", 5060))


def test_configured_networks_count_in_place_of_the_switch() -> None:
    networks = route(trusted_peers=["10.0.0.0/8", "2001:db8::/32"])
    assert networks.trusts(Peer("10.1.2.3", 40_000, "tcp"))
    assert networks.trusts(Peer("2001:db8::7", 5060))
    assert not networks.trusts(OWN)
    assert not route(trusted_peers=[]).trusts(OWN)


def test_the_gateway_has_a_name_and_a_password_for_a_switch_or_neither() -> None:
    link = VoiceLinkSettings(host="192.0.2.1", username="lab", password="secret")
    assert link.credentials == Credentials("lab", "secret")
    assert VoiceLinkSettings().credentials is None
    with pytest.raises(ValueError, match="go together"):
        VoiceLinkSettings(username="lab")
