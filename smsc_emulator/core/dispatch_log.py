"""Which deliver_sm have been written to a socket, so that none is written twice over the death of the process.

A commit is too slow to stand between each write and the next, and a row cannot be committed together with a socket's
write. So the ids go to an append-only file with one write(2) immediately before the octets go to the socket. Both are
with the kernel then, which outlives the process: if the server dies, what was written counts as delivered. A peer that
had not read it yet may lose it, as one does that writes to the dead before it reads; it is not sent again, since that
would send twice what was read and not acknowledged. What the kernel of a peer that does not read has not taken is
withdrawn at once, and noted anew when it has. If the link dies instead, what was not acknowledged is withdrawn here and
goes out again at the next bind.
"""

import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from struct import Struct, pack

_RECORD = Struct("<q")  # an Outbound's id; negative when withdrawn
_COMPACT_FROM = 1 << 17


class DispatchLog:
    """The file of dispatched ids. Raises OSError where the disk does."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._file = self._open(path)
        self._live = self._read()
        self._records = 0

    def dispatched(self) -> frozenset[int]:
        """Return the ids that were written to a socket, not withdrawn, and not yet settled."""
        return frozenset(self._live)

    def add(self, ids: Sequence[int]) -> None:
        """Note that the octets of `ids` go to a socket now."""
        self._live.update(ids)
        self._append(ids)

    def withdraw(self, ids: Iterable[int]) -> None:
        """Note that `ids` are to be sent again.

        Their link was lost, the peer asked for a later attempt, or the kernel has not taken all their octets yet.
        """
        ids = list(ids)
        self._live.difference_update(ids)
        self._append([-each for each in ids])

    def settle(self, ids: Iterable[int]) -> None:
        """Forget `ids`: the store no longer holds them."""
        self._live.difference_update(ids)
        if self._records > _COMPACT_FROM + 2 * len(self._live):
            self.compact()

    def clear(self) -> None:
        """Forget everything: the store has been brought in line, and ids may be used again."""
        self._live.clear()
        self.compact()

    def compact(self) -> None:
        """Write the file anew with nothing but the live ids."""
        fresh = self._path.with_suffix(".new")
        fresh.unlink(missing_ok=True)
        old, self._file = self._file, self._open(fresh)
        self._records = 0
        self._append(list(self._live))
        os.replace(fresh, self._path)
        os.close(old)

    def close(self) -> None:
        """Close the file; what it says stays. Calling it twice is harmless."""
        file, self._file = self._file, -1
        if file >= 0:
            os.close(file)

    def _append(self, ids: Sequence[int]) -> None:
        self._records += len(ids)
        if ids:
            os.write(self._file, pack(f"<{len(ids)}q", *ids))

    def _read(self) -> set[int]:
        live: set[int] = set()
        content = self._path.read_bytes()
        whole = len(content) - len(content) % _RECORD.size
        for (id_,) in _RECORD.iter_unpack(content[:whole]):
            (live.add if id_ > 0 else live.discard)(abs(id_))
        return live

    @staticmethod
    def _open(path: Path) -> int:
        return os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
