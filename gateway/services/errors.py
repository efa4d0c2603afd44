"""What can be wrong with a request about a service. The gateway's table gives each its HTTP answer."""


class ServiceError(Exception):
    """A request about a service cannot be met; the message is a sentence fit for the caller."""


class ServiceNotFoundError(ServiceError):
    """There is no such service."""


class FindingNotFoundError(ServiceError):
    """There is no such finding against the service."""


class FindingOverError(ServiceError):
    """The finding was cured before."""


class BlockRefusedError(ServiceError):
    """The service may not be blocked for this, or not yet."""


class NotBlockedError(ServiceError):
    """The service is not blocked, nor going to be."""


class NotDomesticError(ServiceError):
    """Only a domestic service may identify its users itself."""


class NotListedError(ServiceError):
    """The public register does not have this name."""


class BroadcastNotFoundError(ServiceError):
    """There is no such broadcast of the service."""
