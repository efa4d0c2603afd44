"""kill -9 in the middle of a broadcast: the rest get it after the restart, and nobody gets it twice."""

import threading
import urllib.error
from contextlib import suppress
from http.client import HTTPException
from typing import Any

NUMBERS = [f"+7000000000{n}" for n in range(1, 7)]
TEXT = "Flood warning"


def identified(lab: Any) -> None:
    for number in NUMBERS:
        started = lab.identify(number, f"user of {number}")
        lab.post(f"/v1/identifications/{started['id']}/check", {"code": lab.code(number)})
        assert lab.until(started["id"], "IDENTIFIED", "REFUSED")["state"] == "IDENTIFIED"


def warnings(lab: Any) -> list[int]:
    """Return how many warnings each handset has."""
    inboxes = [lab.get(f"/lab/handsets/{number.replace('+', '%2B')}/messages")["messages"] for number in NUMBERS]
    return [[message["text"] for message in inbox].count(TEXT) for inbox in inboxes]


def turn_until_killed(lab: Any) -> None:
    with suppress(urllib.error.URLError, OSError, HTTPException):
        lab.post("/lab/clock/advance", {"by": "300ms"})


def test_killed_in_the_middle_of_a_broadcast(lab: Any) -> None:
    identified(lab)
    after = lab.get("/lab/journal?limit=1000")["events"][-1]["seq"]
    started = lab.post("/v1/services/demo/broadcasts", {"text": TEXT})
    assert (started.status, started["recipients"]) == (201, len(NUMBERS))
    turning = threading.Thread(target=turn_until_killed, args=(lab,))
    turning.start()
    assert lab.get(f"/lab/journal?after={after}&type=handset.received&wait=10s")["events"]
    lab.kill()
    turning.join()

    lab.start()
    assert lab.get(f"/v1/services/demo/broadcasts/{started['id']}")["states"]["queued"] >= 2  # ten go in a second
    lab.advance("10s")
    over = lab.get(f"/v1/services/demo/broadcasts/{started['id']}")
    counts, got = over["states"], warnings(lab)
    assert over["ended_at"] is not None
    assert set(counts) <= {"sent", "in_doubt"}
    assert sum(counts.values()) == len(NUMBERS)
    assert max(got) == 1
    assert counts["sent"] <= sum(got) <= len(NUMBERS)
