"""The commands that show a running lab live: tail, trace, handset and capture."""

import json
import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest
from typer.testing import CliRunner, Result

from gateway.cli import app, following, tail
from gateway.cli.tables import print_table, progress
from gateway.client import LabClient, LabUnreachableError

Confirmlab = Callable[..., Result]
NUMBER = "+70000000001"


def event(seq: int, kind: str, subject: str, **data: Any) -> dict[str, Any]:
    return {"seq": seq, "at": "2026-01-01T12:00:00.000Z", "type": kind, "subject": subject, "data": data}


def page(*events: dict[str, Any], newest: int = 0) -> tuple[int, dict[str, Any]]:
    return 200, {"events": list(events), "last_seq": events[-1]["seq"] if events else 0, "newest_seq": newest}


# tail


def test_tail_goes_on_after_a_number_and_filters_where_the_lab_does(confirmlab: Confirmlab, stub: Any) -> None:
    stub.answer(
        "GET", "/lab/journal?after=7&wait=20s&type=smpp.&subject=1001", page(event(8, "smpp.submit_sm", "1001"))
    )
    stub.answer(
        "GET", "/lab/journal?after=8&wait=20s&type=smpp.&subject=1001", page(event(9, "smpp.deliver_sm", "1001"))
    )
    words = ("--type", "smpp.", "--subject", "1001", "--after", "7", "--limit", "2", "--url", stub.url)
    result = confirmlab("tail", *words, "--json")
    assert [json.loads(line)["seq"] for line in result.stdout.splitlines()] == [8, 9]
    assert result.exit_code == 0


def test_tail_begins_with_what_comes_from_now_on(confirmlab: Confirmlab, stub: Any) -> None:
    stub.answer("GET", "/lab/journal?limit=1", page(newest=41))
    stub.answer("GET", "/lab/journal?after=41&wait=20s", page(event(42, "call.ringing", NUMBER, direction="in")))
    result = confirmlab("tail", "--limit", "1", "--url", stub.url)
    assert result.stdout.split() == ["42", "2026-01-01T12:00:00.000Z", "call.ringing", NUMBER, "direction=in"]


def test_tail_shows_the_events_of_one_service(confirmlab: Confirmlab, stub: Any) -> None:
    told = [
        event(1, "session.opened", "ses_1", service_id="other"),
        event(2, "session.opened", "ses_2", service_id="demo"),
    ]
    stub.answer("GET", "/lab/journal?after=0&wait=20s", page(*told))
    result = confirmlab("tail", "--service", "demo", "--after", "0", "--limit", "1", "--url", stub.url)
    assert "ses_2" in result.stdout
    assert "ses_1" not in result.stdout


def test_what_an_event_tells_is_put_in_a_few_words() -> None:
    told = {
        "service_id": "demo",
        "confirmation": {"state": "pending", "method": "sms_code", "id": "cnf_1"},
        "none": None,
    }
    assert tail.details(told) == "service_id=demo state=pending method=sms_code"


def test_a_lab_that_restarts_is_waited_for_and_nothing_is_shown_twice(
    confirmlab: Confirmlab, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []
    gone = [LabUnreachableError("no lab answers")] * 2
    before, after = (page(event(seq, "lab.started", "clock"))[1] for seq in (5, 6))
    answers: list[Any] = [before, *gone, after]

    async def get(_lab: LabClient, _path: str, **query: Any) -> Any:
        asked.append(query["after"])
        answer = answers.pop(0)
        if isinstance(answer, LabUnreachableError):
            raise answer
        return answer

    monkeypatch.setattr(LabClient, "get", get)
    monkeypatch.setattr(following, "PAUSE", 0)
    result = confirmlab("tail", "--after", "4", "--limit", "2", "--json")
    assert [json.loads(line)["seq"] for line in result.stdout.splitlines()] == [5, 6]
    assert asked == [4, 5, 5, 5]
    assert result.stderr == "no lab answers; waiting for it\nthe lab is back\n"


def unread() -> int:
    reading, writing = os.pipe()
    os.close(reading)
    return writing


@pytest.mark.parametrize(
    ("output", "told"),
    [
        pytest.param(
            lambda: os.open("/dev/full", os.O_WRONLY),
            "the output cannot be written: No space left on device\n",
            id="a full disk",
            marks=pytest.mark.skipif(not Path("/dev/full").exists(), reason="the file is Linux's own"),
        ),
        pytest.param(unread, "", id="nobody reads"),
    ],
)
def test_an_output_that_nobody_takes_ends_a_command_in_order(stub: Any, output: Callable[[], int], told: str) -> None:
    stub.answer("GET", "/lab/journal?after=0&wait=20s", page(event(1, "lab.started", "clock")))
    program = "import sys; sys.argv[0] = 'confirmlab'; from gateway.cli import main; main()"
    command = [sys.executable, "-c", program, "tail", "--after", "0", "--url", stub.url]
    descriptor = output()
    try:
        ended = subprocess.run(command, stdout=descriptor, stderr=subprocess.PIPE, text=True, check=False, timeout=60)
    finally:
        os.close(descriptor)
    assert (ended.returncode, ended.stderr) == (1, told)


# trace

TRACE = {
    "id": "cnf_1",
    "ids": ["cnf_1", "1001"],
    "steps": [
        {
            "at": "2026-01-01T12:00:00.000Z",
            "offset_ms": 0,
            "seq": 1,
            "layer": "SMPP",
            "type": "smpp.submit_sm",
            "subject": "1001",
            "told": {"account": "gateway"},
            "pdu": {"command": "submit_sm", "esm_class": 0, "registered_delivery": 1},
        }
    ],
}


def test_a_trace_is_a_table_with_the_fields_of_its_pdus(confirmlab: Confirmlab, stub: Any) -> None:
    stub.answer("GET", "/lab/traces/cnf_1?reveal=true", (200, TRACE))
    lines = confirmlab("trace", "cnf_1", "--reveal", "--url", stub.url).stdout.splitlines()
    assert [line.split() for line in lines[1:]] == [
        ["ms", "layer", "what", "of", "told"],
        ["+0", "SMPP", "smpp.submit_sm", "1001", "account=gateway"],
        ["command", "submit_sm"],
        ["registered_delivery", "1"],
    ]
    stub.answer("GET", "/lab/traces/cnf_1?reveal=false", (200, TRACE))
    assert json.loads(confirmlab("trace", "cnf_1", "--json", "--url", stub.url).stdout) == TRACE


# handset, capture: against a real lab

Run = Callable[..., Result]


def lines_of(result: Result) -> list[dict[str, Any]]:
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_a_handset_does_what_is_typed_and_shows_what_comes(on: Run) -> None:
    on("send", "--to", NUMBER, "--text", "Your code is 481516", "--from", "1234", "--receipt")
    typed = "show\nreply thanks\noff\non\nsend 3434 hello\nnonsense\nquit\n"
    result = on("handset", NUMBER, "--json", typed=typed)
    told = lines_of(result)
    assert told[0] == {"kind": "state", "state": "on", "messages": 1}
    text = next(each for each in told if each["kind"] == "text")
    assert (text["from"], text["code"]) == ("1234", "481516")
    assert [each["to"] for each in told if each["kind"] == "sent"] == ["1234", "3434"]
    assert result.stderr == "there is no command 'nonsense'; `help` lists them\n"


def test_a_handset_that_does_not_exist_is_told(on: Run) -> None:
    assert "404" in on("handset", "+79990000099", code=1).stderr


def test_a_script_waits_for_the_first_text_or_takes_the_newest(on: Run) -> None:
    on("send", "--to", "+70000000006", "--text", "first", "--receipt")
    (told,) = lines_of(on("handset", "+70000000006", "--once", "--any", "--json"))
    assert (told["kind"], told["text"], told["code"]) == ("text", "first", None)
    assert "first" in on("handset", "+70000000006", "--once", "--any").stdout
    waited = on("handset", "+70000000007", "--once", "--wait", "50ms", code=1)
    assert waited.stderr == "nothing came to +70000000007 within 50ms\n"


def test_a_call_that_rings_is_shown_to_a_script_that_waits(on: Run, lab: Any) -> None:
    key = {"Authorization": "Bearer lab-demo-key", "Content-Type": "application/json"}
    body = b'{"phone_number": "+70000000008", "method": "flash_call"}'
    address = f"http://127.0.0.1:{lab.ports['http']}/v1/confirmations"
    call = threading.Timer(0.2, lambda: urlopen(Request(address, body, key)).close())
    call.start()
    told = lines_of(on("handset", "+70000000008", "--once", "--any", "--wait", "20s", "--json"))[-1]
    call.join()
    assert (told["kind"], told["direction"], told["to"]) == ("call", "in", "+70000000008")


def test_a_capture_is_started_listed_stopped_saved_and_removed(on: Run, tmp_path: Path) -> None:
    started = json.loads(on("capture", "start", "--max-time", "1m", "--json").stdout)
    on("send", "--to", NUMBER, "--text", "hello", "--receipt")
    listed = json.loads(on("capture", "list", "--json").stdout)["captures"]
    assert [each["id"] for each in listed] == [started["id"]]
    stopped = on("capture", "stop", started["id"]).stdout.splitlines()[1].split()
    assert stopped[:3] == [started["id"], "ended", "stopped"]
    file = tmp_path / "lab.pcapng"
    saved = json.loads(on("capture", "save", started["id"], str(file), "--json").stdout)
    assert saved == {"file": str(file), "size": file.stat().st_size}
    assert file.read_bytes()[:4] == b"\n\r\r\n"
    assert b"hello" in file.read_bytes()
    assert file.stat().st_mode & 0o777 == 0o600
    on("capture", "remove", started["id"])
    assert on("capture", "list").stdout == "no capture was made\n"


# tables


def test_a_table_in_a_file_is_neither_cut_nor_read_as_markup(capsys: pytest.CaptureFixture[str]) -> None:
    print_table(("one", "other"), [("x" * 300, "[bold]y[/bold]"), (1, None)], nothing="none")
    lines = capsys.readouterr().out.splitlines()
    assert lines[1].split() == ["x" * 300, "[bold]y[/bold]"]
    assert len(lines) == 3


def test_progress_is_silent_where_nobody_looks(capsys: pytest.CaptureFixture[str]) -> None:
    assert list(progress([1, 2], "counting")) == [1, 2]
    assert capsys.readouterr() == ("", "")


def test_a_lab_that_is_not_there_is_told_at_once() -> None:
    result = CliRunner().invoke(app, ["tail", "--url", "http://127.0.0.1:1"])
    assert result.exit_code == 1
    assert "no lab answers" in result.stderr
