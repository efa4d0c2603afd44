"""The page: its files as they ship, under a policy that lets nothing else in, and the login where a token is asked."""

import mimetypes
from pathlib import Path
from typing import Final

from aiohttp import web

from gateway.api.access import LOGIN, PAGE, Access, go_to

FILES: Final = Path(__file__).parent.parent / "ui"
HEADERS: Final = {
    "Content-Security-Policy": "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "object-src 'none'",
    "X-Content-Type-Options": "nosniff",
    # With no-referrer, the login form would come from the origin `null`.
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    # Asked for anew each time, and answered by 304 if it is the same: a new version shows at once.
    "Cache-Control": "no-cache",
}
_TYPES: Final = {".js": "text/javascript", ".svg": "image/svg+xml"}


def add_to(app: web.Application, access: Access) -> None:
    """Serve the page at /, its files under /ui, and the login at /login."""

    async def page(_request: web.Request) -> web.StreamResponse:
        return _file(FILES / "index.html")

    async def login_page(_request: web.Request) -> web.StreamResponse:
        return _file(FILES / "login.html")

    async def log_in(request: web.Request) -> web.StreamResponse:
        given = (await request.post()).get("token", "")
        response = go_to(PAGE)
        if isinstance(given, str) and access.log_in(request, given.strip(), response):
            return response
        return go_to(f"{LOGIN}?wrong")

    async def asset(request: web.Request) -> web.StreamResponse:
        path = (FILES / request.match_info["path"]).resolve()
        if not path.is_relative_to(FILES) or not path.is_file():
            raise web.HTTPNotFound
        return _file(path)

    app.router.add_get(PAGE, page)
    app.router.add_get(LOGIN, login_page)
    app.router.add_post(LOGIN, log_in)
    app.router.add_get("/ui/{path:.+}", asset)


def _file(path: Path) -> web.StreamResponse:
    kind = _TYPES.get(path.suffix) or mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return web.FileResponse(path, headers={**HEADERS, "Content-Type": f"{kind}; charset=utf-8"})
