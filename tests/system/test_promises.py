"""The names and answers that users' scripts rely on, over the real process, sockets and database."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from receiver import Receiver
from standardwebhooks import Webhook

A, B = "+70000000001", "+70000000011"


def test_a_code_typed_back_confirms_a_number(lab: Any) -> None:
    started = lab.post("/v1/confirmations", {"phone_number": A, "method": "sms_code"})
    assert started.status == 201
    assert started["state"] == "pending"
    assert started["phone_number"] == A
    assert started["method"] == "sms_code"
    assert started["reason"] is None
    assert started["attempts_left"] == 3
    assert started["expires_at"]
    path = f"/v1/confirmations/{started['id']}"
    code = lab.code(A)
    assert len(code) == 6
    wrong = lab.post(f"{path}/check", {"code": f"{(int(code) + 1) % 10**6:06d}"})
    assert (wrong.status, wrong["state"], wrong["attempts_left"]) == (200, "pending", 2)
    right = lab.post(f"{path}/check", {"code": code})
    assert (right.status, right["state"]) == (200, "confirmed")
    assert lab.get(path)["state"] == "confirmed"
    again = lab.post(f"{path}/check", {"code": code})
    assert again.status == 409
    assert again.headers["content-type"].startswith("application/problem+json")


def test_a_code_is_dead_after_five_minutes(lab: Any) -> None:
    started = lab.post("/v1/confirmations", {"phone_number": A, "method": "sms_code"})
    code = lab.code(A)
    lab.post("/lab/clock/advance", {"by": "5m"})
    assert lab.get(f"/v1/confirmations/{started['id']}")["state"] == "expired"
    assert lab.post(f"/v1/confirmations/{started['id']}/check", {"code": code}).status == 409


def test_three_wrong_codes_end_a_confirmation(lab: Any) -> None:
    started = lab.post("/v1/confirmations", {"phone_number": A, "method": "sms_code"})
    wrong = f"{(int(lab.code(A)) + 1) % 10**6:06d}"
    for left in (2, 1, 0):
        answer = lab.post(f"/v1/confirmations/{started['id']}/check", {"code": wrong})
        assert (answer.status, answer["attempts_left"]) == (200, left)
    assert answer["state"] == "failed"


def test_a_new_code_does_not_reset_the_failures(lab: Any) -> None:
    first = lab.post("/v1/confirmations", {"phone_number": A, "method": "sms_code"})
    wrong = f"{(int(lab.code(A)) + 1) % 10**6:06d}"
    lab.post(f"/v1/confirmations/{first['id']}/check", {"code": wrong})
    second = lab.post("/v1/confirmations", {"phone_number": A, "method": "sms_code"})
    assert second["attempts_left"] == 2


def test_a_cancelled_confirmation_is_over(lab: Any) -> None:
    started = lab.post("/v1/confirmations", {"phone_number": A, "method": "sms_code"})
    assert lab.call("DELETE", f"/v1/confirmations/{started['id']}").status in (200, 204)
    assert lab.get(f"/v1/confirmations/{started['id']}")["state"] == "cancelled"


def test_an_idempotency_key_gives_the_same_answer_and_refuses_another_body(lab: Any) -> None:
    headers = {"Idempotency-Key": "key-1"}
    body = {"phone_number": A, "method": "sms_code"}
    first = lab.post("/v1/confirmations", body, headers=headers)
    second = lab.post("/v1/confirmations", body, headers=headers)
    assert (second.status, second.body) == (first.status, first.body)
    other = lab.post("/v1/confirmations", {**body, "phone_number": B}, headers=headers)
    assert other.status == 422
    handset = lab.get(f"/lab/handsets/{A.replace('+', '%2B')}/messages")
    assert len(handset["messages"]) == 1


def test_the_whole_chain_identifies_a_user(lab: Any, receiver: Receiver) -> None:
    hook = lab.post("/v1/webhook-endpoints", {"url": receiver.url})
    assert hook.status == 201
    assert hook["secret"].startswith("whsec_")
    started = lab.identify(A)
    assert started["state"] == "CONFIRMING"
    assert (started["service_id"], started["user_id"], started["phone_number"]) == ("demo", "user-1", A)
    assert started["confirmation"]["state"] == "pending"
    checked = lab.post(f"/v1/identifications/{started['id']}/check", {"code": lab.code(A)})
    assert checked.status == 200
    assert checked["confirmation"]["state"] == "confirmed"
    done = lab.until(started["id"], "IDENTIFIED", "REFUSED")
    assert (done["state"], done["reason"], done["operator_id"]) == ("IDENTIFIED", None, "alpha")
    assert 16 <= len(done["identification_code"]) <= 32
    register = lab.get(f"/lab/operators/alpha/register?phone_number={A.replace('+', '%2B')}")
    assert [(e["code"], e["state"]) for e in register["entries"]] == [(done["identification_code"], "OPEN")]
    may = lab.get("/v1/services/demo/may-send?user=user-1")
    assert may["may_send"] is True
    headers, body = receiver.wait("identification.identified")
    event = Webhook(hook["secret"]).verify(body, headers)
    assert {"id", "type", "created_at", "data"} <= set(event)
    assert event["data"]["id"] == started["id"]
    assert receiver.wait("confirmation.confirmed")


def test_a_number_in_no_database_is_refused(lab: Any) -> None:
    started = lab.identify("+70000000098")
    lab.post(f"/v1/identifications/{started['id']}/check", {"code": lab.code("+70000000098")})
    done = lab.until(started["id"], "REFUSED", "IDENTIFIED")
    assert (done["state"], done["reason"]) == ("REFUSED", "absent")
    assert lab.get("/v1/services/demo/may-send?user=user-1")["may_send"] is False


@pytest.mark.parametrize(
    ("delay", "state", "reason"),
    [
        ("19m59s", "IDENTIFIED", None),
        ("20m", "IDENTIFIED", None),
        ("20m0.001s", "REFUSED", "no_answer"),
    ],
)
def test_an_answer_at_twenty_minutes_is_in_time_and_a_millisecond_later_is_not(
    lab: Any, delay: str, state: str, reason: str | None
) -> None:
    assert lab.call("PUT", "/lab/operators/alpha/behaviour", {"answer": "truth", "delay": delay}).status == 200
    started = lab.identify(A)
    lab.post(f"/v1/identifications/{started['id']}/check", {"code": lab.code(A)})
    pending = lab.until(started["id"], "PENDING")
    assert pending["deadline_at"]
    lab.post("/lab/clock/advance", {"by": "25m"})
    done = lab.until(started["id"], "IDENTIFIED", "REFUSED")
    assert (done["state"], done["reason"]) == (state, reason)


def test_silence_for_twenty_minutes_is_refusal(lab: Any) -> None:
    lab.call("PUT", "/lab/operators/beta/behaviour", {"answer": "silent"})
    started = lab.identify(B)
    lab.post(f"/v1/identifications/{started['id']}/check", {"code": lab.code(B)})
    lab.until(started["id"], "PENDING")
    lab.post("/lab/clock/advance", {"by": "19m59s"})
    assert lab.get(f"/v1/identifications/{started['id']}")["state"] == "PENDING"
    lab.post("/lab/clock/advance", {"by": "1s"})
    done = lab.get(f"/v1/identifications/{started['id']}")
    assert (done["state"], done["reason"]) == ("REFUSED", "no_answer")


@pytest.mark.parametrize(("answer", "state"), [("absent", "REFUSED"), ("present", "IDENTIFIED")])
def test_an_operator_can_be_wrong(lab: Any, answer: str, state: str) -> None:
    number = A if answer == "absent" else "+70000000098"
    operator = "alpha" if answer == "absent" else "beta"
    lab.call("PUT", f"/lab/operators/{operator}/behaviour", {"answer": answer})
    started = lab.identify(number)
    lab.post(f"/v1/identifications/{started['id']}/check", {"code": lab.code(number)})
    assert lab.until(started["id"], "IDENTIFIED", "REFUSED")["state"] == state


def test_a_new_subscriber_has_a_handset_and_an_operator(lab: Any) -> None:
    number = "+70001234567"
    assert lab.post("/lab/subscribers", {"phone_number": number, "operator_id": "beta"}).status == 201
    assert number in json.dumps(lab.get("/lab/subscribers").body)
    started = lab.identify(number)
    lab.post(f"/v1/identifications/{started['id']}/check", {"code": lab.code(number)})
    done = lab.until(started["id"], "IDENTIFIED", "REFUSED")
    assert (done["state"], done["operator_id"]) == ("IDENTIFIED", "beta")


def test_errors_are_problems_and_keys_are_needed(lab: Any) -> None:
    assert lab.get("/v1/confirmations/cnf_none").status == 404
    assert lab.call("GET", "/v1/confirmations/cnf_none", key="wrong").status == 401
    wrong = lab.post("/v1/confirmations", {"phone_number": "12", "method": "sms_code"})
    assert wrong.status == 400
    assert wrong["code"] == "bad_request"
    assert "phone_number" in wrong["detail"]
    assert lab.get("/nowhere").headers["content-type"].startswith("application/problem+json")


def test_the_clock_is_shown_turned_paused_and_resumed(lab: Any) -> None:
    before = lab.get("/lab/clock")
    assert before["running"] is False
    assert lab.post("/lab/clock/advance", {"by": "20m"})["now"] > before["now"]
    assert lab.post("/lab/clock/resume")["running"] is True
    assert lab.post("/lab/clock/pause")["running"] is False


def test_turning_the_clock_drops_no_bind(lab: Any) -> None:
    lab.post("/lab/clock/advance", {"by": "48h"})
    started = lab.post("/v1/confirmations", {"phone_number": A, "method": "sms_code"})
    assert lab.post(f"/v1/confirmations/{started['id']}/check", {"code": lab.code(A)})["state"] == "confirmed"
    assert lab.get("/lab/journal?type=smpp.unbound")["events"] == []


def test_ctrl_c_closes_everything_within_two_seconds(serve: Callable[..., Any]) -> None:
    lab = serve()
    code, seconds = lab.stop()
    assert code == 0
    assert seconds < 2


def test_a_gateway_without_a_lab_works_with_another_smsc_and_other_operators(
    lab: Any, serve: Callable[..., Any], tmp_path: Path
) -> None:
    config = tmp_path / "gateway.yaml"
    config.write_text(
        f"""
lab:
  enabled: false
smsc_link:
  host: 127.0.0.1
  port: {lab.ports["smpp"]}
  system_id: smppclient1
  password: password
services: [{{id: demo, name: Demo, key: lab-demo-key}}]
operators:
  - id: alpha
    name: Alpha, elsewhere
    secret: whsec_YWxwaGEtbGFiLW9wZXJhdG9yLXNpZ25pbmcta2V5
    url: {lab.url}/operator/alpha
    ranges:
      - first: "+70000000000"
        last: "+70000000010"
"""
    )
    gateway = serve("--config", str(config))
    assert gateway.get("/lab/clock").status == 404
    assert not [path for path in gateway.get("/openapi.json")["paths"] if path.startswith(("/lab", "/operator/"))]
    started = gateway.identify(A)
    gateway.post(f"/v1/identifications/{started['id']}/check", {"code": lab.code(A)})
    done = gateway.until(started["id"], "IDENTIFIED", "REFUSED")
    assert done["state"] == "IDENTIFIED"
    register = lab.get(f"/lab/operators/alpha/register?phone_number={A.replace('+', '%2B')}")
    assert [entry["code"] for entry in register["entries"]] == [done["identification_code"]]
