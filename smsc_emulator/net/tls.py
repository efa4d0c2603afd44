"""SMPP over TLS: the context of the SMSC's side."""

import ssl

from smsc_emulator.core.settings import TlsSettings


def server_context(settings: TlsSettings) -> ssl.SSLContext:
    """Return the context of a TLS listener; with `client_ca`, a client needs a certificate that comes from there.

    Raises OSError for a file that cannot be read, and ssl.SSLError, which is one too, for a file that does not hold
    what it should or a key that is not the certificate's.
    """
    assert settings.certificate is not None
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(settings.certificate, settings.key)
    if settings.client_ca is not None:
        context.load_verify_locations(settings.client_ca)
        context.verify_mode = ssl.CERT_REQUIRED
    return context
