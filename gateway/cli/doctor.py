"""`confirmlab doctor`: an independent SMPP client (smpplib), plain HTTP and plain SIP try a running lab."""

import socket
from collections.abc import Callable
from typing import Annotated, Any

import typer

from gateway.cli.options import FAILED, Data, Json, Url, lab_errors, print_json
from smsc_emulator.frozen import frozen

TIMEOUT = 10
"""Real seconds that each answer of the SMSC may take."""


@frozen
class Check:
    """One step: its name, what does it (returning a detail, raising on failure), and what to look at if it fails."""

    name: str
    work: Callable[[], str]
    hint: str


@frozen
class Finding:
    """What came out of a step; one whose forerunner failed is skipped."""

    name: str
    result: str
    """pass, fail or skip."""
    detail: str
    hint: str | None = None


class SmppPeer:
    """An ESME that is not ours: every PDU it sends and reads goes through smpplib."""

    def __init__(self, host: str, port: int, system_id: str, password: str, to: str) -> None:
        from smpplib.client import Client

        self._client = Client(host, port, timeout=TIMEOUT, allow_unknown_opt_params=True)
        self._host, self._port = host, port
        self._credentials = {"system_id": system_id, "password": password}
        self._to = to
        self._message_id = ""
        self._early: list[Any] = []

    def connect(self) -> str:
        """Open the TCP connection."""
        # smpplib hides the reason of a refused connection; the plain socket tells it.
        socket.create_connection((self._host, self._port), timeout=TIMEOUT).close()
        self._client.connect()
        return f"{self._host}:{self._port}"

    def bind(self) -> str:
        """Bind as a transceiver."""
        answer = self._client.bind_transceiver(**self._credentials)
        return f"as {self._credentials['system_id']} to {_text(answer.system_id)}"

    def submit(self) -> str:
        """Submit a text that asks for a receipt."""
        from smpplib import consts

        self._client.send_message(
            source_addr_ton=consts.SMPP_TON_ALNUM,
            source_addr="doctor",
            dest_addr_ton=consts.SMPP_TON_INTL,
            dest_addr_npi=consts.SMPP_NPI_ISDN,
            destination_addr=self._to.removeprefix("+"),
            short_message=b"confirmlab doctor",
            registered_delivery=True,
        )
        self._message_id = _text(self._read_until("submit_sm_resp").message_id)
        return f"message_id {self._message_id}"

    def receipt(self) -> str:
        """Wait for the receipt of that text."""
        while True:
            pdu = self._early.pop(0) if self._early else self._read_until("deliver_sm")
            if _text(pdu.receipted_message_id) == self._message_id:
                return _text(pdu.short_message).partition(" text:")[0]

    def enquire_link(self) -> str:
        """Ask whether the SMSC is there."""
        self._request("enquire_link")
        self._read_until("enquire_link_resp")
        return "answered"

    def unbind(self) -> str:
        """End the session."""
        self._request("unbind")
        self._read_until("unbind_resp")
        return "answered"

    def close(self) -> None:
        """Close the connection, whatever state it is in."""
        if self._client._socket is not None:
            self._client._socket.close()
            self._client._socket = None

    def _request(self, command: str) -> None:
        from smpplib import smpp

        self._client.send_pdu(smpp.make_pdu(command, client=self._client))

    def _read_until(self, wanted: str) -> Any:
        """Return the next PDU of a kind; answer the SMSC's own requests on the way and keep its messages."""
        from smpplib import smpp

        while True:
            pdu = self._client.read_pdu()
            if pdu.command in ("deliver_sm", "enquire_link"):
                answer = smpp.make_pdu(f"{pdu.command}_resp", client=self._client)
                answer.sequence = pdu.sequence
                self._client.send_pdu(answer)
            if pdu.is_error():
                raise ValueError(f"{pdu.command} has the status 0x{pdu.status:08X}")
            if pdu.command == wanted:
                return pdu
            if pdu.command == "deliver_sm":
                self._early.append(pdu)


def doctor(
    to: Annotated[str, typer.Option("--to", help="The number that gets the test message.")] = "+70000000010",
    url: Url = None,
    data: Data = None,
    host: Annotated[
        str | None, typer.Option("--host", help="The SMSC's address; otherwise --data tells it, or 127.0.0.1.")
    ] = None,
    port: Annotated[int | None, typer.Option("--port", help="Its port; otherwise --data tells it, or 2775.")] = None,
    sip_port: Annotated[
        int | None, typer.Option("--sip-port", help="The voice switch's port; otherwise --data tells it, or 5060.")
    ] = None,
    system_id: Annotated[str, typer.Option("--system-id", help="The account to bind with.")] = "smppclient1",
    password: Annotated[str, typer.Option("--password", help="Its password.")] = "password",  # noqa: S107 - the lab's known one
    json: Json = False,
) -> None:
    """Check a running lab from outside; ends with 1 if any check fails."""
    with lab_errors():
        from gateway.client import find

        address = find(url, data)
        host = host or address.host
        smpp, switch = port or address.port("smpp"), sip_port or address.port("sip")
    peer = SmppPeer(host, smpp, system_id, password, to)
    show = None if json else _print
    try:
        findings = examine(http_checks(address), show, chained=False) + examine(smpp_checks(peer), show, chained=True)
        findings += examine(sip_checks(host, switch), show, chained=False)
    finally:
        peer.close()
    failed = [finding.name for finding in findings if finding.result == "fail"]
    if json:
        print_json([{name: getattr(finding, name) for name in Finding.__dataclass_fields__} for finding in findings])
    else:
        typer.echo(f"{len(failed)} failed: {', '.join(failed)}" if failed else f"all {len(findings)} checks passed")
    if failed:
        raise typer.Exit(FAILED)


def http_checks(address: Any) -> list[Check]:
    """Return the checks of the HTTP face."""
    is_it_running = f"is `confirmlab serve` running? asked at {address.url} ({address.known_by})"

    def get(path: str) -> Any:
        from gateway.client import LabClient

        async def ask() -> Any:
            async with LabClient(address) as lab:
                return await lab.get(path)

        import asyncio

        return asyncio.run(ask())

    def openapi() -> str:
        document = get("/openapi.json")
        return f"OpenAPI {document['openapi']}, {len(document['paths'])} paths"

    return [
        Check("http livez", lambda: str(get("/livez")["status"]), is_it_running),
        Check("http readyz", lambda: str(get("/readyz")["status"]), "the answer names the part that is not ready"),
        Check("http openapi", openapi, "another program may be listening on this port"),
    ]


def smpp_checks(peer: SmppPeer) -> list[Check]:
    """Return the checks of the SMPP face, each standing on the one before."""
    return [
        Check("smpp connect", peer.connect, "is the SMPP port right? --port N, or --data DIR of the running lab"),
        Check("smpp bind", peer.bind, "system_id and password must be an account of smsc.accounts"),
        Check("smpp submit", peer.submit, "the number must have a handset in the lab; choose one with --to"),
        Check("smpp receipt", peer.receipt, "receipts go to a bound receiver of the account; is the handset on?"),
        Check("smpp enquire_link", peer.enquire_link, "the SMSC took the message but does not answer on this link"),
        Check("smpp unbind", peer.unbind, "the SMSC answers unbind after its own requests have been answered"),
    ]


def sip_checks(host: str, port: int) -> list[Check]:
    """Return the checks of the voice switch."""
    from gateway.cli.sip_probe import options

    hint = "is the SIP port right? --sip-port N, or --data DIR of the running lab"
    return [
        Check("sip options udp", lambda: options(host, port, "UDP", TIMEOUT), hint),
        Check("sip options tcp", lambda: options(host, port, "TCP", TIMEOUT), hint),
    ]


def examine(checks: list[Check], show: Callable[[Finding], None] | None, *, chained: bool) -> list[Finding]:
    """Do the checks in order; in a chain, those after a failure are skipped."""
    findings: list[Finding] = []
    broken = ""
    for check in checks:
        finding = Finding(check.name, "skip", f"{broken} failed") if broken else _try(check)
        if chained and finding.result == "fail":
            broken = check.name
        if show:
            show(finding)
        findings.append(finding)
    return findings


def _try(check: Check) -> Finding:
    try:
        return Finding(check.name, "pass", check.work())
    except Exception as error:  # whatever breaks, the doctor's answer is that the check failed
        return Finding(check.name, "fail", str(error) or type(error).__name__, check.hint)


def _print(finding: Finding) -> None:
    colour = {"pass": typer.colors.GREEN, "fail": typer.colors.RED}.get(finding.result, typer.colors.YELLOW)
    typer.echo(f"{typer.style(finding.result, fg=colour)}  {finding.name:<18} {finding.detail}")
    if finding.hint:
        typer.echo(f"      hint: {finding.hint}")


def _text(value: Any) -> str:
    raw = value if isinstance(value, bytes) else str(value or "").encode("latin-1")
    return raw.rstrip(b"\0").decode("latin-1")
