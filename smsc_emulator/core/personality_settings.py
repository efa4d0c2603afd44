"""A personality's file: how one operator's SMSC differs from the next, as SMPP lets it or as it does all the same.

Every default is what the standard asks for, or what most servers do where it is silent.
"""

from string import Formatter
from typing import Annotated, Literal

from pydantic import AfterValidator, Field

from smsc_emulator.base.config import Duration, Section, absent
from smsc_emulator.smpp import receipts
from smsc_emulator.smpp.constants import MessageState

Strictness = Literal["strict34", "strict50", "lenient"]
"""How closely requests are held to the standard: SMPP 3.4 by its letter, SMPP 5.0 by its letter, or as operators do."""

Form = Literal["decimal", "hex", "hex_upper", "uuid"]
"""How a message's number is written. A uuid is made from the number and does not show it."""

ErrorBody = Literal["by_clause", "header_only", "empty_message_id", "full"]
"""What a response that tells an error carries; `by_clause` follows the standard for each operation."""

Throttling = Literal["ESME_RTHROTTLED", "ESME_RMSGQFUL"]
"""The status for more than was allowed."""

RECEIPT_TEXT = (
    "id:{id} sub:{sub:03d} dlvrd:{dlvrd:03d} submit date:{submit_date} done date:{done_date} stat:{stat}"
    " err:{err:0>3} text:{text}"
)
"""The receipt of Appendix B."""

RECEIPT_FIELDS = ("id", "sub", "dlvrd", "submit_date", "done_date", "stat", "err", "text")
"""What a receipt's text can name in braces."""

DATE_FORMATS = {10: "%y%m%d%H%M", 12: "%y%m%d%H%M%S"}
"""How a receipt's dates are written, by their number of digits."""


def layout(text: str, date_digits: int) -> str:
    """Return the layout for `receipts.build` of a receipt's text whose dates have 10 or 12 digits."""
    for name in ("submit_date", "done_date"):
        text = text.replace(f"{{{name}}}", f"{{{name}:{DATE_FORMATS[date_digits]}}}")
    return text


def _receipt_text(text: str) -> str:
    """Refuse a text that could not be filled in."""
    known = ", ".join(f"{{{name}}}" for name in RECEIPT_FIELDS)
    try:
        named = [name for _, name, _, _ in Formatter().parse(text) if name is not None]
        unknown = next((name for name in named if name not in RECEIPT_FIELDS), None)
        if unknown is not None:
            raise ValueError(f"{{{unknown}}} is no field of a receipt; the fields are {known}")
        receipts.build("1", MessageState.DELIVERED, submit_date=0, done_date=0, layout=layout(text, 10))
    except (KeyError, IndexError, AttributeError) as error:
        raise ValueError(f"the text cannot be filled in ({error}); the fields are {known}") from None
    return text


class IdForm(Section):
    """How message ids are written."""

    form: Form = "decimal"
    """decimal, hex (lower case), hex_upper, or uuid."""
    width: int = Field(0, ge=0, le=64)
    """At least so many digits, filled with leading zeros; a uuid has its own width."""


class VendorTlv(Section):
    """An optional parameter of the operator's own, the same in every receipt."""

    tag: int = Field(ge=0x1400, le=0x3FFF)
    """Its tag, in the range that is left to vendors (5.3.1)."""
    value: str = Field(pattern=r"^([0-9A-Fa-f]{2})*$", max_length=508)
    """Its value, as hexadecimal digits in quotes."""


class ReceiptSettings(Section):
    """Delivery receipts."""

    text: Annotated[str, Field(min_length=1, max_length=240), AfterValidator(_receipt_text)] = RECEIPT_TEXT
    """The text, with fields in braces; format specifications as in Python, such as {sub:03d} or {err:0>3}."""
    date_digits: Literal[10, 12] = 10
    """10 for dates to the minute, as in Appendix B; 12 for dates to the second, as many operators write them."""
    message_id: IdForm | None = None
    """How the receipt's id is written, in its text and its TLV; null: as in the response."""
    receipted_message_id: bool = True
    """Whether the TLV receipted_message_id is there (5.3.2.12)."""
    message_state: bool = True
    """Whether the TLV message_state is there (5.3.2.35)."""
    network_error_code: bool = False
    """Whether the TLV network_error_code is there (5.3.2.31): network 3 (GSM) and the error of the message."""
    vendor_tlvs: list[VendorTlv] = []
    """TLVs of the operator's own."""


class PersonalitySettings(Section):
    """One operator's SMSC, as an ESME gets to know it."""

    name: str = Field("standard", pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")
    """The name that accounts call it by; the file is called the same."""
    title: str = "By the letter where there is one, by custom where there is none"
    """What it is for, in a line."""
    sources: list[str] = []
    """Whose complaint it is made from: repository and issue."""

    strictness: Strictness = "lenient"
    """How closely requests are held to the standard."""
    message_id: IdForm = IdForm()
    """How ids are written in responses. A peer of SMPP 3.3 gets eight hexadecimal digits (3.4)."""
    receipt: ReceiptSettings = absent()
    """What receipts look like."""
    error_body: ErrorBody = "by_clause"
    """What responses that tell an error carry."""
    bind_failure: Literal["specific", "generic"] = "specific"
    """specific: ESME_RINVPASWD, ESME_RINVSYSID and so on; generic: ESME_RBINDFAIL for whatever reason."""
    password_length: int = Field(64, ge=1, le=64)
    """The longest password taken; SMPP allows 8 characters."""
    sc_interface_version: bool = True
    """Whether bind responses tell the SMSC's version in the TLV sc_interface_version, as they should (3.4)."""
    enquire_link_before_bind: Literal["answered", "refused", "ignored"] = "answered"
    """answered, as SMPP 5.0 has it; refused with ESME_RINVBNDSTS, as SMPP 3.4 has it (Table 2-1); or ignored."""
    default_alphabet_packed: bool = False
    """Whether short_message in the default alphabet (data_coding 0) is seven-bit packed, in both directions."""

    window: int = Field(100, ge=1, le=100_000)
    """How many requests may wait for their answers on one session, in each direction (2.5.2)."""
    window_error: Throttling = "ESME_RTHROTTLED"
    """The status of a request above the window."""
    rate: float | None = Field(None, gt=0, le=1_000_000)
    """How many messages an account may submit in a second of real time, such as 0.5 or 100; null: any number."""
    burst: int = Field(1, ge=1, le=1_000_000)
    """How many messages may come at once before the rate counts."""
    rate_error: Throttling = "ESME_RTHROTTLED"
    """The status of a message above the rate."""

    session_init_timeout: Duration | None = None
    """How long a connection may stay unbound; null: the SMSC's. Before a bind the SMSC's own personality counts."""
    enquire_link_interval: Duration | None = None
    """Silence after which the SMSC asks whether the peer is there; 0s: never; null: the SMSC's."""
    inactivity_timeout: Duration | None = None
    """Time without any operation but enquire_link until the link is closed; 0s: never; null: the SMSC's."""
    response_timeout: Duration | None = None
    """How long the SMSC waits for the answer to its own request; null: the SMSC's."""
