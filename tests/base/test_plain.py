import pytest

from smsc_emulator.base.plain import read_plain

POST = (
    b"POST /v1/things/%2B70000000001?wait=10s&state= HTTP/1.1\r\nHost: lab:8080\r\nAuthorization:Bearer key \r\n"
    b"Connection: keep-alive\r\nContent-Length: 7\r\n\r\n"
)


def test_a_plain_request_is_read() -> None:
    request = read_plain(POST + b'{"a":1}')
    assert request is not None
    assert (request.method, request.path, request.body) == ("POST", "/v1/things/+70000000001", b'{"a":1}')
    assert request.query == {"wait": "10s", "state": ""}
    assert (request.host, request.headers.get("authorization")) == ("lab:8080", "Bearer key")


@pytest.mark.parametrize(
    "octets",
    [
        POST,
        POST + b'{"a":1',
        POST + b'{"a":1} ',
        POST + b'{"a":1}' + POST,
        POST[:30],
        b"",
        b"GET / HTTP/1.1\r\n\r\n",
        b"GET / HTTP/1.0\r\nHost: lab\r\n\r\n",
        b"HEAD / HTTP/1.1\r\nHost: lab\r\n\r\n",
        b"GET http://lab/ HTTP/1.1\r\nHost: lab\r\n\r\n",
        b"GET /%2e%2e/ HTTP/1.1\r\nHost: lab\r\n\r\n",
        b"GET /\xd0\xb0 HTTP/1.1\r\nHost: lab\r\n\r\n",
        b"GET /?a=1&a=2 HTTP/1.1\r\nHost: lab\r\n\r\n",
        b"GET /?a=%00 HTTP/1.1\r\nHost: lab\r\n\r\n",
        b"GET /?& HTTP/1.1\r\nHost: lab\r\n\r\n",
        b"GET / HTTP/1.1\nHost: lab\n\n",
        b"GET / HTTP/1.1\r\nHost: lab\r\nhost: other\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: lab\r\n folded: yes\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost : lab\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: lab\r\nX: \x00\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: lab\r\nConnection: close\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: lab\r\nConnection: keep-alive, te\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: lab\r\nCookie: a=b\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: lab\r\nContent-Length: +0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: lab\r\nContent-Length: 0\r\ncontent-length: 0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: lab\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: lab\r\nExpect: 100-continue\r\nContent-Length: 0\r\n\r\n",
        b"POST / HTTP/1.1\r\nHost: lab\r\nContent-Encoding: gzip\r\nContent-Length: 0\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: lab\r\nUpgrade: websocket\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: lab\r\nX: " + 8_190 * b"x" + b"\r\n\r\n",
    ],
)
def test_what_is_not_beyond_doubt_is_not_plain(octets: bytes) -> None:
    assert read_plain(octets) is None
