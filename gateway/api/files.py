"""Files as they ship: those of the page and of the documentation, under headers that let nothing else in."""

import mimetypes
from pathlib import Path
from typing import Final

from aiohttp import web

HEADERS: Final = {
    "X-Content-Type-Options": "nosniff",
    # With no-referrer, the login form would come from the origin `null`.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Asked for anew each time, and answered by 304 if it is the same: a new version shows at once.
    "Cache-Control": "no-cache",
}
_TYPES: Final = {".js": "text/javascript", ".svg": "image/svg+xml"}


class Folder:
    """A folder whose files are served under a Content-Security-Policy."""

    def __init__(self, path: Path, policy: str) -> None:
        self._path = path.resolve()
        self.headers = {"Content-Security-Policy": policy, **HEADERS}

    def has(self, name: str) -> bool:
        """Return whether the folder has a file of that name."""
        return self._find(name) is not None

    def file(self, name: str) -> web.StreamResponse:
        """Return the file of that name; raises HTTPNotFound where there is none, and for one that lies beside it."""
        path = self._find(name)
        if path is None:
            raise web.HTTPNotFound
        kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return web.FileResponse(path, headers={**self.headers, "Content-Type": f"{kind}; charset=utf-8"})

    def _find(self, name: str) -> Path | None:
        if "\0" in name:  # no file is called so, and asking the system is an error
            return None
        path = (self._path / name).resolve()
        return path if path.is_relative_to(self._path) and path.is_file() else None
