"""The life of messages from their acceptance to their final state, on the lab clock.

Each message that cannot be delivered at once waits: for its time of delivery, for the next attempt while the handset
is absent or full, for an ESME that takes it, at most until its validity ends. What becomes of an attempt is a table of
the handsets' states. All changes go into the present turn, so that a final state and its receipt are committed
together.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from itertools import count

from smsc_emulator.base import msisdn
from smsc_emulator.base.clock import Clock
from smsc_emulator.base.journal import Journal
from smsc_emulator.core.accounts import Account
from smsc_emulator.core.commits import Commits
from smsc_emulator.core.delivery import Delivery
from smsc_emulator.core.flags import PendingFlags
from smsc_emulator.core.message import INTERMEDIATE, Address, Message
from smsc_emulator.core.outbound import ANY_ACCOUNT, MESSAGE, Outbound
from smsc_emulator.core.router import Router, ToAccount
from smsc_emulator.core.settings import SmscSettings
from smsc_emulator.core.waiting import Waiting, matches
from smsc_emulator.handsets.handset import Handset
from smsc_emulator.handsets.handsets import Handsets
from smsc_emulator.handsets.states import NOBODY, OUTCOMES, Outcome
from smsc_emulator.smpp import times
from smsc_emulator.smpp.constants import CommandStatus, MessageState
from smsc_emulator.smpp.pdus import SubmitSm, Tlv

FIRST_ID = 1_000_000_001
"""The first message's number: ten decimal digits, as receipts have it (Appendix B), and eight hexadecimal ones."""

_SCHEDULED, _ENROUTE = int(MessageState.SCHEDULED), int(MessageState.ENROUTE)
_DELIVERED = int(MessageState.DELIVERED)

BATCH = 500
"""How many due messages share a commit; between two batches everything else has its turn."""


class RefusedError(Exception):
    """A request cannot be served; `status` is the command_status to answer with."""

    def __init__(self, status: int) -> None:
        super().__init__(status)
        self.status = status


def read_times(schedule: str, validity: str, now: int) -> tuple[int, int | None]:
    """Return when a message's delivery begins, and when its validity ends if its request says so.

    A time of delivery that has passed means at once. Raises RefusedError with ESME_RINVSCHED or ESME_RINVEXPIRY for
    what is no time, and for a validity that ends before it begins.
    """
    try:
        at = times.parse(schedule, now)
    except ValueError:
        raise RefusedError(CommandStatus.ESME_RINVSCHED) from None
    begins = now if at is None else max(at, now)
    try:
        until = times.parse(validity, now)
    except ValueError:
        raise RefusedError(CommandStatus.ESME_RINVEXPIRY) from None
    if until is not None and until <= begins:
        raise RefusedError(CommandStatus.ESME_RINVEXPIRY)
    return begins, until


class Life:
    """All pending messages, and the deadlines of their lives.

    For the operations on messages: `find_all` and `pending` look them up by what a request names; `cancel`, `replace`
    and `replace_whole` change them within the present turn. `Smsc.answer` then answers the request when
    the turn is saved.
    """

    gives_up = False

    def __init__(
        self,
        settings: SmscSettings,
        clock: Clock,
        journal: Journal,
        accounts: Mapping[str, Account],
        handsets: Handsets,
        router: Router,
        commits: Commits,
        delivery: Delivery,
        wake: Callable[[], None],
    ) -> None:
        self._settings = settings
        self._validity = settings.default_validity
        self._clock = clock
        self._journal = journal
        self._accounts = accounts
        self._handsets = handsets
        self._router = router
        self._commits = commits
        self._delivery = delivery
        self._wake = wake
        self.waiting = Waiting()
        self.flags = PendingFlags(accounts, clock, journal)
        """Whose return is to be told of."""
        self.ids = count(FIRST_ID)
        self._carriers: dict[int, Outbound] = {}
        delivery.outcome = self.carried

    # What requests and handsets begin.

    def begin(self, message: Message) -> None:
        """Start the life of a message that has been accepted, in the present turn: deliver it, or let it wait."""
        if message.expires_at is None:
            message.expires_at = (message.due_at or message.accepted_at) + self._validity
        if message.due_at is None:
            self._attempt(message, message.accepted_at)
        else:
            self._wait(message, message.due_at)
        message.kept = True
        self._commits.turn().changes.accepted.append(message)

    def take_ended(self, message: Message, handset: Handset) -> None:
        """Take in a message that `handset` has taken at once: all that `begin` makes of such a one, in one step."""
        turn = self._commits.turn()
        turn.changes.accepted.append(message)
        turn.received.append((handset, message))
        turn.finals.append(message)
        self.waiting.remember(message)
        if message.pdu.registered_delivery and message.receipt_due:
            self._delivery.report(message)

    def set_times(self, message: Message, schedule: str, validity: str, now: int) -> None:
        """Give a message the times that its request names, empty ones being the SMSC's own choice.

        Raises RefusedError as `read_times` does.
        """
        begins, until = read_times(schedule, validity, now)
        message.expires_at = begins + self._settings.default_validity if until is None else until
        if begins > now:
            message.due_at = begins
            message.state = MessageState.SCHEDULED

    # What operations ask for.

    def find_all(self, account: str, message_id: str, source: Address) -> list[Message]:
        """Return the messages of `account`, pending or over, with this id and from `source` (4.8, 4.9, 4.10).

        They are more than one after submit_multi. `state_for`, `final_at` and `error` answer query_sm. Of those that
        are over, the last ones are remembered.
        """
        return [m for m in self.waiting.get(message_id) if m.account == account and m.source == source]

    def give_up_if_delayed(self, message: Message) -> None:
        """End a message whose first attempt has failed for the time being: transaction mode has no other (2.10.3)."""
        if not message.is_final and message.error:
            state, now = MessageState.UNDELIVERABLE, self._clock.now()
            self.end(message, state, now, message.error, message.network_error)

    def pending(self, account: str, source: Address, destination: Address, service_type: str | None) -> list[Message]:
        """Return what `account` has pending between two addresses, oldest first; None is any service_type (4.9.1)."""
        waiting = self.waiting.of(msisdn.from_address(destination.number))
        return [m for m in waiting if m.account == account and matches(m, source, destination, service_type)]

    def cancel(self, message: Message) -> bool:
        """Delete a pending message, with a receipt if failures are reported; False if it is over or being delivered."""
        if message.is_final or not self._take_back(message):
            return False
        self.end(message, MessageState.DELETED, self._clock.now())
        return True

    def replace(
        self,
        message: Message,
        *,
        short_message: bytes,
        registered_delivery: int,
        sm_default_msg_id: int = 0,
        schedule: str = "",
        validity: str = "",
        tlvs: list[Tlv] | None = None,
    ) -> None:
        """Give a pending message another text; empty times keep what it has (4.10.1), and so does `tlvs` None.

        Raises RefusedError: ESME_RREPLACEFAIL if it is over or being delivered, and as `set_times` does.
        """
        pdu = replace(
            message.pdu,
            short_message=short_message,
            registered_delivery=registered_delivery,
            sm_default_msg_id=sm_default_msg_id,
            tlvs=message.pdu.tlvs if tlvs is None else tlvs,
        )
        self._rewrite(message, pdu, schedule, validity, keep=True)

    def replace_whole(self, message: Message, pdu: SubmitSm) -> None:
        """Put another submit_sm in the place of a pending one, as replace_if_present_flag asks (5.2.18).

        Raises RefusedError as `replace` does.
        """
        self._rewrite(message, pdu, pdu.schedule_delivery_time, pdu.validity_period, keep=False)

    def force(self, message: Message, state: int, error: int = 0) -> bool:
        """Move a pending message to `state` by the lab's power; False if it is over or being delivered.

        ACCEPTED is not its end: customer service has read it, and it stays on its way. Raises TransitionError for a
        move that its state does not allow.
        """
        if message.is_final or not self._take_back(message):
            return False
        now = self._clock.now()
        if state == MessageState.ACCEPTED:
            message.move(state, now, error, error)
            self._notify(message)
            self._wait(message, now)
        else:
            self.end(message, state, now, error, error)
        return True

    # What the world does.

    def alert(self, number: str) -> None:
        """Try at once what waits for a subscriber who can be reached again, or for his handset to send it."""
        self.flags.available(number)
        now = self._clock.now()
        for message in self.waiting.of(number):
            if message.id not in self._carriers and message.state != MessageState.SCHEDULED:
                message.due_at = now
                self.waiting.add(message)
        self._wake()

    def carried(self, message: Message, status: int, now: int, expired: bool) -> None:
        """Take what an ESME has made of a message to it."""
        if message.is_final:
            return
        if status == CommandStatus.ESME_ROK:
            self.end(message, MessageState.DELIVERED, now)
        else:
            state = MessageState.EXPIRED if expired else MessageState.UNDELIVERABLE
            self.end(message, state, now, min(status, 999), min(status, 0xFFFF))

    def end(self, message: Message, state: int, now: int, error: int = 0, network_error: int = 0) -> None:
        """Move `message` to a final state, with the receipt that its sender asked for, in the present turn."""
        message.move(state, now, error, network_error)
        self.waiting.end(message)
        if self._carriers:
            self._carriers.pop(message.id, None)
        turn = self._commits.turn()
        turn.finals.append(message)
        if message.kept:
            turn.changes.moved.append(message)
        if message.account and message.receipt_due:
            self._delivery.report(message)

    # The start, and failures of the store.

    def resume(self, pending: list[Message], over: list[Message], carriers: list[Outbound]) -> None:
        """Take over what an earlier run left behind."""
        for message in over:
            self.waiting.end(message)
        self._carriers.update((item.message.id, item) for item in carriers if item.kind is MESSAGE)
        for message in pending:
            self.flags.set(message)
            if message.expires_at is None:
                message.expires_at = message.accepted_at + self._settings.default_validity
            if message.due_at is None:
                message.due_at = message.expires_at if message.id in self._carriers else message.accepted_at
            self.waiting.add(message)

    def forget(self, messages: list[Message]) -> None:
        """Drop messages that could not be stored and were not acknowledged."""
        for message in messages:
            self.waiting.forget(message)
            self._carriers.pop(message.id, None)

    # Deadlines.

    async def next_due(self) -> int | None:
        """Return the instant of the earliest deadline, or None."""
        return self.waiting.next_due()

    async def fire(self, now: int) -> None:
        """Do what is due, a batch for each commit."""
        while due := self.waiting.take_due(now, BATCH):
            for message in due:
                self._look(message, now)
            await self._commits.turn_over()

    def _look(self, message: Message, now: int) -> None:
        assert message.expires_at is not None
        if message.expires_at > now:
            self._attempt(message, now)
        elif self._take_back(message):
            self.end(message, MessageState.EXPIRED, now, message.error, message.network_error)
        # What is being delivered at this moment ends by its outcome.

    def _attempt(self, message: Message, now: int) -> None:
        """Try to bring a message to where it goes now."""
        if message.state == _SCHEDULED:
            message.move(MessageState.ENROUTE, now)
        if not message.account:
            self._send_mobile(message)
            return
        destination = self._router.terminated(message.pdu.destination_addr)
        if isinstance(destination, Handset):
            self._call(destination, message, now)
        elif isinstance(destination, ToAccount):
            self._carry(message, destination.system_id)
        else:
            self.end(message, NOBODY.state, now, NOBODY.error, NOBODY.network_error)

    def _call(self, handset: Handset, message: Message, now: int) -> None:
        if fate := self._delivery.fate(message):
            self.end(message, fate.state, now, fate.error, fate.network_error)
            return
        outcome = handset.outcome(message.pdu)
        if outcome.state == _ENROUTE:
            self._try_later(message, outcome, now)
        elif outcome.takes and not message.attempts:
            message.attempts = 1
            self._wait(message, now + outcome.takes)
        elif outcome.state == _DELIVERED:
            if handset.memory is not None:
                handset.reserve(message.pdu)
            self._commits.turn().received.append((handset, message))
            self.end(message, outcome.state, now)
        else:
            self.end(message, outcome.state, now, outcome.error, outcome.network_error)

    def _send_mobile(self, message: Message) -> None:
        handset = self._handsets.get(msisdn.from_address(message.pdu.source_addr))
        if handset is not None and not OUTCOMES[handset.state].sends:
            assert message.expires_at is not None
            self._wait(message, message.expires_at)
            return
        address = message.pdu.destination_addr
        receiving = {system_id for system_id, account in self._accounts.items() if account.receives(address)}
        self._carry(message, self._router.originated(address, receiving) or ANY_ACCOUNT)

    def _carry(self, message: Message, system_id: str) -> None:
        assert message.expires_at is not None
        self._carriers[message.id] = self._delivery.carry(message, system_id)
        self._wait(message, message.expires_at)

    def _try_later(self, message: Message, outcome: Outcome, now: int) -> None:
        news = message.error != outcome.error
        message.attempts += 1
        message.error, message.network_error = outcome.error, outcome.network_error
        if message.pdu.tlvs:
            self.flags.set(message)
        if news:
            self._notify(message)
        pauses = self._settings.retry_after
        self._wait(message, now + pauses[min(message.attempts, len(pauses)) - 1])
        told = {"account": message.account, "to": message.pdu.destination_addr, "error": message.error}
        self._journal.publish(now, "message.delayed", message.message_id, attempts=message.attempts, **told)

    def _notify(self, message: Message) -> None:
        """Tell the sender of a state that is not final, if he asked for that."""
        if message.account and message.pdu.registered_delivery & INTERMEDIATE:
            self._delivery.notify(message, self._clock.now())

    def _wait(self, message: Message, until: int) -> None:
        assert message.expires_at is not None
        earliest = self.waiting.next_due()
        message.due_at = min(until, message.expires_at)
        self.waiting.add(message)
        if message.kept:
            self._commits.turn().changes.moved.append(message)
        if earliest is None or message.due_at < earliest:
            self._wake()

    def _take_back(self, message: Message) -> bool:
        """Stop the deliver_sm that carries a message, if one does; False if it is with the peer already."""
        item = self._carriers.get(message.id)
        return item is None or self._delivery.withdraw(item)

    def _rewrite(self, message: Message, pdu: SubmitSm, schedule: str, validity: str, *, keep: bool) -> None:
        now = self._clock.now()
        fresh = replace(message, pdu=pdu, accepted_at=now, state=MessageState.ENROUTE, due_at=None)
        if schedule or validity or not keep:
            self.set_times(fresh, schedule, validity, now)
        if message.is_final or not self._take_back(message):
            raise RefusedError(CommandStatus.ESME_RREPLACEFAIL)
        carried = self._carriers.pop(message.id, None) is not None
        if keep and not validity:
            fresh.expires_at = message.expires_at
        if keep and not schedule and not carried:
            fresh.due_at, fresh.state = message.due_at, message.state
        message.pdu, message.accepted_at, message.state = pdu, now, fresh.state
        message.expires_at, message.due_at = fresh.expires_at, fresh.due_at
        self._commits.turn().changes.rewritten.append(message)
        self._wait(message, now if fresh.due_at is None else fresh.due_at)
