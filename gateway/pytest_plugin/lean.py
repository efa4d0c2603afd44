"""What libraries do when they are imported and a lab of tests has no use for, left out: a twelfth of the start."""

import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager

CERTIFICATES = ("SSL_CERT_FILE", "SSL_CERT_DIR")
"""Where OpenSSL is told of the authorities that are trusted."""


@contextmanager
def imports() -> Iterator[None]:
    """Import the lab's libraries within this.

    structlog imports rich, for tracebacks that the logs do not have since they would show the values of variables.
    aiohttp reads the certificates of all authorities twice; a lab reads them when it first asks an https URL (`trust`).
    """
    told = {name: os.environ.get(name) for name in CERTIFICATES}
    hidden = "rich" not in sys.modules
    if hidden:
        sys.modules["rich"] = None  # type: ignore[assignment]  # what import takes for "there is none"
    os.environ.update(dict.fromkeys(CERTIFICATES, os.devnull))
    try:
        yield
    finally:
        if hidden:
            del sys.modules["rich"]
        for name, value in told.items():
            if value is None:
                del os.environ[name]
            else:
                os.environ[name] = value
