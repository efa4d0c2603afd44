"""Who may use the page and the lab's routes: over real sockets, as a browser and as curl ask."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Any

import pytest
from aiohttp import ClientSession, CookieJar
from yarl import URL

from gateway.client import LabClient, find
from gateway.config import read
from gateway.lab import Lab

Ask = Callable[..., Awaitable[Any]]
TOKEN = "a-token-of-enough-characters"


@pytest.fixture
async def serve(tmp_path: Path) -> AsyncIterator[Callable[..., Awaitable[Lab]]]:
    async with AsyncExitStack() as stack:

        async def start(settings: str = "", *, host: str = "127.0.0.1") -> Lab:
            file = tmp_path / "lab.yaml"
            file.write_text(settings, encoding="utf-8")
            flags = {"--smpp-port": 0, "--http-port": 0, "--sip-port": 0, "--host": host, "--paused-clock": True}
            lab = Lab(read(file, {}, {"--data": str(tmp_path / "data"), **flags}))
            stack.push_async_callback(lab.stop)
            await lab.start()
            return lab

        yield start


@pytest.fixture
async def ask() -> AsyncIterator[Ask]:
    """Return a function that asks a lab and returns the status and the response, whose body is read."""
    async with ClientSession(cookie_jar=CookieJar(unsafe=True)) as session:

        async def asked(lab: Lab, method: str, path: str, **more: Any) -> Any:
            url = URL(lab.base_url + path, encoded=True)
            async with session.request(method, url, allow_redirects=False, **more) as response:
                await response.read()
                return response

        yield asked


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


async def test_on_loopback_no_token_is_asked_and_a_name_that_is_not_this_machines_is_refused(
    serve: Any, ask: Ask
) -> None:
    lab = await serve("server: {allowed_hosts: [lab.test]}\n")
    port = lab.ports["http"]
    for name in ("127.0.0.1", f"localhost:{port}", f"[::1]:{port}", "lab.localhost", f"LAB.test:{port}"):
        assert (await ask(lab, "GET", "/lab/clock", headers={"Host": name})).status == 200, name
    for name in ("evil.example", f"127.0.0.1.evil.example:{port}", "10.0.0.1", "localhost.evil.example", "", "["):
        for path in ("/", "/lab/clock", "/ui/app.js", "/login"):
            assert (await ask(lab, "GET", path, headers={"Host": name})).status in (400, 403), (name, path)
    # The product has its keys; it may be called by any name.
    assert (await ask(lab, "GET", "/livez", headers={"Host": "evil.example"})).status == 200


async def test_the_page_of_another_site_changes_nothing(serve: Any, ask: Ask) -> None:
    lab = await serve()
    own = f"http://127.0.0.1:{lab.ports['http']}"
    for headers in (
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": f"http://127.0.0.1:{lab.ports['http'] + 1}"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Sec-Fetch-Site": "cross-site", "Origin": own},
    ):
        answer = await ask(lab, "POST", "/lab/clock/resume", headers=headers)
        assert answer.status == 403, headers
    assert not lab.ground.clock.running
    for headers in ({}, {"Origin": own, "Sec-Fetch-Site": "same-origin"}, {"Sec-Fetch-Site": "none"}):
        assert (await ask(lab, "POST", "/lab/clock/resume", headers=headers)).status == 200, headers


async def test_beyond_loopback_a_token_is_made_and_asked_for_and_opens_the_lab_alone(serve: Any, ask: Ask) -> None:
    lab = await serve(host="0.0.0.0")
    file = lab.folder.path / "lab.token"
    assert lab.token == file.read_text().strip()
    assert file.stat().st_mode & 0o077 == 0
    for path in ("/lab/clock", "/%6cab/clock", "/lab/events", "/lab/handsets/+70000000001/messages", "/lab/page"):
        refused = await ask(lab, "GET", path)
        assert (refused.status, refused.headers["WWW-Authenticate"]) == (401, "Bearer"), path
        assert (await ask(lab, "GET", path, headers=bearer("lab-demo-key"))).status == 401, "a service's key"
        assert (await ask(lab, "GET", path, headers=bearer(lab.token + "x"))).status == 401
    assert (await ask(lab, "GET", "/lab/clock", headers=bearer(lab.token))).status == 200
    unknown = "/v1/confirmations/cnf_none"
    assert (await ask(lab, "GET", unknown, headers=bearer(lab.token))).status == 401, "the lab's token"
    assert (await ask(lab, "GET", unknown, headers=bearer("lab-demo-key"))).status == 404
    page = await ask(lab, "GET", "/")
    assert (page.status, page.headers["Location"]) == (303, "/login")
    # An address cannot be rebound; a name that nobody has allowed can.
    assert (await ask(lab, "GET", "/login", headers={"Host": "192.0.2.7"})).status == 200
    assert (await ask(lab, "GET", "/login", headers={"Host": "lab.example"})).status == 403


async def test_the_login_gives_a_cookie_that_no_script_reads_and_no_other_site_sends(serve: Any, ask: Ask) -> None:
    lab = await serve(f"server: {{lab_token: {TOKEN}}}\n")
    wrong = await ask(lab, "POST", "/login", data={"token": "wrong"})
    assert (wrong.headers["Location"], "Set-Cookie" in wrong.headers) == ("/login?wrong", False)
    foreign = await ask(lab, "POST", "/login", data={"token": TOKEN}, headers={"Origin": "http://evil.example"})
    assert foreign.status == 403
    right = await ask(lab, "POST", "/login", data={"token": TOKEN})
    cookie = right.headers["Set-Cookie"]
    assert right.headers["Location"] == "/"
    assert "HttpOnly" in cookie
    assert "SameSite=Strict" in cookie
    assert TOKEN not in cookie
    assert (await ask(lab, "GET", "/")).status == 200
    assert (await ask(lab, "GET", "/lab/clock")).status == 200


async def test_the_commands_find_the_token_in_the_data_folder_and_tell_it_to_no_other_machine(serve: Any) -> None:
    lab = await serve(f"server: {{lab_token: {TOKEN}}}\n")
    lab.folder.write_ports(lab.ports, lab.ground.near)
    async with LabClient(find(None, lab.folder.path)) as client:
        assert await client.get("/lab/clock")
    assert find("http://localhost:1", lab.folder.path).token == TOKEN
    assert find("http://lab.example", lab.folder.path).token is None


async def test_the_page_comes_under_a_policy_that_lets_nothing_else_in(serve: Any, ask: Ask) -> None:
    lab = await serve()
    for path, kind in (("/", "text/html"), ("/ui/app.js", "text/javascript"), ("/ui/vendor/uPlot.css", "text/css")):
        answer = await ask(lab, "GET", path)
        assert (answer.status, answer.content_type) == (200, kind)
        policy = answer.headers["Content-Security-Policy"]
        assert policy.startswith("default-src 'self';")
        assert "unsafe" not in policy
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
    for path in ("/ui/../settings.py", "/ui/%2e%2e/settings.py", "/ui/nothing.js", "/ui/vendor", "/ui/a%00b"):
        assert (await ask(lab, "GET", path)).status == 404, path


async def test_a_gateway_without_a_lab_has_no_page(serve: Any, ask: Ask) -> None:
    settings = "lab: {enabled: false}\nsmsc_link: {host: 127.0.0.1, port: 1}\nvoice_link: {host: 127.0.0.1, port: 1}\n"
    lab = await serve(settings)
    for path in ("/", "/login", "/ui/app.js", "/lab/events"):
        assert (await ask(lab, "GET", path)).status == 404, path


async def test_a_lab_acts_in_the_name_of_a_service_that_it_has(serve: Any, ask: Ask) -> None:
    lab = await serve()
    body = {"phone_number": "+70000000001", "method": "sms_code"}
    answer = await ask(lab, "POST", "/lab/services/demo/confirmations", json=body)
    assert answer.status == 201
    started = await answer.json()
    assert started["service_id"] == "demo"
    assert (await ask(lab, "GET", f"/lab/services/demo/confirmations/{started['id']}")).status == 200
    assert (await ask(lab, "POST", "/lab/services/nobody/confirmations", json=body)).status == 404


async def test_many_wrong_logins_at_once_open_nothing(serve: Any, ask: Ask) -> None:
    lab = await serve(f"server: {{lab_token: {TOKEN}}}\n")
    answers = await asyncio.gather(*(ask(lab, "POST", "/login", data={"token": TOKEN[:n]}) for n in range(20)))
    assert {answer.headers["Location"] for answer in answers} == {"/login?wrong"}
