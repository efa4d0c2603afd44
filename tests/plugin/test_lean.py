"""What is left out of the start of the plugin's labs is missing nowhere."""

import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from ssl import PROTOCOL_TLS_SERVER, SSLContext

import pytest
import trustme

ASK = """
import asyncio, os, sys
from gateway.pytest_plugin import lean

before = dict(os.environ)
with lean.imports():
    from aiohttp import ClientSession
    import structlog
    from smsc_emulator.base.signed_http import UnreachableError, post_signed
assert "rich.console" not in sys.modules and dict(os.environ) == before
import rich.console

async def main():
    async with ClientSession() as session:
        print(await post_signed(session, sys.argv[1], "whsec_" + "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw", "msg_1", {}))

try:
    asyncio.run(main())
except UnreachableError as error:
    print(error)
"""


spoken: list[str | None] = []


class Handler(BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        spoken.append(self.connection.selected_alpn_protocol())  # type: ignore[attr-defined]  # of a TLS socket
        self.rfile.read(int(self.headers["Content-Length"]))
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def url(authority: trustme.CA) -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    context = SSLContext(PROTOCOL_TLS_SERVER)
    context.set_alpn_protocols(["h2", "http/1.1"])
    authority.issue_cert("localhost").configure_cert(context)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"https://localhost:{server.server_port}/"
    server.shutdown()
    thread.join()
    server.server_close()


def ask(url: str, **environ: str) -> str:
    own = {name: value for name, value in os.environ.items() if not name.startswith("SSL_CERT_")}
    command = [sys.executable, "-c", ASK, url]
    return subprocess.run(command, env={**own, **environ}, capture_output=True, text=True, check=True).stdout.strip()


def test_an_operator_elsewhere_is_trusted_by_the_authorities_of_the_environment(
    url: str, authority: trustme.CA, tmp_path: Path
) -> None:
    file = tmp_path / "authority.pem"
    authority.cert_pem.write_to_path(str(file))
    assert ask(url, SSL_CERT_FILE=str(file)) == "(200, b'{}')"
    assert spoken == ["http/1.1"]
    assert ask(url.replace("localhost", "127.0.0.1"), SSL_CERT_FILE=str(file)) == "ClientConnectorCertificateError"
    assert ask(url) == "ClientConnectorCertificateError"


IMPORT = """
import sys
import gateway.pytest_plugin.birth
from gateway.pytest_plugin import lean

with lean.imports():
    import gateway.pytest_plugin.nursery
print(sorted({"rich.console", "pygments", "sipmessage", "prometheus_client", "alembic", "typer"} & sys.modules.keys()))
"""


def test_the_first_lab_waits_for_no_library_that_it_may_never_need() -> None:
    told = subprocess.run([sys.executable, "-c", IMPORT], capture_output=True, text=True, check=True).stdout
    assert told.strip() == "[]"
