"""docs/limits.md stays right: its configurations are read, its tables are those of the code."""

import re
from pathlib import Path

import pytest

from confirm.settings import TestNumberSettings
from confirm.test_numbers import OF_A_LAB
from gateway.api import errors
from gateway.config import read
from gateway.settings import Settings

PAGE = (Path(__file__).parents[2] / "docs" / "limits.md").read_text(encoding="utf-8")
EXAMPLES = re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: example.split()[1])
def test_each_example_is_a_configuration_that_is_read_and_changes_something(example: str, tmp_path: Path) -> None:
    (tmp_path / "lab.yaml").write_text(example, encoding="utf-8")
    given = read(tmp_path / "lab.yaml").confirmation
    assert given.model_fields_set
    assert example.count("\n") > 2


def test_the_page_has_examples_of_all_that_it_tells_of(tmp_path: Path) -> None:
    seen = set()
    for example in EXAMPLES:
        (tmp_path / "lab.yaml").write_text(example, encoding="utf-8")
        seen |= read(tmp_path / "lab.yaml").confirmation.model_fields_set
    told = {"allow_prefixes", "deny_prefixes", "cool_down", "limits", "lock", "pumping", "test_numbers", "texts"}
    assert told | {"templates", "tariffs", "flash_call", "resend_gap", "locale"} <= seen


def test_the_refusals_are_those_of_the_api() -> None:
    rows = re.findall(r"^\| (\d{3}) \| `(\w+)` \|", PAGE, re.MULTILINE)
    kinds = {
        (str(kind.status), kind.code)
        for kind in (*errors.STARTING, errors.CONFIRMATION_PENDING, errors.RESEND_TOO_SOON)
    }
    assert set(rows) == kinds


def test_the_test_numbers_are_those_of_a_lab() -> None:
    rows = re.findall(r"^\| (\+\d+) to (\+\d+) \| (.*?) \|$", PAGE, re.MULTILINE)
    assert [(first, last) for first, last, _ in rows] == [(one.first, one.last) for one in OF_A_LAB]
    for (_, _, told), one in zip(rows, OF_A_LAB, strict=True):
        assert WORDS[one.outcome] in told
        assert one.code is None or one.code in told


WORDS = {
    "answer": "is right",
    "send_failed": "cannot be sent",
    "expired": "expires",
    "too_many_attempts": "too_many_attempts",
    "confirmed": "confirmed",
}
assert set(WORDS) == set(TestNumberSettings.model_fields["outcome"].annotation.__args__)


def test_no_test_number_of_a_lab_has_another_meaning_there() -> None:
    settings = Settings()
    taken = [one.phone_number for one in (*settings.subscribers, *settings.handsets)]
    taken += settings.confirmation.call_in.access_numbers
    for one in OF_A_LAB:
        assert not any(one.first <= number <= (one.last or one.first) for number in taken)
