"""Whether the process lives, whether it can serve, and what it serves."""

import json
from collections.abc import Callable
from typing import Any, Literal

from pydantic import BaseModel

from smsc_emulator.base.web import Body, Call, Reply, Routes


class Alive(Body):
    """The process lives."""

    status: Literal["ok"] = "ok"


class Readiness(Body):
    """Whether each part can serve."""

    status: Literal["ok", "not_ready"]
    checks: dict[str, bool]


class Document(BaseModel, extra="allow"):
    """An OpenAPI 3.1 document."""

    openapi: str


def routes(checks: Callable[[], dict[str, bool]], document: Callable[[], dict[str, Any]]) -> Routes:
    """Return the routes; `checks` names each part and tells whether it can serve."""
    group = Routes("health")

    @group.add("GET", "/livez", "Tell whether the process lives", answers={200: Alive})
    async def livez(_call: Call) -> Reply:
        return Reply(Alive())

    @group.add("GET", "/readyz", "Tell whether every part can serve", answers={200: Readiness, 503: Readiness})
    async def readyz(_call: Call) -> Reply:
        found = checks()
        ready = all(found.values())
        return Reply(Readiness(status="ok" if ready else "not_ready", checks=found), status=200 if ready else 503)

    @group.add("GET", "/openapi.json", "Describe every route", answers={200: Document})
    async def openapi(_call: Call) -> Reply:
        return Reply(json.dumps(document()).encode())

    return group
