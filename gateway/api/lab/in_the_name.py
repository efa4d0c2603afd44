"""What a service may do with confirmations and identifications, done by the lab in the service's name.

The page starts and answers them so: it has no service's key, and needs none.
"""

from collections.abc import Collection
from dataclasses import replace

from smsc_emulator.base.web import NOT_FOUND, Call, Handler, ProblemError, Reply, Route, Routes

PREFIX = "/lab/services/{service_id}"
_PATTERN = r"^[a-z0-9][a-z0-9-]{0,31}$"


def routes(groups: Collection[Routes], services: Collection[str]) -> Routes:
    """Return the routes of `groups` again, under /lab, each for any of `services` and without a key."""
    own = Routes("lab: in the name of a service")
    own.routes += [_for_all(route, services) for group in groups for route in group.routes]
    return own


def _for_all(route: Route, services: Collection[str]) -> Route:
    return replace(
        route,
        path=PREFIX + route.path.removeprefix("/v1"),
        summary=f"{route.summary}, in the name of a service",
        handler=_as_service(route.handler, services),
        patterns={**route.patterns, "service_id": _PATTERN},
        scheme="",
    )


def _as_service(handler: Handler, services: Collection[str]) -> Handler:
    async def handle(call: Call) -> Reply:
        service_id = call.path["service_id"]
        if service_id not in services:
            raise ProblemError(NOT_FOUND, f"There is no service {service_id!r}.")
        call.caller = service_id
        return await handler(call)

    return handle
