"""What every peer's driver does alike: it takes each step of `STEPS` and prints what came of it, a line for each.

A driver is a program of its own: `driver PORT URL FOLDER`, where PORT is the SMSC's, URL the lab's HTTP address and
FOLDER holds texts.json. It submits to NUMBER as `peer`, whose password is `secret`, and serves the short code CODE.
"""

import asyncio
import json
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterable
from pathlib import Path

PORT = int(sys.argv[1])
URL = sys.argv[2]
TEXTS: dict[str, str] = json.loads((Path(sys.argv[3]) / "texts.json").read_text())
NUMBER, CODE, SENDER = "70000000001", "1234", "peer"
SYSTEM_ID, PASSWORD = "peer", "secret"
PATIENCE = 15.0


def tell(step: str, outcome: str = "yes") -> None:
    print(json.dumps({"step": step, "outcome": outcome}), flush=True)


def send_from_handset(text: str) -> None:
    body = json.dumps({"to": CODE, "text": text}).encode()
    headers = {"Content-Type": "application/json"}
    url = f"{URL}/lab/handsets/%2B{NUMBER}/messages"
    with urllib.request.urlopen(urllib.request.Request(url, body, headers), timeout=PATIENCE) as answer:
        assert answer.status == 202


def send_soon(text: str) -> None:
    """Send while a blocking client reads."""
    threading.Thread(target=send_from_handset, args=(text,), daemon=True).start()


def compare(step: str, got: Iterable[str], wanted: Iterable[str]) -> None:
    got, wanted = sorted(got), sorted(wanted)
    tell(step, "yes" if got == wanted else f"no: {got} instead of {wanted}")


def run(main: Callable[[], object]) -> None:
    """Run an asynchronous driver with a time limit."""

    async def limited() -> None:
        async with asyncio.timeout(4 * PATIENCE):
            await main()

    asyncio.run(limited())
