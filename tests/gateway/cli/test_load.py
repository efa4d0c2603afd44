"""`confirmlab load`: its options, what it refuses, and how it ends."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from plain_smsc import PlainSmsc, serving_in_a_thread
from typer.testing import Result

from gateway.cli import load_run

Confirmlab = Callable[..., Result]


@pytest.mark.parametrize("command", ["smpp", "identify"])
def test_the_help_tells_the_exit_codes(confirmlab: Confirmlab, command: str) -> None:
    result = confirmlab("load", command, "--help")
    assert result.exit_code == 0
    assert "Exit codes: 0 done, 1 failed (no connection, more failures than" in result.stdout


def test_a_load_is_told_as_a_table_as_json_and_as_a_page(confirmlab: Confirmlab, tmp_path: Path) -> None:
    with serving_in_a_thread(PlainSmsc()) as smsc:
        where = ["--port", smsc.port, "--count", 50, "--json", "told.json", "--html", "told.html"]
        result = confirmlab("load", "smpp", *where)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "answered                      50" in result.stdout
    told = json.loads((tmp_path / "told.json").read_text())
    assert (told["answered"], told["errors"], told["plan"]["texts"]) == (50, {}, ["100 % gsm, 19 characters"])
    assert (tmp_path / "told.html").read_text().startswith("<!doctype html>")
    assert "password" not in result.stdout + json.dumps(told)


def test_json_alone_is_on_standard_output(confirmlab: Confirmlab) -> None:
    with serving_in_a_thread(PlainSmsc()) as smsc:
        result = confirmlab("load", "smpp", "--port", smsc.port, "--count", 5, "--json", "-")
    assert json.loads(result.stdout)["answered"] == 5
    assert "answered                       5" in result.stderr


@pytest.mark.parametrize(
    ("options", "code", "sentence"),
    [
        ([], 1, "2 failed of 10"),
        (["--tolerate", "20%"], 0, ""),
        (["--tolerate", "20%", "--p99", "0ms"], 1, "more than 0 ms"),
    ],
)
def test_failures_and_a_slow_p99_end_it_with_1(
    confirmlab: Confirmlab, options: list[str], code: int, sentence: str
) -> None:
    with serving_in_a_thread(PlainSmsc(statuses={3: 0x58, 4: 0x58})) as smsc:
        result = confirmlab("load", "smpp", "--port", smsc.port, "--count", 10, *options)
    assert result.exit_code == code
    assert sentence in result.stderr
    assert "ESME_RTHROTTLED: 2" in result.stdout


def test_a_refused_bind_ends_it_with_1(confirmlab: Confirmlab) -> None:
    with serving_in_a_thread(PlainSmsc(bind_status=0x0D)) as smsc:
        result = confirmlab("load", "smpp", "--port", smsc.port)
    assert result.exit_code == 1
    assert "the bind was refused with ESME_RBINDFAIL (as smppclient1 at 127.0.0.1" in result.stderr


def test_a_gateway_that_is_not_there_ends_it_with_1(confirmlab: Confirmlab, unused_tcp_port: int) -> None:
    result = confirmlab("load", "identify", "--url", f"http://127.0.0.1:{unused_tcp_port}")
    assert result.exit_code == 1
    assert "the handsets cannot be read: Cannot connect" in result.stderr


@pytest.mark.parametrize(
    "words",
    [
        ["smpp", "--host", "192.0.2.1"],
        ["identify", "--url", "http://192.0.2.1:8080"],
        ["identify", "--handsets", "http://192.0.2.1:8080"],
    ],
)
def test_another_machine_is_not_loaded_by_mistake(confirmlab: Confirmlab, words: list[str]) -> None:
    result = confirmlab("load", *words)
    assert result.exit_code == 2
    assert "192.0.2.1 (192.0.2.1) is not this machine" in result.stderr
    assert "--i-own-this-target" in result.stderr


def test_another_machine_is_loaded_by_who_owns_up_to_it(
    confirmlab: Confirmlab, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Any] = []

    def drive(make: Callable[[], Any], _connections: int) -> None:
        asked.append(make)
        load_run.fail("not really")

    monkeypatch.setattr("gateway.cli.load_run.drive", drive)
    assert confirmlab("load", "smpp", "--host", "192.0.2.1", "--i-own-this-target").exit_code == 1
    assert asked


@pytest.mark.parametrize(
    "words",
    [
        ["smpp", "--account", "nobody"],
        ["smpp", "--account", "x" * 16 + ":secret"],
        ["smpp", "--account", "me:" + "x" * 100],
        ["smpp", "--text", "latin1:Привет"],
        ["smpp", "--to", "5..4"],
        ["smpp", "--from", "9" * 21],
        ["smpp", "--tolerate", "150%"],
        ["smpp", "--duration", "10"],
        ["smpp", "--json", "no/such/folder.json"],
        ["identify", "--start", "POST"],
        ["identify", "--url", "ftp://127.0.0.1"],
    ],
)
def test_wrong_usage_ends_it_with_2_before_any_load(confirmlab: Confirmlab, words: list[str]) -> None:
    assert confirmlab("load", *words).exit_code == 2
