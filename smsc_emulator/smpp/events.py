"""What a session tells its application."""

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from smsc_emulator.smpp.constants import MAX_SEQUENCE_NUMBER, command_name, status_name
from smsc_emulator.smpp.pdus import Pdu


class CloseReason(StrEnum):
    """Why a session is over."""

    UNBOUND = "unbound"
    """One side asked by unbind and the other agreed."""
    CLOSED = "closed"
    """This side closed a session that was not bound."""
    FRAMING = "framing"
    """The peer's octets are no stream of PDUs."""
    SESSION_INIT_TIMEOUT = "session_init_timeout"
    """The peer did not bind in time."""
    INACTIVITY_TIMEOUT = "inactivity_timeout"
    """The peer did nothing for long."""
    ENQUIRE_LINK_UNANSWERED = "enquire_link_unanswered"
    """The peer is silent and did not answer when asked whether it is there."""
    UNBIND_UNANSWERED = "unbind_unanswered"
    """The peer did not answer unbind."""


class Mistake(StrEnum):
    """What a peer did against the standard without ending the session."""

    FRAMING = "framing"
    """A command_length that cannot be; this one ends the session."""
    MALFORMED = "malformed"
    """A PDU whose body is wrong."""
    UNKNOWN_COMMAND = "unknown_command"
    """A request that SMPP 3.4 does not have."""
    NOT_SUPPORTED = "not_supported"
    """A request that this side does not serve."""
    WRONG_STATE = "wrong_state"
    """A request that does not belong to the state or to the side."""
    CROSSED_CLOSE = "crossed_close"
    """A request that crossed this side's unbind; no mistake of the peer's, but it was refused."""
    ALREADY_BOUND = "already_bound"
    """A bind on a session that is bound or being bound."""
    WINDOW_OVERRUN = "window_overrun"
    """More requests under way than the window allows."""
    STATUS_IN_REQUEST = "status_in_request"
    """A request whose command_status is not 0 (3.2.1)."""
    SEQUENCE_NUMBER = "sequence_number"
    """A request whose sequence_number is outside 1 to 0x7FFFFFFF (5.1.4)."""
    UNEXPECTED_RESPONSE = "unexpected_response"
    """A response to nothing, or to a request that has been given up."""
    MISMATCHED_RESPONSE = "mismatched_response"
    """A response of another kind than the request with its number."""
    ENQUIRE_LINK_UNANSWERED = "enquire_link_unanswered"
    """No answer to enquire_link from a peer that is otherwise alive."""


@dataclass(slots=True)
class RequestReceived:
    """A request that the application must answer with `reply`, `refuse` or, a bind, `accept_bind`."""

    pdu: Pdu


@dataclass(slots=True)
class ResponseReceived:
    """The answer to a request of the application: its response, a GenericNack, or UnknownPdu if it is malformed."""

    request: Pdu
    response: Pdu


@dataclass(slots=True)
class NoticeReceived:
    """An operation without a response: outbind or alert_notification."""

    pdu: Pdu


@dataclass(slots=True)
class RequestTimedOut:
    """No answer came in time; the peer may or may not have acted on the request (7.2)."""

    request: Pdu


@dataclass(slots=True)
class PeerUnbound:
    """The peer asked to unbind: it gets unbind_resp once the requests it still waits for are answered."""


@dataclass(slots=True)
class Closed:
    """The session is over: write what `data_to_send` holds, then close the link."""

    reason: CloseReason


@dataclass(slots=True)
class ProtocolMistake:
    """The peer broke a rule and the session carried on; for reports about its conduct."""

    kind: Mistake
    detail: str


Event = RequestReceived | ResponseReceived | NoticeReceived | RequestTimedOut | PeerUnbound | Closed | ProtocolMistake


def odd_header(command_id: int, command_status: int, sequence_number: int) -> Iterator[ProtocolMistake]:
    """Yield what the header of a request must not say; all servers put up with it, and so does this one."""
    name = command_name(command_id)
    if command_status:
        yield ProtocolMistake(Mistake.STATUS_IN_REQUEST, f"{name} with {status_name(command_status)}")
    if not 0 < sequence_number <= MAX_SEQUENCE_NUMBER:
        yield ProtocolMistake(Mistake.SEQUENCE_NUMBER, f"{name} with 0x{sequence_number:08x}")
