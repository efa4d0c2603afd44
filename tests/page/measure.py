"""How smooth the page is: 500 handsets, and 50 events a second, for some seconds in each view.

    python tests/page/measure.py [SECONDS]

Prints for each view the frames a second, the longest pause between two frames, and the tasks of more than 50 ms.
"""

import asyncio
import itertools
import shutil
import sys
import tempfile
from pathlib import Path

from playwright.async_api import async_playwright

from gateway.config import read
from gateway.lab import Lab
from smsc_emulator.net.esme import EsmeClient
from smsc_emulator.smpp.pdus import SubmitSm

HANDSETS = 500
EVENTS = 50
OF_A_MESSAGE = 4
"""Events of a text without a receipt: submit_sm, accepted, delivered, received."""
VIEWS = ["phones/%2B70000001000", "flow", "journal", "load"]

WATCH = """async seconds => {
  let long = 0, longest = 0;
  const watcher = new PerformanceObserver(list => {
    for (const task of list.getEntries()) {
      long += 1;
      longest = Math.max(longest, task.duration);
    }
  });
  watcher.observe({ type: "longtask" });
  const pauses = [];
  await new Promise(done => {
    const begun = performance.now();
    let before = begun;
    const frame = now => {
      pauses.push(now - before);
      before = now;
      now - begun < seconds * 1000 ? requestAnimationFrame(frame) : done();
    };
    requestAnimationFrame(frame);
  });
  watcher.disconnect();
  pauses.sort((a, b) => a - b);
  const p95 = pauses[Math.floor(pauses.length * 0.95)];
  return { frames: pauses.length / seconds, p95, worst: pauses.at(-1), long, longest };
}"""


def settings(folder: Path) -> Path:
    """Write the configuration of a lab with many handsets."""
    numbers = "\n".join(f'  - phone_number: "+7{1000 + place:010d}"' for place in range(HANDSETS))
    file = folder / "lab.yaml"
    file.write_text(f"subscribers: []\nhandsets:\n{numbers}\n")
    return file


async def submit(port: int) -> None:
    """Send texts at an even pace until cancelled."""
    client = EsmeClient("127.0.0.1", port, "smppclient1", "password", window=50)
    client.start()
    await client.bound(5)
    loop = asyncio.get_running_loop()
    began = loop.time()
    try:
        for place in itertools.count():
            await client.submit(SubmitSm(destination_addr=f"7{1000 + place % HANDSETS:010d}", short_message=b"Hello"))
            await asyncio.sleep(max(0, began + (place + 1) * OF_A_MESSAGE / EVENTS - loop.time()))
    finally:
        await client.close()


async def measure(seconds: float) -> None:
    """Run the lab, the load and the browser, and print what was seen."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        ports = {"--smpp-port": 0, "--http-port": 0, "--sip-port": 0}
        lab = Lab(read(settings(folder), {}, {"--data": str(folder / "data"), **ports}))
        await lab.start()
        load = asyncio.create_task(submit(lab.ports["smpp"]))
        async with async_playwright() as playwright:
            browser = await playwright.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            page = await browser.new_page(viewport={"width": 1360, "height": 820})
            await page.goto(lab.base_url)
            await page.get_by_role("img", name="Live").wait_for()
            for view in VIEWS:
                await page.goto(f"{lab.base_url}/#/{view}")
                await page.wait_for_timeout(1000)
                before = lab.ground.journal.next_seq
                seen = await page.evaluate(WATCH, seconds)
                events = (lab.ground.journal.next_seq - before) / seconds
                print(
                    f"{view:24} {events:5.1f} events/s  {seen['frames']:5.1f} frames/s  "
                    f"pause p95 {seen['p95']:6.1f} ms, worst {seen['worst']:6.1f} ms  "
                    f"{seen['long']} tasks above 50 ms, the longest {seen['longest']:.0f} ms"
                )
            await browser.close()
        load.cancel()
        await asyncio.gather(load, return_exceptions=True)
        await lab.stop()


if __name__ == "__main__":
    asyncio.run(measure(float(sys.argv[1]) if len(sys.argv) > 1 else 10))
