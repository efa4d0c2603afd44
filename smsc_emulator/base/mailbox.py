"""Messages as files: two parties without a connection leave each other letters in a folder.

A folder has one box for each direction. A file holds one JSON object a line, each signed (HMAC-SHA256 under the secret
of the agreement, over the object without its signature, members sorted, no spaces). It appears whole, since it is
written under a hidden name and renamed; it is taken away by its reader when what it says has been done, and read again
if the reader died before that: so every letter has to be idempotent by its id. A file that cannot be read is set aside,
with the reason beside it.
"""

import base64
import hmac
import json
import os
import re
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

from smsc_emulator.frozen import frozen

LONGEST = 1 << 20
"""The most bytes that a file may have."""

_ID = re.compile(r"[A-Za-z0-9_-]{1,80}")
_MEMBERS = {"id", "kind", "body", "status", "signature"}


class GarbageError(Exception):
    """A file is not what it should be; the message says why."""


@frozen
class Letter:
    """One message. An answer has the id of what it answers, the kind `answer`, and a `status` as HTTP has it."""

    id: str
    kind: str
    body: Mapping[str, Any]
    status: int | None = None


class Mailbox:
    """One direction of a folder. `aside` is where files go that cannot be read."""

    def __init__(self, box: Path, aside: Path, secret: str) -> None:
        self._box = box
        self._aside = aside
        self._key = base64.b64decode(secret.removeprefix("whsec_"))
        for folder in (box, aside):
            folder.mkdir(parents=True, exist_ok=True)

    def put(self, name: str, letter: Letter) -> None:
        """Leave a letter in a file of this name; one that is still there under it is replaced. Raises OSError."""
        hidden = self._box / f".{name}.tmp"
        hidden.write_text(_line(self._key, letter), encoding="utf-8")
        os.replace(hidden, self._box / f"{name}.jsonl")

    def waiting(self) -> list[Path]:
        """Return the files that wait, in the order of their names. Raises OSError."""
        return sorted(self._box.glob("[!.]*.jsonl"))

    def read(self, file: Path) -> list[Letter]:
        """Return a file's letters, every one of them signed as agreed. Raises GarbageError, OSError."""
        raw = file.read_bytes()
        if len(raw) > LONGEST:
            raise GarbageError(f"it has more than {LONGEST} bytes")
        lines = [line for line in raw.split(b"\n") if line.strip()]
        if not lines:
            raise GarbageError("it is empty")
        return [_letter(self._key, number, line) for number, line in enumerate(lines, 1)]

    def done(self, file: Path) -> None:
        """Take a file away."""
        file.unlink(missing_ok=True)

    def set_aside(self, file: Path, reason: str) -> None:
        """Move a file out of the way, with the reason beside it; a file of its name that is there is replaced."""
        (self._aside / f"{file.name}.reason.txt").write_text(f"{reason}\n", encoding="utf-8")
        os.replace(file, self._aside / file.name)


def _line(key: bytes, letter: Letter) -> str:
    told = {name: value for name, value in asdict(letter).items() if value is not None}
    return json.dumps({**told, "signature": _signature(key, told)}, ensure_ascii=False, separators=(",", ":")) + "\n"


def _letter(key: bytes, number: int, line: bytes) -> Letter:
    try:
        told = json.loads(line)
    except ValueError:  # of which a text that is not UTF-8 is one
        raise GarbageError(f"line {number} is not JSON") from None
    if not isinstance(told, dict) or not _is_well_formed(told):
        raise GarbageError(f"line {number} is not a letter: it needs id, kind, body and signature, and nothing else")
    given = told.pop("signature")
    if not hmac.compare_digest(given.encode(), _signature(key, told).encode()):
        raise GarbageError(f"line {number} is not signed by the agreement's secret")
    return Letter(**told)


def _is_well_formed(told: Mapping[str, Any]) -> bool:
    texts = (told.get("id"), told.get("kind"), told.get("signature"))
    return (
        told.keys() <= _MEMBERS
        and all(isinstance(text, str) for text in texts)
        and _ID.fullmatch(str(told.get("id"))) is not None
        and isinstance(told.get("body"), dict)
        and isinstance(told.get("status", 0), int)
    )


def _signature(key: bytes, told: Mapping[str, Any]) -> str:
    text = json.dumps(told, ensure_ascii=False, separators=(",", ":"), sort_keys=True)
    return base64.b64encode(hmac.digest(key, text.encode(), "sha256")).decode()
