"""The entries of submit_multi's lists: tables like the PDUs, with fields of their own in wire order."""

from dataclasses import dataclass

from smsc_emulator.smpp.constants import CommandStatus
from smsc_emulator.smpp.fields import c_octet_string, integer


@dataclass(slots=True)
class SmeAddress:
    """A destination of submit_multi that is an address, dest_flag 1 (4.5.1.1)."""

    dest_addr_ton: int = integer()
    dest_addr_npi: int = integer()
    destination_addr: str = c_octet_string(21, CommandStatus.ESME_RINVDSTADR)


@dataclass(slots=True)
class DistributionList:
    """A destination of submit_multi that is a list, dest_flag 2 (4.5.1.2)."""

    dl_name: str = c_octet_string(21, CommandStatus.ESME_RINVDLNAME)


@dataclass(slots=True)
class UnsuccessSme:
    """An address that submit_multi could not submit to, and why (4.5.2.1)."""

    dest_addr_ton: int = integer()
    dest_addr_npi: int = integer()
    destination_addr: str = c_octet_string(21, CommandStatus.ESME_RINVDSTADR)
    error_status_code: int = integer(4)
