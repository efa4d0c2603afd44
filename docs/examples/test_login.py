"""A login with a second factor as an aiohttp service, and its tests with coroutines."""

import pytest
from aiohttp import ClientSession, web
from aiohttp.test_utils import TestServer


def login_service(gateway, key):
    """The service under test: POST /login {"phone": ...} sends a code, POST /login/{id} {"code": ...} checks it."""
    api = {"base_url": gateway, "headers": {"Authorization": f"Bearer {key}"}}

    async def start(request):
        phone = (await request.json())["phone"]
        wish = {"phone_number": phone, "methods": ["flash_call", "sms_code"]}
        async with ClientSession(**api) as http, http.post("/v1/confirmations", json=wish) as answer:
            return web.json_response({"id": (await answer.json())["id"]}, status=202)

    async def finish(request):
        path, code = f"/v1/confirmations/{request.match_info['id']}/check", await request.json()
        async with ClientSession(**api) as http, http.post(path, json=code) as answer:
            passed = (await answer.json()).get("state") == "confirmed"
            return web.json_response({"welcome": passed}, status=200 if passed else 401)

    app = web.Application()
    app.router.add_post("/login", start)
    app.router.add_post("/login/{id}", finish)
    return app


async def post(service, path, **body):
    async with ClientSession() as http, http.post(service.make_url(path), json=body) as answer:
        return answer.status, await answer.json()


@pytest.mark.asyncio
async def test_a_missed_call_lets_the_user_in(alab):
    async with TestServer(login_service(alab.url, alab.api_key)) as service:
        _, started = await post(service, "/login", phone="+70000000004")
        call = await alab.handset("+70000000004").wait_for_call()
        assert await post(service, f"/login/{started['id']}", code=call.code) == (200, {"welcome": True})
    hook = await alab.webhooks.wait("confirmation.confirmed")
    assert hook.event["data"]["id"] == started["id"]


@pytest.mark.asyncio
async def test_where_calls_are_rejected_at_once_the_code_comes_by_sms(alab):
    phone = alab.handset("+70000000004")
    await phone.on_calls("rejected_at_once")
    async with TestServer(login_service(alab.url, alab.api_key)) as service:
        _, started = await post(service, "/login", phone=phone.number)
        code = await phone.wait_for_code()
        assert await post(service, f"/login/{started['id']}", code=code) == (200, {"welcome": True})


@pytest.mark.asyncio
@pytest.mark.lab(paused_clock=True)
async def test_a_code_is_of_no_use_after_five_minutes(alab):
    async with TestServer(login_service(alab.url, alab.api_key)) as service:
        _, started = await post(service, "/login", phone="+70000000004")
        call = await alab.handset("+70000000004").wait_for_call()
        await alab.clock.advance("10m")
        assert await post(service, f"/login/{started['id']}", code=call.code) == (401, {"welcome": False})
