"""`confirmlab load`: its options, what it refuses, and how it ends."""

import asyncio
import json
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from plain_smsc import PlainSmsc, serving_in_a_thread
from typer.testing import Result

from gateway.cli import load_run
from gateway.load.record import Record
from gateway.load.result import result

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
        ["smpp", "--html", "."],
        ["smpp", "--port", "65536"],
        ["smpp", "--port", "0"],
        ["smpp", "--window", "1000000000"],
        ["identify", "--start", "POST"],
        ["identify", "--url", "ftp://127.0.0.1"],
    ],
)
def test_wrong_usage_ends_it_with_2_before_any_load(confirmlab: Confirmlab, words: list[str]) -> None:
    assert confirmlab("load", *words).exit_code == 2


def test_an_address_of_ipv6_may_stand_in_brackets(confirmlab: Confirmlab, unused_tcp_port: int) -> None:
    result = confirmlab("load", "smpp", "--host", "[::1]", "--port", unused_tcp_port)
    assert result.exit_code == 1
    assert f"cannot connect to [::1]:{unused_tcp_port}: " in result.stderr


def test_why_there_is_no_connection_is_told(confirmlab: Confirmlab, unused_tcp_port: int) -> None:
    result = confirmlab("load", "smpp", "--port", unused_tcp_port)
    assert result.stderr == f"cannot connect to 127.0.0.1:{unused_tcp_port}: Connection refused\n"


class Endless:
    """A load that goes on until it is stopped."""

    def __init__(self, then: Callable[[Callable[[], None]], None]) -> None:
        self.record = Record("answer")
        self._then = then
        self._stopped = asyncio.Event()

    def stop(self) -> None:
        self._stopped.set()

    async def run(self, progress: Callable[[], None]) -> Record:
        self._then(progress)
        await asyncio.wait_for(self._stopped.wait(), 10)
        return self.record


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_a_load_as_if_its_time_were_over(ending: signal.Signals) -> None:
    before = signal.getsignal(ending)
    try:
        assert load_run.drive(lambda: Endless(lambda _progress: os.kill(os.getpid(), ending)), 1)
    finally:
        signal.signal(ending, before)


def test_a_load_whose_progress_nobody_reads_any_longer_ends_early(monkeypatch: pytest.MonkeyPatch) -> None:
    @contextmanager
    def closed(*_: object) -> Iterator[Callable[[], None]]:
        def tell() -> None:
            raise BrokenPipeError

        yield tell

    monkeypatch.setattr("gateway.load.progress.shown", closed)
    assert load_run.drive(lambda: Endless(lambda progress: progress()), 1)


def test_the_files_are_written_even_if_nobody_reads_the_table(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def closed(*_: object, **__: object) -> None:
        raise BrokenPipeError

    monkeypatch.setattr("typer.echo", closed)
    told = result(Record("answer"), what="submit_sm", target="x", plan={}, began_at="now", busy=0.0)
    with pytest.raises(BrokenPipeError):
        load_run.tell(told, load_run.Telling(tmp_path / "told.json", tmp_path / "told.html", 0.0, None))
    assert json.loads((tmp_path / "told.json").read_text())["what"] == "submit_sm"
    assert (tmp_path / "told.html").is_file()


def test_fewer_users_than_asked_for_are_told(confirmlab: Confirmlab, unused_tcp_port: int) -> None:
    where = ["--url", f"http://127.0.0.1:{unused_tcp_port}", "--users", 9, "--to", "+70000000001"]
    assert "1 users at once, not 9" in confirmlab("load", "identify", *where).stderr
