"""The documentation at /docs: the built site as it ships in the wheel, under a policy that lets nothing else in."""

from pathlib import Path
from typing import Final

from aiohttp import web

from gateway.api.files import Folder

FILES: Final = Path(__file__).parent.parent / "site"
POLICY: Final = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
NOT_BUILT: Final = (
    "The documentation is not built here. From a source tree, `make site` builds it, and this address shows it at "
    "once; a wheel that `make dist` has built holds it. The same pages are the files of docs/ in the source tree.\n"
)


def add_to(app: web.Application, folder: Path = FILES) -> None:
    """Serve the site of `folder` at /docs/; where it is not built, say how to build it. No key is asked for."""
    files = Folder(folder, POLICY)

    async def front(_request: web.Request) -> web.StreamResponse:
        return web.Response(status=308, headers={**files.headers, "Location": "/docs/"})

    async def page(request: web.Request) -> web.StreamResponse:
        if not files.has("index.html"):
            return web.Response(text=NOT_BUILT, status=404, headers=files.headers)
        return files.file(request.match_info["path"] or "index.html")

    app.router.add_get("/docs", front)
    app.router.add_get("/docs/{path:.*}", page)
