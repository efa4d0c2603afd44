"""The SMSC as a process, with routing, message state, handsets, receipts and journal: `python -m bench.smsc FOLDER`.

The folder gets a database; `-` keeps everything in memory. It prints its port.
"""

import asyncio
import gc
import sys
from pathlib import Path

from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import LabClock, utc_millis
from smsc_emulator.base.database import Database, metadata
from smsc_emulator.base.journal import Journal
from smsc_emulator.base.ticker import Ticker
from smsc_emulator.core.settings import AccountSettings, SmscSettings
from smsc_emulator.core.smsc import Smsc
from smsc_emulator.handsets.handsets import Handsets
from smsc_emulator.net.smpp_server import SmppServer

ACCOUNT = AccountSettings(system_id="bench", password="bench", window=1000, max_binds=100_000)
NUMBERS = [f"+7000000{number:04d}" for number in range(1, 1001)]


async def serve(folder: Path | None) -> None:
    """Serve until the process is ended."""
    journal = Journal()
    database = None
    if folder is not None:
        database = Database(f"sqlite:///{folder}/lab.db", journal)
        metadata.create_all(database.engine)
        database.start()
    clock = LabClock(utc_millis())
    ticker = Ticker(clock, Activity(clock))
    settings = SmscSettings(accounts=[ACCOUNT])
    smsc = Smsc(settings, clock, journal, Handsets(NUMBERS), database=database, data=folder, wake=ticker.wake)
    await smsc.start()
    ticker.add(*smsc.deadlines)
    server = SmppServer(smsc)
    await server.start("127.0.0.1", 0)
    # As `confirmlab serve` does: a look for garbage in cycles takes the longer the more is kept.
    gc.freeze()
    gc.set_threshold(100_000, 10, 50)
    print(server.port, flush=True)
    await ticker.run()


if __name__ == "__main__":
    asyncio.run(serve(None if sys.argv[1] == "-" else Path(sys.argv[1])))
