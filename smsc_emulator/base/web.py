"""The web layer of every HTTP face: routes declared with their models, problems from one table, OpenAPI from both.

A route names what it takes and what it answers; reading, checking and describing it follow from that. A handler gets
its input as checked models and returns a `Reply` or raises a `ProblemError`.
"""

import json
import re
import secrets
from collections.abc import Awaitable, Callable, Iterable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from itertools import count
from typing import Any

import structlog
from aiohttp import web
from pydantic import BaseModel, ConfigDict, ValidationError

from smsc_emulator.base.clock import Clock
from smsc_emulator.base.forms import in_words, mistakes
from smsc_emulator.base.postgres_errors import CommitInDoubtError, DatabaseUnusableError
from smsc_emulator.base.request import Request
from smsc_emulator.frozen import frozen


class Body(BaseModel):
    """What the API answers, or reads from others who may tell more than it knows.

    What checks and writes it is made when it is first used: a run uses few of two hundred, and all take a while.
    """

    model_config = ConfigDict(defer_build=True)


class Model(Body):
    """A body or query of the API: unknown members are refused, so that a slip of the pen never passes unseen."""

    model_config = ConfigDict(extra="forbid")


@frozen
class ProblemKind:
    """One line of an error table: a stable code, its HTTP status, and the sentence that explains it."""

    code: str
    status: int
    title: str


BAD_REQUEST = ProblemKind(
    "bad_request", 400, "The request is not well-formed: a body, a member or a parameter is wrong."
)
UNAUTHORIZED = ProblemKind("unauthorized", 401, "The request carries no valid credentials.")
FORBIDDEN = ProblemKind("forbidden", 403, "The credentials do not open this resource.")
NOT_FOUND = ProblemKind("not_found", 404, "There is nothing under this address.")
METHOD_NOT_ALLOWED = ProblemKind("method_not_allowed", 405, "The address does not take this method.")
TOO_LARGE = ProblemKind("too_large", 413, "The body is larger than one mebibyte.")
INTERNAL = ProblemKind("internal", 500, "The lab failed; its log tells why.")
DATABASE_UNAVAILABLE = ProblemKind(
    "database_unavailable", 503, "The database cannot be reached for now; ask again after the seconds in Retry-After."
)

GENERAL = (BAD_REQUEST, UNAUTHORIZED, FORBIDDEN, NOT_FOUND, METHOD_NOT_ALLOWED, TOO_LARGE, INTERNAL)

RETRY_AFTER = 5
"""Seconds after which a request that met no database is worth another try."""


class ProblemError(Exception):
    """An answer that is an error, sent as application/problem+json (RFC 9457)."""

    def __init__(
        self, kind: ProblemKind, detail: str, *, headers: Mapping[str, str] | None = None, **members: Any
    ) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail
        self.headers = dict(headers or {})
        self.members = members

    def reply(self) -> "Reply":
        """Return the problem as an answer."""
        body = {
            "type": "about:blank",
            "title": self.kind.title,
            "status": self.kind.status,
            "code": self.kind.code,
            "detail": self.detail,
            **self.members,
        }
        return Reply(json.dumps(body).encode(), self.kind.status, self.headers, "application/problem+json")


class Problem(Body):
    """The shape of every error answer (RFC 9457)."""

    type: str
    title: str
    status: int
    code: str
    detail: str
    errors: list[dict[str, Any]] | None = None


Stream = Callable[[web.Request], Awaitable[web.StreamResponse]]
"""Answers a request piece by piece, and returns the response that it has sent."""


@frozen
class Reply:
    """A handler's answer. A body that is bytes is sent as it is: JSON made earlier."""

    body: BaseModel | bytes | None
    status: int = 200
    headers: Mapping[str, str] = field(default_factory=dict)
    content_type: str | None = None
    """The type of the body, where it is one of the route's `other_types`."""
    stream: Stream | None = None
    """What answers in place of `body`."""


@dataclass(slots=True)
class Call:
    """One request as its handler sees it."""

    request: Request
    received_at: int
    """Lab time at which the request's head was read, before its body was parsed."""
    path: Mapping[str, str]
    raw: bytes
    body: Any = None
    query: Any = None
    caller: str = ""
    """Who the credentials belong to: a service's id or an operator's id; empty where none are needed."""


@frozen
class Answered:
    """A request that has been answered, for those who count and trace."""

    id: str
    """The request's X-Request-Id: the client's if it sent one, ours otherwise."""
    method: str
    route: str
    """The route's path with its parameters' names; `none` where no route fits. It holds no value of the request's."""
    status: int
    seconds: float
    """Real time from the head of the request to its answer."""
    about: tuple[str, ...]
    """The ids of what was made or changed, as the address and the answer name them; none of a failed request."""


Handler = Callable[[Call], Awaitable[Reply]]
Guard = Callable[[Request, bytes], str]
"""Checks a request's credentials and returns who they belong to, or raises ProblemError(UNAUTHORIZED or FORBIDDEN)."""


@frozen
class Route:
    """One operation of the API: what it takes, what it answers, which problems it can have."""

    method: str
    path: str
    summary: str
    handler: Handler
    answers: Mapping[int, type[BaseModel] | None]
    body: type[BaseModel] | None = None
    query: type[BaseModel] | None = None
    problems: tuple[ProblemKind, ...] = ()
    scheme: str = ""
    """The name of the security scheme; empty for an open route."""
    patterns: Mapping[str, str] = field(default_factory=dict)
    """A JSON Schema pattern for each path parameter that has one."""
    headers: Mapping[str, str] = field(default_factory=dict)
    """Optional request headers with their meaning."""
    content_type: str = "application/json"
    other_types: tuple[str, ...] = ()
    """Types that the answer may have instead, each a text of its own form."""
    around: Callable[[], AbstractContextManager[object]] | None = None
    """Entered when a request's head has been read, before its instant is taken; left when its answer is made."""
    streams: bool = False
    """Whether it answers piece by piece."""


class Routes:
    """The routes of one resource, in the order of their declaration."""

    def __init__(self, tag: str) -> None:
        self.tag = tag
        self.routes: list[Route] = []

    def add(self, method: str, path: str, summary: str, **more: Any) -> Callable[[Handler], Handler]:
        """Declare the decorated handler as a route; the keywords are Route's."""

        def declare(handler: Handler) -> Handler:
            self.routes.append(Route(method, path, summary, handler, **more))
            return handler

        return declare


LookOn = Callable[[], Callable[[Answered], None]]
"""Called when a request's head has been read; what it returns is called when its answer is made."""


class Operation:
    """A route with its guard: what answers a request, whichever server has read it."""

    def __init__(self, route: Route, guards: Mapping[str, Guard], clock: Clock) -> None:
        self.route = route
        self._guard = guards[route.scheme] if route.scheme else None
        self._clock = clock

    async def answer(self, request: Request) -> Reply:
        """Return the answer, its body as bytes. Raises ProblemError, and whatever the handler raises."""
        if self.route.around is None:
            return await self._answer(request)
        with self.route.around():
            return await self._answer(request)

    async def _answer(self, request: Request) -> Reply:
        route, received_at = self.route, self._clock.now()
        _check_path(route, request)
        raw = await request.read()
        call = Call(request, received_at, request.match_info, raw)
        if self._guard is not None:
            call.caller = self._guard(request, raw)
        if route.query is not None:
            call.query = _read_query(route.query, request)
        if route.body is not None:
            call.body = _read(route.body, raw)
        reply = await route.handler(call)
        body = reply.body
        if isinstance(body, BaseModel):
            body = body.model_dump_json(by_alias=True).encode()
        content_type = reply.content_type or route.content_type if body is not None else None
        return Reply(body, reply.status, reply.headers, content_type, reply.stream)


def operations(groups: Iterable[Routes], guards: Mapping[str, Guard], clock: Clock) -> list[Operation]:
    """Return all routes of `groups` with their guards; `guards` has one entry for each security scheme."""
    return [Operation(route, guards, clock) for group in groups for route in group.routes]


def _check_path(route: Route, request: Request) -> None:
    if "\0" in request.path:  # PostgreSQL has no text with it, so nothing can be called so
        raise ProblemError(NOT_FOUND, "Nothing here has a name with a NUL in it.")
    for name, pattern in route.patterns.items():
        if not re.search(pattern, request.match_info[name]):
            raise ProblemError(NOT_FOUND, f"{request.match_info[name]!r} is no {name}; expected {in_words(pattern)}.")


_FORM = re.compile(rb"[\w.%+*-]+=[^\s{}]*\Z")


def _read(model: type[BaseModel], raw: bytes) -> BaseModel:
    try:
        return model.model_validate_json(raw or b"{}", strict=True)
    except ValidationError as error:
        if _FORM.match(raw):
            told = 'it is a form; this API takes JSON, such as {"phone_number": "+70000000001"}'
            raise _bad([{"field": "body", "problem": told}]) from None
        raise _bad(mistakes("body", model, error)) from None


def _read_query(model: type[BaseModel], request: Request) -> BaseModel:
    try:
        return model.model_validate_strings(dict(request.query))
    except ValidationError as error:
        raise _bad(mistakes("query", model, error)) from None


def _bad(errors: list[dict[str, Any]]) -> ProblemError:
    return ProblemError(BAD_REQUEST, f"{errors[0]['field']}: {errors[0]['problem']}", errors=errors)


_REQUEST_ID = re.compile(r"[A-Za-z0-9._-]{1,64}")
_ID = re.compile(r"[a-z]{3}_[A-Za-z0-9_]+")
# It begins with a whole word, which is found far faster than each quotation mark would be.
_IDS = re.compile(rb'id":(?:(?<="id":)\s*"([a-z]{3}_\w{1,60})|(?<="message_id":)\s*"([^"\\]{1,64}))"')
_LOOKED_AT = 4_096
"""How much of an answer is looked at for ids; what it is about comes first."""


class RequestIds:
    """Names requests: an X-Request-Id is the client's if it sent one, else a new one, unlike those of other runs."""

    def __init__(self) -> None:
        self._run = secrets.token_hex(6)
        self._numbers = count(1)

    def of(self, request: Request) -> str:
        """Return a request's id."""
        wished = request.headers.get("X-Request-Id")
        if wished is not None and _REQUEST_ID.fullmatch(wished):
            return wished
        return f"rqs_{self._run}{next(self._numbers):08x}"


def about(request: Request, status: int, body: object) -> tuple[str, ...]:
    """Return the ids of what a request has made or changed; see `Answered`."""
    if request.method in ("GET", "HEAD") or status >= 400:
        return ()
    named = [value for value in request.match_info.values() if _ID.fullmatch(value)]
    told = _IDS.findall(body[:_LOOKED_AT]) if isinstance(body, bytes) else []
    return tuple(dict.fromkeys((*named, *((one or other).decode() for one, other in told))))


def problem_of(error: Exception, request: Request) -> ProblemError:
    """Return what the failure of a request is to be answered with; what is no fault of the request is logged."""
    if isinstance(error, ProblemError):
        return error
    log = structlog.get_logger(__name__)
    if isinstance(error, DatabaseUnusableError):
        log.warning("request without a database", method=request.method, path=request.path, reason=str(error))
        return _without_database(error)
    log.error("request failed", method=request.method, path=request.path, exc_info=error)
    told = "The request could not be answered. Part of it may be kept: look before you make it again."
    return ProblemError(INTERNAL, told)


def _without_database(error: DatabaseUnusableError) -> ProblemError:
    again = (
        "make the request again, with the same Idempotency-Key if it had one, or look first whether it was carried out"
    )
    if isinstance(error, CommitInDoubtError):
        told = (
            f"The connection to the database ended while the request was written down: it may be kept or not; {again}."
        )
    else:
        told = f"The database cannot be reached, and the request was not carried out to its end; {again}."
    return ProblemError(DATABASE_UNAVAILABLE, told, headers={"Retry-After": str(RETRY_AFTER)})
