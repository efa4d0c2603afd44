"""The webhooks' section of the configuration."""

from ipaddress import IPv4Network, IPv6Network

from smsc_emulator.base.config import Duration, Section


class WebhookSettings(Section):
    """Notices to the services."""

    allow_networks: list[IPv4Network | IPv6Network] | None = None
    """Networks that receivers may live in although they are not public; null is loopback in a lab, and none elsewhere.
    """
    timeout: Duration = 15_000
    """Real time a receiver has to answer."""
    retry_after: list[Duration] = [5_000, 300_000, 1_800_000, 7_200_000, 18_000_000, 36_000_000, 36_000_000]
    """Lab time between one failed delivery and the next: the Standard Webhooks schedule."""

    def networks(self, *, in_a_lab: bool) -> list[IPv4Network | IPv6Network]:
        """Return the networks that are allowed beside the public ones."""
        if self.allow_networks is not None:
            return self.allow_networks
        return [IPv4Network("127.0.0.0/8"), IPv6Network("::1/128")] if in_a_lab else []
