"""A small client of a running lab, for the command line: where the lab is, and calls of its HTTP API.

aiohttp is imported where a lab is called: it takes longer than the rest of a command that finds no lab, or that only
asks where the lab's SMSC is.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from gateway.folder import HOST_FILE, PROCESS_FILE, TOKEN_FILE
from gateway.processes import Process
from smsc_emulator.base.hosts import is_loopback
from smsc_emulator.frozen import frozen

if TYPE_CHECKING:
    import aiohttp

DEFAULT_URL = "http://127.0.0.1:8080"
DEFAULT_PORTS = {"smpp": 2775, "http": 8080, "sip": 5060}
DEFAULT_DATA = Path(".confirmlab")
"""The data folder of a lab that is not told of another one."""
ASK = "is `confirmlab serve` running?"
PORTS_FILE = "ports.json"
"""The file in a lab's data folder that tells its ports: an object with the keys smpp, http, sip and sip_gateway."""


class LabError(Exception):
    """A running lab could not be asked; the message is a sentence for people."""


class LabUnreachableError(LabError):
    """Nothing answered at the lab's address."""


class LabRefusedError(LabError):
    """The lab answered with a problem (RFC 9457)."""

    def __init__(self, method: str, path: str, status: int, problem: Any) -> None:
        self.status = status
        self.problem = problem
        told = problem.get("detail") or problem.get("title") if isinstance(problem, dict) else None
        super().__init__(f"{method} {path} was answered with {status}: {told or problem or 'no body'}")


@frozen
class Address:
    """Where a lab is, and how that is known."""

    url: str
    known_by: str
    host: str
    """Its address without a port, for SMPP and SIP."""
    ports: Mapping[str, int]
    """Its ports by their names in ports.json, as far as they are known."""
    token: str | None = None
    """What the lab's own routes ask for, if its data folder has one."""

    def port(self, name: str) -> int:
        """Return one of the lab's ports: smpp, http, sip or sip_gateway. Raises LabUnreachableError."""
        if name not in self.ports:
            raise LabUnreachableError(f"nothing tells the {name} port of the lab that is known {self.known_by}")
        return self.ports[name]


def find(url: str | None, data: Path | None) -> Address:
    """Return the lab's address: `url` if given, else by ports.json in the folder `data`. Raises LabUnreachableError.

    If no folder is named either, the default one is looked into, and a lab on the default ports is believed in where
    that has no ports.json. For a folder that is named it is not: whoever answered there would be another lab. Nor is
    a ports.json believed that a killed lab has left.
    """
    folder = DEFAULT_DATA if data is None else data
    file, token = folder / PORTS_FILE, _line(folder / TOKEN_FILE)
    try:
        told = _ports_of_a_lab(folder)
    except LabUnreachableError:
        if not url:
            raise
        told = {}
    host = (told and _line(folder / HOST_FILE)) or "127.0.0.1"
    ports = {**DEFAULT_PORTS, **told} if data is None else told
    if url:
        # The token of a lab on this machine is told to nobody elsewhere.
        near = is_loopback(urlsplit(url).hostname or "")
        return Address(url.rstrip("/"), "as given", host, ports, token if near else None)
    if "http" in told:
        shown = f"[{host}]" if ":" in host else host
        return Address(f"http://{shown}:{told['http']}", f"by {file}", host, ports, token)
    if data is not None:
        raise LabUnreachableError(f"no lab runs on the folder {folder}: there is no {file}; {ASK}")
    return Address(DEFAULT_URL, f"the default, since there is no {file}", host, ports, token)


def _ports_of_a_lab(folder: Path) -> dict[str, int]:
    """Return what ports.json says, unless a killed lab has left it. Raises LabUnreachableError then."""
    # The process before the ports: a lab that starts forgets the ports first, and a lab that has started writes them
    # last.
    process = Process.read(_line(folder / PROCESS_FILE) or "")
    ports = read_ports(folder)
    if ports and process is not None and process.is_gone():
        raise LabUnreachableError(
            f"{folder / PORTS_FILE} was left by a lab that was killed: its process {process.id} runs no more, and its "
            "ports may be another program's by now; start the lab on that folder again, or name another by --data or "
            "--url"
        )
    return ports


def _line(file: Path) -> str | None:
    """Return the one line of a file; None if there is none to be read."""
    try:
        return file.read_text(encoding="utf-8").strip() or None
    except (OSError, ValueError):
        return None


def read_ports(data: Path) -> dict[str, int]:
    """Return what ports.json in the folder `data` says; nothing if it is absent or no JSON.

    Raises LabUnreachableError if it is another user's, whose lab may well run.
    """
    file = data / PORTS_FILE
    try:
        ports = json.loads(file.read_text(encoding="utf-8"))
    except PermissionError:
        raise LabUnreachableError(
            f"{file} is not readable for this user; ask as the user who runs the lab, or name it by --url"
        ) from None
    except (OSError, ValueError):
        return {}
    return ports if isinstance(ports, dict) else {}


class LabClient:
    """Calls of one lab's API; use it with `async with`."""

    def __init__(self, address: Address, *, key: str | None = None) -> None:
        self.address = address
        self._headers = {"Authorization": f"Bearer {key}"} if key else {}
        self._lab_headers = {"Authorization": f"Bearer {address.token}"} if address.token else {}
        self._http: aiohttp.ClientSession | None = None

    async def __aenter__(self) -> "LabClient":
        import aiohttp

        self._http = aiohttp.ClientSession(headers=self._headers, timeout=aiohttp.ClientTimeout(total=90))
        return self

    async def __aexit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        if self._http is not None:
            await self._http.close()

    async def get(self, path: str, **query: str | int) -> Any:
        """Return the JSON that GET answers; raises LabUnreachableError or LabRefusedError."""
        return await self._call("GET", path, query=query)

    async def get_text(self, path: str, **query: str | int) -> str:
        """Return the text that GET answers, as it is; raises LabUnreachableError or LabRefusedError."""
        return (await self._ask("GET", path, query=query)).decode()

    async def get_bytes(self, path: str) -> bytes:
        """Return the octets that GET answers; raises LabUnreachableError or LabRefusedError."""
        return await self._ask("GET", path)

    async def post(self, path: str, body: Any = None) -> Any:
        """Return the JSON that POST answers; raises LabUnreachableError or LabRefusedError."""
        return await self._call("POST", path, body)

    async def put(self, path: str, body: Any) -> Any:
        """Return the JSON that PUT answers; raises LabUnreachableError or LabRefusedError."""
        return await self._call("PUT", path, body)

    async def delete(self, path: str) -> None:
        """Delete what is at `path`; raises LabUnreachableError or LabRefusedError."""
        await self._call("DELETE", path)

    async def _call(self, method: str, path: str, body: Any = None, query: dict[str, str | int] | None = None) -> Any:
        return _json(await self._ask(method, path, body, query))

    async def _ask(self, method: str, path: str, body: Any = None, query: dict[str, str | int] | None = None) -> bytes:
        from aiohttp import ClientError

        assert self._http is not None, "use the client with `async with`"
        try:
            url, headers = self.address.url + path, self._lab_headers if path.startswith("/lab") else {}
            async with self._http.request(method, url, json=body, params=query, headers=headers) as answer:
                raw = await answer.read()
                status = answer.status
        except (TimeoutError, ClientError, OSError, ValueError) as error:
            where = f"{self.address.url} ({self.address.known_by})"
            reason = str(error) or type(error).__name__
            raise LabUnreachableError(f"no lab answers at {where}: {reason}; {ASK}") from None
        if status >= 400:
            raise LabRefusedError(method, path, status, _json(raw))
        return raw


def _json(raw: bytes) -> Any:
    try:
        return json.loads(raw) if raw else None
    except ValueError:
        return raw[:200].decode(errors="replace")
