"""Lines that are kept between exchanges, by where they lead."""

from smsc_emulator.base.line import HttpAnswer, Line


class KeptLines:
    """The lines that have ended an exchange and may carry another; the last one kept is the first one taken."""

    def __init__(self) -> None:
        self._idle: dict[str, list[Line]] = {}

    def take(self, origin: str) -> Line | None:
        """Return a line that was kept for `origin` and is still open, None if there is none; it is kept no more."""
        lines = self._idle.get(origin, [])
        while lines:
            line = lines.pop()
            if line.is_kept:
                return line
        return None

    async def exchange(self, origin: str, line: Line, request: bytes) -> HttpAnswer:
        """Return what is answered over `line`, which leads to `origin`, and keep it then, or close it if it is no use.

        Raises what `Line.exchange` raises.
        """
        try:
            return await line.exchange(request)
        finally:
            if line.free:
                line.keep()
                self._idle.setdefault(origin, []).append(line)
            else:
                line.close()

    def close(self) -> None:
        """Close what is kept."""
        for lines in self._idle.values():
            for line in lines:
                line.close()
        self._idle.clear()
