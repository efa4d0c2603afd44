"""A lab in a process of its own, as a user starts it, and a client that knows the promised names."""

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

CONFIRMLAB = Path(sys.executable).with_name("confirmlab")


@dataclass
class Answer:
    status: int
    body: Any
    headers: dict[str, str]

    def __getitem__(self, name: str) -> Any:
        return self.body[name]


@dataclass
class Serving:
    """A running `confirmlab serve` on free ports."""

    data: Path
    options: tuple[str, ...] = ()
    command: Path = CONFIRMLAB
    process: subprocess.Popen[bytes] | None = None
    ports: dict[str, int] = field(default_factory=dict)

    def start(self) -> "Serving":
        ports = self.data / "ports.json"
        ports.unlink(missing_ok=True)
        with (self.data / "out.txt").open("ab") as out:
            command = [self.command, "serve", "--data", self.data, *self.options]
            free = ["--smpp-port", "0", "--http-port", "0", "--sip-port", "0"]
            self.process = subprocess.Popen([*command, *free], stdout=out, stderr=out)
        deadline = time.monotonic() + 30
        # As `readyz --wait` does, which other tests drive; a process for it would take as long as the lab's start.
        while not ports.exists() or self._told(json.loads(ports.read_text())).status != 200:
            told = (self.data / "out.txt").read_text()
            assert self.process.poll() is None, told
            if time.monotonic() > deadline:
                self.kill()
                raise AssertionError(f"the lab is not ready after 30 s: {told}")
            time.sleep(0.02)
        return self

    def _told(self, ports: dict[str, int]) -> Answer:
        self.ports = ports
        return self.get("/readyz")

    @classmethod
    def of(cls, data: Path, config: dict[str, Any] | str, *options: str) -> "Serving":
        """Start one with a configuration; as a context it is killed at the end."""
        (data / "lab.yaml").write_text(config if isinstance(config, str) else json.dumps(config))  # JSON is YAML too
        return cls(data, ("--config", str(data / "lab.yaml"), *options)).start()

    def __enter__(self) -> "Serving":
        return self

    def __exit__(self, *_: object) -> None:
        if self.process is not None and self.process.poll() is None:
            self.kill()

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['http']}"

    @property
    def port(self) -> int:
        """The port of the SMSC."""
        return self.ports["smpp"]

    def kill(self) -> None:
        assert self.process is not None
        self.process.kill()
        self.process.wait()

    def stop(self, number: int = signal.SIGINT) -> tuple[int, float]:
        """Stop it as a user does; return the exit code and the seconds it took."""
        assert self.process is not None
        began = time.monotonic()
        self.process.send_signal(number)
        code = self.process.wait(timeout=10)
        return code, time.monotonic() - began

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        key: str = "lab-demo-key",
        headers: dict[str, str] | None = None,
    ) -> Answer:
        data = None if body is None else json.dumps(body).encode()
        sent = {"Authorization": f"Bearer {key}", "Content-Type": "application/json", **(headers or {})}
        request = urllib.request.Request(self.url + path, data=data, method=method, headers=sent)
        try:
            with urllib.request.urlopen(request, timeout=60) as response:
                return self._answer(response.status, response.read(), response.headers)
        except urllib.error.HTTPError as error:
            with error:
                return self._answer(error.code, error.read(), error.headers)

    @staticmethod
    def _answer(status: int, raw: bytes, headers: Any) -> Answer:
        lower = {name.lower(): value for name, value in headers.items()}
        return Answer(status, json.loads(raw) if raw else None, lower)

    def get(self, path: str) -> Answer:
        return self.call("GET", path)

    def post(self, path: str, body: Any = None, **more: Any) -> Answer:
        return self.call("POST", path, body, **more)

    def inbox(self, number: str = "+70000000001") -> list[dict[str, Any]]:
        messages: list[dict[str, Any]] = self.get(f"/lab/handsets/{number.replace('+', '%2B')}/messages")["messages"]
        return messages

    def code(self, number: str, wait: str = "10s") -> str:
        """Return the code in the newest message of a handset, waiting for one."""
        answer = self.get(f"/lab/handsets/{number.replace('+', '%2B')}/messages?wait={wait}&extract=code")
        return str(answer["messages"][-1]["code"])

    def identify(self, number: str, user: str = "user-1") -> Answer:
        answer = self.post("/v1/identifications", {"service_id": "demo", "user_id": user, "phone_number": number})
        assert answer.status == 201, answer
        return answer

    def confirm(self, number: str, *methods: str, **more: Any) -> Answer:
        """Start a confirmation by one or more methods."""
        chosen = {"method": methods[0]} if len(methods) == 1 else {"methods": list(methods)}
        answer = self.post("/v1/confirmations", {"phone_number": number, **chosen, **more})
        assert answer.status == 201, answer
        return answer

    def watch(self, path: str, ready: Callable[[Answer], Any], patience: float = 20.0) -> Answer:
        """Return the resource as soon as it is as wished; some of its changes end a wait, others come after it."""
        deadline = time.monotonic() + patience
        while not ready(answer := self.get(f"{path}?wait=100ms")):
            assert time.monotonic() < deadline, answer
        return answer

    def advance(self, by: str) -> None:
        assert self.post("/lab/clock/advance", {"by": by}).status == 200

    def at(self, port: str) -> tuple[str, int]:
        """Return the address of one of the lab's ports."""
        return "127.0.0.1", self.ports[port]

    def calls(self, number: str, query: str = "") -> Answer:
        """Return the call log of a handset."""
        return self.get(f"/lab/handsets/{number.replace('+', '%2B')}/calls{query}")

    def until(self, identification: str, *states: str) -> Answer:
        """Return the identification when it is in one of `states`, waiting on its changes."""
        for _ in range(20):
            answer = self.get(f"/v1/identifications/{identification}?wait=1s")
            if answer["state"] in states:
                return answer
        raise AssertionError(f"{identification} is {answer['state']}, never {states}")
