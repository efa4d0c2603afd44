"""What a gateway tells an operator (identification, 3.4), and the answers: the members of each message, checked.

Every message is signed by the secret of their agreement, and idempotent by its id. In presence mode none of them has a
place for an attribute of a person; in match mode the query alone has, and the answer to it says only what fits.
"""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from smsc_emulator.base import msisdn
from smsc_emulator.base.config import Whole
from smsc_emulator.base.web import Body, Model

Id = Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")]
Name = Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,31}$")]
PhoneNumber = Annotated[str, Field(pattern=msisdn.PATTERN, examples=["+70000000001"])]
Timestamp = Annotated[
    str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9:.]{8,12}Z$", examples=["2026-01-01T12:00:00.000Z"])
]
Code = Annotated[str, Field(pattern=r"^[A-Za-z0-9-]{1,64}$")]
ServiceName = Annotated[str, Field(min_length=1, max_length=128)]

Match = Literal["true", "false", "not_available"]
"""Whether one attribute is what the contract says (the words of CAMARA's KYC Match)."""


class Attributes(Model):
    """What a user says of himself, for an operator to compare; each may be left out."""

    family_name: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    given_name: Annotated[str, Field(min_length=1, max_length=128)] | None = None
    birth_date: Annotated[str, Field(pattern=r"^[0-9]{4}-[0-9]{2}-[0-9]{2}$")] | None = None

    def given(self) -> dict[str, str]:
        """Return the attributes that are there, by name."""
        return self.model_dump(exclude_none=True)


class QueryMessage(Model):
    """Is this number yours? In presence mode there is nothing else to say, and another member is an error (S64).

    In match mode the operator also compares what the user said of himself. A query may bring the identification code
    along (code_phase with_request): then the operator enters it if, and when, it answers PRESENT.
    """

    request_id: Id
    attempt_id: Id
    service_id: Name
    phone_number: PhoneNumber
    mode: Literal["presence", "match"]
    sent_at: Timestamp
    deadline_at: Timestamp
    reply_to: Annotated[str, Field(pattern=r"^https?://[!-~]+$", max_length=2048)] | None = Field(
        None, description="Where the verdict goes; without it, where the operator's agreement says."
    )
    attributes: Attributes | None = None
    code: Code | None = None
    service_name: ServiceName | None = None
    agreement_id: Id | None = Field(None, description="The agreement that the service asks under.")
    since: Timestamp | None = Field(
        None, description="When the number was known to be its user's: whether it went to another person since then?"
    )

    @model_validator(mode="after")
    def _has_what_its_mode_needs(self) -> "QueryMessage":
        if (self.mode == "match") != bool(self.attributes and self.attributes.given()):
            raise ValueError("attributes are needed in mode match, and refused in mode presence")
        if (self.code is None) != (self.service_name is None):
            raise ValueError("code and service_name come together")
        return self


class QueryReceived(Body):
    """The query is on record; a verdict may follow."""

    request_id: str
    received_at: str = Field(description="When the query first came, by the operator's clock.")


class CodeMessage(Model):
    """An identification code for the register; without `code`, the operator is to make one."""

    code: Code | None = None
    request_id: Id
    phone_number: PhoneNumber
    service_id: Name
    service_name: ServiceName


class CodeEntered(Body):
    """The code is in the register."""

    entry_id: str
    code: str = Field(description="The code, as it was given or made.")


class VoidMessage(Model):
    """A code that is taken back."""

    code: Code
    reason: Annotated[str, Field(pattern=r"^[a-z_]{1,64}$")]


class CodeVoided(Body):
    """The code is not, or no more, in force."""

    entry_id: str | None = Field(description="The entry that had the code; null if there was none.")


LISTING_LIMIT = 200
"""How many entries a page of the register has at most."""


class ListingMessage(Model):
    """Asks for the open entries of the register, a page at a time, so that both sides can be compared (S17)."""

    after: Annotated[str, Field(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = Field(
        None, description="`next` of the page before; without it, the first page."
    )
    limit: Annotated[int, Field(ge=1, le=LISTING_LIMIT), Whole] = LISTING_LIMIT


class OpenEntry(Body):
    """An identification code that is in force."""

    entry_id: str
    code: str
    phone_number: str
    service_id: str


class ListingPage(Body):
    """Open entries, in an order that does not change."""

    entries: list[OpenEntry]
    next: str | None = Field(description="Where the next page begins; null: this is the last one.")
