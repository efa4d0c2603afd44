"""Who may bind, how fast he may go, and what each receiver is sent: accounts' limits over sockets."""

import asyncio
import ssl
import struct
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import trustme

from smsc_emulator.core.personality_settings import PersonalitySettings
from smsc_emulator.core.settings import AccountSettings, TlsSettings
from smsc_emulator.net.esme import BindRefusedError, SubmitRefusedError
from smsc_emulator.net.tls import server_context
from smsc_emulator.smpp.codec import encode
from smsc_emulator.smpp.constants import CommandId, CommandStatus
from smsc_emulator.smpp.pdus import BindReceiver, BindTransceiver, EnquireLink, SubmitSm, Unbind

NUMBER = "+70000000001"


def account(**settings: Any) -> AccountSettings:
    return AccountSettings(system_id="alice", password="secret", **settings)


async def read_pdu(reader: asyncio.StreamReader) -> tuple[int, int, int, bytes]:
    """Return command_id, command_status, sequence_number and body."""
    async with asyncio.timeout(5):
        (length,) = struct.unpack(">I", await reader.readexactly(4))
        rest = await reader.readexactly(length - 4)
    command_id, status, sequence = struct.unpack_from(">III", rest)
    return command_id, status, sequence, rest[12:]


def bind(kind: Any = BindTransceiver, **more: Any) -> bytes:
    return encode(kind(system_id="alice", password="secret", sequence_number=1, **more))


def submit(sequence: int, **more: Any) -> bytes:
    return encode(SubmitSm(sequence_number=sequence, destination_addr=NUMBER[1:], short_message=b"hi", **more))


async def bound(
    lab: Any, kind: Any = BindTransceiver, **more: Any
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await lab.connect()
    writer.write(bind(kind, **more))
    assert (await read_pdu(reader))[1] == 0
    return reader, writer


async def status_of_bind(lab: Any, **more: Any) -> int:
    reader, writer = await lab.connect()
    writer.write(bind(**more))
    return (await read_pdu(reader))[1]


@pytest.mark.parametrize(
    ("networks", "status"),
    [
        (["127.0.0.0/8"], 0),
        (["::/0", "10.0.0.0/8"], CommandStatus.ESME_RBINDFAIL),
        (["10.0.0.0/8", "127.0.0.1/32"], 0),
        ([], CommandStatus.ESME_RBINDFAIL),
    ],
)
async def test_an_account_binds_only_from_its_networks(start_lab: Any, networks: list[str], status: int) -> None:
    lab = await start_lab(accounts=[account(allow_networks=[ip_network(network) for network in networks])])
    assert await status_of_bind(lab) == status


@pytest.mark.parametrize(("given", "status"), [("VMS", 0), ("", 0x53), ("vms", 0x53)])
async def test_an_account_may_need_its_system_type(start_lab: Any, given: str, status: int) -> None:
    lab = await start_lab(accounts=[account(system_type="VMS")])
    assert await status_of_bind(lab, system_type=given) == status


@pytest.mark.parametrize(("asked", "status"), [("^1234", 0), ("", 0), ("^12", 0x0D)])
async def test_an_account_with_a_range_binds_for_that_or_for_none(start_lab: Any, asked: str, status: int) -> None:
    lab = await start_lab(accounts=[account(address_range="^1234")])
    assert await status_of_bind(lab, address_range=asked) == status


async def test_an_accounts_own_range_keeps_other_addresses_away(start_lab: Any) -> None:
    lab = await start_lab(accounts=[account(address_range="^12")])
    reader, _ = await bound(lab)
    await lab.smsc.send_from_handset(NUMBER, "34", "to nobody")
    await lab.smsc.send_from_handset(NUMBER, "12", "to alice")
    assert b"to alice" in (await read_pdu(reader))[3]


async def test_messages_go_to_the_receiver_that_serves_their_address(start_lab: Any) -> None:
    lab = await start_lab(accounts=[account(serves=["1234", "5678", "9999"])])
    first, _ = await bound(lab, BindReceiver, address_range="^1234")
    second, _ = await bound(lab, BindReceiver, address_range="5678$")
    for to in ("5678", "9999", "1234", "5678"):
        await lab.smsc.send_from_handset(NUMBER, to, f"to {to}")
    assert b"to 1234" in (await read_pdu(first))[3]
    assert [b"to 5678" in (await read_pdu(second))[3] for _ in range(2)] == [True, True]
    third, _ = await bound(lab, BindReceiver)
    assert b"to 9999" in (await read_pdu(third))[3]


async def test_a_receipt_goes_to_the_receiver_that_serves_the_sender_or_else_to_any(start_lab: Any) -> None:
    lab = await start_lab(accounts=[account()])
    sender = await lab.bind(kind="tx")
    first, _ = await bound(lab, BindReceiver, address_range="^1234")
    second, _ = await bound(lab, BindReceiver, address_range="^5678")
    for number, source in enumerate(("5678", "1234", "5678", "1234")):
        await sender.submit(b"from %d" % number, source_addr=source, registered_delivery=1)
    assert [f"text:from {n}".encode() in (await read_pdu(first))[3] for n in (1, 3)] == [True, True]
    assert [f"text:from {n}".encode() in (await read_pdu(second))[3] for n in (0, 2)] == [True, True]
    await sender.submit(b"orphan", source_addr="9999", registered_delivery=1)
    done, waiting = await asyncio.wait(
        [asyncio.ensure_future(read_pdu(reader)) for reader in (first, second)], return_when="FIRST_COMPLETED"
    )
    assert [b"orphan" in task.result()[3] for task in done] == [True]
    for task in waiting:
        task.cancel()


@pytest.mark.parametrize(("strictness", "status"), [("lenient", 0), ("strict34", 0x0D)])
async def test_a_range_that_is_no_expression_means_nothing_or_is_refused(
    start_lab: Any, strictness: Any, status: int
) -> None:
    told = PersonalitySettings(name="tested", strictness=strictness)
    assert await status_of_bind(await start_lab(personality=told), address_range="*") == status


async def test_a_hostile_range_does_not_keep_the_others_waiting(start_lab: Any) -> None:
    lab = await start_lab(accounts=[account(), AccountSettings(system_id="bob", password="secret")])
    await bound(lab, BindReceiver, address_range="((((a*)*)*)*)*((((a*)*)*)*)*b$")
    esme, other = await lab.bind(), await lab.bind("bob")
    async with asyncio.timeout(5):
        for _ in range(200):
            await esme.submit(source_addr="a" * 20, registered_delivery=1)
        assert (await other.submit()).command_status == 0


async def test_an_account_has_a_rate_of_its_own(start_lab: Any) -> None:
    lab = await start_lab(accounts=[account(rate=0.001), AccountSettings(system_id="bob", password="secret")])
    esme, other = await lab.bind(), await lab.bind("bob")
    await esme.submit()
    with pytest.raises(SubmitRefusedError) as refused:
        await esme.submit()
    assert refused.value.status == CommandStatus.ESME_RTHROTTLED
    for _ in range(3):
        await other.submit()
    (event,) = lab.journal.since(0, 100, lambda e: e.data.get("command_status") == CommandStatus.ESME_RTHROTTLED)
    assert event.data["account"] == "alice"


async def test_an_account_has_a_window_of_its_own(start_lab: Any) -> None:
    lab = await start_lab(accounts=[account(window=3, response_latency=20)])
    reader, writer = await bound(lab)
    writer.write(b"".join(submit(sequence) for sequence in range(2, 7)))
    answers = {sequence: told for _, told, sequence, _ in [await read_pdu(reader) for _ in range(5)]}
    assert answers == {2: 0, 3: 0, 4: 0, 5: 0x58, 6: 0x58}


async def test_the_link_is_read_while_answers_are_delayed(start_lab: Any) -> None:
    lab = await start_lab(accounts=[account(response_latency=100)])
    reader, writer = await bound(lab)
    began = asyncio.get_running_loop().time()
    writer.write(submit(2, registered_delivery=1) + encode(EnquireLink(sequence_number=3)) + submit(4))
    seen = [(await read_pdu(reader))[0] for _ in range(3)]
    assert seen == [CommandId.ENQUIRE_LINK_RESP, CommandId.SUBMIT_SM_RESP, CommandId.SUBMIT_SM_RESP]
    assert asyncio.get_running_loop().time() - began >= 0.1
    assert (await read_pdu(reader))[0] == CommandId.DELIVER_SM


async def test_delayed_answers_come_before_unbind_resp(start_lab: Any) -> None:
    lab = await start_lab(accounts=[account(response_latency=50)])
    reader, writer = await bound(lab)
    writer.write(submit(2) + encode(Unbind(sequence_number=3)))
    assert [(await read_pdu(reader))[0] for _ in range(2)] == [CommandId.SUBMIT_SM_RESP, CommandId.UNBIND_RESP]


async def test_what_waits_when_the_link_goes_is_neither_accepted_nor_answered(start_lab: Any) -> None:
    lab = await start_lab(accounts=[account(response_latency=50)])
    reader, writer = await bound(lab)
    writer.write(submit(2) + encode(EnquireLink(sequence_number=3)))
    assert (await read_pdu(reader))[0] == CommandId.ENQUIRE_LINK_RESP
    writer.transport.abort()
    await lab.happened("smpp.unbound")
    other = await lab.bind()
    await other.submit(b"the only one")
    assert [message.text for message in lab.smsc.handset_messages(NUMBER)] == ["the only one"]


async def test_an_account_has_timers_of_its_own(start_lab: Any) -> None:
    lab = await start_lab(
        accounts=[account(enquire_link_interval=40, response_timeout=40)], enquire_link_interval=0, response_timeout=0
    )
    reader, _ = await bound(lab)
    assert (await read_pdu(reader))[0] == CommandId.ENQUIRE_LINK
    async with asyncio.timeout(5):
        assert await reader.read() == b""


async def test_an_account_may_be_closed_for_doing_nothing(start_lab: Any) -> None:
    lab = await start_lab(accounts=[account(inactivity_timeout=40)], enquire_link_interval=0)
    reader, _ = await bound(lab)
    async with asyncio.timeout(5):
        assert await reader.read() == b""


async def test_a_peer_that_never_reads_is_not_read_from_and_the_others_are_served(start_lab: Any) -> None:
    lab = await start_lab(accounts=[account(window=100_000), AccountSettings(system_id="bob", password="secret")])
    reader, writer = await bound(lab)
    reader._transport.pause_reading()  # type: ignore[attr-defined]
    (link,) = lab.server.links
    requests = b"".join(encode(EnquireLink(sequence_number=number)) for number in range(1, 20_001))
    async with asyncio.timeout(20):
        while link._transport.is_reading():
            writer.write(requests)
            await asyncio.wait([asyncio.ensure_future(writer.drain())], timeout=0.05)
    kept = link._transport.get_write_buffer_size()
    assert kept < 4 * len(requests)
    other = await lab.bind("bob")
    for _ in range(10):
        await other.submit()
    assert link._transport.get_write_buffer_size() <= kept


# TLS


@pytest.fixture(scope="module")
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def tls(authority: trustme.CA, tmp_path: Path) -> TlsSettings:
    certificate = authority.issue_cert("localhost")
    certificate.private_key_and_cert_chain_pem.write_to_path(tmp_path / "smsc.pem")
    authority.cert_pem.write_to_path(tmp_path / "ca.pem")
    return TlsSettings(port=0, certificate=tmp_path / "smsc.pem")


def client_context(authority: trustme.CA) -> ssl.SSLContext:
    context = ssl.create_default_context()
    authority.configure_trust(context)
    return context


async def bind_by_tls(lab: Any, context: ssl.SSLContext) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    reader, writer = await asyncio.open_connection(
        "127.0.0.1", lab.server.tls_port, ssl=context, server_hostname="localhost"
    )
    lab.writers.append(writer)
    writer.write(bind())
    assert (await read_pdu(reader))[:2] == (CommandId.BIND_TRANSCEIVER_RESP, 0)
    return reader, writer


async def test_a_whole_session_goes_over_tls(lab: Any, tls: TlsSettings, authority: trustme.CA) -> None:
    await lab.server.start_tls("127.0.0.1", 0, server_context(tls))
    reader, writer = await bind_by_tls(lab, client_context(authority))
    writer.write(submit(2, registered_delivery=1))
    assert [(await read_pdu(reader))[0] for _ in range(2)] == [CommandId.SUBMIT_SM_RESP, CommandId.DELIVER_SM]
    writer.write(encode(Unbind(sequence_number=3)))
    assert (await read_pdu(reader))[0] == CommandId.UNBIND_RESP
    async with asyncio.timeout(5):
        assert await reader.read() == b""


async def test_a_client_may_need_a_certificate(lab: Any, tls: TlsSettings, authority: trustme.CA) -> None:
    ca = tls.certificate.parent / "ca.pem"  # type: ignore[union-attr]
    await lab.server.start_tls("127.0.0.1", 0, server_context(tls.model_copy(update={"client_ca": ca})))
    with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
        await bind_by_tls(lab, client_context(authority))
    context = client_context(authority)
    authority.issue_cert("esme.test").configure_cert(context)
    await bind_by_tls(lab, context)
    stranger = client_context(authority)
    trustme.CA().issue_cert("esme.test").configure_cert(stranger)
    with pytest.raises((ssl.SSLError, ConnectionError, asyncio.IncompleteReadError)):
        await bind_by_tls(lab, stranger)


async def test_a_peer_without_tls_gets_nowhere_on_the_port_with_it(lab: Any, tls: TlsSettings) -> None:
    await lab.server.start_tls("127.0.0.1", 0, server_context(tls))
    reader, writer = await asyncio.open_connection("127.0.0.1", lab.server.tls_port)
    lab.writers.append(writer)
    writer.write(bind())
    async with asyncio.timeout(5):
        assert CommandId.BIND_TRANSCEIVER_RESP.to_bytes(4) not in await reader.read()


async def test_the_port_without_tls_stays_beside_it(lab: Any, tls: TlsSettings) -> None:
    await lab.server.start_tls("127.0.0.1", 0, server_context(tls))
    assert (await (await lab.bind()).submit()).command_status == 0
    with pytest.raises(BindRefusedError):
        await lab.bind(password="wrong")
