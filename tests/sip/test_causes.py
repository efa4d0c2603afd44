"""The table of causes against RFC 3398."""

import pytest

from smsc_emulator.sip.causes import CAUSES, cause_of, reason, status_of
from smsc_emulator.sip.fields import read_cause

STATUS_OF = {1: 404, 17: 486, 18: 408, 19: 480, 20: 480, 21: 403, 22: 410, 27: 502, 28: 484, 31: 480} | {
    **dict.fromkeys((34, 38, 41, 42, 47), 503),
    55: 403,
    79: 501,
    102: 504,
    127: 500,
    99: 480,
}
CAUSE_OF = {404: 1, 408: 102, 480: 18, 484: 28, 486: 17, 503: 41, 600: 17, 603: 21, 499: 31, 200: None, 302: None}


@pytest.mark.parametrize(("cause", "status"), STATUS_OF.items())
def test_a_cause_becomes_the_status_of_rfc_3398(cause: int, status: int) -> None:
    assert status_of(cause) == status


@pytest.mark.parametrize(("status", "cause"), CAUSE_OF.items())
def test_a_status_becomes_the_cause_of_rfc_3398(status: int, cause: int | None) -> None:
    assert cause_of(status) == cause


def test_every_cause_has_a_final_status_and_is_read_back() -> None:
    for value, cause in CAUSES.items():
        assert 400 <= cause.status < 700
        assert read_cause([reason(value)]) == value
