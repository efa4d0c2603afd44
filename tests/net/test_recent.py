"""The last PDUs that are kept: bounded, cut rightly, and begun anywhere in a stream."""

from types import SimpleNamespace
from typing import Any, cast

import pytest

from smsc_emulator.net import recent
from smsc_emulator.net.recent import RecentPdus
from smsc_emulator.smpp.codec import encode
from smsc_emulator.smpp.pdus import EnquireLink, EnquireLinkResp, SubmitSm, UnknownPdu


class Server:
    """What a server is to those who look on."""

    def __init__(self) -> None:
        self.onlooker: Any = None
        self.time = 0.0

    def now(self) -> float:
        return self.time


LINK = cast(Any, SimpleNamespace(number=1, system_id="esme"))


@pytest.fixture
def server() -> Server:
    return Server()


@pytest.fixture
def pdus(server: Server) -> RecentPdus:
    return RecentPdus(cast(Any, server), lambda: 42)


def test_nobody_is_told_of_octets_before_and_after_somebody_looks(server: Server, pdus: RecentPdus) -> None:
    assert server.onlooker is None
    with pdus.watch():
        with pdus.watch():
            assert server.onlooker is not None
        assert server.onlooker is not None
    assert server.onlooker is None


def test_a_pdu_is_cut_from_octets_however_they_come_and_its_answer_is_timed(server: Server, pdus: RecentPdus) -> None:
    with pdus.watch():
        request = encode(EnquireLink(sequence_number=7))
        for octet in request:
            server.onlooker(LINK, True, bytes([octet]))
        server.time = 0.25
        server.onlooker(LINK, False, encode(EnquireLinkResp(sequence_number=7)))
    asked, answered = pdus.latest()
    assert (asked.received, asked.at, asked.account, asked.answered_in) == (True, 42, "esme", None)
    assert isinstance(asked.pdu(), EnquireLink)
    assert (answered.received, answered.answered_in) == (False, 0.25)
    assert list(pdus.answer_times) == [(0.25, 0.25)]


def test_octets_that_are_no_pdu_are_passed_over(server: Server, pdus: RecentPdus) -> None:
    with pdus.watch():
        server.onlooker(LINK, True, b"GET / HTTP/1.1\r\n\r\n")
        server.onlooker(LINK, True, encode(EnquireLink(sequence_number=1)))
    assert len(pdus.latest()) == 1


def test_a_pdu_that_cannot_be_decoded_is_kept_as_it_came(server: Server, pdus: RecentPdus) -> None:
    frame = encode(SubmitSm())[:-1]
    with pdus.watch():
        server.onlooker(LINK, True, (len(frame)).to_bytes(4) + frame[4:])
    (seen,) = pdus.latest()
    assert isinstance(seen.pdu(), UnknownPdu)


def test_what_is_kept_is_bounded_by_number_and_by_octets(
    server: Server, pdus: RecentPdus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent, "KEEP", 10)
    with pdus.watch():
        for number in range(1, 31):
            server.onlooker(LINK, True, encode(EnquireLink(sequence_number=number)))
        assert [seen.number for seen in pdus.latest()] == list(range(21, 31))
        monkeypatch.setattr(recent, "OCTETS", 40)
        server.onlooker(LINK, True, encode(EnquireLink(sequence_number=31)))
    assert len(pdus.latest()) == 2


def test_links_that_come_and_go_leave_nothing_behind(
    server: Server, pdus: RecentPdus, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(recent, "STREAMS", 5)
    with pdus.watch():
        for number in range(100):
            link = cast(Any, SimpleNamespace(number=number, system_id=""))
            server.onlooker(link, True, encode(EnquireLink(sequence_number=1)) + b"\0")
        assert len(pdus._framers) <= 5
        assert len(pdus._asked) <= 5
    assert not pdus._framers
