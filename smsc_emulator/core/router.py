"""Where a message goes: to a handset, to the ESME account that serves the number, or nowhere."""

from collections.abc import Container, Mapping, Sequence

from smsc_emulator.base import msisdn
from smsc_emulator.core.settings import AccountSettings
from smsc_emulator.frozen import frozen
from smsc_emulator.handsets.handset import Handset


@frozen
class ToAccount:
    """The destination is an ESME: the account that serves the number."""

    system_id: str


Destination = Handset | ToAccount | None
"""None is an unknown subscriber."""


class Router:
    """Routing by the accounts' numbers and the handsets. Accounts come in the configuration's order of preference."""

    def __init__(self, accounts: Sequence[AccountSettings], handsets: Mapping[str, Handset]) -> None:
        self._handsets = handsets
        self._served = {
            msisdn.from_address(number): ToAccount(account.system_id)
            for account in reversed(accounts)
            for number in account.serves
        }
        self._takers = [account.system_id for account in accounts if account.takes_unserved]

    def terminated(self, address: str) -> Destination:
        """Return the destination of a message that an ESME sent to `address`."""
        number = msisdn.from_address(address)
        return self._handsets.get(number) or self._served.get(number)

    def originated(self, address: str, receiving: Container[str]) -> str | None:
        """Return the system_id of the account that a handset's message to `address` goes to.

        That is the account that serves the address, bound or not; else the first that takes what nobody serves and is
        among the `receiving`, the accounts with a bound receiver; else None: the message waits for such a one.
        """
        if served := self._served.get(msisdn.from_address(address)):
            return served.system_id
        return next((taker for taker in self._takers if taker in receiving), None)

    def takes_unserved(self, system_id: str) -> bool:
        """Whether messages that no account serves may go to this one."""
        return system_id in self._takers
