"""The commands without a lab, or with a stand-in for one."""

import json
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import Result

from gateway import __version__
from gateway.cli import doctor, serve
from gateway.cli.send import address, submissions
from gateway.client import LabUnreachableError, find
from gateway.obstacles import busy
from gateway.settings import Settings

Confirmlab = Callable[..., Result]
CLOCK = {"now": "2026-01-01T12:00:00.000Z", "running": False, "next_deadline_at": None}


LIGHT = [
    (("--version",), {"asyncio", "pydantic", "rich", "aiohttp", "sqlalchemy", "smpplib"}),
    (("--help",), {"asyncio", "pydantic", "rich", "aiohttp", "sqlalchemy", "smpplib"}),
    (("profile", "show", "ru-1801"), {"asyncio", "rich", "aiohttp", "sqlalchemy", "smpplib"}),
    (("config", "check", "lab.yaml"), {"asyncio", "rich", "aiohttp", "sqlalchemy", "smpplib"}),
    (("conduct", "smppclient1", "--data", "nowhere"), {"aiohttp", "sqlalchemy", "smpplib"}),
    (("send", "--to", "+70000000001", "--text", "x", "--data", "nowhere"), {"aiohttp", "sqlalchemy", "smpplib"}),
]
"""Commands, and what they have no use for."""


def test_no_command_imports_what_is_heavy_and_of_no_use_to_it(tmp_path: Path) -> None:
    (tmp_path / "lab.yaml").write_text("subscribers: []\n")
    for words, heavy in LIGHT:
        code = f"import sys; from gateway.cli import app; sys.argv = ['confirmlab', *{words}]\ntry: app()\n"
        code += f"finally: print(sorted({heavy} & sys.modules.keys()), file=sys.stderr)"
        run = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
        assert run.stderr.splitlines()[-1] == "[]", (words, run.stderr)


def test_the_version_is_printed(confirmlab: Confirmlab) -> None:
    assert confirmlab("--version").stdout == f"confirmlab {__version__}\n"


@pytest.mark.parametrize("command", [(), ("serve",), ("readyz",), ("demo",), ("send",), ("doctor",), ("clock",)])
def test_each_help_tells_the_exit_codes(confirmlab: Confirmlab, command: tuple[str, ...]) -> None:
    result = confirmlab(*command, "--help")
    assert result.exit_code == 0
    assert "Exit codes: 0 done, 1 failed, 2 wrong usage or configuration." in result.stdout


# config check


def test_a_right_configuration_is_told_with_what_it_holds(confirmlab: Confirmlab, tmp_path: Path) -> None:
    (tmp_path / "lab.yaml").write_text("subscribers: []\n")
    result = confirmlab("config", "check", "lab.yaml")
    assert result.exit_code == 0
    assert result.stdout == "lab.yaml: right; 1 services, 2 operators, 0 subscribers, 1 ESME accounts\n"


def test_mistakes_of_a_configuration_end_with_2(confirmlab: Confirmlab, tmp_path: Path) -> None:
    (tmp_path / "lab.yaml").write_text("server: {htp_port: 1}\nlabs: {}\n")
    result = confirmlab("config", "check", "lab.yaml")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "lab.yaml:1:10: server.htp_port: unknown key; nearest known key: http_port",
        "lab.yaml:2:1: labs: unknown key; nearest known key: lab",
        "2 mistakes in the configuration; nothing was started",
    ]


def test_serve_refuses_a_wrong_configuration_before_anything_starts(confirmlab: Confirmlab, tmp_path: Path) -> None:
    (tmp_path / "lab.yaml").write_text("server: {data: made, htp_port: 1}\n")
    result = confirmlab("serve", "--config", "lab.yaml")
    assert result.exit_code == 2
    assert "lab.yaml:1:22: server.htp_port" in result.stderr
    assert not (tmp_path / "made").exists()


def test_serve_refuses_a_variable_that_is_unknown(confirmlab: Confirmlab, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CONFIRMLAB_HTP_PORT", "1")
    result = confirmlab("serve")
    assert result.exit_code == 2
    assert "CONFIRMLAB_HTP_PORT: no such setting; nearest known variable: CONFIRMLAB_HTTP_PORT" in result.stderr


# Where the lab is


def test_the_address_is_the_one_given_or_that_of_ports_json(tmp_path: Path) -> None:
    (tmp_path / "ports.json").write_text('{"smpp": 1, "http": 2}')
    found = find(None, tmp_path)
    assert (found.url, found.host, found.port("smpp")) == ("http://127.0.0.1:2", "127.0.0.1", 1)
    (tmp_path / "lab.host").write_text("::1\n")
    assert (find(None, tmp_path).url, find(None, tmp_path).host) == ("http://[::1]:2", "::1")
    with pytest.raises(LabUnreachableError, match="nothing tells the sip port of the lab"):
        found.port("sip")
    assert find("http://lab:1/", tmp_path).url == "http://lab:1"


@pytest.mark.parametrize("text", [None, "{", "[]"])
def test_where_no_folder_is_named_and_none_tells_the_ports_they_are_the_default_ones(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str | None
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / ".confirmlab").mkdir()
    if text is not None:
        (tmp_path / ".confirmlab" / "ports.json").write_text(text)
    found = find(None, None)
    assert (found.url, found.port("smpp"), found.port("sip")) == ("http://127.0.0.1:8080", 2775, 5060)


@pytest.mark.parametrize(
    "words",
    [
        ("readyz",),
        ("readyz", "--wait", "100ms"),
        ("clock", "show"),
        ("tail",),
        ("handset", "+70000000001"),
        ("handset", "+70000000001", "--once"),
        ("trace", "cnf_1"),
        ("capture", "list"),
        ("faults", "list"),
        ("conduct", "smppclient1"),
        ("report", "use"),
        ("demo",),
        ("doctor",),
        ("send", "--to", "+70000000001", "--text", "x"),
        ("load", "smpp", "--count", "1"),
        ("load", "identify", "--count", "1"),
    ],
)
def test_a_named_folder_without_a_lab_is_never_taken_for_the_lab_on_the_default_ports(
    confirmlab: Confirmlab, stub: Any, monkeypatch: pytest.MonkeyPatch, words: tuple[str, ...]
) -> None:
    port = int(stub.url.rpartition(":")[2])
    monkeypatch.setattr("gateway.client.DEFAULT_URL", stub.url)
    monkeypatch.setattr("gateway.client.DEFAULT_PORTS", {"smpp": port, "http": port, "sip": port})
    result = confirmlab(*words, "--data", "nowhere")
    assert result.exit_code == 1
    assert "no lab runs on the folder nowhere: there is no nowhere/ports.json; is `confirmlab serve`" in result.stderr
    assert stub.asked == []


def test_a_lab_that_is_not_there_is_told_with_its_address(confirmlab: Confirmlab, stub: Any, tmp_path: Path) -> None:
    (tmp_path / ".confirmlab").mkdir()
    (tmp_path / ".confirmlab" / "ports.json").write_text('{"http": 1}')
    result = confirmlab("clock", "show")
    assert result.exit_code == 1
    assert result.stderr.startswith("no lab answers at http://127.0.0.1:1 (by .confirmlab/ports.json): ")
    assert result.stderr.endswith("is `confirmlab serve` running?\n")


# clock


def test_the_clock_is_shown_for_people_and_for_programs(confirmlab: Confirmlab, stub: Any) -> None:
    stub.answer("GET", "/lab/clock", (200, CLOCK))
    shown = confirmlab("clock", "show", "--url", stub.url).stdout
    assert shown == "2026-01-01T12:00:00.000Z  stands still; no deadline ahead\n"
    assert json.loads(confirmlab("clock", "show", "--json", "--url", stub.url).stdout) == CLOCK


@pytest.mark.parametrize(
    ("words", "path", "body"),
    [
        (("advance", "20m"), "/lab/clock/advance", {"by": "20m"}),
        (("pause",), "/lab/clock/pause", None),
        (("resume",), "/lab/clock/resume", None),
    ],
)
def test_the_clock_is_turned_paused_and_resumed(
    confirmlab: Confirmlab, stub: Any, words: tuple[str, ...], path: str, body: Any
) -> None:
    stub.answer("POST", path, (200, {**CLOCK, "next_deadline_at": "2026-01-01T13:00:00.000Z", "running": True}))
    result = confirmlab("clock", *words, "--url", stub.url)
    assert result.stdout == "2026-01-01T12:00:00.000Z  runs; next deadline at 2026-01-01T13:00:00.000Z\n"
    assert stub.asked == [("POST", path, body)]


def test_a_turn_without_a_unit_is_wrong_usage_and_asks_nobody(confirmlab: Confirmlab, stub: Any) -> None:
    result = confirmlab("clock", "advance", "20", "--url", stub.url)
    assert result.exit_code == 2
    assert "'20' is not a duration" in result.stderr
    assert stub.asked == []


def test_a_refusal_of_the_lab_is_told_in_its_own_words(confirmlab: Confirmlab, stub: Any) -> None:
    stub.answer("POST", "/lab/clock/advance", (400, {"detail": "body.by: too far"}))
    result = confirmlab("clock", "advance", "20m", "--url", stub.url)
    assert result.exit_code == 1
    assert result.stderr == "POST /lab/clock/advance was answered with 400: body.by: too far\n"


# readyz


def test_readyz_waits_until_the_lab_is_ready(confirmlab: Confirmlab, stub: Any) -> None:
    waiting = (503, {"status": "not_ready", "checks": {"smsc_link": False, "database": True}})
    stub.answer("GET", "/readyz", waiting, waiting, (200, {"status": "ok", "checks": {}}))
    result = confirmlab("readyz", "--wait", "30s", "--url", stub.url)
    assert (result.exit_code, result.stdout) == (0, f"ready: {stub.url}\n")
    assert len(stub.asked) == 3


def test_readyz_follows_a_ports_json_that_appears_while_it_waits(
    confirmlab: Confirmlab, stub: Any, tmp_path: Path
) -> None:
    stub.answer("GET", "/readyz", (200, {"status": "ok", "checks": {}}))
    ports = json.dumps({"http": int(stub.url.rpartition(":")[2])})
    timer = threading.Timer(0.2, (tmp_path / "ports.json").write_text, (ports,))
    timer.start()
    result = confirmlab("readyz", "--wait", "30s", "--data", tmp_path)
    timer.join()
    assert (result.exit_code, result.stdout) == (0, f"ready: {stub.url}\n")


def test_readyz_names_what_is_not_ready(confirmlab: Confirmlab, stub: Any) -> None:
    stub.answer("GET", "/readyz", (503, {"status": "not_ready", "checks": {"smsc_link": False, "database": True}}))
    result = confirmlab("readyz", "--url", stub.url)
    assert (result.exit_code, result.stderr) == (1, "not ready: waiting for smsc_link\n")
    as_json = confirmlab("readyz", "--url", stub.url, "--json")
    assert as_json.exit_code == 1
    assert json.loads(as_json.stdout)["checks"] == {"smsc_link": False, "database": True}


# send


@pytest.mark.parametrize(
    ("text", "typed"),
    [
        ("+70000000001", (1, 1, "70000000001")),
        ("1234", (0, 1, "1234")),
        ("confirmlab", (5, 0, "confirmlab")),
    ],
)
def test_an_address_gets_its_type_of_number(text: str, typed: tuple[int, int, str]) -> None:
    assert address(text) == typed


def test_a_long_text_is_split_into_segments_that_ask_for_receipts() -> None:
    pdus = submissions("+70000000001", "я" * 100, "confirmlab", receipt=True)
    assert [(pdu.esm_class, pdu.data_coding, pdu.registered_delivery) for pdu in pdus] == [(0x40, 8, 1)] * 2


@pytest.mark.parametrize(
    ("to", "sender", "told"),
    [("+7", "confirmlab", "'+7' is not a number"), ("+70000000001", "a" * 21, "at most 20 characters")],
)
def test_a_wrong_address_is_wrong_usage(confirmlab: Confirmlab, to: str, sender: str, told: str) -> None:
    result = confirmlab("send", "--to", to, "--text", "hi", "--from", sender)
    assert result.exit_code == 2
    assert told in result.stderr


def test_sending_to_an_smsc_that_is_not_there_fails_with_a_sentence(confirmlab: Confirmlab) -> None:
    result = confirmlab("send", "--to", "+70000000001", "--text", "hi", "--port", 1)
    assert result.exit_code == 1
    assert result.stderr.startswith("cannot connect to the SMSC at 127.0.0.1:1: ")
    assert result.stderr.endswith(" (as smppclient1 at 127.0.0.1:1)\n")


# doctor


def test_the_doctor_skips_what_stands_on_a_failed_check(confirmlab: Confirmlab, stub: Any) -> None:
    stub.answer("GET", "/livez", (200, {"status": "ok"}))
    result = confirmlab("doctor", "--json", "--url", stub.url, "--port", 1, "--sip-port", 1)
    assert result.exit_code == 1
    findings = {finding["name"]: finding for finding in json.loads(result.stdout)}
    assert {name: finding["result"] for name, finding in findings.items()} == {
        "http livez": "pass",
        "http readyz": "fail",
        "http openapi": "fail",
        "smpp connect": "fail",
        "smpp bind": "skip",
        "smpp submit": "skip",
        "smpp receipt": "skip",
        "smpp enquire_link": "skip",
        "smpp unbind": "skip",
        "sip options udp": "fail",
        "sip options tcp": "fail",
    }
    assert "Connection refused" in findings["smpp connect"]["detail"]
    assert findings["smpp connect"]["hint"]
    assert findings["smpp bind"]["detail"] == "smpp connect failed"


def test_checks_that_do_not_stand_on_each_other_are_all_done() -> None:
    def fail() -> str:
        raise OSError("no")

    checks = [doctor.Check("one", fail, "look"), doctor.Check("two", lambda: "fine", "look")]
    assert [finding.result for finding in doctor.examine(checks, None, chained=False)] == ["fail", "pass"]


# serve


def test_a_busy_port_is_told_with_the_flag_that_chooses_another() -> None:
    error = OSError(98, "error while attempting to bind on address ('127.0.0.1', 2775): address already in use")
    assert busy(error, Settings()) == (
        "port 2775 (smpp) of 127.0.0.1 is taken by another program; choose another with --smpp-port, 0 for a free one"
    )


def test_a_busy_port_of_the_gateways_user_agent_is_told_with_its_setting() -> None:
    error = OSError(98, "error while attempting to bind on address ('127.0.0.1', 5061)")
    settings = Settings.model_validate({"voice_link": {"listen_port": 5061}})
    assert busy(error, settings) == (
        "port 5061 of 127.0.0.1 cannot be listened on; choose another with voice_link.listen_port"
    )


def test_the_next_steps_of_a_gateway_without_a_lab_name_no_powers_of_a_lab() -> None:
    settings = Settings.model_validate({"lab": {"enabled": False}})
    commands = [command for _, command in serve.next_steps(settings, {"http": 1}, None)]
    assert len(commands) == 4
    assert not [command for command in commands if "/lab/" in command]


def test_the_next_steps_bring_the_token_where_the_lab_asks_for_one() -> None:
    commands = [command for _, command in serve.next_steps(Settings(), {"http": 1}, "the-token")]
    for command in commands:
        assert ("Bearer the-token" in command) == ("/lab/" in command), command


def test_a_lab_that_listens_everywhere_is_shown_by_an_address_to_reach_it() -> None:
    settings = Settings.model_validate({"server": {"host": "0.0.0.0"}})
    assert serve.addresses(settings, {"smpp": 1, "http": 2, "sip": 3, "sip_gateway": 4}) == [
        "SMPP  127.0.0.1:1  system_id smppclient1, password password",
        "HTTP  http://127.0.0.1:2  described at /openapi.json",
        "SIP   127.0.0.1:3  the voice switch, UDP and TCP",
        "SIP   127.0.0.1:4  the gateway's own user agent",
    ]
