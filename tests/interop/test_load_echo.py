"""The load tool against an SMSC that was not written here: npm's `smpp` as the bench's echo."""

import asyncio
import subprocess
from pathlib import Path

from gateway.load.loop import loop_for
from gateway.load.messages import wording
from gateway.load.pace import Shape
from gateway.load.record import Record
from gateway.load.smpp import BindAs, SmppLoad, SmppPlan

ECHO = Path(__file__).parents[2] / "bench" / "echo.js"
TEXTS = (wording("hello"), wording("ucs2:Привет"), wording("latin1:" + "long " * 60))


def run(port: int, bind: BindAs, receipts: bool) -> Record:
    plan = SmppPlan(
        "127.0.0.1",
        port,
        (("peer", "secret"),),
        TEXTS,
        ("+70000000001", "1234"),
        sessions=2,
        bind=bind,
        shape=Shape(count=300),
        receipts=receipts,
    )
    with asyncio.Runner(loop_factory=loop_for(plan.connections)) as runner:
        return runner.run(SmppLoad(plan).run())


def test_npms_echo_is_loaded_with_and_without_receipts(npm_smpp: Path) -> None:
    with subprocess.Popen(["node", str(ECHO), str(npm_smpp)], stdout=subprocess.PIPE, text=True) as echo:
        try:
            assert echo.stdout is not None
            port = int(echo.stdout.readline())
            with_receipts = run(port, BindAs.TRANSCEIVER, receipts=True)
            without = run(port, BindAs.TRANSMITTER, receipts=False)
        finally:
            echo.kill()
    assert (with_receipts.answered, with_receipts.others["receipt"].count, with_receipts.failed) == (300, 300, 0)
    assert (without.answered, without.others["receipt"].count, without.failed) == (300, 0, 0)
