"""The lab's ids of what goes over its links, learnt from the journal: which confirmation a message_id belongs to."""

from collections import OrderedDict
from collections.abc import Callable, Iterator

from smsc_emulator.base.journal import Event, Journal
from smsc_emulator.capture.notes import Note

MOST = 10_000
"""How many ids of each kind are remembered; the oldest are forgotten."""


class Names:
    """Listens to the journal while a capture runs, and to what it remembers from before."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._unsubscribe: Callable[[], None] | None = None
        self._forget()

    def listen(self, on: bool) -> None:
        """Begin or end to learn; twice the same is once."""
        if on and self._unsubscribe is None:
            for event in self._journal.since(0, 100_000):
                self._learn(event)
            self._unsubscribe = self._journal.subscribe(self._learn)
        elif not on and self._unsubscribe is not None:
            self._unsubscribe()
            self._unsubscribe = None
            self._forget()

    def of(self, note: Note) -> Iterator[str]:
        """Yield what belongs to a message_id or a Call-ID, as `kind id`."""
        call = self._calls.get(note.id) if note.kind == "Call-ID" else None
        confirmation = self._confirmations.get(note.id if call is None else call)
        if call is not None:
            yield f"call {call}"
        if confirmation is not None:
            yield f"confirmation {confirmation}"
            if (identification := self._identifications.get(confirmation)) is not None:
                yield f"identification {identification}"

    def _forget(self) -> None:
        self._confirmations: OrderedDict[str, str] = OrderedDict()
        """By message_id, and by the name of the gateway's own call."""
        self._calls: OrderedDict[str, str] = OrderedDict()
        """The gateway's own calls by their Call-IDs."""
        self._identifications: OrderedDict[str, str] = OrderedDict()
        """By confirmation."""

    def _learn(self, event: Event) -> None:
        kind = event.type.partition(".")[0]
        if kind == "confirmation":
            sent = event.data.get("confirmation", {}).get("code_sent") or {}
            for id_ in (sent.get("message_id"), event.data.get("call")):
                if id_:
                    _remember(self._confirmations, id_, event.subject)
        elif kind == "identification":
            confirmation = event.data.get("identification", {}).get("confirmation")
            if confirmation:
                _remember(self._identifications, confirmation["id"], event.subject)
        elif event.type == "call.placed":
            _remember(self._calls, event.data["sip_call_id"], event.subject)


def _remember(known: OrderedDict[str, str], id_: str, means: str) -> None:
    known[id_] = means
    if len(known) > MOST:
        known.popitem(last=False)
