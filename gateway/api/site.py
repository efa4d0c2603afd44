"""The documentation at /docs: the built site as it ships in the wheel, under a policy that lets nothing else in."""

import mimetypes
from pathlib import Path
from typing import Final

from aiohttp import web

FILES: Final = Path(__file__).parent.parent / "site"
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Asked for anew each time, and answered by 304 if it is the same: a new version shows at once.
    "Cache-Control": "no-cache",
}
NOT_BUILT: Final = (
    "The documentation is not built here. From a source tree, `make site` builds it, and this address shows it at "
    "once; a wheel that `make dist` has built holds it. The same pages are the files of docs/ in the source tree.\n"
)


def add_to(app: web.Application, files: Path = FILES) -> None:
    """Serve the site of `files` at /docs/; where it is not built, say how to build it. No key is asked for."""

    async def front(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=308, headers={**HEADERS, "Location": "/docs/"})

    async def page(request: web.Request) -> web.StreamResponse:
        if _file(files, "index.html") is None:
            return web.Response(text=NOT_BUILT, status=404, headers=HEADERS)
        path = _file(files, request.match_info["path"] or "index.html")
        if path is None:
            raise web.HTTPNotFound
        kind = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        return web.FileResponse(path, headers={**HEADERS, "Content-Type": f"{kind}; charset=utf-8"})

    app.router.add_get("/docs", front)
    app.router.add_get("/docs/{path:.*}", page)


def _file(files: Path, name: str) -> Path | None:
    """Return the file of that name in `files`, or None; never one beside them."""
    if "\0" in name:  # no file is called so, and asking the system is an error
        return None
    path = (files / name).resolve()
    return path if path.is_relative_to(files.resolve()) and path.is_file() else None
