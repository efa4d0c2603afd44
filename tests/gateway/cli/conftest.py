"""A stand-in for a lab's HTTP face, and a real lab in a process of its own."""

import json
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from serving import Serving
from typer.testing import CliRunner, Result

from gateway.cli import app


@dataclass
class Stub:
    """Answers what it was told to, and keeps what it was asked."""

    url: str = ""
    answers: dict[tuple[str, str], list[tuple[int, Any]]] = field(default_factory=dict)
    asked: list[tuple[str, str, Any]] = field(default_factory=list)

    def answer(self, method: str, path: str, *answers: tuple[int, Any]) -> None:
        """Give these answers one after the other; the last one is repeated."""
        self.answers[method, path] = list(answers)


@pytest.fixture
def stub() -> Iterator[Stub]:
    stub = Stub()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            raw = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            stub.asked.append((self.command, self.path, json.loads(raw) if raw else None))
            answers = stub.answers.get((self.command, self.path), [(404, {"detail": "nothing here"})])
            status, body = answers.pop(0) if len(answers) > 1 else answers[0]
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(body).encode())

        do_POST = do_GET  # noqa: N815 - http.server's own name

        def log_message(self, *_args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    stub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.01,))
    thread.start()
    yield stub
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def confirmlab(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Callable[..., Result]:
    """Runs the command in this process, in a folder where no lab has ever been."""
    monkeypatch.chdir(tmp_path)
    return lambda *words: CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def lab(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with Serving(tmp_path_factory.mktemp("lab")).start() as lab:
        yield lab


@pytest.fixture
def on(lab: Serving) -> Callable[..., Result]:
    """Runs a command in this process, against a lab in another; `code` is how it has to end, None: in any way."""

    def run(*words: Any, typed: str = "", code: int | None = 0) -> Result:
        result = CliRunner().invoke(app, [*map(str, words), "--data", str(lab.data)], input=typed)
        assert code is None or result.exit_code == code, result.output
        return result

    return run
