"""Many identifications over two gateways of one PostgreSQL, of which the one that holds the links is killed with -9.

`python tests/peers/many_identifications.py 2000 postgresql://...` runs that many on an empty
database. A lab on SQLite plays the operators, the SMSC and the handsets.
"""

import http.client
import json
import shutil
import sys
import tempfile
import threading
import time
import urllib.error
from collections import Counter, defaultdict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from receiver import Receiver
from serving import Answer, Serving

from gateway.webhooks.tries import UNWRITTEN

SECRET = "whsec_YWxwaGEtdGVzdC1vcGVyYXRvci1zaWduaW5nLWtleQ=="
RANGE = [{"first": "+70000010000", "last": "+70000019999"}]
OVER = ("IDENTIFIED", "REFUSED", "CANCELLED", "SUPERSEDED")
ENDS = tuple(f"identification.{state.lower()}" for state in OVER)
GONE = (urllib.error.URLError, ConnectionError, http.client.HTTPException)
AT_ONCE = 200
"""Users that are on their way at one time."""


@dataclass
class Place:
    """The lab, two gateways, and what the users have done."""

    lab: Serving
    victim: Serving
    survivor: Serving
    receiver: Receiver
    many: int
    resent: Counter[str] = field(default_factory=Counter)
    ids: dict[str, str] = field(default_factory=dict)
    states: dict[str, str] = field(default_factory=dict)
    answered: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    @property
    def numbers(self) -> list[str]:
        return [f"+7000001{n:04d}" for n in range(self.many)]

    def ask(self, first: Serving, call: Callable[[Serving], Answer]) -> Answer:
        """Ask a gateway, and the other one if that is gone."""
        try:
            return call(first)
        except GONE:
            return call(self.survivor)

    def live(self, number: str) -> None:
        """Be a user from the start to the end of his identification."""
        mine = (self.victim, self.survivor)[int(number[-1]) % 2]
        wish = {"service_id": "demo", "user_id": number, "phone_number": number}
        key = {"Idempotency-Key": number}
        started = self.ask(mine, lambda at: at.post("/v1/identifications", wish, headers=key))
        assert started.status == 201, started
        with self.lock:
            self.answered += 1
            if self.answered == self.many // 3:
                self.victim.kill()
        path = self.ids[number] = f"/v1/identifications/{started['id']}"
        while (shown := self.ask(mine, lambda at: at.get(path)))["state"] == "CONFIRMING":
            code = self.code(number)
            if code is None:  # in doubt with the gateway that was killed: the user asks for another one
                answer = self.survivor.post(f"{path}/resend")
                assert answer.status == 200, answer
                self.resent[number] += 1
            else:
                self.ask(mine, lambda at, code=code: at.post(f"{path}/check", {"code": code}))  # type: ignore[misc]
        self.states[number] = self.end(path, shown["state"])

    def code(self, number: str) -> str | None:
        messages = self.messages(number, "?wait=8s&extract=code")
        return messages[-1]["code"] if messages else None

    def end(self, path: str, state: str) -> str:
        deadline = time.monotonic() + 60
        while state not in OVER:
            assert time.monotonic() < deadline, (path, state)
            state = self.survivor.get(f"{path}?wait=2s")["state"]
        return state

    def messages(self, number: str, query: str = "") -> list[dict[str, Any]]:
        answer = self.lab.get(f"/lab/handsets/{number.replace('+', '%2B')}/messages{query}")
        return list(answer["messages"]) if answer.status == 200 else []

    def run(self) -> None:
        with ThreadPoolExecutor(AT_ONCE) as pool:
            list(pool.map(self.live, self.numbers))


def check(place: Place) -> dict[str, int]:
    """Check that nothing is lost and nothing doubled; return what was counted."""
    assert Counter(place.states.values()) == {"IDENTIFIED": place.many}
    sent = {number: place.messages(number) for number in place.numbers}
    for number, messages in sent.items():
        assert 1 <= len(messages) <= 1 + place.resent[number], (number, messages)
        assert len({message["text"] for message in messages}) == len(messages), "one code went twice"
        register = place.lab.get(f"/lab/operators/alpha/register?phone_number={number.replace('+', '%2B')}")
        assert len(register["entries"]) == 1, register
    told = wait_for_ends(place)
    assert set(told) == {path.rsplit("/", 1)[1] for path in place.ids.values()}
    assert {len(ids) for ids in told.values()} == {1}, "one end was told under two ids"
    deliveries = Counter(headers["webhook-id"] for headers, _ in place.receiver.got)
    again = sum(deliveries.values()) - len(deliveries)
    assert again <= 1 + UNWRITTEN, "more went out again than what was not on record when the gateway was killed"
    return {"identified": place.many, "codes in doubt": sum(place.resent.values()), "webhooks again": again}


def wait_for_ends(place: Place) -> dict[str, set[str]]:
    """Return the ids under which the end of each identification was told, when all have been."""
    told: defaultdict[str, set[str]] = defaultdict(set)
    seen, deadline = 0, time.monotonic() + 60 + place.many
    while len(told) < place.many:
        assert time.monotonic() < deadline, f"the ends of {len(told)} were told"
        with place.receiver.grown:
            place.receiver.grown.wait(1)
            new, seen = place.receiver.got[seen:], len(place.receiver.got)
        for headers, body in new:
            event = json.loads(body)
            if event["type"] in ENDS:
                told[event["data"]["id"]].add(headers["webhook-id"])
    return told


def open_place(stack: ExitStack, folder: Path, url: str, many: int) -> Place:
    """Start the lab and the gateways; who leaves `stack` stops them."""

    def start(name: str, config: dict[str, Any]) -> Serving:
        (folder / name).mkdir(exist_ok=True)
        return stack.enter_context(Serving.of(folder / name, config))

    alpha = {"id": "alpha", "name": "Alpha", "secret": SECRET, "ranges": RANGE}
    people = [{"phone_number": f"+7000001{n:04d}", "operator_id": "alpha"} for n in range(many)]
    lab = start("lab", {"operators": [alpha], "subscribers": people})
    gateway = {
        "server": {"database": url},
        "lab": {"enabled": False},
        "smsc_link": {"host": "127.0.0.1", "port": lab.ports["smpp"]},
        "services": [{"id": "demo", "name": "Demo", "key": "lab-demo-key"}],
        "operators": [{**alpha, "url": f"{lab.url}/operator/alpha"}],
        "webhooks": {"allow_networks": ["127.0.0.0/8"]},
        "confirmation": {"resend_gap": "0s"},
    }
    victim = start("victim", gateway)
    (folder / "survivor").mkdir()
    shutil.copy(folder / "victim/codes.key", folder / "survivor/codes.key")
    receiver = Receiver()
    stack.callback(receiver.close)
    place = Place(lab, victim, start("survivor", gateway), receiver, many)
    assert victim.post("/v1/webhook-endpoints", {"url": receiver.url}).status == 201
    return place


def main(many: str, url: str) -> None:
    began = time.monotonic()
    with tempfile.TemporaryDirectory() as folder, ExitStack() as stack:
        place = open_place(stack, Path(folder), url, int(many))
        place.run()
        print(check(place), f"{time.monotonic() - began:.0f} s")


if __name__ == "__main__":
    main(*sys.argv[1:])
