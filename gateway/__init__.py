"""The face and the wiring: HTTP API, identification by operator lookup, webhooks, process and command line."""

__version__ = "0.1.0"
