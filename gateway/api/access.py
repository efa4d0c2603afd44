"""Who may use the page and the lab's routes.

A lab that listens on this machine alone asks for no token, so it must not be reached through a browser that was led
astray: the Host of a request must be a name of this machine (DNS rebinding), and a request that changes something must
not come from another site's page (cross-site request forgery). A lab that listens beyond this machine asks for a token
besides, as `Authorization: Bearer` or as the cookie of the login page. Services' keys open nothing here, and the token
opens no product route: each is looked for only where it counts.
"""

import hashlib
import hmac
from collections.abc import Awaitable, Callable, Iterable
from functools import lru_cache
from typing import Final
from urllib.parse import urlsplit

from aiohttp import web
from aiohttp.typedefs import Middleware

from smsc_emulator.base.hosts import is_address, is_loopback
from smsc_emulator.base.request import Request
from smsc_emulator.base.web import FORBIDDEN, UNAUTHORIZED, ProblemError

PAGE: Final = "/"
LOGIN: Final = "/login"
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
ANY_ADDRESS: Final = frozenset({"0.0.0.0", "::", ""})  # noqa: S104 - what is compared, not listened on
OWN_SITES: Final = frozenset({"same-origin", "none"})
"""What Sec-Fetch-Site says of the page's own requests, and of an address that somebody has typed."""
YEAR: Final = 365 * 24 * 3600

Next = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Access:
    """The rules of one lab. `host` is what its HTTP face listens on, `allowed_hosts` are more names that it has."""

    def __init__(self, host: str, token: str | None, allowed_hosts: Iterable[str] = ()) -> None:
        self.token = token
        self._host = host.lower()
        self._names = frozenset(name.lower().strip("[]") for name in allowed_hosts)

    def middleware(self) -> Middleware:
        """Return the rules as a middleware of aiohttp."""

        @web.middleware
        async def check(request: web.Request, handler: Next) -> web.StreamResponse:
            self.require(request)
            if request.path == PAGE and not self.knows(request):
                return go_to(LOGIN)
            return await handler(request)

        return check

    def require(self, request: Request) -> None:
        """Raise ProblemError (401 or 403) for a request of the page's or the lab's that is not to be answered."""
        path = request.path
        if path in (PAGE, LOGIN) or path == "/lab" or path.startswith(("/lab/", "/ui/")):
            self.require_own_host(request)
            self.require_own_site(request)
            if path.startswith("/lab"):
                self.require_token(request)

    def require_own_host(self, request: Request) -> None:
        """Raise ProblemError (403) if the request is for a name that this lab does not have."""
        name = _name_of(request.host)
        if not self._is_own(name):
            raise ProblemError(
                FORBIDDEN,
                f"This lab is not called {name[:100]!r}. If that is a name of this machine, add it to "
                "server.allowed_hosts in the configuration.",
            )

    def _is_own(self, name: str) -> bool:
        if is_loopback(name) or name in self._names or name == self._host:
            return True
        # An address cannot be rebound, and one that listens everywhere has all addresses of its machine.
        return self._host in ANY_ADDRESS and is_address(name)

    def require_own_site(self, request: Request) -> None:
        """Raise ProblemError (403) if another site's page wants to change something."""
        if request.method in SAFE:
            return
        site, origin = request.headers.get("Sec-Fetch-Site"), request.headers.get("Origin")
        foreign = site is not None and site not in OWN_SITES
        if origin is not None:
            foreign = foreign or urlsplit(origin).netloc.lower() != request.host.lower()
        if foreign:
            raise ProblemError(FORBIDDEN, "The lab takes no changes from the page of another site.")

    def require_token(self, request: Request) -> None:
        """Raise ProblemError (401) if a token is demanded and the request does not bring it."""
        if not self.knows(request):
            raise ProblemError(
                UNAUTHORIZED,
                "Send the lab's token as `Authorization: Bearer <token>`, or log in at /login. `confirmlab serve` "
                "tells it at the start, and it is in the file lab.token of the data folder.",
                headers={"WWW-Authenticate": "Bearer"},
            )

    def knows(self, request: Request) -> bool:
        """Return whether the request brings the token, or needs none."""
        if self.token is None:
            return True
        scheme, _, given = request.headers.get("Authorization", "").partition(" ")
        bearer = scheme.lower() == "bearer" and _same(given.strip(), self.token)
        # Both are always compared, so that the time taken tells nothing about either.
        return _same(request.cookies.get(cookie_name(request), ""), self._cookie) or bearer

    def log_in(self, request: web.Request, given: str, response: web.StreamResponse) -> bool:
        """Set the cookie on `response` if `given` is the token; return whether it is."""
        if self.token is None or not _same(given, self.token):
            return False
        response.set_cookie(
            cookie_name(request), self._cookie, max_age=YEAR, httponly=True, samesite="Strict", path="/"
        )
        return True

    @property
    def _cookie(self) -> str:
        """What the cookie holds: not the token itself, which would open the lab for whoever reads it."""
        return hmac.new((self.token or "").encode(), b"confirmlab cookie", hashlib.sha256).hexdigest()


def go_to(path: str) -> web.Response:
    """Return the answer that sends a browser to another page."""
    return web.Response(status=303, headers={"Location": path, "Cache-Control": "no-store"})


def cookie_name(request: Request) -> str:
    """Return the name of the cookie. Cookies know no ports, and several labs may run on one machine."""
    return f"confirmlab_{urlsplit(f'//{request.host}').port or 80}"


@lru_cache(maxsize=64)
def _name_of(host: str) -> str:
    """Return the name or address in a Host header, without the port."""
    try:
        return (urlsplit(f"//{host}").hostname or "").lower()
    except ValueError:
        return ""


def _same(given: str, known: str) -> bool:
    """Compare in a time that depends on neither."""
    digests = (hashlib.sha256(text.encode("utf-8", "surrogateescape")).digest() for text in (given, known))
    return hmac.compare_digest(*digests)


def demanded(host: str, configured: str | None, generate: Callable[[], str]) -> str | None:
    """Return the token that a lab listening on `host` demands: the configured one; beyond this machine, any case."""
    return configured if configured is not None or is_loopback(host) else generate()
