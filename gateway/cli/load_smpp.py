"""`confirmlab load smpp`: a measured load of submit_sm."""

from typing import TYPE_CHECKING, Annotated, Final, Literal

import typer

from gateway.cli import load_run
from gateway.cli.options import Data, fail, millis, smsc_at

if TYPE_CHECKING:
    from gateway.load.smpp import SmppPlan

DEFAULT_TEXT: Final = "Your code is 123456"
DEFAULT_ACCOUNT: Final = "smppclient1:password"
"""The default lab's."""


def smpp(
    host: Annotated[
        str | None, typer.Option("--host", help="The SMSC's address; otherwise --data tells it, or 127.0.0.1.")
    ] = None,
    port: Annotated[
        int | None, typer.Option("--port", min=1, max=65535, help="Its port; otherwise --data tells it, or 2775.")
    ] = None,
    account: Annotated[list[str] | None, typer.Option("--account", help="SYSTEM_ID:PASSWORD; may be repeated.")] = None,
    sessions: Annotated[int, typer.Option("--sessions", min=1, help="How many sessions of each account.")] = 1,
    bind: Annotated[
        Literal["transceiver", "transmitter", "pair"],
        typer.Option("--bind", help="As what each session binds; pair: a transmitter and a receiver."),
    ] = "transceiver",
    window: Annotated[
        int, typer.Option("--window", min=1, max=100_000, help="Unanswered submit_sm of each session.")
    ] = 10,
    rate: load_run.Rate = None,
    ramp: load_run.Ramp = "0s",
    duration: load_run.Duration = None,
    count: load_run.Count = None,
    text: Annotated[
        list[str] | None,
        typer.Option("--text", help="[WEIGHT*][gsm:|latin1:|cyrillic:|ucs2:]TEXT; may be repeated for a mix."),
    ] = None,
    to: load_run.Numbers = None,
    sender: Annotated[str, typer.Option("--from", help="The source address: a number, or a name.")] = "loadtest",
    receipts: Annotated[bool, typer.Option("--receipts", help="Ask for receipts and wait for each.")] = False,
    patience: Annotated[str, typer.Option("--patience", help="How long an answer or a receipt may take.")] = "10s",
    json: load_run.JsonFile = None,
    html: load_run.Html = None,
    tolerate: load_run.Tolerate = "0%",
    p99: load_run.P99 = None,
    owned: load_run.Owned = False,
    data: Data = None,
) -> None:
    """Submit SMS at a rate or through a window, and tell throughput, latencies and errors. Ctrl-C ends it early."""
    from gateway.load import messages
    from gateway.load.smpp import BindAs, SmppPlan

    telling = load_run.Telling.read(json, html, tolerate, p99)
    if host and host.startswith("[") and host.endswith("]"):  # as URLs have IPv6 addresses
        host = host[1:-1]
    smsc_host, smsc_port = smsc_at(host, port, data)
    load_run.permit(smsc_host, owned=owned)
    with load_run.rightly():
        messages.address(sender)
        plan = SmppPlan(
            host=smsc_host,
            port=smsc_port,
            accounts=tuple(_account(each) for each in account or [DEFAULT_ACCOUNT]),
            wordings=tuple(messages.wording(each) for each in text or [DEFAULT_TEXT]),
            to=messages.all_numbers(to or [load_run.DEFAULT_NUMBERS]),
            sender=sender,
            sessions=sessions,
            bind=BindAs(bind),
            window=window,
            shape=load_run.shape(rate, ramp, duration, count),
            receipts=receipts,
            patience=millis(patience) / 1000,
        )
    _run(plan, telling)


def _run(plan: "SmppPlan", telling: load_run.Telling) -> None:
    from gateway.load.smpp import BindFailedError, SmppLoad

    try:
        load = load_run.drive(lambda: SmppLoad(plan), plan.connections)
    except BindFailedError as error:
        fail(str(error))
    load_run.tell(load.result(), telling)


def _account(text: str) -> tuple[str, str]:
    from smsc_emulator.smpp import codec
    from smsc_emulator.smpp.errors import EncodeError
    from smsc_emulator.smpp.pdus import BindTransceiver

    system_id, colon, password = text.partition(":")
    if not colon or not system_id:
        raise ValueError("an account is SYSTEM_ID:PASSWORD")
    try:
        codec.encode(BindTransceiver(system_id=system_id, password=password))
    except EncodeError as error:
        raise ValueError(f"the account {system_id!r} cannot bind: {error}") from None
    return system_id, password
