"""The commands as a whole: their reference, their exit codes, their completion, and JSON from each that prints data."""

import inspect
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from gateway.cli import EXIT_CODES, app
from gateway.cli.reference import reference

Confirmlab = Callable[..., Result]
PAGE = Path(__file__).parents[3] / "docs" / "cli.md"
WITHOUT_JSON = {
    "capture remove": "it prints nothing",
    "faults remove": "it prints nothing",
    "faults clear": "it prints nothing",
}
"""The commands that have no --json, each with its reason."""


def commands(group: Any = app, path: str = "") -> Iterator[tuple[str, Callable[..., Any]]]:
    for command in group.registered_commands:
        yield f"{path}{command.name or command.callback.__name__.rstrip('_')}", command.callback
    for inner in group.registered_groups:
        yield from commands(inner.typer_instance, f"{path}{inner.name} ")


def test_the_page_is_what_the_code_says() -> None:
    assert PAGE.read_text() == reference(), "write it again: python -m gateway.cli.reference > docs/cli.md"


def test_the_page_has_each_command_and_each_of_its_options() -> None:
    page = PAGE.read_text()
    for name, act in commands():
        section = page.split(f"\n## confirmlab {name}\n")[1].split("\n## ")[0]
        rows = section.count("\n| `")
        assert rows == len(inspect.signature(act).parameters), name


@pytest.mark.parametrize(("name", "act"), list(commands()), ids=lambda one: one if isinstance(one, str) else "")
def test_each_command_that_prints_data_prints_json(name: str, act: Callable[..., Any]) -> None:
    has = {"json", "as_json"} & set(inspect.signature(act).parameters)
    assert bool(has) is (name not in WITHOUT_JSON)


def test_the_exit_codes_of_the_page_are_those_that_each_help_tells() -> None:
    assert EXIT_CODES == "Exit codes: 0 done, 1 failed, 2 wrong usage or configuration."
    assert [
        line.split(";")[0].split(":")[0]
        for line in PAGE.read_text().splitlines()
        if line[:4] in ("| 0 ", "| 1 ", "| 2 ")
    ] == ["| 0 | done", "| 1 | failed", "| 2 | wrong usage or configuration"]


@pytest.mark.parametrize(
    ("words", "code"),
    [
        (("profile", "list"), 0),
        (("clock", "show", "--url", "http://127.0.0.1:1"), 1),
        (("trace", "cnf_1", "--url", "http://127.0.0.1:1"), 1),
        (("tail", "--url", "http://127.0.0.1:1"), 1),
        (("handset", "+70000000001", "--url", "http://127.0.0.1:1"), 1),
        (("capture", "list", "--url", "http://127.0.0.1:1"), 1),
        (("capture", "start", "--max-time", "soon"), 2),
        (("handset", "+70000000001", "--once", "--wait", "soon"), 2),
        (("tail", "--limit", "0"), 2),
        (("no-such-command",), 2),
    ],
)
def test_commands_end_with_the_codes_that_the_page_tells(
    confirmlab: Confirmlab, words: tuple[str, ...], code: int
) -> None:
    result = confirmlab(*words)
    assert result.exit_code == code
    assert (result.stderr == "") is (code == 0)


def test_a_shell_is_told_how_to_complete() -> None:
    typed = {"_CONFIRMLAB_COMPLETE": "complete_bash", "COMP_WORDS": "confirmlab ca", "COMP_CWORD": "1"}
    program = "import sys; sys.argv[0] = 'confirmlab'; from gateway.cli import main; main()"
    run = subprocess.run(
        [sys.executable, "-c", program], env={**os.environ, **typed}, capture_output=True, text=True, check=False
    )
    assert run.stdout.split() == ["capture"]
