"""The requests that the peer waits for, and our answers to them."""

from collections.abc import Iterable

from smsc_emulator.smpp.constants import Tag
from smsc_emulator.smpp.outbox import Outbox
from smsc_emulator.smpp.pdus import Bind, Pdu, SubmitSmResp, Tlv


class Owed:
    """The requests without answers, by object: a peer may repeat its numbers."""

    __slots__ = ("_out", "_requests", "tells_congestion")

    def __init__(self, out: Outbox) -> None:
        self._out = out
        self._requests: dict[int, Pdu] = {}
        self.tells_congestion = False
        """Whether answers tell how much of the window is in use (5.0)."""

    def __len__(self) -> int:
        """Return how many there are."""
        return len(self._requests)

    def add(self, request: Pdu) -> None:
        """Take a request that is to be answered."""
        self._requests[id(request)] = request

    def clear(self) -> None:
        """Forget them all: nobody waits any more."""
        self._requests.clear()

    def answer(self, request: Pdu, response: Pdu, window: int) -> bool:
        """Answer a request with its own number, whatever that was; False if nobody waits for that.

        `window` is how many of them the peer may have. Raises EncodeError; then it is still to be answered.
        """
        if id(request) not in self._requests:
            return False
        response.sequence_number = request.sequence_number
        if self.tells_congestion and not isinstance(request, Bind):
            response.tlvs = [*response.tlvs, congestion_state(len(self._requests), window)]
        self._out.write(response)
        del self._requests[id(request)]
        return True

    def answer_submits(self, answers: Iterable[tuple[Pdu, Pdu]], window: int) -> list[tuple[Pdu, Pdu]]:
        """Answer those of many that are answers to submit_sm; return the others."""
        requests, write, others = self._requests, self._out.write, []
        for request, response in answers:
            if type(response) is not SubmitSmResp:
                others.append((request, response))
            elif self.tells_congestion:
                self.answer(request, response, window)
            elif id(request) in requests:
                response.sequence_number = request.sequence_number
                write(response)
                del requests[id(request)]
        return others


def congestion_state(owed: int, window: int) -> Tlv:
    """Return the parameter that tells a peer of 5.0 how much of its window is in use, in percent."""
    return Tlv(Tag.CONGESTION_STATE, bytes([min(100, 100 * owed // window)]))
