"""Where a session stands: its state and what it is in the middle of, hence what either side may ask for now."""

from functools import cache
from typing import Final

from smsc_emulator.smpp.constants import INTERFACE_VERSION, CommandId, CommandStatus
from smsc_emulator.smpp.events import Mistake
from smsc_emulator.smpp.pdus import RESPONSE_OF, GenericNack, Pdu
from smsc_emulator.smpp.states import BOUND, BOUND_BY, OPERATIONS, EnquireLinkBeforeBind, Role, State, allowed
from smsc_emulator.smpp.versions import has

_BINDS: Final = frozenset(BOUND_BY)
_ALWAYS: Final = frozenset[int]({CommandId.ENQUIRE_LINK})
_WHILE_CLOSING: Final = _ALWAYS | {CommandId.UNBIND}
_OWN: Final = _BINDS | {CommandId.ENQUIRE_LINK, CommandId.UNBIND, CommandId.OUTBIND, CommandId.ALERT_NOTIFICATION}
"""The requests that a session takes itself, whatever its application serves."""
_NOTHING: Final = frozenset[int]()
OVERRUN: Final = {Role.SMSC: CommandStatus.ESME_RTHROTTLED, Role.ESME: CommandStatus.ESME_RMSGQFUL}
"""What a request above the window is answered with, by the side that takes it."""
_CLOSING_STATUS: Final = {Role.SMSC: CommandStatus.ESME_RSYSERR, Role.ESME: CommandStatus.ESME_RX_T_APPN}


class Standing:
    """The state, and whether a bind waits for its answer, this side is closing, or the peer is unbinding."""

    __slots__ = (
        "_binding",
        "_enquire_link",
        "_peer_unbinding",
        "_role",
        "_sendable",
        "_served",
        "accepted",
        "closing",
        "state",
        "version",
    )

    def __init__(self, role: Role, served: frozenset[int], enquire_link: EnquireLinkBeforeBind) -> None:
        self._role = role
        self._served = _with_own(served)
        self._enquire_link = enquire_link
        self.version = INTERFACE_VERSION
        self._binding = False
        self._peer_unbinding = False
        self.closing = False
        self.enter(State.OPEN)

    def enter(self, state: State) -> None:
        """Change the state; a bind, if one waited, is answered by that, be it with the state it had."""
        self.state = state
        self._binding = False
        self._update()

    def speak(self, version: int) -> None:
        """Take from now on what `version` has."""
        self.version = version
        self._update()

    def bind_received(self) -> None:
        """Take no further bind until this one is answered."""
        self._binding = True
        self._update()

    def start_closing(self) -> None:
        """Take nothing new: this side is about to unbind."""
        self.closing = True
        self._update()

    def peer_unbinds(self) -> None:
        """Neither take nor send anything new: the peer has asked to unbind."""
        self._peer_unbinding = True
        self._update()

    def may_send(self, command_id: int) -> bool:
        """Whether this side may send a request now; `Session.close` sends unbind. Vendors' own go when bound."""
        if command_id in self._sendable:
            return True
        return command_id not in OPERATIONS and not self.closing and not self._peer_unbinding and self.state in BOUND

    def refusal(self, command_id: int) -> tuple[Mistake, CommandStatus]:
        """Return why a request that is not in `accepted` is refused, and with which status."""
        operation = OPERATIONS.get(command_id)
        if operation is None or not has(self.version, command_id):
            return Mistake.UNKNOWN_COMMAND, CommandStatus.ESME_RINVCMDID
        if command_id in _BINDS and self._role is Role.SMSC and (self._binding or self.state in BOUND):
            return Mistake.ALREADY_BOUND, CommandStatus.ESME_RALYBND
        in_place = self._role.peer in operation.issuers and self.state in operation.states
        if self._peer_unbinding or not in_place or command_id == CommandId.ENQUIRE_LINK:
            return Mistake.WRONG_STATE, CommandStatus.ESME_RINVBNDSTS
        if command_id not in self._served:
            return Mistake.NOT_SUPPORTED, CommandStatus.ESME_RINVCMDID
        return Mistake.CROSSED_CLOSE, _CLOSING_STATUS[self._role]

    def answer_kind(self, command_id: int) -> type[Pdu] | None:
        """Return the kind of answer to a refused request: generic_nack if there is no such request, or None."""
        if command_id == CommandId.ENQUIRE_LINK and self._enquire_link is EnquireLinkBeforeBind.IGNORED:
            return None
        if command_id not in OPERATIONS or not has(self.version, command_id):
            return GenericNack
        return RESPONSE_OF.get(command_id)

    def _update(self) -> None:
        """Work out which requests are accepted, and which may be sent, from now on."""
        lenient = self._enquire_link is EnquireLinkBeforeBind.ANSWERED
        self.accepted = _accepted(
            self._role,
            self.state,
            self.version,
            self._served,
            lenient,
            self._binding,
            self.closing,
            self._peer_unbinding,
        )
        silent = self.closing or self._peer_unbinding
        self._sendable = _NOTHING if silent else _sendable(self._role, self.state, self.version)


# All sessions that stand alike share one set: a lab may have ten thousand of them.


@cache
def _with_own(served: frozenset[int]) -> frozenset[int]:
    return served | _OWN


@cache
def _accepted(
    role: Role,
    state: State,
    version: int,
    served: frozenset[int],
    enquire_link_unbound: bool,
    binding: bool,
    closing: bool,
    peer_unbinding: bool,
) -> frozenset[int]:
    accepted = allowed(role.peer, state, version) & served
    if state not in BOUND and not enquire_link_unbound:
        accepted -= _ALWAYS
    if binding:
        accepted -= _BINDS
    if closing:
        accepted &= _WHILE_CLOSING
    if peer_unbinding:
        accepted &= _ALWAYS
    return accepted


@cache
def _sendable(role: Role, state: State, version: int) -> frozenset[int]:
    return allowed(role, state, version) - {CommandId.UNBIND}
