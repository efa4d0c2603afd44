"""The calls that are under way, on disk, so that after kill -9 no phone keeps ringing."""

from pathlib import Path


class OpenCalls:
    """A small file to which each call is written before its INVITE leaves, and struck out when it is over."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def strike(self, call: str) -> None:
        """Take note that a call is over."""
