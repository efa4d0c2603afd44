"""The whole lab on PostgreSQL, as a process."""

import json
import os
import subprocess
import sys
import urllib.request
from collections.abc import Callable
from pathlib import Path
from typing import Any


def call(lab: Any, method: str, path: str, body: Any) -> Any:
    data = None if body is None else json.dumps(body).encode()
    headers = {"Content-Type": "application/json", "Authorization": "Bearer lab-demo-key"}
    request = urllib.request.Request(lab.url + path, data, headers, method=method)
    with urllib.request.urlopen(request, timeout=30) as answer:
        return json.load(answer)


def test_a_number_is_confirmed_and_the_restarted_lab_knows(
    serve_lab: Callable[[str], Any], bare_postgres_url: str
) -> None:
    config = f'server: {{database: "{bare_postgres_url}"}}\n'
    lab = serve_lab(config)
    wish = {"phone_number": "+70000000001", "method": "sms_code"}
    started = call(lab, "POST", "/v1/confirmations", wish)
    code = lab.call("GET", "/lab/handsets/%2B70000000001/messages?wait=10s&extract=code")["code"]
    lab.process.kill()
    lab.process.wait()
    again = serve_lab(config)
    done = call(again, "POST", f"/v1/confirmations/{started['id']}/check", {"code": code})
    assert done["state"] == "confirmed"
    assert not list((again.folder / "data").glob("*.sqlite3*"))


def test_a_server_that_is_not_there_is_told_in_one_sentence(tmp_path: Path) -> None:
    environment = {**os.environ, "CONFIRMLAB_DATABASE_URL": "postgresql://u:hunter2@127.0.0.1:1/lab"}
    command = [Path(sys.executable).with_name("confirmlab"), "serve", "--data", tmp_path / "data"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.startswith("the database postgresql://u:***@127.0.0.1:1/lab cannot be reached")
    assert "Traceback" not in ended.stderr
