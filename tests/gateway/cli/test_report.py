"""`confirmlab report`, with a stand-in for a lab."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

Confirmlab = Callable[..., Result]
PATH = "/lab/reports/conformance"


@pytest.mark.parametrize(("failed", "code"), [(0, 0), (2, 1)])
def test_a_rule_that_fails_ends_with_1(confirmlab: Confirmlab, stub: Any, failed: int, code: int) -> None:
    stub.answer("GET", f"{PATH}?format=text", (200, "100 rules"))
    stub.answer("GET", PATH, (200, {"failed": failed}))
    result = confirmlab("report", "conformance", "--url", stub.url)
    assert (result.exit_code, result.stdout) == (code, '"100 rules"\n')


def test_the_page_goes_into_a_file(confirmlab: Confirmlab, stub: Any, tmp_path: Path) -> None:
    stub.answer("GET", f"{PATH}?format=html", (200, "<!doctype html>"))
    stub.answer("GET", PATH, (200, {"failed": 0}))
    result = confirmlab("report", "conformance", "--format", "html", "--output", "page.html", "--url", stub.url)
    assert (result.exit_code, result.stdout) == (0, "")
    assert (tmp_path / "page.html").read_text() == '"<!doctype html>"'


@pytest.mark.parametrize("name", ["use", "exposure"])
def test_the_other_reports_are_told_as_they_are(confirmlab: Confirmlab, stub: Any, name: str) -> None:
    stub.answer("GET", f"/lab/reports/{name}?format=json", (200, {"tables": []}))
    result = confirmlab("report", name, "--format", "json", "--url", stub.url)
    assert (result.exit_code, result.stdout) == (0, '{"tables": []}\n')


def test_a_file_that_cannot_be_written_is_told(confirmlab: Confirmlab, stub: Any) -> None:
    stub.answer("GET", "/lab/reports/use?format=text", (200, "x"))
    result = confirmlab("report", "use", "--output", "no/such/folder", "--url", stub.url)
    assert result.exit_code == 1
    assert "no/such/folder cannot be written" in result.stderr
