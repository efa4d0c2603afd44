"""An SMSC in a process of its own, to be killed: its port is the first line that it prints."""

import asyncio
import sys
from pathlib import Path

from smsc_emulator.base.clock import LabClock, utc_millis
from smsc_emulator.base.database import Database, metadata
from smsc_emulator.base.journal import Journal
from smsc_emulator.core.settings import AccountSettings, SmscSettings
from smsc_emulator.core.smsc import Smsc
from smsc_emulator.handsets.handsets import Handsets
from smsc_emulator.net.smpp_server import SmppServer


async def serve(folder: Path) -> None:
    journal = Journal()
    database = Database(f"sqlite:///{folder}/lab.db", journal)
    metadata.create_all(database.engine)
    database.start()
    settings = SmscSettings(accounts=[AccountSettings(system_id="alice", password="secret", window=100)])
    clock = LabClock(utc_millis())
    smsc = Smsc(settings, clock, journal, Handsets(["+70000000001"]), database=database, data=folder)
    await smsc.start()
    server = SmppServer(smsc)
    await server.start("127.0.0.1", 0)
    print(server.port, flush=True)
    await asyncio.Event().wait()


asyncio.run(serve(Path(sys.argv[1])))
