"""An SMSC in a process of its own, to be killed: its port is the first line that it prints.

Of its two handsets one is on and the other is off. A second argument is the size of the sockets' buffers for sending.
"""

import asyncio
import socket
import sys
from pathlib import Path

from smsc_emulator.base.activity import Activity
from smsc_emulator.base.clock import LabClock, utc_millis
from smsc_emulator.base.database import Database, metadata
from smsc_emulator.base.journal import Journal
from smsc_emulator.base.ticker import Ticker
from smsc_emulator.core.settings import AccountSettings, SmscSettings
from smsc_emulator.core.smsc import Smsc
from smsc_emulator.handsets.handset import Changed
from smsc_emulator.handsets.handsets import Handsets
from smsc_emulator.handsets.states import HandsetState
from smsc_emulator.net.smpp_server import SmppServer


async def serve(folder: Path) -> None:
    journal = Journal()
    database = Database(f"sqlite:///{folder}/lab.db", journal)
    metadata.create_all(database.engine)
    database.start()
    accounts = [AccountSettings(system_id="alice", password="secret", window=5000)]
    clock = LabClock(utc_millis())
    handsets = Handsets(["+70000000001", "+70000000002"])
    Changed(HandsetState.OFF).apply(handsets["+70000000002"])
    ticker = Ticker(clock, Activity(clock))
    settings = SmscSettings(accounts=accounts, retry_after=[1000])
    smsc = Smsc(settings, clock, journal, handsets, database=database, data=folder, wake=ticker.wake)
    await smsc.start()
    ticker.add(*smsc.deadlines)
    server = SmppServer(smsc)
    await server.start("127.0.0.1", 0)
    if len(sys.argv) > 2:
        assert server._listener is not None
        # The links have what the listener has.
        server._listener.sockets[0].setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, int(sys.argv[2]))
    print(server.port, flush=True)
    await ticker.run()


asyncio.run(serve(Path(sys.argv[1])))
