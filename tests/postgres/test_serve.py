"""The whole lab on PostgreSQL, as a process."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import pytest
from serving import Serving
from sip_phone import Phones


def call(lab: Serving, method: str, path: str, body: Any) -> Any:
    answer = lab.call(method, path, body)
    assert answer.status < 300, answer
    return answer.body


def test_a_number_is_confirmed_and_the_restarted_lab_knows(
    serve_lab: Callable[[str], Serving], bare_postgres_url: str
) -> None:
    config = f'server: {{database: "{bare_postgres_url}"}}\n'
    lab = serve_lab(config)
    wish = {"phone_number": "+70000000001", "method": "sms_code"}
    started = call(lab, "POST", "/v1/confirmations", wish)
    code = lab.call("GET", "/lab/handsets/%2B70000000001/messages?wait=10s&extract=code")["code"]
    lab.kill()
    again = serve_lab(config)
    done = call(again, "POST", f"/v1/confirmations/{started['id']}/check", {"code": code})
    assert done["state"] == "confirmed"
    assert not list(again.data.glob("*.sqlite3*"))


def test_a_server_that_is_not_there_is_told_in_one_sentence(tmp_path: Path) -> None:
    environment = {**os.environ, "CONFIRMLAB_DATABASE_URL": "postgresql://u:hunter2@127.0.0.1:1/lab"}
    command = [Path(sys.executable).with_name("confirmlab"), "serve", "--data", tmp_path / "data"]
    ended = subprocess.run(command, env=environment, capture_output=True, text=True, check=False, timeout=60)
    assert ended.returncode == 1
    assert ended.stderr.startswith("the database postgresql://u:***@127.0.0.1:1/lab cannot be reached")
    assert "Traceback" not in ended.stderr


@pytest.fixture
def start(tmp_path: Path) -> Iterator[Callable[..., Serving]]:
    """Return a function that starts a process in a folder of its own, with the codes' key of another if given."""
    with ExitStack() as running:

        def begin(name: str, config: str, *, key_of: Serving | None = None) -> Serving:
            data = tmp_path / name
            data.mkdir()
            if key_of is not None:
                shutil.copy(key_of.data / "codes.key", data / "codes.key")
            return running.enter_context(Serving.of(data, config))

        yield begin


ACCESS = "+70009990001"
USER = "+70000000001"
CALLER = "+70000000005"


def confirm(gateway: Any, number: str, method: str) -> Any:
    return call(gateway, "POST", "/v1/confirmations", {"phone_number": number, "method": method})


def sip(gateway: Any) -> tuple[str, int]:
    """Return where a gateway's user agent listens."""
    return "127.0.0.1", gateway.ports["sip_gateway"]


def proven_by_a_call(gateway: Any, phones: Phones) -> None:
    """A user proves his number by calling the gateway."""
    started = confirm(gateway, CALLER, "call_in")
    access = started["instructions"]["access_number"]
    assert phones.ended(phones.call(sip(gateway), access, CALLER, asserted=CALLER)).status != 503
    path = f"/v1/confirmations/{started['id']}?wait=10s"
    assert call(gateway, "GET", path, None)["state"] == "confirmed"


def test_two_gateways_share_a_database_and_the_one_that_is_left_goes_on(
    start: Callable[..., Any], bare_postgres_url: str
) -> None:
    """A lab that plays the operators, and two plain gateways on a database of their own, with telephones for a switch.

    The one that holds the bind and the trunk is killed while a telephone rings.
    """
    with Phones() as phones:
        lab = start("lab", "")
        config = f"""
server: {{database: "{bare_postgres_url}"}}
lab: {{enabled: false}}
smsc_link: {{host: 127.0.0.1, port: {lab.port}, system_id: smppclient1, password: password}}
voice_link: {{host: 127.0.0.1, port: {phones.address[1]}}}
confirmation: {{call_in: {{access_numbers: ["{ACCESS}"]}}}}
services: [{{id: demo, name: Demo, key: lab-demo-key}}]
"""
        one = start("one", config)
        two = start("two", config, key_of=one)
        started = confirm(one, USER, "sms_code")
        code = lab.call("GET", "/lab/handsets/%2B70000000001/messages?wait=10s&extract=code")["code"]
        path = f"/v1/confirmations/{started['id']}"
        assert call(two, "GET", path, None)["state"] == "pending"

        # Whichever is asked, the holder of the trunk places the call; to the other nobody gets through.
        flash = confirm(two, "+70000000003", "flash_call")
        rings = phones.rings("+70000000003")
        assert rings.peer == sip(one)
        assert phones.ended(phones.call(sip(two), ACCESS, CALLER, asserted=CALLER)).status == 503
        proven_by_a_call(one, phones)

        one.kill()
        assert call(two, "POST", f"{path}/check", {"code": code})["state"] == "confirmed"
        assert len(lab.inbox()) == 1
        confirm(two, "+70000000002", "sms_code")
        assert lab.call("GET", "/lab/handsets/%2B70000000002/messages?wait=10s&extract=code")["code"]

        # What the telephone showed is good, and the number is not called again.
        shown = call(two, "POST", f"/v1/confirmations/{flash['id']}/check", {"code": rings.caller[-4:]})
        assert shown["state"] == "confirmed"
        confirm(two, "+70000000004", "flash_call")
        assert phones.rings("+70000000004").peer == sip(two)
        proven_by_a_call(two, phones)
        assert [each.called for each in phones.calls.values() if not each.outgoing] == ["+70000000003", "+70000000004"]
