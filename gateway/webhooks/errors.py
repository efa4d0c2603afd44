"""What can be wrong with a webhook endpoint."""

from errno import EACCES, ECONNREFUSED


class WebhookEndpointNotFoundError(Exception):
    """The service has no webhook endpoint with this id."""


class TooManyEndpointsError(Exception):
    """The service has as many webhook endpoints as it may have."""


class EndpointDisabledError(Exception):
    """The endpoint gets no webhooks any more, since its receiver answered 410 Gone."""


class UrlRefusedError(Exception):
    """No webhook may go to this URL, whatever its name resolves to."""


class ConnectError(OSError):
    """There is no connection to a receiver; `strerror` says why."""

    def __init__(self, reason: str) -> None:
        super().__init__(ECONNREFUSED, reason)


class AddressRefusedError(OSError):
    """No webhook may go to this address. It is an OSError since it is raised where a socket would have been made."""

    def __init__(self, reason: str) -> None:
        super().__init__(EACCES, reason)

    def __str__(self) -> str:
        return str(self.strerror)
