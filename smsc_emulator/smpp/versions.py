"""What a version of SMPP means for a session: which octets it takes, and what it is told."""

from typing import Final, NamedTuple

from smsc_emulator.smpp.constants import (
    INTERFACE_VERSION,
    MAX_SM_LENGTH,
    MAX_SM_LENGTH_5_0,
    VERSION_3_3,
    VERSION_5_0,
    CommandId,
)

SINCE: Final[dict[int, int]] = {
    CommandId.DATA_SM: INTERFACE_VERSION,
    CommandId.ALERT_NOTIFICATION: INTERFACE_VERSION,
    CommandId.BROADCAST_SM: VERSION_5_0,
    CommandId.QUERY_BROADCAST_SM: VERSION_5_0,
    CommandId.CANCEL_BROADCAST_SM: VERSION_5_0,
}
"""The first version that has a request. Binds are not here: a version is agreed by them."""


class Version(NamedTuple):
    """One version's rules."""

    takes_tlvs: bool
    max_sm_length: int
    payload_supersedes: bool
    """Whether message_payload supersedes short_message; before 5.0 they exclude each other."""
    tells_congestion: bool


VERSIONS: Final[dict[int, Version]] = {
    VERSION_3_3: Version(False, MAX_SM_LENGTH, False, False),
    INTERFACE_VERSION: Version(True, MAX_SM_LENGTH, False, False),
    VERSION_5_0: Version(True, MAX_SM_LENGTH_5_0, True, True),
}


def agreed(one: int, other: int) -> int:
    """Return the version that two sides speak: the highest known one that neither exceeds (3.4, 5.2.4)."""
    lower = min(one, other)
    return max((version for version in VERSIONS if version <= lower), default=VERSION_3_3)


def has(version: int, command_id: int) -> bool:
    """Whether a version has a request."""
    return SINCE.get(command_id, 0) <= version
