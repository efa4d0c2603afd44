"""aiosmpplib: an asynchronous client that cuts long texts, puts them together and matches receipts by itself."""

import asyncio
import logging

from aiosmpplib import ESME, AbstractHook, BindMode, DeliverSm, PhoneNumber, SubmitSm, SubmitSmResp
from aiosmpplib.protocol import EnquireLinkResp
from aiosmpplib.state import NPI, TON, SmppCommandStatus, SmppError
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


class Hook(AbstractHook):
    def __init__(self) -> None:
        self.received_: asyncio.Queue[object] = asyncio.Queue()

    async def sending(self, smpp_message: object, pdu: bytes, client_id: str) -> None:
        pass

    async def received(self, smpp_message: object, pdu: bytes, client_id: str) -> None:
        self.received_.put_nowait(smpp_message)

    async def send_error(self, smpp_message: object, error: Exception, client_id: str) -> None:
        self.received_.put_nowait(error)

    async def next(self, kind: type) -> object:
        """Return the next message of a kind; others are passed over."""
        async with asyncio.timeout(PATIENCE):
            while True:
                message = await self.received_.get()
                if isinstance(message, Exception):
                    raise message
                if isinstance(message, kind):
                    return message


def esme(hook: Hook, password: str = PASSWORD, **more: object) -> ESME:
    return ESME(
        "127.0.0.1", PORT, SYSTEM_ID, password, hook=hook, log_level=logging.CRITICAL, enquire_link_interval=0.5, **more
    )


async def refused() -> None:
    try:
        await esme(Hook(), "wrong").connect()
    except ValueError:
        # It has no reader for a bind response without a body, which 4.1.2 asks for.
        tell("wrong password", "refused, shown as: ValueError")
    except SmppError as error:
        told = error.command_status
        tell("wrong password", "refused" if told == SmppCommandStatus.ESME_RINVPASWD else f"refused as {told.name}")


async def main() -> None:
    await refused()
    for kind in ("transmitter", "receiver"):
        client = esme(hook := Hook(), bind_mode=BindMode[kind.upper()])
        running = asyncio.create_task(client.start())
        await hook.next(object)
        tell(f"bind_{kind}")
        await client.stop()
        await running
    client = esme(hook := Hook())
    running = asyncio.create_task(client.start())
    await hook.next(object)
    tell("bind_transceiver")
    receipts = 0
    for name, text in TEXTS.items():
        message = SubmitSm(
            short_message=text,
            source=PhoneNumber(SENDER, TON.ALPHANUMERIC, NPI.UNKNOWN),
            destination=PhoneNumber(NUMBER, TON.INTERNATIONAL, NPI.ISDN),
            log_id=name,
            auto_message_payload=False,
            esm_class=ESM_UDHI,  # cut by UDH where it must be cut; cutting by SAR fails inside the library
        )
        await client.broker.enqueue(message)
        answer = await hook.next(SubmitSmResp)
        tell(f"submit_sm: {name}", "yes" if not answer.command_status else answer.command_status.name)
        receipt = await hook.next(DeliverSm)
        assert receipt.is_receipt(), receipt
        receipts += (receipt.parse_receipt()["stat"], receipt.log_id) == ("DELIVRD", name)
    compare("delivery receipts", [str(receipts)], [str(len(TEXTS))])
    await asyncio.to_thread(send_from_handset, TEXTS["Latin"])
    delivered = await hook.next(DeliverSm)
    compare("mobile-originated", [delivered.destination.number, delivered.short_message], [CODE, TEXTS["Latin"]])
    await asyncio.to_thread(send_from_handset, TEXTS["long Cyrillic"])
    delivered = await hook.next(DeliverSm)
    compare("mobile-originated, long", [delivered.short_message], [TEXTS["long Cyrillic"]])
    await hook.next(EnquireLinkResp)
    tell("enquire_link")
    await client.stop()
    await running
    tell("unbind")


run(main)
