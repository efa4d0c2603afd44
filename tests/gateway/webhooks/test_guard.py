import asyncio
import socket
from ipaddress import ip_network
from typing import Any

import pytest
from aiohttp.abc import AbstractResolver, ResolveResult

from gateway.webhooks.errors import AddressRefusedError, ConnectError, UrlRefusedError
from gateway.webhooks.guard import Guard
from gateway.webhooks.line import Lines
from gateway.webhooks.resolver import Resolver

LOOPBACK = [ip_network("127.0.0.0/8"), ip_network("::1/128")]

REFUSED = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "168.63.129.16",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.0.192",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::10.0.0.1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a00:1",
    "64:ff9b:1::a00:1",
    "2001:0:a00:1::",
    "2001:db8::1",
    "2002:a00:1::",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
]


@pytest.mark.parametrize("address", REFUSED)
def test_an_address_that_is_not_public_is_refused_and_the_setting_named(address: str) -> None:
    with pytest.raises(AddressRefusedError, match=r"webhooks\.allow_networks"):
        Guard([]).check_address(address, tls=True)


@pytest.mark.parametrize("address", ["8.8.8.8", "2606:4700:4700::1111", "::ffff:8.8.8.8"])
def test_a_public_address_is_reached_by_https_only(address: str) -> None:
    Guard([]).check_address(address, tls=True)
    with pytest.raises(AddressRefusedError, match="use https://"):
        Guard([]).check_address(address, tls=False)


@pytest.mark.parametrize("address", ["127.0.0.1", "127.1.2.3", "::1", "::ffff:127.0.0.1"])
def test_an_allowed_network_is_reached_by_both_schemes(address: str) -> None:
    Guard(LOOPBACK).check_address(address, tls=False)
    Guard(LOOPBACK).check_address(address, tls=True)


def test_the_refusal_names_a_network_that_would_allow_it() -> None:
    with pytest.raises(AddressRefusedError, match=r"10\.0\.0\.1/32"):
        Guard([]).check_address("::ffff:10.0.0.1", tls=True)
    Guard([ip_network("10.0.0.1/32")]).check_address("::ffff:10.0.0.1", tls=True)


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://",
        "https:///path",
        "https://user:password@example.com/",
        "https://user@example.com/",
        "https://example.com:99999/",
        "https://[::1",
        "https://10.0.0.1/",
        "https://[::ffff:10.0.0.1]/",
        "http://8.8.8.8/",
        "https://example.com/" + "a" * 2048,
    ],
)
def test_a_url_that_can_never_be_right_is_refused_at_once(url: str) -> None:
    with pytest.raises(UrlRefusedError):
        Guard(LOOPBACK).check_url(url)


@pytest.mark.parametrize(
    "url", ["https://example.com/hook?x=1", "http://localhost:8000/", "http://127.0.0.1:1/", "http://[::1]:1/"]
)
def test_a_url_that_may_be_right_is_taken(url: str) -> None:
    Guard(LOOPBACK).check_url(url)


class Listener:
    """A server on loopback that counts who gets through to it."""

    def __init__(self) -> None:
        self.connections = 0

    async def __aenter__(self) -> "Listener":
        self._server = await asyncio.start_server(self._take, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: Any) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _take(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        await reader.readuntil(b"\r\n\r\n")
        writer.write(b"HTTP/1.1 204 No Content\r\n\r\n")
        writer.close()
        await writer.wait_closed()


class Names(AbstractResolver):
    """A name server that gives the next of its answers at each question."""

    def __init__(self, *answers: list[str]) -> None:
        self.answers = list(answers)

    async def resolve(self, host: str, port: int = 0, family: int = socket.AF_INET) -> list[ResolveResult]:
        return [
            ResolveResult(hostname=host, host=address, port=port, family=socket.AF_INET, proto=0, flags=0)
            for address in self.answers.pop(0)
        ]

    async def close(self) -> None:
        pass


async def post(guard: Guard, resolver: AbstractResolver, url: str) -> int:
    lines = Lines(guard, resolver, 10)
    try:
        answer = await lines.post(url, {}, b"{}")
    finally:
        await lines.close()
    assert answer.status is not None
    return answer.status


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::ffff:127.0.0.1]"])
async def test_a_connection_to_loopback_needs_the_setting(host: str) -> None:
    async with Listener() as listener:
        url = f"http://{host}:{listener.port}/"
        with pytest.raises(ConnectError, match=r"webhooks\.allow_networks"):
            await post(Guard([]), Resolver(), url)
        assert listener.connections == 0
        assert await post(Guard(LOOPBACK), Resolver(), url) == 204


async def test_a_name_that_resolves_anew_is_checked_anew() -> None:
    guard = Guard([ip_network("127.0.0.1/32")])
    async with Listener() as listener:
        names = Names(["127.0.0.1"], ["127.0.0.2"], ["10.0.0.1"])
        lines = Lines(guard, names, 10)
        url = f"http://rebinding.example:{listener.port}/"
        assert (await lines.post(url, {}, b"{}")).status == 204
        for refused in ("127.0.0.2", "10.0.0.1"):
            with pytest.raises(ConnectError, match=refused):
                await lines.post(url, {}, b"{}")
        await lines.close()
        assert listener.connections == 1


async def test_of_several_addresses_only_those_allowed_are_tried() -> None:
    async with Listener() as listener:
        names = Names(["10.0.0.1", "127.0.0.1"])
        guard = Guard([ip_network("127.0.0.1/32")])
        assert await post(guard, names, f"http://two.example:{listener.port}/") == 204


@pytest.mark.parametrize("host", ["2130706433", "127.1", "0x7f000001", "0177.0.0.1"])
async def test_other_ways_to_write_an_address_lead_nowhere(host: str) -> None:
    async with Listener() as listener:
        with pytest.raises(OSError, match=r"webhooks\.allow_networks|not known"):
            await post(Guard([]), Resolver(), f"http://{host}:{listener.port}/")
        assert listener.connections == 0


async def test_a_name_too_long_to_look_up_is_an_error_and_no_more() -> None:
    with pytest.raises((OSError, UnicodeError)):
        await Resolver().resolve("a" * 64 + ".example")
