"""The whole lab on PostgreSQL, as a process."""

import json
import os
import shutil
import subprocess
import sys
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest


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


@pytest.fixture
def start(start_lab_process: Callable[[Path, str], Any], tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Return a function that starts a process in a folder of its own, with the codes' key of another if given."""
    running: list[Any] = []

    def begin(name: str, config: str, *, key_of: Any = None) -> Any:
        data = tmp_path / name / "data"
        data.mkdir(parents=True)
        if key_of is not None:
            shutil.copy(key_of.folder / "data/codes.key", data / "codes.key")
        running.append(start_lab_process(tmp_path / name, config))
        return running[-1]

    yield begin
    for one in running:
        one.process.kill()
        one.process.wait()


def test_two_gateways_share_a_database_and_the_one_that_is_left_goes_on(
    start: Callable[..., Any], bare_postgres_url: str
) -> None:
    """A lab that plays the operators, and two plain gateways on a database of their own."""
    lab = start("lab", "")
    config = f"""
server: {{database: "{bare_postgres_url}"}}
lab: {{enabled: false}}
smsc_link: {{host: 127.0.0.1, port: {lab.port}, system_id: smppclient1, password: password}}
services: [{{id: demo, name: Demo, key: lab-demo-key}}]
"""
    one = start("one", config)
    two = start("two", config, key_of=one)
    wish = {"phone_number": "+70000000001", "method": "sms_code"}
    started = call(one, "POST", "/v1/confirmations", wish)
    code = lab.call("GET", "/lab/handsets/%2B70000000001/messages?wait=10s&extract=code")["code"]
    path = f"/v1/confirmations/{started['id']}"
    assert call(two, "GET", path, None)["state"] == "pending"
    one.process.kill()
    one.process.wait()
    assert call(two, "POST", f"{path}/check", {"code": code})["state"] == "confirmed"
    assert len(lab.inbox()) == 1
    call(two, "POST", "/v1/confirmations", {**wish, "phone_number": "+70000000002"})
    assert lab.call("GET", "/lab/handsets/%2B70000000002/messages?wait=10s&extract=code")["code"]
