"""When a fault fires: keys of which all must fit, and how often among those that fit."""

from fnmatch import fnmatchcase
from typing import Annotated

from pydantic import Field

from smsc_emulator.base.config import Section, Whole
from smsc_emulator.core.faults.sight import Sight

SUBMISSIONS = frozenset({"submit_sm", "submit_multi", "data_sm"})
"""The operations that a fault looks at unless its rule names one."""

ANY = "any"


WholeNumber = Annotated[int, Whole]

Octet = Annotated[int, Field(ge=0, le=255), Whole]
PartNumber = Annotated[int, Field(ge=1, le=255), Whole]
Count = Annotated[int, Field(ge=1, le=1_000_000_000), Whole]
"""Bounded whole numbers. The bounds stand inside, so that the schema of `Count | None` has them too."""

Prefix = Annotated[str, Field(pattern=r"^\+?[0-9A-Za-z]{1,20}$", max_length=21)]


class When(Section):
    """The conditions of a rule. A key that is left out fits everything; all others must fit."""

    account: str | None = Field(None, min_length=1, max_length=15)
    """The system_id; without it the rule is for all accounts, and counts for each on its own."""
    command: str | None = Field(None, pattern=r"^[a-z][a-z_]{2,31}$", max_length=32)
    """The operation, such as submit_sm, bind_transceiver, enquire_link, or deliver_sm towards the ESME; `any` for all.
    Without it: submit_sm, submit_multi and data_sm."""
    source: Prefix | None = None
    """The beginning of the source address; a plus does not count."""
    destination: Prefix | None = None
    """The beginning of the destination address; a plus does not count."""
    text: str | None = Field(None, min_length=1, max_length=200)
    """A pattern for the whole text, capital or small: `*` is any characters, `?` is one."""
    service_type: str | None = Field(None, max_length=5)
    """The service_type, exactly."""
    data_coding: Octet | None = None
    """The data_coding."""
    part: PartNumber | None = None
    """The number of the part of a long message; a whole message is part 1."""
    nth: Count | None = None
    """Fire only at the n-th that fits."""
    every: Count = 1
    """Fire at every n-th that fits."""
    times: Count | None = None
    """Fire so many times and no more."""
    probability: float = Field(1.0, ge=0, le=1)
    """The chance to fire, of those that fit, from the account's seeded generator."""

    def fits(self, sight: Sight) -> bool:
        """Whether all keys fit what is seen."""
        return (
            (sight.command in SUBMISSIONS if self.command is None else self.command in (ANY, sight.command))
            and self.account in (None, sight.account)
            and (self.source is None or sight.source.startswith(self.source.removeprefix("+")))
            and (self.destination is None or sight.destination.startswith(self.destination.removeprefix("+")))
            and self.service_type in (None, sight.field("service_type", None))
            and self.data_coding in (None, sight.field("data_coding", None))
            and self.part in (None, sight.part)
            # fnmatch makes patterns that never backtrack more than once over the text: none can hang the server.
            and (self.text is None or fnmatchcase(sight.text.lower(), self.text.lower()))
        )
