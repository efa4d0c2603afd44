"""The certificate authorities that the lab trusts as a client: the system's, or those that the environment names."""

import os
import ssl
from functools import lru_cache


def authorities() -> ssl.SSLContext:
    """Return the context of a TLS client that trusts them.

    They are read when they are first needed, since that takes 25 ms, and read anew only where SSL_CERT_FILE or
    SSL_CERT_DIR has changed.
    """
    return _context(os.environ.get("SSL_CERT_FILE"), os.environ.get("SSL_CERT_DIR"))


@lru_cache(maxsize=4)
def _context(_file: str | None, _folder: str | None) -> ssl.SSLContext:
    context = ssl.create_default_context()
    # As aiohttp's own does, for servers that speak several protocols and ask for a choice (RFC 7301).
    context.set_alpn_protocols(["http/1.1"])
    return context
