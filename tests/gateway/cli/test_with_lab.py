"""The commands against a real lab in a process of its own."""

import json
import shlex
import shutil
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any

import commands
import pytest
from typer.testing import Result

from gateway.cli import serve
from gateway.settings import Settings

Run = Callable[..., Result]
CONFIRMLAB = Path(sys.executable).with_name("confirmlab")
FREE = ("--smpp-port", "0", "--http-port", "0", "--sip-port", "0")


def run(*words: Any) -> subprocess.CompletedProcess[str]:
    return commands.run(*words)


def test_ports_json_tells_the_ports_and_nothing_else(lab: Any) -> None:
    assert sorted(lab.ports) == ["http", "sip", "sip_gateway", "smpp"]
    assert all(lab.ports.values())


def test_the_doctor_finds_a_running_lab_healthy(lab: Any) -> None:
    result = run("doctor", "--data", lab.data)
    assert result.stdout.splitlines()[-1] == "all 11 checks passed", result.stdout
    assert result.returncode == 0


def test_the_doctor_tells_a_wrong_password_by_its_status(on: Run) -> None:
    result = on("doctor", "--json", "--password", "wrong", code=None)
    assert result.exit_code == 1
    findings = {finding["name"]: finding for finding in json.loads(result.stdout)}
    assert findings["smpp bind"]["result"] == "fail"
    assert "Invalid Password" in findings["smpp bind"]["detail"]


def test_a_long_text_is_sent_and_every_segment_gets_its_receipt(lab: Any, on: Run) -> None:
    result = on("send", "--to", "+70000000002", "--text", "привет " * 20, "--receipt", "--json")
    segments = json.loads(result.stdout)["segments"]
    assert [segment["state"] for segment in segments] == ["DELIVRD"] * 3
    with urllib.request.urlopen(f"http://127.0.0.1:{lab.ports['http']}/lab/handsets/+70000000002/messages") as answer:
        assert json.load(answer)["messages"][-1]["text"] == "привет " * 20


def test_a_text_without_a_receipt_is_sent_with_its_message_id_alone(on: Run) -> None:
    result = on("send", "--to", "+70000000003", "--text", "hello")
    assert result.stdout.startswith("message_id ")
    assert "state" not in result.stdout


def test_a_wrong_password_is_told(on: Run) -> None:
    result = on("send", "--to", "+70000000003", "--text", "hello", "--password", "wrong", code=None)
    assert result.exit_code == 1
    assert "ESME_RINVPASWD" in result.stderr


def test_the_demo_shows_an_identification_and_a_refusal_by_silence(on: Run) -> None:
    result = on("demo", code=None)
    assert result.exit_code == 0, result.stdout + result.stderr
    first, second = result.stdout.split("\n\n")
    steps = ["registration", "PDU sent", "handset received", "code typed back", "operator asked", "verdict"]
    places = [first.index(step) for step in [*steps, "identification code", "register entry", "webhook"]]
    assert places == sorted(places)
    assert "identification.identified, its signature verified" in first
    assert "REFUSED(no_answer)" in second
    assert "+1200." in second
    assert "identification.refused, its signature verified" in second


@pytest.mark.parametrize(
    ("method", "steps", "proof", "cost"),
    [
        (
            "sms_code",
            ["started", "submit_sm", "handset shows", "code typed back", "deliver_sm"],
            "sms_code, typed",
            "0.05",
        ),
        (
            "flash_call",
            ["started", "INVITE", "180 Ringing", "handset shows", "code typed back", "status 487, Q.850 cause 16"],
            "flash_call, typed",
            "0.01",
        ),
        (
            "call_in",
            ["started", "user is asked", "INVITE", "confirmed", "status 486, Q.850 cause 17"],
            "call_in, call, the number is asserted",
            "0",
        ),
        (
            "mo_sms",
            ["started", "user is asked", "accepted", "deliver_sm", "confirmed", "delivered"],
            "mo_sms, sms, the number is asserted",
            "0",
        ),
    ],
)
def test_the_demo_shows_each_step_of_each_method_and_its_cost(
    on: Run, method: str, steps: list[str], proof: str, cost: str
) -> None:
    result = on("demo", "--method", method, code=None)
    assert result.exit_code == 0, result.stdout + result.stderr
    places = [result.stdout.index(step) for step in steps]
    assert places == sorted(places)
    assert result.stdout.splitlines()[-2:] == [f"Proof: {proof}.", f"Cost: {cost} XTS, 0 billable seconds."]


def test_the_demo_of_a_call_gives_the_handset_its_behaviour_back(lab: Any, on: Run) -> None:
    path = f"http://127.0.0.1:{lab.ports['http']}/lab/handsets/+70000000001/voice"
    change = urllib.request.Request(path, data=b'{"behaviour": "busy"}', method="PUT")
    with urllib.request.urlopen(change) as answer:
        before = json.load(answer)
    *_, proof, _ = on("demo", "--method", "flash_call", "--json").stdout.splitlines()
    assert json.loads(proof) == {"kind": "text", "text": "Proof: flash_call, typed."}
    with urllib.request.urlopen(path) as answer:
        assert json.load(answer) == before


def test_the_demo_leaves_the_operator_and_the_webhooks_as_they_were(lab: Any, on: Run) -> None:
    base = f"http://127.0.0.1:{lab.ports['http']}"
    body = json.dumps({"answer": "silent", "delay": "30s"}).encode()
    change = urllib.request.Request(f"{base}/lab/operators/alpha/behaviour", data=body, method="PUT")
    with urllib.request.urlopen(change) as answer:
        before = json.load(answer)
    assert (before["answer"], before["delay"]) == ("silent", "30s")
    told = [json.loads(line) for line in on("demo", "--json").stdout.splitlines()]
    steps = [each["step"] for each in told if each["kind"] == "step"]
    assert (steps[0], steps[-1], len(told) - len(steps)) == ("registration", "webhook", 2)
    with urllib.request.urlopen(f"{base}/lab/operators/alpha/behaviour") as answer:
        assert json.load(answer) == before
    headers = {"Authorization": "Bearer lab-demo-key"}
    with urllib.request.urlopen(urllib.request.Request(f"{base}/v1/webhook-endpoints", headers=headers)) as answer:
        assert json.load(answer)["webhook_endpoints"] == []


@pytest.mark.skipif(shutil.which("curl") is None, reason="the printed commands are for curl")
def test_each_next_step_that_serve_prints_is_answered(lab: Any) -> None:
    found: dict[str, Any] = {}
    for title, command in serve.next_steps(Settings(), lab.ports, None):
        written = command.replace("ID/check", f"{found.get('id')}/check").replace("CODE", str(found.get("code")))
        curl = [*shlex.split(written), "-sS", "-w", "\n%{http_code}"]
        done = subprocess.run(curl, capture_output=True, text=True, check=False)
        body, _, status = done.stdout.rpartition("\n")
        assert status in ("200", "201"), (title, written, done.stdout, done.stderr)
        found |= {name: value for name, value in json.loads(body).items() if name in ("id", "code")}


def test_a_second_lab_in_the_same_folder_is_refused_and_harms_nothing(lab: Any) -> None:
    result = run("serve", "--data", lab.data, *FREE)
    assert result.returncode == 1
    assert "another lab uses the folder" in result.stderr
    assert json.loads((lab.data / "ports.json").read_text()) == lab.ports


def test_a_busy_port_gives_one_sentence_and_1(lab: Any, tmp_path: Path) -> None:
    result = run("serve", "--data", tmp_path, *FREE, "--http-port", lab.ports["http"])
    assert result.returncode == 1
    assert result.stderr == (
        f"port {lab.ports['http']} (http) of 127.0.0.1 is taken by another program; "
        "choose another with --http-port, 0 for a free one\n"
    )


def test_a_busy_sip_port_is_told_with_its_flag(lab: Any, tmp_path: Path) -> None:
    result = run("serve", "--data", tmp_path, *FREE, "--sip-port", lab.ports["sip"])
    assert result.returncode == 1
    assert f"port {lab.ports['sip']} (sip) of 127.0.0.1 is taken by another program" in result.stderr


def test_a_program_reads_where_the_lab_is_from_its_first_object(tmp_path: Path) -> None:
    command = [str(CONFIRMLAB), "serve", "--json", "--data", str(tmp_path), *FREE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        lines: list[str] = []
        while not lines or lines[-1] != "}\n":
            lines.append(process.stdout.readline())
        told = json.loads("".join(lines))
        process.terminate()
        out, err = process.communicate(timeout=10)
    assert (told["url"], told["token"]) == (f"http://127.0.0.1:{told['ports']['http']}", None)
    assert sorted(told["ports"]) == ["http", "sip", "sip_gateway", "smpp"]
    assert (process.returncode, out) == (0, ""), err


@pytest.mark.parametrize(("number", "host"), [(signal.SIGINT, "127.0.0.1"), (signal.SIGTERM, "127.0.0.2")])
def test_a_signal_closes_everything_within_two_seconds(tmp_path: Path, number: signal.Signals, host: str) -> None:
    command = [str(CONFIRMLAB), "serve", "--data", str(tmp_path), "--host", host, *FREE]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        assert run("readyz", "--wait", "30s", "--data", tmp_path).returncode == 0
        ports = json.loads((tmp_path / "ports.json").read_text())
        began = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, time.monotonic() - began < 2) == (0, True), err
    assert f"http://{host}:{ports['http']}" in out
    assert "# turn the lab clock" in out
    assert not (tmp_path / "ports.json").exists()
    with socket.socket() as again:
        assert again.connect_ex((host, ports["http"])) != 0
