"""kill -9 in each state, and a restart on the same folder: the old deadlines, no second SMS, no second entry."""

from collections.abc import Callable
from typing import Any

import pytest

A = "+70000000001"
INBOX = f"/lab/handsets/{A.replace('+', '%2B')}/messages"
REGISTER = f"/lab/operators/alpha/register?phone_number={A.replace('+', '%2B')}"


def revive(lab: Any) -> None:
    lab.kill()
    lab.start()


@pytest.fixture(autouse=True)
def one_of_each(lab: Any) -> Any:
    """Whatever happened, there was one SMS, at most one entry, and the clock never went back."""
    before = lab.get("/lab/clock")["now"]
    yield
    assert len(lab.get(INBOX)["messages"]) == 1
    assert len(lab.get(REGISTER)["entries"]) <= 1
    assert lab.get("/lab/clock")["now"] >= before


def test_killed_while_confirming(lab: Any) -> None:
    started = lab.identify(A)
    revive(lab)
    assert lab.get(f"/v1/identifications/{started['id']}")["state"] == "CONFIRMING"
    assert lab.post(f"/v1/identifications/{started['id']}/check", {"code": lab.code(A)}).status == 200
    assert lab.until(started["id"], "IDENTIFIED", "REFUSED")["state"] == "IDENTIFIED"
    revive(lab)
    assert lab.get(f"/v1/identifications/{started['id']}")["state"] == "IDENTIFIED"
    assert len(lab.get(REGISTER)["entries"]) == 1


def test_killed_while_confirming_the_old_deadline_holds(lab: Any) -> None:
    started = lab.identify(A)
    lab.post("/lab/clock/advance", {"by": "14m"})
    revive(lab)
    assert lab.get(f"/v1/identifications/{started['id']}")["state"] == "CONFIRMING"
    lab.post("/lab/clock/advance", {"by": "1m"})
    assert lab.get(f"/v1/identifications/{started['id']}")["reason"] == "confirm_expired"


@pytest.mark.parametrize(("rest", "state"), [("9m59s", "IDENTIFIED"), ("10m0.001s", "REFUSED")])
def test_killed_while_pending_the_old_deadline_holds(lab: Any, rest: str, state: str) -> None:
    delay = {"9m59s": "19m59s", "10m0.001s": "20m0.001s"}[rest]
    lab.call("PUT", "/lab/operators/alpha/behaviour", {"answer": "truth", "delay": delay})
    started = lab.identify(A)
    lab.post(f"/v1/identifications/{started['id']}/check", {"code": lab.code(A)})
    pending = lab.until(started["id"], "PENDING")
    lab.post("/lab/clock/advance", {"by": "10m"})
    revive(lab)
    again = lab.get(f"/v1/identifications/{started['id']}")
    assert (again["state"], again["deadline_at"]) == ("PENDING", pending["deadline_at"])
    lab.post("/lab/clock/advance", {"by": rest})
    assert lab.until(started["id"], "IDENTIFIED", "REFUSED")["state"] == state


def test_killed_while_registering(serve: Callable[..., Any], lab: Any, tmp_path: Any) -> None:
    """The register is out of reach, so the attempt stays in REGISTERING until the operator is back."""
    config = tmp_path / "gateway.yaml"
    config.write_text(
        f"""
lab: {{enabled: false}}
smsc_link: {{host: 127.0.0.1, port: {lab.ports["smpp"]}, system_id: smppclient1, password: password}}
services: [{{id: demo, name: Demo, key: lab-demo-key}}]
operators:
  - id: alpha
    name: Alpha, elsewhere
    secret: whsec_YWxwaGEtbGFiLW9wZXJhdG9yLXNpZ25pbmcta2V5
    url: {lab.url}/operator/alpha
    ranges: [{{first: "+70000000000", last: "+70000000010"}}]
"""
    )
    closed = lab.call("PUT", "/lab/operators/alpha/behaviour", {"answer": "truth", "register": "closed"})
    assert closed["register"] == "closed"
    gateway = serve("--config", str(config))
    started = gateway.identify(A)
    gateway.post(f"/v1/identifications/{started['id']}/check", {"code": lab.code(A)})
    gateway.until(started["id"], "REGISTERING")
    revive(gateway)
    assert gateway.get(f"/v1/identifications/{started['id']}")["state"] == "REGISTERING"
    lab.call("PUT", "/lab/operators/alpha/behaviour", {"answer": "truth"})
    done = gateway.until(started["id"], "IDENTIFIED", "REFUSED")
    assert done["state"] == "IDENTIFIED"
    assert [entry["code"] for entry in lab.get(REGISTER)["entries"]] == [done["identification_code"]]


def test_a_message_that_the_smsc_acknowledged_survives(lab: Any) -> None:
    started = lab.post("/v1/confirmations", {"phone_number": A, "method": "sms_code"})
    revive(lab)
    assert lab.post(f"/v1/confirmations/{started['id']}/check", {"code": lab.code(A)})["state"] == "confirmed"
