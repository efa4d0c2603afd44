"""A lab in a process of its own, as a user starts it, and a client that knows the promised names."""

import json
import signal
import subprocess
import sys
import time
import urllib.error
import urllib.request
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
            command = [CONFIRMLAB, "serve", "--data", self.data, *self.options]
            free = ["--smpp-port", "0", "--http-port", "0", "--sip-port", "0"]
            self.process = subprocess.Popen([*command, *free], stdout=out, stderr=out)
        wait = subprocess.run(
            [CONFIRMLAB, "readyz", "--wait", "30s", "--data", self.data], capture_output=True, text=True, check=False
        )
        assert wait.returncode == 0, wait.stdout + wait.stderr + (self.data / "out.txt").read_text()
        self.ports = json.loads(ports.read_text())
        return self

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.ports['http']}"

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

    def code(self, number: str, wait: str = "10s") -> str:
        """Return the code in the newest message of a handset, waiting for one."""
        answer = self.get(f"/lab/handsets/{number.replace('+', '%2B')}/messages?wait={wait}&extract=code")
        return str(answer["messages"][-1]["code"])

    def identify(self, number: str, user: str = "user-1") -> Answer:
        answer = self.post("/v1/identifications", {"service_id": "demo", "user_id": user, "phone_number": number})
        assert answer.status == 201, answer
        return answer

    def until(self, identification: str, *states: str) -> Answer:
        """Return the identification when it is in one of `states`, waiting on its changes."""
        for _ in range(20):
            answer = self.get(f"/v1/identifications/{identification}?wait=1s")
            if answer["state"] in states:
                return answer
        raise AssertionError(f"{identification} is {answer['state']}, never {states}")
