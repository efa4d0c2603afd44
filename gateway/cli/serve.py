"""`confirmlab serve`: the lab as a process."""

import gc
import signal
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated
from urllib.parse import quote

import typer

from gateway.cli.options import WRONG_USAGE, environment, fail, print_json, read_settings
from gateway.obstacles import busy

if TYPE_CHECKING:
    import asyncio

    from gateway.lab import Lab
    from gateway.settings import Settings

STOP_WITHIN = 1.8
"""Real seconds that the parts of the lab have to close; the process itself ends within two."""


def serve(
    config: Annotated[Path | None, typer.Option("--config", help="YAML file; see configs/lab.yaml.")] = None,
    data: Annotated[Path | None, typer.Option("--data", help="Folder of the database and ports.json.")] = None,
    host: Annotated[str | None, typer.Option("--host", help="Address to listen on.")] = None,
    smpp_port: Annotated[int | None, typer.Option("--smpp-port", min=0, max=65535, help="0: a free one.")] = None,
    http_port: Annotated[int | None, typer.Option("--http-port", min=0, max=65535, help="0: a free one.")] = None,
    sip_port: Annotated[int | None, typer.Option("--sip-port", min=0, max=65535, help="0: a free one.")] = None,
    pcap: Annotated[
        Path | None, typer.Option("--pcap", help="File to capture all SMPP and SIP in, with texts and codes in clear.")
    ] = None,
    paused_clock: Annotated[bool, typer.Option("--paused-clock", help="Let the lab clock stand still.")] = False,
    json: Annotated[
        bool, typer.Option("--json", help="Print one object with url, ports and token once the lab is ready.")
    ] = False,
) -> None:
    """Run the lab until Ctrl-C. Settings: the file, then CONFIRMLAB_* variables, then these flags."""
    import asyncio

    environ = environment()
    flags = {
        "--data": str(data) if data else None,
        "--host": host,
        "--smpp-port": smpp_port,
        "--http-port": http_port,
        "--sip-port": sip_port,
        "--paused-clock": paused_clock or None,
        "--pcap": str(pcap) if pcap else None,
    }
    named = environ.get("CONFIRMLAB_CONFIG")
    settings = read_settings(config or (Path(named) if named else None), environ, flags)
    asyncio.run(_run(settings, _tell if json else _welcome))


Welcome = Callable[["Settings", dict[str, int], str | None], None]
"""Tells the settings, the ports and the token of a lab that has started."""


async def _run(settings: "Settings", welcome: Welcome) -> None:
    import asyncio

    from gateway import logs
    from gateway.folder import FolderInUseError
    from gateway.identification.profiles import ProfileError
    from gateway.lab import Lab
    from gateway.migrations import NewerSchemaError
    from smsc_emulator.base.postgres_errors import DatabaseUnusableError

    logs.configure(settings.logs)
    stopping = asyncio.Event()
    _on_signals(stopping)
    lab = Lab(settings)
    try:
        await lab.start()
        _collect_seldom()
        lab.folder.write_ports(lab.ports, lab.ground.near)
        welcome(settings, lab.ports, lab.token)
        await stopping.wait()
        typer.echo("stopping", err=welcome is _tell)
    except (FolderInUseError, DatabaseUnusableError, NewerSchemaError) as error:
        fail(str(error))
    except ProfileError as error:
        fail(str(error), WRONG_USAGE)
    except OSError as error:
        fail(busy(error, settings))
    finally:
        await _stop(lab)


def _collect_seldom() -> None:
    """Look for garbage in cycles less often than Python does by itself.

    What the start has made stays, and a message leaves no cycle behind; but a look takes the longer the more is kept,
    and everything waits for it meanwhile.
    """
    gc.freeze()
    gc.set_threshold(100_000, 10, 50)


async def _stop(lab: "Lab") -> None:
    import asyncio

    try:
        async with asyncio.timeout(STOP_WITHIN):
            await lab.stop()
    except TimeoutError:
        typer.echo("some parts did not close in time and were cut off", err=True)


def _on_signals(stopping: "asyncio.Event") -> None:
    """Set `stopping` at the first signal; a second one ends the process as usual."""
    import asyncio

    loop = asyncio.get_running_loop()

    def stop() -> None:
        for number in (signal.SIGINT, signal.SIGTERM):
            loop.remove_signal_handler(number)
        stopping.set()

    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stop)


def _tell(settings: "Settings", ports: dict[str, int], token: str | None) -> None:
    print_json({"url": f"http://{_reach(settings)}:{ports['http']}", "ports": ports, "token": token})
    sys.stdout.flush()  # whoever reads it through a pipe waits for it


def _welcome(settings: "Settings", ports: dict[str, int], token: str | None) -> None:
    from rich.console import Console
    from rich.text import Text

    console = Console(highlight=False, soft_wrap=True)
    for line in [*page_lines(settings, ports, token), *addresses(settings, ports)]:
        console.print(Text(line))
    for title, command in next_steps(settings, ports, token):
        console.print(Text(f"\n# {title}", style="dim"))
        console.print(Text(command, style="cyan"))
    console.print(Text("\nCtrl-C stops the lab."))


def _reach(settings: "Settings") -> str:
    host = settings.server.host
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 - shown, not listened on
    return f"[{host}]" if ":" in host else host


def page_lines(settings: "Settings", ports: dict[str, int], token: str | None) -> list[str]:
    """Return the line of the page, and with a token the address that logs in by it; nothing without a lab."""
    if not settings.lab.enabled:
        return []
    base = f"http://{_reach(settings)}:{ports['http']}/"
    if token is None:
        return [f"Page  {base}"]
    # What follows the # is read by the page itself and goes over no network.
    return [
        f"Page  {base}login#{quote(token, safe='')}",
        f"      token {token}, also for curl: -H 'Authorization: Bearer {token}'",
    ]


def addresses(settings: "Settings", ports: dict[str, int]) -> list[str]:
    """Return a line for each address of the lab."""
    host = _reach(settings)
    accounts = settings.smsc.accounts
    account = f"  system_id {accounts[0].system_id}, password {accounts[0].password}" if accounts else ""
    lines = {
        "smpp": f"SMPP  {host}:{ports.get('smpp')}{account}",
        "http": f"HTTP  http://{host}:{ports.get('http')}  described at /openapi.json",
        "sip": f"SIP   {host}:{ports.get('sip')}  the voice switch, UDP and TCP",
        "sip_gateway": f"SIP   {host}:{ports.get('sip_gateway')}  the gateway's own user agent",
    }
    return [line for name, line in lines.items() if name in ports]


def next_steps(settings: "Settings", ports: dict[str, int], token: str | None) -> list[tuple[str, str]]:
    """Return what to try next: a title and a curl command each; the lab's own powers only if it has them.

    `token` is what the lab asks for, if it does.
    """
    base = f"http://{_reach(settings)}:{ports['http']}"
    key = settings.services[0].key if settings.services else "KEY"
    service = settings.services[0].id if settings.services else "SERVICE"
    number = settings.subscribers[0].phone_number if settings.subscribers else "+70000000001"
    with_key = f"curl -H 'Authorization: Bearer {key}'"
    with_token = "curl" if token is None else f"curl -H 'Authorization: Bearer {token}'"
    steps = [
        (
            True,
            "start a confirmation",
            f'{with_key} {base}/v1/confirmations -d \'{{"phone_number": "{number}", "method": "sms_code"}}\'',
        ),
        (
            False,
            "read the code on the handset",
            f"{with_token} '{base}/lab/handsets/{number}/messages?wait=10s&extract=code'",
        ),
        (True, "check the code", f'{with_key} {base}/v1/confirmations/ID/check -d \'{{"code": "CODE"}}\''),
        (
            False,
            "confirm by a missed call, whose caller number ends in the code",
            f'{with_key} {base}/v1/confirmations -d \'{{"phone_number": "{number}", "method": "flash_call"}}\'',
        ),
        (False, "read who called", f"{with_token} '{base}/lab/handsets/{number}/calls?wait=10s'"),
        (
            True,
            "start an identification",
            (
                f"{with_key} {base}/v1/identifications "
                f'-d \'{{"service_id": "{service}", "user_id": "user-1", "phone_number": "{number}"}}\''
            ),
        ),
        (False, "turn the lab clock", f'{with_token} {base}/lab/clock/advance -d \'{{"by": "20m"}}\''),
        (
            True,
            "register a webhook",
            f'{with_key} {base}/v1/webhook-endpoints -d \'{{"url": "http://127.0.0.1:9000/hook"}}\'',
        ),
    ]
    return [(title, command) for everywhere, title, command in steps if everywhere or settings.lab.enabled]
