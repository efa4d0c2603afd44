"""A bad line: between two UDP peers it loses, doubles and reorders datagrams, by a seed."""

import random
import select
import socket
import threading
import time
from collections import Counter
from dataclasses import dataclass

from sip_wire import Address

HELD = 0.1
"""Seconds after which a datagram that was held back goes on although no other has overtaken it."""
LOSSES = 2
"""How often one datagram and its repetitions are lost at most, so that a test's time is bounded."""


@dataclass(frozen=True)
class Line:
    """How bad the line is; each is a probability."""

    loss: float = 0.25
    double: float = 0.2
    hold: float = 0.2


BAD, GOOD = Line(), Line(0, 0, 0)


class Relay:
    """Two sockets between a lab and its peer: what comes in at one goes out of the other.

    `for_lab` is the address that stands for the peer, `for_peer` the one that stands for the lab. Who is not named by
    `join` is whoever sent the last datagram from his side.
    """

    def __init__(self, seed: int, line: Line = BAD) -> None:
        self.chance, self.line = random.Random(seed), line
        self.sockets = [socket.socket(socket.AF_INET, socket.SOCK_DGRAM) for _ in range(2)]
        for each in self.sockets:
            each.bind(("127.0.0.1", 0))
        self.for_lab, self.for_peer = (each.getsockname() for each in self.sockets)
        self.targets: list[Address | None] = [None, None]
        """Where each socket sends to: the first to the lab, the second to the peer."""
        self.lost: Counter[bytes] = Counter()
        self.done: Counter[str] = Counter()
        """What was done to datagrams: passed, lost, doubled, held."""
        self.held: list[tuple[float, int, bytes]] = []
        self.closing = False
        self.thread = threading.Thread(target=self._run, daemon=True)
        self.thread.start()

    def join(self, lab: Address | None = None, peer: Address | None = None) -> None:
        self.targets = [lab or self.targets[0], peer or self.targets[1]]

    def close(self) -> None:
        self.closing = True
        self.thread.join()
        for each in self.sockets:
            each.close()

    def __enter__(self) -> "Relay":
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _run(self) -> None:
        while not self.closing:
            for each in select.select(self.sockets, [], [], 0.02)[0]:
                try:
                    datagram, sender = each.recvfrom(65535)
                except ConnectionError:  # the peer's socket was closed
                    continue
                came_in = self.sockets.index(each)
                self.targets[came_in] = self.targets[came_in] or sender
                self._pass_on(1 - came_in, datagram)
            self._release(time.monotonic())

    def _pass_on(self, out: int, datagram: bytes) -> None:
        if self.lost[datagram] < LOSSES and self.chance.random() < self.line.loss:
            self.lost[datagram] += 1
            self.done["lost"] += 1
            return
        if self.chance.random() < self.line.hold:
            self.done["held"] += 1
            self.held.append((time.monotonic() + HELD, out, datagram))
            return
        self._send(out, datagram)
        if self.chance.random() < self.line.double:
            self.done["doubled"] += 1
            self._send(out, datagram)
        self._release(float("inf"))

    def _release(self, now: float) -> None:
        due, self.held = [h for h in self.held if h[0] <= now], [h for h in self.held if h[0] > now]
        for _, out, datagram in due:
            self._send(out, datagram)

    def _send(self, out: int, datagram: bytes) -> None:
        target = self.targets[out]
        if target is not None:
            self.done["passed"] += 1
            self.sockets[out].sendto(datagram, target)
