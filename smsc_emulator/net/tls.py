"""SMPP over TLS: the context of the SMSC's side."""

import ssl
from pathlib import Path

from smsc_emulator.core.settings import TlsSettings


def server_context(settings: TlsSettings, folder: Path = Path()) -> ssl.SSLContext:
    """Return the context of a TLS listener; with `client_ca`, a client needs a certificate that comes from there.

    Relative paths are seen from `folder`. Raises OSError for a file that cannot be read, and ssl.SSLError, which is
    one too, for a file that does not hold what it should or a key that is not the certificate's.
    """
    assert settings.certificate is not None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(folder / settings.certificate, settings.key and folder / settings.key)
    if settings.client_ca is not None:
        context.load_verify_locations(folder / settings.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
