"""The page: its files as they ship, under a policy that lets nothing else in, and the login where a token is asked."""

from pathlib import Path
from typing import Final

from aiohttp import web

from gateway.api.access import LOGIN, PAGE, Access, go_to
from gateway.api.files import Folder

FILES: Final = Path(__file__).parent.parent / "ui"
POLICY: Final = "default-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; object-src 'none'"


def add_to(app: web.Application, access: Access) -> None:
    """Serve the page at /, its files under /ui, and the login at /login."""
    files = Folder(FILES, POLICY)

    async def page(_request: web.Request) -> web.StreamResponse:
        return files.file("index.html")

    async def login_page(_request: web.Request) -> web.StreamResponse:
        return files.file("login.html")

    async def log_in(request: web.Request) -> web.StreamResponse:
        given = (await request.post()).get("token", "")
        response = go_to(PAGE)
        if isinstance(given, str) and access.log_in(request, given.strip(), response):
            return response
        return go_to(f"{LOGIN}?wrong")

    async def asset(request: web.Request) -> web.StreamResponse:
        return files.file(request.match_info["path"])

    app.router.add_get(PAGE, page)
    app.router.add_get(LOGIN, login_page)
    app.router.add_post(LOGIN, log_in)
    app.router.add_get("/ui/{path:.+}", asset)
