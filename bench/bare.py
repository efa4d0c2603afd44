"""A bare aiohttp server: it reads the JSON of a POST and answers with JSON. It prints its port."""

import asyncio

from aiohttp import web


async def take(request: web.Request) -> web.Response:
    """Answer with what came."""
    return web.json_response(await request.json())


async def serve() -> None:
    """Serve until the process is ended."""
    app = web.Application()
    app.router.add_post("/", take)
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    print(runner.addresses[0][1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
