"""Who may bind, and within what limits: an account's own settings, else its personality's, else the SMSC's."""

from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Any

from smsc_emulator.core.address_range import AddressRange, PatternError
from smsc_emulator.core.personality import Personality
from smsc_emulator.core.rate import TokenBucket
from smsc_emulator.core.settings import AccountSettings, SmscSettings
from smsc_emulator.smpp.codec import ErrorBody
from smsc_emulator.smpp.config import SessionConfig
from smsc_emulator.smpp.constants import MAX_SM_LENGTH, MAX_SM_LENGTH_5_0, CommandStatus
from smsc_emulator.smpp.pdus import Bind
from smsc_emulator.smpp.states import EnquireLinkBeforeBind

TIMERS = ("session_init_timeout", "enquire_link_interval", "inactivity_timeout", "response_timeout")
"""The four timers of SMPP 3.4, 7.2, as the settings call them."""


def session_config(
    settings: SmscSettings, personality: Personality, account: AccountSettings | None = None
) -> SessionConfig:
    """Return how sessions of an account behave or, without one, sessions that have not bound."""
    own = personality.settings
    seconds = {name: _first(name, account, own, settings) / 1000 for name in TIMERS}
    strict = own.strictness != "lenient"
    return SessionConfig(
        **seconds,
        window=_first("window", account, own),
        window_error=personality.window_error,
        # Before the bind it is not known whose password it is, so its length is looked at afterwards.
        strict=strict and account is not None,
        max_sm_length=MAX_SM_LENGTH if strict else MAX_SM_LENGTH_5_0,
        payload_conflict=(
            CommandStatus.ESME_ROPTPARNOTALLWD if own.strictness == "strict34" else CommandStatus.ESME_ROK
        ),
        error_body=ErrorBody(own.error_body),
        enquire_link_before_bind=EnquireLinkBeforeBind(own.enquire_link_before_bind),
        tells_version=own.sc_interface_version,
    )


def timers(config: SessionConfig) -> tuple[float, ...]:
    """Return the four timers in seconds."""
    return (
        config.session_init_timeout,
        config.enquire_link_interval,
        config.inactivity_timeout,
        config.response_timeout,
    )


def bucket(account: AccountSettings, personality: Personality) -> TokenBucket | None:
    """Return the limit of the account's rate, which all its sessions share, or None if it has none."""
    rate = _first("rate", account, personality.settings)
    return None if rate is None else TokenBucket(rate, personality.settings.burst)


def bind_status(account: AccountSettings, personality: Personality, request: Bind, peer: str) -> int:
    """Return what stands against a bind whose password is right, from the address `peer`; ESME_ROK if nothing."""
    if not allowed_from(account, peer):
        return CommandStatus.ESME_RBINDFAIL
    if account.system_type is not None and request.system_type != account.system_type:
        return CommandStatus.ESME_RINVSYSTYP
    try:
        address_range(account, personality, request)
    except PatternError:
        return CommandStatus.ESME_RBINDFAIL
    return CommandStatus.ESME_ROK


def allowed_from(account: AccountSettings, peer: str) -> bool:
    """Whether the ESME may connect from the address `peer`."""
    address = ip_address(peer)
    if isinstance(address, IPv6Address) and address.ipv4_mapped is not None:
        address = address.ipv4_mapped
    return any(_is_in(address, network) for network in account.allow_networks)


def _is_in(address: IPv4Address | IPv6Address, network: IPv4Network | IPv6Network) -> bool:
    return address.version == network.version and address in network


def address_range(account: AccountSettings, personality: Personality, request: Bind) -> AddressRange | None:
    """Return the addresses that a bind serves; None for all, or for unknown ones (5.2.7).

    Raises PatternError for a range that is not the account's, and if the personality is strict for one that is no
    regular expression. To a lenient one that means nothing, since many ESMEs put anything there.
    """
    asked, given = request.address_range, account.address_range
    if given is not None:
        if asked not in ("", given):
            raise PatternError(f"the account's range is {given}")
        return AddressRange(given)
    if not asked:
        return None
    try:
        return AddressRange(asked)
    except PatternError:
        if personality.settings.strictness != "lenient":
            raise
        return None


def _first(name: str, *places: object) -> Any:
    """Return the first value of a setting that is there and not None; None if there is none."""
    values = (getattr(place, name, None) for place in places)
    return next((value for value in values if value is not None), None)
