"""Where a session stands: its state and what it is in the middle of, hence what either side may ask for now."""

from typing import Final

from smsc_emulator.smpp.constants import CommandId, CommandStatus
from smsc_emulator.smpp.events import Mistake
from smsc_emulator.smpp.states import BOUND, BOUND_BY, OPERATIONS, Role, State, allowed

_BINDS: Final = frozenset(BOUND_BY)
_ALWAYS: Final = frozenset[int]({CommandId.ENQUIRE_LINK})
_WHILE_CLOSING: Final = _ALWAYS | {CommandId.UNBIND}
_CLOSING_STATUS: Final = {Role.SMSC: CommandStatus.ESME_RSYSERR, Role.ESME: CommandStatus.ESME_RX_T_APPN}


class Standing:
    """The state, and whether a bind waits for its answer, this side is closing, or the peer is unbinding."""

    __slots__ = ("_binding", "_peer_unbinding", "_role", "_served", "accepted", "closing", "state")

    def __init__(self, role: Role, served: frozenset[int]) -> None:
        self._role = role
        self._served = served
        self._binding = False
        self._peer_unbinding = False
        self.closing = False
        self.enter(State.OPEN)

    def enter(self, state: State) -> None:
        """Change the state; a bind, if one waited, is answered by that, be it with the state it had."""
        self.state = state
        self._binding = False
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
        if self.closing or self._peer_unbinding or command_id == CommandId.UNBIND:
            return False
        operation = OPERATIONS.get(command_id)
        if operation is None:
            return self.state in BOUND
        return self._role in operation.issuers and self.state in operation.states

    def refusal(self, command_id: int) -> tuple[Mistake, CommandStatus]:
        """Return why a request that is not in `accepted` is refused, and with which status."""
        operation = OPERATIONS.get(command_id)
        if operation is None:
            return Mistake.UNKNOWN_COMMAND, CommandStatus.ESME_RINVCMDID
        if command_id in _BINDS and self._role is Role.SMSC and (self._binding or self.state in BOUND):
            return Mistake.ALREADY_BOUND, CommandStatus.ESME_RALYBND
        in_place = self._role.peer in operation.issuers and self.state in operation.states
        if self._peer_unbinding or not in_place:
            return Mistake.WRONG_STATE, CommandStatus.ESME_RINVBNDSTS
        if command_id not in self._served:
            return Mistake.NOT_SUPPORTED, CommandStatus.ESME_RINVCMDID
        return Mistake.CROSSED_CLOSE, _CLOSING_STATUS[self._role]

    def _update(self) -> None:
        """Work out which of the peer's requests are accepted from now on."""
        accepted = allowed(self._role.peer, self.state) & self._served
        if self._binding:
            accepted -= _BINDS
        if self.closing:
            accepted &= _WHILE_CLOSING
        if self._peer_unbinding:
            accepted &= _ALWAYS
        self.accepted = accepted
