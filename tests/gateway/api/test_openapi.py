"""The OpenAPI document says of a body what the server does with none."""

import pytest

from gateway.api import openapi
from smsc_emulator.base.web import Call, Model, Reply, Routes


class Whole(Model):
    """A body with a member that must be there."""

    name: str


class Part(Model):
    """A body whose members may all be absent."""

    name: str | None = None


@pytest.mark.parametrize(("body", "required"), [(Whole, True), (Part, False)])
def test_a_body_may_be_absent_where_none_of_its_members_must_be_there(body, required):
    group = Routes("things")

    @group.add("POST", "/things", "Make a thing", body=body, answers={204: None})
    async def make(_call: Call) -> Reply:
        return Reply(None, 204)

    document = openapi.document([group], "1")
    assert document["paths"]["/things"]["post"]["requestBody"]["required"] is required


def test_every_route_tells_that_the_database_may_be_away():
    group = Routes("things")

    @group.add("GET", "/things", "List them", answers={200: None})
    async def show(_call: Call) -> Reply:
        return Reply(None)

    told = openapi.document([group], "1")["paths"]["/things"]["get"]["responses"]["503"]
    assert "`database_unavailable`" in told["description"]
    assert "Retry-After" in told["description"]
