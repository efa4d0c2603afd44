"""smpp34: an asynchronous client whose core is Rust. It sends enquire_link on its own clock only."""

import asyncio

import smpp34
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

ESM_UDHI = 0x40


def client(password: str = PASSWORD, **more: str) -> smpp34.Client:
    return smpp34.Client("127.0.0.1", PORT, SYSTEM_ID, password, **more)


async def refused() -> None:
    try:
        await client("wrong").connect()
    except (smpp34.SmppError, OSError) as error:
        # It has no reader for a bind response without a body, which 4.1.2 asks for.
        told = str(error)
        tell("wrong password", "refused" if "RINVPASWD" in told.upper() else f"refused, shown as: {told}")


def cut(text: str) -> list[tuple[bytes, int, int]]:
    """Return short_message, esm_class and data_coding of each part; the library leaves that to its user."""
    if text.isascii():
        data, data_coding, room = text.encode(), 0, 153
    else:
        data, data_coding, room = text.encode("utf-16-be"), 8, 134
    if len(data) <= (160 if data_coding == 0 else 140):
        return [(data, 0, data_coding)]
    bodies = [data[at : at + room] for at in range(0, len(data), room)]
    return [
        (bytes([5, 0, 3, 42, len(bodies), index]) + body, ESM_UDHI, data_coding) for index, body in enumerate(bodies, 1)
    ]


async def delivered(smsc: smpp34.Smsc) -> smpp34.DeliverSmEvent:
    event = await asyncio.wait_for(smsc.next(), PATIENCE)
    assert isinstance(event, smpp34.DeliverSmEvent), event
    return event


async def main() -> None:
    await refused()
    for kind, short in (("transmitter", "TX"), ("receiver", "RX")):
        smsc = await client(bind_type=short).connect()
        tell(f"bind_{kind}")
        await smsc.unbind()
    smsc = await client(bind_type="TRX").connect()
    tell("bind_transceiver")
    submitted = []
    for name, text in TEXTS.items():
        for body, esm_class, data_coding in cut(text):
            answer = await smsc.submit_sm(
                NUMBER,
                body,
                source_addr=SENDER,
                source_addr_ton=5,
                dest_addr_ton=1,
                dest_addr_npi=1,
                esm_class=esm_class,
                data_coding=data_coding,
                registered_delivery=1,
            )
            assert answer.is_success, answer.command_status
            submitted.append(answer.message_id)
        tell(f"submit_sm: {name}")
    receipts = [await delivered(smsc) for _ in submitted]
    ids = [tlv.as_string() for event in receipts for tlv in event.tlvs if tlv.tag == smpp34.TLV_RECEIPTED_MESSAGE_ID]
    compare("delivery receipts", [each.rstrip("\0") for each in ids], submitted)
    await asyncio.to_thread(send_from_handset, TEXTS["Latin"])
    event = await delivered(smsc)
    compare("mobile-originated", [event.destination_addr, event.short_message.decode()], [CODE, TEXTS["Latin"]])
    await smsc.unbind()
    tell("unbind")


run(main)
