"""Five thousand mutated datagrams at the lab's SIP ports: it serves on, and none of them made it stumble."""

import random
from collections.abc import Callable
from typing import Any

import pytest
from serving import Serving
from sip_phone import Phones
from sip_wire import Message, request, response, within

DATAGRAMS = 5_000
BURST = 50
NUMBER, ACCESS_NUMBER = "+70000000001", "+70002000001"
EDGES = [b"", b"\0", b"\r\n", b"\xff\xfe", b"9" * 40, b";" * 20, b"<", b'"', b":", b" ", b"-1", b"%00"]


def corpus(phones: Phones, target: tuple[str, int]) -> list[bytes]:
    """Return one message of each kind that a lab may get."""
    uri = f"sip:{NUMBER}@{target[0]}:{target[1]}"
    invite = request("INVITE", uri, phones.address, "+70003000001", NUMBER, "fuzz@tests", sdp=True)
    call_in = request("INVITE", uri.replace(NUMBER, ACCESS_NUMBER), phones.address, NUMBER, ACCESS_NUMBER, "in@tests")
    others = [
        request(method, uri, phones.address, "+70003000001", NUMBER, f"{method}@tests")
        for method in ("OPTIONS", "BYE", "ACK", "REGISTER", "PRACK", "MESSAGE")
    ]
    answers = [response(invite, status, "theirs", sdp=status == 200) for status in (100, 180, 200, 486)]
    messages: list[Message] = [invite, call_in, within(invite, "CANCEL", invite["to"]), *others, *answers]
    return [bytes(message) for message in messages]


def mutated(chance: random.Random, messages: list[bytes]) -> bytes:
    """Return a message with some octets, fields or lines changed."""
    data = bytearray(chance.choice(messages))
    for _ in range(chance.randrange(1, 5)):
        at = chance.randrange(len(data))
        match chance.randrange(5):
            case 0:
                data[at] = chance.randrange(256)
            case 1:
                data[at:at] = chance.choice(EDGES)
            case 2:
                del data[at : at + chance.randrange(1, 40)]
            case 3:
                data[at:at] = data[max(0, at - 40) : at]
            case _:
                lines = bytes(data).split(b"\r\n")
                chance.shuffle(lines)
                data = bytearray(b"\r\n".join(lines))
        if not data:
            break
    return bytes(data)


@pytest.fixture(scope="module")
def lab(configured: Callable[[dict[str, Any]], Serving]) -> Serving:
    return configured({})


@pytest.mark.parametrize("port", ["sip", "sip_gateway"])
def test_the_lab_serves_on_after_five_thousand_mutated_datagrams(lab: Serving, phones: Phones, port: str) -> None:
    chance, target = random.Random(port), lab.at(port)
    messages = corpus(phones, target)
    phones.deaf = True
    for sent in range(DATAGRAMS // 2):
        phones.send(mutated(chance, messages), target)
        if sent % BURST == 0:
            assert_alive(lab, port)
    phones.deaf = False
    assert_alive(lab, port)
    a_flash_call_and_a_call_in_work(lab)
    output = (lab.data / "out.txt").read_text()
    assert "Traceback" not in output, output[-3000:]


def assert_alive(lab: Serving, port: str) -> None:
    """Ask as a new peer, and get an answer."""
    with Phones() as asking:
        host, number = lab.at(port)
        options = request("OPTIONS", f"sip:{host}:{number}", asking.address, "a", "b", "alive@tests")
        asking.send(bytes(options), (host, number))
        asking.wait(lambda: [each for each in asking.others if each.status == 200])


def a_flash_call_and_a_call_in_work(lab: Serving) -> None:
    number = "+70000000002"
    path = f"/v1/confirmations/{lab.confirm(number, 'flash_call')['id']}"
    code: Any = lab.calls(number, "?wait=10s")["code"]
    assert lab.post(f"{path}/check", {"code": code})["state"] == "confirmed"
    started = lab.confirm(number, "call_in")
    lab.post("/lab/handsets/%2B70000000002/calls", {"to": started["instructions"]["access_number"]})
    lab.watch(f"/v1/confirmations/{started['id']}", lambda shown: shown["state"] == "confirmed")
