"""The intake of messages: each submit_sm is accepted or refused, and the life of an accepted one begins.

Nearly all messages of a load go to a handset that takes them at once. What would become of such a one is known before
it begins, so it is made with its end; any other begins by `Life.begin`, and a test holds both to the same results.
"""

from collections.abc import Iterable
from typing import Final

from smsc_emulator.base.clock import Clock
from smsc_emulator.base.journal import Journal
from smsc_emulator.core.accounts import Account, Link
from smsc_emulator.core.commits import Commits
from smsc_emulator.core.faults.engine import Faults
from smsc_emulator.core.life import Life, RefusedError
from smsc_emulator.core.message import Message
from smsc_emulator.core.personality import unpack
from smsc_emulator.core.router import Router
from smsc_emulator.handsets.handset import Handset
from smsc_emulator.handsets.states import TAKEN
from smsc_emulator.smpp.constants import MessageState
from smsc_emulator.smpp.pdus import Pdu, SubmitSm, SubmitSmResp

_DELIVERED: Final = int(MessageState.DELIVERED)


class Intake:
    """Takes in what ESMEs submit, within the present turn. `validity` is that of a message that names none, in ms."""

    def __init__(
        self,
        life: Life,
        router: Router,
        faults: Faults,
        commits: Commits,
        clock: Clock,
        journal: Journal,
        validity: int,
    ) -> None:
        self._life = life
        self._router = router
        self._faults = faults
        self._commits = commits
        self._clock = clock
        self._journal = journal
        self._validity = validity

    def submit(self, link: Link, account: Account, pdus: Iterable[SubmitSm]) -> None:
        """Accept or refuse each submit_sm; the answers come when what follows from them is saved."""
        personality, check = account.personality, account.personality.check
        answers: list[tuple[Pdu, Pdu]] = []
        now = self._clock.now()
        for pdu in pdus:
            if personality.packed:
                unpack(pdu)
            if status := check(pdu):
                self.refuse(link, account, pdu, status)
                continue
            try:
                message = self._begin(link, account, pdu, "", now)
            except RefusedError as refused:
                self.refuse(link, account, pdu, refused.status)
                continue
            answers.append((pdu, SubmitSmResp(message.message_id)))
        if answers:
            self._commits.turn().answers.setdefault(link, []).extend(answers)

    def refuse(self, link: Link, account: Account, pdu: Pdu, status: int) -> None:
        """Refuse a request at once."""
        link.refuse(pdu, status)
        if isinstance(pdu, SubmitSm):
            told = {"account": account.system_id, "to": pdu.destination_addr, "command_status": status}
            self._journal.publish(self._clock.now(), "smpp.submit_sm", "", **told)

    def accept(self, link: Link, account: Account, pdu: SubmitSm, message_id: str = "") -> Message:
        """Begin the life of a submitted message in the present turn, and return it.

        With replace_if_present_flag, a pending message between the same addresses takes its text and keeps its id
        (5.2.18). `message_id` is that of the message whose next destination this is, after submit_multi. Raises
        RefusedError. Answer with `Smsc.answer`, so that nothing is acknowledged that is not saved.
        """
        return self._begin(link, account, pdu, message_id, self._clock.now())

    def _begin(self, link: Link, account: Account, pdu: SubmitSm, message_id: str, now: int) -> Message:
        number = next(self._life.ids)
        version = link.interface_version
        message_id = message_id or account.personality.message_id(number, version)
        sender = account.system_id
        if not (
            pdu.replace_if_present_flag
            or pdu.schedule_delivery_time
            or pdu.validity_period
            or self._faults.active
            or not isinstance(handset := self._router.terminated(pdu.destination_addr), Handset)
            or handset.outcome(pdu) is not TAKEN
            or handset.memory is not None
        ):
            expires_at = now + self._validity
            # Given by their places, which is quicker; `kept` is the last.
            ended = Message(
                number, message_id, sender, now, pdu, _DELIVERED, now, 0, 0, version, expires_at, None, 0, True
            )
            self._life.take_ended(ended, handset)
            return ended
        message = Message(number, message_id, sender, now, pdu, version=version)
        if pdu.replace_if_present_flag and (present := self._present(message)):
            self._life.replace_whole(present, pdu)
            return present
        if pdu.schedule_delivery_time or pdu.validity_period:
            self._life.set_times(message, pdu.schedule_delivery_time, pdu.validity_period, now)
        self._life.begin(message)
        return message

    def _present(self, message: Message) -> Message | None:
        same = self._life.pending(
            message.account, message.source, message.destination, service_type=message.pdu.service_type
        )
        return same[-1] if same else None
