"""One SMPP session, either side, without a socket and without a clock.

Octets go in by `receive`, time by `handle_deadline`, the application's own PDUs by `send`, `reply` and `refuse`;
`events` and `data_to_send` are drained after each of them. The session answers by itself whatever needs no decision:
enquire_link, unbind, and every request that is malformed, unknown, not supported or out of place. Nothing that a peer
sends raises an exception.

| the peer sends                                | the answer, after which the session carries on             |
|-----------------------------------------------|------------------------------------------------------------|
| a command_length that cannot be               | generic_nack, number 0, ESME_RINVCMDLEN; the link is closed|
| an unknown request                            | generic_nack, ESME_RINVCMDID (4.3)                         |
| a request out of its state or from its side   | its own response, ESME_RINVBNDSTS (2.8)                    |
| a second bind                                 | its own response, ESME_RALYBND                             |
| a request that the application does not serve | its own response, ESME_RINVCMDID                           |
| a malformed request                           | its own response, the status of the field                  |
| more requests than its window                 | ESME_RTHROTTLED from an SMSC, ESME_RMSGQFUL from an ESME   |
| a request while this side unbinds             | ESME_RSYSERR from an SMSC, ESME_RX_T_APPN from an ESME     |
| a response or generic_nack that fits nothing  | none                                                       |
"""

from collections.abc import Callable, Iterable, Sequence
from typing import Final, cast

from smsc_emulator.smpp.codec import HEADER
from smsc_emulator.smpp.config import SessionConfig as SessionConfig
from smsc_emulator.smpp.constants import (
    INTERFACE_VERSION,
    MAX_SEQUENCE_NUMBER,
    RESPONSE_BIT,
    CommandId,
    Tag,
    command_name,
)
from smsc_emulator.smpp.errors import DecodeError, FramingError, WindowFullError, WrongStateError
from smsc_emulator.smpp.events import Closed as Closed
from smsc_emulator.smpp.events import CloseReason as CloseReason
from smsc_emulator.smpp.events import Event as Event
from smsc_emulator.smpp.events import Mistake as Mistake
from smsc_emulator.smpp.events import NoticeReceived as NoticeReceived
from smsc_emulator.smpp.events import PeerUnbound as PeerUnbound
from smsc_emulator.smpp.events import ProtocolMistake as ProtocolMistake
from smsc_emulator.smpp.events import RequestReceived as RequestReceived
from smsc_emulator.smpp.events import RequestTimedOut as RequestTimedOut
from smsc_emulator.smpp.events import ResponseReceived as ResponseReceived
from smsc_emulator.smpp.events import odd_header
from smsc_emulator.smpp.framing import Framer
from smsc_emulator.smpp.link_life import LinkLife
from smsc_emulator.smpp.pdus import (
    RESPONSE_OF,
    Bind,
    BindResp,
    EnquireLinkResp,
    GenericNack,
    Pdu,
    Tlv,
    Unbind,
    UnknownPdu,
)
from smsc_emulator.smpp.standing import OVERRUN
from smsc_emulator.smpp.states import BOUND_BY
from smsc_emulator.smpp.states import Role as Role
from smsc_emulator.smpp.states import State as State
from smsc_emulator.smpp.versions import agreed

# A member of an enumeration takes longer to look up than all else that is done with it.
_CLOSED, _ENQUIRE_LINK, _GENERIC_NACK = State.CLOSED, int(CommandId.ENQUIRE_LINK), int(CommandId.GENERIC_NACK)


class Session(LinkLife):
    """One end of an SMPP session; `now` is any monotonic count of seconds."""

    def __init__(self, role: Role, config: SessionConfig, now: float) -> None:
        super().__init__(role, config, now)
        self._framer = Framer(config.max_length)

    def receive(self, data: bytes, now: float) -> None:
        """Take octets from the peer."""
        self._now = now
        try:
            for frame in self._framer.cut(data):
                if self._standing.state is _CLOSED:
                    return
                self._handle(frame, now)
        except FramingError as error:
            if self.state is not State.CLOSED:
                self._mistake(Mistake.FRAMING, str(error))
                self._out.write(GenericNack(command_status=error.status))
                self._end(CloseReason.FRAMING)

    def send(self, pdu: Pdu, now: float) -> int:
        """Send a request; return the sequence_number that it got.

        Raises WrongStateError if it does not belong here, WindowFullError if too many wait for their answers, and
        EncodeError if a value does not fit; then nothing has been sent.
        """
        answered = pdu.command_id in RESPONSE_OF or type(pdu) is UnknownPdu
        self._check(pdu, 1 if answered else 0)
        self._now = now
        pdu.sequence_number = self._window.draw()
        self._out.write(pdu)
        if answered:
            self._window.add(pdu, now)
        elif pdu.command_id == CommandId.OUTBIND:
            self._enter(State.OUTBOUND)
        return pdu.sequence_number

    def send_all(self, requests: Sequence[Pdu], now: float) -> list[int]:
        """Send requests of one kind that has a response; return their sequence_numbers, 0 for one that does not fit.

        Raises WrongStateError and WindowFullError as `send` does; then nothing has been sent.
        """
        self._check(requests[0], len(requests))
        self._now = now
        return self._window.send_all(requests, self._out.write, now)

    def _check(self, pdu: Pdu, places: int) -> None:
        """Raise WrongStateError if requests like this do not belong here, WindowFullError if there is no room."""
        if self._ended or not self._standing.may_send(pdu.command_id):
            raise WrongStateError(f"{command_name(pdu.command_id)} from the {self._role.name} in {self.state.name}")
        if places > self._window.free:
            raise WindowFullError(f"{self._window.size} requests wait for their answers")

    def reply_all(self, answers: Iterable[tuple[Pdu, Pdu]]) -> None:
        """Answer many requests, each with its response, as `reply` does."""
        for request, response in self._owed.answer_submits(answers, self._window.size):
            self.reply(request, response)
        self._settle()

    def reply(self, request: Pdu, response: Pdu) -> None:
        """Answer a request with its own sequence_number, whatever that was.

        An answer that nobody waits for is dropped: the link has gone, or the request has been answered.
        """
        if not self._owed.answer(request, response, self._window.size):
            return
        if request.command_id in BOUND_BY:
            self._enter(self.state if response.command_status else BOUND_BY[request.command_id])
        self._settle()

    def refuse(self, request: Pdu, status: int) -> None:
        """Answer a request with an error, in a response of its own kind."""
        self.reply(request, RESPONSE_OF[request.command_id](command_status=status))

    def accept_bind(
        self, request: Bind, system_id: str, *, window: int | None = None, config: SessionConfig | None = None
    ) -> None:
        """Accept a bind as `system_id`, with the account's own window, or with settings of its own, if it has them.

        The response tells a peer that speaks 3.4 or later which version is spoken from now on (3.4).
        """
        response = cast(type[BindResp], RESPONSE_OF[request.command_id])(system_id=system_id)
        if config is not None:
            self._adopt(config)
        self._speak(agreed(request.interface_version, self._config.interface_version))
        if self._config.tells_version:
            response.tlvs = [Tlv(Tag.SC_INTERFACE_VERSION, bytes([self.interface_version]))]
        self._window.size = window or self._window.size
        self.reply(request, response)

    def _handle(self, frame: bytes, now: float) -> None:
        _, command_id, command_status, sequence_number = HEADER.unpack_from(frame)
        self._timers.heard_at = now
        if command_id & ~RESPONSE_BIT != _ENQUIRE_LINK:
            self._timers.active_at = now
        if command_id & RESPONSE_BIT:
            self._response(frame, command_id, command_status, sequence_number)
            return
        if command_status or not 0 < sequence_number <= MAX_SEQUENCE_NUMBER:
            self._events += odd_header(command_id, command_status, sequence_number)
        if command_id not in self._standing.accepted:
            self._refuse_unread(command_id, sequence_number)
            return
        try:
            pdu = self._decode(frame, command_id, command_status, sequence_number)
        except DecodeError as error:
            self._mistake(Mistake.MALFORMED, str(error))
            self._refuse_header(command_id, sequence_number, error.status)
            return
        if command_id in self._own_handlers:
            self._own_handlers[command_id](self, pdu)
        elif len(self._owed) >= self._window.size:
            self._mistake(Mistake.WINDOW_OVERRUN, f"{command_name(command_id)} above {self._window.size} unanswered")
            self._refuse_header(command_id, sequence_number, self._config.window_error or OVERRUN[self._role])
        else:
            self._owed.add(pdu)
            self._events.append(RequestReceived(pdu))

    def _refuse_unread(self, command_id: int, sequence_number: int) -> None:
        """Answer a request that is not accepted now, without reading its body."""
        kind, status = self._standing.refusal(command_id)
        self._mistake(kind, f"{command_name(command_id)} in {self.state.name}")
        self._refuse_header(command_id, sequence_number, status)

    def _refuse_header(self, command_id: int, sequence_number: int, status: int) -> None:
        kind = self._standing.answer_kind(command_id)
        if kind is not None:
            self._out.write(kind(command_status=status, sequence_number=sequence_number))

    def _response(self, frame: bytes, command_id: int, command_status: int, sequence_number: int) -> None:
        pending = self._window.get(sequence_number)
        if pending is None:
            self._mistake(Mistake.UNEXPECTED_RESPONSE, f"{command_name(command_id)} {sequence_number}")
            return
        request = pending.request
        if command_id != request.command_id | RESPONSE_BIT and command_id != _GENERIC_NACK:
            sent = command_name(request.command_id)
            self._mistake(Mistake.MISMATCHED_RESPONSE, f"{command_name(command_id)} to {sent} {sequence_number}")
            return
        self._window.remove(pending)
        if not pending.own:
            response = self._read_response(frame, command_id, command_status, sequence_number)
            if request.command_id in BOUND_BY:
                self._bind_answered(cast(Bind, request), response)
            self._events.append(ResponseReceived(request, response))
        elif type(request) is Unbind:
            self._enter(State.UNBOUND)
            self._end(CloseReason.UNBOUND)

    def _read_response(self, frame: bytes, command_id: int, command_status: int, sequence_number: int) -> Pdu:
        """Return a response however malformed: its header alone says what it answers and how."""
        try:
            return self._decode(frame, command_id, command_status, sequence_number)
        except DecodeError as error:
            self._mistake(Mistake.MALFORMED, str(error))
            body = frame[HEADER.size :]
            return UnknownPdu(command_id, body, command_status=command_status, sequence_number=sequence_number)

    def _bind_answered(self, request: Bind, response: Pdu) -> None:
        if type(response) is RESPONSE_OF[request.command_id] and not response.command_status:
            told = response.tlv(Tag.SC_INTERFACE_VERSION)
            self._speak(agreed(request.interface_version, told[0] if told else INTERFACE_VERSION))
            self._enter(BOUND_BY[request.command_id])

    def _take_bind(self, pdu: Pdu) -> None:
        self._standing.bind_received()
        self._owed.add(pdu)
        self._events.append(RequestReceived(pdu))

    def _take_enquire_link(self, pdu: Pdu) -> None:
        self._out.write(EnquireLinkResp(sequence_number=pdu.sequence_number))

    def _take_unbind(self, pdu: Pdu) -> None:
        self._peer_unbind = pdu.sequence_number
        self._standing.peer_unbinds()
        self._events.append(PeerUnbound())
        self._settle()

    def _take_notice(self, pdu: Pdu) -> None:
        if pdu.command_id == CommandId.OUTBIND:
            self._enter(State.OUTBOUND)
        self._events.append(NoticeReceived(pdu))

    _own_handlers: Final[dict[int, Callable[["Session", Pdu], None]]] = {
        CommandId.BIND_TRANSMITTER: _take_bind,
        CommandId.BIND_RECEIVER: _take_bind,
        CommandId.BIND_TRANSCEIVER: _take_bind,
        CommandId.ENQUIRE_LINK: _take_enquire_link,
        CommandId.UNBIND: _take_unbind,
        CommandId.OUTBIND: _take_notice,
        CommandId.ALERT_NOTIFICATION: _take_notice,
    }
