"""`confirmlab load` as a user runs it, against a lab in a process of its own."""

import json
import signal
import subprocess
from collections.abc import Callable
from typing import Any


def test_sms_and_identifications_are_loaded_and_ctrl_c_ends_a_load_with_its_report(serve: Callable[..., Any]) -> None:
    lab = serve()
    load = [str(lab.command), "load"]
    to = ["--data", str(lab.data), "--json", "-"]

    def told(*words: str) -> Any:
        done = subprocess.run([*load, *words, *to], capture_output=True, text=True, check=False, timeout=60)
        assert done.returncode == 0, done.stderr
        return json.loads(done.stdout)

    texts = ["--text", "3*Your code is 123456", "--text", "ucs2:" + "Широкая электрификация. " * 5]
    sms = told("smpp", "--count", "200", "--sessions", "3", "--receipts", *texts)
    assert (sms["answered"], sms["measures"]["receipt"]["count"], sms["errors"]) == (200, 200, {})
    attempts = told("identify", "--count", "10", "--rate", "50", "--patience", "60s")
    assert (attempts["answered"], attempts["errors"]) == (10, {})
    with subprocess.Popen(
        [*load, "smpp", "--duration", "10m", *to], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as running:
        assert running.stderr is not None
        assert running.stderr.readline().startswith("seconds 1")
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=20)
    assert running.returncode == 0, err
    assert "Traceback" not in err
    assert json.loads(out)["answered"] > 0
    inbox = lab.get("/lab/handsets/%2B70000000002/messages")["messages"]
    assert {"Your code is 123456", ("Широкая электрификация. " * 5)} & {message["text"] for message in inbox}
