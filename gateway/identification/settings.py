"""The section of the configuration about identification; the rules themselves are profiles."""

from smsc_emulator.base.config import Duration, Section
from smsc_emulator.base.durations import DAY


class ReconciliationSettings(Section):
    """The comparison of the identification codes in force with the operators' registers."""

    every: Duration | None = DAY
    """Lab time from one comparison to the next; without it, there is none."""
