"""rusmppyc: an asynchronous SMPP 5.0 client whose core is Rust."""

import asyncio
import os
import sys
from contextlib import suppress

from common import (
    CODE,
    NUMBER,
    PASSWORD,
    PATIENCE,
    PORT,
    SENDER,
    SYSTEM_ID,
    TEXTS,
    compare,
    run,
    send_from_handset,
    tell,
)
from rusmppyc import (
    Client,
    CommandId,
    DeliverSm,
    Encoder,
    Event,
    Events,
    Gsm7BitUnpacked,
    Npi,
    RegisteredDelivery,
    Ton,
    Ucs2,
)
from rusmppyc.exceptions import RusmppycException


async def connected() -> tuple[Client, Events]:
    return await Client.connect(
        url=f"smpp://127.0.0.1:{PORT}",
        enquire_link_interval=None,
        max_command_length=70_000,
        response_timeout=5000,
        interface_version_check=False,
    )


async def bind(kind: str, password: str = PASSWORD) -> tuple[Client, Events]:
    client, events = await connected()
    await getattr(client, f"bind_{kind}")(system_id=SYSTEM_ID, password=password)
    return client, events


async def closed(client: Client) -> None:
    """Close the link unless the SMSC has done so after its unbind_resp."""
    with suppress(RusmppycException):
        await client.close()


async def refused() -> None:
    try:
        await bind("transceiver", "wrong")
    except RusmppycException as error:
        tell("wrong password", "refused" if "rinvpaswd" in repr(error).lower() else f"refused as {error!r}")


async def delivered(client: Client, events: Events) -> DeliverSm:
    """Return the next deliver_sm, answered."""
    async with asyncio.timeout(PATIENCE):
        async for event in events:
            assert isinstance(event, Event.Incoming), event
            command = event._0
            if isinstance(command.id, CommandId.DeliverSm):
                await client.deliver_sm_resp(command.sequence_number, "")
                return command.pdu._0
    raise AssertionError("the link is closed")


def parts_of(client: Client, text: str, reference: int) -> list[object]:
    encoder = Encoder.Gsm7BitUnpacked(Gsm7BitUnpacked.default()) if text.isascii() else Encoder.Ucs2(Ucs2.default())
    fields = {
        "source_addr_ton": Ton.Alphanumeric(),
        "source_addr": SENDER,
        "dest_addr_ton": Ton.International(),
        "dest_addr_npi": Npi.Isdn(),
        "destination_addr": NUMBER,
        "registered_delivery": RegisteredDelivery.request_all(),
        "encoder": encoder,
    }
    if len(text) <= (160 if text.isascii() else 70):
        return [client.submit_sm_encode(text, **fields)]
    return client.submit_sm_multipart(text, reference=reference, **fields)


async def main() -> None:
    await refused()
    for kind in ("transmitter", "receiver"):
        client, _ = await bind(kind)
        tell(f"bind_{kind}")
        await client.unbind()
        await closed(client)
    client, events = await bind("transceiver")
    tell("bind_transceiver")
    submitted = []
    for reference, (name, text) in enumerate(TEXTS.items()):
        try:
            parts = parts_of(client, text, reference)
        except RusmppycException as error:
            tell(f"submit_sm: {name}", f"cannot encode it: {type(error).__name__}")
            continue
        for part in parts:
            answer = await client.submit_sm(part)
            submitted.append(bytes(answer.message_id).rstrip(b"\0").decode())
        tell(f"submit_sm: {name}")
    receipts = [await delivered(client, events) for _ in submitted]
    told = [bytes(receipt.short_message).decode().split(" ")[0].removeprefix("id:") for receipt in receipts]
    compare("delivery receipts", told, submitted)
    await asyncio.to_thread(send_from_handset, TEXTS["Latin"])
    pdu = await delivered(client, events)
    got = [bytes(value).rstrip(b"\0").decode() for value in (pdu.destination_addr, pdu.short_message)]
    compare("mobile-originated", got, [CODE, TEXTS["Latin"]])
    await client.unbind()
    tell("unbind")
    await closed(client)


run(main)
# Not by Python's own way out: a thread of Rust that still wants the interpreter then aborts the process.
sys.stdout.flush()
os._exit(0)
