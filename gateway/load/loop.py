"""The event loop of a load: timers that are exact to some microseconds while there are few connections.

asyncio's usual selector, epoll, waits for whole milliseconds, which at 1,000 messages a second would be a message's
whole place in the pace.
"""

import asyncio
import selectors
from collections.abc import Callable
from typing import Final

FEW: Final = 200
"""select(2) takes descriptors below 1024, and looks at each one each time."""


def loop_for(connections: int) -> Callable[[], asyncio.AbstractEventLoop]:
    """Return what makes the loop for so many connections."""
    if connections <= FEW:
        return lambda: asyncio.SelectorEventLoop(selectors.SelectSelector())
    return asyncio.SelectorEventLoop
