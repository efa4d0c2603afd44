"""The doctor's OPTIONS request, answered by servers that are nothing but a socket."""

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import pytest

from gateway.cli.sip_probe import options


@contextmanager
def answering(answer: Callable[[bytes], bytes]) -> Iterator[int]:
    """Answer one datagram."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as server:
        server.settimeout(5)
        server.bind(("127.0.0.1", 0))

        def serve() -> None:
            request, peer = server.recvfrom(65_535)
            server.sendto(answer(request), peer)

        thread = threading.Thread(target=serve)
        thread.start()
        yield server.getsockname()[1]
        thread.join()


def response(status: bytes, request: bytes, *more: bytes) -> bytes:
    call_id = next(line for line in request.split(b"\r\n") if line.startswith(b"Call-ID"))
    return b"\r\n".join((b"SIP/2.0 " + status, call_id, *more, b"", b""))


def test_an_answer_tells_its_status_and_what_is_allowed() -> None:
    with answering(lambda request: response(b"200 OK", request, b"Allow: INVITE, ACK")) as port:
        assert options("127.0.0.1", port, "UDP", 5) == "200 OK, allows INVITE, ACK"


def test_a_refusal_is_a_failure() -> None:
    with (
        answering(lambda request: response(b"403 Forbidden", request)) as port,
        pytest.raises(ValueError, match="answered with 403 Forbidden"),
    ):
        options("127.0.0.1", port, "UDP", 5)


@pytest.mark.parametrize("answer", [b"HTTP/1.1 200 OK\r\n\r\n", b"SIP/2.0 200 OK\r\nCall-ID: another\r\n\r\n"])
def test_what_is_no_answer_to_the_request_is_a_failure(answer: bytes) -> None:
    with answering(lambda _: answer) as port, pytest.raises(ValueError, match="no answer to an OPTIONS request"):
        options("127.0.0.1", port, "UDP", 5)


def test_a_connection_that_is_closed_early_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def hang_up() -> None:
            server.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises((ValueError, ConnectionError)):
            options("127.0.0.1", server.getsockname()[1], "TCP", 5)
        thread.join()
