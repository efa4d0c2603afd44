"""The aiohttp application of declared routes: for whatever is not plain (see `front`), and for routes beside them."""

import time
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import Any

from aiohttp import web
from aiohttp.typedefs import Middleware

from smsc_emulator.base.web import (
    BAD_REQUEST,
    GENERAL,
    Answered,
    LookOn,
    Operation,
    ProblemError,
    Reply,
    RequestIds,
    about,
    problem_of,
)


def application(
    served: Iterable[Operation],
    look_on: LookOn = lambda: lambda _: None,
    middlewares: Sequence[Middleware] = (),
) -> web.Application:
    """Return the aiohttp application that has `served`; what `middlewares` raise is answered as what a route raises.

    What takes GET takes HEAD too (RFC 9110, 9.1), unless it answers piece by piece, which may never end.
    """
    app = web.Application(middlewares=[_watched(look_on), _problems, *middlewares], client_max_size=1 << 20)
    for each in served:
        route, handler = each.route, _serve(each)
        if route.method == "GET" and not route.streams:
            app.router.add_get(route.path, handler, allow_head=True)
        else:
            app.router.add_route(route.method, route.path, handler)
    return app


def _serve(operation: Operation) -> Callable[[web.Request], Awaitable[web.StreamResponse]]:
    async def serve(request: web.Request) -> web.StreamResponse:
        reply = await operation.answer(request)
        return _response(reply) if reply.stream is None else await reply.stream(request)

    return serve


def _response(reply: Reply) -> web.Response:
    return web.Response(body=reply.body, status=reply.status, headers=reply.headers, content_type=reply.content_type)


def _watched(look_on: LookOn) -> Any:
    ids = RequestIds()

    @web.middleware
    async def watch(
        request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
    ) -> web.StreamResponse:
        on_answer, began = look_on(), time.monotonic()
        id_ = ids.of(request)
        response = await handler(request)
        if not response.prepared:  # a stream has sent its head, and more, by now
            response.headers["X-Request-Id"] = id_
        resource = request.match_info.route.resource
        route = "none" if resource is None else resource.canonical
        seconds = time.monotonic() - began
        made = about(request, response.status, response.body) if isinstance(response, web.Response) else ()
        on_answer(Answered(id_, request.method, route, response.status, seconds, made))
        return response

    return watch


@web.middleware
async def _problems(
    request: web.Request, handler: Callable[[web.Request], Awaitable[web.StreamResponse]]
) -> web.StreamResponse:
    try:
        return await handler(request)
    except web.HTTPException as refusal:
        return _from_aiohttp(refusal, request)
    except web.RequestPayloadError:
        told = "body: it does not arrive as its headers say, or is cut short"
        return _response(ProblemError(BAD_REQUEST, told).reply())
    except Exception as error:
        return _response(problem_of(error, request).reply())


def _from_aiohttp(refusal: web.HTTPException, request: web.Request) -> web.Response:
    kind = next((kind for kind in GENERAL if kind.status == refusal.status), BAD_REQUEST)
    headers = {"Allow": refusal.headers["Allow"]} if "Allow" in refusal.headers else {}
    told = {
        404: f"There is no {request.path} here; /openapi.json lists every route.",
        405: f"{request.path} takes {headers.get('Allow')}, and not {request.method}.",
    }
    return _response(ProblemError(kind, told.get(refusal.status, refusal.text or ""), headers=headers).reply())
