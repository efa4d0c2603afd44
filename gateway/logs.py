"""Logs on standard error: lines for people or JSON, with numbers, codes and texts masked by their keys."""

import logging
import re
import sys
from collections.abc import Mapping, MutableMapping
from typing import Any, TextIO

import structlog

from gateway.settings import LogSettings
from smsc_emulator.base import msisdn

NUMBERS = frozenset(
    {"phone_number", "number", "msisdn", "from", "to", "sender", "source_addr", "destination_addr", "subject"}
)
"""Keys whose numbers are shown as +7000*****01; what is no number under them (an id, a name) is shown as it is."""

SECRETS = frozenset(
    {"code", "identification_code", "text", "short_message", "message_payload"}
    | {"password", "secret", "key", "authorization", "idempotency_key"}
)
"""Keys whose values are shown as ***."""


_IN_TEXT = re.compile(r"(\+|%2[bB])([1-9][0-9]{6,14})(?![0-9])")
"""A number in international form, also as it stands in a URL."""

QUIET = ("alembic", "aiohttp", "asyncio")
"""Libraries that tell of their own workings, which only `debug` shows."""


def mask(_logger: Any, _method: str, event: MutableMapping[str, Any]) -> MutableMapping[str, Any]:
    """Mask the values of an event's keys, at any depth. The one place where the logs lose what they must not hold."""
    for key, value in event.items():
        event[key] = _masked(key, value)
    return event


def configure(settings: LogSettings, stream: TextIO | None = None) -> None:
    """Send the logs of this process, also those of the libraries, to `stream` (standard error by default)."""
    stream = stream or sys.stderr
    shared: list[structlog.typing.Processor] = [
        structlog.contextvars.merge_contextvars,
        structlog.stdlib.add_log_level,
        structlog.stdlib.add_logger_name,
        structlog.processors.TimeStamper(fmt="iso", utc=True),
        mask,
    ]
    structlog.configure(
        processors=[*shared, structlog.stdlib.ProcessorFormatter.wrap_for_formatter],
        logger_factory=structlog.stdlib.LoggerFactory(),
        wrapper_class=structlog.stdlib.BoundLogger,
        cache_logger_on_first_use=False,
    )
    handler = logging.StreamHandler(stream)
    handler.setFormatter(
        structlog.stdlib.ProcessorFormatter(
            foreign_pre_chain=shared,
            processors=[structlog.stdlib.ProcessorFormatter.remove_processors_meta, *_renderers(settings, stream)],
        )
    )
    root = logging.getLogger()
    root.handlers = [handler]
    root.setLevel(settings.level.upper())
    for name in QUIET:
        logging.getLogger(name).setLevel(logging.NOTSET if settings.level == "debug" else logging.WARNING)


def _renderers(settings: LogSettings, stream: TextIO) -> list[structlog.typing.Processor]:
    if settings.format == "json":
        renderer: Any = structlog.processors.JSONRenderer(ensure_ascii=False)
        return [structlog.processors.format_exc_info, renderer, _without_numbers]
    # The plain form of a traceback: the rich one would print the values of variables, codes among them.
    plain = structlog.dev.plain_traceback
    return [structlog.dev.ConsoleRenderer(colors=stream.isatty(), exception_formatter=plain), _without_numbers]


def _without_numbers(_logger: Any, _method: str, line: Any) -> str:
    """Mask the numbers that stand in sentences, in addresses of requests and in tracebacks, where no key tells them."""
    return _IN_TEXT.sub(lambda found: found[1] + msisdn.mask(f"+{found[2]}")[1:], str(line))


def _masked(key: str, value: Any) -> Any:
    name = key.lower().replace("-", "_").rstrip("_")
    if name in SECRETS:
        return value if value is None else "***"
    if isinstance(value, Mapping):
        return {inner: _masked(str(inner), item) for inner, item in value.items()}
    if isinstance(value, list | tuple):
        return [_masked(key, item) for item in value]
    if name in NUMBERS and isinstance(value, str):
        return _masked_number(value)
    return value


def _masked_number(value: str) -> str:
    number = msisdn.from_address(value)
    return msisdn.mask(number) if number.startswith("+") else value
