"""Numbers that nothing is sent to: a fixed code, or a fixed outcome, for tests and for reviewers."""

from bisect import bisect_right
from collections.abc import Iterable

from confirm.settings import ConfirmationSettings, TestNumberSettings
from smsc_emulator.base.durations import instant

OF_A_LAB = (
    TestNumberSettings(first="+70009990000", last="+70009990099", code="123456"),
    TestNumberSettings(first="+70009990100", last="+70009990199", outcome="send_failed"),
    TestNumberSettings(first="+70009990200", last="+70009990299", outcome="expired"),
    TestNumberSettings(first="+70009990300", last="+70009990399", outcome="too_many_attempts"),
    TestNumberSettings(first="+70009990400", last="+70009990499", outcome="confirmed"),
)
"""A hundred numbers for each scenario, so that tests that run at once need not share one."""


class TestNumbers:
    """Finds test numbers among `ranges`, of which none overlap."""

    __test__ = False  # pytest would take the name for a test's

    def __init__(self, ranges: Iterable[TestNumberSettings]) -> None:
        self._ranges = sorted(ranges, key=lambda one: (len(one.first), one.first))
        self._firsts = [(len(one.first), one.first) for one in self._ranges]

    def find(self, phone_number: str, now: int) -> TestNumberSettings | None:
        """Return what is fixed for the number at `now`, or None if it is no test number, or no longer."""
        place = bisect_right(self._firsts, (len(phone_number), phone_number)) - 1
        if place < 0:
            return None
        found = self._ranges[place]
        last = found.last or found.first
        if len(last) != len(phone_number) or phone_number > last:
            return None
        return None if found.until is not None and now >= instant(found.until.isoformat()) else found


def settled(settings: ConfirmationSettings, *, lab: bool) -> ConfirmationSettings:
    """Return the settings in which test numbers that nobody set are those of a lab, or none elsewhere."""
    if settings.test_numbers is not None:
        return settings
    return settings.model_copy(update={"test_numbers": list(OF_A_LAB) if lab else []})
