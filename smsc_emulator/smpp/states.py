"""Who may issue which operation in which state (2.2, Table 2-1), as one table.

    OPEN --bind accepted--> BOUND_TX | BOUND_RX | BOUND_TRX --unbind answered--> UNBOUND --> CLOSED
    OPEN --outbind--> OUTBOUND --bind_receiver accepted--> BOUND_RX

Where the table and common sense differ: replace_sm is allowed on a transceiver too (Table 2-1 forgets it), and
enquire_link is allowed in every state, as SMPP 5.0 has it, unless the session is told to be strict about it.
"""

from enum import Enum, StrEnum, auto
from typing import Final, NamedTuple

from smsc_emulator.smpp.constants import CommandId
from smsc_emulator.smpp.versions import has


class Role(Enum):
    """A side of a session."""

    ESME = auto()
    SMSC = auto()

    @property
    def peer(self) -> "Role":
        """The other side."""
        return Role.SMSC if self is Role.ESME else Role.ESME


class State(Enum):
    """A session's state (2.2)."""

    OPEN = auto()
    OUTBOUND = auto()
    BOUND_TX = auto()
    BOUND_RX = auto()
    BOUND_TRX = auto()
    UNBOUND = auto()
    CLOSED = auto()


class EnquireLinkBeforeBind(StrEnum):
    """What enquire_link gets outside the bound states, where Table 2-1 of SMPP 3.4 does not have it."""

    ANSWERED = "answered"
    """ESME_ROK, as in SMPP 5.0."""
    REFUSED = "refused"
    """ESME_RINVBNDSTS, by the letter of SMPP 3.4."""
    IGNORED = "ignored"
    """Nothing."""


class Operation(NamedTuple):
    """Who may issue a request, and in which states."""

    issuers: frozenset[Role]
    states: frozenset[State]


BOUND: Final = frozenset({State.BOUND_TX, State.BOUND_RX, State.BOUND_TRX})
"""The states between an accepted bind and the answered unbind."""

BOUND_BY: Final[dict[int, State]] = {
    CommandId.BIND_TRANSMITTER: State.BOUND_TX,
    CommandId.BIND_RECEIVER: State.BOUND_RX,
    CommandId.BIND_TRANSCEIVER: State.BOUND_TRX,
}
"""The state that each bind leads to."""

_BY_ESME, _BY_SMSC, _BY_BOTH = frozenset({Role.ESME}), frozenset({Role.SMSC}), frozenset(Role)
_OPEN = frozenset({State.OPEN})
_TRANSMITTING = frozenset({State.BOUND_TX, State.BOUND_TRX})
_RECEIVING = frozenset({State.BOUND_RX, State.BOUND_TRX})

OPERATIONS: Final[dict[int, Operation]] = {
    CommandId.BIND_TRANSMITTER: Operation(_BY_ESME, _OPEN),
    CommandId.BIND_RECEIVER: Operation(_BY_ESME, _OPEN | {State.OUTBOUND}),
    CommandId.BIND_TRANSCEIVER: Operation(_BY_ESME, _OPEN),
    CommandId.OUTBIND: Operation(_BY_SMSC, _OPEN),
    CommandId.UNBIND: Operation(_BY_BOTH, BOUND),
    CommandId.SUBMIT_SM: Operation(_BY_ESME, _TRANSMITTING),
    CommandId.SUBMIT_MULTI: Operation(_BY_ESME, _TRANSMITTING),
    CommandId.DATA_SM: Operation(_BY_BOTH, BOUND),
    CommandId.DELIVER_SM: Operation(_BY_SMSC, _RECEIVING),
    CommandId.QUERY_SM: Operation(_BY_ESME, _TRANSMITTING),
    CommandId.CANCEL_SM: Operation(_BY_ESME, _TRANSMITTING),
    CommandId.REPLACE_SM: Operation(_BY_ESME, _TRANSMITTING),
    CommandId.ENQUIRE_LINK: Operation(_BY_BOTH, frozenset(State)),
    CommandId.ALERT_NOTIFICATION: Operation(_BY_SMSC, _RECEIVING),
    CommandId.BROADCAST_SM: Operation(_BY_ESME, _TRANSMITTING),
    CommandId.QUERY_BROADCAST_SM: Operation(_BY_ESME, _TRANSMITTING),
    CommandId.CANCEL_BROADCAST_SM: Operation(_BY_ESME, _TRANSMITTING),
}
"""Every request. Responses need no row: they belong to the request that waits for them."""


def allowed(issuer: Role, state: State, version: int) -> frozenset[int]:
    """Return the requests that `issuer` may send in `state` when both sides speak `version`."""
    return frozenset(
        command_id
        for command_id, operation in OPERATIONS.items()
        if issuer in operation.issuers and state in operation.states and has(version, command_id)
    )
