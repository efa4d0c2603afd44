"""`confirmlab send`: one SMS through the SMSC, as any ESME would send it."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import typer

from gateway.cli.options import Data, Json, fail, millis, print_json, smsc_at
from smsc_emulator.frozen import frozen

if TYPE_CHECKING:
    import asyncio

    from smsc_emulator.smpp.pdus import DeliverSm, SubmitSm
    from smsc_emulator.smpp.receipts import Receipt

BIND_WITHIN = 10.0
"""Real seconds to connect and bind."""


@frozen
class Account:
    """Where to bind, and as whom."""

    host: str
    port: int
    system_id: str
    password: str


@dataclass
class Receipts:
    """The receipts that came, by message_id; they may come before the response that tells the id."""

    grown: "asyncio.Event"
    found: "dict[str, Receipt]" = field(default_factory=dict)

    def take(self, pdu: "DeliverSm") -> int:
        """Keep a receipt; the return value is the command_status of the answer."""
        from smsc_emulator.smpp import receipts, text

        receipt = receipts.parse(text.decode(pdu.short_message, pdu.data_coding), pdu.tlvs)
        if receipt.message_id:
            self.found[receipt.message_id] = receipt
            self.grown.set()
        return 0

    async def wait(self, message_ids: list[str]) -> None:
        """Return when there is a receipt for each of the messages."""
        while not all(message_id in self.found for message_id in message_ids):
            self.grown.clear()
            await self.grown.wait()


def send(
    to: Annotated[str, typer.Option("--to", help="The number or short code it goes to.")],
    text: Annotated[str, typer.Option("--text", help="The text; a long one is split into segments.")],
    sender: Annotated[str, typer.Option("--from", help="The source address: a number, or a name.")] = "confirmlab",
    system_id: Annotated[str, typer.Option("--system-id", help="The account to bind with.")] = "smppclient1",
    password: Annotated[str, typer.Option("--password", help="Its password.")] = "password",  # noqa: S107 - the lab's known one
    host: Annotated[
        str | None, typer.Option("--host", help="The SMSC's address; otherwise --data tells it, or 127.0.0.1.")
    ] = None,
    port: Annotated[int | None, typer.Option("--port", help="Its port; otherwise --data tells it, or 2775.")] = None,
    receipt: Annotated[bool, typer.Option("--receipt", help="Ask for a receipt and wait for it.")] = False,
    wait: Annotated[str, typer.Option("--wait", help="How long to wait for receipts.")] = "30s",
    data: Data = None,
    json: Json = False,
) -> None:
    """Send one SMS by submit_sm and print its message_id, and its receipt if asked for."""
    import asyncio

    seconds = millis(wait) / 1000
    pdus = submissions(to, text, sender, receipt=receipt)
    account = Account(*smsc_at(host, port, data), system_id, password)
    message_ids, receipts, complete = asyncio.run(_send(account, pdus, seconds if receipt else None))
    shown = [_shown(message_id, receipts.get(message_id)) for message_id in message_ids]
    if json:
        print_json({"to": to, "segments": shown})
    else:
        for line in shown:
            typer.echo("  ".join(f"{name} {value}" for name, value in line.items() if value is not None))
    if not complete:
        fail(f"no receipt came within {wait}; while the lab clock stands still, a retry of the SMSC does too")


def submissions(to: str, text: str, sender: str, *, receipt: bool) -> "list[SubmitSm]":
    """Return the submit_sm of each segment of `text`."""
    import secrets

    from gateway.load.messages import submit_sm
    from smsc_emulator.smpp import segments

    source, destination = address(sender), address(to)
    if len(source[2]) > 20 or len(destination[2]) > 20:
        raise typer.BadParameter("an address has at most 20 characters (SMPP 3.4, 5.2.8)")
    try:
        parts = segments.split(text, secrets.randbelow(256))
    except ValueError as error:
        raise typer.BadParameter(str(error)) from None
    return [submit_sm(part, source, destination, receipt=receipt) for part in parts]


def address(text: str) -> tuple[int, int, str]:
    """Return type of number, numbering plan and digits (or name) of an address that a person wrote."""
    from smsc_emulator.base import msisdn
    from smsc_emulator.smpp.constants import Npi, Ton

    if text.startswith("+"):
        try:
            return Ton.INTERNATIONAL, Npi.ISDN, msisdn.parse(text).removeprefix("+")
        except ValueError as error:
            raise typer.BadParameter(str(error)) from None
    if text.isascii() and text.isdigit():
        return Ton.UNKNOWN, Npi.ISDN, text
    return Ton.ALPHANUMERIC, Npi.UNKNOWN, text


async def _send(
    account: Account, pdus: "list[SubmitSm]", receipt_seconds: float | None
) -> tuple[list[str], "dict[str, Receipt]", bool]:
    """Submit each PDU; return the message_ids, the receipts by them, and whether all awaited receipts came."""
    import asyncio

    from smsc_emulator.net.esme import EsmeClient, LinkDownError, ResponseTimeoutError, SubmitRefusedError
    from smsc_emulator.smpp.constants import status_name

    receipts = Receipts(asyncio.Event())
    client = EsmeClient(
        account.host,
        account.port,
        account.system_id,
        account.password,
        window=10,
        response_timeout=BIND_WITHIN,
        on_deliver=receipts.take,
        reconnect=False,
    )
    where = f"{account.host}:{account.port}"
    try:
        client.start()
        await client.bound(BIND_WITHIN)
        message_ids = [(await client.submit(pdu)).message_id for pdu in pdus]
        if receipt_seconds is None:
            return message_ids, {}, True
        try:
            async with asyncio.timeout(receipt_seconds):
                await receipts.wait(message_ids)
        except TimeoutError:
            return message_ids, receipts.found, False
        return message_ids, receipts.found, True
    except SubmitRefusedError as error:
        fail(f"the SMSC at {where} refused the message with {status_name(error.status)}")
    except (LinkDownError, ResponseTimeoutError) as error:
        fail(f"{error} (as {account.system_id} at {where})")
    finally:
        await client.close()


def _shown(message_id: str, receipt: "Receipt | None") -> dict[str, Any]:
    return {
        "message_id": message_id,
        "state": receipt.stat if receipt else None,
        "error": receipt.err if receipt else None,
    }
