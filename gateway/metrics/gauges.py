"""The gauges of a lab: what is so at the moment somebody asks, read from the parts that know it."""

from collections import Counter
from collections.abc import Mapping

import gateway
from gateway.ground import Ground
from gateway.metrics.metrics import Metrics
from smsc_emulator.core.smsc import Smsc

Children = Mapping[tuple[str, ...], float]


def add_common(metrics: Metrics, ground: Ground) -> None:
    """Add what every process has."""

    def ready() -> Children:
        return {(name,): float(check()) for name, check in ground.checks.items()}

    metrics.gauge("confirmlab_info", "Always 1; tells the version.", ("version",), lambda: {(gateway.__version__,): 1})
    metrics.gauge("confirmlab_ready", "Whether a part can serve, as /readyz tells.", ("check",), ready)
    metrics.gauge(
        "confirmlab_clock_seconds", "Where the lab clock stands, in seconds since 1970.", (), lambda: _now(ground)
    )
    metrics.gauge(
        "confirmlab_clock_running", "Whether the lab clock runs.", (), lambda: {(): float(ground.clock.running)}
    )
    metrics.gauge(
        "confirmlab_captures_running",
        "Captures that are being written.",
        (),
        lambda: {(): len(ground.captures.running)},
    )


def add_smsc(metrics: Metrics, smsc: Smsc) -> None:
    """Add what the lab's own SMSC has."""

    def bound() -> Children:
        return {(name,): len(account.links) for name, account in smsc.accounts.items()}

    def ready() -> Children:
        return {(name,): len(account.ready) for name, account in smsc.accounts.items()}

    def states() -> Children:
        return {
            (state.value,): count for state, count in Counter(each.state for each in smsc.handsets.values()).items()
        }

    metrics.gauge("confirmlab_smpp_binds", "Sessions that are bound.", ("account",), bound)
    metrics.gauge("confirmlab_smpp_waiting", "deliver_sm that wait for a receiver or its window.", ("account",), ready)
    metrics.gauge(
        "confirmlab_messages_waiting", "Messages that are under way.", (), lambda: {(): len(smsc.life.waiting)}
    )
    metrics.gauge("confirmlab_handsets", "Virtual handsets, by state.", ("state",), states)


def _now(ground: Ground) -> Children:
    return {(): ground.clock.now() / 1000}
